/*
 * The repodata scanner: quirks of channels, and the same answers as a plain tree.
 */
#include "tests/unit/conda/repodata_support.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/stream.h"

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

/* JSON has more than one way to write a whole number. */
static void numbers_have_exponents(void **state)
{
	static const struct {
		const char *number;
		bool has;
		uint64_t size;
	} rows[] = {
		{"1.6e12", true, UINT64_C(1600000000000)},
		{"1.5e3", true, 1500},
		{"16E+2", true, 1600},
		{"1999e-2", true, 19},
		{"1e-99999999999999999999", true, 0},
		{"0e99999999999999999999", true, 0},
		{"1e99999999999999999999", false, 0},
		{"18446744073709551615.9", true, UINT64_MAX},
		{"1844674407370955161500e-2", true, UINT64_MAX},
		{"1.8446744073709551616e19", false, 0},
		{"-1e0", false, 0},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		lk_str more = lk_str_printf(&f->arena, "\"size\":%s", rows[i].number);
		const struct lk_record *r = record_with(f, more.ptr);
		if (r->has_size != rows[i].has || (r->has_size && r->size != rows[i].size)) {
			fail_msg("%s", rows[i].number);
		}
	}
}

/* RECORD under KEY is left out and told, at the latest when it is asked for; its neighbour stays.
 */
static void check_unusable(struct fixture *f, const char *key, const char *record, const char *why)
{
	must_open(f,
		lk_str_printf(&f->arena,
			"{\"packages\":{\"%s\":%s,\"b-1-0.tar.bz2\":{\"name\":\"b\","
			"\"version\":\"1\",\"build\":\"0\",\"build_number\":3}}}",
			key, record)
			.ptr);
	for (int times = 0; times < 2; times++) {
		assert_int_equal(records_of(f, "a")->len, 0);
	}
	assert_int_equal(lk_repodata_n_faults(f->repodata), 1);
	size_t offset = strlen("{\"packages\":{\"\":") + strlen(key);
	const char *place =
		lk_str_printf(&f->arena, "note 1: repodata.json: byte %zu: '", offset).ptr;
	const char *text = told(f);
	if (!strstr(text, "warning: 'repodata.json': 1 broken record is left out") ||
		!strstr(text, place) || !strstr(text, why)) {
		fail_msg("%s: %s: %s", key, record, text);
	}
	assert_string_equal(told(f), "");
	assert_int_equal(only_record(f, "b")->build_number, 3);
}

static void unusable_records_are_left_out(void **state)
{
#define NBN(name, version, build, number)                                                          \
	"{\"name\":" name ",\"version\":" version ",\"build\":" build ",\"build_number\":" number  \
	"}"
	static const struct {
		const char *key, *record, *why;
	} rows[] = {
		{"a-1-0.conda", "{\"version\":\"1\",\"build\":\"0\",\"build_number\":0}",
			"no 'name'"},
		{"a-1-0.conda", "{\"name\":\"a\",\"build\":\"0\",\"build_number\":0}",
			"no 'version'"},
		{"a-1-0.conda", "{\"name\":\"a\",\"version\":\"1\",\"build_number\":0}",
			"no 'build'"},
		{"a-1-0.conda", "{\"name\":\"a\",\"version\":\"1\",\"build\":\"0\"}",
			"no 'build_number'"},
		{"a-1-0.conda", NBN("7", "\"1\"", "\"0\"", "0"), "no 'name'"},
		{"a-1-0.conda", NBN("\"a\"", "1.0", "\"0\"", "0"), "no 'version'"},
		{"a-1-0.conda", NBN("\"a\"", "\"1\"", "null", "0"), "no 'build'"},
		{"a-1-0.conda", NBN("\"a\"", "\"1\"", "\"0\"", "\"0\""), "no 'build_number'"},
		{"a-1-0.conda", NBN("\"a\"", "\"1\"", "\"0\"", "99999999999999999999"),
			"bad 'build_number'"},
		{"a-1-0.conda", NBN("\"a\"", "\"1\"", "\"0\"", "-1"), "no 'build_number'"},
		{"a-1-0.conda", NBN("\"a\"", "\"1\"", "\"0\"", "0,\"build_number\":[]"),
			"bad 'build_number'"},
		{"a-1-0.conda", NBN("\"__a\"", "\"1\"", "\"0\"", "0"),
			"the name of a virtual package"},
		{"a-1-0.conda", NBN("\"../a\"", "\"1\"", "\"0\"", "0"), "bad 'name'"},
		{"a-1-0.conda", NBN("\"A\"", "\"1\"", "\"0\"", "0"), "bad 'name'"},
		{"../a-1-0.conda", "{" BASE "}", "not the file name of a package"},
		{"x/a-1-0.conda", "{" BASE "}", "not the file name of a package"},
		{"x\\\\a-1-0.conda", "{" BASE "}", "not the file name of a package"},
		{"a-1-0.zip", "{" BASE "}", "not the file name of a package"},
		{".conda", "{" BASE "}", "not the file name of a package"},
		{"", "{" BASE "}", "not the file name of a package"},
		{"a\\n-1-0.conda", "{" BASE "}", "not the file name of a package"},
		{"a-1-0.conda", "null", "not an object"},
		{"a-1-0.conda", "[]", "not an object"},
		{"a-1-0.conda", "{" BASE ",\"md5\":\"zz\"}", "bad 'md5'"},
		{"a-1-0.conda", "{" BASE ",\"sha256\":\"00\"}", "bad 'sha256'"},
		{"a-1-0.conda", "{" BASE ",\"noarch\":\"other\"}", "unknown kind of 'noarch'"},
		{"a-1-0.conda", NBN("\"a\"", "\"1..2\"", "\"0\"", "0"), "bad 'version'"},
		{"a-1-0.conda", NBN("\"a\"", "\"1/2\"", "\"0\"", "0"), "bad 'version'"},
		{"a-1-0.conda", NBN("\"a\"", "\"1.*\"", "\"0\"", "0"), "bad 'version'"},
		{"a-1-0.conda", NBN("\"a\"", "\"1\"", "\"a/b\"", "0"), "bad 'build'"},
		{"a-1-py3-none-any.whl", "{" BASE "}", "no 'url'"},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		check_unusable(*state, rows[i].key, rows[i].record, rows[i].why);
	}
}

static void removed_records_and_doubles(void **state)
{
#define DIST(version, ending)                                                                      \
	"\"a-" version "-0." ending "\":{\"name\":\"a\",\"version\":\"" version                    \
	"\",\"build\":\"0\",\"build_number\":0}"
	static const char *const wanted[] = {
		"a-1-0.tar.bz2", "a-2-0.tar.bz2", "a-3-0.tar.bz2", "a-2-0.conda", "a-5-0.conda"};
	struct fixture *f = *state;
	must_open(f,
		"{\"removed\":[\"a-3-0.conda\",\"a-4-0.tar.bz2\",\"z.conda\",5],\"packages\":"
		"{" DIST("1", "tar.bz2") "," DIST("2", "tar.bz2") "," DIST("3", "tar.bz2") "," DIST(
			"4", "tar.bz2") "},\"packages.conda\":{" DIST("2", "conda") "," DIST("3",
			"conda") "," DIST("5", "conda") "," DIST("5", "conda") "}}");
	const struct lk_records *records = records_of(f, "a");
	assert_int_equal(records->len, LK_COUNTOF(wanted));
	for (size_t i = 0; i < LK_COUNTOF(wanted); i++) {
		assert_true(lk_str_is(records->items[i].fn, wanted[i]));
	}
	assert_int_equal(lk_repodata_n_records(f->repodata), 5);
	assert_int_equal(lk_repodata_n_faults(f->repodata), 1);
	assert_non_null(strstr(told(f), "'a-5-0.conda': given again later"));
	assert_true(lk_repodata_is_removed(f->repodata, LK_STR("z.conda")));
	assert_false(lk_repodata_is_removed(f->repodata, LK_STR("a-1-0.tar.bz2")));
	struct lk_strs removed = {0};
	lk_repodata_removed(f->repodata, LK_STR("a"), &removed);
	assert_int_equal(removed.len, 2);
	assert_true(lk_str_is(removed.items[0], "a-3-0.conda"));
	assert_true(lk_str_is(removed.items[1], "a-4-0.tar.bz2"));
	lk_repodata_removed(f->repodata, LK_STR("z"), &removed); /* "z.conda" is of no package */
	assert_int_equal(removed.len, 2);
	lk_vec_done(&removed);
}

static void wheels_and_kinds_to_come(void **state)
{
	struct fixture *f = *state;
	must_open(f,
		"{\"v3\":{\"whl\":{\"a-1-py3-none-any\":{" BASE ",\"url\":\"../w/a.whl\"},"
		"\"b-1-py3-none-any\":{\"name\":\"b\",\"version\":\"1\",\"build\":\"0\","
		"\"build_number\":0,\"url\":\"https://u:p@x/y/b.whl\"}},"
		"\"zip\":{\"a-1-0\":{}},\"conda\":null},\"v4\":{\"conda\":{}},\"vx\":1}");
	const struct lk_record *wheel = only_record(f, "a");
	assert_true(lk_str_is(wheel->fn, "a-1-py3-none-any.whl"));
	assert_true(lk_str_is(wheel->url, "https://h/c/w/a.whl"));
	assert_int_equal(lk_archive_kind_of(wheel->fn, NULL), LK_ARCHIVE_WHEEL);
	assert_true(lk_str_is(only_record(f, "b")->url, "https://x/y/b.whl"));
	assert_string_equal(told(f),
		"note 1: repodata.json: archives of the kind 'zip' are not known and left out\n"
		"note 1: repodata.json: records of the revision 'v4' are not known and left out\n"
		"note 1: repodata.json: 2 wheels cannot be installed by this version\n"
		"note 2: repodata.json: 'a-1-py3-none-any.whl' is a wheel\n"
		"note 2: repodata.json: 'b-1-py3-none-any.whl' is a wheel\n");
	assert_string_equal(told(f), "");
}

static void relations_are_read(void **state)
{
	struct fixture *f = *state;
	must_open(f,
		"{\"info\":{\"channel_relations\":{\"base\":\"../conda-forge\",\"overrides\":5,"
		"\"more\":[]}}}");
	assert_true(lk_str_is(lk_repodata_relations(f->repodata)->base, "../conda-forge"));
	assert_int_equal(lk_repodata_relations(f->repodata)->overrides.len, 0);
	must_open(f, "{\"info\":{\"channel_relations\":[\"../x\"]}}");
	assert_int_equal(lk_repodata_relations(f->repodata)->base.len, 0);
}

static void names_are_sorted(void **state)
{
	struct fixture *f = *state;
	must_open(f,
		"{\"v3\":{\"conda\":{\"zz-1-0\":{\"name\":\"zz\",\"version\":\"1\","
		"\"build\":\"0\",\"build_number\":0}}},"
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
		{"\"//u:p@x/y\"", "https://x/y/a-1!2-0.conda"},
		{"\"/t/tok/y\"", "https://h/y/a-1!2-0.conda"},
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

static void base_url_stays_in_the_network(void **state)
{
	static const char *const rows[] = {"file:///etc", "ftp://h/x", "data://x/y"};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		lk_str text = lk_str_printf(&f->arena, "{\"info\":{\"base_url\":\"%s\"}}", rows[i]);
		assert_int_equal(open_text(f, text), LK_E_FORMAT);
		assert_non_null(strstr(f->err.message, "leads out of the network"));
	}
	assert_int_equal(
		open_text(f, LK_STR("{\"info\":{\"base_url\":\"http://h/c\"}}")), LK_E_FORMAT);
	assert_non_null(strstr(f->err.message, "leads from https to http"));
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
	size_t seen;
};

static int walk_one(void *ctx, lk_str fn, const struct lk_json *member)
{
	struct tree_walk *walk = ctx;
	struct fixture *f = walk->f;
	lk_str name = lk_json_string(lk_json_get(member, "name"));
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
	struct tree_walk walk = {.f = f};
	lk_json_each(lk_json_get(root, "packages"), walk_one, &walk);
	lk_json_each(lk_json_get(root, "packages.conda"), walk_one, &walk);
	assert_int_equal(walk.seen, lk_repodata_n_records(f->repodata));
	assert_int_equal(lk_repodata_n_faults(f->repodata), 0);
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
		CASE(empty_repodata_has_nothing),
		CASE(a_full_record_is_read),
		CASE(noarch_has_many_forms),
		CASE(missing_and_odd_fields_are_tolerated),
		CASE(numbers_have_exponents),
		CASE(unusable_records_are_left_out),
		CASE(removed_records_and_doubles),
		CASE(wheels_and_kinds_to_come),
		CASE(relations_are_read),
		CASE(names_are_sorted),
		CASE(names_need_no_order),
		CASE(base_url_decides_addresses),
		CASE(base_url_stays_in_the_network),
		CASE(real_pytorch_equals_its_tree),
		CASE(real_pkgs_main_equals_its_tree),
		CASE(real_conda_forge_equals_its_tree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
