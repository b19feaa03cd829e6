/*
 * Symbol versions in order, and processors by their names.
 */
#include "audit/symver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/host_library.h"

static void order(void **state)
{
	(void)state;
	static const char *const rising[] = {
		"2", "2.2.5", "2.3", "2.3.4", "2.9", "2.17", "2.34", "3", "3.4.30", "10"};
	for (size_t i = 0; i < LK_COUNTOF(rising); i++) {
		for (size_t k = 0; k < LK_COUNTOF(rising); k++) {
			int got = lk_symver_cmp(lk_str_of(rising[i]), lk_str_of(rising[k]));
			assert_int_equal((got > 0) - (got < 0), (i > k) - (i < k));
		}
	}
	assert_int_equal(lk_symver_cmp(LK_STR("2.07"), LK_STR("2.7")), 0);
	assert_true(lk_symver_cmp(LK_STR("2.99999999999999999999999"), LK_STR("2.5")) > 0);
}

static void parts(void **state)
{
	(void)state;
	lk_str family;
	lk_str number;
	assert_true(lk_symver_split(LK_STR("GLIBCXX_3.4.30"), &family, &number));
	assert_true(lk_str_is(family, "GLIBCXX") && lk_str_is(number, "3.4.30"));
	assert_true(lk_symver_split(LK_STR("Qt_5_PRIVATE_5.15"), &family, &number));
	assert_true(lk_str_is(family, "Qt_5_PRIVATE"));
	assert_false(lk_symver_split(LK_STR("GLIBC_PRIVATE"), &family, &number));
	assert_false(lk_symver_split(LK_STR("V1"), &family, &number));
	assert_false(lk_symver_split(LK_STR(""), &family, &number));
	assert_true(lk_str_is(lk_symver_glibc(LK_STR("GLIBC_2.34")), "2.34"));
	assert_true(lk_str_is(lk_symver_glibc(LK_STR("GLIBC_ABI_DT_RELR")), "2.36"));
	assert_int_equal(lk_symver_glibc(LK_STR("GLIBC_PRIVATE")).len, 0);
	assert_int_equal(lk_symver_glibc(LK_STR("GLIBCXX_3.4")).len, 0);
}

static void processors(void **state)
{
	(void)state;
	assert_int_equal(lk_x86_level(LK_STR("x86_64_v3")), 3);
	assert_int_equal(lk_x86_level(LK_STR("zen4")), 4);
	assert_int_equal(lk_x86_level(LK_STR("x86_64")), 1);
	assert_int_equal(lk_x86_level(LK_STR("neoverse_n1")), 0);
	assert_int_equal(lk_x86_level_in(LK_STR("__archspec 1=x86_64_v3")), 3);
	assert_int_equal(lk_x86_level_in(LK_STR("__archspec 1.* skylake_avx512|x86_64_v3")), 3);
	assert_int_equal(lk_x86_level_in(LK_STR("__archspec")), 0);
	assert_int_equal(lk_x86_level_of_bits(0), 0);
	assert_int_equal(lk_x86_level_of_bits(1), 1);
	assert_int_equal(lk_x86_level_of_bits(1 | 2 | 4), 3);
	assert_int_equal(lk_x86_level_of_bits(8), 4);
}

static void the_hosts(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum lk_host_library kind;
	} cases[] = {
		{"libc.so.6", LK_HOST_C},
		{"ld-linux-aarch64.so.1", LK_HOST_C},
		{"libcuda.so.1", LK_HOST_DRIVER},
		{"libnvidia-ml.so.1", LK_HOST_DRIVER},
		{"libstdc++.so.6", LK_HOST_COMPILER},
		{"libxcb-shm.so.0", LK_HOST_SYSTEM},
		{"libcudart.so.12", LK_HOST_NOT},
		{"libc.so.7", LK_HOST_NOT},
		{"libcrypto.so.3", LK_HOST_NOT},
		{"", LK_HOST_NOT},
	};
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		assert_int_equal(lk_host_library_of(lk_str_of(cases[i].name)), cases[i].kind);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(parts),
		cmocka_unit_test(processors),
		cmocka_unit_test(the_hosts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
