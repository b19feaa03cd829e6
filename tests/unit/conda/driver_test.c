/*
 * What a probe of the driver says: read when it makes sense, and refused when not.
 */
#include "conda/driver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* CEP 46: no letter in a capability. */
static const char letter[] = "{\"cuda\": \"12.4\", \"library\": \"/x\", \"devices\": "
			     "[{\"compute_capability\": \"9.0a\"}]}";

static void good_answers(void **state)
{
	static const struct {
		const char *text, *cuda, *arch, *source, *reason;
		size_t n_devices;
	} rows[] = {
		{"{\"library\": \"/x/libcuda.so.1\", \"cuda\": \"12.4\", \"devices\": []}\n",
			"12.4", "", "/x/libcuda.so.1", "", 0},
		{"{\"library\": \"/x\", \"cuda\": \"13.0\"}", "13.0", "", "/x", "", 0},
		/* As numbers: 7.5 is below 10.0, and 8.6 below 8.10. */
		{"{\"library\": \"/x\", \"cuda\": \"12.4\", \"devices\": ["
		 "{\"name\": \"a\", \"compute_capability\": \"10.0\"},"
		 "{\"name\": \"b\", \"compute_capability\": \"7.5\"}]}",
			"12.4", "7.5", "/x", "", 2},
		{"{\"library\": \"/x\", \"cuda\": \"12.4\", \"devices\": ["
		 "{\"name\": \"a\", \"compute_capability\": \"8.10\"},"
		 "{\"compute_capability\": \"8.6\"}]}",
			"12.4", "8.6", "/x", "", 2},
		{"{\"reason\": \"no driver\"}", "", "", "", "no driver", 0},
		{"{\"library\": \"/x\", \"reason\": \"broken\", \"devices\": [1, 2]}", "", "", "/x",
			"broken", 0},
	};
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	lk_arena_init(&arena);
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_driver driver;
		struct lk_error err = LK_ERROR_INIT;
		if (lk_driver_parse(lk_str_of(rows[i].text), &arena, &driver, &err) < 0) {
			fail_msg("%s: %s", rows[i].text, err.message);
		}
		assert_true(lk_str_is(driver.cuda, rows[i].cuda));
		assert_true(lk_str_is(driver.arch, rows[i].arch));
		assert_true(lk_str_is(driver.source, rows[i].source));
		assert_true(lk_str_is(driver.reason, rows[i].reason));
		assert_int_equal(driver.n_devices, rows[i].n_devices);
	}
	(void)state;
}

static void anything_else_is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"garbage",
		"[]",
		"{}",
		"{\"cuda\": 12.4, \"library\": \"/x\"}",
		"{\"cuda\": \"12.4\"}",                                          /* who says so? */
		"{\"cuda\": \"12.4\", \"library\": \"/x\", \"reason\": \"no\"}", /* which of both?
										  */
		"{\"cuda\": \"12\", \"library\": \"/x\"}",
		"{\"cuda\": \"12.4.1\", \"library\": \"/x\"}",
		"{\"cuda\": \"12.\", \"library\": \"/x\"}",
		"{\"cuda\": \"-1.4\", \"library\": \"/x\"}",
		"{\"cuda\": \"99999999999.4\", \"library\": \"/x\"}",
		"{\"cuda\": \"12.4\", \"library\": \"/x\"} {}",
		"{\"cuda\": \"12.4\", \"library\": \"/x\", \"devices\": [1]}",
		letter,
		"{\"cuda\": \"12.4\", \"library\": \"/x\", \"devices\": [[[[[[1]]]]]]}",
	};
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	lk_arena_init(&arena);
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_driver driver = {.cuda = LK_STR("untouched")};
		struct lk_error err = LK_ERROR_INIT;
		if (lk_driver_parse(lk_str_of(rows[i]), &arena, &driver, &err) != LK_E_FORMAT) {
			fail_msg("taken: %s", rows[i]);
		}
		assert_true(lk_str_is(driver.cuda, "untouched"));
	}
	(void)state;
}

static void too_many_devices(void **state)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_DRIVER_MAX_BYTES);
	struct lk_driver driver;
	struct lk_error err = LK_ERROR_INIT;
	lk_arena_init(&arena);
	lk_buf_puts(&text, "{\"cuda\": \"12.4\", \"library\": \"/x\", \"devices\": [");
	for (int i = 0; i < 65; i++) {
		lk_buf_appendf(&text, "%s{\"compute_capability\": \"9.0\"}", i ? "," : "");
	}
	lk_buf_puts(&text, "]}");
	assert_int_equal(lk_driver_parse(lk_buf_view(&text), &arena, &driver, &err), LK_E_FORMAT);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_answers),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(too_many_devices),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
