/*
 * conda-meta records: written with constants, read from every writer, unknown keys kept.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/fs.h"
#include "conda/prefix_record.h"

struct fixture {
	struct lk_arena arena;
	struct lk_error err;
	struct lk_prefix_record record;
	struct lk_buf out;
};

static int setup(void **state)
{
	struct fixture *f = lk_calloc(1, sizeof(*f));
	lk_arena_init(&f->arena);
	lk_buf_init(&f->out, LK_PREFIX_RECORD_MAX_BYTES);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	lk_prefix_record_done(&f->record);
	lk_buf_done(&f->out);
	lk_arena_done(&f->arena);
	lk_free(f);
	return 0;
}

static int parse(struct fixture *f, lk_str text)
{
	lk_prefix_record_done(&f->record);
	return lk_prefix_record_parse(text, "conda-meta/a-1-0.json", &f->record, &f->err);
}

static void must_parse(struct fixture *f, lk_str text)
{
	if (parse(f, text) < 0) {
		fail_msg("%u:%u: %s", f->err.line, f->err.column, f->err.message);
	}
}

static const char *written(struct fixture *f, const struct lk_prefix_record *record)
{
	lk_buf_clear(&f->out);
	assert_int_equal(lk_prefix_record_write(record, &f->out, &f->err), 0);
	return lk_buf_cstr(&f->out);
}

#define ZEROS "000000000000000000000000000000"
#define SHA_1 ZEROS ZEROS "0001"
#define SHA_2 ZEROS ZEROS "0002"

static const char expected[] = "{\n"
			       "  \"build\": \"py_0\",\n"
			       "  \"build_number\": 3,\n"
			       "  \"channel\": \"https://h/c/noarch\",\n"
			       "  \"constrains\": [],\n"
			       "  \"depends\": [\n"
			       "    \"python >=3\"\n"
			       "  ],\n"
			       "  \"fn\": \"a-1-py_0.conda\",\n"
			       "  \"license\": \"MIT\",\n"
			       "  \"name\": \"a\",\n"
			       "  \"noarch\": \"python\",\n"
			       "  \"md5\": \"00000000000000000000000000000001\",\n"
			       "  \"sha256\": \"" SHA_1 "\",\n"
			       "  \"size\": 99,\n"
			       "  \"subdir\": \"noarch\",\n"
			       "  \"timestamp\": 1600000000000,\n"
			       "  \"track_features\": \"t u\",\n"
			       "  \"url\": \"https://h/c/noarch/a-1-py_0.conda\",\n"
			       "  \"version\": \"1\",\n"
			       "  \"arch\": \"x86_64\",\n"
			       "  \"features\": \"f g\",\n"
			       "  \"platform\": \"linux\",\n"
			       "  \"extracted_package_dir\": \"\",\n"
			       "  \"link\": {\n"
			       "    \"source\": \"\",\n"
			       "    \"type\": 1\n"
			       "  },\n"
			       "  \"package_tarball_full_path\": \"\",\n"
			       "  \"files\": [\n"
			       "    \"bin/a\",\n"
			       "    \"lib/a.py\",\n"
			       "    \"lib/l\"\n"
			       "  ],\n"
			       "  \"paths_data\": {\n"
			       "    \"paths\": [\n"
			       "      {\n"
			       "        \"_path\": \"bin/a\",\n"
			       "        \"executable\": true,\n"
			       "        \"path_type\": \"unix_python_entry_point\"\n"
			       "      },\n"
			       "      {\n"
			       "        \"_path\": \"lib/a.py\",\n"
			       "        \"file_mode\": \"text\",\n"
			       "        \"no_link\": true,\n"
			       "        \"path_type\": \"hardlink\",\n"
			       "        \"prefix_placeholder\": \"/opt/p\",\n"
			       "        \"sha256\": \"" SHA_1 "\",\n"
			       "        \"sha256_in_prefix\": \"" SHA_2 "\",\n"
			       "        \"size_in_bytes\": 12\n"
			       "      },\n"
			       "      {\n"
			       "        \"_path\": \"lib/l\",\n"
			       "        \"link_target\": \"../a\",\n"
			       "        \"original_path\": \"lib/m\",\n"
			       "        \"path_type\": \"softlink\"\n"
			       "      }\n"
			       "    ],\n"
			       "    \"paths_version\": 1\n"
			       "  },\n"
			       "  \"requested_spec\": \"a >=1\",\n"
			       "  \"requested_specs\": [\n"
			       "    \"a >=1\",\n"
			       "    \"a 1\"\n"
			       "  ]\n"
			       "}\n";

static void a_fresh_record_is_written(void **state)
{
	static const lk_str depends[] = {{"python >=3", 10}};
	static const lk_str features[] = {{"t", 1}, {"u", 1}};
	static const lk_str files[] = {{"bin/a", 5}, {"lib/a.py", 8}, {"lib/l", 5}};
	static const lk_str specs[] = {{"a >=1", 5}, {"a 1", 3}};
	struct lk_prefix_path paths[] = {
		{.path = files[0], .type = LK_INSTALLED_ENTRY_POINT, .executable = true},
		{.path = files[1],
			.type = LK_INSTALLED_FILE,
			.prefix_mode = LK_PREFIX_TEXT,
			.placeholder = LK_STR("/opt/p"),
			.no_link = true,
			.has_sha256 = true,
			.has_sha256_in_prefix = true,
			.has_size = true,
			.size = 12},
		{.path = files[2],
			.original_path = LK_STR("lib/m"),
			.type = LK_INSTALLED_SOFTLINK,
			.target = LK_STR("../a")},
	};
	paths[1].sha256.bytes[31] = 1;
	paths[1].sha256_in_prefix.bytes[31] = 2;
	struct lk_prefix_record record = {
		.record = {.name = LK_STR("a"),
			.version = LK_STR("1"),
			.build = LK_STR("py_0"),
			.build_number = 3,
			.subdir = LK_STR("noarch"),
			.fn = LK_STR("a-1-py_0.conda"),
			.channel = LK_STR("https://h/c/noarch"),
			.url = LK_STR("https://h/c/noarch/a-1-py_0.conda"),
			.noarch = LK_NOARCH_PYTHON,
			.has_sha256 = true,
			.has_md5 = true,
			.has_size = true,
			.size = 99,
			.timestamp = UINT64_C(1600000000000),
			.depends = {depends, 1},
			.track_features = {features, 2},
			.license = LK_STR("MIT")},
		.arch = LK_STR("x86_64"),
		.platform = LK_STR("linux"),
		.features = LK_STR("f g"),
		.files = {files, LK_COUNTOF(files)},
		.paths = paths,
		.n_paths = LK_COUNTOF(paths),
		.requested_specs = {specs, 2},
	};
	record.record.sha256.bytes[31] = 1;
	record.record.md5.bytes[15] = 1;
	struct fixture *f = *state;
	assert_string_equal(written(f, &record), expected);
	assert_true(
		lk_str_is(lk_prefix_record_file_name(&record.record, &f->arena), "a-1-py_0.json"));
	struct lk_buf small = LK_BUF_INIT(20);
	assert_int_equal(lk_prefix_record_write(&record, &small, &f->err), LK_E_FORMAT);
	lk_buf_done(&small);
}

/* A record of many paths, in one piece and in parts. */
struct flow {
	const struct lk_prefix_path *paths;
	struct lk_buf out;
	unsigned parts, most; /* calls of put, and after how many it fails */
};

static bool flow_path(void *ctx, size_t i, struct lk_prefix_path *ret)
{
	const struct flow *flow = ctx;
	*ret = flow->paths[i];
	return i % 7 != 0;
}

static int flow_put(void *ctx, lk_str bytes, struct lk_error *err)
{
	struct flow *flow = ctx;
	lk_buf_put(&flow->out, bytes);
	return ++flow->parts > flow->most ? lk_fail(err, LK_E_FS, "enough") : 0;
}

#define MANY 3000

static void many_paths_flow_in_parts(void **state)
{
	struct fixture *f = *state;
	struct lk_prefix_path *paths = lk_arena_calloc(&f->arena, MANY, sizeof(*paths));
	struct lk_prefix_path *whole = lk_arena_calloc(&f->arena, MANY, sizeof(*paths));
	lk_str *files = lk_arena_calloc(&f->arena, MANY, sizeof(*files));
	struct lk_prefix_record record = {
		.record = {.name = LK_STR("a"), .version = LK_STR("1"), .build = LK_STR("0")},
		.paths = whole,
		.files = {files, 0}};
	const struct lk_prefix_record bare = {.record = record.record};
	for (unsigned i = 0; i < MANY; i++) {
		paths[i].path = lk_str_printf(&f->arena, "share/a/%u", i);
		paths[i].type = i % 5 == 0 ? LK_INSTALLED_DIRECTORY : LK_INSTALLED_FILE;
		if (i % 7 != 0) {
			whole[record.n_paths++] = paths[i];
		}
		if (i % 7 != 0 && i % 5 != 0) {
			files[record.files.n++] = paths[i].path;
		}
	}
	struct flow flow = {.paths = paths, .out = LK_BUF_INIT(SIZE_MAX), .most = MANY};
	const struct lk_prefix_record_flow way = {MANY, flow_path, flow_put, &flow};
	assert_int_equal(lk_prefix_record_write_flow(&bare, &way, &f->err), 0);
	assert_true(flow.parts > 5);
	assert_string_equal(lk_buf_cstr(&flow.out), written(f, &record));
	flow.parts = 0;
	flow.most = 3;
	assert_int_equal(lk_prefix_record_write_flow(&bare, &way, &f->err), LK_E_FS);
	assert_int_equal(flow.parts, 4);
	lk_buf_done(&flow.out);
}

static void what_was_written_reads_as_the_same(void **state)
{
	struct fixture *f = *state;
	must_parse(f, LK_STR(expected));
	assert_int_equal(f->record.n_paths, 3);
	assert_int_equal(f->record.paths[0].type, LK_INSTALLED_ENTRY_POINT);
	assert_true(f->record.paths[0].executable);
	assert_false(f->record.paths[1].executable);
	assert_true(lk_str_is(f->record.paths[2].target, "../a"));
	assert_true(lk_str_is(f->record.paths[2].original_path, "lib/m"));
	assert_true(lk_str_is(f->record.features, "f g"));
	assert_int_equal(f->record.paths[1].prefix_mode, LK_PREFIX_TEXT);
	assert_int_equal(f->record.requested_specs.n, 2);
	assert_string_equal(written(f, &f->record), expected);
}

static void foreign_keys_survive(void **state)
{
	struct fixture *f = *state;
	must_parse(f,
		LK_STR("{\"name\":\"a\",\"version\":\"1\",\"build\":\"0\",\"build_number\":0,"
		       "\"zebra\":{\"x\":[1,null,2.5]},\"auth\":\"kept\","
		       "\"link\":{\"source\":\"/pkgs/a\",\"type\":3},\"requested_spec\":\"None\","
		       "\"extracted_package_dir\":\"/pkgs/a\",\"paths_data\":{\"paths\":["
		       "{\"_path\":\"Scripts\\\\a.exe\",\"path_type\":"
		       "\"windows_python_entry_point_exe\",\"original_path\":\"o\"}]}}"));
	assert_int_equal(f->record.requested_specs.n, 0);
	assert_int_equal(f->record.paths[0].type, LK_INSTALLED_OTHER);
	const char *text = written(f, &f->record);
	static const char *const kept[] = {"\"zebra\": {", "2.5", "\"auth\": \"kept\"",
		"\"source\": \"/pkgs/a\"", "\"type\": 3", "\"extracted_package_dir\": \"/pkgs/a\"",
		"\"package_tarball_full_path\": \"\"", "\"original_path\": \"o\"",
		"\"path_type\": \"windows_python_entry_point_exe\"", "Scripts\\\\a.exe"};
	for (size_t i = 0; i < LK_COUNTOF(kept); i++) {
		if (!strstr(text, kept[i])) {
			fail_msg("%s is missing from %s", kept[i], text);
		}
	}
	assert_null(strstr(text, "None"));
	/* Changing what we own changes just that. */
	static const lk_str spec = {"a 1", 3};
	f->record.requested_specs = (struct lk_str_list){&spec, 1};
	assert_non_null(strstr(written(f, &f->record), "\"requested_spec\": \"a 1\""));
}

static void old_records_are_read(void **state)
{
	struct fixture *f = *state;
	must_parse(f,
		LK_STR("{\"name\":\"a\",\"version\":\"1\",\"build\":\"0\",\"build_number\":0,"
		       "\"files\":[\"lib/x\"],\"requires\":[],\"track_features\":\"\","
		       "\"requested_spec\":\"a=1\",\"link\":{\"type\":\"hard-link\","
		       "\"source\":\"/p\"}}"));
	assert_int_equal(f->record.files.n, 1);
	assert_int_equal(f->record.n_paths, 0);
	assert_int_equal(f->record.requested_specs.n, 1);
	assert_true(lk_str_is(f->record.requested_specs.items[0], "a=1"));
	const char *text = written(f, &f->record);
	assert_null(strstr(text, "paths_data"));
	assert_non_null(strstr(text, "hard-link"));
	must_parse(f, LK_STR("{\"name\":\"a\",\"version\":\"1\",\"build\":\"0\"}"));
}

static void bad_records_are_refused(void **state)
{
#define IDENTITY "\"name\":\"a\",\"version\":\"1\",\"build\":\"0\""
	static const struct {
		const char *text, *why;
	} rows[] = {
		{"", ""},
		{"{", ""},
		{"[]", "no object"},
		{"{}", "no 'name'"},
		{"{\"name\":\"a\"}", "no 'version'"},
		{"{\"name\":\"../a\",\"version\":\"1\",\"build\":\"0\"}", "bad 'name'"},
		{"{" IDENTITY ",\"sha256\":\"zz\"}", "bad 'sha256'"},
		{"{" IDENTITY ",\"files\":[\"../x\"]}", "unsafe path '../x'"},
		{"{" IDENTITY ",\"files\":[\"/x\"]}", "unsafe path '/x'"},
		{"{" IDENTITY ",\"files\":[\"\"]}", "unsafe path ''"},
		{"{" IDENTITY ",\"paths_data\":{\"paths\":[{\"_path\":\"a/../../b\"}]}}",
			"unsafe path"},
		{"{" IDENTITY ",\"paths_data\":{\"paths\":[{\"_path\":\"a\",\"original_path\":\"../"
		 "b\"}]}}",
			"unsafe path '../b'"},
		{"{" IDENTITY ",\"paths_data\":{\"paths\":[{}]}}", "unsafe path"},
		{"{" IDENTITY ",\"paths_data\":{\"paths\":[7]}}", "unsafe path"},
		{"{" IDENTITY ",\"x\":\"\xff\"}", ""},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		if (parse(f, lk_str_of(rows[i].text)) != LK_E_FORMAT) {
			fail_msg("'%s' was not refused", rows[i].text);
		}
		if (!strstr(f->err.message, rows[i].why)) {
			fail_msg("'%s': %s", rows[i].text, f->err.message);
		}
		assert_string_equal(f->err.file, "conda-meta/a-1-0.json");
	}
}

struct census {
	size_t read, refused, paths;
};

static void try_record(const char *path, struct census *census, struct fixture *f)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_PREFIX_RECORD_MAX_BYTES);
	assert_int_equal(lk_fs_read_file(AT_FDCWD, path, &text, &f->err), 0);
	lk_prefix_record_done(&f->record);
	int rc = lk_prefix_record_parse(lk_buf_view(&text), path, &f->record, &f->err);
	bool corrupt = strstr(path, "corrupt-1.2.3") || strstr(path, "._valid");
	if (corrupt != (rc < 0)) {
		fail_msg("%s: %s", path, rc < 0 ? f->err.message : "was not refused");
	}
	census->refused += rc < 0;
	if (rc < 0) {
		return;
	}
	census->read++;
	census->paths += f->record.n_paths;
	/* What we write of it reads again, and writes the same. */
	char *LK_AUTO_FREE first = lk_strdup(written(f, &f->record));
	lk_prefix_record_done(&f->record);
	must_parse(f, lk_str_of(first));
	assert_string_equal(written(f, &f->record), first);
}

static void walk(const char *folder, struct census *census, struct fixture *f)
{
	DIR *dir = opendir(folder);
	if (!dir) {
		return;
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		char path[4096];
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
			strcmp(entry->d_name, "..") != 0) {
			walk(path, census, f);
		} else if (lk_str_ends(lk_str_of(path), LK_STR(".json"))) {
			try_record(path, census, f);
		}
	}
	closedir(dir);
}

static void real_records_are_read(void **state)
{
	struct census census = {0};
	walk(LK_SHARED_DATA "/conda-meta", &census, *state);
	if (census.read == 0) {
		skip();
	}
	print_message("%zu records with %zu paths read, %zu refused\n", census.read, census.paths,
		census.refused);
	assert_int_equal(census.refused, 3);
	assert_true(census.read >= 130);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_fresh_record_is_written, setup, teardown),
		cmocka_unit_test_setup_teardown(many_paths_flow_in_parts, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_was_written_reads_as_the_same, setup, teardown),
		cmocka_unit_test_setup_teardown(foreign_keys_survive, setup, teardown),
		cmocka_unit_test_setup_teardown(old_records_are_read, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_records_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(real_records_are_read, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
