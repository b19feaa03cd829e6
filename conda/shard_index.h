/*
 * Sharded repodata (CEP 16): an index of package names, and a shard for each with its records.
 *
 * Both are MessagePack, given here as it is once decompressed. The index says where the shards lie
 * and the SHA-256 of each as it is served, compressed: whoever fetches one holds it against that. A
 * shard is shaped as repodata.json and read by the same reader.
 *
 *     lk_shard_index_parse(bytes, &where, &index, err);
 *     lk_shard_index_find(index, name, &hash);
 *     lk_shard_open(index, bytes, file, &repodata, err);
 *     lk_shard_index_free(index);
 *
 * Read-only after parsing; may be read from several threads.
 */
#ifndef LK_CONDA_SHARD_INDEX_H
#define LK_CONDA_SHARD_INDEX_H

#include "conda/repodata.h"

struct lk_shard_index;

/* ORIGIN as for lk_repodata_open; its file is the index. LK_E_FORMAT for a damaged index,
 * LK_E_NOT_FOUND for one of a version that is not known. Names that no package can have are left
 * out. */
int lk_shard_index_parse(lk_str msgpack, const struct lk_repodata_origin *origin,
	struct lk_shard_index **ret, struct lk_error *err) LK_MUST_USE;
void lk_shard_index_free(struct lk_shard_index *index);

/* False when the subdir has no package NAME. */
bool lk_shard_index_find(const struct lk_shard_index *index, lk_str name, struct lk_sha256 *ret);
/* The names, sorted. */
size_t lk_shard_index_n_names(const struct lk_shard_index *index);
lk_str lk_shard_index_name_at(const struct lk_shard_index *index, size_t at);
/* The URL of the folder of shards, with a slash at its end; the files are <hex>.msgpack.zst. */
lk_str lk_shard_index_base(const struct lk_shard_index *index);
const struct lk_channel_relations *lk_shard_index_relations(const struct lk_shard_index *index);

/* The records of one shard; FILE names it in errors. *RET_LEN (may be NULL): the bytes of text that
 * it keeps. LK_E_FORMAT for a damaged one. */
int lk_shard_open(const struct lk_shard_index *index, lk_str msgpack, const char *file,
	struct lk_repodata **ret, size_t *ret_len, struct lk_error *err) LK_MUST_USE;

#endif
