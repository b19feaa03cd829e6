/*
 * Repodata against its oracle: hand-made texts, mutations of one that has everything, real
 * channels.
 */
/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>

#include "base/stream.h"
#include "tests/support/index_file.h"
#include "tests/support/json_mutant.h"
#include "tests/support/repodata_oracle.h"

#define MAX_TEXT ((size_t)1 << 30)

static const struct lk_repodata_origin where = {
	.channel_name = LK_STR("ch"),
	.channel_url = LK_STR("https://h/c"),
	.subdir = LK_STR("linux-64"),
	.file = "repodata.json",
};

/* "" or what is wrong with REPODATA, which is freed; NULL: refused with RC and ERR. */
static const char *judge(struct lk_repodata *repodata, int rc, const struct lk_error *err,
	const struct lk_repodata_origin *origin, lk_str told, struct lk_arena *arena)
{
	assert_true(rc == 0 || (rc == LK_E_FORMAT && err->line > 0 && err->column > 0));
	const char *why = repodata_oracle(repodata, origin, told, arena);
	if (repodata) {
		lk_repodata_tell(repodata, NULL);
	}
	lk_repodata_free(repodata);
	return why;
}

/* The same for OPENED by way of a file with its index. */
static const char *difference_in_file(
	const struct lk_repodata_origin *origin, lk_str opened, lk_str told, struct lk_arena *arena)
{
	const struct lk_index_token token = {"a token"};
	struct lk_repodata *repodata = NULL;
	struct lk_error err = LK_ERROR_INIT;
	int fd = index_file(opened, &token, &err);
	int rc = fd < 0 ? fd : lk_repodata_open_index(fd, &token, origin, &repodata, &err);
	if (fd >= 0) {
		close(fd);
	}
	return judge(repodata, rc, &err, origin, told, arena);
}

/* "" or what is wrong; *RET_OPENED (may be NULL): was the text accepted? */
static const char *difference(const struct lk_repodata_origin *origin, lk_str opened, lk_str told,
	struct lk_arena *arena, bool *ret_opened)
{
	struct lk_buf json = LK_BUF_INIT(MAX_TEXT);
	struct lk_repodata *repodata = NULL;
	struct lk_error err = LK_ERROR_INIT;

	lk_buf_put(&json, opened);
	int rc = lk_repodata_open(&json, origin, &repodata, &err);
	assert_int_equal(json.len, 0);
	if (ret_opened) {
		*ret_opened = repodata != NULL;
	}
	const char *why = judge(repodata, rc, &err, origin, told, arena);
	lk_buf_done(&json);
	return why[0] != '\0' || origin->transcribed
		? why
		: difference_in_file(origin, opened, told, arena);
}

static bool check_at(const struct lk_repodata_origin *origin, lk_str text)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	bool opened;
	const char *why = difference(origin, text, text, &arena, &opened);

	if (why[0] != '\0') {
		fail_msg("%s\n" LK_STR_FMT, why, LK_STR_ARG(text));
	}
	return opened;
}

static bool check(lk_str text)
{
	return check_at(&where, text);
}

#define BASE "\"name\":\"a\",\"version\":\"1\",\"build\":\"0\",\"build_number\":0"
#define FILE_OF(key, more) "\"" key "\":{" BASE more "}"
#define ZEROES "0000000000000000"

/* A text that has everything. */
static const char everything[] =
	"{\"info\":{\"subdir\":\"linux-64\",\"base_url\":\"../x\",\"channel_relations\":"
	"{\"base\":\"../b\",\"overrides\":\"../o\"}},\n"
	" \"packages\":{\"b-1-0.tar.bz2\":{\"build\":\"0\",\"build_number\":3,\"depends\":[],"
	"\"name\":\"b\",\"requires\":[\"r\"],\"version\":\"1\",\"track_features\":\"x, y\\tz\"},"
	"\"a-1-0.tar.bz2\":{\"build\":\"py_0\",\"build_number\":0,\"constrains\":[\"c <2\"],"
	"\"depends\":[\"b >=1\",\"d\"],\"license\":\"B\\u00e9\\ud83d\\ude00\xc3\xa9\","
	"\"license_family\":\"BSD\",\"md5\":\"" ZEROES "000000000000000F\",\"name\":\"a\","
	"\"noarch\":\"python\",\"sha256\":\"" ZEROES ZEROES ZEROES "00000000000000ff\","
	"\"size\":12345678901,\"timestamp\":1600000000123,\"version\":\"1.0\","
	"\"python_site_packages_path\":\"lib/p\",\"track_features\":[\"t\",\"u\"]}},\n"
	" \"packages.conda\":{\"a-1-0.conda\":{\"build\":\"0\",\"build_number\":1,\"depends\":"
	"[\"e\"],\"extra_depends\":{\"g\":[\"x\",\"y\"],\"h\":[]},\"flags\":[\"f\"],"
	"\"indexed_timestamp\":1600000000,\"name\":\"a\",\"noarch\":true,\"version\":\"1!2\"},"
	"\"gone-1-0.conda\":{\"build\":\"0\",\"build_number\":0,\"name\":\"gone\","
	"\"version\":\"1\"}},\n"
	" \"removed\":[\"gone-1-0.conda\",\"old-2-0.conda\",\"old-1-0.tar.bz2\"],\n"
	" \"repodata_version\":2,\"v3\":{\"conda\":{\"z-1-0\":{\"build\":\"0\",\"build_number\":0,"
	"\"depends\":[\"q[when=\\\"__cuda\\\"]\"],\"name\":\"z\",\"version\":\"1\"}},"
	"\"tar.bz2\":{\"z-1-1\":{\"build\":\"1\",\"build_number\":1,\"name\":\"z\","
	"\"version\":\"1\"}},\"whl\":{\"w-1-py3-none-any\":{\"build\":\"0\",\"build_number\":0,"
	"\"name\":\"w\",\"url\":\"https://u:p@x/y/w.whl\",\"version\":\"1\"}},\"zip\":{}},"
	"\"v4\":{}}";

/* Each line of the oracle's comparison is proven to see something. */
static void the_oracle_sees_every_difference(void **state)
{
	static const struct {
		const char *from, *to, *why;
	} rows[] = {
		{"\"name\":\"z\",\"version\":\"1\"}},\"t", "\"name\":\"y\",\"version\":\"1\"}},\"t",
			"name 3 is not 'y'"},
		{"\"version\":\"1.0\"", "\"version\":\"1.00\"", "another 'version'"},
		{"\"py_0\"", "\"py_1\"", "another 'build'"},
		{"\"build_number\":3", "\"build_number\":4", "another 'build_number'"},
		{"a-1-0.conda", "a-1-1.conda", "another 'fn'"},
		{"../x", "../y", "another 'url'"},
		{"y/w.whl", "y/v.whl", "another 'url'"},
		{"true", "\"\"", "another 'noarch'"},
		{"00ff", "00fe", "another 'sha256'"},
		{"000F", "000e", "another 'md5'"},
		{"12345678901", "12345678902", "another 'size'"},
		{"1600000000123", "1600000000124", "another 'timestamp'"},
		{"1600000000,", "1600000001,", "another 'indexed_timestamp'"},
		{"b >=1", "b >=2", "another 'depends'"},
		{"\"depends\":[]", "\"d\":[]", "another 'depends'"},
		{"c <2", "c <3", "another 'constrains'"},
		{"x, y", "x y w", "another 'track_features'"},
		{"[\"f\"]", "[]", "another 'flags'"},
		{"\"h\":[]", "\"i\":[]", "another 'extra_depends'"},
		{"[\"x\",\"y\"]", "[\"y\",\"x\"]", "another 'extra_depends'"},
		{"u00e9", "u00e8", "another 'license'"},
		{"BSD", "MIT", "another 'license_family'"},
		{"lib/p", "lib/q", "another 'python_site_packages_path'"},
		{"b-1-0.tar.bz2", "a-1-0.tar.bz2", "name 1 is not 'w'"},
		{"\"gone-1-0.conda\",", "", "name 2 is not 'gone'"},
		{"\"old-2-0.conda\",", "", "'old': other removed files"},
		{"old-1-0.tar.bz2", "b-1-0.tar.bz2", "name 1 is not 'w'"},
		{"old-2-0.conda", "q.conda", "'q.conda' is not removed"},
		{"../o", "../p", "other relations"},
		{"\"b-1", "\"x-1-0.conda\":1,\"b-1", "faults: 1 expected, 0 found"},
		{"\"zip\":{}", "\"whl\":{}", "stands twice"},
		{"\"b\",\"r", "\"b\",\"noarch\":\"q\",\"r", "should not be there"},
		{"\"repodata_version\":2", "\"repodata_version\":3", "not known"},
		{"\"zip\":{}", "\"zip\":{]", "no JSON"},
	};
	lk_str whole = LK_STR(everything);

	(void)state;
	assert_true(check(whole));
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
		size_t at = lk_str_find(whole, lk_str_of(rows[i].from));

		assert_int_not_equal(at, SIZE_MAX);
		lk_str other = lk_str_printf(&arena, "%.*s%s%s", (int)at, everything, rows[i].to,
			everything + at + strlen(rows[i].from));
		const char *why = difference(&where, whole, other, &arena, NULL);
		if (!strstr(why, rows[i].why)) {
			fail_msg("'%s' to '%s': '%s'", rows[i].from, rows[i].to, why);
		}
	}
}

static const char *const texts[] = {
	"",
	" \n\t\r",
	"\v\f",
	"\v{}",
	"null",
	" null ",
	"nul",
	"true",
	"0",
	"\"x\"",
	"[]",
	"{}",
	"{}{}",
	"{},",
	"{]",
	"[}",
	"{1:2}",
	"{-1 : 2}",
	"{true:1}",
	"{\"a\"}",
	"{\"a\":}",
	"{,}",
	"{\"a\":1,}",
	"{\"a\":[,]}",
	"{\"a\":[1,]}",
	"{\"a\":[1 2]}",
	"{\"a\":[1\"b\"]}",
	"{\"a\":[\"b\":1]}",
	"{\"a\":[1:1]}",
	"{\"a\":1 \"b\":2}",
	/* Numbers. */
	"{\"a\":-}",
	"{\"a\":01}",
	"{\"a\":-01}",
	"{\"a\":1.}",
	"{\"a\":.1}",
	"{\"a\":1.e1}",
	"{\"a\":1e}",
	"{\"a\":1e+}",
	"{\"a\":1E-05}",
	"{\"a\":+1}",
	"{\"a\":1_0}",
	"{\"a\":0x1}",
	"{\"a\":NaN}",
	"{\"a\":Infinity}",
	"{\"a\":1e999}",
	"{\"a\":-0.0e-0}",
	"{\"a\":123456789012345678901234567890}",
	"{\"a\":1true}",
	"{\"a\":truefalse}",
	"{\"a\":tru}",
	"{\"a\":True}",
	/* Strings. */
	"{\"a\":\"\\x\"}",
	"{\"a\":\"\\",
	"{\"a\":\"\\\"",
	"{\"a\":\"\\u12g4\"}",
	"{\"a\":\"\\u0000\"}",
	"{\"\\u0000\":1}",
	"{\"a\":\"\\ud800\"}",
	"{\"a\":\"\\ud800\\u0041\"}",
	"{\"a\":\"\\ud800\\ud800\"}",
	"{\"a\":\"\\udc00\"}",
	"{\"a\":\"\\udbff\\udfff\"}",
	"{\"a\":\"\\uffff\\uFFFE\"}",
	"{\"a\":\"\xff\"}",
	"{\"a\":\"\xc0\xaf\"}",
	"{\"a\":\"\xed\xa0\x80\"}",
	"{\"a\":\"\xf4\x8f\xbf\xbf\"}",
	"{\"a\":\"\xf4\x90\x80\x80\"}",
	"{\"a\":\"\xe2\x82\"}",
	"{\"a\":\"\x7f\xc2\x80\"}",
	"{\"a\":\"\t\"}",
	"{\"a\":\"\n\"}",
	"{'a':1}",
	"{\"a\":1}\xef\xbb\xbf",
	"\xef\xbb\xbf{}",
	"{\"a\":1/*x*/}",
	"{\"\":{\"\":\"\"}}",
	"{\"a\":1,\"a\":[]}",
	/* Sections. */
	("{\"info\":null,\"packages\":null,\"packages.conda\":null,\"removed\":null,"
	 "\"v3\":null,\"repodata_version\":null}"),
	"{\"packages\":[]}",
	"{\"packages\":1}",
	"{\"packages\":\"x\"}",
	"{\"packages.conda\":false}",
	"{\"removed\":{}}",
	"{\"removed\":\"a\"}",
	"{\"info\":[]}",
	"{\"info\":1}",
	"{\"v3\":[]}",
	"{\"v3\":{\"conda\":[]}}",
	"{\"v3\":{\"zip\":[]}}",
	"{\"v3\":{\"conda\":null}}",
	"{\"packages\":{\"x\":null}}",
	"{\"packages\":{},\"packages\":null}",
	"{\"info\":{},\"info\":{}}",
	"{\"removed\":[],\"removed\":[]}",
	"{\"v4\":1,\"v4\":2}",
	("{\"packages\":{" FILE_OF("a-1-0.conda", "") ",\"a-1-0.conda\":null," FILE_OF(
		"b-1-0.conda", "") ",\"b-1-0.conda\":{}," FILE_OF("b-1-0.conda", "") "}}"),
	("{\"repodata_version\":99999999999999999999}"),
	("{\"repodata_version\":2.0}"),
	("{\"repodata_version\":-3}"),
	("{\"p\\u0061ckages\":{" FILE_OF("a-1-0.conda", "") "},\"p\\u0061ckages\":1}"),
	("{\"packages\":{" FILE_OF("\\u0061-1-0.conda", "") "}}"),
	"{\"repodata_version\":3}",
	"{\"repodata_version\":3.0}",
	"{\"repodata_version\":\"3\"}",
	"{\"repodata_version\":-3}",
	"{\"info\":{\"repodata_version\":3,\"repodata_version\":1}}",
	"{\"info\":{\"base_url\":\"file:///etc\"}}",
	"{\"info\":{\"base_url\":5}}",
	"{\"info\":{\"base_url\":\"https://x/\",\"base_url\":null}}",
	("{\"info\":{\"channel_relations\":{\"base\":\"x\",\"base\":1,\"overrides\":\"y\"},"
	 "\"channel_relations\":[]}}"),
	/* Files. */
	("{\"packages\":{" FILE_OF("a-1-0.conda", "") "," FILE_OF(
		"a-1-0.conda", ",\"license\":\"2\"") "}}"),
	("{\"packages\":{" FILE_OF("a-1-0.conda", "") ",\"a-1-0.conda\":null}}"),
	("{\"packages\":{" FILE_OF("a-1-0.conda", "") "," FILE_OF(
		"a-1-0.conda", ",\"noarch\":\"q\"") "}}"),
	("{\"packages\":{" FILE_OF("a-1-0.conda", "") "},\"packages.conda\":{" FILE_OF(
		"a-1-0.conda", "") "},\"v3\":{\"conda\":{" FILE_OF("a-1-0", "") "}}}"),
	("{\"v3\":{\"conda\":{" FILE_OF("a-1-0", "") "},\"conda\":{" FILE_OF("a-1-1", "") "}}}"),
	("{\"v3\":{\"whl\":{" FILE_OF("a-1", "") "," FILE_OF("b-1", ",\"url\":\"q\"") "}}}"),
	("{\"packages\":{" FILE_OF("../a-1-0.conda", "") "," FILE_OF(".conda", "") "," FILE_OF(
		"a:b.conda", "") "," FILE_OF("a\\\\b.conda", "") "," FILE_OF("a\\u007f.conda",
		"") "," FILE_OF("a.zip", "") "," FILE_OF("\xc3\xa9 %.conda", "") "}}"),
	("{\"removed\":[\"a-1-0.conda\",\"a-1-0.conda\",5,\"a\",\"a-1\",\"a-1-0.zip\","
	 "\"a-b-1-0.whl\",\"-1-0.conda\"],\"packages\":{" FILE_OF("a-1-0.conda", "") "," FILE_OF(
		 "a-1-0.conda", "") "," FILE_OF("a-1-1.conda", "") "}}"),
};

static void each_rule_of_a_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(texts); i++) {
		(void)check(lk_str_of(texts[i]));
	}
	(void)check(LK_STR("{\"a\":\"x\0y\"}"));
	(void)check(LK_STR("{}\0"));
	(void)check(LK_STR("\0{}"));
	(void)check(LK_STR("{\0}"));
	(void)check(LK_STR("{\"a\":1\0}"));
	(void)check(LK_STR("{\"a\":true\0}"));
	(void)check(LK_STR("null\0"));
}

/* LEVELS of them, the outermost an object. */
static bool check_nested(unsigned levels)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(1 << 20);

	lk_buf_puts(&text, "{\"x\":");
	for (unsigned i = 1; i < levels; i++) {
		lk_buf_putc(&text, '[');
	}
	for (unsigned i = 1; i < levels; i++) {
		lk_buf_putc(&text, ']');
	}
	lk_buf_putc(&text, '}');
	return check(lk_buf_view(&text));
}

static void depth_is_limited(void **state)
{
	(void)state;
	assert_true(check_nested(ORACLE_MAX_DEPTH));
	assert_false(check_nested(ORACLE_MAX_DEPTH + 1));
	assert_false(check_nested(100000));
}

static const char *const fields[] = {"name", "version", "build", "build_number", "depends",
	"constrains", "subdir", "noarch", "timestamp", "track_features", "features", "license",
	"license_family", "md5", "sha256", "size", "arch", "indexed_timestamp", "extra_depends",
	"flags", "python_site_packages_path", "fn", "url", "requires", "n\\u0061me", "info",
	"packages", "packages.conda", "v3", "removed", "repodata_version", "base_url", "conda",
	"whl", "channel_relations", "base", "a-1-0.conda", "x-1.0-h_1.tar.bz2", "g"};

static const char *const values[] = {"null", "true", "false", "0", "-0", "-1", "1", "3", "1.5",
	"0.9", "1e0", "1.6e12", "16E+11", "12345e-2", "1.5e-1", "0e99999999999999999999", "1e400",
	"1e-99999999999999999999", "0.00000000000000000000000000000000000000000000001e48",
	"253402300799", "253402300799.9", "253402300800", "18446744073709551615",
	"18446744073709551615.9", "18446744073709551616", "1844674407370955161500e-2", "1.8e19",
	"1.9e19", "123456789012345678901234567890", "\"\"", "\" \"", "\"a\"", "\"__a\"", "\"A\"",
	"\"b-1-0.conda\"", "\"1.0\"", "\"1..2\"", "\"1/2\"", "\"..\"", "\"\\u007f\"",
	"\"\\ud83d\\ude00\"", "\"python\"", "\"generic\"", "\"other\"", "\"x,y\\u000bz\\f,,\"",
	"\"https://u:p@h/t/tok/x\"", "\"file:///etc\"", "\"../../..//x\"",
	("\"" ZEROES "00000000000000aB\""), ("\"" ZEROES "00000000000000xx\""),
	("\"" ZEROES ZEROES ZEROES ZEROES "\""), "[]", "[null]", "[[]]", "[\"\"]",
	"[\"a\",null,1,{},\"\\u0062\"]", "{}", "{\"a\":null}", "{\"a\":[1]}", "{\"\":\"\"}",
	"{\"a\":[\"b\"],\"\\u0061\":[\"c\"],\"d\":[\"e\"]}", "{\"base\":\"b\"}",
	("{\"a-1-0.conda\":{" BASE "}}"), ("{" BASE "}")};

/* Alone, and after a good value or before one: of equal keys the last counts. */
static void any_value_in_any_field(void **state)
{
	static const char *const forms[] = {
		("{\"packages.conda\":{\"a-1-0.conda\":{" BASE ",\"%s\":%s,\"\":1}}}"),
		("{\"packages.conda\":{\"a-1-0.conda\":{\"%s\":%s," BASE ",\"noarch\":\"python\","
		 "\"md5\":\"" ZEROES ZEROES "\",\"sha256\":\"" ZEROES ZEROES ZEROES ZEROES "\","
		 "\"extra_depends\":{\"h\":[]},\"size\":1,\"timestamp\":1,\"depends\":[]}}}"),
		("{\"packages.conda\":{\"a-1-0.conda\":{" BASE ",\"noarch\":\"python\","
		 "\"md5\":\"" ZEROES ZEROES "\",\"sha256\":\"" ZEROES ZEROES ZEROES ZEROES "\","
		 "\"extra_depends\":{\"h\":[]},\"size\":1,\"timestamp\":1,\"requires\":[\"r\"],"
		 "\"%s\":%s}}}"),
		("{\"v3\":{\"whl\":{\"a-1\":{" BASE ",\"url\":\"x\",\"%s\":%s}}}}"),
		("{\"info\":{\"%s\":%s},\"packages\":{\"a-1-0.conda\":{" BASE "}}}"),
		"{\"%s\":%s}",
	};

	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(fields) * LK_COUNTOF(values); i++) {
		for (size_t k = 0; k < LK_COUNTOF(forms); k++) {
			struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(4096);
			lk_str form = lk_str_of(forms[k]);
			size_t at = lk_str_find(form, LK_STR("%s"));

			lk_buf_put(&text, lk_str_slice(form, 0, at));
			lk_buf_puts(&text, fields[i / LK_COUNTOF(values)]);
			lk_buf_puts(&text, "\":");
			lk_buf_puts(&text, values[i % LK_COUNTOF(values)]);
			lk_buf_put(&text, lk_str_skip(form, at + strlen("%s\":%s")));
			(void)check(lk_buf_view(&text));
		}
	}
}

/* Where the text comes from decides the addresses, and whether a base_url is refused. */
static void each_kind_of_origin(void **state)
{
	static const struct lk_repodata_origin rows[] = {
		{LK_STR("n"), LK_STR("file:///d"), LK_STR("noarch"), "f", LK_STR(""), false},
		{LK_STR("n"), LK_STR("https://h/c"), LK_STR("noarch"), "f", LK_STR("../s/"), false},
		{LK_STR("n"), LK_STR("https://h/c"), LK_STR(""), "f", LK_STR("https://x"), false},
		{LK_STR("n"), LK_STR("s3://h/c"), LK_STR("win-64"), "f", LK_STR("/r"), false},
	};
	static const char *const urls[] = {"", "x", "/x", "//y/x", "https://y/x", "file:///x",
		"http://h/%20 x", "ftp://x", "s3://b/c"};

	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		(void)check_at(&rows[i], LK_STR(everything));
		for (size_t k = 0; k < LK_COUNTOF(urls); k++) {
			struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};

			(void)check_at(&rows[i],
				lk_str_printf(&arena,
					"{\"info\":{\"base_url\":\"%s\"},\"packages\":{" FILE_OF(
						"a-1!2-0.conda", "") "}}",
					urls[k]));
		}
	}
}

static void mutations_of_everything(void **state)
{
	enum {
		ROUNDS = 12000
	};
	struct json_mutant m = {.seed = PICK_SEED,
		.odd_keys = fields,
		.odd_values = values,
		.n_odd_keys = LK_COUNTOF(fields),
		.n_odd_values = LK_COUNTOF(values),
		.text = LK_BUF_INIT(1 << 20)};
	unsigned n_opened = 0;

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		json_mutant_make(&m, LK_STR(everything));
		n_opened += check(lk_buf_view(&m.text));
	}
	print_message("%u of %d mutants were opened\n", n_opened, ROUNDS);
	assert_in_range(n_opened, ROUNDS / 4, ROUNDS * 3 / 4);
	json_mutant_done(&m);
}

static void every_cut_of_everything(void **state)
{
	lk_str whole = LK_STR(everything);

	(void)state;
	for (size_t n = 1; n < whole.len; n++) {
		assert_false(check(lk_str_slice(whole, 0, n)));
	}
}

/* ---- real channels ---- */

static void check_file(const char *path)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) json = LK_BUF_INIT(MAX_TEXT);
	struct lk_error err = LK_ERROR_INIT;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	struct lk_stream *stream = lk_stream_decode(lk_stream_from_fd(fd, path), LK_CODEC_ZSTD);
	assert_int_equal(lk_stream_read_all(stream, &json, &err), 0);
	lk_stream_free(stream);
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	bool opened = false;
	lk_str text = lk_buf_view(&json);
	const char *why = difference(&where, text, text, &arena, &opened);
	if (why[0] != '\0' || !opened) {
		fail_msg("%s: %s", path, why);
	}
}

/* How many there were below FOLDER. */
static unsigned check_folder(const char *folder)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	unsigned n = 0;
	DIR *dir = opendir(folder);

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		const char *path = lk_arena_printf(&arena, "%s/%s", folder, entry->d_name);

		if (lk_str_ends(lk_str_of(path), LK_STR("/repodata.json.zst"))) {
			check_file(path);
			n++;
		} else if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
			n += check_folder(path);
		}
	}
	if (dir) {
		closedir(dir);
	}
	return n;
}

static void real_channels_agree(void **state)
{
	unsigned n = check_folder(LK_SHARED_DATA "/channels");

	(void)state;
	if (n == 0) {
		skip();
	}
	print_message("%u files\n", n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oracle_sees_every_difference),
		cmocka_unit_test(each_rule_of_a_text),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(any_value_in_any_field),
		cmocka_unit_test(each_kind_of_origin),
		cmocka_unit_test(every_cut_of_everything),
		cmocka_unit_test(mutations_of_everything),
		cmocka_unit_test(real_channels_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
