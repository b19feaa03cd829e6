/*
 * The growing buffer: maximum, sticky overflow, escaping.
 */
#include "base/str.h"

#include "tests/unit/base/base_test.h"

static void test_append(void **state)
{
	(void)state;
	struct lk_buf b = LK_BUF_INIT(1000);
	assert_string_equal(lk_buf_cstr(&b), "");
	lk_buf_puts(&b, "a");
	lk_buf_putc(&b, 'b');
	lk_buf_put(&b, LK_STR("c"));
	lk_buf_put(&b, (lk_str){NULL, 0});
	lk_buf_appendf(&b, "%d%s", 1, "z");
	lk_buf_append(&b, "\0x", 2);
	assert_int_equal(b.len, 7);
	assert_memory_equal(b.ptr, "abc1z\0x\0", 8);
	lk_buf_truncate(&b, 100);
	assert_int_equal(b.len, 7);
	lk_buf_truncate(&b, 2);
	assert_string_equal(b.ptr, "ab");
	char *room = lk_buf_room(&b, 3);
	memset(room, 'x', 3);
	b.len += 3;
	assert_string_equal(lk_buf_cstr(&b), "abxxx");
	lk_buf_clear(&b);
	assert_int_equal(b.len, 0);
	lk_buf_done(&b);
	lk_buf_puts(&b, "again");
	assert_string_equal(lk_buf_cstr(&b), "again");
	lk_buf_done(&b);
}

static void test_maximum(void **state)
{
	(void)state;
	struct lk_buf b = LK_BUF_INIT(4);
	lk_buf_puts(&b, "abcd");
	assert_false(b.overflow);
	lk_buf_puts(&b, "");
	assert_false(b.overflow);
	lk_buf_putc(&b, 'e');
	assert_true(b.overflow);
	assert_string_equal(lk_buf_cstr(&b), "abcd");
	lk_buf_clear(&b);
	assert_false(b.overflow);
	lk_buf_puts(&b, "ab");
	lk_buf_appendf(&b, "%s", "cde");
	assert_true(b.overflow);
	assert_string_equal(lk_buf_cstr(&b), "ab");
	assert_null(lk_buf_room(&b, SIZE_MAX));
	assert_true(b.cap <= 5);
	lk_buf_done(&b);
	struct lk_buf endless = LK_BUF_INIT(SIZE_MAX);
	lk_buf_putc(&endless, 'x');
	assert_null(lk_buf_room(&endless, SIZE_MAX - 1));
	lk_buf_done(&endless);
}

static void test_escaping(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *shown;
	} rows[] = {
		{"plain \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 \\ '",
			"plain \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 \\ '"},
		{"\x1b[31mred\x07", "\\x1b[31mred\\x07"},
		{"a\nb\tc\r", "a\\x0ab\\x09c\\x0d"},
		{"\x7f", "\\x7f"},
		{"\xc2\x9b", "\\u{9b}"},
		/* NOLINTBEGIN(misc-misleading-bidirectional) */
		{"\xe2\x80\xae.exe", "\\u{202e}.exe"},
		{"\xe2\x81\xa6\xef\xbb\xbf", "\\u{2066}\\u{feff}"},
		/* NOLINTEND(misc-misleading-bidirectional) */
		{"\xff\xc3", "\\xff\\xc3"},
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_buf b = LK_BUF_INIT(1000);
		lk_buf_put_escaped(&b, lk_str_of(rows[i].text));
		assert_string_equal(lk_buf_cstr(&b), rows[i].shown);
		lk_buf_done(&b);
	}
	struct lk_buf b = LK_BUF_INIT(10);
	lk_buf_put_escaped(&b, LK_STR("a\0b"));
	assert_string_equal(lk_buf_cstr(&b), "a\\x00b");
	lk_buf_done(&b);
}

static void test_shell_words(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *word;
	} rows[] = {
		{"env.lock", "env.lock"},
		{"a-b_c/d+e,f:g=h@i%j", "a-b_c/d+e,f:g=h@i%j"},
		{"", "''"},
		{"my lock", "'my lock'"},
		{"it's", "'it'\\''s'"},
		{"$(rm)", "'$(rm)'"},
		{"~a", "'~a'"},
		{"\xc3\xa9", "'\xc3\xa9'"},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_buf b = LK_BUF_INIT(1000);
		lk_buf_put_shell_word(&b, lk_str_of(rows[i].text));
		assert_string_equal(lk_buf_cstr(&b), rows[i].word);
		lk_buf_done(&b);
	}
}

static void test_put_size(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = {
		{0, "0 B"},
		{999, "999 B"},
		{1000, "1.0 kB"},
		{999999, "999.9 kB"},
		{8478406, "8.4 MB"},
		{815000000, "815.0 MB"},
		{1000000000, "1.0 GB"},
		{UINT64_MAX, "18446744.0 TB"},
	};
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(sizes); i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) buf = LK_BUF_INIT(64);
		lk_buf_put_size(&buf, sizes[i].bytes);
		assert_string_equal(lk_buf_cstr(&buf), sizes[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_maximum),
		cmocka_unit_test(test_escaping),
		cmocka_unit_test(test_shell_words),
		cmocka_unit_test(test_put_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
