/*
 * Cached repodata of one subdir made ready to be asked, as every solve does it first:
 *
 *     ready CACHE CHANNEL SUBDIR NAME
 *
 * prints how many names there are and how many records of NAME. No network: what is cached counts.
 * Exit 1 with an error line on failure.
 */
#include <stdio.h>

#include "fetch/fetch.h"

static int tell(struct lk_repodata_set *set, lk_str name, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_strs names = {0};
	struct lk_records records = {0};
	struct lk_source source = lk_repodata_set_source(set, 0, 0);
	int rc = source.records(source.ctx, name, &arena, &records, err);
	lk_repodata_set_names(set, &names);
	printf("%zu names, %zu records of " LK_STR_FMT "\n", names.len, records.len,
		LK_STR_ARG(name));
	lk_vec_done(&names);
	lk_vec_done(&records);
	return rc;
}

static int run(char **argv, struct lk_cache *cache, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_channel channel;
	struct lk_fetch *fetch = NULL;
	struct lk_repodata_set *set = NULL;
	const struct lk_fetch_options options = {.offline = true};
	const lk_str subdir = lk_str_of(argv[3]);
	int rc = lk_channel_resolve(
		lk_str_of(argv[2]), LK_STR(LK_CHANNEL_ALIAS), &arena, &channel, err);
	if (rc == 0) {
		fetch = lk_fetch_new(cache, &options, NULL);
	}
	if (rc == 0) {
		rc = lk_fetch_repodata(fetch, &channel, 1, &subdir, 1, "repodata.json", &set, err);
	}
	if (rc == 0) {
		rc = tell(set, lk_str_of(argv[4]), err);
	}
	lk_repodata_set_free(set);
	lk_fetch_free(fetch);
	return rc;
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fputs("usage: ready CACHE CHANNEL SUBDIR NAME\n", stderr);
		return 2;
	}
	struct lk_error err = LK_ERROR_INIT;
	struct lk_cache *cache = NULL;
	int rc = lk_cache_open(argv[1], true, &cache, &err);
	if (rc == 0) {
		rc = run(argv, cache, &err);
	}
	if (rc < 0) {
		fprintf(stderr, "error: %s\n", err.message);
	}
	lk_cache_free(cache);
	return rc < 0 ? 1 : 0;
}
