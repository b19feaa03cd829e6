/*
 * Rolling an exchange forward.
 */
#include "install/recover.h"

#include <errno.h>
#include <unistd.h>

#include "base/fs.h"
#include "install/journal.h"
#include "install/owned.h"
#include "install/site.h"

static bool is_there(int dirfd, const char *name)
{
	struct stat status;
	return fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

int lk_recover_drop(const struct lk_recover_place *place, struct lk_error *err)
{
	if (!is_there(place->base_fd, place->previous)) {
		return 0;
	}
	int rc = lk_fs_remove_tree(place->work_fd, LK_SITE_ELDER, err);
	return rc < 0
		? rc
		: lk_fs_rename(place->base_fd, place->previous, place->work_fd, LK_SITE_ELDER, err);
}

int lk_recover_keep(
	const struct lk_recover_place *place, int from_fd, const char *from, struct lk_error *err)
{
	struct lk_error ignored = LK_ERROR_INIT;
	bool had = is_there(place->base_fd, place->previous);
	if (!is_there(from_fd, from)) {
		return 0;
	}
	int rc = lk_recover_drop(place, err);
	if (rc < 0) {
		return rc;
	}
	rc = lk_fs_rename(from_fd, from, place->base_fd, place->previous, err);
	if (rc < 0 && had) {
		(void)!lk_fs_rename(
			place->work_fd, LK_SITE_ELDER, place->base_fd, place->previous, &ignored);
	}
	return rc;
}

/* Somebody else may have written the journal. */
static int check_names(const struct lk_recover_place *place, const struct lk_journal *journal,
	struct lk_error *err)
{
	for (size_t i = 0; i < journal->names.len; i++) {
		lk_str name = journal->names.items[i].name;
		if (place->name ? !lk_str_is(name, place->name)
				: lk_owned_is_state(lk_str_n(NULL, 0), name)) {
			return lk_fail(err, LK_E_FORMAT,
				"'" LK_JOURNAL_NAME "' tells of '" LK_STR_FMT
				"', which no install exchanges",
				LK_STR_ARG(name));
		}
	}
	return 0;
}

static int forward(const struct lk_recover_place *place, const struct lk_journal *journal,
	const struct lk_exchange_dirs *dirs, struct lk_error *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < journal->names.len; i++) {
		rc = lk_exchange(dirs, &journal->names.items[i], false, err);
	}
	if (rc == 0 && syncfs(place->work_fd) < 0) {
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot sync what was exchanged");
	}
	return rc;
}

/* One name, that of the prefix. */
static int forward_beside(const struct lk_recover_place *place, const struct lk_journal *journal,
	struct lk_error *err)
{
	const struct lk_exchange_dirs dirs = {
		.here_fd = place->base_fd,
		.there_fd = journal->rollback ? place->base_fd : place->work_fd,
		.aside_fd = place->work_fd,
		.there = journal->rollback ? place->previous : LK_SITE_NEW,
		.aside = LK_SITE_OLD,
	};
	const struct lk_exchange *x = &journal->names.items[0];
	struct stat status;
	if (is_there(place->work_fd, LK_SITE_OLD) &&
		fstatat(place->base_fd, x->name.ptr, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
		(uint64_t)status.st_ino != x->inode) {
		/* What was there is aside: an empty directory was made in its place since. */
		(void)unlinkat(place->base_fd, x->name.ptr, AT_REMOVEDIR);
	}
	return forward(place, journal, &dirs, err);
}

static int forward_in_place(const struct lk_recover_place *place, const struct lk_journal *journal,
	struct lk_error *err)
{
	int LK_AUTO_CLOSE there = journal->rollback
		? lk_fs_open_dir(place->base_fd, place->previous)
		: lk_fs_open_dir(place->work_fd, LK_SITE_NEW);
	if (there < 0 && errno == ENOENT && journal->keep) {
		return 0; /* it is the previous tree already: just the journal was left */
	}
	int LK_AUTO_CLOSE aside = there < 0 ? -1 : lk_fs_open_dir(place->work_fd, LK_SITE_OLD);
	const struct lk_exchange_dirs dirs = {place->base_fd, there, aside, NULL, NULL};
	if (there < 0 || aside < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open what the journal tells of");
	}
	return forward(place, journal, &dirs, err);
}

int lk_recover(const struct lk_recover_place *place, bool *ret_done, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_journal journal = {0};
	*ret_done = false;
	int rc = lk_journal_read(place->work_fd, &arena, &journal, err);
	if (rc == LK_E_NOT_FOUND) {
		lk_error_clear(err);
		return 0;
	}
	if (rc == 0) {
		rc = check_names(place, &journal, err);
	}
	if (rc == 0) {
		rc = place->name ? forward_beside(place, &journal, err)
				 : forward_in_place(place, &journal, err);
	}
	if (rc == 0 && journal.keep) {
		rc = lk_recover_keep(place, place->work_fd, LK_SITE_NEW, err);
	}
	if (rc == 0) {
		rc = lk_journal_remove(place->work_fd, err);
	}
	lk_vec_done(&journal.names);
	*ret_done = rc == 0;
	return rc;
}
