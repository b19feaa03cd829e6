/*
 * The repodata scanner: quirks of channels, damaged text, and the same answers as a plain tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/stream.h"
#include "conda/repodata.h"

struct fixture {
	struct lk_arena arena;
	struct lk_error err;
	struct lk_records records;
	struct lk_repodata *repodata;
};

static int setup(void **state)
{
	struct fixture *f = lk_calloc(1, sizeof(*f));
	lk_arena_init(&f->arena);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	lk_repodata_free(f->repodata);
	lk_vec_done(&f->records);
	lk_arena_done(&f->arena);
	lk_free(f);
	return 0;
}

static int open_buf(struct fixture *f, struct lk_buf *json)
{
	const struct lk_repodata_origin origin = {
		.channel_name = LK_STR("ch"),
		.channel_url = LK_STR("https://h/c"),
		.subdir = LK_STR("linux-64"),
		.file = "repodata.json",
	};
	lk_repodata_free(f->repodata);
	f->repodata = NULL;
	return lk_repodata_open(json, &origin, NULL, &f->repodata, &f->err);
}

static int open_text(struct fixture *f, lk_str text)
{
	struct lk_buf json = LK_BUF_INIT(1 << 20);
	lk_buf_put(&json, text);
	int rc = open_buf(f, &json);
	assert_int_equal(json.len, 0);
	return rc;
}

static void must_open(struct fixture *f, const char *text)
{
	if (open_text(f, lk_str_of(text)) < 0) {
		fail_msg("%u:%u: %s", f->err.line, f->err.column, f->err.message);
	}
}

static const struct lk_records *records_of(struct fixture *f, const char *name)
{
	lk_vec_clear(&f->records);
	assert_int_equal(
		lk_repodata_records(f->repodata, lk_str_of(name), &f->arena, &f->records, &f->err),
		0);
	return &f->records;
}

static const struct lk_record *only_record(struct fixture *f, const char *name)
{
	const struct lk_records *records = records_of(f, name);
	assert_int_equal(records->len, 1);
	return &records->items[0];
}

#define BASE "\"name\":\"a\",\"version\":\"1\",\"build\":\"0\",\"build_number\":0"

/* One record with the members MORE. */
static const struct lk_record *record_with(struct fixture *f, const char *more)
{
	must_open(f,
		lk_str_printf(&f->arena, "{\"packages.conda\":{\"a-1-0.conda\":{" BASE "%s%s}}}",
			more[0] ? "," : "", more)
			.ptr);
	return only_record(f, "a");
}

static void check_list(struct lk_str_list list, const char *wanted)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(4096);
	for (size_t i = 0; i < list.n; i++) {
		lk_buf_appendf(&text, "%s" LK_STR_FMT, i ? "|" : "", LK_STR_ARG(list.items[i]));
	}
	assert_string_equal(lk_buf_cstr(&text), wanted);
}

static void empty_repodata_has_nothing(void **state)
{
	static const char *const rows[] = {"", " \n", "{}", "{\"packages\":{}}", "null",
		"{\"packages\":null,\"packages.conda\":null,\"removed\":null,\"info\":null}",
		"{\"signatures\":{\"x\":[1,2.5e3,-0,true,false,null]},\"repodata_version\":1}"};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		must_open(f, rows[i]);
		assert_int_equal(lk_repodata_n_names(f->repodata), 0);
		assert_int_equal(lk_repodata_n_records(f->repodata), 0);
		assert_int_equal(records_of(f, "a")->len, 0);
	}
}

static void a_full_record_is_read(void **state)
{
	struct fixture *f = *state;
	const struct lk_record *r = record_with(f,
		"\"depends\":[\"b >=1\",7,\"c\"],\"constrains\":[\"d <2\"],"
		"\"sha256\":\"00000000000000000000000000000000000000000000000000000000000000ff\","
		"\"md5\":\"0000000000000000000000000000000F\",\"size\":12345678901,"
		"\"timestamp\":1600000000000,\"indexed_timestamp\":1600000000,"
		"\"license\":\"B\\\"S\\u00e9\\ud83d\\ude00D\",\"license_family\":null,"
		"\"track_features\":\"x, y  z\",\"features\":\"no\",\"flags\":[\"gpu\"],"
		"\"extra_depends\":{\"g\":[\"e\",\"f\"],\"h\":[]},"
		"\"python_site_packages_path\":\"lib/"
		"p\",\"fn\":\"other.conda\",\"subdir\":\"noarch\","
		"\"noarch\":\"python\",\"unknown\":{\"deep\":[{\"er\":1}]}");
	assert_true(lk_str_is(r->name, "a"));
	assert_true(lk_str_is(r->version, "1"));
	assert_true(lk_str_is(r->build, "0"));
	assert_int_equal(r->build_number, 0);
	assert_true(lk_str_is(r->subdir, "linux-64"));
	assert_true(lk_str_is(r->fn, "a-1-0.conda"));
	assert_true(lk_str_is(r->channel, "ch"));
	assert_true(lk_str_is(r->url, "https://h/c/linux-64/a-1-0.conda"));
	assert_int_equal(r->noarch, LK_NOARCH_PYTHON);
	assert_true(r->has_sha256 && r->sha256.bytes[31] == 0xff);
	assert_true(r->has_md5 && r->md5.bytes[15] == 0x0f);
	assert_true(r->has_size && r->size == UINT64_C(12345678901));
	assert_int_equal(r->timestamp, UINT64_C(1600000000000));
	assert_int_equal(r->indexed_timestamp, UINT64_C(1600000000000));
	check_list(r->depends, "b >=1|c");
	check_list(r->constrains, "d <2");
	check_list(r->track_features, "x|y|z");
	check_list(r->flags, "gpu");
	assert_int_equal(r->n_extra, 2);
	assert_true(lk_str_is(r->extra[0].group, "g"));
	check_list(r->extra[0].depends, "e|f");
	check_list(r->extra[1].depends, "");
	assert_true(lk_str_is(r->license,
		"B\"S\xc3\xa9\xf0\x9f\x98\x80"
		"D"));
	assert_int_equal(r->license_family.len, 0);
	assert_true(lk_str_is(r->python_site_packages_path, "lib/p"));
}

static void noarch_has_many_forms(void **state)
{
	static const struct {
		const char *more;
		enum lk_noarch noarch;
	} rows[] = {
		{"", LK_NOARCH_NO},
		{"\"noarch\":\"python\"", LK_NOARCH_PYTHON},
		{"\"noarch\":\"generic\"", LK_NOARCH_GENERIC},
		{"\"noarch\":true", LK_NOARCH_GENERIC},
		{"\"noarch\":false", LK_NOARCH_NO},
		{"\"noarch\":\"\"", LK_NOARCH_NO},
		{"\"noarch\":null", LK_NOARCH_NO},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		assert_int_equal(record_with(f, rows[i].more)->noarch, rows[i].noarch);
	}
}

static void missing_and_odd_fields_are_tolerated(void **state)
{
	struct fixture *f = *state;
	const struct lk_record *r = record_with(f,
		"\"md5\":null,\"sha256\":\"\",\"size\":null,\"timestamp\":null,\"depends\":null,"
		"\"license\":5,\"track_features\":[\"p\",\"q\"],\"constrains\":\"x\"");
	assert_false(r->has_md5 || r->has_sha256 || r->has_size);
	assert_int_equal(r->timestamp, 0);
	check_list(r->depends, "");
	check_list(r->constrains, "");
	check_list(r->track_features, "p|q");
	check_list(record_with(f, "\"requires\":[\"old\"]")->depends, "old");
	check_list(record_with(f, "\"requires\":[\"old\"],\"depends\":[\"new\"]")->depends, "new");
	check_list(record_with(f, "\"requires\":[\"old\"],\"depends\":[]")->depends, "");
	assert_int_equal(
		record_with(f, "\"timestamp\":1600000000")->timestamp, UINT64_C(1600000000000));
	assert_int_equal(
		record_with(f, "\"timestamp\":253402300799")->timestamp, UINT64_C(253402300799000));
	assert_int_equal(
		record_with(f, "\"timestamp\":253402300800")->timestamp, UINT64_C(253402300800));
	assert_int_equal(record_with(f, "\"timestamp\":1600000000000.75")->timestamp,
		UINT64_C(1600000000000));
	assert_int_equal(record_with(f, "\"timestamp\":-5")->timestamp, 0);
}

static void unusable_records_are_left_out(void **state)
{
	static const struct {
		const char *key, *record;
		bool at_scan; /* counted */
	} rows[] = {
		{"a-1-0.conda", "{\"version\":\"1\",\"build\":\"0\",\"build_number\":0}", true},
		{"a-1-0.conda", "{\"name\":\"a\",\"build\":\"0\",\"build_number\":0}", true},
		{"a-1-0.conda", "{\"name\":\"a\",\"version\":\"1\",\"build_number\":0}", true},
		{"a-1-0.conda", "{\"name\":\"a\",\"version\":\"1\",\"build\":\"0\"}", true},
		{"a-1-0.conda", "{\"name\":7,\"version\":\"1\",\"build\":\"0\",\"build_number\":0}",
			true},
		{"a-1-0.conda",
			"{\"name\":\"__a\",\"version\":\"1\",\"build\":\"0\",\"build_number\":0}",
			true},
		{"a-1-0.conda",
			"{\"name\":\"../a\",\"version\":\"1\",\"build\":\"0\",\"build_number\":0}",
			true},
		{"../a-1-0.conda", "{" BASE "}", true},
		{"x/a-1-0.conda", "{" BASE "}", true},
		{"a-1-0.zip", "{" BASE "}", true},
		{"a-1-py3-none-any.whl", "{" BASE "}", true},
		{"a\\n-1-0.conda", "{" BASE "}", true},
		{"a-1-0.conda", "null", true},
		{"a-1-0.conda", "[]", true},
		{"a-1-0.conda", "{" BASE ",\"md5\":\"zz\"}", false},
		{"a-1-0.conda", "{" BASE ",\"sha256\":\"00\"}", false},
		{"a-1-0.conda", "{" BASE ",\"noarch\":\"other\"}", false},
		{"a-1-0.conda",
			"{\"name\":\"a\",\"version\":\"1..2\",\"build\":\"0\",\"build_number\":0}",
			false},
		{"a-1-0.conda",
			"{\"name\":\"a\",\"version\":\"1/2\",\"build\":\"0\",\"build_number\":0}",
			false},
		{"a-1-0.conda",
			"{\"name\":\"a\",\"version\":\"1\",\"build\":\"a/b\",\"build_number\":0}",
			false},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		must_open(f,
			lk_str_printf(&f->arena,
				"{\"packages\":{\"%s\":%s,\"b-1-0.tar.bz2\":{\"name\":\"b\","
				"\"version\":\"1\",\"build\":\"0\",\"build_number\":3}}}",
				rows[i].key, rows[i].record)
				.ptr);
		if (records_of(f, "a")->len != 0) {
			fail_msg("row %zu was not left out", i);
		}
		assert_int_equal(lk_repodata_n_skipped(f->repodata), rows[i].at_scan);
		assert_int_equal(only_record(f, "b")->build_number, 3);
	}
}

static void conda_hides_tar_bz2_and_removed_hides_both(void **state)
{
#define DIST(n) "{\"name\":\"a\",\"version\":\"" n "\",\"build\":\"0\",\"build_number\":0}"
	struct fixture *f = *state;
	must_open(f,
		"{\"removed\":[\"a-3-0.conda\",\"a-4-0.tar.bz2\",\"z.conda\",5],"
		"\"packages\":{\"a-1-0.tar.bz2\":" DIST("1") ",\"a-2-0.tar.bz2\":" DIST(
			"2") ",\"a-3-0.tar.bz2\":" DIST("3") ",\"a-4-0.tar.bz2\":" DIST("4") "},"
											     "\"pac"
											     "kages"
											     ".cond"
											     "a\":{"
											     "\"a-"
											     "2-0."
											     "conda"
											     "\""
											     ":" DIST("2") ",\"a-3-0.conda\":" DIST("3") ",\"a-5-0.conda\":" DIST(
												     "5") ",\"a-5-0.conda\":" DIST("6") "}}");
	const struct lk_records *records = records_of(f, "a");
	static const char *const wanted[] = {
		"a-1-0.tar.bz2", "a-3-0.tar.bz2", "a-2-0.conda", "a-5-0.conda"};
	assert_int_equal(records->len, LK_COUNTOF(wanted));
	for (size_t i = 0; i < LK_COUNTOF(wanted); i++) {
		assert_true(lk_str_is(records->items[i].fn, wanted[i]));
	}
	assert_true(lk_str_is(records->items[3].version, "6"));
	assert_int_equal(lk_repodata_n_records(f->repodata), 4);
	assert_int_equal(lk_repodata_n_skipped(f->repodata), 1);
}

static void names_are_sorted(void **state)
{
	struct fixture *f = *state;
	must_open(f,
		"{\"v3\":{\"conda\":{\"zz-1-0\":{\"name\":\"zz\",\"version\":\"1\","
		"\"build\":\"0\",\"build_number\":0}},\"whl\":{\"w\":1}},"
		"\"packages\":{\"b-1-0.tar.bz2\":{\"name\":\"b\",\"version\":\"1\",\"build\":"
		"\"0\",\"build_number\":0},\"a-1-0.tar.bz2\":{" BASE "}}}");
	assert_int_equal(lk_repodata_n_names(f->repodata), 3);
	assert_true(lk_str_is(lk_repodata_name_at(f->repodata, 0), "a"));
	assert_true(lk_str_is(lk_repodata_name_at(f->repodata, 1), "b"));
	assert_true(lk_str_is(lk_repodata_name_at(f->repodata, 2), "zz"));
	assert_true(lk_str_is(only_record(f, "zz")->fn, "zz-1-0.conda"));
	assert_true(lk_str_is(lk_repodata_origin(f->repodata)->subdir, "linux-64"));
}

static void names_need_no_order(void **state)
{
#define ONE(name, version)                                                                         \
	"\"" name "-" version "-0.conda\":{\"name\":\"" name "\",\"version\":\"" version           \
	"\",\"build\":\"0\",\"build_number\":0}"
	struct fixture *f = *state;
	must_open(f,
		"{\"packages.conda\":{" ONE("b", "1") "," ONE("gone", "1") "," ONE(
			"a", "1") "," ONE("b", "2") "," ONE("b", "3") "," ONE("a",
			"2") "},"
			     "\"removed\":[\"gone-1-0."
			     "conda\",\"b-2-0.conda\"]}");
#undef ONE
	assert_int_equal(lk_repodata_n_names(f->repodata), 2);
	assert_true(lk_str_is(lk_repodata_name_at(f->repodata, 0), "a"));
	assert_true(lk_str_is(lk_repodata_name_at(f->repodata, 1), "b"));
	assert_int_equal(lk_repodata_n_records(f->repodata), 4);
	static const struct {
		const char *name, *first, *second;
	} rows[] = {{"a", "1", "2"}, {"b", "1", "3"}};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		const struct lk_records *records = records_of(f, rows[i].name);
		assert_int_equal(records->len, 2);
		assert_true(lk_str_is(records->items[0].version, rows[i].first));
		assert_true(lk_str_is(records->items[1].version, rows[i].second));
	}
	assert_int_equal(records_of(f, "gone")->len, 0);
}

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

static void base_url_decides_addresses(void **state)
{
	static const struct {
		const char *base_url, *url;
	} rows[] = {
		{"\"https://x/y\"", "https://x/y/a-1!2-0.conda"},
		{"\"https://x/y/\"", "https://x/y/a-1!2-0.conda"},
		{"\"pk\"", "https://h/c/linux-64/pk/a-1!2-0.conda"},
		{"\"../z/\"", "https://h/c/z/a-1!2-0.conda"},
		{"\"/abs\"", "https://h/abs/a-1!2-0.conda"},
		{"\"https://u:p@x/t/tok/y\"", "https://x/y/a-1!2-0.conda"},
		{"\"\"", "https://h/c/linux-64/a-1!2-0.conda"},
		{"null", "https://h/c/linux-64/a-1!2-0.conda"},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		must_open(f,
			lk_str_printf(&f->arena,
				"{\"packages.conda\":{\"a-1!2-0.conda\":{" BASE "}},"
				"\"info\":{\"base_url\":%s,\"subdir\":\"x\"},"
				"\"repodata_version\":2}",
				rows[i].base_url)
				.ptr);
		assert_true(lk_str_is(only_record(f, "a")->url, rows[i].url));
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

static void depth_is_limited(void **state)
{
	struct fixture *f = *state;
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(1 << 20);
	lk_buf_puts(&text, "{\"a\":");
	for (int i = 0; i < 100000; i++) {
		lk_buf_putc(&text, '[');
	}
	assert_int_equal(open_text(f, lk_buf_view(&text)), LK_E_FORMAT);
	assert_non_null(strstr(f->err.message, "too deep"));
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

/* What a tree of the whole document says about one record. */
static void check_against_tree(const struct lk_json *tree, const struct lk_record *r)
{
	assert_true(lk_str_eq(r->name, lk_json_string(lk_json_get(tree, "name"))));
	assert_true(lk_str_eq(r->version, lk_json_string(lk_json_get(tree, "version"))));
	assert_true(lk_str_eq(r->build, lk_json_string(lk_json_get(tree, "build"))));
	assert_int_equal(r->build_number, lk_json_int(lk_json_get(tree, "build_number"), -1));
	assert_true(lk_str_eq(r->license, lk_json_string(lk_json_get(tree, "license"))));
	assert_int_equal(r->size, lk_json_int(lk_json_get(tree, "size"), 0));
	int64_t time = lk_json_int(lk_json_get(tree, "timestamp"), 0);
	assert_int_equal(r->timestamp, time > INT64_C(253402300799) ? time : time * 1000);
	char hex[LK_HEX_MAX] = "";
	if (r->has_sha256) {
		lk_hex(r->sha256.bytes, LK_SHA256_LEN, hex);
	}
	assert_true(lk_str_eq_nocase(lk_str_of(hex), lk_json_string(lk_json_get(tree, "sha256"))));
	hex[0] = '\0';
	if (r->has_md5) {
		lk_hex(r->md5.bytes, LK_MD5_LEN, hex);
	}
	assert_true(lk_str_eq_nocase(lk_str_of(hex), lk_json_string(lk_json_get(tree, "md5"))));
	const struct lk_json *depends = lk_json_get(tree, "depends");
	assert_int_equal(r->depends.n, lk_json_size(depends));
	for (size_t i = 0; i < r->depends.n; i++) {
		assert_true(lk_str_eq(r->depends.items[i], lk_json_string(lk_json_at(depends, i))));
	}
	const struct lk_json *constrains = lk_json_get(tree, "constrains");
	assert_int_equal(r->constrains.n,
		lk_json_kind(constrains) == LK_JSON_ARRAY ? lk_json_size(constrains) : 0);
}

struct tree_walk {
	struct fixture *f;
	const struct lk_json *conda; /* packages.conda */
	bool is_conda;
	size_t seen;
};

static bool is_hidden(const struct tree_walk *walk, lk_str fn)
{
	lk_str dist;
	lk_archive_kind_of(fn, &dist);
	lk_str twin = lk_str_printf(&walk->f->arena, LK_STR_FMT ".conda", LK_STR_ARG(dist));
	return !walk->is_conda && lk_json_get(walk->conda, twin.ptr);
}

static int walk_one(void *ctx, lk_str fn, const struct lk_json *member)
{
	struct tree_walk *walk = ctx;
	struct fixture *f = walk->f;
	lk_str name = lk_json_string(lk_json_get(member, "name"));
	if (is_hidden(walk, fn)) {
		return 0;
	}
	bool same = f->records.len > 0 && lk_str_eq(f->records.items[0].name, name);
	const struct lk_records *records =
		same ? &f->records : records_of(f, lk_str_dup(&f->arena, name).ptr);
	for (size_t i = 0; i < records->len; i++) {
		if (lk_str_eq(records->items[i].fn, fn)) {
			check_against_tree(member, &records->items[i]);
			walk->seen++;
			return 0;
		}
	}
	fail_msg("no record for " LK_STR_FMT, LK_STR_ARG(fn));
	return 0;
}

static void compare_with_tree(struct fixture *f, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		skip();
	}
	struct lk_stream *stream = lk_stream_decode(lk_stream_from_fd(fd, path), LK_CODEC_ZSTD);
	struct lk_buf json = LK_BUF_INIT((size_t)1 << 30);
	assert_int_equal(lk_stream_read_all(stream, &json, &f->err), 0);
	lk_stream_free(stream);
	struct lk_json_doc *doc;
	assert_int_equal(lk_json_parse(lk_buf_view(&json), path, 32, &doc, &f->err), 0);
	if (open_buf(f, &json) < 0) {
		fail_msg("%s:%u:%u: %s", path, f->err.line, f->err.column, f->err.message);
	}
	const struct lk_json *root = lk_json_root(doc);
	struct tree_walk walk = {.f = f, .conda = lk_json_get(root, "packages.conda")};
	lk_json_each(lk_json_get(root, "packages"), walk_one, &walk);
	walk.is_conda = true;
	lk_json_each(walk.conda, walk_one, &walk);
	assert_int_equal(walk.seen, lk_repodata_n_records(f->repodata));
	assert_int_equal(lk_repodata_n_skipped(f->repodata), 0);
	print_message("%s: %zu records of %zu names\n", path, walk.seen,
		lk_repodata_n_names(f->repodata));
	lk_json_doc_free(doc);
}

static void real_pytorch_equals_its_tree(void **state)
{
	compare_with_tree(*state, LK_SHARED_DATA "/channels/pytorch/linux-64/repodata.json.zst");
}

static void real_pkgs_main_equals_its_tree(void **state)
{
	compare_with_tree(*state, LK_SHARED_DATA "/channels/pkgs/main/linux-64/repodata.json.zst");
}

static void real_conda_forge_equals_its_tree(void **state)
{
	compare_with_tree(*state, LK_SHARED_DATA "/channels/conda-forge/noarch/repodata.json.zst");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(empty_repodata_has_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_record_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(noarch_has_many_forms, setup, teardown),
		cmocka_unit_test_setup_teardown(
			missing_and_odd_fields_are_tolerated, setup, teardown),
		cmocka_unit_test_setup_teardown(unusable_records_are_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(
			conda_hides_tar_bz2_and_removed_hides_both, setup, teardown),
		cmocka_unit_test_setup_teardown(names_are_sorted, setup, teardown),
		cmocka_unit_test_setup_teardown(names_need_no_order, setup, teardown),
		cmocka_unit_test_setup_teardown(every_byte_of_a_string_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(base_url_decides_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged_text_has_a_position, setup, teardown),
		cmocka_unit_test_setup_teardown(nul_bytes_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(depth_is_limited, setup, teardown),
		cmocka_unit_test_setup_teardown(every_truncation_is_seen, setup, teardown),
		cmocka_unit_test_setup_teardown(real_pytorch_equals_its_tree, setup, teardown),
		cmocka_unit_test_setup_teardown(real_pkgs_main_equals_its_tree, setup, teardown),
		cmocka_unit_test_setup_teardown(real_conda_forge_equals_its_tree, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
