/*
 * Writing repodata of one subdir: the record of an archive, repodata.json, and shards (CEP 16).
 *
 * Values in, text out: nothing here reads archives or writes files, and equal values give equal
 * bytes. Records are what conda-index makes of info/index.json (observed at its version 0.13, see
 * docs/index.md): every member but those that only old builders wrote for themselves, with sha256,
 * md5, size and the subdir; members sorted by their keys, at every level.
 *
 *     lk_repodata_entry_make(index_json, &archive, &arena, &entry, err);   for each archive
 *     lk_repodata_entries_sort(entries, n);
 *     lk_repodata_print(subdir, entries, n, &text, err);
 *     lk_repodata_entries_group(entries, n);                               by name
 *     lk_shard_print(group, n, &bytes, err);                               for each name
 *     lk_shard_index_print(info, shards, n, &bytes);
 */
#ifndef LK_CONDA_REPODATA_WRITE_H
#define LK_CONDA_REPODATA_WRITE_H

#include "base/json.h"
#include "conda/record.h"

/* One record, or a removed file, and where it stands. */
struct lk_repodata_entry {
	lk_str name;   /* the package's */
	lk_str map;    /* "packages", "packages.conda", "removed", or "v3/KIND" (CEP 48) */
	lk_str key;    /* the file's name; under v3 without its extension */
	lk_str record; /* JSON; empty for a removed file */
};
struct lk_repodata_entries LK_VEC_OF(struct lk_repodata_entry);

/* What the file tells, beside its info/index.json. */
struct lk_indexed_archive {
	lk_str fn;
	lk_str subdir; /* of the folder in which it lies */
	uint64_t size; /* bytes */
	struct lk_sha256 sha256;
	struct lk_md5 md5;
};

/* The entry of an archive whose info/index.json is TEXT; owned by ARENA. It stands under v3 when it
 * has extras or flags, or dependencies with conditions, extras or flags: a client that does not
 * know these would install the wrong packages. LK_E_INTEGRITY when no client could use it, or when
 * it has another name, version, build or subdir than its file. */
int lk_repodata_entry_make(lk_str text, const struct lk_indexed_archive *archive,
	struct lk_arena *arena, struct lk_repodata_entry *ret, struct lk_error *err) LK_MUST_USE;

/* By map, then key. */
void lk_repodata_entries_sort(struct lk_repodata_entry *entries, size_t n);
/* By name, then map and key. */
void lk_repodata_entries_group(struct lk_repodata_entry *entries, size_t n);

/* The text of repodata.json, of entries sorted by map and key. LK_E_FORMAT when OUT cannot hold
 * it, or for a record that is no JSON. */
int lk_repodata_print(lk_str subdir, const struct lk_repodata_entry *entries, size_t n,
	struct lk_buf *out, struct lk_error *err) LK_MUST_USE;

/* The shard of one name, not yet compressed: its N entries, grouped. */
int lk_shard_print(const struct lk_repodata_entry *entries, size_t n, struct lk_buf *out,
	struct lk_error *err) LK_MUST_USE;

struct lk_shard_ref {
	lk_str name;
	struct lk_sha256 sha256; /* of the shard as it is served, compressed */
};

/* The index of shards that lie in shards/, not yet compressed. INFO: repodata.json's. */
void lk_shard_index_print(const struct lk_json *info, const struct lk_shard_ref *shards, size_t n,
	struct lk_buf *out);

#endif
