/*
 * Prefix replacement: the vectors of conda-formats.md 6.2, and hostile files.
 */
#include "install/prefix_patch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "install/shebang.h"

struct vector {
	enum lk_prefix_mode mode;
	const char *placeholder, *prefix;
	lk_str in, out;
	size_t count;
};

/* The same in parts of every size. */
static void check_parts(const struct lk_prefix_patch *patch, const struct vector *v, size_t step)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(1 << 20);
	struct lk_buf LK_CLEANUP(lk_buf_done) part = LK_BUF_INIT(1 << 20);
	struct lk_binary_patch binary = {.patch = patch, .file = "f"};
	lk_str left = v->in;
	for (bool last = false; !last;) {
		lk_buf_put(&part, lk_str_slice(left, 0, step));
		left = lk_str_skip(left, step < left.len ? step : left.len);
		last = left.len == 0;
		lk_str rest = lk_buf_view(&part);
		assert_int_equal(lk_binary_patch_part(&binary, &rest, last, &out, &err), 0);
		assert_true(rest.len < patch->placeholder.len && (!last || rest.len == 0));
		memmove(part.ptr, rest.ptr, rest.len);
		lk_buf_truncate(&part, rest.len);
	}
	assert_int_equal(out.len, v->out.len);
	assert_memory_equal(lk_buf_cstr(&out), v->out.ptr, v->out.len);
	assert_int_equal(binary.count, v->count);
}

static void check(const struct vector *v, const char *subdir)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(1 << 20);
	const struct lk_prefix_patch patch = {
		v->mode, lk_str_of(v->placeholder), lk_str_of(v->prefix), lk_str_of(subdir)};
	size_t count = 99;
	assert_int_equal(lk_prefix_patch(&patch, v->in, "f", &out, &count, &err), 0);
	assert_int_equal(out.len, v->out.len);
	assert_memory_equal(lk_buf_cstr(&out), v->out.ptr, v->out.len);
	assert_int_equal(count, v->count);
	bool in_parts = v->mode == LK_PREFIX_BINARY && strcmp(subdir, "win-64") != 0;
	for (size_t step = 1; in_parts && step <= v->in.len; step++) {
		check_parts(&patch, v, step);
	}
}

static void test_binary(void **state)
{
	(void)state;
	static const struct vector vectors[] = {
		{LK_PREFIX_BINARY, "AAAAAAAAAA", "BB", LK_STR("AAAAAAAAAA/x:AAAAAAAAAA/y\0Z"),
			LK_STR("BB/x:BB/y\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0Z"), 2},
		{LK_PREFIX_BINARY, "AAAA", "BB", LK_STR("xx\0yyAAAA/z\0AAAA\0w"),
			LK_STR("xx\0yyBB/z\0\0\0BB\0\0\0w"), 2},
		/* the last string may end with the file */
		{LK_PREFIX_BINARY, "AAAA", "BB", LK_STR("q\0AAAA/z"), LK_STR("q\0BB/z\0\0"), 1},
		{LK_PREFIX_BINARY, "AAAA", "BBBB", LK_STR("AAAA"), LK_STR("BBBB"), 1},
		{LK_PREFIX_BINARY, "AAAA", "BBBBBB", LK_STR("AAA\0A"), LK_STR("AAA\0A"), 0},
		{LK_PREFIX_BINARY, "AAAA", "B", LK_STR(""), LK_STR(""), 0},
		/* overlapping occurrences count from the left */
		{LK_PREFIX_BINARY, "AA", "B", LK_STR("AAAAA\0"), LK_STR("BBA\0\0\0"), 2},
	};
	for (size_t i = 0; i < LK_COUNTOF(vectors); i++) {
		check(&vectors[i], "linux-64");
	}
	static const struct vector windows = {
		LK_PREFIX_BINARY, "AAAA", "B", LK_STR("AAAA\0"), LK_STR("AAAA\0"), 0};
	check(&windows, "win-64");
}

static void test_binary_no_room(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(1024);
	const struct lk_prefix_patch patch = {
		LK_PREFIX_BINARY, LK_STR("AAAA"), LK_STR("BBBBB"), LK_STR("linux-64")};
	size_t count = 0;
	assert_int_equal(lk_prefix_patch(&patch, LK_STR("xAAAA\0"), "lib/l.so", &out, &count, &err),
		LK_E_INTEGRITY);
	assert_non_null(strstr(err.message, "lib/l.so"));
	assert_non_null(strstr(err.hint, "at most 4 bytes"));
}

static void test_text(void **state)
{
	(void)state;
	static const struct vector vectors[] = {
		{LK_PREFIX_TEXT, "/P", "/e", LK_STR("#!/P/bin/python3.11 -E"),
			LK_STR("#!/e/bin/python3.11 -E"), 1},
		{LK_PREFIX_TEXT, "/P", "/my env", LK_STR("#!/P/bin/perl -w"),
			LK_STR("#!/usr/bin/env perl -w"), 1},
		{LK_PREFIX_TEXT, "/P", "/my env", LK_STR("#!/P/bin/python3.11 -E\nx\n"),
			LK_STR("#!/bin/sh\n'''exec' \"/my env/bin/python3.11\" -E \"$0\" \"$@\" "
			       "#'''\nx\n"),
			1},
		{LK_PREFIX_TEXT, "/P", "/a\"$b c", LK_STR("#!/P/bin/python\n"),
			LK_STR("#!/bin/sh\n'''exec' \"/a\\\"\\$b c/bin/python\" \"$0\" \"$@\" "
			       "#'''\n"),
			1},
		{LK_PREFIX_TEXT, "/P", "/my env", LK_STR("#!/P/bin/python3-config\n"),
			LK_STR("#!/usr/bin/env python3-config\n"), 1},
		{LK_PREFIX_TEXT, "/P P", "/e", LK_STR("#! /P P/bin/sh /P P/x\r\n/P P\r\n"),
			LK_STR("#! /e/bin/sh /e/x\r\n/e\r\n"), 3},
		{LK_PREFIX_TEXT, "/P", "/e/longer", LK_STR("a=/P:/P/P\n"),
			LK_STR("a=/e/longer:/e/longer/e/longer\n"), 3},
		{LK_PREFIX_TEXT, "/P", "/e", LK_STR(""), LK_STR(""), 0},
		/* other shebangs are not ours */
		{LK_PREFIX_TEXT, "/P", "/my env", LK_STR("#!/usr/bin/env perl\n/P\n"),
			LK_STR("#!/usr/bin/env perl\n/my env\n"), 1},
		/* UTF-16 and UTF-32 */
		{LK_PREFIX_TEXT, "/P", "/e\xc3\xa9", LK_STR("\xff\xfe/\0P\0x\0"),
			LK_STR("\xff\xfe/\0e\0\xe9\0x\0"), 1},
		{LK_PREFIX_TEXT, "/P", "/\xf0\x9f\x98\x80", LK_STR("\0z\0/\0P"),
			LK_STR("\0z\0/\xd8\x3d\xde\x00"), 1},
		{LK_PREFIX_TEXT, "/P", "/e", LK_STR("/\0\0\0P\0\0\0"), LK_STR("/\0\0\0e\0\0\0"), 1},
	};
	for (size_t i = 0; i < LK_COUNTOF(vectors); i++) {
		check(&vectors[i], "linux-64");
	}
	static const struct vector windows = {LK_PREFIX_TEXT, "/P", "C:/my env",
		LK_STR("#!/P/python.exe\n"), LK_STR("#!C:/my env/python.exe\n"), 1};
	check(&windows, "win-64");
}

/* A resulting line of 127 bytes is kept, one of 128 rewritten; on macOS 512 and 513. */
static void check_limit(const char *subdir, size_t max)
{
	char prefix[600];
	for (size_t len = max; len <= max + 1; len++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(4096);
		size_t count = 0;
		size_t room = len - strlen("#!/bin/perl");
		memset(prefix, 'p', room);
		prefix[0] = '/';
		const struct lk_prefix_patch patch = {
			LK_PREFIX_TEXT, LK_STR("/P"), lk_str_n(prefix, room), lk_str_of(subdir)};
		assert_int_equal(
			lk_prefix_patch(&patch, LK_STR("#!/P/bin/perl\n"), "f", &out, &count, &err),
			0);
		bool kept = lk_str_starts(lk_buf_view(&out), LK_STR("#!/pppp"));
		assert_int_equal(kept, len == max);
		assert_int_equal(lk_str_is(lk_buf_view(&out), "#!/usr/bin/env perl\n"), !kept);
	}
}

static void test_shebang_limit(void **state)
{
	(void)state;
	check_limit("linux-64", 127);
	check_limit("noarch", 127);
	check_limit("osx-arm64", 512);
}

static void test_hostile(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(64);
	size_t count = 0;
	struct lk_prefix_patch patch = {LK_PREFIX_TEXT, {"", 0}, LK_STR("/e"), LK_STR("linux-64")};
	assert_int_equal(
		lk_prefix_patch(&patch, LK_STR("x"), "f", &out, &count, &err), LK_E_INTEGRITY);
	patch.mode = LK_PREFIX_BINARY;
	patch.placeholder = LK_STR("\0P");
	assert_int_equal(
		lk_prefix_patch(&patch, LK_STR("a\0P"), "f", &out, &count, &err), LK_E_INTEGRITY);
	patch.mode = LK_PREFIX_TEXT;
	/* growth is bounded */
	char many[60];
	memset(many, 'P', sizeof(many));
	patch.placeholder = LK_STR("P");
	patch.prefix = LK_STR("/some/long/prefix");
	assert_int_equal(
		lk_prefix_patch(&patch, lk_str_n(many, sizeof(many)), "f", &out, &count, &err),
		LK_E_INTEGRITY);
	assert_non_null(strstr(err.message, "grows past 64 bytes"));
	/* placeholders that are no UTF-8 are still bytes */
	struct lk_buf LK_CLEANUP(lk_buf_done) raw = LK_BUF_INIT(64);
	patch.placeholder = LK_STR("\xff\xc0P");
	assert_int_equal(lk_prefix_patch(&patch, LK_STR("a\xff\xc0P"), "f", &raw, &count, &err), 0);
	assert_string_equal(lk_buf_cstr(&raw), "a/some/long/prefix");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_binary),
		cmocka_unit_test(test_binary_no_room),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_shebang_limit),
		cmocka_unit_test(test_hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
