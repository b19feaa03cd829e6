/*
 * The repodata scanner on damaged and hostile text: refused with its place, or the one record left
 * out.
 */
#include "tests/unit/conda/repodata_support.h"

/* Strings are passed over several bytes at a time: whatever ends that, it is seen where it stands.
 */
static void every_byte_of_a_string_counts(void **state)
{
	static const char *const special[] = {"\x01", "\x1f", "\x80", "\\q"};
	struct fixture *f = *state;
	for (int before = 0; before < 20; before++) {
		for (int after = 0; after < 10; after++) {
			lk_str good = lk_str_printf(&f->arena, "%.*s\xc3\xa9 \x7f~!#[]%.*s", before,
				"xxxxxxxxxxxxxxxxxxxx", after, "yyyyyyyyyy");
			const struct lk_record *r = record_with(f,
				lk_str_printf(&f->arena, "\"license\":\"" LK_STR_FMT "\"",
					LK_STR_ARG(good))
					.ptr);
			assert_true(lk_str_eq(r->license, good));
			for (size_t i = 0; i < LK_COUNTOF(special); i++) {
				lk_str bad = lk_str_printf(&f->arena, "{\"a\":\"%.*s%s%.*s\"}",
					before, "xxxxxxxxxxxxxxxxxxxx", special[i], after,
					"yyyyyyyyyy");
				assert_int_equal(open_text(f, bad), LK_E_FORMAT);
				assert_int_equal(f->err.column, 7 + before);
			}
		}
	}
}

static void damaged_text_has_a_position(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *message;
	} rows[] = {
		{"[]", 1, 1, "expected an object"},
		{"{\"a\" 1}", 1, 6, "expected ':'"},
		{"{\"a\":1,}", 1, 8, "expected a key"},
		{"{\"a\":1 \"b\":2}", 1, 8, "expected ','"},
		{"{\n \"a\":\n  tru}", 3, 6, "expected a value"},
		{"{\"a\":01}", 1, 7, "expected ','"},
		{"{\"a\":1.}", 1, 8, "bad number"},
		{"{\"a\":-}", 1, 7, "bad number"},
		{"{\"a\":1e}", 1, 8, "bad number"},
		{"{\"a\":+1}", 1, 6, "expected a value"},
		{"{\"a\":NaN}", 1, 6, "expected a value"},
		{"{\"a\":[1,]}", 1, 9, "expected a value"},
		{"{\"a\":[1}", 1, 8, "expected ','"},
		{"{\"a\":\"\\x\"}", 1, 7, "bad escape"},
		{"{\"a\":\"\\u12g4\"}", 1, 7, "bad escape"},
		{"{\"a\":\"\\u0000\"}", 1, 7, "bad escape"},
		{"{\"a\":\"\\ud800\"}", 1, 7, "bad escape"},
		{"{\"a\":\"\\ud800\\u0041\"}", 1, 7, "bad escape"},
		{"{\"a\":\"\\udc00\"}", 1, 7, "bad escape"},
		{"{\"a\":\"b\xff\"}", 1, 8, "not UTF-8"},
		{"{\"a\":\"\xc0\xaf\"}", 1, 7, "not UTF-8"},
		{"{\"a\":\"\xed\xa0\x80\"}", 1, 7, "not UTF-8"},
		{"{\"a\":\"\xf5\x80\x80\x80\"}", 1, 7, "not UTF-8"},
		{"{\"a\":\"\xe2\x82\"}", 1, 7, "not UTF-8"},
		{"{\"a\":\"x\ty\"}", 1, 8, "control character"},
		{"{\"a\":\"x\ny\"}", 1, 8, "control character"},
		{"{} {}", 1, 4, "something follows"},
		{"{}x", 1, 3, "something follows"},
		{"\xef\xbb\xbf{}", 1, 1, "expected an object"},
		{"{\"packages\":[]}", 1, 13, "expected an object"},
		{"{\"removed\":{}}", 1, 12, "expected an array"},
		{"{\"packages\":{},\"packages\":{}}", 1, 27, "second time"},
		{"{\"repodata_version\":3}", 1, 21, "version"},
		{"{\"info\":{\"repodata_version\":3}}", 1, 29, "version"},
		{"{a:1}", 1, 2, "expected a key"},
		{"{'a':1}", 1, 2, "expected a key"},
		{"// no\n{}", 1, 1, "expected an object"},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		if (open_text(f, lk_str_of(rows[i].text)) != LK_E_FORMAT) {
			fail_msg("'%s' was not refused", rows[i].text);
		}
		if (f->err.line != rows[i].line || f->err.column != rows[i].column ||
			!strstr(f->err.message, rows[i].message)) {
			fail_msg("'%s': %u:%u %s", rows[i].text, f->err.line, f->err.column,
				f->err.message);
		}
		assert_string_equal(f->err.file, "repodata.json");
	}
}

static void nul_bytes_are_refused(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(open_text(f, LK_STR("{\"a\":\"x\0y\"}")), LK_E_FORMAT);
	assert_int_equal(open_text(f, LK_STR("{}\0")), LK_E_FORMAT);
	assert_int_equal(open_text(f, LK_STR("{\0}")), LK_E_FORMAT);
}

static lk_str nested(struct fixture *f, const char *open, const char *close, int depth)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(1 << 22);
	for (int i = 0; i < depth; i++) {
		lk_buf_puts(&text, open);
	}
	lk_buf_puts(&text, "0");
	for (int i = 0; i < depth; i++) {
		lk_buf_puts(&text, close);
	}
	return lk_str_dup(&f->arena, lk_buf_view(&text));
}

/* A hundred levels in a field harm neither the file nor the record; a bomb of them is refused. */
static void depth_is_limited(void **state)
{
	static const char *const fields[] = {"x", "depends", "constrains", "extra_depends",
		"license", "size", "noarch", "flags"};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(fields); i++) {
		lk_str list = nested(f, "[", "]", 100);
		lk_str object = nested(f, "{\"a\":", "}", 100);
		(void)record_with(f,
			lk_str_printf(&f->arena, "\"%s\":" LK_STR_FMT ",\"y\":" LK_STR_FMT,
				fields[i], LK_STR_ARG(list), LK_STR_ARG(object))
				.ptr);
	}
	assert_int_equal(open_text(f, nested(f, "[", "]", 100000)), LK_E_FORMAT);
	lk_str deep = nested(f, "{\"packages\":", "}", 100000);
	assert_int_equal(open_text(f, deep), LK_E_FORMAT);
	deep = nested(f, "{\"a\":[", "]}", 100000);
	assert_int_equal(open_text(f, deep), LK_E_FORMAT);
	assert_non_null(strstr(f->err.message, "too deep"));
}

/* Wrong kinds of values in every field: the record is used or left out, and its neighbour stays. */
static void any_value_in_any_field(void **state)
{
	static const char *const fields[] = {"name", "version", "build", "build_number", "depends",
		"constrains", "subdir", "noarch", "timestamp", "track_features", "features",
		"license", "license_family", "md5", "sha256", "size", "arch", "platform", "purls",
		"indexed_timestamp", "extra_depends", "flags", "python_site_packages_path", "fn",
		"url", "requires", "legacy_bz2_md5"};
	static const char *const values[] = {"null", "true", "false", "0", "-0", "-1", "1.5",
		"1e400", "123456789012345678901234567890", "\"\"", "\" \"", "\"\\u007f\"",
		"\"\\ud83d\\ude00\"", "[]", "[null]", "[[]]", "[\"\"]", "[\"a\",null,1,{}]", "{}",
		"{\"a\":null}", "{\"a\":[1]}", "{\"\":\"\"}", "{\"a\":{\"a\":{}}}"};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(fields); i++) {
		for (size_t k = 0; k < LK_COUNTOF(values); k++) {
			/* Twice, so that the later one counts. */
			must_open(f,
				lk_str_printf(&f->arena,
					"{\"packages.conda\":{\"b-1-0.conda\":{" BASE
					",\"name\":\"b\"},\"a-1-0.conda\":{" BASE ",\"%s\":%s}}}",
					fields[i], values[k])
					.ptr);
			assert_true(records_of(f, "a")->len <= 1);
			assert_int_equal(records_of(f, "b")->len, 1);
			(void)told(f);
		}
	}
}

static void gigantic_strings_are_only_long(void **state)
{
	static const char *const fields[] = {"name", "version", "build", "license", "md5", "noarch",
		"track_features", "timestamp", "x"};
	enum {
		HUGE_LEN = 4 << 20
	};
	struct fixture *f = *state;
	char *LK_AUTO_FREE digits = lk_calloc(1, HUGE_LEN + 1);
	memset(digits, '7', HUGE_LEN);
	for (size_t i = 0; i < LK_COUNTOF(fields); i++) {
		struct lk_buf json = LK_BUF_INIT((size_t)16 << 20);
		lk_buf_appendf(&json,
			"{\"packages.conda\":{\"a-1-0.conda\":{" BASE ",\"%s\":\"%s\","
			"\"depends\":[\"%s\"]}}}",
			fields[i], digits, digits);
		assert_false(json.overflow);
		assert_int_equal(open_buf(f, &json), 0);
		assert_true(records_of(f, "a")->len <= 1);
		(void)told(f);
	}
	struct lk_buf json = LK_BUF_INIT((size_t)16 << 20);
	lk_buf_appendf(&json, "{\"packages.conda\":{\"%s-1-0.conda\":{" BASE "}},\"%s\":%s}",
		digits, digits, digits);
	assert_int_equal(open_buf(f, &json), 0);
	assert_int_equal(records_of(f, "a")->len, 0);
}

static void duplicate_keys_leave_the_last(void **state)
{
	struct fixture *f = *state;
	const struct lk_record *r = record_with(f,
		"\"version\":\"2\",\"build\":\"x\",\"build\":\"y\",\"depends\":[\"b\"],"
		"\"depends\":[\"c\"],\"extra_depends\":{\"g\":[\"d\"],\"g\":[\"e\"]}");
	assert_true(lk_str_is(r->version, "2"));
	assert_true(lk_str_is(r->build, "y"));
	check_list(r->depends, "c");
	assert_int_equal(r->n_extra, 1);
	check_list(r->extra[0].depends, "e");
	r = record_with(f,
		"\"noarch\":\"other\",\"noarch\":\"python\",\"md5\":\"zz\",\"md5\":null,"
		"\"sha256\":\"zz\",\"sha256\":\"\",\"size\":5,\"size\":null,"
		"\"extra_depends\":{\"g\":[\"d\"]},\"extra_depends\":7");
	assert_int_equal(r->noarch, LK_NOARCH_PYTHON);
	assert_false(r->has_md5 || r->has_sha256 || r->has_size);
	assert_int_equal(r->n_extra, 0);
}

/* Every proper prefix of a document is refused, and those within it say that it was cut short. */
static void every_truncation_is_seen(void **state)
{
	struct fixture *f = *state;
	lk_str whole =
		LK_STR("{\"info\":{\"subdir\":\"linux-64\"},\"packages\":{\"a-1-0.tar.bz2\":{" BASE
		       ",\"depends\":[\"x >=1\"],\"size\":-1.5e3,\"t\":true,\"n\":null,"
		       "\"l\":\"\\u00e9\xc3\xa9\xe2\x82\xac\\ud83d\\ude00\"}},\"removed\":[]}");
	assert_int_equal(open_text(f, whole), 0);
	for (size_t n = 1; n < whole.len; n++) {
		if (open_text(f, lk_str_slice(whole, 0, n)) != LK_E_FORMAT ||
			!strstr(f->err.message, "ends in the middle")) {
			fail_msg("cut at %zu: %s", n, f->err.message);
		}
		assert_int_equal(f->err.column, n + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(every_byte_of_a_string_counts),
		CASE(damaged_text_has_a_position),
		CASE(nul_bytes_are_refused),
		CASE(depth_is_limited),
		CASE(any_value_in_any_field),
		CASE(gigantic_strings_are_only_long),
		CASE(duplicate_keys_leave_the_last),
		CASE(every_truncation_is_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
