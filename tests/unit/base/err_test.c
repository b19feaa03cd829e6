/*
 * Errors and reports.
 */
#include "base/err.h"

#include <errno.h>

#include "base/report.h"
#include "tests/unit/base/base_test.h"

static void test_fail(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(lk_fail(&err, LK_E_UNSAT, "no '%s'", "x"), LK_E_UNSAT);
	assert_int_equal(err.code, LK_E_UNSAT);
	assert_string_equal(err.message, "no 'x'");
	lk_error_hint(&err, "try %d", 7);
	lk_error_file(&err, "f.yml");
	assert_string_equal(err.hint, "try 7");
	assert_int_equal(lk_wrap(&err, "step %d", 2), LK_E_UNSAT);
	assert_string_equal(err.message, "step 2: no 'x'");
	assert_string_equal(err.hint, "try 7");
	/* Made of its own parts. */
	lk_fail(&err, LK_E_BUG, "%s again", err.message);
	assert_string_equal(err.message, "step 2: no 'x' again");
	assert_string_equal(err.hint, "");
	assert_string_equal(err.file, "");
	lk_error_clear(&err);
	assert_int_equal(err.code, LK_OK);
	assert_string_equal(err.message, "");
}

static void test_errno(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	lk_fail_errno(&err, LK_E_FS, ENOSPC, "cannot write '%s'", "a");
	assert_string_equal(err.message, "cannot write 'a': no space left on device");
	assert_int_equal(err.sys_errno, ENOSPC);
	assert_true(err.hint[0] != '\0');
	lk_fail_errno(&err, LK_E_FS, EIO, "x");
	assert_string_equal(err.message, "x: input/output error");
	assert_string_equal(err.hint, "");
	lk_fail_errno(&err, LK_E_FS, 99999, "x");
	assert_string_equal(err.message, "x: error 99999");
}

static void test_positions(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(lk_fail_at(&err, "f", 3, 7, "bad"), LK_E_FORMAT);
	assert_int_equal(err.line, 3);
	assert_int_equal(err.column, 7);
	lk_fail_at(&err, err.file, 1, 1, "%s", err.message);
	assert_string_equal(err.file, "f");
	lk_fail_at(&err, NULL, 1, 1, "x");
	assert_string_equal(err.file, "");
	lk_str source = LK_STR("one\r\n\ntwo words\nlast");
	assert_text(lk_line_of(source, 1), "one");
	assert_text(lk_line_of(source, 2), "");
	assert_text(lk_line_of(source, 4), "last");
	assert_text(lk_line_of(source, 5), "");
	assert_text(lk_line_of(source, 0), "");
	lk_fail_at_offset(&err, "f", source, 10, "x");
	assert_int_equal(err.line, 3);
	assert_int_equal(err.column, 5);
	assert_string_equal(err.excerpt, "two words");
	lk_fail_at_offset(&err, "f", source, 10000, "x");
	assert_int_equal(err.line, 4);
	assert_int_equal(err.column, 5);
	lk_fail_at_offset(&err, "f", (lk_str){NULL, 0}, 0, "x");
	assert_int_equal(err.line, 1);
	assert_int_equal(err.column, 1);
}

/* What is too long is cut, between characters, and never beyond its field. */
static void test_long(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	char text[8001];
	for (size_t i = 0; i < 8000; i += 2) {
		memcpy(text + i, "\xc3\xa9", 2);
	}
	text[8000] = '\0';
	lk_fail_at(&err, text, 1, 1, "x%s", text);
	lk_error_hint(&err, "%s", text);
	lk_wrap(&err, "%s", text);
	lk_error_excerpt(&err, lk_str_of(text));
	const struct {
		const char *field;
		size_t size;
	} fields[] = {
		{err.file, sizeof(err.file)},
		{err.message, sizeof(err.message)},
		{err.hint, sizeof(err.hint)},
		{err.excerpt, sizeof(err.excerpt)},
	};
	for (size_t i = 0; i < LK_COUNTOF(fields); i++) {
		assert_in_range(strlen(fields[i].field), fields[i].size - 4, fields[i].size - 1);
		assert_true(lk_utf8_is_valid(lk_str_of(fields[i].field)));
	}
	lk_error_clear(&err);
	lk_fail_at_offset(&err, "f", lk_str_of(text), 9, "a line too long to show");
	assert_string_equal(err.excerpt, "");
}

struct heard {
	char text[100];
	int level;
	uint64_t done;
};

static void hear_warning(void *ctx, const char *message)
{
	struct heard *heard = ctx;
	(void)snprintf(heard->text, sizeof(heard->text), "%s", message);
}

static void hear_note(void *ctx, int level, const char *message)
{
	hear_warning(ctx, message);
	((struct heard *)ctx)->level = level;
}

static void hear_progress(void *ctx, const struct lk_progress *progress)
{
	((struct heard *)ctx)->done = progress->done;
}

static bool say_stop(void *ctx)
{
	(void)ctx;
	return true;
}

static void test_report(void **state)
{
	(void)state;
	struct heard heard = {0};
	struct lk_progress progress = {.done = 4};
	const struct lk_report silent = {0};
	const struct lk_report *const quiet[] = {NULL, &silent};
	for (size_t i = 0; i < 2; i++) {
		lk_warn(quiet[i], "x");
		lk_note(quiet[i], 1, "x");
		lk_report_progress(quiet[i], &progress);
		assert_false(lk_report_stop(quiet[i]));
	}
	const struct lk_report loud = {&heard, hear_warning, hear_note, hear_progress, say_stop};
	lk_warn(&loud, "w %d", 1);
	assert_string_equal(heard.text, "w 1");
	lk_note(&loud, 2, "n %d", 2);
	assert_string_equal(heard.text, "n 2");
	assert_int_equal(heard.level, 2);
	lk_report_progress(&loud, &progress);
	assert_int_equal(heard.done, 4);
	assert_true(lk_report_stop(&loud));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fail),
		cmocka_unit_test(test_errno),
		cmocka_unit_test(test_positions),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_report),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
