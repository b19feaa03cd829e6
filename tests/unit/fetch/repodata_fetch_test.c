/*
 * lk_fetch_repodata: folders, a server that works and one that does not, the cache in between.
 */
#include "fetch/fetch.h"

#include "tests/unit/fetch/repodata_world.h"
#include "tests/unit/fetch/shard_world.h"

#define WEEK_S 604800

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

/* The scan ends while most of the text is still to come. */
static void test_damaged_at_the_start(void **state)
{
	struct world *world = *state;
	static const char text[] = {'{', '[', ' '};
	size_t len = (size_t)48 << 20;
	char *much = lk_calloc(len, 1);
	memset(much, ' ', len);
	memcpy(much, text, sizeof(text));
	put_file(world->www, "big/noarch/repodata.json", much, len);
	lk_free(much);
	const struct lk_channel channel = folder(world, "big");
	assert_fails(world, &channel, LK_E_NETWORK, "expected a key in quotes (byte 1)");
	assert_int_equal(count_tmp(world), 0);
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

	/* A .zst appears beside the .json that is cached: seen when its absence was long ago. */
	put_zst(world->www, "chan/noarch/repodata.json.zst", RECORD("b", "3"));
	world->options.now += 3600;
	before = log_count(world, "/ok/chan/noarch/repodata.json.zst");
	assert_fetch(world, &channel, "2 1 ");
	assert_int_equal(log_count(world, "/ok/chan/noarch/repodata.json.zst"), before);
	world->options.now += WEEK_S;
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
		"cd %s/repodata && rm *.index && for f in *.zst; do touch -r $f ../s; "
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
		{"redirect-file/chan", "not of the web"},
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

static void test_shards(void **state)
{
	struct world *world = *state;
	put_sharded(world, "7");
	/* Not asked for while there are shards. */
	put_text(world->www, "sh/linux-64/repodata.json", "damaged");
	struct lk_channel channel = folder(world, "sh");
	assert_fetch(world, &channel, "7 7 ");
	channel = served(world, "ok/sh");
	assert_fetch(world, &channel, "7 7 ");
	assert_int_equal(log_count(world, "/ok/sh/linux-64/shards/"), 1);
	assert_int_equal(log_count(world, "/ok/sh/linux-64/repodata.json"), 0);
	/* Revalidated index, same shards. */
	assert_fetch(world, &channel, "7 7 ");
	assert_int_equal(log_count(world, "/ok/sh/linux-64/repodata_shards.msgpack.zst"), 2);
	assert_int_equal(log_count(world, "/ok/sh/linux-64/shards/"), 1);
	assert_int_equal(count_tmp(world), 0);
	world->options.offline = true;
	assert_fetch(world, &channel, "7 7 ");
	/* New content: another shard, which an old cache lacks. */
	world->options.offline = false;
	put_sharded(world, "8");
	assert_fetch(world, &channel, "8 8 ");
	world->options.no_shards = true;
	assert_fails(world, &channel, LK_E_NETWORK, "channel 'sh' was not found");
	put_text(world->www, "sh/linux-64/repodata.json", RECORD("a", "9"));
	put_text(world->www, "sh/noarch/repodata.json", RECORD("b", "9"));
	assert_fetch(world, &channel, "9 9 ");
}

static void test_shards_with_other_bytes(void **state)
{
	struct world *world = *state;
	char path[256];
	char cached[160];
	char command[512];
	struct lk_sha256 hash = put_sharded(world, "7");
	struct lk_channel local = folder(world, "sh");
	struct lk_channel remote = served(world, "ok/sh");
	assert_fetch(world, &remote, "7 7 ");
	/* A damaged copy in the cache is none: fetched again, or missed offline. */
	snprintf(cached, sizeof(cached), "%s/repodata/shards", world->cache_path);
	shard_path(cached, &hash, path);
	assert_int_equal(truncate(path, 20), 0);
	world->options.offline = true;
	assert_fails(world, &remote, LK_E_OFFLINE, "the cache lacks the repodata of 1 package");
	assert_int_equal(world->warnings, 1);
	world->options.offline = false;
	assert_fetch(world, &remote, "7 7 ");
	/* The channel's own. */
	shard_path("sh/linux-64/shards", &hash, path);
	put_text(world->www, path, "other bytes");
	assert_fetch(world, &remote, "7 7 ");
	assert_fails(world, &local, LK_E_INTEGRITY, "the shard of 'a' has not the sha256");
	snprintf(command, sizeof(command), "rm %s/%s", world->www, path);
	assert_int_equal(system(command), 0); /* NOLINT: fixed command */
	assert_fails(world, &local, LK_E_NETWORK, "the shard of 'a': ");
	snprintf(command, sizeof(command), "rm -r %s/repodata/shards", world->cache_path);
	assert_int_equal(system(command), 0); /* NOLINT: fixed command */
	struct lk_error gone = LK_ERROR_INIT;
	char got[64];
	assert_int_equal(fetch(world, &remote, got, &gone), LK_E_NETWORK);
	assert_non_null(strstr(gone.message, "the server does not have it (HTTP 404)"));
	assert_non_null(strstr(gone.hint, "in the middle of a change"));
	put_text(world->www, path, "other bytes");
	assert_fails(world, &remote, LK_E_INTEGRITY, "the shard of 'a' has not the sha256");
	assert_int_equal(count_tmp(world), 0);
}

static void test_damaged_shards(void **state)
{
	struct world *world = *state;
	put_sharded(world, "7");
	struct lk_channel local = folder(world, "sh");
	struct lk_channel remote = served(world, "ok/sh");
	/* The right hash of something else; and of something that grows beyond all bounds. */
	size_t bomb_len = LK_FETCH_SHARD_MAX + 1;
	char *LK_AUTO_FREE bomb = lk_calloc(1, bomb_len);
	for (int round = 0; round < 2; round++) {
		struct lk_sha256 hash = put_shard(world, "sh/linux-64", bomb, round ? bomb_len : 2);
		const char *message = round ? "larger than" : "something follows the document";
		put_index(world, "sh/linux-64", "a", &hash, 1);
		assert_fails(world, &local, LK_E_NETWORK, message);
		assert_fails(world, &remote, LK_E_NETWORK, message);
	}
	put_text(world->www, "sh/linux-64/repodata_shards.msgpack.zst", "damaged");
	assert_fails(world, &local, LK_E_NETWORK, "repodata of channel 'sh'");
	assert_fails(world, &remote, LK_E_NETWORK, "repodata of channel 'sh'");
	put_zst(world->www, "sh/linux-64/repodata_shards.msgpack.zst", "\xdd\xff\xff\xff\xff");
	assert_fails(world, &local, LK_E_NETWORK, "the data ends in the middle (byte 5)");
	assert_int_equal(count_tmp(world), 0);
}

static void test_shards_of_another_version(void **state)
{
	struct world *world = *state;
	struct lk_sha256 hash = put_sharded(world, "7");
	put_index(world, "sh/linux-64", "a", &hash, 9);
	put_zst(world->www, "sh/linux-64/repodata.json.zst", RECORD("a", "1"));
	struct lk_channel local = folder(world, "sh");
	struct lk_channel remote = served(world, "ok/sh");
	assert_fetch(world, &local, "1 7 ");
	assert_fetch(world, &remote, "1 7 ");
	assert_fetch(world, &remote, "1 7 ");
	world->options.offline = true;
	assert_fetch(world, &remote, "1 7 ");
	assert_int_equal(count_tmp(world), 0);
}

static void test_shards_get_the_channels_credentials(void **state)
{
	struct world *world = *state;
	char text[256];
	put_sharded(world, "7");
	snprintf(text, sizeof(text), "http://user:s3cret@127.0.0.1:%d/auth/sh", world->server.port);
	struct lk_channel channel = channel_of(world, text);
	assert_fetch(world, &channel, "7 7 ");
	snprintf(text, sizeof(text), "rm -r %s/repodata", world->cache_path);
	assert_int_equal(system(text), 0); /* NOLINT: fixed command */
	snprintf(text, sizeof(text), "http://127.0.0.1:%d/t/tok3n/ok/sh", world->server.port);
	channel = channel_of(world, text);
	assert_fetch(world, &channel, "7 7 ");
	assert_int_equal(log_count(world, "/t/tok3n/ok/sh/linux-64/shards/"), 1);
	snprintf(text, sizeof(text), "! grep -rE 's3cret|tok3n' %s", world->cache_path);
	assert_int_equal(system(text), 0); /* NOLINT: fixed command */
}

/* Shards of another host are asked for without the channel's credentials. */
static void test_shards_of_another_host(void **state)
{
	struct world *world = *state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf index LK_CLEANUP(lk_buf_done) = LK_BUF_INIT(1 << 20);
	struct lk_buf zst LK_CLEANUP(lk_buf_done) = LK_BUF_INIT(1 << 20);
	char text[256];
	struct lk_sha256 hash = put_sharded(world, "7");
	snprintf(text, sizeof(text), "http://localhost:%d/ok/sh/linux-64/shards",
		world->server.other_port);
	mp_index(&index, 1, text, 1);
	mp_entry(&index, "a", &hash);
	assert_int_equal(lk_compress(LK_CODEC_ZSTD, 1, index.ptr, index.len, &zst, &err), 0);
	put_file(world->www, "sh/linux-64/repodata_shards.msgpack.zst", zst.ptr, zst.len);
	snprintf(text, sizeof(text), "http://user:s3cret@127.0.0.1:%d/auth/sh", world->server.port);
	struct lk_channel channel = channel_of(world, text);
	assert_fetch(world, &channel, "7 7 ");
	assert_int_equal(log_count(world, "/ok/sh/linux-64/shards/"), 1);
	assert_int_equal(log_count(world, "auth= port=1"), 1);
}

static void test_absence_is_remembered(void **state)
{
	struct world *world = *state;
	struct lk_channel channel = served(world, "ok/chan");
	world->options.now = time(NULL);
	for (int i = 0; i < 3; i++) {
		assert_fetch(world, &channel, "1 1 ");
	}
	assert_int_equal(log_count(world, "/repodata_shards.msgpack.zst"), 2);
	assert_int_equal(log_count(world, "/noarch/repodata.json.zst"), 1);
	assert_int_equal(log_count(world, "/noarch/repodata.json range"), 3);
	world->options.now += WEEK_S;
	assert_fetch(world, &channel, "1 1 ");
	assert_int_equal(log_count(world, "/repodata_shards.msgpack.zst"), 4);
}

static void test_another_file_name(void **state)
{
	struct world *world = *state;
	put_sharded(world, "7");
	put_text(world->www, "sh/linux-64/repodata.json", RECORD("a", "2"));
	put_zst(world->www, "sh/noarch/current_repodata.json.zst", RECORD("b", "3"));
	struct lk_channel local = folder(world, "sh");
	struct lk_channel remote = served(world, "ok/sh");
	assert_fetch(world, &remote, "7 7 ");
	world->file_name = "current_repodata.json";
	assert_fetch(world, &remote, "- 3 ");
	assert_fetch(world, &local, "- 3 ");
	world->options.offline = true;
	assert_fetch(world, &remote, "- 3 ");
	world->file_name = "repodata.json";
	assert_fetch(world, &remote, "7 7 ");
	world->file_name = "other.json";
	world->options.offline = false;
	struct lk_error err = LK_ERROR_INIT;
	char got[64];
	assert_int_equal(fetch(world, &remote, got, &err), LK_E_NOT_FOUND);
	assert_int_equal(fetch(world, &local, got, &err), LK_E_NOT_FOUND);
	assert_string_equal(err.message, "channel 'sh' has no other.json");
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
	world->options.tls.ca_file = ca;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_folder),
		CASE(test_damaged_folder),
		CASE(test_damaged_at_the_start),
		CASE(test_server_and_cache),
		CASE(test_bad_download_keeps_the_good),
		CASE(test_damaged_cache_heals),
		CASE(test_absent_platform),
		CASE(test_faults),
		CASE(test_credentials_are_not_stored),
		CASE(test_interrupted),
		CASE(test_shards),
		CASE(test_shards_with_other_bytes),
		CASE(test_damaged_shards),
		CASE(test_shards_of_another_version),
		CASE(test_shards_get_the_channels_credentials),
		CASE(test_shards_of_another_host),
		CASE(test_absence_is_remembered),
		CASE(test_another_file_name),
		CASE(test_nginx),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
