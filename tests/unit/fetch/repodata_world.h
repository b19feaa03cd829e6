/*
 * For the tests of lk_fetch_repodata: a channel, a server on loopback, a cache.
 */
#ifndef LK_TESTS_REPODATA_WORLD_H
#define LK_TESTS_REPODATA_WORLD_H

#include "fetch/fetch.h"

#include "tests/unit/fetch/fetch_support.h"

#define RECORD(name, version)                                                                      \
	"{\"packages\": {}, \"packages.conda\": {\"" name "-" version "-0.conda\": "               \
	"{\"name\": \"" name "\", \"version\": \"" version                                         \
	"\", \"build\": \"0\", \"build_number\": 0, \"depends\": []}}}"

struct world {
	struct scratch scratch;
	struct server server;
	struct lk_cache *cache;
	struct lk_arena arena;
	struct lk_report report;
	struct lk_fetch_options options;
	char cache_path[128];
	char www[128];
	const char *file_name;
	unsigned warnings;
	bool stop;
	struct lk_buf notes; /* a line each */
};

static inline void count_warning(void *ctx, const char *message)
{
	(void)message;
	((struct world *)ctx)->warnings++;
}

static inline void keep_note(void *ctx, int level, const char *message)
{
	(void)level;
	lk_buf_appendf(&((struct world *)ctx)->notes, "%s\n", message);
}

static inline bool asked_to_stop(void *ctx)
{
	return ((struct world *)ctx)->stop;
}

static inline int setup(void **state)
{
	struct lk_error err = LK_ERROR_INIT;
	struct world *world = lk_calloc(1, sizeof(*world));
	scratch_init(&world->scratch);
	snprintf(world->www, sizeof(world->www), "%s/www", world->scratch.path);
	snprintf(world->cache_path, sizeof(world->cache_path), "%s/cache", world->scratch.path);
	put_zst(world->www, "chan/linux-64/repodata.json.zst", RECORD("a", "1"));
	put_text(world->www, "chan/noarch/repodata.json", RECORD("b", "1"));
	fault_server_start(&world->server, world->www);
	assert_int_equal(lk_cache_open(world->cache_path, true, &world->cache, &err), 0);
	world->report = (struct lk_report){
		.ctx = world, .warn = count_warning, .note = keep_note, .stop = asked_to_stop};
	lk_buf_init(&world->notes, 1 << 16);
	world->file_name = "repodata.json";
	world->options = (struct lk_fetch_options){.retries = 2, .backoff_ms = 5};
	*state = world;
	return 0;
}

static inline int teardown(void **state)
{
	struct world *world = *state;
	lk_cache_free(world->cache);
	server_stop(&world->server);
	scratch_done(&world->scratch);
	lk_arena_done(&world->arena);
	lk_buf_done(&world->notes);
	lk_free(world);
	return 0;
}

static inline struct lk_channel channel_of(struct world *world, const char *reference)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_channel channel;
	assert_int_equal(lk_channel_resolve(lk_str_of(reference), LK_STR(LK_CHANNEL_ALIAS),
				 &world->arena, &channel, &err),
		0);
	return channel;
}

static inline struct lk_channel served(struct world *world, const char *path)
{
	char url[256];
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/%s", world->server.port, path);
	return channel_of(world, url);
}

static inline struct lk_channel folder(struct world *world, const char *name)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", world->www, name);
	return channel_of(world, path);
}

/* Fetches linux-64 and noarch of CHANNEL; the versions found of `a` and `b`, "-" for none. */
static inline int fetch(struct world *world, const struct lk_channel *channel, char *ret_versions,
	struct lk_error *err)
{
	static const lk_str subdirs[] = {{"linux-64", 8}, {"noarch", 6}};
	struct lk_repodata_set *set = NULL;
	struct lk_fetch *handle = NULL;
	handle = lk_fetch_new(world->cache, &world->options, &world->report);
	int rc = lk_fetch_repodata(handle, channel, 1, subdirs, 2, world->file_name, &set, err);
	ret_versions[0] = '\0';
	for (size_t i = 0; rc == 0 && i < 2; i++) {
		struct lk_records records = {0};
		struct lk_source source = lk_repodata_set_source(set, 0, i);
		rc = source.records(source.ctx, i == 0 ? LK_STR("a") : LK_STR("b"), &world->arena,
			&records, err);
		snprintf(ret_versions + strlen(ret_versions), 16, LK_STR_FMT " ",
			LK_STR_ARG(records.len ? records.items[0].version : LK_STR("-")));
		lk_vec_done(&records);
	}
	lk_repodata_set_free(set);
	lk_fetch_free(handle);
	return rc;
}

static inline void assert_fetch(
	struct world *world, const struct lk_channel *channel, const char *versions)
{
	struct lk_error err = LK_ERROR_INIT;
	char got[64];
	int rc = fetch(world, channel, got, &err);
	if (rc != 0) {
		print_error("%s\n", err.message);
	}
	assert_int_equal(rc, 0);
	assert_string_equal(got, versions);
}

static inline void assert_fails(
	struct world *world, const struct lk_channel *channel, int code, const char *message)
{
	struct lk_error err = LK_ERROR_INIT;
	char got[64];
	assert_int_equal(fetch(world, channel, got, &err), code);
	if (!strstr(err.message, message)) {
		print_error("%s\n", err.message);
	}
	assert_non_null(strstr(err.message, message));
	assert_true(err.hint[0] != '\0');
}

static inline size_t count_tmp(const struct world *world)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/tmp", world->cache_path);
	return count_files(path);
}

static inline unsigned log_count(const struct world *world, const char *text)
{
	char command[256];
	snprintf(command, sizeof(command),
		"python3 -c \"import urllib.request as u;"
		"print(u.urlopen('http://127.0.0.1:%d/log').read().decode())\" | grep -cF '%s'",
		world->server.port, text);
	FILE *pipe = popen(command, "r"); /* NOLINT: fixed command */
	unsigned n = 0;
	assert_int_equal(fscanf(pipe, "%u", &n), 1); /* NOLINT */
	pclose(pipe);
	return n;
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
