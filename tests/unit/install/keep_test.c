/*
 * Packages that stay: inodes, times that give reason to look closer, and what makes a package come
 * from the cache again.
 */
#include "base/fs.h"
#include "tests/unit/install/world.h"

static ino_t inode_of(struct world *w, const char *path)
{
	struct stat status;
	assert_int_equal(lstat(path_of(w, path), &status), 0);
	return status.st_ino;
}

/* The lock of two packages, of which "tool" is in the version given. */
static void lock(struct world *w, const char *version)
{
	const struct pack_member still[] = {
		{.name = "share/still/a", .text = "a", .type = '0'},
		{.name = "share/still/b", .text = PLACEHOLDER, .type = '0'},
		{.name = "share/still/l", .link = "a", .type = '2'},
		{0},
	};
	w->n = 0;
	add(w, "still", "1", NULL,
		"{\"_path\": \"share/still/a\", \"path_type\": \"hardlink\"},"
		"{\"_path\": \"share/still/b\", \"path_type\": \"hardlink\", \"file_mode\": "
		"\"text\", \"prefix_placeholder\": \"" PLACEHOLDER "\"},"
		"{\"_path\": \"share/still/l\", \"path_type\": \"softlink\"}",
		still);
	add_tool(w, version, version);
}

/* Takes archive and tree of "still" out of the cache. */
static void forget(struct world *w)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	static const char *const folders[] = {"cache/archives", "cache/trees"};
	for (size_t f = 0; f < LK_COUNTOF(folders); f++) {
		struct lk_strs names = {0};
		const char *folder = lk_arena_printf(&arena, "%s/%s", w->root, folders[f]);
		assert_int_equal(lk_fs_list(AT_FDCWD, folder, &arena, &names, &w->err), 0);
		for (size_t i = 0; i < names.len; i++) {
			if (lk_str_starts(names.items[i], LK_STR("still-"))) {
				const char *path = lk_arena_printf(
					&arena, "%s/%s", folder, names.items[i].ptr);
				assert_int_equal(lk_fs_remove_tree(AT_FDCWD, path, &w->err), 0);
			}
		}
		lk_vec_done(&names);
	}
}

static void set_old_time(struct world *w, const char *path)
{
	const struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
	assert_int_equal(utimensat(AT_FDCWD, path_of(w, path), times, AT_SYMLINK_NOFOLLOW), 0);
}

static void test_stays(void **state)
{
	struct world *w = *state;
	static const char *const paths[] = {
		"share/still/a", "share/still/b", "share/still/l", "conda-meta/still-1-0.json"};
	ino_t inodes[LK_COUNTOF(paths)];
	lock(w, "1");
	assert_int_equal(install(w), 0);
	for (size_t i = 0; i < LK_COUNTOF(paths); i++) {
		inodes[i] = inode_of(w, paths[i]);
	}
	lock(w, "2");
	forget(w);
	assert_int_equal(install(w), 0);
	assert_int_equal(w->result.kept * 10 + w->result.replaced, 11);
	for (size_t i = 0; i < LK_COUNTOF(paths); i++) {
		assert_int_equal(inode_of(w, paths[i]), inodes[i]);
	}
	assert_string_equal(text_of(w, "bin/tool"), "2");
	assert_int_equal(w->warnings.len, 0);
	assert_clean(w);
}

enum change {
	WRITE,   /* the same length, a new time */
	MOVE,    /* another file with an old time moved over it */
	TOUCH,   /* the same bytes, a new time */
	REMOVE,  /* gone */
	REPLACE, /* a directory in its place */
	MODE,
	ABOVE, /* the directory above is a link to elsewhere */
};

static void make_change(struct world *w, const char *path, enum change change)
{
	const char *text = text_of(w, path);
	const char *share = path_of(w, "share");
	switch (change) {
	case WRITE:
		assert_int_equal(unlink(path_of(w, path)), 0);
		put_text(w, path, "x");
		break;
	case MOVE:
		put_text(w, "aside", "x");
		set_old_time(w, "aside");
		assert_int_equal(rename(path_of(w, "aside"), path_of(w, path)), 0);
		break;
	case TOUCH:
		put_text(w, path, text);
		break;
	case REMOVE:
	case REPLACE:
		assert_int_equal(unlink(path_of(w, path)), 0);
		assert_true(change == REMOVE || mkdir(path_of(w, path), 0755) == 0);
		break;
	case MODE:
		assert_int_equal(chmod(path_of(w, path), 0755), 0);
		break;
	case ABOVE:
		assert_int_equal(rename(share, path_of(w, "elsewhere")), 0);
		assert_int_equal(symlink("elsewhere", share), 0);
		break;
	}
}

/* Each row: what happens to a file; whether its package's archive is needed then, and whether the
 * file as it was is kept aside. */
static void test_changes(void **state)
{
	struct world *w = *state;
	static const struct {
		const char *path;
		enum change change;
		bool needed, saved;
	} rows[] = {
		{"share/still/a", WRITE, true, true},
		{"share/still/a", MOVE, true, true},
		{"share/still/a", TOUCH, false, false},
		{"share/still/a", REMOVE, true, false},
		{"share/still/a", REPLACE, true, false},
		{"share/still/a", MODE, false, false},
		{"share/still/b", MOVE, true, true},
		{"share/still/l", REMOVE, false, false},
		{"share/still/l", WRITE, false, true},
		{"share/still/l", REPLACE, false, false},
		{"share/still/a", ABOVE, true, false},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		assert_int_equal(lk_fs_remove_tree(AT_FDCWD, w->prefix, &w->err), 0);
		lock(w, "1");
		assert_int_equal(install(w), 0);
		make_change(w, rows[i].path, rows[i].change);
		lock(w, "2");
		forget(w);
		int rc = install(w);
		if (rc != (rows[i].needed ? LK_E_OFFLINE : 0)) {
			fail_msg("row %zu: %d, %s", i, rc, w->err.message);
		}
		if (rows[i].needed) {
			assert_non_null(strstr(w->err.hint, "share/still/"));
			assert_non_null(strstr(w->err.hint, "of package 'still'"));
			assert_string_equal(text_of(w, "bin/tool"), "1");
			lock(w, "2");
			assert_int_equal(install(w), 0);
		}
		assert_int_equal(w->result.kept, !rows[i].needed);
		const char *saved = lk_arena_printf(&w->arena, "%s.lockenv-saved", rows[i].path);
		assert_int_equal(access(path_of(w, saved), F_OK) == 0 && rows[i].change != REPLACE,
			rows[i].saved);
		assert_string_equal(text_of(w, "share/still/a"), "a");
		assert_string_equal(text_of(w, "share/still/l"), "a");
		struct stat status;
		assert_int_equal(stat(path_of(w, "share/still/a"), &status), 0);
		assert_int_equal(status.st_mode & 07777, 0644);
		assert_clean(w);
	}
}

/* Whoever else has a hand in conda-meta: nothing stays. So of another path, and of files whose
 * hashes are asked for. */
static void test_nothing_stays(void **state)
{
	struct world *w = *state;
	lock(w, "1");
	assert_int_equal(install(w), 0);
	set_old_time(w, "conda-meta/still-1-0.json");
	lock(w, "2");
	assert_int_equal(install(w), 0);
	assert_int_equal(w->result.kept * 10 + w->result.relinked, 1);

	char *moved = lk_asprintf("%s/moved", w->root);
	assert_int_equal(rename(w->prefix, moved), 0);
	lk_free(w->prefix);
	w->prefix = moved;
	assert_int_equal(install(w), 0);
	assert_int_equal(w->result.relinked, 2);
	assert_string_equal(text_of(w, "share/still/b"), moved);

	/* Written to in place, with an old time, under one of several names: hashes tell. */
	struct stat status;
	assert_int_equal(stat(path_of(w, "share/still/a"), &status), 0);
	assert_true(status.st_nlink > 1);
	put_text(w, "share/still/a", "x");
	set_old_time(w, "share/still/a");
	w->options.verify = true;
	lock(w, "1");
	assert_int_equal(install(w), 0);
	assert_int_equal(w->result.kept, 0);
	assert_string_equal(text_of(w, "share/still/a"), "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_stays, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
