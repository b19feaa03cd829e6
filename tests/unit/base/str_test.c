/*
 * Text views.
 */
#include "base/str.h"

#include "tests/unit/base/base_test.h"

static void test_order(void **state)
{
	(void)state;
	static const char *const rising[] = {
		"", "A", "a", "a\x01", "aa", "b", "\x7f", "\xc3\xa9", "\xff"};
	for (size_t i = 0; i < LK_COUNTOF(rising); i++) {
		for (size_t k = 0; k < LK_COUNTOF(rising); k++) {
			int order = lk_str_cmp(lk_str_of(rising[i]), lk_str_of(rising[k]));
			assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
		}
	}
	lk_str empty = {NULL, 0};
	assert_int_equal(lk_str_cmp(empty, LK_STR("")), 0);
	assert_true(lk_str_eq(empty, lk_str_of(NULL)));
	assert_true(lk_str_eq_nocase(LK_STR("NumPy"), LK_STR("numpy")));
	assert_false(lk_str_eq_nocase(LK_STR("\xc3\x89"), LK_STR("\xc3\xa9")));
	assert_false(lk_str_eq_nocase(LK_STR("a"), LK_STR("ab")));
}

static void test_parts(void **state)
{
	(void)state;
	lk_str s = LK_STR("one.two.tar.bz2");
	assert_true(lk_str_starts(s, LK_STR("one.")));
	assert_false(lk_str_starts(LK_STR("on"), LK_STR("one")));
	assert_true(lk_str_ends(s, LK_STR(".bz2")));
	assert_false(lk_str_ends(LK_STR("2"), LK_STR("z2")));
	assert_true(lk_str_ends(s, LK_STR("")));
	assert_int_equal(lk_str_find_char(s, '.'), 3);
	assert_int_equal(lk_str_rfind_char(s, '.'), 11);
	assert_true(lk_str_find_char(s, '-') == SIZE_MAX);
	assert_int_equal(lk_str_find(s, LK_STR(".t")), 3);
	assert_true(lk_str_find(s, LK_STR(".x")) == SIZE_MAX);
	assert_int_equal(lk_str_find((lk_str){NULL, 0}, LK_STR("")), 0);
	assert_text(lk_str_slice(s, 4, 7), "two");
	assert_text(lk_str_slice(s, 12, 1000), "bz2");
	assert_text(lk_str_slice(s, 9, 4), "");
	assert_text(lk_str_skip(s, 1000), "");
	assert_text(lk_str_slice((lk_str){NULL, 0}, 1, 2), "");
	assert_text(lk_str_trim(LK_STR(" \t\r\n a b \v\f ")), "a b");
	assert_text(lk_str_trim(LK_STR("  ")), "");
}

static void test_split(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *parts; /* each ended by '|' */
	} rows[] = {
		{"a,b", "a|b|"},
		{"a,,b,", "a||b||"},
		{"", "|"},
		{",", "||"},
		{"abc", "abc|"},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_buf seen = LK_BUF_INIT(100);
		lk_str rest = lk_str_of(rows[i].text);
		lk_str part;
		while (lk_str_split(&rest, ',', &part)) {
			lk_buf_put(&seen, part);
			lk_buf_putc(&seen, '|');
		}
		assert_string_equal(lk_buf_cstr(&seen), rows[i].parts);
		lk_buf_done(&seen);
	}
	lk_str nothing = {NULL, 0};
	lk_str part;
	assert_false(lk_str_split(&nothing, ',', &part));
}

static void test_numbers(void **state)
{
	(void)state;
	uint64_t value = 1;
	assert_true(lk_str_to_u64(LK_STR("0"), &value));
	assert_true(value == 0);
	assert_true(lk_str_to_u64(LK_STR("00018446744073709551615"), &value));
	assert_true(value == UINT64_MAX);
	static const char *const bad[] = {"", "18446744073709551616", "99999999999999999999", "-1",
		"+1", "1 ", " 1", "0x1", "1e3", "1.0", "\xd9\xa1"};
	for (size_t i = 0; i < LK_COUNTOF(bad); i++) {
		value = 7;
		assert_false(lk_str_to_u64(lk_str_of(bad[i]), &value));
		assert_true(value == 7);
	}
}

static void test_hash(void **state)
{
	(void)state;
	char bytes[100];
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (char)(i * 7);
	}
	/* Every byte and the length count, wherever the view lies in memory. */
	for (size_t len = 0; len < sizeof(bytes) - 1; len++) {
		uint64_t hash = lk_str_hash(lk_str_n(bytes, len));
		assert_true(hash != lk_str_hash(lk_str_n(bytes, len + 1)));
		for (size_t i = 0; i < len; i++) {
			bytes[i] ^= 1;
			assert_true(hash != lk_str_hash(lk_str_n(bytes, len)));
			bytes[i] ^= 1;
		}
		char *moved = lk_calloc(1, len + 2);
		memcpy(moved + 1, bytes, len);
		assert_true(hash == lk_str_hash(lk_str_n(moved + 1, len)));
		lk_free(moved);
	}
	assert_true(lk_str_hash((lk_str){NULL, 0}) == lk_str_hash(LK_STR("")));
	/* Texts that collide under one seed are told apart by another. */
	for (size_t len = 0; len < sizeof(bytes); len++) {
		lk_str text = lk_str_n(bytes, len);
		assert_true(lk_str_hash_seeded(text, 1) != lk_str_hash_seeded(text, 2));
		assert_true(lk_str_hash_seeded(text, 0) == lk_str_hash(text));
	}
	const uint64_t zero = UINT64_C(0x6a09e667f3bcc909) ^ 16; /* cancels the state */
	char crafted[2][16] = {{0}, {1, 2, 3}};
	for (size_t i = 0; i < 2; i++) {
		memcpy(crafted[i], &zero, sizeof(zero));
		crafted[i][15] = (char)i;
	}
	lk_str x = lk_str_n(crafted[0], 16);
	lk_str y = lk_str_n(crafted[1], 16);
	assert_true(lk_str_hash(x) == lk_str_hash(y));
	assert_true(lk_str_hash_seeded(x, 7) != lk_str_hash_seeded(y, 7));
}

static void test_utf8(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t len;
		uint32_t code_point;
	} rows[] = {
		{"", 0, 0},
		{"a", 1, 'a'},
		{"\xc3\xa9", 2, 0xe9},
		{"\xe2\x82\xac", 3, 0x20ac},
		{"\xf0\x9f\x98\x80", 4, 0x1f600},
		{"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
		{"\xf4\x90\x80\x80", 0, 0},
		{"\xf8\x88\x80\x80\x80", 0, 0},
		{"\xc0\x80", 0, 0},
		{"\xc1\xbf", 0, 0},
		{"\xe0\x80\x80", 0, 0},
		{"\xf0\x80\x80\x80", 0, 0},
		{"\xed\xa0\x80", 0, 0},
		{"\xc3", 0, 0},
		{"\xc3(", 0, 0},
		{"\x80", 0, 0},
		{"\xff", 0, 0},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		uint32_t code_point = 0;
		lk_str text = lk_str_of(rows[i].text);
		assert_int_equal(lk_utf8_decode(text, &code_point), rows[i].len);
		assert_int_equal(code_point, rows[i].code_point);
		assert_int_equal(lk_utf8_is_valid(text), rows[i].len > 0 || text.len == 0);
	}
	assert_false(lk_utf8_is_valid(LK_STR("abc\xe2\x82")));
}

static void test_glob(void **state)
{
	(void)state;
	static const struct {
		const char *pattern;
		const char *text;
		bool matches;
	} rows[] = {
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "anything", true},
		{"a*", "abc", true},
		{"a*", "bc", false},
		{"*cuda*", "py312_cuda126_0", true},
		{"*cuda*", "py312_cpu_0", false},
		{"a*b*c", "axxbyyc", true},
		{"a*b*c", "axxbyycd", false},
		{"*a", "aab", false},
		{"*aab", "aaaaab", true},
		{"a?c", "abc", false},
		{"a?c", "a?c", true},
		{"**", "x", true},
		{"abc", "abd", false},
		{"ABC*", "abcd", false},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		bool matches =
			lk_str_glob(lk_str_of(rows[i].pattern), lk_str_of(rows[i].text), false);
		assert_int_equal(matches, rows[i].matches);
	}
	assert_true(lk_str_glob(LK_STR("ABC*"), LK_STR("abcd"), true));
	/* Many stars against a long text that almost matches: no exponential search. */
	struct lk_buf text = LK_BUF_INIT(100000);
	struct lk_buf pattern = LK_BUF_INIT(1000);
	for (size_t i = 0; i < 20000; i++) {
		lk_buf_putc(&text, 'a');
	}
	for (size_t i = 0; i < 200; i++) {
		lk_buf_puts(&pattern, "a*");
	}
	lk_buf_putc(&pattern, 'b');
	assert_false(lk_str_glob(lk_buf_view(&pattern), lk_buf_view(&text), false));
	lk_buf_done(&text);
	lk_buf_done(&pattern);
}

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* The textbook recursion, without limit or band. */
static unsigned plain_distance(lk_str a, lk_str b)
{
	if (a.len == 0 || b.len == 0) {
		return (unsigned)(a.len + b.len);
	}
	lk_str a1 = lk_str_slice(a, 0, a.len - 1);
	lk_str b1 = lk_str_slice(b, 0, b.len - 1);
	char x = a.ptr[a.len - 1];
	char y = b.ptr[b.len - 1];
	if (x == y) {
		return plain_distance(a1, b1);
	}
	unsigned best = smaller(plain_distance(a1, b), plain_distance(a, b1));
	best = smaller(best, plain_distance(a1, b1));
	if (a.len > 1 && b.len > 1 && x == b.ptr[b.len - 2] && y == a.ptr[a.len - 2]) {
		lk_str a2 = lk_str_slice(a, 0, a.len - 2);
		best = smaller(best, plain_distance(a2, lk_str_slice(b, 0, b.len - 2)));
	}
	return best + 1;
}

static void test_distance(void **state)
{
	(void)state;
	assert_int_equal(lk_str_distance(LK_STR("nmupy"), LK_STR("numpy"), 3), 1);
	assert_int_equal(lk_str_distance(LK_STR("kitten"), LK_STR("sitting"), 5), 3);
	assert_int_equal(lk_str_distance(LK_STR("kitten"), LK_STR("sitting"), 2), 3);
	assert_int_equal(lk_str_distance(LK_STR(""), LK_STR(""), 0), 0);
	assert_int_equal(lk_str_distance(LK_STR("a"), LK_STR("b"), 0), 1);
	unsigned random = 12345;
	for (unsigned round = 0; round < 5000; round++) {
		char a[7];
		char b[7];
		random = random * 1103515245u + 12345u;
		size_t a_len = (random >> 8) % 8;
		size_t b_len = (random >> 16) % 8;
		for (size_t i = 0; i < 7; i++) {
			random = random * 1103515245u + 12345u;
			a[i] = (char)('a' + (random >> 10) % 3);
			b[i] = (char)('a' + (random >> 20) % 3);
		}
		lk_str x = lk_str_n(a, a_len);
		lk_str y = lk_str_n(b, b_len);
		unsigned right = plain_distance(x, y);
		for (unsigned limit = 0; limit < 8; limit++) {
			unsigned expected = right <= limit ? right : limit + 1;
			assert_int_equal(lk_str_distance(x, y, limit), expected);
		}
	}
}

static void test_arena_copies(void **state)
{
	(void)state;
	struct lk_arena arena = {0};
	lk_str copy = lk_str_dup(&arena, LK_STR("abc"));
	assert_string_equal(copy.ptr, "abc");
	assert_text(lk_str_printf(&arena, "%s=%d", "x", 1), "x=1");
	assert_string_equal(lk_str_dup(&arena, (lk_str){NULL, 0}).ptr, "");
	lk_arena_done(&arena);
}

static void test_trim_end_control_lower(void **state)
{
	(void)state;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	assert_true(lk_str_is(lk_str_trim_end(LK_STR("a//b///"), '/'), "a//b"));
	assert_int_equal(lk_str_trim_end(LK_STR("///"), '/').len, 0);
	assert_int_equal(lk_str_trim_end((lk_str){NULL, 0}, '/').len, 0);
	assert_false(lk_str_has_control(LK_STR(" ~\x80\xff")));
	assert_false(lk_str_has_control((lk_str){NULL, 0}));
	assert_true(lk_str_has_control(LK_STR("a\0")));
	assert_true(lk_str_has_control(LK_STR("a\x1f")));
	assert_true(lk_str_has_control(LK_STR("\x7f")));
	assert_true(lk_str_is(lk_str_lower(&arena, LK_STR("aZ_\xc3\x89")), "az_\xc3\x89"));
	assert_true(lk_str_is(lk_str_single_spaced(&arena, LK_STR(" a \t b\nc ")), "a b c"));
	assert_true(lk_str_is(lk_str_single_spaced(&arena, LK_STR(" \t ")), ""));
	static const char digits[] = "0123456789abcdef";
	for (int i = 0; i < 16; i++) {
		assert_int_equal(lk_hex_digit(digits[i]), i);
		assert_int_equal(lk_hex_digit("0123456789ABCDEF"[i]), i);
	}
	for (const char *c = "/:@G`g\xff"; *c; c++) {
		assert_int_equal(lk_hex_digit(*c), -1);
	}
}

static void test_shorten(void **state)
{
	static const struct {
		const char *text, *wanted;
	} rows[] = {
		{"", ""},
		{"0123456789abcdef", "0123456789abcdef"},
		{"0123456789abcdefg",
			"0123456\xe2\x80\xa6"
			"bcdefg"},
		{"0123456789abcdef0123456789abcdef",
			"0123456\xe2\x80\xa6"
			"abcdef"},
		{"012345\xc3\x89 0123456789\xc3\x89"
		 "bcdef",
			"012345\xe2\x80\xa6"
			"bcdef"},
	};
	struct lk_arena arena;
	(void)state;
	lk_arena_init(&arena);
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		lk_str got = lk_str_shorten(&arena, lk_str_of(rows[i].text), 16);
		if (!lk_str_is(got, rows[i].wanted)) {
			fail_msg("'%s' became '" LK_STR_FMT "'", rows[i].text, LK_STR_ARG(got));
		}
	}
	lk_arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shorten),
		cmocka_unit_test(test_trim_end_control_lower),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_glob),
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_arena_copies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
