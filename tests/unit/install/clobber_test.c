/*
 * Clobbering: on values, and in prefixes, where what was parked comes back.
 */
#include "install/clobber.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "world.h"

/* ---- on values ---- */

#define MAX_PATHS 6

/* A package is written as its paths: "f1 x, l2 y". First byte: f file, p with a placeholder, l
 * link, d directory, e entry point; second: which content it has. A '*' before all: noarch python.
 */
struct values {
	struct lk_package packages[4];
	struct lk_package_path paths[4][MAX_PATHS];
	struct lk_tree_file files[4][MAX_PATHS];
	struct lk_entry_point points[4];
	struct lk_layout_package list[4];
	struct lk_layout layout;
	struct lk_error err;
	struct lk_buf warnings;
};

static void on_value_warn(void *ctx, const char *message)
{
	lk_buf_puts(ctx, message);
	lk_buf_putc(ctx, '\n');
}

static void fill_path(struct values *v, size_t i, lk_str text)
{
	size_t k = v->packages[i].n_paths++;
	struct lk_package_path *path = &v->paths[i][k];
	struct lk_tree_file *file = &v->files[i][k];
	path->path = lk_str_skip(text, 3);
	file->sha256.bytes[0] = (uint8_t)text.ptr[1];
	if (text.ptr[0] == 'l') {
		path->type = LK_PATH_SOFTLINK;
		file->target = lk_str_slice(text, 1, 2);
	} else if (text.ptr[0] == 'd') {
		path->type = LK_PATH_DIRECTORY;
	} else if (text.ptr[0] == 'p') {
		path->prefix_mode = LK_PREFIX_TEXT;
		path->placeholder = LK_STR("/p");
	}
}

static void fill_package(struct values *v, size_t i, const char *row)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	bool noarch = row[0] == '*';
	lk_str rest = lk_str_of(row + noarch);
	lk_str text;
	v->packages[i].paths = v->paths[i];
	v->packages[i].entry_points = &v->points[i];
	while (lk_str_split(&rest, ',', &text)) {
		text = lk_str_trim(text);
		if (text.ptr[0] == 'e') {
			v->points[i] = (struct lk_entry_point){
				lk_str_skip(text, 3), LK_STR("m"), lk_str_slice(text, 1, 2)};
			v->packages[i].n_entry_points = 1;
		} else {
			fill_path(v, i, text);
		}
	}
	v->list[i] = (struct lk_layout_package){
		.package = &v->packages[i], .files = v->files[i], .rank = (uint32_t)i};
	v->list[i].record.name = lk_str_of(names[i]);
	v->list[i].record.noarch = noarch ? LK_NOARCH_PYTHON : LK_NOARCH_NO;
}

/* Packages a, b and c, as many as there are; the later wins. */
static int resolve(struct values *v, const char *const rows[3], const char *subdir, bool strict)
{
	size_t n = 0;
	*v = (struct values){0};
	lk_buf_init(&v->warnings, 4096);
	for (; n < 3 && rows[n]; n++) {
		fill_package(v, n, rows[n]);
	}
	/* python comes last, so that it clobbers nothing here */
	v->list[n] = (struct lk_layout_package){.package = &v->packages[n], .rank = (uint32_t)n};
	v->list[n].record.name = LK_STR("python");
	v->list[n].record.version = LK_STR("3.12.1");
	const struct lk_report report = {.ctx = &v->warnings, .warn = on_value_warn};
	int rc = lk_layout_make(
		v->list, n + 1, LK_STR("/e"), lk_str_of(subdir), true, &v->layout, &v->err);
	if (rc == 0) {
		rc = lk_clobber_resolve(&v->layout, strict, &report, &v->err);
	}
	return rc;
}

static void values_done(struct values *v)
{
	lk_layout_done(&v->layout);
	lk_buf_done(&v->warnings);
}

/* The new tree: "path=package" for each entry that is in it, "path<original=package" for a parked
 * one, in order. */
static const char *tree_of(struct values *v)
{
	lk_buf_clear(&v->warnings);
	for (size_t i = 0; i < v->layout.n_entries; i++) {
		const struct lk_entry *entry = &v->layout.entries[i];
		assert_true(i == 0 || lk_entry_order(entry - 1, entry) <= 0);
		if (!entry->lost) {
			lk_buf_puts(&v->warnings, v->warnings.len > 0 ? " " : "");
			lk_buf_put(&v->warnings, entry->path);
			lk_buf_puts(&v->warnings, entry->original_path.len > 0 ? "<" : "");
			lk_buf_put(&v->warnings, entry->original_path);
			lk_buf_appendf(&v->warnings, "=%c", 'a' + (char)entry->package);
		}
	}
	return lk_buf_cstr(&v->warnings);
}

static const struct {
	const char *rows[3], *subdir, *tree;
	size_t warned; /* pairs that differ */
} value_cases[] = {
	{{"f1 x", "f2 x"}, "linux-64", "__clobbers__/a/x<x=a x=b", 1},
	{{"f1 x", "f1 x"}, "linux-64", "__clobbers__/a/x<x=a x=b", 0},
	{{"f1 x", "p1 x"}, "linux-64", "__clobbers__/a/x<x=a x=b", 1},
	{{"p1 x", "p1 x"}, "linux-64", "__clobbers__/a/x<x=a x=b", 0},
	{{"l1 x", "l1 x"}, "linux-64", "__clobbers__/a/x<x=a x=b", 0},
	{{"l1 x", "l2 x"}, "linux-64", "__clobbers__/a/x<x=a x=b", 1},
	{{"f1 x", "l1 x"}, "linux-64", "__clobbers__/a/x<x=a x=b", 1},
	/* three at one path; one warning for each pair, however many files */
	{{"f1 x, f1 y", "f2 x, f2 z", "f3 x, f3 y"}, "linux-64",
		"__clobbers__/a/x<x=a __clobbers__/a/y<y=a __clobbers__/b/x<x=b x=c y=c "
		"z=b",
		2},
	/* directories are shared; links and files in them are not */
	{{"d  s, f1 s/x", "d  s, l2 s/x"}, "linux-64", "__clobbers__/a/s/x<s/x=a s=a s=b s/x=b", 1},
	/* entry points */
	{{"f1 bin/t", "*e1 t"}, "linux-64", "__clobbers__/a/bin/t<bin/t=a bin/t=b", 1},
	{{"*e1 t", "f1 bin/t"}, "linux-64", "__clobbers__/a/bin/t<bin/t=a bin/t=b", 1},
	{{"*e1 t", "*e1 t"}, "linux-64", "__clobbers__/a/bin/t<bin/t=a bin/t=b", 0},
	/* what one package brings twice is not parked: the entry point stands */
	{{"*f1 python-scripts/t, e1 t"}, "linux-64", "bin/t=a", 0},
	{{"*f1 python-scripts/t, e1 t", "f2 bin/t"}, "linux-64",
		"__clobbers__/a/bin/t<bin/t=a bin/t=b", 1},
	/* the compiled form goes with its source */
	{{"*f1 site-packages/m.py", "*f2 site-packages/m.py"}, "linux-64",
		"__clobbers__/a/lib/python3.12/site-packages/m.py<"
		"lib/python3.12/site-packages/m.py=a "
		"lib/python3.12/site-packages/__pycache__/m.cpython-312.pyc=b "
		"lib/python3.12/site-packages/m.py=b",
		1},
	{{"*f1 site-packages/m.py", "f2 lib/python3.12/site-packages/m.py"}, "linux-64",
		"__clobbers__/a/lib/python3.12/site-packages/m.py<"
		"lib/python3.12/site-packages/m.py=a "
		"lib/python3.12/site-packages/m.py=b",
		1},
	/* what is shipped stands above what is compiled, even of a package before */
	{{"f2 lib/python3.12/site-packages/__pycache__/m.cpython-312.pyc",
		 "*f1 site-packages/m.py"},
		"linux-64",
		"lib/python3.12/site-packages/__pycache__/m.cpython-312.pyc=a "
		"lib/python3.12/site-packages/m.py=b",
		0},
	/* case matters, but not everywhere */
	{{"f1 Foo", "f2 foo"}, "linux-64", "Foo=a foo=b", 0},
	{{"f1 Foo", "f2 foo"}, "osx-64", "__clobbers__/a/Foo<Foo=a foo=b", 1},
	{{"f1 L/x", "f2 l/X", "f3 L/x"}, "win-64",
		"L/x=c __clobbers__/a/L/x<L/x=a __clobbers__/b/l/X<l/X=b", 2},
	{{"*f1 site-packages/M.py", "*f2 site-packages/m.py"}, "win-64",
		"Lib/site-packages/__pycache__/m.cpython-312.pyc=b "
		"Lib/site-packages/m.py=b "
		"__clobbers__/a/Lib/site-packages/M.py<Lib/site-packages/M.py=a",
		1},
};

static void test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(value_cases); i++) {
		for (int strict = 0; strict < 2; strict++) {
			struct values v;
			int rc = resolve(&v, value_cases[i].rows, value_cases[i].subdir, strict);
			size_t warned = 0;
			for (size_t k = 0; k < v.warnings.len; k++) {
				warned += v.warnings.ptr[k] == '\n';
			}
			if (strict) {
				assert_int_equal(
					rc, value_cases[i].warned > 0 ? LK_E_INTEGRITY : 0);
			} else {
				assert_int_equal(rc, 0);
				assert_int_equal(warned, value_cases[i].warned);
				assert_string_equal(tree_of(&v), value_cases[i].tree);
			}
			values_done(&v);
		}
	}
}

static void test_kinds(void **state)
{
	(void)state;
	static const struct {
		const char *rows[3], *subdir, *message;
	} cases[] = {
		{{"f1 d/x", "f1 d"}, "linux-64", "'d' is a file of package 'b' and a "},
		{{"d  d", "l1 d"}, "linux-64", "'d' is a file of package 'b' and a "},
		{{"f1 d/x", "f1 d-x", "l1 d"}, "linux-64", "a directory of package 'a'"},
		{{"f1 D/x", "f1 d"}, "win-64", "'d' is a file of package 'b' and a "},
		{{"f1 __clobbers__/a/x"}, "linux-64", "which packages may not"},
		{{"f1 __CLOBBERS__/x"}, "linux-64", "which packages may not"},
	};
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		struct values v;
		assert_int_equal(
			resolve(&v, cases[i].rows, cases[i].subdir, false), LK_E_INTEGRITY);
		assert_non_null(strstr(v.err.message, cases[i].message));
		values_done(&v);
	}
}

/* ---- in a prefix ---- */

#define PARKED(name, path) "__clobbers__/" name "/" path

/* a, b and c bring the same paths; a wins, then b: each needs the next. */
static void add_three(struct world *w, size_t n)
{
	static const char *const names[] = {"a", "b", "c"};
	static const lk_str needs[] = {{"b", 1}, {"c", 1}};
	w->n = 0;
	for (size_t i = 3 - n; i < 3; i++) {
		const char *name = names[i];
		const struct pack_member members[] = {
			{.name = "bin/run", .text = name, .type = '0', .mode = 0755},
			{.name = "bin/where",
				.text = lk_arena_printf(&w->arena, "%s in %s", name, PLACEHOLDER),
				.type = '0'},
			{.name = "lib/link", .link = name, .type = '2'},
			{.name = "share/same", .text = "same", .type = '0'},
			{0},
		};
		add(w, name, "1", NULL,
			"{\"_path\": \"bin/run\", \"path_type\": \"hardlink\", \"no_link\": true},"
			"{\"_path\": \"bin/where\", \"path_type\": \"hardlink\", "
			"\"prefix_placeholder\": \"" PLACEHOLDER "\"},"
			"{\"_path\": \"lib/link\", \"path_type\": \"softlink\"},"
			"{\"_path\": \"share/same\", \"path_type\": \"hardlink\"}",
			members);
		if (i < 2) {
			w->records[w->n - 1].depends = (struct lk_str_list){&needs[i], 1};
		}
	}
}

static void assert_files_of(struct world *w, const char *name, const char *folder)
{
	char target[8] = "";
	const char *file = lk_arena_printf(&w->arena, "%sbin/run", folder);
	assert_string_equal(text_of(w, file), name);
	file = lk_arena_printf(&w->arena, "%sbin/where", folder);
	assert_string_equal(
		text_of(w, file), lk_arena_printf(&w->arena, "%s in %s", name, w->prefix));
	file = lk_arena_printf(&w->arena, "%slib/link", folder);
	assert_true(readlink(path_of(w, file), target, sizeof(target)) == 1);
	assert_string_equal(target, name);
	file = lk_arena_printf(&w->arena, "%sshare/same", folder);
	assert_string_equal(text_of(w, file), "same");
}

static void test_prefix(void **state)
{
	struct world *w = *state;
	add_three(w, 3);
	assert_int_equal(install(w), 0);
	assert_files_of(w, "a", "");
	assert_files_of(w, "b", PARKED("b", ""));
	assert_files_of(w, "c", PARKED("c", ""));
	assert_non_null(strstr(w->warnings.ptr, "package 'a' replaces 3 file(s) of package 'b'"));
	assert_non_null(strstr(w->warnings.ptr, "package 'a' replaces 3 file(s) of package 'c'"));
	assert_null(strstr(w->warnings.ptr, "package 'b' replaces"));
	const char *record = text_of(w, "conda-meta/c-1-0.json");
	assert_non_null(strstr(record, "\"_path\": \"" PARKED("c", "bin/run") "\""));
	assert_non_null(strstr(record, "\"original_path\": \"bin/run\""));
	assert_null(strstr(text_of(w, "conda-meta/a-1-0.json"), "original_path"));
	/* the winner goes: the next one has the path */
	add_three(w, 2);
	assert_int_equal(install(w), 0);
	assert_files_of(w, "b", "");
	assert_files_of(w, "c", PARKED("c", ""));
	assert_int_equal(access(path_of(w, PARKED("b", "")), F_OK), -1);
	add_three(w, 1);
	assert_int_equal(install(w), 0);
	assert_files_of(w, "c", "");
	assert_int_equal(access(path_of(w, "__clobbers__"), F_OK), -1);
	assert_null(strstr(text_of(w, "conda-meta/c-1-0.json"), "clobbers"));
	assert_string_equal(w->warnings.len > 0 ? w->warnings.ptr : "", "");
	/* and back again */
	add_three(w, 3);
	assert_int_equal(install(w), 0);
	assert_files_of(w, "a", "");
	assert_files_of(w, "c", PARKED("c", ""));
	assert_clean(w);
}

/* Neither archives nor trees are needed for what stays: what was parked comes back from the prefix.
 */
static void test_kept(void **state)
{
	struct world *w = *state;
	add_three(w, 3);
	assert_int_equal(install(w), 0);
	const char *other = lk_arena_printf(&w->arena, "%s/other", w->root);
	lk_cache_free(w->cache);
	assert_int_equal(lk_cache_open(other, true, &w->cache, &w->err), 0);
	for (w->n = 2; w->n > 0; w->n--) {
		memmove(w->records, w->records + 1, w->n * sizeof(*w->records));
		assert_int_equal(install(w), 0);
		assert_files_of(w, w->n == 2 ? "b" : "c", "");
		assert_int_equal(access(path_of(w, PARKED("b", "")), F_OK), -1);
		assert_int_equal(access(path_of(w, PARKED("c", "")), F_OK), w->n == 2 ? 0 : -1);
	}
}

static void test_strict(void **state)
{
	struct world *w = *state;
	add_three(w, 1);
	assert_int_equal(install(w), 0);
	add_three(w, 2);
	w->options.strict = true;
	assert_int_equal(install(w), LK_E_INTEGRITY);
	assert_non_null(strstr(w->err.message, "packages 'c' and 'b' both bring 'bin/run'"));
	assert_files_of(w, "c", "");
	assert_clean(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test_setup_teardown(test_prefix, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_strict, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
