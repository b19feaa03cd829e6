/*
 * Path names as text.
 */
#include "tests/unit/base/base_test.h"

static void test_contained(void **state)
{
	(void)state;
	static const char *const good[] = {
		"a", "a/b", "...", "..a", "a../b", ".a", "a b", "\xff", "a\\..\\b"};
	static const char *const bad[] = {
		"", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/../b", "./a", "a/./b"};
	for (size_t i = 0; i < LK_COUNTOF(good); i++) {
		assert_true(lk_path_is_contained(lk_str_of(good[i])));
	}
	for (size_t i = 0; i < LK_COUNTOF(bad); i++) {
		assert_false(lk_path_is_contained(lk_str_of(bad[i])));
	}
	assert_false(lk_path_is_contained(lk_str_n("a\0b", 3)));
	assert_false(lk_path_is_contained((lk_str){NULL, 0}));
	char path[4097];
	for (size_t i = 0; i < sizeof(path); i++) {
		path[i] = i % 200 == 199 ? '/' : 'x';
	}
	assert_true(lk_path_is_contained(lk_str_n(path, 4095)));
	assert_false(lk_path_is_contained(lk_str_n(path, 4096)));
	memset(path, 'x', sizeof(path));
	assert_true(lk_path_is_contained(lk_str_n(path, 255)));
	assert_false(lk_path_is_contained(lk_str_n(path, 256)));
	assert_true(lk_path_is_component(LK_STR("a.b")));
	assert_false(lk_path_is_component(LK_STR("a/b")));
	assert_false(lk_path_is_component(LK_STR("..")));
}

static void test_parts(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		const char *dir;
		const char *base;
	} rows[] = {
		{"a", "", "a"},
		{"a/b", "a", "b"},
		{"a/b/c.d", "a/b", "c.d"},
		{"/a", "/", "a"},
		{"/", "/", ""},
		{"a/", "a", ""},
		{"", "", ""},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		assert_text(lk_path_dirname(lk_str_of(rows[i].path)), rows[i].dir);
		assert_text(lk_path_basename(lk_str_of(rows[i].path)), rows[i].base);
	}
}

static void check_absolute(const char *path, const char *expected)
{
	struct lk_error err = LK_ERROR_INIT;
	char *LK_AUTO_FREE absolute = NULL;
	assert_ok(lk_path_absolute(path, &absolute, &err), err);
	assert_string_equal(absolute, expected);
}

static void test_absolute(void **state)
{
	struct test_dir *dir = *state;
	check_absolute("/", "/");
	check_absolute("//", "/");
	check_absolute("/a//b/./c/", "/a/b/c");
	check_absolute("/a/../../b", "/b");
	check_absolute("/a/b/..", "/a");
	int LK_AUTO_CLOSE before = open(".", O_PATH | O_CLOEXEC);
	assert_int_equal(mkdirat(dir->fd, "sub", 0755), 0);
	assert_int_equal(chdir(dir->path), 0);
	assert_int_equal(chdir("sub"), 0);
	char *LK_AUTO_FREE here = getcwd(NULL, 0);
	char *LK_AUTO_FREE x = lk_asprintf("%s/x", here);
	check_absolute(".", here);
	check_absolute("x/", x);
	check_absolute("../sub/./x", x);
	assert_int_equal(unlinkat(dir->fd, "sub", AT_REMOVEDIR), 0);
	char *none = NULL;
	assert_int_equal(lk_path_absolute("x", &none, &dir->err), LK_E_FS);
	assert_int_equal(lk_path_absolute("", &none, &dir->err), LK_E_FS);
	assert_null(none);
	assert_int_equal(fchdir(before), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contained),
		cmocka_unit_test(test_parts),
		cmocka_unit_test_setup_teardown(test_absolute, test_dir_setup, test_dir_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
