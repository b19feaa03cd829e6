/*
 * Which device runs which code, and the names and versions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/gpu_code.h"

static struct lk_gpu_code code_of(const char *text)
{
	struct lk_gpu_code code;
	assert_true(lk_gpu_code_parse(lk_str_of(text), &code));
	return code;
}

static struct lk_gpu_codes codes_of(const char *text)
{
	struct lk_gpu_codes codes = {0};
	lk_str rest = lk_str_of(text);
	lk_str part;
	while (lk_str_split(&rest, ' ', &part)) {
		struct lk_gpu_code code;
		assert_true(lk_gpu_code_parse(part, &code));
		lk_gpu_codes_add(&codes, &code);
	}
	return codes;
}

static void names_go_both_ways(void **state)
{
	(void)state;
	static const char *const good[] = {
		"sm_70", "sm_90a", "sm_100f", "compute_80", "compute_90a", "lto_75"};
	static const char *const bad[] = {"", "sm_", "sm_7", "sm_07", "sm_70b", "sm_70af",
		"sm_7000", "70", "sm70", "SM_70", "compute_", "lto_a", "sm_-7", "sm_ 70"};
	for (size_t i = 0; i < LK_COUNTOF(good); i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(100);
		struct lk_gpu_code code = code_of(good[i]);
		lk_gpu_put_code(&code, &text);
		assert_string_equal(lk_buf_cstr(&text), good[i]);
	}
	for (size_t i = 0; i < LK_COUNTOF(bad); i++) {
		struct lk_gpu_code code;
		assert_false(lk_gpu_code_parse(lk_str_of(bad[i]), &code));
	}
}

static void devices_are_named_as_people_do(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned sm;
	} good[] = {{"sm_70", 70}, {"7.0", 70}, {"8.6", 86}, {"90a", 90}, {"9.0a", 90},
		{"compute_80", 80}, {"120", 120}, {"12.1", 121}, {"10.0f", 100}};
	static const char *const bad[] = {"", "7", "7.", ".7", "7.00", "8.6.1", "8.x", "x.6", "a",
		"0.5", "9.0b", "lto_75", "999999999999", "8,6", "1.2.3", "12.10", "9.a"};
	for (size_t i = 0; i < LK_COUNTOF(good); i++) {
		unsigned sm = 0;
		assert_true(lk_gpu_parse_device(lk_str_of(good[i].text), &sm));
		assert_int_equal(sm, good[i].sm);
	}
	for (size_t i = 0; i < LK_COUNTOF(bad); i++) {
		unsigned sm;
		if (lk_gpu_parse_device(lk_str_of(bad[i]), &sm)) {
			fail_msg("'%s' was taken for %u", bad[i], sm);
		}
	}
}

/* The rules of the Programming Guide, one line each. */
static void code_serves_as_documented(void **state)
{
	(void)state;
	static const struct {
		const char *code;
		unsigned sm;
		enum lk_gpu_way way;
	} table[] = {
		{"sm_80", 80, LK_GPU_BY_BINARY},
		{"sm_80", 86, LK_GPU_BY_BINARY},
		{"sm_86", 80, LK_GPU_NOT},
		{"sm_80", 90, LK_GPU_NOT},
		{"sm_70", 75, LK_GPU_BY_BINARY},
		{"sm_120", 121, LK_GPU_BY_BINARY},
		{"sm_100", 120, LK_GPU_NOT},
		{"sm_90a", 90, LK_GPU_BY_BINARY},
		{"sm_100a", 100, LK_GPU_BY_BINARY},
		{"sm_100a", 103, LK_GPU_NOT},
		{"sm_100f", 103, LK_GPU_BY_BINARY},
		{"sm_103f", 100, LK_GPU_NOT},
		{"sm_100f", 110, LK_GPU_NOT},
		{"sm_80", 87, LK_GPU_NOT}, /* Orin */
		{"sm_86", 87, LK_GPU_NOT},
		{"sm_87", 87, LK_GPU_BY_BINARY},
		{"sm_87", 89, LK_GPU_NOT},
		{"compute_70", 70, LK_GPU_BY_JIT},
		{"compute_70", 120, LK_GPU_BY_JIT},
		{"compute_80", 87, LK_GPU_BY_JIT},
		{"compute_80", 75, LK_GPU_NOT},
		{"compute_90a", 90, LK_GPU_BY_JIT},
		{"compute_90a", 100, LK_GPU_NOT},
		{"compute_100f", 103, LK_GPU_BY_JIT},
		{"compute_100f", 120, LK_GPU_NOT},
		{"lto_75", 75, LK_GPU_NOT},
	};
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		struct lk_gpu_code code = code_of(table[i].code);
		if (lk_gpu_code_serves(&code, table[i].sm) != table[i].way) {
			fail_msg("%s on %u", table[i].code, table[i].sm);
		}
	}
}

static void sets_are_sorted_and_without_twins(void **state)
{
	(void)state;
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(1000);
	struct lk_gpu_codes LK_CLEANUP(lk_gpu_codes_done) a =
		codes_of("compute_90 lto_75 sm_120 sm_90a sm_75 sm_90 sm_75 compute_80 sm_100f");
	struct lk_gpu_codes LK_CLEANUP(lk_gpu_codes_done) b = codes_of("sm_75 sm_90");
	struct lk_gpu_code other = {.form = LK_GPU_OTHER};
	lk_gpu_codes_add(&a, &other);
	lk_gpu_put_codes(&a, &text);
	assert_string_equal(lk_buf_cstr(&text),
		"sm_75 sm_90 sm_90a sm_100f sm_120 compute_80 compute_90 lto_75");
	assert_false(lk_gpu_codes_eq(&a, &b));
	lk_gpu_codes_add_all(&b, &a);
	assert_true(lk_gpu_codes_eq(&a, &b));
}

static void the_best_way_of_a_set_is_found(void **state)
{
	(void)state;
	struct lk_gpu_codes LK_CLEANUP(lk_gpu_codes_done) codes = codes_of("sm_80 sm_90a");
	struct lk_gpu_code ptx = {.form = LK_GPU_PTX, .sm = 80, .isa = 85};
	unsigned isa = 1;
	assert_int_equal(lk_gpu_codes_serve(&codes, 120, &isa), LK_GPU_NOT);
	assert_int_equal(isa, 0);
	lk_gpu_codes_add(&codes, &ptx);
	ptx.isa = 87; /* of one architecture the newest counts */
	lk_gpu_codes_add(&codes, &ptx);
	assert_int_equal(lk_gpu_codes_serve(&codes, 120, &isa), LK_GPU_BY_JIT);
	assert_int_equal(isa, 87);
	ptx = (struct lk_gpu_code){.form = LK_GPU_PTX, .sm = 90, .isa = 84};
	lk_gpu_codes_add(&codes, &ptx); /* another architecture's may do with an older driver */
	assert_int_equal(lk_gpu_codes_serve(&codes, 120, &isa), LK_GPU_BY_JIT);
	assert_int_equal(isa, 84);
	assert_int_equal(lk_gpu_codes_serve(&codes, 86, &isa), LK_GPU_BY_BINARY);
	assert_int_equal(isa, 0);
	assert_int_equal(lk_gpu_codes_serve(&codes, 75, NULL), LK_GPU_NOT);
}

/* PTX ISA, "Release Notes". */
static void an_isa_has_its_toolkit(void **state)
{
	(void)state;
	static const unsigned table[][2] = {{50, 0}, {60, 9000}, {65, 10020}, {70, 11000},
		{78, 11080}, {80, 12000}, {85, 12050}, {86, 12070}, {87, 12080}, {88, 12090},
		{90, 13000}, {92, 13020}};
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		assert_int_equal(lk_gpu_cuda_of_isa(table[i][0]), table[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_go_both_ways),
		cmocka_unit_test(devices_are_named_as_people_do),
		cmocka_unit_test(code_serves_as_documented),
		cmocka_unit_test(sets_are_sorted_and_without_twins),
		cmocka_unit_test(the_best_way_of_a_set_is_found),
		cmocka_unit_test(an_isa_has_its_toolkit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
