/*
 * Removing trees and copying files, as they come and as someone hostile makes them.
 */
#include <errno.h>

#include "tests/unit/base/base_test.h"

static void make_dirs(struct test_dir *dir, const char *path)
{
	assert_ok(lk_fs_mkdirs(dir->fd, path, 0, false, &dir->err), dir->err);
}

/* Without the sync of test_put_file: there are many. */
static void make_file(struct test_dir *dir, const char *path)
{
	int fd = openat(dir->fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
}

/* Folders beside each other, files, and what leads elsewhere. */
static void make_tree(struct test_dir *dir, int n)
{
	make_dirs(dir, "t/a/b");
	make_dirs(dir, "t/empty");
	for (int i = 0; i < n; i++) {
		char name[40];
		(void)snprintf(name, sizeof(name), "t/a/file%d", i);
		make_file(dir, name);
		(void)snprintf(name, sizeof(name), "t/a/b/dir%d/x", i);
		make_dirs(dir, name);
	}
	assert_int_equal(symlinkat("../keep", dir->fd, "t/link"), 0);
	assert_int_equal(symlinkat("/nowhere", dir->fd, "t/dangling"), 0);
	assert_int_equal(symlinkat("../../keep", dir->fd, "t/a/link"), 0);
	assert_int_equal(mkfifoat(dir->fd, "t/fifo", 0600), 0);
}

static void test_remove_tree(void **state)
{
	struct test_dir *dir = *state;
	make_dirs(dir, "keep");
	test_put_file(dir, "keep/file", "kept");
	for (unsigned jobs = 0; jobs <= 3; jobs++) {
		make_tree(dir, 20);
		assert_ok(lk_fs_remove_tree_with(jobs, dir->fd, "t", &dir->err), dir->err);
		assert_false(test_exists(dir, "t"));
		assert_ok(lk_fs_remove_tree_with(jobs, dir->fd, "t", &dir->err), dir->err);
		assert_ok(lk_fs_remove_tree_with(jobs, dir->fd, "t/x/y", &dir->err), dir->err);
	}
	make_tree(dir, 300);
	assert_ok(lk_fs_remove_tree(dir->fd, "t", &dir->err), dir->err);
	assert_false(test_exists(dir, "t"));
	assert_file(dir, "keep/file", "kept");
	/* Missing is fine, a file and a link go by themselves. */
	assert_ok(lk_fs_remove_tree(dir->fd, "t", &dir->err), dir->err);
	assert_ok(lk_fs_remove_tree(dir->fd, "t/x/y", &dir->err), dir->err);
	assert_int_equal(symlinkat("keep", dir->fd, "link"), 0);
	assert_ok(lk_fs_remove_tree(dir->fd, "link", &dir->err), dir->err);
	assert_file(dir, "keep/file", "kept");
	assert_ok(lk_fs_remove_tree(dir->fd, "keep/file", &dir->err), dir->err);
	assert_true(test_exists(dir, "keep"));
	assert_false(test_exists(dir, "keep/file"));
}

/* Deeper than any path name, and than there are descriptors. */
static void test_remove_deep(void **state)
{
	struct test_dir *dir = *state;
	int here = openat(dir->fd, ".", O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < 3000; i++) {
		assert_int_equal(mkdirat(here, "directory", 0700), 0);
		int next = openat(here, "directory", O_RDONLY | O_CLOEXEC);
		assert_true(next >= 0);
		close(here);
		here = next;
	}
	close(here);
	assert_ok(lk_fs_remove_tree(dir->fd, "directory", &dir->err), dir->err);
	assert_false(test_exists(dir, "directory"));
}

/* Folders without write, read or search permission; as root nothing is refused anyway. */
static void test_remove_read_only(void **state)
{
	struct test_dir *dir = *state;
	static const mode_t modes[] = {0555, 0444, 0333, 0111, 0000};
	for (size_t i = 0; i < LK_COUNTOF(modes); i++) {
		make_dirs(dir, "t/a/b");
		make_file(dir, "t/a/file");
		make_file(dir, "t/a/b/file");
		assert_int_equal(fchmodat(dir->fd, "t/a/b", modes[i], 0), 0);
		assert_int_equal(fchmodat(dir->fd, "t/a", modes[i], 0), 0);
		assert_int_equal(fchmodat(dir->fd, "t", modes[i], 0), 0);
		assert_ok(lk_fs_remove_tree(dir->fd, "t", &dir->err), dir->err);
		assert_false(test_exists(dir, "t"));
	}
}

static void test_copy(void **state)
{
	struct test_dir *dir = *state;
	struct lk_buf text = LK_BUF_INIT(SIZE_MAX);
	for (int i = 0; i < 100000; i++) {
		lk_buf_appendf(&text, "%d\n", i);
	}
	assert_ok(lk_fs_write_atomic(dir->fd, "src", text.ptr, text.len, 0, &dir->err), dir->err);
	mode_t old = umask(077);
	assert_ok(lk_fs_copy_file(dir->fd, "src", dir->fd, "dst", 0755, &dir->err), dir->err);
	umask(old);
	struct stat st;
	assert_int_equal(fstatat(dir->fd, "dst", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_file(dir, "dst", lk_buf_cstr(&text));
	test_put_file(dir, "empty", "");
	assert_ok(lk_fs_copy_file(dir->fd, "empty", dir->fd, "empty2", 0644, &dir->err), dir->err);
	assert_file(dir, "empty2", "");
	/* A file that claims no size. */
	int rc = lk_fs_copy_file(AT_FDCWD, "/proc/self/status", dir->fd, "proc", 0644, &dir->err);
	assert_ok(rc, dir->err);
	assert_int_equal(fstatat(dir->fd, "proc", &st, 0), 0);
	assert_true(st.st_size > 0);
	rc = lk_fs_reflink(dir->fd, "src", dir->fd, "linked", 0644, &dir->err);
	assert_true(rc == LK_OK || rc == LK_E_NOT_FOUND);
	assert_int_equal(test_exists(dir, "linked"), rc == LK_OK);
	lk_buf_done(&text);
}

static void test_copy_refused(void **state)
{
	struct test_dir *dir = *state;
	test_put_file(dir, "src", "x");
	test_put_file(dir, "there", "old");
	make_dirs(dir, "d");
	assert_int_equal(symlinkat("src", dir->fd, "link"), 0);
	assert_int_equal(symlinkat("nowhere", dir->fd, "dangling"), 0);
	assert_int_equal(mkfifoat(dir->fd, "fifo", 0600), 0);
	static const char *const pairs[][2] = {
		{"src", "there"},
		{"src", "dangling"},
		{"src", "no/x"},
		{"link", "new"},
		{"d", "new"},
		{"fifo", "new"},
		{"none", "new"},
	};
	for (size_t i = 0; i < LK_COUNTOF(pairs); i++) {
		int rc = lk_fs_copy_file(
			dir->fd, pairs[i][0], dir->fd, pairs[i][1], 0644, &dir->err);
		assert_int_equal(rc, LK_E_FS);
		rc = lk_fs_reflink(dir->fd, pairs[i][0], dir->fd, pairs[i][1], 0644, &dir->err);
		assert_int_equal(rc, LK_E_FS);
		assert_false(test_exists(dir, "new"));
		assert_false(test_exists(dir, "nowhere"));
	}
	assert_file(dir, "there", "old");
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, test_dir_setup, test_dir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(test_remove_tree),
		WITH_DIR(test_remove_deep),
		WITH_DIR(test_remove_read_only),
		WITH_DIR(test_copy),
		WITH_DIR(test_copy_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
