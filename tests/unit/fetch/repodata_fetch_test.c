/*
 * lk_fetch_repodata: folders, a server that works and one that does not, the cache in between.
 */
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
	unsigned warnings;
	bool stop;
};

static void count_warning(void *ctx, const char *message)
{
	(void)message;
	((struct world *)ctx)->warnings++;
}

static bool asked_to_stop(void *ctx)
{
	return ((struct world *)ctx)->stop;
}

static int setup(void **state)
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
	world->report =
		(struct lk_report){.ctx = world, .warn = count_warning, .stop = asked_to_stop};
	world->options = (struct lk_fetch_options){.retries = 2, .backoff_ms = 5};
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;
	lk_cache_free(world->cache);
	server_stop(&world->server);
	scratch_done(&world->scratch);
	lk_arena_done(&world->arena);
	lk_free(world);
	return 0;
}

static struct lk_channel channel_of(struct world *world, const char *reference)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_channel channel;
	assert_int_equal(lk_channel_resolve(lk_str_of(reference), LK_STR(LK_CHANNEL_ALIAS),
				 &world->arena, &channel, &err),
		0);
	return channel;
}

static struct lk_channel served(struct world *world, const char *path)
{
	char url[256];
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/%s", world->server.port, path);
	return channel_of(world, url);
}

static struct lk_channel folder(struct world *world, const char *name)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", world->www, name);
	return channel_of(world, path);
}

/* Fetches linux-64 and noarch of CHANNEL; the versions found of `a` and `b`, "-" for none. */
static int fetch(struct world *world, const struct lk_channel *channel, char *ret_versions,
	struct lk_error *err)
{
	static const lk_str subdirs[] = {{"linux-64", 8}, {"noarch", 6}};
	struct lk_repodata *repodata[2] = {NULL, NULL};
	struct lk_fetch *handle = NULL;
	assert_int_equal(
		lk_fetch_new(world->cache, &world->options, &world->report, &handle, err), 0);
	int rc = lk_fetch_repodata(handle, channel, 1, subdirs, 2, repodata, err);
	ret_versions[0] = '\0';
	for (size_t i = 0; rc == 0 && i < 2; i++) {
		struct lk_records records = {0};
		assert_int_equal(
			lk_repodata_records(repodata[i], i == 0 ? LK_STR("a") : LK_STR("b"),
				&world->arena, &records, err),
			0);
		snprintf(ret_versions + strlen(ret_versions), 16, LK_STR_FMT " ",
			LK_STR_ARG(records.len ? records.items[0].version : LK_STR("-")));
		lk_vec_done(&records);
		lk_repodata_free(repodata[i]);
	}
	lk_fetch_free(handle);
	return rc;
}

static void assert_fetch(
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

static void assert_fails(
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

static size_t count_tmp(const struct world *world)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/tmp", world->cache_path);
	return count_files(path);
}

static unsigned log_count(const struct world *world, const char *text)
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

static void test_folder(void **state)
{
	struct world *world = *state;
	struct lk_channel channel = folder(world, "chan");
	world->options.offline = true; /* makes no difference */
	assert_fetch(world, &channel, "1 1 ");
	put_text(world->www, "noarch-only/noarch/repodata.json", RECORD("b", "2"));
	channel = folder(world, "noarch-only");
	assert_fetch(world, &channel, "- 2 ");
	put_text(world->www, "no-noarch/linux-64/repodata.json", RECORD("a", "2"));
	channel = folder(world, "no-noarch");
	assert_fails(world, &channel, LK_E_NETWORK, "channel 'no-noarch' was not found");
	channel = folder(world, "nothing");
	assert_fails(world, &channel, LK_E_NETWORK, "nothing/noarch/repodata.json'");
	put_text(world->www, "empty/noarch/repodata.json", "");
	channel = folder(world, "empty");
	assert_fetch(world, &channel, "- - ");
	put_text(world->www, "not-a-file/noarch/repodata.json/x", "");
	channel = folder(world, "not-a-file");
	struct lk_error err = LK_ERROR_INIT;
	char got[64];
	assert_int_equal(fetch(world, &channel, got, &err), LK_E_FS);
	assert_non_null(strstr(err.message, "is not a file"));
}

static void test_damaged_folder(void **state)
{
	struct world *world = *state;
	static const char *const texts[] = {"{", "[]", "{\"packages\": {\"x\": {}}", "\xff\xfe"};
	struct lk_channel channel = folder(world, "damaged");
	for (size_t i = 0; i < LK_COUNTOF(texts); i++) {
		put_text(world->www, "damaged/noarch/repodata.json", texts[i]);
		assert_fails(world, &channel, LK_E_NETWORK, "repodata of channel 'damaged'");
	}
	put_text(world->www, "damaged/noarch/repodata.json.zst", "not zstd");
	assert_fails(world, &channel, LK_E_NETWORK, "repodata of channel 'damaged'");
	/* The position survives. */
	struct lk_error err = LK_ERROR_INIT;
	char got[64];
	channel = folder(world, "position");
	put_text(world->www, "position/noarch/repodata.json", "{\n \"packages\": {,}}");
	assert_int_equal(fetch(world, &channel, got, &err), LK_E_NETWORK);
	assert_int_equal(err.line, 2);
	assert_true(err.column > 0);
}

static void test_server_and_cache(void **state)
{
	struct world *world = *state;
	struct lk_channel channel = served(world, "ok/chan");
	world->options.offline = true;
	assert_fails(world, &channel, LK_E_OFFLINE, "the cache has no repodata of");
	world->options.offline = false;
	assert_fetch(world, &channel, "1 1 ");
	assert_int_equal(count_tmp(world), 0);
	assert_int_equal(log_count(world, "match=\""), 0);

	/* Validators, only against the file they came with. */
	assert_fetch(world, &channel, "1 1 ");
	assert_int_equal(
		log_count(world, "/ok/chan/linux-64/repodata.json.zst range= match=\""), 1);
	assert_int_equal(log_count(world, "/ok/chan/noarch/repodata.json.zst range= match=\""), 0);
	assert_int_equal(log_count(world, "/ok/chan/noarch/repodata.json range= match=\""), 1);

	/* Fresh by Cache-Control (max-age=60): not asked. By now, a minute later: asked. */
	unsigned before = log_count(world, "/ok/chan/");
	world->options.repodata_ttl = 1;
	world->options.now = time(NULL);
	assert_fetch(world, &channel, "1 1 ");
	assert_int_equal(log_count(world, "/ok/chan/"), before);
	world->options.now += 61;
	put_zst(world->www, "chan/linux-64/repodata.json.zst", RECORD("a", "2"));
	assert_fetch(world, &channel, "2 1 ");

	/* A .zst appears beside the .json that is cached. */
	put_zst(world->www, "chan/noarch/repodata.json.zst", RECORD("b", "3"));
	assert_fetch(world, &channel, "2 3 ");
	world->options.offline = true;
	put_zst(world->www, "chan/linux-64/repodata.json.zst", RECORD("a", "4"));
	assert_fetch(world, &channel, "2 3 ");
}

static void test_bad_download_keeps_the_good(void **state)
{
	struct world *world = *state;
	struct lk_channel channel = served(world, "ok/chan");
	assert_fetch(world, &channel, "1 1 ");
	put_text(world->www, "chan/linux-64/repodata.json.zst", "damaged");
	assert_fails(world, &channel, LK_E_NETWORK, "repodata of channel 'chan'");
	assert_int_equal(count_tmp(world), 0);
	world->options.offline = true;
	assert_fetch(world, &channel, "1 1 ");
	world->options.offline = false;
	put_zst(world->www, "chan/linux-64/repodata.json.zst", RECORD("a", "2"));
	assert_fetch(world, &channel, "2 1 ");
	/* The server goes away: the hint tells of the cache. */
	server_stop(&world->server);
	struct lk_error err = LK_ERROR_INIT;
	char got[64];
	assert_int_equal(fetch(world, &channel, got, &err), LK_E_NETWORK);
	assert_non_null(strstr(err.message, "failed to connect"));
	assert_non_null(strstr(err.hint, "--offline"));
}

static void test_damaged_cache_heals(void **state)
{
	struct world *world = *state;
	struct lk_channel channel = served(world, "ok/chan");
	assert_fetch(world, &channel, "1 1 ");
	/* One bit, with size and time stamp as they were. */
	char command[512];
	snprintf(command, sizeof(command),
		"cd %s/repodata && for f in *.zst; do touch -r $f ../s; "
		"printf X | dd of=$f bs=1 seek=9 conv=notrunc 2>/dev/null; touch -r ../s $f; done; "
		"rm ../s",
		world->cache_path);
	assert_int_equal(system(command), 0); /* NOLINT: fixed command */
	world->options.offline = true;
	assert_fails(world, &channel, LK_E_NETWORK, "repodata of channel 'chan'");
	world->options.offline = false;
	assert_int_equal(world->warnings, 0);
	assert_fetch(world, &channel, "1 1 ");
	assert_int_equal(world->warnings, 1);
	assert_fetch(world, &channel, "1 1 ");
	assert_int_equal(world->warnings, 1);
}

static void test_absent_platform(void **state)
{
	struct world *world = *state;
	put_text(world->www, "pure/noarch/repodata.json", RECORD("b", "5"));
	struct lk_channel channel = served(world, "ok/pure");
	assert_fetch(world, &channel, "- 5 ");
	world->options.offline = true;
	assert_fetch(world, &channel, "- 5 ");
	world->options.offline = false;
	/* It appears later. */
	put_zst(world->www, "pure/linux-64/repodata.json.zst", RECORD("a", "5"));
	assert_fetch(world, &channel, "5 5 ");
	channel = served(world, "ok/nothing");
	assert_fails(world, &channel, LK_E_NETWORK, "channel 'nothing' was not found");
}

static void test_faults(void **state)
{
	struct world *world = *state;
	static const struct {
		const char *path;
		const char *message;
	} rows[] = {
		{"truncate/chan", "bytes remaining"},
		{"corrupt/chan", "repodata of channel"},
		{"says-shorter/chan", "repodata of channel"},
		{"garbage/chan", "HTTP/0.9"},
		{"always-304/chan", "HTTP 304"},
		{"statuses/401/chan", "access denied"},
		{"statuses/403/chan", "for you (HTTP 403)"},
		{"statuses/500/chan", "HTTP 500"},
		{"redirect-file/chan", "not supported"},
		{"auth/chan", "access denied"},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_channel channel = served(world, rows[i].path);
		assert_fails(world, &channel, LK_E_NETWORK, rows[i].message);
		assert_int_equal(count_tmp(world), 0);
	}
	struct lk_channel channel = served(world, "break-once/chan");
	assert_fetch(world, &channel, "1 1 ");
	channel = served(world, "flaky/chan");
	assert_fetch(world, &channel, "1 1 ");
	channel = served(world, "redirect/chan");
	assert_fetch(world, &channel, "1 1 ");
}

static void test_credentials_are_not_stored(void **state)
{
	struct world *world = *state;
	char url[256];
	snprintf(url, sizeof(url), "http://user:s3cret@127.0.0.1:%d/auth/chan", world->server.port);
	struct lk_channel channel = channel_of(world, url);
	assert_fetch(world, &channel, "1 1 ");
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/t/tok3n/ok/chan", world->server.port);
	channel = channel_of(world, url);
	assert_fetch(world, &channel, "1 1 ");
	assert_int_equal(log_count(world, "/t/tok3n/ok/chan/linux-64/repodata.json.zst"), 1);
	snprintf(url, sizeof(url), "! grep -rE 's3cret|tok3n' %s", world->cache_path);
	assert_int_equal(system(url), 0); /* NOLINT: fixed command */
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/t/tok3n/ok/nothing", world->server.port);
	channel = channel_of(world, url);
	struct lk_error err = LK_ERROR_INIT;
	char got[64];
	assert_int_equal(fetch(world, &channel, got, &err), LK_E_NETWORK);
	assert_null(strstr(err.message, "tok3n"));
	assert_null(strstr(err.file, "tok3n"));
}

static void test_interrupted(void **state)
{
	struct world *world = *state;
	struct lk_channel channel = served(world, "ok/chan");
	struct lk_error err = LK_ERROR_INIT;
	char got[64];
	world->stop = true;
	assert_int_equal(fetch(world, &channel, got, &err), LK_E_INTERRUPTED);
	world->stop = false;
	assert_int_equal(count_tmp(world), 0);
}

static void test_nginx(void **state)
{
	if (!have_program("nginx") || !have_program("openssl")) {
		skip();
	}
	struct world *world = *state;
	struct server nginx = {0};
	nginx_start(&nginx, &world->scratch);
	char url[256];
	char ca[160];
	snprintf(ca, sizeof(ca), "%s/cert.pem", world->scratch.path);
	world->options.ca_file = ca;
	for (int tls = 0; tls < 2; tls++) {
		snprintf(url, sizeof(url), "%s://127.0.0.1:%d/chan", tls ? "https" : "http",
			tls ? nginx.other_port : nginx.port);
		struct lk_channel channel = channel_of(world, url);
		assert_fetch(world, &channel, "1 1 ");
		assert_fetch(world, &channel, "1 1 ");
	}
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf log = LK_BUF_INIT(1 << 20);
	snprintf(ca, sizeof(ca), "%s/access.log", world->scratch.path);
	server_stop(&nginx);
	assert_int_equal(lk_fs_read_file(AT_FDCWD, ca, &log, &err), 0);
	assert_non_null(strstr(lk_buf_cstr(&log), "repodata.json.zst HTTP/1.1\" 304"));
	assert_non_null(strstr(lk_buf_cstr(&log), "repodata.json HTTP/2.0\" 304"));
	lk_buf_done(&log);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_folder),
		CASE(test_damaged_folder),
		CASE(test_server_and_cache),
		CASE(test_bad_download_keeps_the_good),
		CASE(test_damaged_cache_heals),
		CASE(test_absent_platform),
		CASE(test_faults),
		CASE(test_credentials_are_not_stored),
		CASE(test_interrupted),
		CASE(test_nginx),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
