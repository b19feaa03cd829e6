/*
 * Placing single files, walking directories, and swapping without an exchange of names.
 */
#include "install/link.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "install/dirs.h"
#include "install/swap.h"
#include "install/write.h"
#include "tests/support/pack.h"

struct fixture {
	char *root;
	int fd;
	struct lk_error err;
};

static int setup(void **state)
{
	struct fixture *f = lk_calloc(1, sizeof(*f));
	f->root = pack_tmpdir();
	f->fd = open(f->root, O_RDONLY | O_DIRECTORY);
	*state = f;
	return f->fd < 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	close(f->fd);
	pack_rmdir(f->root);
	lk_free(f);
	return 0;
}

static void put(struct fixture *f, int dirfd, const char *name)
{
	const struct timespec when = {.tv_sec = 1000000000};
	assert_int_equal(lk_write_new(dirfd, name, LK_STR("text"), 0755, when, name, &f->err), 0);
}

static void test_modes(void **state)
{
	struct fixture *f = *state;
	static const struct {
		enum lk_link_mode mode;
		bool copy_only;
		const char *used;
		nlink_t links;
	} rows[] = {
		{LK_LINK_AUTO, false, "hardlink", 2},
		{LK_LINK_HARD, false, "hardlink", 3},
		{LK_LINK_COPY, false, "copy", 1},
		{LK_LINK_AUTO, true, "copy", 1},
		{LK_LINK_SYMLINK, false, "symlink", 1},
	};
	put(f, f->fd, "source");
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_linker linker;
		struct stat status;
		const struct lk_link_source source = {f->fd, "source", f->root, "source", 0, false};
		char name[2] = {(char)('a' + i), 0};
		lk_linker_init(&linker, rows[i].mode);
		assert_int_equal(lk_linker_used(&linker), LK_LINK_AUTO);
		assert_int_equal(
			lk_link_file(&linker, &source, f->fd, name, rows[i].copy_only, &f->err), 0);
		assert_string_equal(lk_link_name(lk_linker_used(&linker)), rows[i].used);
		assert_int_equal(fstatat(f->fd, name, &status, AT_SYMLINK_NOFOLLOW), 0);
		assert_int_equal(status.st_nlink, rows[i].links);
		assert_int_equal(fstatat(f->fd, name, &status, 0), 0);
		assert_int_equal(status.st_mtime, 1000000000);
		assert_int_equal(status.st_mode & 07777, 0755);
		/* never over something that is there */
		assert_int_equal(
			lk_link_file(&linker, &source, f->fd, name, false, &f->err), LK_E_FS);
	}
}

static void test_other_file_system(void **state)
{
	struct fixture *f = *state;
	struct stat here;
	struct stat there;
	if (stat("/dev/shm", &there) < 0 || fstat(f->fd, &here) < 0 ||
		here.st_dev == there.st_dev || access("/dev/shm", W_OK) < 0) {
		skip();
	}
	char other[] = "/dev/shm/lockenv-test-XXXXXX";
	assert_non_null(mkdtemp(other));
	int fd = open(other, O_RDONLY | O_DIRECTORY);
	put(f, f->fd, "source");
	struct lk_linker linker;
	const struct lk_link_source source = {f->fd, "source", f->root, "source", 0, false};
	lk_linker_init(&linker, LK_LINK_AUTO);
	assert_int_equal(lk_link_file(&linker, &source, fd, "a", false, &f->err), 0);
	assert_int_equal(lk_linker_used(&linker), LK_LINK_COPY);
	assert_true(atomic_load(&linker.no_hard[0]));
	assert_false(atomic_load(&linker.no_hard[1])); /* another layer may lie here */
	assert_int_equal(lk_link_file(&linker, &source, fd, "b", false, &f->err), 0);
	lk_linker_init(&linker, LK_LINK_HARD);
	assert_int_equal(lk_link_file(&linker, &source, fd, "c", false, &f->err), LK_E_FS);
	assert_non_null(strstr(f->err.hint, "--link auto"));
	assert_int_equal(f->err.code, LK_E_FS);
	close(fd);
	assert_int_equal(lk_fs_remove_tree(AT_FDCWD, other, &f->err), 0);
}

/* A stranger's file is not hard-linked, though this user could. */
static void test_foreign(void **state)
{
	struct fixture *f = *state;
	struct lk_linker linker;
	struct stat status;
	const struct lk_link_source source = {f->fd, "source", f->root, "source", 0, true};
	put(f, f->fd, "source");
	lk_linker_init(&linker, LK_LINK_AUTO);
	assert_int_equal(lk_link_file(&linker, &source, f->fd, "a", false, &f->err), 0);
	assert_int_equal(fstatat(f->fd, "a", &status, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(status.st_nlink, 1);
	assert_false(atomic_load(&linker.no_hard[0])); /* other trees of the layer may be */
	lk_linker_init(&linker, LK_LINK_HARD);
	assert_int_equal(lk_link_file(&linker, &source, f->fd, "b", false, &f->err), LK_E_FS);
}

static void test_softlink(void **state)
{
	struct fixture *f = *state;
	static const struct {
		enum lk_link_mode mode;
		nlink_t links;
	} rows[] = {{LK_LINK_AUTO, 2}, {LK_LINK_COPY, 1}, {LK_LINK_SYMLINK, 1}};
	const struct timespec when[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
	assert_int_equal(symlinkat("nowhere/at/all", f->fd, "source"), 0);
	assert_int_equal(utimensat(f->fd, "source", when, AT_SYMLINK_NOFOLLOW), 0);
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_linker linker;
		struct stat status;
		const struct lk_link_source source = {f->fd, "source", f->root, "source", 0, false};
		char name[2] = {(char)('a' + i), 0};
		char target[64] = "";
		lk_linker_init(&linker, rows[i].mode);
		assert_int_equal(
			lk_link_softlink(&linker, &source, "nowhere/at/all", f->fd, name, &f->err),
			0);
		assert_true(readlinkat(f->fd, name, target, sizeof(target) - 1) > 0);
		assert_string_equal(target, "nowhere/at/all");
		assert_int_equal(fstatat(f->fd, name, &status, AT_SYMLINK_NOFOLLOW), 0);
		assert_int_equal(status.st_nlink, rows[i].links);
		assert_int_equal(status.st_mtime, 1000000000);
	}
}

static void test_dirs(void **state)
{
	struct fixture *f = *state;
	static const char *const paths[] = {"a/b/c", "a/b", "a/bc", "", "a/b/c/d", "x"};
	struct lk_dirs dirs;
	struct stat by_fd;
	struct stat by_name;
	int fd;
	mode_t mask = umask(077);
	lk_dirs_init(&dirs, f->fd);
	for (size_t i = 0; i < LK_COUNTOF(paths); i++) {
		assert_int_equal(lk_dirs_enter(&dirs, lk_str_of(paths[i]), &fd, &f->err), 0);
		assert_int_equal(fstat(fd, &by_fd), 0);
		assert_int_equal(fstatat(f->fd, paths[i][0] ? paths[i] : ".", &by_name, 0), 0);
		assert_int_equal(by_fd.st_ino, by_name.st_ino);
		assert_int_equal(by_fd.st_mode & 0777, paths[i][0] ? 0755 : 0700);
	}
	umask(mask);
	/* no link is followed, nor a file entered */
	assert_int_equal(symlinkat("a", f->fd, "link"), 0);
	put(f, f->fd, "file");
	assert_int_equal(lk_dirs_enter(&dirs, LK_STR("link/b"), &fd, &f->err), LK_E_FS);
	assert_int_equal(lk_dirs_enter(&dirs, LK_STR("file/b"), &fd, &f->err), LK_E_FS);
	assert_int_equal(lk_dirs_enter(&dirs, LK_STR("a/b"), &fd, &f->err), 0);
	lk_dirs_done(&dirs);
}

static void test_swap(void **state)
{
	struct fixture *f = *state;
	char *LK_AUTO_FREE prefix = lk_asprintf("%s/env", f->root);
	const struct lk_report silent = {0};
	struct lk_site site;
	struct lk_swap swap = {.site = &site};
	struct lk_swap late = {.site = &site};
	assert_int_equal(lk_site_open(prefix, &site, &f->err), 0);
	assert_int_equal(site.state, LK_SITE_ABSENT);
	assert_int_equal(lk_site_own(&site, 0, &silent, &f->err), 0);
	assert_int_equal(mkdirat(site.work_fd, LK_SITE_NEW, 0755), 0);
	assert_int_equal(lk_swap(&swap, -1, NULL, &silent, &f->err), 0);
	assert_int_equal(swap.old_fd, -1);
	assert_int_equal(access(prefix, F_OK), 0);
	/* taken back: nothing there again */
	lk_swap_undo(&swap, &silent);
	assert_true(access(prefix, F_OK) < 0);
	/* somebody else is faster: theirs stays */
	assert_int_equal(mkdir(prefix, 0755), 0);
	put(f, f->fd, "env/theirs");
	assert_int_equal(lk_swap(&late, -1, NULL, &silent, &f->err), LK_E_FS);
	assert_int_equal(faccessat(f->fd, "env/theirs", F_OK, 0), 0);
	lk_swap_done(&swap);
	lk_swap_done(&late);
	lk_site_done(&site);
	assert_true(faccessat(f->fd, ".env.lockenv", F_OK, 0) < 0);
}

static void keep_warning(void *ctx, const char *message)
{
	lk_buf_puts(ctx, message);
}

/* An old tree that cannot be put back is not lost: not in this run, not in the next. */
static void test_swap_undo_fails(void **state)
{
	struct fixture *f = *state;
	char *LK_AUTO_FREE prefix = lk_asprintf("%s/env", f->root);
	struct lk_buf LK_CLEANUP(lk_buf_done) told = LK_BUF_INIT(8192);
	const struct lk_report report = {.ctx = &told, .warn = keep_warning};
	struct lk_site site;
	struct lk_swap swap = {.site = &site};
	assert_int_equal(mkdir(prefix, 0755), 0);
	assert_int_equal(lk_fs_mkdirs(f->fd, "env/conda-meta", 0, true, &f->err), 0);
	put(f, f->fd, "env/conda-meta/history");
	put(f, f->fd, "env/mine");
	assert_int_equal(lk_site_open(prefix, &site, &f->err), 0);
	assert_int_equal(lk_site_own(&site, 0, &report, &f->err), 0);
	assert_int_equal(mkdirat(site.work_fd, LK_SITE_NEW, 0755), 0);
	assert_int_equal(lk_swap(&swap, -1, NULL, &report, &f->err), 0);
	assert_true(swap.old_fd >= 0);
	/* somebody puts a tree of theirs there, which nothing is exchanged with */
	assert_int_equal(mkdirat(f->fd, "theirs", 0755), 0);
	assert_int_equal(renameat(f->fd, "theirs", f->fd, "env"), 0);
	lk_swap_undo(&swap, &report);
	lk_swap_done(&swap);
	lk_site_done(&site);
	assert_non_null(strstr(told.ptr, "/env' could not be put back: "));
	assert_int_equal(lk_site_open(prefix, &site, &f->err), 0);
	assert_int_equal(lk_site_own(&site, 0, &report, &f->err), 0);
	lk_site_done(&site);
	char *where = strstr(told.ptr, "kept as '");
	assert_non_null(where);
	where += strlen("kept as '");
	*strchr(where, '\'') = '\0';
	char *LK_AUTO_FREE mine = lk_asprintf("%s/mine", where);
	assert_int_equal(access(mine, F_OK), 0);
}

/* An empty directory that was replaced comes back as it was. */
static void test_swap_undo_empty(void **state)
{
	struct fixture *f = *state;
	char *LK_AUTO_FREE prefix = lk_asprintf("%s/env", f->root);
	const struct lk_report silent = {0};
	struct lk_site site;
	struct stat status;
	struct lk_swap swap = {.site = &site, .onto_empty = true, .dirs = {.there = LK_SITE_NEW}};
	assert_int_equal(mkdir(prefix, 0750), 0);
	assert_int_equal(lk_site_open(prefix, &site, &f->err), 0);
	assert_int_equal(site.state, LK_SITE_EMPTY);
	assert_int_equal(lk_site_own(&site, 0, &silent, &f->err), 0);
	assert_int_equal(mkdirat(site.work_fd, LK_SITE_NEW, 0755), 0);
	assert_int_equal(
		lk_fs_rename(site.work_fd, LK_SITE_NEW, site.parent_fd, site.name, &f->err), 0);
	put(f, f->fd, "env/file");
	swap.dirs.there_fd = site.work_fd;
	lk_swap_undo(&swap, &silent);
	assert_int_equal(stat(prefix, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0750);
	assert_true(faccessat(f->fd, "env/file", F_OK, 0) < 0);
	lk_site_done(&site);
	assert_true(faccessat(f->fd, ".env.lockenv", F_OK, 0) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_modes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_file_system, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign, setup, teardown),
		cmocka_unit_test_setup_teardown(test_softlink, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dirs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_swap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_swap_undo_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_swap_undo_empty, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
