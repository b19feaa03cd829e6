/*
 * Any bytes as an index of shards and as a shard: refused, or every record can be read.
 */
#include <stdlib.h>

#include "conda/shard_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(struct lk_repodata *repodata)
{
	struct lk_arena arena;
	struct lk_records records = {0};
	struct lk_error err = LK_ERROR_INIT;
	lk_arena_init(&arena);
	for (size_t i = 0; i < lk_repodata_n_names(repodata); i++) {
		if (lk_repodata_records(repodata, lk_repodata_name_at(repodata, i), &arena,
			    &records, &err) < 0) {
			abort();
		}
	}
	lk_repodata_tell(repodata, NULL);
	lk_vec_done(&records);
	lk_arena_done(&arena);
}

static void check_index(const struct lk_shard_index *index)
{
	for (size_t i = 0; i < lk_shard_index_n_names(index); i++) {
		struct lk_sha256 hash;
		if (!lk_shard_index_find(index, lk_shard_index_name_at(index, i), &hash)) {
			abort();
		}
	}
	if (!lk_str_ends(lk_shard_index_base(index), LK_STR("/"))) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct lk_repodata_origin origin = {
		.channel_name = LK_STR("c"),
		.channel_url = LK_STR("https://h/c"),
		.subdir = LK_STR("noarch"),
		.file = "index",
	};
	lk_str bytes = lk_str_n((const char *)data, size);
	struct lk_shard_index *index = NULL;
	struct lk_repodata *shard = NULL;
	struct lk_error err = LK_ERROR_INIT;
	if (lk_shard_index_parse(bytes, &origin, &index, &err) == 0) {
		check_index(index);
		lk_shard_index_free(index);
	} else if (err.code != LK_E_FORMAT && err.code != LK_E_NOT_FOUND) {
		abort();
	}
	/* An empty map is an index to read the bytes by as a shard. */
	if (lk_shard_index_parse(LK_STR("\x80"), &origin, &index, &err) < 0) {
		abort();
	}
	if (lk_shard_open(index, bytes, "shard", &shard, NULL, &err) == 0) {
		read_all(shard);
		lk_repodata_free(shard);
	} else if (err.code != LK_E_FORMAT) {
		abort();
	}
	lk_shard_index_free(index);
	return 0;
}
