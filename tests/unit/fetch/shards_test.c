/*
 * Shards that are gone, too many, or of no use any more.
 */
#include "fetch/fetch.h"

#include <sys/time.h>

#include "tests/unit/fetch/shard_world.h"

#define DAY_S 86400

/* The version of `a` that HANDLE finds. */
static int find_a(struct lk_fetch *handle, const struct lk_channel *channel, struct world *world,
	char ret_version[16], struct lk_error *err)
{
	static const lk_str subdirs[] = {{"linux-64", 8}, {"noarch", 6}};
	struct lk_repodata_set *set = NULL;
	struct lk_records records = {0};
	int rc = lk_fetch_repodata(handle, channel, 1, subdirs, 2, "repodata.json", &set, err);
	if (rc == 0) {
		struct lk_source source = lk_repodata_set_source(set, 0, 0);
		rc = source.records(source.ctx, LK_STR("a"), &world->arena, &records, err);
	}
	if (rc == 0) {
		assert_int_equal(records.len, 1);
		snprintf(ret_version, 16, LK_STR_FMT, LK_STR_ARG(records.items[0].version));
	}
	lk_vec_done(&records);
	lk_repodata_set_free(set);
	return rc;
}

/* The cache holds an index that is taken for current, but the channel has changed since. */
static void test_gone(void **state)
{
	struct world *world = *state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_fetch *handle = NULL;
	char path[256];
	char version[16];
	struct lk_channel channel = served(world, "ok/sh");
	struct lk_sha256 hash = put_sharded(world, "7");
	world->options.now = time(NULL);
	world->options.repodata_ttl = DAY_S;
	assert_fetch(world, &channel, "7 7 ");
	snprintf(path, sizeof(path), "rm -r %s/repodata/shards", world->cache_path);
	assert_int_equal(system(path), 0); /* NOLINT: fixed command */
	put_sharded(world, "8");
	shard_path("sh/linux-64/shards", &hash, path);
	char whole[400];
	snprintf(whole, sizeof(whole), "%s/%s", world->www, path);
	assert_int_equal(unlink(whole), 0);

	handle = lk_fetch_new(world->cache, &world->options, &world->report);
	assert_false(lk_fetch_renew(handle));
	assert_int_equal(find_a(handle, &channel, world, version, &err), LK_E_NETWORK);
	assert_non_null(strstr(err.file, path));
	assert_true(lk_fetch_renew(handle));
	assert_int_equal(find_a(handle, &channel, world, version, &err), 0);
	assert_string_equal(version, "8");

	/* Gone from the new index too: once is enough. */
	hash = put_sharded(world, "9");
	shard_path("sh/linux-64/shards", &hash, path);
	snprintf(whole, sizeof(whole), "%s/%s", world->www, path);
	assert_int_equal(unlink(whole), 0);
	assert_int_equal(find_a(handle, &channel, world, version, &err), LK_E_NETWORK);
	assert_non_null(strstr(err.hint, "try again later"));
	assert_false(lk_fetch_renew(handle));
	lk_fetch_free(handle);
}

/* A small channel may name the same large shard under as many names as it likes. */
static void test_too_much(void **state)
{
	struct world *world = *state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) index = LK_BUF_INIT(1 << 20);
	struct lk_buf LK_CLEANUP(lk_buf_done) shard = LK_BUF_INIT(LK_FETCH_SHARD_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) zst = LK_BUF_INIT(1 << 20);
	const size_t len = 60u << 20;
	const unsigned char head[] = {0x81, 0xa1, 'x', 0xdb, (unsigned char)(len >> 24),
		(unsigned char)(len >> 16), (unsigned char)(len >> 8), (unsigned char)len};
	char *LK_AUTO_FREE text = lk_calloc(1, len);
	memset(text, ' ', len);
	lk_buf_append(&shard, head, sizeof(head));
	lk_buf_append(&shard, text, len);
	struct lk_sha256 hash = put_shard(world, "big/linux-64", shard.ptr, shard.len);
	put_text(world->www, "big/noarch/repodata.json", "{}");
	mp_index(&index, 1, "./shards/", 5);
	for (char name[] = "a"; name[0] < 'f'; name[0]++) {
		mp_entry(&index, name, &hash);
	}
	assert_int_equal(lk_compress(LK_CODEC_ZSTD, 1, index.ptr, index.len, &zst, &err), 0);
	put_file(world->www, "big/linux-64/repodata_shards.msgpack.zst", zst.ptr, zst.len);

	static const lk_str subdirs[] = {{"linux-64", 8}, {"noarch", 6}};
	struct lk_channel channels[] = {folder(world, "big"), served(world, "ok/big")};
	for (size_t c = 0; c < LK_COUNTOF(channels); c++) {
		for (int last = 'd'; last <= 'e'; last++) {
			struct lk_repodata_set *set = NULL;
			struct lk_fetch *handle = NULL;
			struct lk_records records = {0};
			handle = lk_fetch_new(world->cache, &world->options, &world->report);
			assert_int_equal(lk_fetch_repodata(handle, &channels[c], 1, subdirs, 2,
						 "repodata.json", &set, &err),
				0);
			struct lk_source source = lk_repodata_set_source(set, 0, 0);
			for (char name[] = "a"; name[0] <= last; name[0]++) {
				source.expect(source.ctx, lk_str_of(name));
			}
			int rc = source.records(
				source.ctx, LK_STR("a"), &world->arena, &records, &err);
			assert_int_equal(rc, last == 'd' ? 0 : LK_E_NETWORK);
			lk_vec_done(&records);
			lk_repodata_set_free(set);
			lk_fetch_free(handle);
		}
		assert_non_null(strstr(err.message,
			"the shards that the specs lead to hold more than 268435456 bytes"));
		assert_non_null(strstr(err.hint, "leave the channel out"));
	}
}

static void put_cached(struct world *world, const char *name, int64_t age_s)
{
	char path[256];
	char file[512];
	snprintf(path, sizeof(path), "%s/repodata", world->cache_path);
	put_text(path, name, "damaged");
	snprintf(file, sizeof(file), "%s/%s", path, name);
	const struct timeval times[2] = {
		{.tv_sec = world->options.now - age_s}, {.tv_sec = world->options.now - age_s}};
	assert_int_equal(utimes(file, times), 0);
}

/* What is old and named by no index goes when something new comes. */
static void test_prune(void **state)
{
	struct world *world = *state;
	static const char old[] = "shards/old.msgpack.zst";
	static const char young[] = "shards/young.msgpack.zst";
	struct lk_channel channel = served(world, "ok/sh");
	char cached[256];
	char shards[300];
	char named[256];
	char command[640];
	world->options.now = time(NULL);
	snprintf(cached, sizeof(cached), "%s/repodata", world->cache_path);
	snprintf(shards, sizeof(shards), "%s/shards", cached);
	struct lk_sha256 hash = put_sharded(world, "7");
	shard_path("shards", &hash, named);
	/* An index that cannot be read may name anything. */
	put_cached(world, old, (int64_t)31 * DAY_S);
	put_cached(world, "00000000.msgpack.zst", 0);
	assert_fetch(world, &channel, "7 7 ");
	assert_true(file_exists(cached, old));
	assert_int_equal(count_files(shards), 3);

	/* Without it: of four, all of which are old but one, two are named. */
	snprintf(command, sizeof(command), "rm %s/00000000*; touch -d '90 days ago' %s/*", cached,
		shards);
	assert_int_equal(system(command), 0); /* NOLINT: fixed command */
	put_cached(world, young, (int64_t)29 * DAY_S);
	put_cached(world, named, 0);
	assert_fetch(world, &channel, "7 7 ");
	assert_false(file_exists(cached, old));
	assert_true(file_exists(cached, young));
	assert_int_equal(count_files(shards), 3);

	/* Nothing new: nothing is looked at. */
	put_cached(world, old, (int64_t)31 * DAY_S);
	assert_fetch(world, &channel, "7 7 ");
	assert_true(file_exists(cached, old));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_gone),
		CASE(test_too_much),
		CASE(test_prune),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
