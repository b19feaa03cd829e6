/*
 * Carrying over what no package brings: what counts as changed, carrying twice, modes.
 */
#include "install/foreign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "tests/support/pack.h"

/* An old tree, and a new one beside it. */
struct trees {
	char *root;
	int old_fd, new_fd;
	struct lk_error err;
	struct lk_report report;
	unsigned warnings;
	bool copied;
};

static void on_warn(void *ctx, const char *message)
{
	(void)message;
	((struct trees *)ctx)->warnings++;
}

static void open_trees(struct trees *t, const char *new_root)
{
	char *LK_AUTO_FREE old = lk_asprintf("%s/old", t->root);
	char *LK_AUTO_FREE new = lk_asprintf("%s/new", new_root);
	assert_int_equal(mkdir(old, 0755), 0);
	assert_int_equal(mkdir(new, 0755), 0);
	t->old_fd = open(old, O_RDONLY | O_DIRECTORY);
	t->new_fd = open(new, O_RDONLY | O_DIRECTORY);
	assert_true(t->old_fd >= 0 && t->new_fd >= 0);
	assert_int_equal(mkdirat(t->old_fd, "conda-meta", 0755), 0);
}

static int setup(void **state)
{
	struct trees *t = lk_calloc(1, sizeof(*t));
	t->root = pack_tmpdir();
	t->old_fd = t->new_fd = -1;
	t->report = (struct lk_report){.ctx = t, .warn = on_warn};
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct trees *t = *state;
	lk_close_p(&t->old_fd);
	lk_close_p(&t->new_fd);
	pack_rmdir(t->root);
	lk_free(t);
	return 0;
}

static void put(int dirfd, const char *name, const char *text)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void set_time(int dirfd, const char *name, time_t seconds)
{
	const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
	assert_int_equal(utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW), 0);
}

static bool is_there(int dirfd, const char *name)
{
	struct stat status;
	return fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static int carry(struct trees *t, const struct lk_prefix_path *paths, size_t n)
{
	struct lk_prefix_record record = {.paths = paths, .n_paths = n};
	const struct lk_prefix_records have = {&record, 1, 1};
	return lk_foreign_carry(
		t->old_fd, t->new_fd, &have, false, NULL, &t->report, &t->copied, &t->err);
}

enum change {
	NOTHING,
	TOUCHED,     /* the same text, written again */
	WRITTEN,     /* another text */
	MOVED,       /* another, old file moved over it */
	LINK,        /* a link in its place */
	FILE_INSTEAD /* a file in a link's place */
};

static const struct {
	const char *name;
	enum lk_installed_type type;
	enum change change;
	bool is_kept;
} changes[] = {
	{"same", LK_INSTALLED_FILE, NOTHING, false}, {"touched", LK_INSTALLED_FILE, TOUCHED, false},
	{"written", LK_INSTALLED_FILE, WRITTEN, true}, {"moved", LK_INSTALLED_FILE, MOVED, true},
	{"linked", LK_INSTALLED_FILE, LINK, true}, {"link", LK_INSTALLED_SOFTLINK, NOTHING, false},
	{"unlinked", LK_INSTALLED_SOFTLINK, FILE_INSTEAD, true},
	{"script", LK_INSTALLED_ENTRY_POINT, NOTHING, false},
	{"edited", LK_INSTALLED_ENTRY_POINT, WRITTEN, true},
	{"pyc", LK_INSTALLED_PYC, WRITTEN, false}, /* python makes it again */
};

static void make_change(struct trees *t, const char *name, enum change change)
{
	switch (change) {
	case NOTHING:
		break;
	case TOUCHED:
		put(t->old_fd, name, "as installed");
		break;
	case WRITTEN:
		put(t->old_fd, name, "by the user");
		break;
	case MOVED:
		put(t->old_fd, "aside", "by the user");
		set_time(t->old_fd, "aside", 1000000000);
		assert_int_equal(renameat(t->old_fd, "aside", t->old_fd, name), 0);
		break;
	case LINK:
		assert_int_equal(unlinkat(t->old_fd, name, 0), 0);
		assert_int_equal(symlinkat("elsewhere", t->old_fd, name), 0);
		break;
	case FILE_INSTEAD:
		assert_int_equal(unlinkat(t->old_fd, name, 0), 0);
		put(t->old_fd, name, "by the user");
		break;
	}
}

static void test_changes_are_kept(void **state)
{
	struct trees *t = *state;
	struct lk_prefix_path paths[LK_COUNTOF(changes)];
	unsigned kept = 0;
	open_trees(t, t->root);
	for (size_t i = 0; i < LK_COUNTOF(changes); i++) {
		bool is_link = changes[i].type == LK_INSTALLED_SOFTLINK;
		paths[i] = (struct lk_prefix_path){
			.path = lk_str_of(changes[i].name), .type = changes[i].type};
		paths[i].has_sha256_in_prefix = !is_link && changes[i].type != LK_INSTALLED_PYC;
		paths[i].sha256_in_prefix = lk_sha256_of("as installed", 12);
		if (is_link) {
			assert_int_equal(symlinkat("there", t->old_fd, changes[i].name), 0);
		} else {
			put(t->old_fd, changes[i].name, "as installed");
		}
		set_time(t->old_fd, changes[i].name, 1000000000);
	}
	put(t->old_fd, "conda-meta/history", "");
	for (size_t i = 0; i < LK_COUNTOF(changes); i++) {
		make_change(t, changes[i].name, changes[i].change);
		kept += changes[i].is_kept;
	}
	assert_int_equal(carry(t, paths, LK_COUNTOF(paths)), 0);
	for (size_t i = 0; i < LK_COUNTOF(changes); i++) {
		char saved[64];
		snprintf(saved, sizeof(saved), "%s" LK_FOREIGN_SUFFIX, changes[i].name);
		if (is_there(t->new_fd, saved) != changes[i].is_kept) {
			fail_msg("%s", saved);
		}
		assert_false(is_there(t->new_fd, changes[i].name));
	}
	assert_int_equal(t->warnings, kept);
	assert_false(t->copied);
}

/* Carried again nothing is new, also where the first time made copies. */
static void test_twice(void **state)
{
	struct trees *t = *state;
	struct stat here;
	struct stat there;
	if (stat("/dev/shm", &there) < 0 || stat(t->root, &here) < 0 ||
		here.st_dev == there.st_dev || access("/dev/shm", W_OK) < 0) {
		skip();
	}
	char other[] = "/dev/shm/lockenv-test-XXXXXX";
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_strs names = {0};
	assert_non_null(mkdtemp(other));
	open_trees(t, other);
	put(t->old_fd, "notes", "mine");
	assert_int_equal(symlinkat("notes", t->old_fd, "link"), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(carry(t, NULL, 0), 0);
		assert_int_equal(t->copied, i == 0);
	}
	assert_int_equal(lk_fs_list(t->new_fd, ".", &arena, &names, &t->err), 0);
	assert_int_equal(names.len, 2);
	assert_int_equal(t->warnings, 0);
	/* but a link that leads elsewhere by now is */
	assert_int_equal(unlinkat(t->old_fd, "link", 0), 0);
	assert_int_equal(symlinkat("other", t->old_fd, "link"), 0);
	assert_int_equal(carry(t, NULL, 0), 0);
	assert_true(is_there(t->new_fd, "link" LK_FOREIGN_SUFFIX));
	lk_vec_done(&names);
	assert_int_equal(lk_fs_remove_tree(AT_FDCWD, other, &t->err), 0);
}

/* What comes between the two times is found, in directories old and new, and nowhere else is
 * looked: a name that came under a time set back is what the second time does not see. */
static void test_late(void **state)
{
	struct trees *t = *state;
	static const char *const dirs[] = {"quiet", "busy", "busy/below", "gone", "other"};
	struct lk_foreign_seen seen = {.began = {.tv_sec = time(NULL) - 100}};
	struct lk_prefix_path paths[] = {
		{.path = LK_STR("quiet/goes"), .type = LK_INSTALLED_FILE},
		{.path = LK_STR("quiet/stays"), .type = LK_INSTALLED_FILE},
	};
	for (size_t i = 0; i < LK_COUNTOF(paths); i++) {
		paths[i].has_sha256_in_prefix = true;
		paths[i].sha256_in_prefix = lk_sha256_of("as installed", 12);
	}
	struct lk_prefix_record records[] = {
		{.paths = &paths[0], .n_paths = 1}, {.paths = &paths[1], .n_paths = 1}};
	const struct lk_prefix_records have = {records, 2, 2};
	static const bool stays[] = {false, true};
	open_trees(t, t->root);
	for (size_t i = 0; i < LK_COUNTOF(dirs); i++) {
		assert_int_equal(mkdirat(t->old_fd, dirs[i], 0755), 0);
	}
	for (size_t i = 0; i < LK_COUNTOF(paths); i++) {
		put(t->old_fd, paths[i].path.ptr, "as installed");
		set_time(t->old_fd, paths[i].path.ptr, 1000000000);
	}
	put(t->old_fd, "busy/first", "1");
	put(t->old_fd, "conda-meta/history", "");
	for (size_t i = LK_COUNTOF(dirs); i-- > 0;) {
		set_time(t->old_fd, dirs[i], 1000000000);
	}
	assert_int_equal(lk_foreign_carry(t->old_fd, t->new_fd, &have, false, &seen, &t->report,
				 &t->copied, &t->err),
		0);
	assert_true(is_there(t->new_fd, "busy/first") && is_there(t->new_fd, "gone"));
	seen.stays = stays;
	put(t->old_fd, "quiet/goes", "by the user");
	put(t->old_fd, "quiet/unseen", "");
	set_time(t->old_fd, "quiet", 1000000000);
	put(t->old_fd, "busy/below/second", "2");
	assert_int_equal(mkdirat(t->old_fd, "busy/new", 0755), 0);
	put(t->old_fd, "busy/new/third", "3");
	assert_int_equal(unlinkat(t->old_fd, "gone", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(t->old_fd, "other", AT_REMOVEDIR), 0);
	put(t->old_fd, "other", "a file by now");
	assert_int_equal(lk_foreign_carry_late(t->old_fd, t->new_fd, &have, &seen, &t->report,
				 &t->copied, &t->err),
		0);
	assert_true(is_there(t->new_fd, "quiet/goes" LK_FOREIGN_SUFFIX));
	assert_true(is_there(t->new_fd, "busy/below/second"));
	assert_true(is_there(t->new_fd, "busy/new/third"));
	assert_true(is_there(t->new_fd, "other" LK_FOREIGN_SUFFIX));
	assert_false(is_there(t->new_fd, "quiet/unseen"));
	/* Where the first time wrote copies everything is looked at. */
	seen.copied = true;
	assert_int_equal(lk_foreign_carry_late(t->old_fd, t->new_fd, &have, &seen, &t->report,
				 &t->copied, &t->err),
		0);
	assert_true(is_there(t->new_fd, "quiet/unseen"));
	lk_foreign_seen_done(&seen);
}

/* A directory that its owner may not write into, as anyone but root sees it. */
static void test_read_only_directory(void **state)
{
	struct trees *t = *state;
	struct stat status;
	bool root = geteuid() == 0;
	if (root) {
		assert_int_equal(chown(t->root, 65534, 65534), 0);
		assert_int_equal(seteuid(65534), 0);
	}
	open_trees(t, t->root);
	assert_int_equal(mkdirat(t->old_fd, "fixed", 0755), 0);
	assert_int_equal(mkdirat(t->old_fd, "fixed/below", 0755), 0);
	put(t->old_fd, "fixed/below/file", "text");
	assert_int_equal(fchmodat(t->old_fd, "fixed/below", 0500, 0), 0);
	assert_int_equal(fchmodat(t->old_fd, "fixed", 0555, 0), 0);
	int first = carry(t, NULL, 0);
	int again = carry(t, NULL, 0);
	if (root) {
		assert_int_equal(seteuid(0), 0);
	}
	assert_int_equal(first, 0);
	assert_int_equal(again, 0);
	assert_true(is_there(t->new_fd, "fixed/below/file"));
	assert_int_equal(fstatat(t->new_fd, "fixed", &status, 0), 0);
	assert_int_equal(status.st_mode & 07777, 0555);
	assert_int_equal(fstatat(t->new_fd, "fixed/below", &status, 0), 0);
	assert_int_equal(status.st_mode & 07777, 0500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_changes_are_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_only_directory, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
