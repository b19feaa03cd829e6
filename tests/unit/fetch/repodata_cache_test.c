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
		const char *url;
		const char *key;
	} rows[] = {
		{"https://conda.anaconda.org/conda-forge/linux-64", "497deca9"},
		{"https://conda.anaconda.org/conda-forge/noarch", "09cdf8bf"},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		char key[LK_REPODATA_KEY_LEN + 1];
		lk_repodata_key(lk_str_of(rows[i].url), key);
		assert_string_equal(key, rows[i].key);
	}
}

static void test_print_and_parse(void **state)
{
	(void)state;
	static const struct lk_repodata_state states[] = {
		{URL "/repodata.json.zst", "\"abc\"", "Mon, 01 Jan 2024 00:00:00 GMT",
			"max-age=1200", 12345678901, 1704067200123456789, false},
		{URL "/repodata.json", "W/\"a\\b\"", "", "", 0, 0, false},
		{URL "/repodata.json", "", "", "", 0, 0, true},
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
		assert_string_equal(got.etag, states[i].etag);
		assert_string_equal(got.modified, states[i].modified);
		assert_string_equal(got.cache_control, states[i].cache_control);
		assert_true(got.size == states[i].size);
		assert_true(got.mtime_ns == states[i].mtime_ns);
		assert_true(got.absent == states[i].absent);
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

static void test_store_and_load(void **state)
{
	(void)state;
	struct scratch scratch;
	scratch_init(&scratch);
	struct lk_error err = LK_ERROR_INIT;
	struct lk_arena arena = {0};
	int dirfd = open(scratch.path, O_RDONLY | O_DIRECTORY);
	const lk_str url = LK_STR(URL);
	struct lk_repodata_state got;
	int fd = -1;
	assert_int_equal(
		lk_repodata_state_load(dirfd, url, &arena, &got, &fd, &err), LK_E_NOT_FOUND);

	put_text(scratch.path, "download", "{}");
	int download = openat(dirfd, "download", O_RDONLY);
	const struct lk_repodata_state s = {.url = URL "/repodata.json.zst",
		.etag = "\"1\"",
		.modified = "M",
		.cache_control = "C"};
	assert_int_equal(
		lk_repodata_state_store(dirfd, url, &s, download, dirfd, "download", &err), 0);
	assert_true(file_exists(scratch.path, "497deca9.json.zst"));
	assert_true(file_exists(scratch.path, "497deca9.info.json"));
	assert_int_equal(lk_repodata_state_load(dirfd, url, &arena, &got, &fd, &err), 0);
	assert_string_equal(got.etag, "\"1\"");
	assert_int_equal(got.size, 2);
	char bytes[8];
	assert_int_equal(read(fd, bytes, sizeof(bytes)), 2);

	/* Marked as current: a newer time stamp, the same validators. */
	int64_t before = got.mtime_ns;
	assert_int_equal(lk_repodata_state_store(dirfd, url, &got, fd, -1, NULL, &err), 0);
	lk_close_p(&fd);
	assert_int_equal(lk_repodata_state_load(dirfd, url, &arena, &got, &fd, &err), 0);
	assert_true(got.mtime_ns >= before);
	assert_string_equal(got.etag, "\"1\"");
	lk_close_p(&fd);

	/* Another file under the name: its content is used offline, its validators are void. */
	put_text(scratch.path, "497deca9.json.zst", "{ }");
	assert_int_equal(lk_repodata_state_load(dirfd, url, &arena, &got, &fd, &err), 0);
	assert_string_equal(got.etag, "");
	assert_false(lk_repodata_state_is_fresh(&got, INT32_MAX, time(NULL)));
	lk_close_p(&fd);

	/* A link is not followed, a state of another channel (the key is short) not believed. */
	assert_int_equal(unlinkat(dirfd, "497deca9.json.zst", 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", dirfd, "497deca9.json.zst"), 0);
	assert_int_equal(
		lk_repodata_state_load(dirfd, url, &arena, &got, &fd, &err), LK_E_NOT_FOUND);
	const struct lk_repodata_state absent = {.url = "https://evil/linux-64/repodata.json",
		.etag = "",
		.modified = "",
		.cache_control = "",
		.absent = true};
	assert_int_equal(lk_repodata_state_store(dirfd, url, &absent, -1, -1, NULL, &err), 0);
	assert_int_equal(
		lk_repodata_state_load(dirfd, url, &arena, &got, &fd, &err), LK_E_NOT_FOUND);
	close(download);
	close(dirfd);
	lk_arena_done(&arena);
	scratch_done(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_print_and_parse),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_max_age),
		cmocka_unit_test(test_fresh),
		cmocka_unit_test(test_store_and_load),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
