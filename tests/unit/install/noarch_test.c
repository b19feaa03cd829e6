/*
 * Path mapping and entry points of noarch python packages: conda-formats.md 6.3.
 */
#include "install/noarch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "install/entry_points.h"

static struct lk_python python_of(
	const char *version, const char *site, const char *subdir, struct lk_arena *arena)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_python python = {0};
	assert_int_equal(lk_python_init(lk_str_of(version), lk_str_of(site), lk_str_of(subdir),
				 arena, &python, &err),
		0);
	return python;
}

static void test_targets(void **state)
{
	(void)state;
	static const struct {
		const char *version, *site, *subdir, *path, *target, *pyc;
	} rows[] = {
		{"3.12.4", "", "linux-64", "site-packages/foo/a.py",
			"lib/python3.12/site-packages/foo/a.py",
			"lib/python3.12/site-packages/foo/__pycache__/a.cpython-312.pyc"},
		{"3.13.0rc1", "lib/python3.13t/site-packages/", "linux-64", "site-packages/a.py",
			"lib/python3.13t/site-packages/a.py",
			"lib/python3.13t/site-packages/__pycache__/a.cpython-313.pyc"},
		{"2.7.18", "", "osx-64", "site-packages/a.py", "lib/python2.7/site-packages/a.py",
			"lib/python2.7/site-packages/a.pyc"},
		{"3.9", "", "win-64", "site-packages/a.py", "Lib/site-packages/a.py",
			"Lib/site-packages/__pycache__/a.cpython-39.pyc"},
		{"3.12.4", "", "linux-64", "python-scripts/run.sh", "bin/run.sh", NULL},
		{"3.12.4", "", "win-64", "python-scripts/run.py", "Scripts/run.py", NULL},
		{"3.12.4", "", "linux-64", "share/x", "share/x", NULL},
		{"3.12.4", "", "linux-64", "site-packagesx/x", "site-packagesx/x", NULL},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
		struct lk_python python =
			python_of(rows[i].version, rows[i].site, rows[i].subdir, &arena);
		lk_str target = lk_noarch_target(&python, lk_str_of(rows[i].path), &arena);
		assert_string_equal(target.ptr, rows[i].target);
		if (rows[i].pyc) {
			assert_string_equal(
				lk_noarch_pyc(&python, target, &arena).ptr, rows[i].pyc);
		}
	}
}

static void test_refused(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{"3.12", "../x"},
		{"3.12", "/x"},
		{"3.12", "lib/../../x"},
		{"3.12", "conda-meta"},
		{"3.12", "conda-meta/x"},
		{"3", ""},
		{"", ""},
		{"x.y", ""},
		{"3.", ""},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
		struct lk_error err = LK_ERROR_INIT;
		struct lk_python python;
		assert_int_equal(lk_python_init(lk_str_of(rows[i][0]), lk_str_of(rows[i][1]),
					 LK_STR("linux-64"), &arena, &python, &err),
			LK_E_INTEGRITY);
	}
}

static void test_entry_points(void **state)
{
	(void)state;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_python python = python_of("3.12.4", "", "linux-64", &arena);
	const struct lk_entry_point point = {LK_STR("tool"), LK_STR("a.b"), LK_STR("Main.run")};
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(4096);
	assert_string_equal(lk_entry_point_target(&point, &python, &arena).ptr, "bin/tool");
	lk_entry_point_script(&point, &python, LK_STR("/e"), LK_STR("linux-64"), &text);
	assert_non_null(strstr(text.ptr, "from a.b import Main\n"));
	assert_non_null(strstr(text.ptr, "sys.exit(Main.run())\n"));
	assert_memory_equal(text.ptr, "#!/e/bin/python3.12\n", 20);
	lk_buf_clear(&text);
	lk_entry_point_script(&point, &python, LK_STR("/my env"), LK_STR("linux-64"), &text);
	assert_memory_equal(text.ptr, "#!/bin/sh\n'''exec' \"/my env/bin/python3.12\" \"$0\"", 48);
	struct lk_python windows = python_of("3.12.4", "", "win-64", &arena);
	assert_string_equal(
		lk_entry_point_target(&point, &windows, &arena).ptr, "Scripts/tool-script.py");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_entry_points),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
