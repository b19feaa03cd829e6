/*
 * Opening beneath, directories, reading, replacing and renaming files.
 */
#include "base/fs.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/fs_priv.h"
#include "tests/unit/base/base_test.h"

static void make_link(struct test_dir *dir, const char *target, const char *name)
{
	assert_int_equal(symlinkat(target, dir->fd, name), 0);
}

static void make_dirs(struct test_dir *dir, const char *path)
{
	assert_ok(lk_fs_mkdirs(dir->fd, path, 0, false, &dir->err), dir->err);
}

static mode_t mode_of(struct test_dir *dir, const char *path)
{
	struct stat st;
	assert_int_equal(fstatat(dir->fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

static size_t count_entries(struct test_dir *dir)
{
	struct lk_arena arena = {0};
	struct lk_strs names;
	assert_ok(lk_fs_list(dir->fd, ".", &arena, &names, &dir->err), dir->err);
	size_t n = names.len;
	lk_vec_done(&names);
	lk_arena_done(&arena);
	return n;
}

static const struct {
	const char *path;
	int flags;
	int errnum;
} openings[] = {
	{"a/b/file", O_RDONLY, 0},
	{"a", O_RDONLY | O_DIRECTORY, 0},
	{"a/b", O_PATH, 0},
	{"a/b/new", O_WRONLY | O_CREAT | O_EXCL, 0},
	{"to_a", O_RDONLY | O_DIRECTORY, ELOOP},
	{"to_a", O_RDONLY, ELOOP},
	{"to_a/b/file", O_RDONLY, ELOOP},
	{"to_root/etc", O_RDONLY, ELOOP},
	{"a/b/to_file", O_RDONLY, ELOOP},
	{"a/b/to_file", O_PATH | O_NOFOLLOW, 0},
	{"dangling", O_WRONLY | O_CREAT, ELOOP},
	{"a/x/file", O_RDONLY, ENOENT},
	{"a/b/file/x", O_RDONLY, ENOTDIR},
	{"a/b/file", O_RDONLY | O_DIRECTORY, ENOTDIR},
	{"a/b/file", O_WRONLY | O_CREAT | O_EXCL, EEXIST},
};

/* The kernel's way and the walk must agree on everything. */
static void test_open_beneath(void **state)
{
	struct test_dir *dir = *state;
	make_dirs(dir, "a/b");
	test_put_file(dir, "a/b/file", "x");
	make_link(dir, "a", "to_a");
	make_link(dir, "/", "to_root");
	make_link(dir, "file", "a/b/to_file");
	make_link(dir, "nowhere", "dangling");
	for (size_t i = 0; i < LK_COUNTOF(openings); i++) {
		int expected = LK_OK;
		if (openings[i].errnum) {
			bool missing =
				openings[i].errnum == ENOENT || openings[i].errnum == ENOTDIR;
			expected = missing ? LK_E_NOT_FOUND : LK_E_FS;
		}
		int fd = -1;
		int rc = lk_fs_open_beneath(
			dir->fd, openings[i].path, openings[i].flags, 0600, &fd, &dir->err);
		assert_int_equal(rc, expected);
		if (rc == LK_OK) {
			assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
			close(fd);
		} else {
			assert_int_equal(dir->err.sys_errno, openings[i].errnum);
			assert_non_null(strstr(dir->err.message, openings[i].path));
		}
		if (openings[i].flags & O_CREAT && rc == LK_OK) {
			assert_int_equal(unlinkat(dir->fd, openings[i].path, 0), 0);
		}
		fd = lk_fs_walk_beneath(dir->fd, openings[i].path, openings[i].flags, 0600);
		assert_int_equal(fd < 0 ? errno : 0, openings[i].errnum);
		if (fd >= 0) {
			assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
			close(fd);
		}
	}
	static const char *const outside[] = {
		"", "/etc", "..", "a/../../x", "a//b", "a/", ".", "./a"};
	for (size_t i = 0; i < LK_COUNTOF(outside); i++) {
		int fd;
		int rc = lk_fs_open_beneath(dir->fd, outside[i], O_RDONLY, 0, &fd, &dir->err);
		assert_int_equal(rc, LK_E_FS);
	}
}

static void test_mkdirs(void **state)
{
	struct test_dir *dir = *state;
	make_dirs(dir, "a/b/c");
	make_dirs(dir, "a/b/c");
	make_dirs(dir, "a//./d/");
	assert_true(test_exists(dir, "a/b/c") && test_exists(dir, "a/d"));
	mode_t old = umask(077);
	assert_ok(lk_fs_mkdirs(dir->fd, "m/n", 0755, true, &dir->err), dir->err);
	assert_int_equal(mode_of(dir, "m"), 0755);
	assert_int_equal(mode_of(dir, "m/n"), 0755);
	make_dirs(dir, "u");
	assert_int_equal(mode_of(dir, "u"), 0700);
	/* What existed keeps its mode. */
	assert_ok(lk_fs_mkdirs(dir->fd, "u/v", 0755, true, &dir->err), dir->err);
	assert_int_equal(mode_of(dir, "u"), 0700);
	umask(old);
	make_link(dir, "a", "link");
	assert_int_equal(lk_fs_mkdirs(dir->fd, "link/x", 0, true, &dir->err), LK_E_FS);
	assert_false(test_exists(dir, "a/x"));
	assert_int_equal(lk_fs_mkdirs(dir->fd, "a/../y", 0, true, &dir->err), LK_E_FS);
	assert_false(test_exists(dir, "y"));
	assert_ok(lk_fs_mkdirs(dir->fd, "link/x", 0, false, &dir->err), dir->err);
	assert_true(test_exists(dir, "a/x"));
	test_put_file(dir, "file", "");
	assert_int_equal(lk_fs_mkdirs(dir->fd, "file/x", 0, false, &dir->err), LK_E_FS);
	assert_string_equal(dir->err.message, "cannot make directory 'file': not a directory");
	/* Absolute, through folders that are not ours. */
	char *LK_AUTO_FREE absolute = lk_asprintf("%s/p/q", dir->path);
	assert_ok(lk_fs_mkdirs(AT_FDCWD, absolute, 0, false, &dir->err), dir->err);
	assert_true(test_exists(dir, "p/q"));
}

static void test_read_file(void **state)
{
	struct test_dir *dir = *state;
	struct lk_buf buf = LK_BUF_INIT(10);
	test_put_file(dir, "ten", "0123456789");
	assert_ok(lk_fs_read_file(dir->fd, "ten", &buf, &dir->err), dir->err);
	assert_string_equal(lk_buf_cstr(&buf), "0123456789");
	/* It does not fit behind what is there; what is there stays. */
	lk_buf_truncate(&buf, 3);
	assert_int_equal(lk_fs_read_file(dir->fd, "ten", &buf, &dir->err), LK_E_FORMAT);
	assert_int_equal(dir->err.code, LK_E_FORMAT);
	assert_string_equal(dir->err.message, "'ten' is larger than 10 bytes");
	assert_string_equal(dir->err.hint, "what is wanted here is never as large: check the path");
	assert_string_equal(lk_buf_cstr(&buf), "012");
	assert_int_equal(lk_fs_read_file(dir->fd, "none", &buf, &dir->err), LK_E_NOT_FOUND);
	assert_int_equal(lk_fs_read_file(dir->fd, "ten/x", &buf, &dir->err), LK_E_NOT_FOUND);
	assert_int_equal(lk_fs_read_file(dir->fd, ".", &buf, &dir->err), LK_E_FORMAT);
	assert_string_equal(dir->err.message, "'.' is a directory");
	test_put_file(dir, "empty", "");
	assert_ok(lk_fs_read_file(dir->fd, "empty", &buf, &dir->err), dir->err);
	assert_string_equal(lk_buf_cstr(&buf), "012");
	lk_buf_done(&buf);
}

static void test_read_beneath(void **state)
{
	struct test_dir *dir = *state;
	struct lk_buf LK_CLEANUP(lk_buf_done) buf = LK_BUF_INIT(10);
	test_put_file(dir, "ten", "0123456789");
	assert_int_equal(symlinkat("ten", dir->fd, "link"), 0);
	assert_int_equal(symlinkat(".", dir->fd, "here"), 0);
	assert_int_equal(mkfifoat(dir->fd, "fifo", 0600), 0);
	assert_ok(lk_fs_read_beneath(dir->fd, "ten", &buf, &dir->err), dir->err);
	assert_string_equal(lk_buf_cstr(&buf), "0123456789");
	static const struct {
		const char *path;
		int rc;
	} rows[] = {
		{"ten", LK_E_FORMAT}, /* does not fit a second time */
		{"link", LK_E_FORMAT},
		{"here/ten", LK_E_FORMAT},
		{"fifo", LK_E_FORMAT},
		{".", LK_E_FS},
		{"../ten", LK_E_FS},
		{"none", LK_E_NOT_FOUND},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		lk_error_clear(&dir->err);
		assert_int_equal(
			lk_fs_read_beneath(dir->fd, rows[i].path, &buf, &dir->err), rows[i].rc);
		assert_int_equal(buf.len, 10);
	}
}

static void test_write_atomic(void **state)
{
	struct test_dir *dir = *state;
	make_dirs(dir, "d");
	mode_t old = umask(022);
	test_put_file(dir, "d/f", "one");
	assert_int_equal(mode_of(dir, "d/f"), 0644);
	assert_ok(lk_fs_write_atomic(dir->fd, "d/f", "two", 3, 0664, &dir->err), dir->err);
	assert_int_equal(mode_of(dir, "d/f"), 0664);
	assert_file(dir, "d/f", "two");
	assert_ok(lk_fs_write_unsynced(dir->fd, "d/f", "three", 5, &dir->err), dir->err);
	assert_file(dir, "d/f", "three");
	assert_int_equal(mode_of(dir, "d/f"), 0666 & ~022);
	assert_int_equal(lk_fs_write_unsynced(dir->fd, "no/f", "x", 1, &dir->err), LK_E_FS);
	umask(old);
	assert_ok(lk_fs_write_atomic(dir->fd, "d/f", "two", 3, 0664, &dir->err), dir->err);
	/* A symlink is replaced, not followed. */
	make_link(dir, "d/f", "link");
	test_put_file(dir, "link", "three");
	assert_file(dir, "d/f", "two");
	assert_file(dir, "link", "three");
	/* What leads to a device or a FIFO is neither. */
	make_link(dir, "/dev/null", "device");
	assert_int_equal(mkfifoat(dir->fd, "fifo", 0600), 0);
	assert_int_equal(lk_fs_write_atomic(dir->fd, "device", "x", 1, 0, &dir->err), LK_E_USAGE);
	assert_int_equal(lk_fs_write_atomic(dir->fd, "fifo", "x", 1, 0, &dir->err), LK_E_USAGE);
	assert_string_equal(dir->err.message, "'fifo' is there and is no file");
	/* On failure the old file is whole and nothing is left behind. */
	size_t before = count_entries(dir);
	assert_int_equal(lk_fs_write_atomic(dir->fd, "d", "x", 1, 0, &dir->err), LK_E_FS);
	assert_int_equal(lk_fs_write_atomic(dir->fd, "no/f", "x", 1, 0, &dir->err), LK_E_FS);
	assert_non_null(strstr(dir->err.message, "'no/f'"));
	assert_int_equal(count_entries(dir), before);
	signal(SIGXFSZ, SIG_IGN);
	struct rlimit unlimited;
	getrlimit(RLIMIT_FSIZE, &unlimited);
	struct rlimit small = {1000, unlimited.rlim_max};
	setrlimit(RLIMIT_FSIZE, &small);
	char bytes[3000] = {0};
	int rc = lk_fs_write_atomic(dir->fd, "link", bytes, sizeof(bytes), 0, &dir->err);
	setrlimit(RLIMIT_FSIZE, &unlimited);
	assert_int_equal(rc, LK_E_FS);
	assert_file(dir, "link", "three");
	assert_int_equal(count_entries(dir), before);
}

static void test_list(void **state)
{
	struct test_dir *dir = *state;
	static const char *const names[] = {"B", "a", "a.b", "a0", "b", "\xc3\xa9", ".hidden"};
	static const char *const sorted[] = {".hidden", "B", "a", "a.b", "a0", "b", "\xc3\xa9"};
	for (size_t i = 0; i < LK_COUNTOF(names); i++) {
		test_put_file(dir, names[i], "");
	}
	struct lk_arena arena = {0};
	struct lk_strs listed = {0};
	assert_ok(lk_fs_list(dir->fd, ".", &arena, &listed, &dir->err), dir->err);
	assert_int_equal(listed.len, LK_COUNTOF(sorted));
	for (size_t i = 0; i < listed.len; i++) {
		assert_string_equal(listed.items[i].ptr, sorted[i]);
	}
	lk_vec_done(&listed);
	make_dirs(dir, "empty");
	assert_ok(lk_fs_list(dir->fd, "empty", &arena, &listed, &dir->err), dir->err);
	assert_int_equal(listed.len, 0);
	assert_int_equal(lk_fs_list(dir->fd, "no", &arena, &listed, &dir->err), LK_E_NOT_FOUND);
	assert_int_equal(lk_fs_list(dir->fd, "a", &arena, &listed, &dir->err), LK_E_FS);
	lk_arena_done(&arena);
}

static void test_renames(void **state)
{
	struct test_dir *dir = *state;
	bool exists = true;
	test_put_file(dir, "a", "A");
	test_put_file(dir, "b", "B");
	assert_ok(lk_fs_rename_noreplace(dir->fd, "a", dir->fd, "b", &exists, &dir->err), dir->err);
	assert_true(exists);
	assert_file(dir, "b", "B");
	assert_ok(lk_fs_rename_noreplace(dir->fd, "a", dir->fd, "c", &exists, &dir->err), dir->err);
	assert_false(exists);
	assert_file(dir, "c", "A");
	make_dirs(dir, "d1/x");
	make_dirs(dir, "d2");
	assert_ok(
		lk_fs_rename_noreplace(dir->fd, "d1", dir->fd, "d2", &exists, &dir->err), dir->err);
	assert_true(exists);
	int rc = lk_fs_rename_noreplace(dir->fd, "none", dir->fd, "n", &exists, &dir->err);
	assert_int_equal(rc, LK_E_FS);
	/* A dangling symlink is there too. */
	make_link(dir, "nowhere", "link");
	assert_ok(lk_fs_rename_noreplace(dir->fd, "c", dir->fd, "link", &exists, &dir->err),
		dir->err);
	assert_true(exists);
	assert_ok(lk_fs_rename(dir->fd, "c", dir->fd, "b", &dir->err), dir->err);
	assert_file(dir, "b", "A");
	assert_int_equal(lk_fs_rename(dir->fd, "c", dir->fd, "b", &dir->err), LK_E_FS);
	rc = lk_fs_exchange(dir->fd, "b", dir->fd, "d1", &dir->err);
	if (rc != LK_E_NOT_FOUND) { /* where the file system has it */
		assert_ok(rc, dir->err);
		assert_file(dir, "d1", "A");
		assert_true(test_exists(dir, "b/x"));
		assert_int_equal(lk_fs_exchange(dir->fd, "b", dir->fd, "no", &dir->err), LK_E_FS);
	}
	assert_ok(lk_fs_sync_dir(dir->fd, ".", &dir->err), dir->err);
	assert_int_equal(lk_fs_sync_dir(dir->fd, "no", &dir->err), LK_E_FS);
}

static void test_temp(void **state)
{
	struct test_dir *dir = *state;
	struct lk_arena arena = {0};
	char *one;
	char *two;
	make_dirs(dir, "d");
	assert_ok(lk_fs_temp_dir(dir->fd, "d/.stage", &arena, &one, &dir->err), dir->err);
	assert_ok(lk_fs_temp_dir(dir->fd, "d/.stage", &arena, &two, &dir->err), dir->err);
	assert_string_not_equal(one, two);
	assert_int_equal(strlen(one), strlen("d/.stage-xxxxxx"));
	assert_memory_equal(one, "d/.stage-", 9);
	assert_int_equal(mode_of(dir, one), 0700);
	mode_t old = umask(027);
	int fd;
	assert_ok(lk_fs_temp_file(dir->fd, "t", 0, &arena, &one, &fd, &dir->err), dir->err);
	assert_int_equal(mode_of(dir, one), 0640);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(fd, "x", 1), 1);
	char byte;
	assert_int_equal(pread(fd, &byte, 1, 0), 1);
	close(fd);
	assert_ok(lk_fs_temp_file(dir->fd, "t", 0666, &arena, &one, &fd, &dir->err), dir->err);
	assert_int_equal(mode_of(dir, one), 0666);
	close(fd);
	umask(old);
	assert_int_equal(lk_fs_temp_dir(dir->fd, "no/t", &arena, &one, &dir->err), LK_E_FS);
	int rc = lk_fs_temp_file(dir->fd, "no/t", 0, &arena, &one, &fd, &dir->err);
	assert_int_equal(rc, LK_E_FS);
	lk_arena_done(&arena);
}

static void test_scratch(void **state)
{
	struct test_dir *dir = *state;
	struct lk_arena arena = {0};
	struct lk_strs names = {0};
	char bytes[4] = {0};
	int fd;
	assert_ok(lk_fs_scratch_file(dir->fd, &fd, &dir->err), dir->err);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(fd, "abc", 3), 3);
	assert_int_equal(pread(fd, bytes, 3, 0), 3);
	assert_string_equal(bytes, "abc");
	assert_ok(lk_fs_list(dir->fd, ".", &arena, &names, &dir->err), dir->err);
	assert_int_equal(names.len, 0);
	close(fd);
	lk_vec_done(&names);
	lk_arena_done(&arena);
}

/* More than a pipe holds, through an end that does not block. */
static void test_write_all(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	size_t len = 300000;
	char *LK_AUTO_FREE bytes = lk_calloc(len, 1);
	int ends[2];
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		size_t seen = 0;
		ssize_t got;
		close(ends[1]);
		while ((got = read(ends[0], bytes, 1000)) > 0) {
			seen += (size_t)got;
		}
		_exit(seen == len ? 0 : 1);
	}
	close(ends[0]);
	assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	assert_ok(lk_fs_write_all(ends[1], bytes, len, "pipe", &err), err);
	close(ends[1]);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(lk_fs_write_all(-1, bytes, 1, "NAME", &err), LK_E_FS);
	assert_int_equal(lk_fs_write_at(-1, bytes, 1, 0, "NAME", &err), LK_E_FS);
	assert_string_equal(err.message, "cannot write 'NAME': bad file descriptor");
}

static void test_close(void **state)
{
	(void)state;
	int fd = dup(0);
	errno = 77;
	lk_close_p(&fd);
	assert_int_equal(fd, -1);
	assert_int_equal(errno, 77);
	lk_close_p(&fd);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, test_dir_setup, test_dir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(test_open_beneath),
		WITH_DIR(test_mkdirs),
		WITH_DIR(test_read_file),
		WITH_DIR(test_read_beneath),
		WITH_DIR(test_write_atomic),
		WITH_DIR(test_list),
		WITH_DIR(test_renames),
		WITH_DIR(test_temp),
		WITH_DIR(test_scratch),
		cmocka_unit_test(test_write_all),
		cmocka_unit_test(test_close),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
