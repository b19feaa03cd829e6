/*
 * What is an SPDX expression, and how it is written canonically.
 */
#include "lock_sample.h"

#include "lock/spdx.h"

static const struct {
	const char *text;
	const char *expression; /* NULL: it is none */
	const char *refs;       /* joined by spaces */
} cases[] = {
	{"MIT", "MIT", ""},
	{"mit", "MIT", ""},
	{" bsd-3-clause ", "BSD-3-Clause", ""},
	{"0BSD", "0BSD", ""},
	{"zlib", "Zlib", ""},
	{"GPL-2.0", "GPL-2.0", ""},
	{"GPL-2.0+", "GPL-2.0+", ""},
	{"Apache-2.0+", "Apache-2.0+", ""},
	{"GPL-3.0-or-later WITH gcc-exception-3.1", "GPL-3.0-or-later WITH GCC-exception-3.1", ""},
	{"MIT and Apache-2.0", "MIT AND Apache-2.0", ""},
	{"MIT  OR\tApache-2.0 AND Zlib", "MIT OR Apache-2.0 AND Zlib", ""},
	{"(MIT OR Apache-2.0) AND (ISC)", "(MIT OR Apache-2.0) AND (ISC)", ""},
	{"(MIT OR(Zlib))AND ISC", "(MIT OR (Zlib)) AND ISC", ""},
	{"LicenseRef-NVIDIA", "LicenseRef-NVIDIA", "LicenseRef-NVIDIA"},
	{"MIT AND LicenseRef-a.b-1 OR LicenseRef-c", "MIT AND LicenseRef-a.b-1 OR LicenseRef-c",
		"LicenseRef-a.b-1 LicenseRef-c"},
	{"", NULL, ""},
	{"BSD", NULL, ""},
	{"BSD 3-Clause", NULL, ""},
	{"MIT/X11", NULL, ""},
	{"MIT, ISC", NULL, ""},
	{"MIT AND", NULL, ""},
	{"AND MIT", NULL, ""},
	{"MIT ISC", NULL, ""},
	{"MIT OR OR ISC", NULL, ""},
	{"(MIT", NULL, ""},
	{"MIT)", NULL, ""},
	{"()", NULL, ""},
	{"MIT WITH", NULL, ""},
	{"MIT WITH MIT", NULL, ""},
	{"GCC-exception-3.1", NULL, ""},
	{"GPL-2.0-only WITH exceptions", NULL, ""},
	{"(MIT) WITH LLVM-exception", NULL, ""},
	{"LicenseRef-", NULL, ""},
	{"LicenseRef-a_b", NULL, ""},
	{"LicenseRef-a AND nonsense", NULL, ""},
	{"DocumentRef-x:LicenseRef-y", NULL, ""},
	{"MIT+ +", NULL, ""},
};

static void test_expressions(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		struct lk_arena arena = {0};
		struct lk_strs refs = {0};
		struct lk_buf joined = LK_BUF_INIT(1000);
		lk_str canonical = {NULL, 0};
		bool is = lk_spdx_expression(lk_str_of(cases[i].text), &arena, &canonical, &refs);
		if (is != (cases[i].expression != NULL)) {
			fail_msg("'%s' is %s expression", cases[i].text, is ? "an" : "no");
		}
		assert_text(canonical, is ? cases[i].expression : "");
		for (size_t k = 0; k < refs.len; k++) {
			lk_buf_appendf(&joined, "%s" LK_STR_FMT, k > 0 ? " " : "",
				LK_STR_ARG(refs.items[k]));
		}
		assert_string_equal(lk_buf_cstr(&joined), cases[i].refs);
		lk_buf_done(&joined);
		lk_vec_done(&refs);
		lk_arena_done(&arena);
	}
}

/* Nested without end, and wide. */
static void test_limits(void **state)
{
	(void)state;
	struct lk_buf text = LK_BUF_INIT(1 << 20);
	struct lk_arena arena = {0};
	struct lk_strs refs = {0};
	lk_str canonical;
	for (unsigned i = 0; i < 100000; i++) {
		lk_buf_putc(&text, '(');
	}
	assert_false(lk_spdx_expression(lk_buf_view(&text), &arena, &canonical, &refs));
	lk_buf_clear(&text);
	for (unsigned i = 0; i < 20000; i++) {
		lk_buf_puts(&text, "LicenseRef-a OR ");
	}
	lk_buf_puts(&text, "MIT");
	assert_false(lk_spdx_expression(lk_buf_view(&text), &arena, &canonical, &refs));
	assert_int_equal(refs.len, 0);
	lk_buf_done(&text);
	lk_vec_done(&refs);
	lk_arena_done(&arena);
}

static void test_identifiers(void **state)
{
	(void)state;
	assert_string_equal(lk_spdx_licence(LK_STR("zpl-2.1")), "ZPL-2.1");
	assert_string_equal(lk_spdx_licence(LK_STR("0bsd")), "0BSD");
	assert_string_equal(lk_spdx_licence(LK_STR("ECOS-2.0")), "eCos-2.0");
	assert_null(lk_spdx_licence(LK_STR("")));
	assert_null(lk_spdx_licence(LK_STR("MI")));
	assert_null(lk_spdx_licence(LK_STR("MITT")));
	assert_null(lk_spdx_licence(LK_STR("MIT\0\0\0\0\0\0")));
	assert_null(lk_spdx_licence(LK_STR("LLVM-exception")));
	assert_string_equal(lk_spdx_exception(LK_STR("llvm-exception")), "LLVM-exception");
	assert_string_equal(lk_spdx_exception(LK_STR("389-exception")), "389-exception");
	assert_null(lk_spdx_exception(LK_STR("MIT")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expressions),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_identifiers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
