/*
 * What an archive says about itself: real quirks accepted, everything unsafe refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/fs.h"
#include "conda/package.h"

#define INDEX                                                                                      \
	"{\"name\":\"a\",\"version\":\"1\",\"build\":\"0\",\"build_number\":7,\"subdir\":"         \
	"\"noarch\"}"
#define HASH "00000000000000000000000000000000000000000000000000000000000000ab"

struct fixture {
	struct lk_error err;
	struct lk_package *package;
	struct lk_package_texts texts;
};

static int setup(void **state)
{
	struct fixture *f = lk_calloc(1, sizeof(*f));
	f->texts.index_json = LK_STR(INDEX);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	lk_package_free(f->package);
	lk_free(f);
	return 0;
}

static int parse(struct fixture *f)
{
	lk_package_free(f->package);
	f->package = NULL;
	return lk_package_parse(&f->texts, "a-1-0.conda", &f->package, &f->err);
}

static const struct lk_package *must_parse(struct fixture *f)
{
	if (parse(f) < 0) {
		fail_msg("%s", f->err.message);
	}
	return f->package;
}

static void must_refuse(struct fixture *f, const char *member, const char *why)
{
	if (parse(f) != LK_E_INTEGRITY) {
		fail_msg("%s (%s) was not refused", member, why);
	}
	/* The member is named once: by the message, or as the file that has line and column. */
	bool in_message = strstr(f->err.message, member);
	bool is_file = strcmp(f->err.file, member) == 0;
	if (!strstr(f->err.message, "a-1-0.conda") || in_message == is_file ||
		!strstr(f->err.message, why)) {
		fail_msg("'%s' does not name '%s' and '%s'", f->err.message, member, why);
	}
}

static void a_full_package_is_read(void **state)
{
	struct fixture *f = *state;
	f->texts.index_json = LK_STR(
		"{\"name\":\"a\",\"version\":\"1!2.0\",\"build\":\"py_0\",\"build_number\":7,"
		"\"subdir\":\"noarch\",\"noarch\":\"python\",\"python_site_packages_path\":\"lib/"
		"p\","
		"\"requires\":[],\"license\":null,\"depends\":[\"b\"]}");
	f->texts.link_json = LK_STR("{\"noarch\":{\"type\":\"python\",\"entry_points\":[\"x=m:f\","
				    "\" y-2 = m.n : C.run \"]},\"package_metadata_version\":1}");
	f->texts.paths_json = LK_STR(
		"{\"paths_version\":1,\"paths\":["
		"{\"_path\":\"site-packages/a.py\",\"path_type\":\"hardlink\",\"sha256\":\"" HASH
		"\",\"size_in_bytes\":3,\"no_link\":true},"
		"{\"_path\":\"lib/b\",\"path_type\":\"softlink\",\"sha256\":null},"
		"{\"_path\":\"lib/c\",\"path_type\":\"hardlink\",\"prefix_placeholder\":\"/opt/p\","
		"\"file_mode\":\"binary\"},"
		"{\"_path\":\"lib/d\",\"path_type\":\"hardlink\",\"prefix_placeholder\":\"/opt/"
		"p\"},"
		"{\"_path\":\"lib/e\",\"path_type\":\"directory\"},"
		"{\"_path\":\"bin/"
		".a-post-link.sh\",\"path_type\":\"hardlink\",\"file_mode\":\"text\"},"
		"{\"_path\":\"bin/.b-post-link.sh\",\"path_type\":\"hardlink\"},"
		"{\"_path\":\"lib/e/x\",\"path_type\":\"hardlink\",\"unknown\":1}]}");
	const struct lk_package *p = must_parse(f);
	assert_true(lk_str_is(p->name, "a") && lk_str_is(p->version, "1!2.0"));
	assert_true(lk_str_is(p->build, "py_0") && lk_str_is(p->subdir, "noarch"));
	assert_int_equal(p->build_number, 7);
	assert_int_equal(p->noarch, LK_NOARCH_PYTHON);
	assert_true(lk_str_is(p->python_site_packages_path, "lib/p"));
	assert_true(p->has_paths_json && p->has_list);
	assert_int_equal(p->n_entry_points, 2);
	assert_true(lk_str_is(p->entry_points[1].command, "y-2"));
	assert_true(lk_str_is(p->entry_points[1].module, "m.n"));
	assert_true(lk_str_is(p->entry_points[1].function, "C.run"));
	assert_int_equal(p->scripts.n, 1);
	assert_true(lk_str_is(p->scripts.items[0], "bin/.a-post-link.sh"));
	static const struct {
		const char *path;
		enum lk_path_type type;
		enum lk_prefix_mode mode;
	} wanted[] = {
		{"bin/.a-post-link.sh", LK_PATH_FILE, LK_PREFIX_NONE},
		{"bin/.b-post-link.sh", LK_PATH_FILE, LK_PREFIX_NONE},
		{"lib/b", LK_PATH_SOFTLINK, LK_PREFIX_NONE},
		{"lib/c", LK_PATH_FILE, LK_PREFIX_BINARY},
		{"lib/d", LK_PATH_FILE, LK_PREFIX_TEXT},
		{"lib/e", LK_PATH_DIRECTORY, LK_PREFIX_NONE},
		{"lib/e/x", LK_PATH_FILE, LK_PREFIX_NONE},
		{"site-packages/a.py", LK_PATH_FILE, LK_PREFIX_NONE},
	};
	assert_int_equal(p->n_paths, LK_COUNTOF(wanted));
	for (size_t i = 0; i < p->n_paths; i++) {
		assert_true(lk_str_is(p->paths[i].path, wanted[i].path));
		assert_int_equal(p->paths[i].type, wanted[i].type);
		assert_int_equal(p->paths[i].prefix_mode, wanted[i].mode);
	}
	const struct lk_package_path *last = &p->paths[7];
	assert_true(last->has_sha256 && last->sha256.bytes[31] == 0xab);
	assert_true(last->has_size && last->size == 3 && last->no_link);
	assert_false(p->paths[0].has_sha256 || p->paths[0].has_size || p->paths[0].no_link);
}

static void index_json_must_name_the_package(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{"", "is empty"},
		{"\n", "is empty"},
		{"[]", "no object"},
		{"{\"version\":\"1\",\"build\":\"0\"}", "no 'name'"},
		{"{\"name\":\"a\",\"build\":\"0\"}", "no 'version'"},
		{"{\"name\":\"a\",\"version\":1,\"build\":\"0\"}", "no 'version'"},
		{"{\"name\":\"a\",\"version\":\"1\"}", "no 'build'"},
		{"{\"name\":\"../a\",\"version\":\"1\",\"build\":\"0\"}", "bad 'name'"},
		{"{\"name\":\"__a\",\"version\":\"1\",\"build\":\"0\"}", "bad 'name'"},
		{"{\"name\":\"a\",\"version\":\"1/../..\",\"build\":\"0\"}", "bad 'version'"},
		{"{\"name\":\"a\",\"version\":\"..\",\"build\":\"0\"}", "bad 'version'"},
		{"{\"name\":\"a\",\"version\":\"1\",\"build\":\"0/1\"}", "bad 'build'"},
		{"{\"name\":\"a\",\"version\":\"1\",\"build\":\"0\",\"noarch\":\"rust\"}",
			"'noarch'"},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		f->texts.index_json = lk_str_of(rows[i].text);
		must_refuse(f, "info/index.json", rows[i].why);
	}
	f->texts.index_json = (lk_str){0};
	must_refuse(f, "info/index.json", "is missing");
	f->texts.index_json = LK_STR("{\n\"name\": \"a\" \"version\"");
	must_refuse(f, "info/index.json", "");
	assert_int_equal(f->err.line, 2);
	assert_true(f->err.column > 0);
}

/* As a record: what a solve needs of a package that no channel describes. */
static void index_json_is_a_record(void **state)
{
	struct fixture *f = *state;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_record record = {0};
	char text[] = "{\"name\":\"a\",\"version\":\"1\",\"build\":\"py_3\",\"build_number\":3,"
		      "\"subdir\":\"noarch\",\"noarch\":\"python\",\"license\":\"MIT\","
		      "\"depends\":[\"b >=1\",\"c\"],\"constrains\":[\"d <2\"],"
		      "\"track_features\":\"x\",\"timestamp\":1700000000000}";
	assert_int_equal(
		lk_package_read_index(lk_str_of(text), "a-1-py_3.conda", &arena, &record, &f->err),
		0);
	memset(text, 'x', sizeof(text)); /* it keeps what it needs */
	assert_true(lk_str_is(record.name, "a") && lk_str_is(record.version, "1"));
	assert_true(lk_str_is(record.build, "py_3") && record.build_number == 3);
	assert_true(lk_str_is(record.subdir, "noarch") && record.noarch == LK_NOARCH_PYTHON);
	assert_true(lk_str_is(record.license, "MIT") && record.timestamp == 1700000000000);
	assert_int_equal(record.depends.n, 2);
	assert_true(lk_str_is(record.depends.items[0], "b >=1"));
	assert_true(lk_str_is(record.constrains.items[0], "d <2"));
	assert_true(lk_str_is(record.track_features.items[0], "x"));
	assert_false(record.has_sha256 || record.has_size || record.url.len > 0);
	assert_int_equal(
		lk_package_read_index(LK_STR("{\"name\":\"a\",\"version\":\"1\",\"build\":\"0\","
					     "\"subdir\":\"../x\"}"),
			"a-1-0.conda", &arena, &record, &f->err),
		0);
	assert_int_equal(record.subdir.len + record.build_number + record.depends.n, 0);
	assert_int_equal(lk_package_read_index(LK_STR("{\"name\":\"..\"}"), "a-1-0.conda", &arena,
				 &record, &f->err),
		LK_E_INTEGRITY);
	assert_non_null(strstr(f->err.message, "package 'a-1-0.conda': info/index.json: "));
}

static void old_index_json_is_read(void **state)
{
	struct fixture *f = *state;
	f->texts.index_json = LK_STR("{\"name\":\"a\",\"version\":\"1\",\"build\":\"0\","
				     "\"build_number\":\"abc\",\"noarch\":true,\"subdir\":null}");
	const struct lk_package *p = must_parse(f);
	assert_int_equal(p->build_number, 0);
	assert_int_equal(p->noarch, LK_NOARCH_GENERIC);
	assert_int_equal(p->subdir.len, 0);
	assert_false(p->has_list || p->has_paths_json);
	assert_int_equal(p->n_paths, 0);
}

static void link_json_gives_the_kind(void **state)
{
	static const struct {
		const char *text;
		enum lk_noarch noarch;
		size_t entry_points;
	} rows[] = {
		{"{}", LK_NOARCH_NO, 0},
		{"{\"noarch\":null}", LK_NOARCH_NO, 0},
		{"{\"noarch\":{\"type\":\"generic\",\"entry_points\":[\"bad\"]}}",
			LK_NOARCH_GENERIC, 0},
		{"{\"noarch\":{\"type\":\"True\"}}", LK_NOARCH_GENERIC, 0},
		{"{\"noarch\":{\"type\":true}}", LK_NOARCH_GENERIC, 0},
		{"{\"noarch\":{\"type\":\"python\"}}", LK_NOARCH_PYTHON, 0},
		{"{\"noarch\":{\"type\":\"python\",\"entry_points\":null}}", LK_NOARCH_PYTHON, 0},
		{"{\"noarch\":{\"type\":\"python\",\"entry_points\":[]}}", LK_NOARCH_PYTHON, 0},
		{"{\"noarch\":{\"type\":\"python\",\"entry_points\":[\"a b=_m:_f\"]},"
		 "\"package_metadata_version\":1}",
			LK_NOARCH_PYTHON, 1},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		f->texts.link_json = lk_str_of(rows[i].text);
		const struct lk_package *p = must_parse(f);
		assert_int_equal(p->noarch, rows[i].noarch);
		assert_int_equal(p->n_entry_points, rows[i].entry_points);
	}
}

/* Odd ones, as setuptools, conda and people write them. */
static void entry_points_have_many_forms(void **state)
{
	static const struct {
		const char *text, *command, *module, *function;
	} rows[] = {
		{"x=m:f", "x", "m", "f"},
		{"  x  =  m . n : f", NULL, NULL, NULL},
		{" x.y-z_1 = m.n : C.run ", "x.y-z_1", "m.n", "C.run"},
		{"x = m:f [extra]", "x", "m", "f"},
		{"x = m:f[a, b]", "x", "m", "f"},
		{"x = \\\"m:f\\\"", "x", "m", "f"},
		{"x = 'm:f'", "x", "m", "f"},
		{"my tool = _m:_f", "my tool", "_m", "_f"},
		{"python3.12 = m:f", "python3.12", "m", "f"},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		char text[256];
		snprintf(text, sizeof(text),
			"{\"noarch\":{\"type\":\"python\",\"entry_points\":[\"%s\"]}}",
			rows[i].text);
		f->texts.link_json = lk_str_of(text);
		if (rows[i].command == NULL) {
			must_refuse(f, "info/link.json", "entry point");
			continue;
		}
		const struct lk_package *p = must_parse(f);
		assert_int_equal(p->n_entry_points, 1);
		assert_true(lk_str_is(p->entry_points[0].command, rows[i].command));
		assert_true(lk_str_is(p->entry_points[0].module, rows[i].module));
		assert_true(lk_str_is(p->entry_points[0].function, rows[i].function));
	}
}

/* What the lock does not tell comes from the archive; what it tells stands. */
static void a_locked_record_is_completed(void **state)
{
	struct fixture *f = *state;
	f->texts.index_json = LK_STR(
		"{\"name\":\"a\",\"version\":\"1\",\"build\":\"0\",\"build_number\":7,"
		"\"subdir\":\"noarch\",\"noarch\":\"generic\",\"license\":\"theirs\","
		"\"license_family\":\"BSD\",\"timestamp\":1500000000,\"track_features\":\"x,y\","
		"\"arch\":\"x86_64\",\"platform\":\"linux\",\"features\":\"vc14\","
		"\"depends\":[\"z\"],\"python_site_packages_path\":\"lib/p\"}");
	const struct lk_package *p = must_parse(f);
	const struct lk_record locked = {.name = LK_STR("a"), .license = LK_STR("MIT")};
	struct lk_record record = lk_record_complete(&locked, &p->index);
	assert_true(lk_str_is(record.license, "MIT"));
	assert_true(lk_str_is(record.license_family, "BSD"));
	assert_int_equal(record.timestamp, 1500000000000);
	assert_int_equal(record.build_number, 7);
	assert_int_equal(record.noarch, LK_NOARCH_GENERIC);
	assert_int_equal(record.depends.n, 0);
	assert_int_equal(record.track_features.n, 2);
	assert_true(lk_str_is(record.track_features.items[1], "y"));
	assert_true(lk_str_is(record.python_site_packages_path, "lib/p"));
	assert_true(lk_str_is(p->arch, "x86_64") && lk_str_is(p->platform, "linux"));
	assert_true(lk_str_is(p->features, "vc14"));
	const struct lk_record bare = {.name = LK_STR("a")};
	record = lk_record_complete(&bare, &p->index);
	assert_true(lk_str_is(record.license, "theirs"));
	/* what conda or a terminal could not read */
	f->texts.index_json =
		LK_STR("{\"name\":\"a\",\"version\":\"1\",\"build\":\"0\",\"arch\":\"a\\u001bb\","
		       "\"platform\":\"amiga\",\"features\":[\"x\"]}");
	p = must_parse(f);
	assert_int_equal(p->arch.len + p->platform.len + p->features.len, 0);
}

static void bad_link_json_is_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{"", "is empty"},
		{"\n\n", "is empty"},
		{"x", ""},
		{"3", ""},
		{"{\"noarch\":7}", "'noarch' is no object"},
		{"{\"noarch\":{}}", "'noarch.type'"},
		{"{\"noarch\":{\"type\":\"rust\"}}", "'noarch.type'"},
		{"{\"package_metadata_version\":2}", "'package_metadata_version'"},
		{"{\"noarch\":{\"type\":\"python\",\"entry_points\":{}}}", "'entry_points'"},
	};
	static const char *const entry_points[] = {"", "x", "x=m", "x:f", "=m:f", "x=:f",
		"x=m:", "../x=m:f", "a/b=m:f", ".=m:f", "..=m:f", "x=m;import os:f", "x=m:f()",
		"x=m..n:f", "x=.m:f", "x=m.:f", "x=1m:f", "x=m:f [extra", "x=m n:f", ".x=m:f",
		".a-post-link.sh=m:f", "x='m:f", "x=m:f]", "x=[e]", "x=m[e]:f", "x\\ny=m:f",
		"a:b=m:f", "x=m:f\",\"x=m:g"};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		f->texts.link_json = lk_str_of(rows[i].text);
		must_refuse(f, "info/link.json", rows[i].why);
	}
	for (size_t i = 0; i < LK_COUNTOF(entry_points); i++) {
		char text[256];
		snprintf(text, sizeof(text),
			"{\"noarch\":{\"type\":\"python\",\"entry_points\":[\"%s\"]}}",
			entry_points[i]);
		f->texts.link_json = lk_str_of(text);
		must_refuse(f, "info/link.json", "entry point");
	}
	f->texts.link_json = LK_STR("{\"noarch\":{\"type\":\"python\",\"entry_points\":[1]}}");
	must_refuse(f, "info/link.json", "entry point");
}

static void unsafe_paths_are_refused(void **state)
{
	static const struct {
		const char *path, *why;
	} rows[] = {
		{"/etc/passwd", "leaves"},
		{"..", "leaves"},
		{"a/../../b", "leaves"},
		{"a/../b", "leaves"},
		{"./a", "leaves"},
		{"a/./b", "leaves"},
		{"a//b", "leaves"},
		{"a/", "leaves"},
		{".", "leaves"},
		{"a\\nb", "leaves"},
		{"a\\u007fb", "leaves"},
		{"C:x", "drive"},
		{"conda-meta/x.json", "conda-meta/"},
		{"conda-meta", "conda-meta/"},
		{"Conda-Meta/history", "conda-meta/"},
		{"info/index.json", "info/"},
		{"info", "info/"},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		char text[256];
		snprintf(text, sizeof(text),
			"{\"paths\":[{\"_path\":\"%s\",\"path_type\":\"hardlink\"}]}",
			rows[i].path);
		f->texts.paths_json = lk_str_of(text);
		must_refuse(f, "info/paths.json", rows[i].why);
		if (!strchr(rows[i].path, '\\')) {
			struct lk_package_texts old = f->texts;
			f->texts.paths_json = (lk_str){0};
			f->texts.files = lk_str_of(rows[i].path);
			must_refuse(f, "info/files", rows[i].why);
			f->texts = old;
		}
	}
	f->texts.paths_json =
		LK_STR("{\"paths\":[{\"_path\":\"a\\u0000b\",\"path_type\":\"hardlink\"}]}");
	must_refuse(f, "info/paths.json", "");
}

static void odd_but_harmless_paths_are_kept(void **state)
{
	static const char *const rows[] = {"a b", "...", "lib/info/x", "lib/conda-meta/y",
		"..a/b..", "lib/Foo::Bar.3", "\xe2\x8f\xa3", "a\\\\b", "info.txt",
		"conda-meta.txt"};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		char text[256];
		snprintf(text, sizeof(text),
			"{\"paths\":[{\"_path\":\"%s\",\"path_type\":\"hardlink\"}]}", rows[i]);
		f->texts.paths_json = lk_str_of(text);
		assert_int_equal(must_parse(f)->n_paths, 1);
	}
}

static void bad_paths_json_is_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{"", "is empty"},
		{"{}", "'paths'"},
		{"{\"paths\":{}}", "'paths'"},
		{"{\"paths\":[],\"paths_version\":2}", "'paths_version'"},
		{"{\"paths\":[{}]}", "'_path'"},
		{"{\"paths\":[7]}", "'_path'"},
		{"{\"paths\":[{\"_path\":\"x\"}]}", "'path_type'"},
		{"{\"paths\":[{\"_path\":\"x\",\"path_type\":\"fifo\"}]}", "'path_type'"},
		{"{\"paths\":[{\"_path\":\"x\",\"path_type\":\"hardlink\",\"sha256\":\"12\"}]}",
			"'sha256'"},
		{"{\"paths\":[{\"_path\":\"x\",\"path_type\":\"hardlink\",\"sha256\":12}]}",
			"'sha256'"},
		{"{\"paths\":[{\"_path\":\"x\",\"path_type\":\"hardlink\",\"size_in_bytes\":-1}]}",
			"'size_in_bytes'"},
		{"{\"paths\":[{\"_path\":\"x\",\"path_type\":\"hardlink\",\"size_in_bytes\":\"1\"}]"
		 "}",
			"'size_in_bytes'"},
		{"{\"paths\":[{\"_path\":\"x\",\"path_type\":\"hardlink\","
		 "\"prefix_placeholder\":\"\"}]}",
			"'prefix_placeholder'"},
		{"{\"paths\":[{\"_path\":\"x\",\"path_type\":\"hardlink\","
		 "\"prefix_placeholder\":\"//\"}]}",
			"'prefix_placeholder'"},
		{"{\"paths\":[{\"_path\":\"x\",\"path_type\":\"hardlink\","
		 "\"prefix_placeholder\":\"/a\\nb\"}]}",
			"'prefix_placeholder'"},
		{"{\"paths\":[{\"_path\":\"x\",\"path_type\":\"hardlink\","
		 "\"prefix_placeholder\":5}]}",
			"'prefix_placeholder'"},
		{"{\"paths\":[{\"_path\":\"x\",\"path_type\":\"hardlink\","
		 "\"prefix_placeholder\":\"/opt\",\"file_mode\":\"both\"}]}",
			"'file_mode'"},
		{"{\"paths\":[{\"_path\":\"x\",\"path_type\":\"softlink\","
		 "\"prefix_placeholder\":\"/opt\"}]}",
			"a softlink with 'prefix_placeholder'"},
		{"{\"paths\":[{\"_path\":\"x\",\"path_type\":\"hardlink\"},"
		 "{\"_path\":\"x\",\"path_type\":\"softlink\"}]}",
			"twice"},
		{"{\"paths\":[{\"_path\":\"l/x/y\",\"path_type\":\"hardlink\"},"
		 "{\"_path\":\"l\",\"path_type\":\"softlink\"}]}",
			"beneath"},
		{"{\"paths\":[{\"_path\":\"l\",\"path_type\":\"hardlink\"},"
		 "{\"_path\":\"l-x\",\"path_type\":\"hardlink\"},"
		 "{\"_path\":\"l/x\",\"path_type\":\"hardlink\"}]}",
			"beneath"},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		f->texts.paths_json = lk_str_of(rows[i].text);
		must_refuse(f, "info/paths.json", rows[i].why);
	}
	f->texts.paths_json = LK_STR("{\"paths\":[],\"paths_version\":null}");
	assert_true(must_parse(f)->has_list);
}

static void depth_is_limited(void **state)
{
	struct fixture *f = *state;
	struct lk_buf LK_CLEANUP(lk_buf_done) deep = LK_BUF_INIT(1 << 20);
	lk_buf_puts(&deep, "{\"name\":");
	for (int i = 0; i < 100000; i++) {
		lk_buf_putc(&deep, '[');
	}
	f->texts.index_json = lk_buf_view(&deep);
	must_refuse(f, "info/index.json", "");
	f->texts.index_json = LK_STR(INDEX);
	f->texts.paths_json = lk_buf_view(&deep);
	must_refuse(f, "info/paths.json", "");
	f->texts.paths_json = (lk_str){0};
	f->texts.link_json = lk_buf_view(&deep);
	must_refuse(f, "info/link.json", "");
}

static const struct lk_package_path *path_of(const struct lk_package *p, const char *path)
{
	for (size_t i = 0; i < p->n_paths; i++) {
		if (lk_str_is(p->paths[i].path, path)) {
			return &p->paths[i];
		}
	}
	fail_msg("no path %s", path);
	return NULL;
}

static void lists_stand_in_for_paths_json(void **state)
{
	struct fixture *f = *state;
	f->texts.files = LK_STR("bin/b\nbin/a\r\n\nlib/with space\nlib/x\nlib/y\nlib/z");
	f->texts.has_prefix =
		LK_STR("bin/a\n/opt/p text bin/b\n\"/opt/q r\" binary 'lib/with space'\n"
		       "\n'lib/x'\r\n\"/opt/s\" \"text\" \"lib/y\"\n");
	f->texts.no_link = LK_STR("lib/x\nlib/unknown\n");
	f->texts.no_softlink = LK_STR("bin/a\n");
	const struct lk_package *p = must_parse(f);
	assert_true(p->has_list && !p->has_paths_json);
	assert_int_equal(p->n_paths, 6);
	assert_true(lk_str_is(p->paths[0].path, "bin/a"));
	static const struct {
		const char *path;
		const char *placeholder;
		enum lk_prefix_mode mode;
		bool no_link;
	} rows[] = {
		{"bin/a", "/opt/anaconda1anaconda2anaconda3", LK_PREFIX_TEXT, true},
		{"bin/b", "/opt/p", LK_PREFIX_TEXT, false},
		{"lib/with space", "/opt/q r", LK_PREFIX_BINARY, false},
		{"lib/x", "/opt/anaconda1anaconda2anaconda3", LK_PREFIX_TEXT, true},
		{"lib/y", "/opt/s", LK_PREFIX_TEXT, false},
		{"lib/z", "", LK_PREFIX_NONE, false},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		const struct lk_package_path *path = path_of(p, rows[i].path);
		assert_int_equal(path->prefix_mode, rows[i].mode);
		assert_true(lk_str_is(path->placeholder, rows[i].placeholder));
		assert_int_equal(path->no_link, rows[i].no_link);
		assert_false(path->has_sha256 || path->has_size);
	}
	/* With paths.json the lists do not count. */
	f->texts.paths_json =
		LK_STR("{\"paths\":[{\"_path\":\"bin/a\",\"path_type\":\"hardlink\"}]}");
	p = must_parse(f);
	assert_int_equal(p->n_paths, 1);
	assert_int_equal(p->paths[0].prefix_mode, LK_PREFIX_NONE);
	assert_false(p->paths[0].no_link);
}

static void bad_has_prefix_is_refused(void **state)
{
	static const char *const rows[] = {"/opt/p text", "/opt/p text bin/a more",
		"/opt/p both bin/a", "/opt/p text bin/unknown", "unknown", "/ text bin/a",
		"'' text bin/a", "\"/opt text bin/a"};
	struct fixture *f = *state;
	f->texts.files = LK_STR("bin/a\n");
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		f->texts.has_prefix = lk_str_of(rows[i]);
		must_refuse(f, "info/has_prefix", "");
	}
	f->texts.has_prefix = (lk_str){0};
	f->texts.files = LK_STR("bin/a\nbin/a\n");
	must_refuse(f, "info/files", "twice");
	f->texts.files = LK_STR("bin/a/b\nbin/a\n");
	must_refuse(f, "info/files", "beneath");
}

static void identity_must_equal_the_record(void **state)
{
	struct fixture *f = *state;
	struct lk_record record = {.name = LK_STR("a"),
		.version = LK_STR("1"),
		.build = LK_STR("0"),
		.fn = LK_STR("a-1-0.conda")};
	const struct lk_package *p = must_parse(f);
	assert_int_equal(lk_package_check_record(p, &record, &f->err), 0);
	record.version = LK_STR("1.0");
	assert_int_equal(lk_package_check_record(p, &record, &f->err), LK_E_INTEGRITY);
	assert_non_null(strstr(f->err.message, "'version' is '1', not '1.0'"));
	record.version = LK_STR("1");
	record.build = LK_STR("1");
	assert_int_equal(lk_package_check_record(p, &record, &f->err), LK_E_INTEGRITY);
	record.build = LK_STR("0");
	record.name = LK_STR("b");
	assert_int_equal(lk_package_check_record(p, &record, &f->err), LK_E_INTEGRITY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_full_package_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(index_json_must_name_the_package, setup, teardown),
		cmocka_unit_test_setup_teardown(index_json_is_a_record, setup, teardown),
		cmocka_unit_test_setup_teardown(old_index_json_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(link_json_gives_the_kind, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_link_json_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(entry_points_have_many_forms, setup, teardown),
		cmocka_unit_test_setup_teardown(a_locked_record_is_completed, setup, teardown),
		cmocka_unit_test_setup_teardown(unsafe_paths_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(odd_but_harmless_paths_are_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_paths_json_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(depth_is_limited, setup, teardown),
		cmocka_unit_test_setup_teardown(lists_stand_in_for_paths_json, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_has_prefix_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(identity_must_equal_the_record, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
