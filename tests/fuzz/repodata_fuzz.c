/*
 * Any bytes as repodata: refused, or it says the same as a plain tree of them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/repodata_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct lk_repodata *repodata, const struct lk_repodata_origin *origin,
	const uint8_t *data, size_t size)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const char *why =
		repodata_oracle(repodata, origin, lk_str_n((const char *)data, size), &arena);

	if (why[0] != '\0') {
		fprintf(stderr, "%s\n", why);
		abort();
	}
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
	struct lk_repodata *repodata = NULL;
	struct lk_error err = LK_ERROR_INIT;
	lk_buf_append(&json, data, size);
	if (lk_repodata_open(&json, &origin, &repodata, &err) < 0 &&
		(err.code != LK_E_FORMAT || err.line == 0)) {
		abort();
	}
	check(repodata, &origin, data, size);
	if (repodata) {
		lk_repodata_tell(repodata, NULL);
	}
	lk_repodata_free(repodata);
	lk_buf_done(&json);
	return 0;
}
