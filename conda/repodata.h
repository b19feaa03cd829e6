/*
 * repodata.json of one subdir: scanned once in place, records made only when asked for.
 *
 * No tree of the whole is built: the scanner notes for each record its key and where its text lies,
 * grouped by package name; lk_repodata_records parses the few that a solve reaches. Versions 1 and
 * 2 (base_url, CEP 15); `packages`, `packages.conda`, the same two kinds under `v3` (CEP 48), and
 * `removed`; conda's quirks as listed in conda-formats.md 3.1. A record that cannot be used (no
 * name, version or build, a virtual name, an unsafe file name, a wheel) is left out and counted;
 * one whose version or hashes turn out to be malformed is left out when it is asked for. Damaged
 * text is LK_E_FORMAT with line and column, wherever it stands.
 *
 *     lk_repodata_open(&json, &where, report, &repo, err);
 *     lk_repodata_records(repo, name, arena, &records, err);
 *     lk_repodata_free(repo);
 *
 * After opening it is read-only and may be read from several threads, each with its own arena.
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
};

/* Takes the text out of JSON (left empty) and keeps it. Text of 0 bytes is an empty repodata. */
int lk_repodata_open(struct lk_buf *json /* taken */, const struct lk_repodata_origin *origin,
	const struct lk_report *report, struct lk_repodata **ret, struct lk_error *err) LK_MUST_USE;
void lk_repodata_free(struct lk_repodata *repodata);

/* All records of NAME appended to RET; their strings live in ARENA or in the repodata. A .tar.bz2
 * whose .conda is there too, and removed files, are left out. No record: appends nothing, returns
 * 0. */
int lk_repodata_records(const struct lk_repodata *repodata, lk_str name, struct lk_arena *arena,
	struct lk_records *ret, struct lk_error *err) LK_MUST_USE;

/* Distinct names, sorted bytewise; for near-miss suggestions and `search`. */
size_t lk_repodata_n_names(const struct lk_repodata *repodata);
lk_str lk_repodata_name_at(const struct lk_repodata *repodata, size_t index);
size_t lk_repodata_n_records(const struct lk_repodata *repodata);
/* Records that the scan found unusable (no name, version, build …; a file given twice). */
size_t lk_repodata_n_skipped(const struct lk_repodata *repodata);
const struct lk_repodata_origin *lk_repodata_origin(const struct lk_repodata *repodata);

#endif
