/*
 * CUDA versions: reading, comparing, and the rules of compatibility.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cuda_version.h"
#include "smoke/cuda_driver.h"

static void test_read(void **state)
{
	(void)state;
	int version = -1;
	assert_true(lk_cuda_version_read(LK_STR("12.4"), &version));
	assert_int_equal(version, 12040);
	assert_true(lk_cuda_version_read(LK_STR("11.8-h70ddcb2_3.json"), &version));
	assert_int_equal(version, 11080);
	assert_true(lk_cuda_version_read(LK_STR("13.0.88"), &version));
	assert_int_equal(version, 13000);
	static const char *const bad[] = {"", "12", "12.", ".4", "v12.4", "1234.5", "12.100"};
	for (size_t i = 0; i < LK_COUNTOF(bad); i++) {
		assert_false(lk_cuda_version_read(lk_str_of(bad[i]), &version));
	}
	assert_int_equal(version, 13000);
}

static void test_match(void **state)
{
	(void)state;
	assert_int_equal(lk_cuda_match(12040, 12040), LK_CUDA_RUNS);
	assert_int_equal(lk_cuda_match(13000, 11080), LK_CUDA_RUNS);
	assert_int_equal(lk_cuda_match(12000, 12090), LK_CUDA_RUNS_SAME_MAJOR);
	assert_int_equal(lk_cuda_match(11080, 12000), LK_CUDA_TOO_OLD);
	assert_int_equal(lk_cuda_match(12090, 13000), LK_CUDA_TOO_OLD);
	/* Before 11 each minor version needed its own driver. */
	assert_int_equal(lk_cuda_match(10000, 10020), LK_CUDA_TOO_OLD);
	assert_string_equal(lk_cuda_oldest_driver(12), "525.60.13");
	assert_null(lk_cuda_oldest_driver(99));
}

static void test_within(void **state)
{
	(void)state;
	static const struct {
		const char *spec;
		int version;
		bool within;
	} cases[] = {
		{"", 12040, true},
		{"*", 12040, true},
		{">=12.4", 12040, true},
		{">=12.4", 12030, false},
		{">= 12", 12000, true},
		{">=12,<13", 12090, true},
		{">=12,<13", 13000, false},
		{">11.8", 11080, false},
		{"<=11.8", 11080, true},
		{"12.*", 12060, true},
		{"12.*", 13000, false},
		{"12.4.*", 12040, true},
		{"=12", 12040, true},
		{"12", 12040, false},
		{"==12.4", 12040, true},
		{"12.4.0", 12040, true},
		{"!=12.4", 12040, false},
		{"!=12.*", 12040, false},
		{"!=12.*", 13000, true},
		{"~=12.4", 12060, true},
		{"~=12.4", 13000, false},
		{"11.8|>=12.4", 11080, true},
		{"11.8|>=12.4", 12010, false},
	};
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		bool within = !cases[i].within;
		assert_true(lk_cuda_within(lk_str_of(cases[i].spec), cases[i].version, &within));
		if (within != cases[i].within) {
			fail_msg("%s against %d", cases[i].spec, cases[i].version);
		}
	}
	static const char *const bad[] = {">=", "x", ">=12.x", "12.4.1", ">=12;", "12.4.*.*", "-1",
		">=99999999999999999999", "12..4"};
	for (size_t i = 0; i < LK_COUNTOF(bad); i++) {
		bool within = true;
		if (lk_cuda_within(lk_str_of(bad[i]), 12040, &within)) {
			fail_msg("'%s' was read", bad[i]);
		}
	}
}

static void test_kernel_module(void **state)
{
	(void)state;
	static const struct {
		const char *text, *version;
	} cases[] = {
		{"NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 "
		 "UTC "
		 "2023\nGCC version:  gcc version 11.4.0 (Ubuntu 11.4.0-1ubuntu1~22.04)\n",
			"535.104.05"},
		{"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  560.35.03  Release "
		 "Build  "
		 "(dvs-builder@U16-I3-C07-1-3)  Fri Aug 16 21:22:33 UTC 2024\n",
			"560.35.03"},
		{"NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65  Fri\n", "580.65"},
		{"", ""},
		{"GCC version: none\n11.4.0\n", ""},
	};
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		lk_str found = lk_cuda_kernel_module_version(lk_str_of(cases[i].text));
		if (!lk_str_is(found, cases[i].version)) {
			fail_msg(LK_STR_FMT, LK_STR_ARG(found));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_within),
		cmocka_unit_test(test_kernel_module),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
