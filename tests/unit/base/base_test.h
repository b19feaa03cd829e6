/*
 * What the unit tests of base/ share: cmocka's headers and a folder that is removed again.
 */
#ifndef LK_TESTS_BASE_TEST_H
#define LK_TESTS_BASE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"

#define assert_text(view, text) assert_true(lk_str_is((view), (text)))

/* Fails with the error's message unless RC is LK_OK. */
#define assert_ok(rc, err) test_check_ok((rc), &(err), __FILE__, __LINE__)

static inline void test_check_ok(int rc, const struct lk_error *err, const char *file, int line)
{
	if (rc != LK_OK) {
		print_error("unexpected error: %s\n", err->message);
		_fail(file, line);
	}
}

struct test_dir {
	char path[64];
	int fd;
	struct lk_error err;
};

static inline int test_dir_setup(void **state)
{
	struct test_dir *dir = lk_calloc(1, sizeof(*dir));
	(void)snprintf(dir->path, sizeof(dir->path), "/tmp/lockenv-test-XXXXXX");
	if (!mkdtemp(dir->path)) {
		return -1;
	}
	dir->fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = dir;
	return dir->fd < 0 ? -1 : 0;
}

static inline int test_dir_teardown(void **state)
{
	struct test_dir *dir = *state;
	close(dir->fd);
	int rc = lk_fs_remove_tree(AT_FDCWD, dir->path, &dir->err);
	lk_free(dir);
	return rc;
}

static inline void test_put_file(struct test_dir *dir, const char *path, const char *text)
{
	assert_ok(lk_fs_write_atomic(dir->fd, path, text, strlen(text), 0, &dir->err), dir->err);
}

static inline void assert_file(struct test_dir *dir, const char *path, const char *text)
{
	struct lk_buf buf = LK_BUF_INIT(SIZE_MAX);
	assert_ok(lk_fs_read_file(dir->fd, path, &buf, &dir->err), dir->err);
	assert_string_equal(lk_buf_cstr(&buf), text);
	lk_buf_done(&buf);
}

static inline bool test_exists(const struct test_dir *dir, const char *path)
{
	struct stat st;
	return fstatat(dir->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

#endif
