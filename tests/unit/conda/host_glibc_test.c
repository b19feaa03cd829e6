/*
 * The host's glibc: from the text that the C library carries.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <gnu/libc-version.h>

#include "conda/host.h"

static void test_image(void **state)
{
	(void)state;
	static const struct {
		const char *image;
		const char *version;
	} rows[] = {
		{"x\n\nGNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\nCopyright",
			"2.36"},
		{"GNU C Library (GNU libc) stable release version 2.17, by Roland", "2.17"},
		{"GNU C Library development release version 2.41.9000.\n", "2.41.9000"},
		{"GNU C Library\nversion 2.36", ""},
		{"GNU C Library version .\n", ""},
		{"musl libc (x86_64)\nVersion 1.2.3", ""},
		{"", ""},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		lk_str found = lk_host_glibc_of_image(lk_str_of(rows[i].image));
		assert_true(lk_str_is(found, rows[i].version));
	}
}

static void test_this_host(void **state)
{
	(void)state;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	lk_arena_init(&arena);
	lk_str found = lk_host_glibc(&arena);
	assert_true(found.len > 0);
	assert_true(lk_str_starts(lk_str_of(gnu_get_libc_version()), found));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_this_host),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
