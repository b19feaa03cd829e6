/*
 * What files of variables set, and what of them no program could be given.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "install/env_vars.h"

static void on_warn(void *ctx, const char *message)
{
	(void)message;
	(*(size_t *)ctx)++;
}

/* Up to two package files, the state, what is set in the end, and how many warnings. */
static const struct {
	const char *first, *second, *state, *expected;
	size_t warnings;
} cases[] = {
	{"{}", "{}", "{}", "", 0},
	{"{\"A\": \"1\", \"B\": \"2\"}", "{\"A\": \"3\"}", "{}", "A=3 B=2", 0},
	{"{\"A\": \"1\"}", "{}", "{\"env_vars\": {\"A\": \"s\", \"C\": \"\"}}", "A=s C=", 0},
	{"{\"A\": \"1\", \"B\": \"2\"}", "{}", "{\"env_vars\": {\"A\": \"***unset***\"}}", "B=2",
		0},
	{"{\"A\": \"***unset***\"}", "{\"A\": \"2\"}", "{\"x\": [1]}", "A=2", 0},
	{"{\"N\": 4, \"M\": -1}", "{}", "{}", "N=4 M=-1", 0},
	{"{\"N\": 1.5, \"T\": true, \"U\": null, \"L\": [\"x\"], \"O\": {}}", "{}", "{}", "", 5},
	{"{\"A;rm\": \"x\", \"\": \"x\", \"1A\": \"x\", \"A B\": \"x\", \"A=\": \"x\", \"a_1\": "
	 "\"x\"}",
		"{}", "{}", "a_1=x", 5},
	{"{\"PATH\": \"/x\"}", "{}", "{\"env_vars\": {\"PATH\": \"/y\"}}", "", 2},
	{"{\"LD_PRELOAD\": \"x.so\", \"a\": \"lower\"}", "{}", "{}", "LD_PRELOAD=x.so a=lower", 0},
	{"{\"A\": \"l1\\nl2\\u00e9\"}", "{}", "{}", "A=l1\nl2\303\251", 0},
};

static int parse(const char *text, bool is_state, struct lk_arena *arena,
	const struct lk_report *report, struct lk_env_vars *vars)
{
	struct lk_error err = LK_ERROR_INIT;
	return lk_env_vars_parse(lk_str_of(text), "file", is_state, arena, report, vars, &err);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
		struct lk_env_vars vars = {0};
		size_t warnings = 0;
		const struct lk_report report = {.ctx = &warnings, .warn = on_warn};
		assert_int_equal(parse(cases[i].first, false, &arena, &report, &vars), 0);
		assert_int_equal(parse(cases[i].second, false, &arena, &report, &vars), 0);
		assert_int_equal(parse(cases[i].state, true, &arena, &report, &vars), 0);
		const char *got = "";
		for (size_t k = 0; k < vars.len; k++) {
			got = lk_arena_printf(&arena, "%s%s" LK_STR_FMT "=" LK_STR_FMT, got,
				k ? " " : "", LK_STR_ARG(vars.items[k].name),
				LK_STR_ARG(vars.items[k].value));
		}
		assert_string_equal(got, cases[i].expected);
		assert_int_equal(warnings, cases[i].warnings);
		lk_vec_done(&vars);
	}
}

static void test_refused(void **state)
{
	static const char *const texts[] = {"", "{", "[]", "\"A\"", "{\"A\": \"1\"} x", "nul"};
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(texts); i++) {
		struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
		const struct lk_report report = {0};
		struct lk_env_vars vars = {0};
		assert_int_equal(parse(texts[i], false, &arena, &report, &vars), LK_E_FORMAT);
		assert_int_equal(parse(texts[i], true, &arena, &report, &vars), LK_E_FORMAT);
		assert_int_equal(vars.len, 0);
	}
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const struct lk_report report = {0};
	struct lk_env_vars vars = {0};
	assert_int_equal(parse("{\"env_vars\": []}", true, &arena, &report, &vars), LK_E_FORMAT);
}

/* The longest value that the kernel passes on, and one byte more. */
static void test_long(void **state)
{
	(void)state;
	for (size_t over = 0; over < 2; over++) {
		struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
		struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(200000);
		size_t warnings = 0;
		const struct lk_report report = {.ctx = &warnings, .warn = on_warn};
		struct lk_env_vars vars = {0};
		lk_buf_puts(&text, "{\"LONG\": \"");
		for (size_t i = 0; i < 131072 - 6 + over; i++) {
			lk_buf_putc(&text, 'x');
		}
		lk_buf_puts(&text, "\"}");
		assert_int_equal(parse(lk_buf_cstr(&text), false, &arena, &report, &vars), 0);
		assert_int_equal(vars.len, 1 - over);
		assert_int_equal(warnings, over);
		lk_vec_done(&vars);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
