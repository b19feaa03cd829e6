/*
 * Any bytes as repodata: refused, or every record of every name can be read.
 */
#include <stdlib.h>

#include "conda/repodata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(struct lk_repodata *repodata)
{
	struct lk_arena arena;
	struct lk_records records = {0};
	struct lk_error err = LK_ERROR_INIT;
	lk_arena_init(&arena);
	for (size_t i = 0; i < lk_repodata_n_names(repodata); i++) {
		lk_str name = lk_repodata_name_at(repodata, i);
		if (lk_repodata_records(repodata, name, &arena, &records, &err) < 0) {
			abort();
		}
	}
	if (records.len > lk_repodata_n_records(repodata)) {
		abort();
	}
	lk_repodata_tell(repodata, NULL);
	lk_vec_done(&records);
	lk_arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct lk_repodata_origin origin = {
		.channel_name = LK_STR("c"),
		.channel_url = LK_STR("https://h/c"),
		.subdir = LK_STR("noarch"),
		.file = "repodata.json",
	};
	struct lk_buf json = LK_BUF_INIT((size_t)1 << 24);
	struct lk_repodata *repodata;
	struct lk_error err = LK_ERROR_INIT;
	lk_buf_append(&json, data, size);
	if (lk_repodata_open(&json, &origin, &repodata, &err) == 0) {
		read_all(repodata);
		lk_repodata_free(repodata);
	} else if (err.code != LK_E_FORMAT || err.line == 0) {
		abort();
	}
	lk_buf_done(&json);
	return 0;
}
