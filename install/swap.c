/*
 * The exchange of old and new.
 */
#include "install/swap.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"
#include "install/recover.h"

#define MAX_KEPT_BYTES 8192 /* of the path that a warning shows */

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
int lk_swap_sync(const struct lk_site *site, struct lk_error *err)
{
	if (syncfs(site->work_fd) < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot sync the new '%s'", site->prefix);
	}
	return 0;
}

/* ---- the names ---- */

static void add_name(struct lk_swap *swap, lk_str name)
{
	struct lk_exchange x;
	if (lk_exchange_plan(&swap->dirs, name, &x)) {
		lk_vec_push(&swap->journal.names, x);
	}
}

static bool is_in(const struct lk_strs *names, lk_str name)
{
	for (size_t i = 0; i < names->len; i++) {
		if (lk_str_eq(names->items[i], name)) {
			return true;
		}
	}
	return false;
}

/* Does NAME at the top of the old prefix go when the new tree has none of that name? */
static bool goes(const struct lk_owned *owned, lk_str name)
{
	return !lk_owned_is_state(lk_str_n(NULL, 0), name) &&
		(lk_str_is(name, "conda-meta") || lk_owned_find(owned, name, NULL) != LK_OWNED_NOT);
}

/* All that comes, then what only goes; conda-meta, which says what the prefix is, last of all. */
static int name_in_place(struct lk_swap *swap, const struct lk_owned *owned, struct lk_error *err)
{
	struct lk_strs come = {0};
	struct lk_strs here = {0};
	int rc = lk_fs_list(swap->dirs.there_fd, ".", &swap->arena, &come, err);
	if (rc == 0) {
		rc = lk_fs_list(swap->dirs.here_fd, ".", &swap->arena, &here, err);
	}
	for (size_t i = 0; rc == 0 && i < come.len; i++) {
		if (!lk_str_is(come.items[i], "conda-meta")) {
			add_name(swap, come.items[i]);
		}
	}
	for (size_t i = 0; rc == 0 && i < here.len; i++) {
		if (!is_in(&come, here.items[i]) && !lk_str_is(here.items[i], "conda-meta") &&
			goes(owned, here.items[i])) {
			add_name(swap, here.items[i]);
		}
	}
	add_name(swap, LK_STR("conda-meta"));
	lk_vec_done(&come);
	lk_vec_done(&here);
	return rc;
}

static int begin_in_place(
	struct lk_swap *swap, int new_fd, const struct lk_owned *owned, struct lk_error *err)
{
	int rc = lk_site_make(swap->site, LK_SITE_OLD, &swap->aside_fd, err);
	if (rc < 0) {
		return rc;
	}
	swap->dirs = (struct lk_exchange_dirs){
		.here_fd = swap->site->old_fd, .there_fd = new_fd, .aside_fd = swap->aside_fd};
	swap->old_fd = new_fd;
	swap->new_fd = swap->site->old_fd;
	return name_in_place(swap, owned, err);
}

static int begin_beside(struct lk_swap *swap, int new_fd, struct lk_error *err)
{
	struct lk_site *site = swap->site;
	swap->dirs = (struct lk_exchange_dirs){
		.here_fd = site->parent_fd,
		.there_fd = swap->rollback ? site->parent_fd : site->work_fd,
		.aside_fd = site->work_fd,
		.there = swap->rollback ? site->previous : LK_SITE_NEW,
		.aside = LK_SITE_OLD,
	};
	swap->old_fd = site->old_fd;
	swap->new_fd = new_fd;
	add_name(swap, lk_str_of(site->name));
	bool was_there =
		swap->journal.names.len > 0 && swap->journal.names.items[0].kind != LK_EXCHANGE_IN;
	if (was_there != (site->state != LK_SITE_ABSENT)) {
		return lk_fail(err, LK_E_FS, "something else %s '%s' meanwhile",
			was_there ? "made" : "removed", site->prefix);
	}
	return 0;
}

static int begin(
	struct lk_swap *swap, int new_fd, const struct lk_owned *owned, struct lk_error *err)
{
	struct lk_site *site = swap->site;
	int rc = site->in_place ? begin_in_place(swap, new_fd, owned, err)
				: begin_beside(swap, new_fd, err);
	swap->keep = swap->keep && site->state == LK_SITE_ENVIRONMENT;
	swap->journal.keep = swap->keep;
	swap->journal.rollback = swap->rollback;
	swap->journaled = site->in_place || swap->keep || swap->rollback;
	if (rc == 0) {
		rc = lk_swap_sync(site, err);
	}
	if (rc == 0 && swap->journaled) {
		rc = lk_journal_write(site->work_fd, &swap->journal, err);
	}
	return rc;
}

/* ---- the exchange ---- */

/* A directory that comes from a lower layer of an overlay (a container image) cannot take another
 * name: neither exchange nor rename moves it. An empty one can still be replaced. */
static int swap_in_overlay(struct lk_swap *swap, struct lk_error *err)
{
	const struct lk_site *site = swap->site;
	if (site->state == LK_SITE_EMPTY && !site->in_place) {
		lk_error_clear(err);
		int rc = lk_fs_rename(
			swap->dirs.there_fd, swap->dirs.there, site->parent_fd, site->name, err);
		swap->onto_empty = rc == 0;
		return rc;
	}
	int rc = lk_fail(err, LK_E_FS,
		"prefix '%s' comes from another layer of the file system and cannot be exchanged%s",
		site->prefix, site->in_place ? "" : " as a whole");
	lk_error_hint(
		err, "remove it first, or install in the step of the image build that makes it");
	return rc;
}

/* One rename needs no journal; where it cannot be had, those that come in its place do. */
static int exchange_or_journal(struct lk_swap *swap, bool *ret_done, struct lk_error *err)
{
	const struct lk_exchange *x = &swap->journal.names.items[0];
	*ret_done = false;
	if (swap->journaled || x->kind != LK_EXCHANGE_BOTH) {
		return 0;
	}
	int rc = lk_fs_exchange(
		swap->dirs.here_fd, x->name.ptr, swap->dirs.there_fd, swap->dirs.there, err);
	*ret_done = rc == 0;
	if (rc == LK_E_NOT_FOUND) {
		lk_error_clear(err);
		swap->journaled = true; /* also one that fails at its very end is there */
		rc = lk_journal_write(swap->site->work_fd, &swap->journal, err);
	}
	return rc;
}

static int exchange_all(struct lk_swap *swap, struct lk_error *err)
{
	bool done = false;
	int rc = exchange_or_journal(swap, &done, err);
	for (size_t i = 0; rc == 0 && !done && i < swap->journal.names.len; i++) {
		rc = lk_exchange(&swap->dirs, &swap->journal.names.items[i], false, err);
	}
	return rc < 0 && err->sys_errno == EXDEV ? swap_in_overlay(swap, err) : rc;
}

static int sync_names(const struct lk_swap *swap, struct lk_error *err)
{
	return swap->site->in_place ? lk_swap_sync(swap->site, err)
				    : lk_fs_sync_dir(swap->site->parent_fd, ".", err);
}

/* Where nothing was moved aside: an empty directory that was there is made again. */
static int undo_onto_empty(struct lk_swap *swap, struct lk_error *err)
{
	const struct lk_site *site = swap->site;
	struct stat status;
	int rc = lk_fs_rename(
		site->parent_fd, site->name, swap->dirs.there_fd, swap->dirs.there, err);
	if (rc < 0 || fstat(site->old_fd, &status) < 0) {
		return rc;
	}
	return lk_fs_mkdirs(site->parent_fd, site->name, status.st_mode & 07777, true, err);
}

static int put_back(struct lk_swap *swap, struct lk_error *err)
{
	int rc = swap->onto_empty ? undo_onto_empty(swap, err) : 0;
	for (size_t i = swap->journal.names.len; rc == 0 && !swap->onto_empty && i > 0; i--) {
		rc = lk_exchange(&swap->dirs, &swap->journal.names.items[i - 1], true, err);
	}
	if (rc == 0 && swap->journaled) {
		rc = sync_names(swap, err);
	}
	if (rc == 0 && swap->journaled) {
		rc = lk_journal_remove(swap->site->work_fd, err);
	}
	return rc;
}

void lk_swap_undo(struct lk_swap *swap, const struct lk_report *report)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) kept = LK_BUF_INIT(MAX_KEPT_BYTES);
	struct lk_site *site = swap->site;
	if (put_back(swap, &err) == 0) {
		return;
	}
	if (swap->journaled) {
		site->keep = true;
		lk_warn(report, "'%s' could not be put back: %s; the next run completes it",
			site->prefix, err.message);
		return;
	}
	if (swap->old_fd < 0 || swap->onto_empty) {
		lk_warn(report, "'%s' could not be put back: %s", site->prefix, err.message);
		return;
	}
	lk_site_keep(site, LK_SITE_NEW, &kept);
	lk_warn(report, "'%s' could not be put back: %s; as it was, it is kept as '%s'",
		site->prefix, err.message, lk_buf_cstr(&kept));
}

int lk_swap(struct lk_swap *swap, int new_fd, const struct lk_owned *owned,
	const struct lk_report *report, struct lk_error *err)
{
	swap->aside_fd = -1;
	int rc = begin(swap, new_fd, owned, err);
	if (rc == 0) {
		rc = exchange_all(swap, err);
	}
	if (rc == 0) {
		rc = sync_names(swap, err);
	}
	if (rc < 0) {
		lk_swap_undo(swap, report);
	}
	return rc;
}

int lk_swap_finish(struct lk_swap *swap, struct lk_error *err)
{
	const struct lk_site *site = swap->site;
	const struct lk_recover_place place = {
		site->base_fd, site->work_fd, site->name, lk_site_previous(site)};
	struct lk_error ignored = LK_ERROR_INIT;
	int rc = swap->keep ? lk_recover_keep(&place, site->work_fd, LK_SITE_NEW, err) : 0;
	if (rc == 0 && swap->journaled) {
		/* Where this fails lk_site_done or the next run finds that all is done. */
		(void)!lk_journal_remove(site->work_fd, &ignored);
	}
	if (rc == 0 && swap->keep && site->in_place && site->beside.fd >= 0) {
		/* One that lies beside is older. */
		(void)renameat(site->parent_fd, site->previous, site->beside.fd, LK_SITE_ELDER);
	}
	return rc;
}

void lk_swap_done(struct lk_swap *swap)
{
	if (swap->aside_fd > 0) {
		lk_close_p(&swap->aside_fd);
	}
	lk_vec_done(&swap->journal.names);
	lk_arena_done(&swap->arena);
}
