/*
 * The exchange of old and new.
 */
#include "install/swap.h"

#include <errno.h>
#include <unistd.h>

#include "base/fs.h"

/*
 * Before the new tree gets its name, all of it must be on the disk. Its links and directories are
 * metadata, which a journal puts down in order, so that syncing the parent after the exchange would
 * do; but not the bytes of what was written: rewritten files, records, pyc, copies, and whatever of
 * the store was extracted just before, by this process or another (the store itself syncs nothing).
 * Only syncfs covers them all, on every file system. It was also the cheapest by far: for 437
 * rewritten files 7 to 18 ms, against 70 to 140 ms for starting the writing of each and then
 * waiting with fsync, and 130 to 200 ms for fsync alone; still so with 1 GB of others' bytes to be
 * written.
 */
static int sync_new(const struct lk_site *site, struct lk_error *err)
{
	if (syncfs(site->work_fd) < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot sync the new '%s'", site->prefix);
	}
	return 0;
}

static int move_in(struct lk_site *site, struct lk_error *err)
{
	bool exists = false;
	int rc = lk_fs_rename_noreplace(
		site->work_fd, LK_SITE_NEW, site->parent_fd, site->name, &exists, err);
	if (rc == 0 && exists) {
		rc = lk_fail(err, LK_E_FS, "something else made '%s' meanwhile", site->prefix);
	}
	return rc;
}

static int two_renames(struct lk_site *site, struct lk_error *err)
{
	int rc = lk_fs_rename(site->parent_fd, site->name, site->work_fd, LK_SITE_OLD, err);
	if (rc < 0) {
		return rc;
	}
	rc = move_in(site, err);
	if (rc < 0) {
		struct lk_error ignored = LK_ERROR_INIT;
		/* If this fails too, the folder stays and the next run moves it back. */
		(void)!lk_fs_rename(
			site->work_fd, LK_SITE_OLD, site->parent_fd, site->name, &ignored);
	}
	return rc;
}

int lk_swap_undo(struct lk_site *site, const char *old, struct lk_error *err)
{
	int rc;
	if (old == NULL) {
		return lk_fs_rename(site->parent_fd, site->name, site->work_fd, LK_SITE_NEW, err);
	}
	rc = lk_fs_exchange(site->work_fd, old, site->parent_fd, site->name, err);
	if (rc == LK_E_NOT_FOUND) {
		rc = lk_fs_rename(site->parent_fd, site->name, site->work_fd, LK_SITE_NEW, err);
		if (rc == 0) {
			rc = lk_fs_rename(site->work_fd, old, site->parent_fd, site->name, err);
		}
	}
	return rc;
}

int lk_swap(struct lk_site *site, const char **ret_old, struct lk_error *err)
{
	const char *old = NULL;
	int rc = sync_new(site, err);
	if (rc < 0) {
		return rc;
	}
	if (site->state == LK_SITE_ABSENT) {
		rc = move_in(site, err);
	} else {
		old = LK_SITE_NEW;
		rc = lk_fs_exchange(site->work_fd, LK_SITE_NEW, site->parent_fd, site->name, err);
		if (rc == LK_E_NOT_FOUND) {
			old = LK_SITE_OLD;
			rc = two_renames(site, err);
		}
	}
	if (rc < 0) {
		return rc;
	}
	rc = lk_fs_sync_dir(site->parent_fd, ".", err);
	if (rc < 0) {
		struct lk_error ignored = LK_ERROR_INIT;
		(void)!lk_swap_undo(site, old, &ignored);
		return rc;
	}
	*ret_old = old;
	return 0;
}
