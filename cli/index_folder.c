/*
 * The folder that becomes a channel.
 */
#include "cli/index_folder.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fs.h"
#include "conda/subdir.h"
#include "store/indexer.h"

void lk_index_folder_done(struct lk_index_folder *folder)
{
	lk_vec_done(&folder->subdirs);
	lk_vec_done(&folder->loose);
}

static void add_subdir(struct lk_app *app, struct lk_index_folder *folder, lk_str subdir)
{
	struct lk_strs *subdirs = &folder->subdirs;
	for (size_t i = 0; i < subdirs->len; i++) {
		if (lk_str_eq(subdirs->items[i], subdir)) {
			return;
		}
	}
	lk_vec_push(subdirs, lk_str_dup(&app->arena, subdir));
	qsort(subdirs->items, subdirs->len, sizeof(*subdirs->items), lk_str_cmp_qsort);
}

static bool is_package(lk_str name)
{
	enum lk_archive_kind kind = lk_archive_kind_of(name, NULL);
	return name.ptr[0] != '.' && (kind == LK_ARCHIVE_CONDA || kind == LK_ARCHIVE_TAR_BZ2);
}

static bool is_folder(int dirfd, const char *name)
{
	struct stat st;
	return fstatat(dirfd, name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

/* Of a folder that is called like a platform which nobody knows, packages in it are told. */
static void add_folder(struct lk_app *app, int dirfd, lk_str name, struct lk_index_folder *folder)
{
	struct lk_strs inside = {0};
	struct lk_error ignored = LK_ERROR_INIT;
	if (lk_subdir_is_known(name)) {
		add_subdir(app, folder, name);
	} else if (lk_subdir_is_valid(name) &&
		lk_fs_list(dirfd, name.ptr, &app->arena, &inside, &ignored) == 0) {
		for (size_t i = 0; i < inside.len; i++) {
			if (is_package(inside.items[i])) {
				lk_warn(&app->report,
					"'" LK_STR_FMT "' holds packages, but is no platform that "
					"conda knows: --subdir " LK_STR_FMT " would index it",
					LK_STR_ARG(name), LK_STR_ARG(name));
				break;
			}
		}
	}
	lk_vec_done(&inside);
}

static int add_wanted(struct lk_app *app, const struct lk_args *wanted,
	struct lk_index_folder *folder, struct lk_error *err)
{
	for (size_t i = 0; i < wanted->len; i++) {
		if (!lk_subdir_is_valid(lk_str_of(wanted->items[i]))) {
			lk_fail(err, LK_E_USAGE, "'%s' is no subdir", wanted->items[i]);
			lk_error_hint(err, "subdirs are called like linux-64 or noarch");
			return err->code;
		}
		add_subdir(app, folder, lk_str_of(wanted->items[i]));
	}
	return 0;
}

int lk_index_folder_read(struct lk_app *app, const char *path, const struct lk_args *wanted,
	struct lk_index_folder *ret, struct lk_error *err)
{
	struct lk_strs names = {0};
	int dirfd LK_AUTO_CLOSE = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;
	if (dirfd < 0) {
		lk_fail_errno(err, errno == ENOENT || errno == ENOTDIR ? LK_E_USAGE : LK_E_FS,
			errno, "cannot open the folder '%s'", path);
		lk_error_hint(err, "name a folder with packages in linux-64/, noarch/ and so on");
		return err->code;
	}
	rc = lk_fs_list(dirfd, ".", &app->arena, &names, err);
	for (size_t i = 0; i < names.len && rc == 0; i++) {
		lk_str name = names.items[i];
		if (is_package(name)) {
			lk_vec_push(&ret->loose, name);
		} else if (wanted->len == 0 && is_folder(dirfd, name.ptr)) {
			add_folder(app, dirfd, name, ret);
		}
	}
	rc = rc < 0 ? rc : add_wanted(app, wanted, ret, err);
	if (rc == 0 && (wanted->len == 0 || !is_folder(dirfd, "noarch"))) {
		add_subdir(app, ret, LK_STR("noarch")); /* without it there is no channel */
	}
	lk_vec_done(&names);
	return rc;
}

static int move_one(struct lk_app *app, int dirfd, bool dry_run, lk_str fn, lk_str subdir,
	struct lk_index_folder *folder, struct lk_error *err)
{
	bool exists = false;
	const char *to = lk_arena_printf(
		&app->arena, LK_STR_FMT "/" LK_STR_FMT, LK_STR_ARG(subdir), LK_STR_ARG(fn));
	add_subdir(app, folder, subdir);
	lk_note(&app->report, dry_run ? 0 : 1, "'" LK_STR_FMT "' %s '%s'", LK_STR_ARG(fn),
		dry_run ? "would move to" : "moves to", to);
	if (dry_run) {
		return 0;
	}
	int rc = lk_fs_mkdirs(dirfd, subdir.ptr, 0, false, err);
	rc = rc < 0 ? rc : lk_fs_rename_noreplace(dirfd, fn.ptr, dirfd, to, &exists, err);
	if (rc == 0 && exists) {
		lk_fail(err, LK_E_USAGE, "'" LK_STR_FMT "' cannot be moved: '%s' is there",
			LK_STR_ARG(fn), to);
		lk_error_hint(err, "remove one of the two");
		rc = err->code;
	}
	return rc;
}

/* What tells no subdir stays where it is. */
static void leave(struct lk_app *app, lk_str fn, const struct lk_error *why)
{
	lk_warn(&app->report, "left out: '" LK_STR_FMT "' stays where it is: %s", LK_STR_ARG(fn),
		why->message);
}

int lk_index_folder_move(struct lk_app *app, const char *path, bool dry_run, bool skip_broken,
	struct lk_index_folder *folder, struct lk_error *err)
{
	int dirfd LK_AUTO_CLOSE = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = dirfd >= 0
		? 0
		: lk_fail_errno(err, LK_E_FS, errno, "cannot open the folder '%s'", path);
	for (size_t i = 0; i < folder->loose.len && rc == 0; i++) {
		lk_str fn = folder->loose.items[i];
		lk_str subdir;
		rc = lk_index_subdir_of(dirfd, fn, &app->arena, &subdir, err);
		if (rc == 0) {
			rc = move_one(app, dirfd, dry_run, fn, subdir, folder, err);
		} else if (skip_broken && rc != LK_E_INTERRUPTED && rc != LK_E_BUG) {
			leave(app, fn, err);
			*err = (struct lk_error)LK_ERROR_INIT;
			rc = 0;
		}
	}
	return rc;
}
