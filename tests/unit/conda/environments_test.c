/*
 * The list of environments: what is in it before and after.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "conda/environments.h"

#define LIST ".conda/environments.txt"

struct home {
	char path[32];
	int fd;
	struct lk_error err;
};

static int set_up(void **state)
{
	static struct home home;
	home = (struct home){.path = "/tmp/lockenv-home-XXXXXX", .err = LK_ERROR_INIT};
	*state = &home;
	home.fd = mkdtemp(home.path) ? open(home.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	return home.fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	struct home *home = *state;
	lk_error_clear(&home->err);
	close(home->fd);
	return lk_fs_remove_tree(AT_FDCWD, home->path, &home->err);
}

/* TEXT NULL: there is none. */
static void put(struct home *home, const char *text)
{
	(void)mkdirat(home->fd, ".conda", 0755);
	(void)unlinkat(home->fd, LIST, 0);
	if (text) {
		assert_int_equal(
			lk_fs_write_atomic(home->fd, LIST, text, strlen(text), 0644, &home->err),
			0);
	}
}

static void expect(struct home *home, const char *text)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) is = LK_BUF_INIT(LK_ENVIRONMENTS_MAX_BYTES);
	int rc = lk_fs_read_file(home->fd, LIST, &is, &home->err);
	assert_int_equal(rc, text ? 0 : LK_E_NOT_FOUND);
	lk_error_clear(&home->err);
	if (text) {
		assert_string_equal(lk_buf_cstr(&is), text);
	}
}

static const struct {
	const char *before, *added, *removed; /* of "/e"; NULL: no list */
} cases[] = {
	{NULL, "/e\n", NULL},
	{"", "/e\n", ""},
	{"/a\n", "/a\n/e\n", "/a\n"},
	{"/a", "/a\n/e\n", "/a"},
	{"/e\n", "/e\n", ""},
	{"/e", "/e", ""},
	{"/a\n/e\n/b\n", "/a\n/e\n/b\n", "/a\n/b\n"},
	{"/e\n/a\n/e\n", "/e\n/a\n/e\n", "/a\n"},
	{" /e \r\n/b\n", " /e \r\n/b\n", "/b\n"},
	{"/e/f\n/ee\n# /e\n\n", "/e/f\n/ee\n# /e\n\n/e\n", "/e/f\n/ee\n# /e\n\n"},
};

static void test_cases(void **state)
{
	struct home *home = *state;
	bool changed = true;
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		const char *before = cases[i].before;
		put(home, before);
		assert_int_equal(lk_environments_add(home->path, "/e", &changed, &home->err), 0);
		expect(home, cases[i].added);
		assert_int_equal(changed, !before || strcmp(before, cases[i].added) != 0);
		put(home, before);
		assert_int_equal(lk_environments_remove(home->path, "/e", &changed, &home->err), 0);
		expect(home, cases[i].removed);
		assert_int_equal(changed, before && strcmp(before, cases[i].removed) != 0);
	}
}

static void test_no_folder(void **state)
{
	struct home *home = *state;
	bool changed = true;
	assert_int_equal(lk_environments_remove(home->path, "/e", &changed, &home->err), 0);
	assert_false(changed);
	assert_int_not_equal(faccessat(home->fd, ".conda", F_OK, 0), 0);
	/* Conda-build's own are left out. */
	assert_int_equal(lk_environments_add(home->path, "/b/_h_env_placehold_placehold_pl",
				 &changed, &home->err),
		0);
	assert_false(changed);
	assert_int_not_equal(faccessat(home->fd, ".conda", F_OK, 0), 0);
	assert_int_equal(lk_environments_add(home->path, "/e", &changed, &home->err), 0);
	assert_true(changed);
	expect(home, "/e\n");
}

static void refused(struct home *home, const char *path)
{
	bool changed = true;
	assert_int_equal(lk_environments_add(path, "/e", &changed, &home->err), LK_E_FS);
	assert_false(changed);
	lk_error_clear(&home->err);
}

static void test_not_ours(void **state)
{
	struct home *home = *state;
	refused(home, "/nonexistent/home");
	assert_int_equal(mkdirat(home->fd, ".conda", 0755), 0);
	assert_int_equal(symlinkat("environments.txt", home->fd, LIST), 0);
	refused(home, home->path);
	assert_int_equal(unlinkat(home->fd, LIST, 0), 0);
	assert_int_equal(symlinkat("nowhere/elsewhere", home->fd, LIST), 0);
	refused(home, home->path);
	assert_int_equal(unlinkat(home->fd, LIST, 0), 0);
	assert_int_equal(symlinkat("..", home->fd, LIST), 0);
	refused(home, home->path);
	assert_int_equal(unlinkat(home->fd, LIST, 0), 0);
	assert_int_equal(mkdirat(home->fd, LIST, 0755), 0);
	refused(home, home->path);
	assert_int_equal(unlinkat(home->fd, LIST, AT_REMOVEDIR), 0);
	assert_int_equal(mkfifoat(home->fd, LIST, 0644), 0);
	refused(home, home->path);
	assert_int_equal(unlinkat(home->fd, LIST, 0), 0);
	/* Too large to be a list. */
	put(home, "");
	int fd = openat(home->fd, LIST, O_WRONLY | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, (off_t)LK_ENVIRONMENTS_MAX_BYTES + 1), 0);
	close(fd);
	refused(home, home->path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cases, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_folder, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_ours, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
