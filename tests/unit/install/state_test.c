/*
 * conda-meta/state between the lock's variables and somebody's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "install/state.h"

static void on_warn(void *ctx, const char *message)
{
	(void)message;
	(*(size_t *)ctx)++;
}

/* What is there (NULL: nothing), what the lock sets ("NAME=value" by spaces), and what is then:
 * NULL where it stays as it is. */
static const struct {
	const char *before, *lock, *after;
	size_t warnings;
} cases[] = {
	{NULL, "A=1", "{\"env_vars\": {\"A\": \"1\"}, \"lockenv\": {\"A\": \"1\"}}", 0},
	{"{\"env_vars\": {\"M\": \"m\"}, \"version\": 1}", "A=1 B=",
		"{\"version\": 1, \"env_vars\": {\"M\": \"m\", \"A\": \"1\", \"B\": \"\"}, "
		"\"lockenv\": {\"A\": \"1\", \"B\": \"\"}}",
		0},
	/* The lock's own go with it; what was set since stays. */
	{"{\"env_vars\": {\"A\": \"1\", \"B\": \"mine\", \"M\": \"m\"}, "
	 "\"lockenv\": {\"A\": \"1\", \"B\": \"2\"}}",
		"", "{\"env_vars\": {\"B\": \"mine\", \"M\": \"m\"}}", 0},
	{"{\"env_vars\": {\"A\": \"1\"}, \"lockenv\": {\"A\": \"1\"}}", "A=2",
		"{\"env_vars\": {\"A\": \"2\"}, \"lockenv\": {\"A\": \"2\"}}", 0},
	{"{\"env_vars\": {\"A\": \"mine\"}, \"lockenv\": {\"A\": \"1\"}}", "A=2",
		"{\"env_vars\": {\"A\": \"2\"}, \"lockenv\": {\"A\": \"2\"}}", 1},
	{"{\"env_vars\": {\"A\": \"mine\"}}", "A=2",
		"{\"env_vars\": {\"A\": \"2\"}, \"lockenv\": {\"A\": \"2\"}}", 1},
	{"{\"env_vars\": {\"A\": \"2\"}}", "A=2",
		"{\"env_vars\": {\"A\": \"2\"}, \"lockenv\": {\"A\": \"2\"}}", 0},
	{"{\"env_vars\": [1], \"lockenv\": \"x\"}", "A=2",
		"{\"env_vars\": {\"A\": \"2\"}, \"lockenv\": {\"A\": \"2\"}}", 0},
	/* Not ours: byte for byte, whatever it is. */
	{"{\"env_vars\":{\"M\":\"m\"}}", "", NULL, 0},
	{"no json at all", "", NULL, 0},
	{"", "", NULL, 0},
};

static size_t variables_of(const char *text, struct lk_env_var *ret)
{
	size_t n = 0;
	lk_str rest = lk_str_of(text);
	lk_str word;
	while (rest.len > 0 && lk_str_split(&rest, ' ', &word)) {
		size_t at = lk_str_find_char(word, '=');
		ret[n].name = lk_str_slice(word, 0, at);
		ret[n++].value = lk_str_skip(word, at + 1);
	}
	return n;
}

/* Both texts as the same writer has them. */
static void assert_same_json(lk_str got, const char *expected)
{
	const lk_str texts[2] = {got, lk_str_of(expected)};
	struct lk_buf written[2] = {LK_BUF_INIT(65536), LK_BUF_INIT(65536)};
	for (size_t i = 0; i < 2; i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_json_doc *LK_CLEANUP(lk_json_doc_free_p) doc = NULL;
		struct lk_jw w;
		assert_int_equal(lk_json_parse(texts[i], "test", 16, &doc, &err), 0);
		lk_jw_init(&w, &written[i], false);
		lk_jw_value(&w, lk_json_root(doc));
	}
	assert_string_equal(lk_buf_cstr(&written[0]), lk_buf_cstr(&written[1]));
	lk_buf_done(&written[0]);
	lk_buf_done(&written[1]);
}

static void test_merge(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		struct lk_env_var variables[4];
		size_t n = variables_of(cases[i].lock, variables);
		size_t warnings = 0;
		const struct lk_report report = {.ctx = &warnings, .warn = on_warn};
		struct lk_error err = LK_ERROR_INIT;
		struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(65536);
		struct lk_buf LK_CLEANUP(lk_buf_done) again = LK_BUF_INIT(65536);
		bool changed;
		assert_int_equal(lk_state_merge(lk_str_of(cases[i].before), "state", variables, n,
					 &report, &out, &changed, &err),
			0);
		assert_int_equal(changed, cases[i].after != NULL);
		assert_int_equal(warnings, cases[i].warnings);
		if (!cases[i].after) {
			assert_string_equal(lk_buf_cstr(&out), cases[i].before);
			continue;
		}
		assert_same_json(lk_buf_view(&out), cases[i].after);
		/* Once more nothing changes. */
		assert_int_equal(lk_state_merge(lk_buf_view(&out), "state", variables, n, &report,
					 &again, &changed, &err),
			0);
		assert_false(changed);
		assert_int_equal(warnings, cases[i].warnings);
	}
}

static void test_refused(void **state)
{
	static const char *const texts[] = {"", "[]", "{", "1", "{\"lockenv\": "};
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(texts); i++) {
		const struct lk_env_var variable = {LK_STR("A"), LK_STR("1")};
		const struct lk_report report = {0};
		struct lk_error err = LK_ERROR_INIT;
		struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(65536);
		bool changed;
		assert_int_equal(lk_state_merge(lk_str_of(texts[i]), "state", &variable, 1, &report,
					 &out, &changed, &err),
			LK_E_FORMAT);
		assert_true(err.hint[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
