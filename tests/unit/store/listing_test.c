/*
 * Listings: order, look-up, where links lead.
 */
#include "store/listing.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_find(void **state)
{
	(void)state;
	static const char *const paths[] = {"lib/b", "a", "lib", "lib-x", "lib/a", "\xc3\xa9"};
	struct lk_listing listing = {0};
	assert_null(lk_listing_find(&listing, LK_STR("a")));
	for (size_t i = 0; i < LK_COUNTOF(paths); i++) {
		lk_vec_push(&listing.entries, (struct lk_entry){.path = lk_str_of(paths[i])});
	}
	lk_listing_sort(&listing);
	for (size_t i = 0; i < LK_COUNTOF(paths); i++) {
		const struct lk_entry *entry = lk_listing_find(&listing, lk_str_of(paths[i]));
		assert_true(entry && lk_str_is(entry->path, paths[i]));
	}
	assert_null(lk_listing_find(&listing, LK_STR("lib/c")));
	assert_null(lk_listing_find(&listing, LK_STR("")));
	lk_listing_done(&listing);
}

static void test_escapes(void **state)
{
	(void)state;
	static const struct {
		const char *path, *target;
		bool escapes;
	} rows[] = {
		{"a", "b", false},
		{"a", "./b/c", false},
		{"a", "..", true},
		{"a", "../b", true},
		{"lib/a", "..", false},
		{"lib/a", "../b", false},
		{"lib/a", "../../b", true},
		{"lib/x/a", ".././/../b", false},
		{"lib/x/a", "../../../b", true},
		{"lib/a", "/etc/passwd", true},
		{"lib/a", "/", true},
		{"lib/a", "", true},
		{"lib/a", "x/../b", true}, /* x may be a link */
		{"lib/a", "..b/c..", false},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		if (lk_link_escapes(lk_str_of(rows[i].path), lk_str_of(rows[i].target)) !=
			rows[i].escapes) {
			fail_msg("%s -> %s", rows[i].path, rows[i].target);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_escapes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
