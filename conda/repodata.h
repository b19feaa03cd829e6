/*
 * repodata.json of one subdir: scanned once in place, records made only when asked for.
 *
 * No tree of the whole is built: the scanner notes for each record its key and where its text lies,
 * grouped by package name (the index, which conda/repodata_index.h keeps in a file);
 * lk_repodata_records parses the few that a solve reaches. Versions 1 and
 * 2 (base_url, CEP 15); `packages`, `packages.conda`, the same two kinds and wheels under `v3` (CEP
 * 48), and `removed`; conda's quirks as listed in docs/repodata.md. A record that cannot be used
 * (no name, a virtual one, an unsafe file name, malformed hashes ...) is left out and remembered as
 * a fault, at the scan or when it is asked for. Damaged text is LK_E_FORMAT with line, column and
 * byte, wherever it stands.
 *
 *     lk_repodata_open(&json, &where, &repo, err);
 *     lk_repodata_records(repo, name, arena, &records, err);
 *     lk_repodata_tell(repo, report);
 *     lk_repodata_free(repo);
 *
 * Not thread-safe: one repodata, one thread.
 */
#ifndef LK_CONDA_REPODATA_H
#define LK_CONDA_REPODATA_H

#include "base/report.h"
#include "conda/channel.h"
#include "conda/record.h"

struct lk_repodata;

struct lk_repodata_origin {
	lk_str channel_name; /* struct lk_channel.name */
	lk_str channel_url;  /* canonical */
	lk_str subdir;
	const char *file; /* for errors */
	lk_str base_url;  /* of a shard: what its index says; else empty */
	bool transcribed; /* the text is made from another format: its offsets mean nothing */
};

/* CEP 42: relative references to other channels, as written; empty when there is none. */
struct lk_channel_relations {
	lk_str base;      /* outranks the declaring channel */
	lk_str overrides; /* is outranked by it */
};

/* Takes the text out of JSON (left empty) and keeps it. Text of 0 bytes is an empty repodata. */
int lk_repodata_open(struct lk_buf *json /* taken */, const struct lk_repodata_origin *origin,
	struct lk_repodata **ret, struct lk_error *err) LK_MUST_USE;
void lk_repodata_free(struct lk_repodata *repodata);

/* All records of NAME appended to RET; their strings live in ARENA or in the repodata. Removed
 * files are left out; a .conda and its .tar.bz2 both come, and wheels do: whoever solves chooses
 * (lk_archive_kind_of). No record: appends nothing, returns 0. */
int lk_repodata_records(struct lk_repodata *repodata, lk_str name, struct lk_arena *arena,
	struct lk_records *ret, struct lk_error *err) LK_MUST_USE;
/* Does the channel list the file FN as removed? */
bool lk_repodata_is_removed(struct lk_repodata *repodata, lk_str fn);
/* The removed files of the package NAME appended, in the channel's order; borrowed. */
void lk_repodata_removed(struct lk_repodata *repodata, lk_str name, struct lk_strs *ret);

/* What was left out since the last call: a warning that counts the faults and a note for each with
 * the byte where its record starts; notes on wheels and on kinds of records not known. */
void lk_repodata_tell(struct lk_repodata *repodata, const struct lk_report *report);

/* Distinct names, sorted bytewise; for near-miss suggestions and `search`. */
size_t lk_repodata_n_names(const struct lk_repodata *repodata);
lk_str lk_repodata_name_at(const struct lk_repodata *repodata, size_t index);
size_t lk_repodata_n_records(const struct lk_repodata *repodata);
/* Records found unusable so far (a file given twice counts too). */
size_t lk_repodata_n_faults(const struct lk_repodata *repodata);
const struct lk_channel_relations *lk_repodata_relations(const struct lk_repodata *repodata);
const struct lk_repodata_origin *lk_repodata_origin(const struct lk_repodata *repodata);

#endif
