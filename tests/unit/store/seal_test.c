/*
 * Seals: the text goes there and back, and no change to it is overlooked.
 */
#include "store/seal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void fill(struct lk_listing *listing)
{
	struct lk_entry entries[] = {
		{.path = LK_STR("bin"), .type = LK_PATH_DIRECTORY},
		{.path = LK_STR("bin/a tool"),
			.type = LK_PATH_FILE,
			.executable = true,
			.mtime = LK_MTIME_MIN,
			.size = UINT64_C(1) << 40},
		{.path = LK_STR("bin/b"), .type = LK_PATH_FILE, .mtime = LK_MTIME_MAX},
		{.path = LK_STR("bin/c"), .type = LK_PATH_SOFTLINK, .target = LK_STR("a tool")},
		{.path = LK_STR("\xc3\xa9"), .type = LK_PATH_FILE, .mtime = 1600000000, .size = 1},
	};
	for (size_t i = 0; i < LK_COUNTOF(entries); i++) {
		memset(entries[i].sha256.bytes, (int)i, LK_SHA256_LEN);
		lk_vec_push(&listing->entries, entries[i]);
	}
}

static void test_round_trip(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_listing listing = {0};
	struct lk_listing back = {0};
	struct lk_buf text = LK_BUF_INIT(4096);
	struct lk_buf again = LK_BUF_INIT(4096);
	fill(&listing);
	assert_int_equal(lk_seal_format(&listing, &text, &err), 0);
	assert_int_equal(lk_seal_parse(lk_buf_view(&text), &back, &err), 0);
	assert_int_equal(back.entries.len, listing.entries.len);
	assert_true(back.entries.items[1].executable);
	assert_true(lk_str_is(back.entries.items[3].target, "a tool"));
	assert_int_equal(lk_seal_format(&back, &again, &err), 0);
	assert_string_equal(lk_buf_cstr(&text), lk_buf_cstr(&again));
	lk_listing_done(&back);

	struct lk_listing none = {0};
	lk_buf_clear(&text);
	assert_int_equal(lk_seal_format(&none, &text, &err), 0);
	assert_int_equal(lk_seal_parse(lk_buf_view(&text), &none, &err), 0);
	assert_int_equal(none.entries.len, 0);
	lk_listing_done(&none);

	struct lk_buf small = LK_BUF_INIT(100);
	assert_int_equal(lk_seal_format(&listing, &small, &err), LK_E_INTEGRITY);
	lk_buf_done(&small);
	lk_listing_done(&listing);
	lk_buf_done(&text);
	lk_buf_done(&again);
}

static void test_damage(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_listing listing = {0};
	struct lk_buf text = LK_BUF_INIT(4096);
	fill(&listing);
	assert_int_equal(lk_seal_format(&listing, &text, &err), 0);
	for (size_t i = 0; i < text.len; i++) {
		struct lk_listing cut = {0};
		assert_int_equal(lk_seal_parse(lk_str_n(text.ptr, i), &cut, &err), LK_E_INTEGRITY);
		lk_listing_done(&cut);
		struct lk_listing flipped = {0};
		text.ptr[i] ^= 4;
		assert_int_equal(lk_seal_parse(lk_buf_view(&text), &flipped, &err), LK_E_INTEGRITY);
		text.ptr[i] ^= 4;
		lk_listing_done(&flipped);
	}
	lk_listing_done(&listing);
	lk_buf_done(&text);
}

/* Lines that no seal has, under a right digest. */
static void test_wrong_lines(void **state)
{
	(void)state;
	static const char *const lines[] = {"d\t../x\n", "d\t\n", "q\tx\n", "l\tx\n",
		"f\t1\t2\tzz\tx\n",
		"f\t-1\t2\t0000000000000000000000000000000000000000000000000000000000000000\tx\n",
		"\n", "d\n", "d\t/x"};
	for (size_t i = 0; i < LK_COUNTOF(lines); i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_buf text = LK_BUF_INIT(4096);
		lk_buf_puts(&text, "lockenv-seal 1\n");
		lk_buf_puts(&text, lines[i]);
		char hex[LK_HEX_MAX];
		struct lk_sha256 digest = lk_sha256_of(text.ptr, text.len);
		lk_hex(digest.bytes, LK_SHA256_LEN, hex);
		lk_buf_appendf(&text, "end\t%s\n", hex);
		struct lk_listing listing = {0};
		if (lk_seal_parse(lk_buf_view(&text), &listing, &err) != LK_E_INTEGRITY) {
			fail_msg("'%s' was accepted", lines[i]);
		}
		lk_listing_done(&listing);
		lk_buf_done(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_wrong_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
