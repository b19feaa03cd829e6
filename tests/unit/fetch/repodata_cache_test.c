/*
 * State files of cached repodata: keys, printing and parsing, freshness, what is published and
 * found.
 */
#include "fetch/repodata_cache.h"

#include "tests/unit/fetch/fetch_support.h"

#define URL "https://conda.anaconda.org/conda-forge/linux-64"

static void test_key(void **state)
{
	(void)state;
	static const struct {
		const char *url, *file;
		const char *key;
	} rows[] = {
		{URL, LK_REPODATA_JSON, "497deca9"},
		{"https://conda.anaconda.org/conda-forge/noarch", LK_REPODATA_JSON, "09cdf8bf"},
		{URL, "current_repodata.json", "18414ddb"},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		char key[LK_REPODATA_KEY_LEN + 1];
		lk_repodata_key(lk_str_of(rows[i].url), rows[i].file, key);
		assert_string_equal(key, rows[i].key);
	}
}

static void test_print_and_parse(void **state)
{
	(void)state;
	static const struct lk_repodata_state states[] = {
		{URL "/repodata.json.zst", "https://m/x.zst", "\"abc\"",
			"Mon, 01 Jan 2024 00:00:00 GMT", "max-age=1200", 12345678901,
			1704067200123456789, false, {true, 1700000000}, {false, 1700000001},
			"0123abcd"},
		{URL "/repodata.json", "", "W/\"a\\b\"", "", "", 0, 0, false, {false, 0}, {true, 5},
			""},
		{URL "/repodata.json", "", "", "", "", 0, 0, true, {false, 7}, {false, 0}, ""},
	};
	for (size_t i = 0; i < LK_COUNTOF(states); i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_arena arena = {0};
		struct lk_buf text = LK_BUF_INIT(LK_REPODATA_STATE_MAX);
		struct lk_repodata_state got;
		lk_repodata_state_print(&states[i], &text);
		assert_int_equal(
			lk_repodata_state_parse(lk_buf_view(&text), "s", &arena, &got, &err), 0);
		assert_string_equal(got.url, states[i].url);
		assert_string_equal(got.mirror, states[i].mirror);
		assert_string_equal(got.etag, states[i].etag);
		assert_string_equal(got.modified, states[i].modified);
		assert_string_equal(got.content, states[i].content);
		assert_string_equal(got.cache_control, states[i].cache_control);
		assert_true(got.size == states[i].size);
		assert_true(got.mtime_ns == states[i].mtime_ns);
		assert_true(got.absent == states[i].absent);
		assert_true(got.has_zst.there == states[i].has_zst.there);
		assert_int_equal(got.has_zst.checked, states[i].has_zst.checked);
		assert_true(got.has_shards.there == states[i].has_shards.there);
		assert_int_equal(got.has_shards.checked, states[i].has_shards.checked);
		lk_buf_done(&text);
		lk_arena_done(&arena);
	}
}

static void test_refuses(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"",
		"{}",
		"[]",
		"null",
		"{\"url\": 3}",
		"{\"url\": \"\"}",
		"{\"url\": \"u\", \"etag\": \"a\\r\\nX-Evil: 1\"}",
		"{\"url\": \"u\", \"mod\": \"a\\n\"}",
		"{\"url\": \"u\", \"cache_control\": \"\\u007f\"}",
		"{\"url\": \"u\", \"etag\": \"a\\u0000b\"}",
		"{\"url\": \"u\", \"x\": [[[[[[[[]]]]]]]]}",
		"{\"url\": \"u\"",
	};
	for (size_t i = 0; i < LK_COUNTOF(texts); i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_arena arena = {0};
		struct lk_repodata_state got;
		int rc = lk_repodata_state_parse(lk_str_of(texts[i]), "s", &arena, &got, &err);
		if (rc != LK_E_FORMAT) {
			print_error("%s\n", texts[i]);
		}
		assert_int_equal(rc, LK_E_FORMAT);
		lk_arena_done(&arena);
	}
}

static void test_max_age(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		int64_t age;
	} rows[] = {
		{"", -1},
		{"public", -1},
		{"max-age=60", 60},
		{"public, max-age=1200", 1200},
		{"Public,MAX-AGE = 30 , immutable", 30},
		{"s-maxage=5", -1},
		{"max-age=", -1},
		{"max-age=-5", -1},
		{"max-age=1x", -1},
		{"max-age=99999999999999999999", -1},
		{"max-age=99999999999", INT32_MAX},
		{"no-cache", 0},
		{"max-age=60, no-store", 0},
		{",,=,", -1},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		int64_t age = lk_cache_control_max_age(lk_str_of(rows[i].value));
		if (age != rows[i].age) {
			print_error("%s\n", rows[i].value);
		}
		assert_int_equal(age, rows[i].age);
	}
}

static void test_fresh(void **state)
{
	(void)state;
	const int64_t t = 1700000000;
	static const struct {
		int64_t age, ttl;
		const char *control;
		bool fresh;
	} rows[] = {
		{10, 0, "max-age=60", false}, /* always revalidate */
		{10, 1, "max-age=60", true}, {60, 1, "max-age=60", false}, {10, 1, "", false},
		{10, 1, "no-cache", false}, {10, 30, "no-cache", true}, {30, 30, "", false},
		{-10, 30, "", false}, /* from the future */
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_repodata_state s = {.cache_control = rows[i].control,
			.mtime_ns = (t - rows[i].age) * 1000000000};
		assert_int_equal(lk_repodata_state_is_fresh(&s, rows[i].ttl, t), rows[i].fresh);
		assert_false(lk_repodata_state_is_fresh(&s, rows[i].ttl, 0));
	}
	struct lk_repodata_state unknown = {.cache_control = "", .mtime_ns = 0};
	assert_false(lk_repodata_state_is_fresh(&unknown, INT64_MAX, t));
}

static void test_absence_is_remembered_for_a_week(void **state)
{
	(void)state;
	const int64_t t = 1700000000;
	const int64_t week = (int64_t)7 * 24 * 3600;
	static const struct lk_availability never = {false, 0};
	const struct lk_availability absent = {false, t};
	const struct lk_availability there = {true, t};
	assert_false(lk_availability_rules_out(&never, t));
	assert_true(lk_availability_rules_out(&absent, t));
	assert_true(lk_availability_rules_out(&absent, t + week - 1));
	assert_false(lk_availability_rules_out(&absent, t + week));
	assert_false(lk_availability_rules_out(&absent, t - 1));
	assert_false(lk_availability_rules_out(&absent, 0));
	assert_false(lk_availability_rules_out(&there, t));
}

struct cache {
	struct scratch scratch;
	struct lk_arena arena;
	int dirfd;
};

static const lk_str subdir_url = {URL, sizeof(URL) - 1};

static int cache_setup(void **state)
{
	struct cache *cache = lk_calloc(1, sizeof(*cache));
	scratch_init(&cache->scratch);
	cache->dirfd = open(cache->scratch.path, O_RDONLY | O_DIRECTORY);
	*state = cache;
	return 0;
}

static int cache_teardown(void **state)
{
	struct cache *cache = *state;
	close(cache->dirfd);
	lk_arena_done(&cache->arena);
	scratch_done(&cache->scratch);
	lk_free(cache);
	return 0;
}

static void store(struct cache *cache, const char *content)
{
	struct lk_error err = LK_ERROR_INIT;
	const struct lk_repodata_state s = {.url = URL "/repodata.json.zst",
		.mirror = "https://mirror/x",
		.etag = "\"1\"",
		.modified = "M",
		.cache_control = "C",
		.content = "c1"};
	put_text(cache->scratch.path, "download", content);
	int fd LK_AUTO_CLOSE = openat(cache->dirfd, "download", O_RDONLY);
	assert_int_equal(lk_repodata_state_store(cache->dirfd, subdir_url, LK_REPODATA_JSON, &s, fd,
				 cache->dirfd, "download", &err),
		0);
}

/* Loads; the data file's first bytes into TEXT (16). */
static int load(struct cache *cache, struct lk_repodata_state *ret, char *text)
{
	struct lk_error err = LK_ERROR_INIT;
	int fd LK_AUTO_CLOSE = -1;
	int rc = lk_repodata_state_load(
		cache->dirfd, subdir_url, LK_REPODATA_JSON, &cache->arena, ret, &fd, &err);
	memset(text, 0, 16);
	assert_true(rc < 0 || ret->absent || read(fd, text, 15) >= 0);
	return rc;
}

static void test_store_and_load(void **state)
{
	struct cache *cache = *state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_repodata_state got;
	char text[16];
	assert_int_equal(load(cache, &got, text), LK_E_NOT_FOUND);
	store(cache, "{}");
	assert_true(file_exists(cache->scratch.path, "497deca9.json.zst"));
	assert_true(file_exists(cache->scratch.path, "497deca9.info.json"));
	assert_int_equal(load(cache, &got, text), 0);
	assert_string_equal(got.etag, "\"1\"");
	assert_string_equal(got.content, "c1");
	assert_int_equal(got.size, 2);
	assert_string_equal(text, "{}");

	/* Marked as current: a newer time stamp, the same validators. */
	int64_t before = got.mtime_ns;
	int fd LK_AUTO_CLOSE = openat(cache->dirfd, "497deca9.json.zst", O_RDONLY);
	assert_int_equal(lk_repodata_state_store(cache->dirfd, subdir_url, LK_REPODATA_JSON, &got,
				 fd, -1, NULL, &err),
		0);
	assert_int_equal(load(cache, &got, text), 0);
	assert_true(got.mtime_ns >= before);
	assert_string_equal(got.etag, "\"1\"");
}

/* Another file under the name: its content is used offline, its validators are void. */
static void test_other_content(void **state)
{
	struct cache *cache = *state;
	struct lk_repodata_state got;
	char text[16];
	store(cache, "{}");
	put_text(cache->scratch.path, "497deca9.json.zst", "{ }");
	assert_int_equal(load(cache, &got, text), 0);
	assert_string_equal(text, "{ }");
	assert_string_equal(got.etag, "");
	assert_string_equal(got.modified, "");
	assert_string_equal(got.content, "");
	assert_false(lk_repodata_state_is_fresh(&got, INT32_MAX, time(NULL)));
}

/* A link is not followed, a state of another channel (the key is short) not believed. */
static void test_not_believed(void **state)
{
	struct cache *cache = *state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_repodata_state got;
	char text[16];
	store(cache, "{}");
	assert_int_equal(unlinkat(cache->dirfd, "497deca9.json.zst", 0), 0);
	assert_int_equal(load(cache, &got, text), LK_E_NOT_FOUND);
	assert_int_equal(symlinkat("/etc/passwd", cache->dirfd, "497deca9.json.zst"), 0);
	assert_int_equal(load(cache, &got, text), LK_E_NOT_FOUND);
	struct lk_repodata_state absent = {.url = URL "/repodata.json",
		.mirror = "",
		.etag = "",
		.modified = "",
		.cache_control = "",
		.absent = true,
		.content = ""};
	assert_int_equal(lk_repodata_state_store(cache->dirfd, subdir_url, LK_REPODATA_JSON,
				 &absent, -1, -1, NULL, &err),
		0);
	assert_int_equal(load(cache, &got, text), 0);
	assert_true(got.absent);
	absent.url = "https://evil/linux-64/repodata.json";
	assert_int_equal(lk_repodata_state_store(cache->dirfd, subdir_url, LK_REPODATA_JSON,
				 &absent, -1, -1, NULL, &err),
		0);
	assert_int_equal(load(cache, &got, text), LK_E_NOT_FOUND);
}

#define IN_CACHE(test) cmocka_unit_test_setup_teardown(test, cache_setup, cache_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_print_and_parse),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_max_age),
		cmocka_unit_test(test_fresh),
		cmocka_unit_test(test_absence_is_remembered_for_a_week),
		IN_CACHE(test_store_and_load),
		IN_CACHE(test_other_content),
		IN_CACHE(test_not_believed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
