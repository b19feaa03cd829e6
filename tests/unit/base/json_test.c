/*
 * JSON read and written.
 */
#include "base/json.h"

#include "tests/unit/base/base_test.h"

static void test_values(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_json_doc *LK_CLEANUP(lk_json_doc_free_p) doc = NULL;
	lk_str text =
		LK_STR("{\"s\": \"x\\u00e9\", \"i\": -5, \"r\": 3.0, \"f\": 2.5, \"big\": 1e30,"
		       " \"t\": true, \"n\": null, \"a\": [1, [], {}], \"\": 0}");
	assert_ok(lk_json_parse(text, "f", 3, &doc, &err), err);
	const struct lk_json *root = lk_json_root(doc);
	assert_int_equal(lk_json_kind(root), LK_JSON_OBJECT);
	assert_int_equal(lk_json_size(root), 9);
	assert_text(lk_json_string(lk_json_get(root, "s")), "x\xc3\xa9");
	assert_int_equal(lk_json_int(lk_json_get(root, "i"), 0), -5);
	assert_int_equal(lk_json_int(lk_json_get(root, "r"), 0), 3);
	assert_int_equal(lk_json_int(lk_json_get(root, "f"), 77), 77);
	assert_int_equal(lk_json_int(lk_json_get(root, "big"), 77), 77);
	assert_int_equal(lk_json_int(lk_json_get(root, "s"), 77), 77);
	assert_true(lk_json_real(lk_json_get(root, "f"), 0) == 2.5);
	assert_true(lk_json_real(lk_json_get(root, "i"), 0) == -5.0);
	assert_true(lk_json_bool(lk_json_get(root, "t"), false));
	assert_true(lk_json_bool(lk_json_get(root, "i"), true));
	assert_int_equal(lk_json_kind(lk_json_get(root, "n")), LK_JSON_NULL);
	assert_int_equal(lk_json_kind(lk_json_get(root, "r")), LK_JSON_REAL);
	assert_non_null(lk_json_get(root, ""));
	const struct lk_json *array = lk_json_get(root, "a");
	assert_int_equal(lk_json_size(array), 3);
	assert_int_equal(lk_json_kind(lk_json_at(array, 2)), LK_JSON_OBJECT);
	assert_null(lk_json_at(array, 3));
	assert_text(lk_json_string(lk_json_at(root, 0)), "x\xc3\xa9");
	assert_null(lk_json_at(root, 9));
}

static void test_absent(void **state)
{
	(void)state;
	assert_int_equal(lk_json_kind(NULL), LK_JSON_ABSENT);
	assert_null(lk_json_get(NULL, "x"));
	assert_null(lk_json_at(NULL, 0));
	assert_int_equal(lk_json_size(NULL), 0);
	assert_int_equal(lk_json_string(NULL).len, 0);
	assert_int_equal(lk_json_int(NULL, 4), 4);
	assert_true(lk_json_bool(NULL, true));
	lk_json_doc_free(NULL);
}

static int collect(void *ctx, lk_str key, const struct lk_json *member)
{
	lk_buf_put(ctx, key);
	return lk_json_int(member, 0) == 3 ? -42 : 0;
}

static void test_order_of_members(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_json_doc *LK_CLEANUP(lk_json_doc_free_p) doc = NULL;
	assert_ok(lk_json_parse(LK_STR("{\"z\":1,\"a\":2,\"m\":3,\"b\":4}"), "f", 3, &doc, &err),
		err);
	struct lk_buf LK_CLEANUP(lk_buf_done) seen = LK_BUF_INIT(100);
	assert_int_equal(lk_json_each(lk_json_root(doc), collect, &seen), -42);
	assert_string_equal(lk_buf_cstr(&seen), "zam");
	assert_int_equal(lk_json_each(lk_json_get(lk_json_root(doc), "z"), collect, &seen), 0);
	assert_int_equal(lk_json_each(NULL, collect, &seen), 0);
}

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned line;
		unsigned column;
		const char *said;
	} rows[] = {
		{"", 1, 1, "end of file"},
		{"{\"a\": 1,\n  \"a\": 2}", 2, 5, "duplicate"},
		{"[1,\n2 3]", 2, 3, "near '3'"},
		{"[1] x", 1, 5, "near 'x'"},
		{"[\"a\\u0000\"]", 1, 10, "NUL"},
		{"{\"a\\u0000\": 1}", 1, 10, "NUL"},
		{"[\"\\ud800\"]", 1, 9, "invalid Unicode"},
		{"[\"\xff\"]", 1, 2, "0xff"},
		{"[[[[1]]]]", 1, 4, "deeper than 3"},
		{"{\"a\":{\"b\":{\"c\":{}}}}", 1, 16, "deeper than 3"},
		{"[1", 1, 2, "end of file"},
		{"[01]", 1, 2, "near"},
		{"[1e999]", 1, 6, "overflow"},
		{"[123456789012345678901234567890]", 1, 31, "too big"},
		{"{'a': 1}", 1, 2, "expected"},
		{"[NaN]", 1, 4, "invalid token"},
		{"// x\n1", 1, 1, "invalid token"},
		{"[1,]", 1, 4, "unexpected token"},
		{"\xef\xbb\xbf[1]", 1, 3, "invalid token"},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_json_doc *doc = NULL;
		int rc = lk_json_parse(lk_str_of(rows[i].text), "f.json", 3, &doc, &err);
		assert_int_equal(rc, LK_E_FORMAT);
		assert_null(doc);
		if (!strstr(err.message, rows[i].said) || err.line != rows[i].line ||
			err.column != rows[i].column) {
			fail_msg("%s: %u:%u: %s", rows[i].text, err.line, err.column, err.message);
		}
		assert_string_equal(err.file, "f.json");
	}
	struct lk_error err = LK_ERROR_INIT;
	struct lk_json_doc *doc = NULL;
	assert_int_equal(lk_json_parse(lk_str_n("[1]\0", 4), "f", 3, &doc, &err), LK_E_FORMAT);
	assert_int_equal(lk_json_parse((lk_str){NULL, 0}, "f", 3, &doc, &err), LK_E_FORMAT);
	/* A NUL byte, wherever it stands. */
	static const char document[] = "{\"a\": [true, 12, \"b\", null]}";
	for (size_t at = 0; at <= strlen(document); at++) {
		char text[sizeof(document)];
		memcpy(text, document, at);
		text[at] = '\0';
		memcpy(text + at + 1, document + at, strlen(document) - at);
		assert_int_equal(lk_json_parse(lk_str_n(text, sizeof(text)), "f", 3, &doc, &err),
			LK_E_FORMAT);
		assert_int_equal(err.column, at + 1);
	}
	/* Brackets in strings do not count. */
	assert_ok(lk_json_parse(LK_STR("[\"[[[[\\\"[[{{\"]"), "f", 1, &doc, &err), err);
	lk_json_doc_free(doc);
}

/* A million brackets must not exhaust the stack. */
static void test_bomb(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_json_doc *doc = NULL;
	size_t len = 1000000;
	char *LK_AUTO_FREE text = lk_calloc(len, 1);
	memset(text, '[', len);
	assert_int_equal(
		lk_json_parse(lk_str_n(text, len), "f", UINT32_MAX, &doc, &err), LK_E_FORMAT);
}

static void test_write_styles(void **state)
{
	(void)state;
	static const char *const expected[] = {
		"{\"name\":\"a\",\"list\":[1,18446744073709551615,-2.5,null,true,[],{}],"
		"\"names\":[\"x\",\"y\"]}",
		"{\n  \"name\": \"a\",\n  \"list\": [\n    1,\n    18446744073709551615,\n"
		"    -2.5,\n    null,\n    true,\n    [],\n    {}\n  ],\n"
		"  \"names\": [\n    \"x\",\n    \"y\"\n  ]\n}",
	};
	for (int pretty = 0; pretty < 2; pretty++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(1000);
		struct lk_jw w;
		const lk_str names[] = {LK_STR("x"), LK_STR("y")};
		lk_jw_init(&w, &out, pretty);
		lk_jw_object(&w);
		lk_jw_key_string(&w, "name", LK_STR("a"));
		lk_jw_opt_string(&w, "left out", LK_STR(""));
		lk_jw_key(&w, "list");
		lk_jw_array(&w);
		lk_jw_int(&w, 1);
		lk_jw_uint(&w, UINT64_MAX);
		lk_jw_real(&w, -2.5);
		lk_jw_null(&w);
		lk_jw_bool(&w, true);
		lk_jw_array(&w);
		lk_jw_end(&w);
		lk_jw_object(&w);
		lk_jw_end(&w);
		lk_jw_end(&w);
		lk_jw_strings(&w, "names", names, 2);
		lk_jw_end(&w);
		assert_string_equal(lk_buf_cstr(&out), expected[pretty]);
	}
}

static void test_write_text(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *written;
	} rows[] = {
		{"", "\"\""},
		{"a\"b\\c/", "\"a\\\"b\\\\c/\""},
		{"\n\r\t\x01\x1b\x7f", "\"\\n\\r\\t\\u0001\\u001b\x7f\""},
		{"\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\""},
		{"a\xffz", "\"a\xef\xbf\xbdz\""},
		{"\xc3", "\"\xef\xbf\xbd\""},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(100);
		struct lk_jw w;
		lk_jw_init(&w, &out, false);
		lk_jw_string(&w, lk_str_of(rows[i].text));
		assert_string_equal(lk_buf_cstr(&out), rows[i].written);
	}
}

static void test_write_reals(void **state)
{
	(void)state;
	static const struct {
		double value;
		const char *written;
	} rows[] = {
		{0.0, "0"},
		{1.5, "1.5"},
		{1.0 / 3, "0.333333"},
		{1e20, "1e+20"},
		{123456789.0, "1.23457e+08"},
		{__builtin_inf(), "null"},
		{-__builtin_inf(), "null"},
		{__builtin_nan(""), "null"},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(100);
		struct lk_jw w;
		lk_jw_init(&w, &out, false);
		lk_jw_real(&w, rows[i].value);
		assert_string_equal(lk_buf_cstr(&out), rows[i].written);
	}
}

static void test_copy(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"{\"z\":[1,-2,0.1,1.0,1e+100,2.5e-07,true,false,null],\"a\":{\"k\":\"v\"}}",
		"[123456.789]",
		"[]",
		"\"x\"",
		"[9223372036854775807,-9223372036854775808]",
	};
	for (size_t i = 0; i < LK_COUNTOF(texts); i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_json_doc *LK_CLEANUP(lk_json_doc_free_p) doc = NULL;
		struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(1000);
		struct lk_jw w;
		assert_ok(lk_json_parse(lk_str_of(texts[i]), "f", 9, &doc, &err), err);
		lk_jw_init(&w, &out, false);
		lk_jw_value(&w, lk_json_root(doc));
		assert_string_equal(lk_buf_cstr(&out), texts[i]);
	}
}

static void test_write_too_deep(void **state)
{
	(void)state;
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(100000);
	struct lk_jw w;
	for (unsigned depth = 64; depth < 66; depth++) {
		lk_jw_init(&w, &out, true);
		for (unsigned i = 0; i < depth; i++) {
			lk_jw_array(&w);
		}
		lk_jw_null(&w);
		for (unsigned i = 0; i < depth; i++) {
			lk_jw_end(&w);
		}
		lk_jw_end(&w);
		assert_int_equal(out.overflow, depth > 64);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_order_of_members),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_write_styles),
		cmocka_unit_test(test_write_text),
		cmocka_unit_test(test_write_reals),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_write_too_deep),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
