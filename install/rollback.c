/*
 * Going back to the previous tree.
 */
#include "install/rollback.h"

#include <errno.h>
#include <unistd.h>

#include "base/fs.h"
#include "install/foreign.h"
#include "install/meta.h"
#include "install/stamp.h"
#include "install/strip.h"
#include "install/swap.h"

/* One of the two trees. */
struct side {
	int fd; /* borrowed for the prefix; -1 when there is none */
	struct lk_prefix_records records;
	struct lk_owned owned;
};

static void side_done(struct side *side)
{
	lk_owned_done(&side->owned);
	lk_prefix_records_done(&side->records);
}

static int read_side(struct side *side, struct lk_rollback_side *ret, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_stamp stamp;
	if (side->fd < 0) {
		return 0;
	}
	int rc = lk_meta_read(1, side->fd, &side->records, err);
	if (rc < 0) {
		return rc;
	}
	lk_owned_load(&side->owned, &side->records);
	ret->is_there = true;
	ret->packages = side->records.len;
	if (lk_stamp_read(side->fd, &arena, &stamp)) {
		lk_hex(stamp.lock.bytes, LK_SHA256_LEN, ret->lock);
	}
	return 0;
}

static int fail_none(const struct lk_site *site, struct lk_error *err)
{
	lk_fail(err, LK_E_USAGE, "no previous environment is kept for '%s'", site->prefix);
	lk_error_hint(err, "an install with --keep-previous keeps the one that it replaces");
	return err->code;
}

/* An install in place leaves it inside: then it goes back in place too. */
static void choose_place(struct lk_site *site)
{
	struct stat status;
	if (site->old_fd >= 0 &&
		fstatat(site->old_fd, LK_SITE_INSIDE_PREVIOUS, &status, AT_SYMLINK_NOFOLLOW) == 0) {
		lk_site_use_in_place(site);
	}
}

static int open_previous(const struct lk_site *site, int dirfd, int *ret, struct lk_error *err)
{
	const char *name = lk_site_previous(site);
	int LK_AUTO_CLOSE fd = dirfd < 0 ? -1 : lk_fs_open_dir(dirfd, name);
	if (fd < 0 && (dirfd < 0 || errno == ENOENT)) {
		return fail_none(site, err);
	}
	if (fd < 0) {
		return lk_fail_errno(
			err, LK_E_FS, errno, "cannot open the previous tree '%s'", name);
	}
	if (!lk_own_is_trusted(dirfd, fd)) {
		lk_fail(err, LK_E_USAGE, "the previous tree '%s' belongs to another user", name);
		lk_error_hint(err, "no install of yours left it: have it removed");
		return err->code;
	}
	if (!lk_site_is_environment(fd)) {
		lk_fail(err, LK_E_USAGE, "the previous tree '%s' is not an environment", name);
		lk_error_hint(err, "something changed it: remove it");
		return err->code;
	}
	*ret = lk_fd_take(&fd);
	return 0;
}

/* What is foreign is that of the prefix, in whichever tree. */
static int prepare(const struct lk_site *site, const struct side *now, const struct side *previous,
	const struct lk_report *report, struct lk_error *err)
{
	bool copied; /* the exchange syncs all */
	if (site->state != LK_SITE_ENVIRONMENT) {
		return 0;
	}
	int rc = lk_strip(previous->fd, &previous->owned, err);
	return rc < 0 ? rc
		      : lk_foreign_carry(now->fd, previous->fd, &now->records, site->in_place, NULL,
				report, &copied, err);
}

static int exchange(struct lk_site *site, const struct side *now, const struct side *previous,
	const struct lk_report *report, struct lk_error *err)
{
	bool copied = false;
	struct lk_swap LK_CLEANUP(lk_swap_done) swap = {.site = site, .rollback = true};
	if (lk_report_stop(report)) {
		return lk_fail(
			err, LK_E_INTERRUPTED, "interrupted before '%s' was changed", site->prefix);
	}
	int rc = lk_swap(&swap, previous->fd, &now->owned, report, err);
	if (rc < 0) {
		return rc;
	}
	if (site->state == LK_SITE_ENVIRONMENT) {
		rc = lk_foreign_carry(swap.old_fd, swap.new_fd, &now->records, site->in_place, NULL,
			report, &copied, err);
	}
	if (rc == 0 && copied) {
		rc = lk_swap_sync(site, err);
	}
	if (rc == 0) {
		rc = lk_swap_finish(&swap, err);
	}
	if (rc < 0) {
		lk_swap_undo(&swap, report);
	}
	return rc;
}

/* An empty directory in the prefix's place is replaced, and is no tree to go back to. */
static void drop_empty(const struct lk_site *site)
{
	if (site->state == LK_SITE_EMPTY && !site->in_place) {
		(void)unlinkat(site->parent_fd, site->previous, AT_REMOVEDIR);
	}
}

static int rollback(struct lk_site *site, unsigned wait, const struct lk_report *report,
	struct lk_rollback_result *ret, struct lk_error *err)
{
	struct side now = {.fd = -1};
	struct side previous = {.fd = -1};
	int LK_AUTO_CLOSE fd = -1;
	choose_place(site);
	/* Before anything is made: most often there just is none. */
	int rc = site->interrupted
		? 0
		: open_previous(site, site->in_place ? site->old_fd : site->parent_fd, &fd, err);
	lk_close_p(&fd);
	fd = -1;
	if (rc == 0) {
		rc = lk_site_own(site, wait, report, err);
	}
	if (rc == 0) {
		rc = lk_site_check_frozen(site, err);
	}
	if (rc == 0) {
		rc = open_previous(site, site->base_fd, &fd, err);
	}
	previous.fd = fd;
	now.fd = site->state == LK_SITE_ENVIRONMENT ? site->old_fd : -1;
	if (rc == 0) {
		rc = read_side(&now, &ret->from, err);
	}
	if (rc == 0) {
		rc = read_side(&previous, &ret->to, err);
	}
	if (rc == 0) {
		rc = prepare(site, &now, &previous, report, err);
	}
	if (rc == 0) {
		rc = exchange(site, &now, &previous, report, err);
	}
	if (rc == 0) {
		drop_empty(site);
	}
	side_done(&now);
	side_done(&previous);
	return rc;
}

int lk_rollback(const char *prefix, unsigned wait, bool override_frozen,
	const struct lk_report *report, struct lk_rollback_result *ret, struct lk_error *err)
{
	struct lk_site site;
	struct lk_rollback_result result = {0};
	int rc = lk_site_open_settled(prefix, report, NULL, &site, err);
	if (rc < 0) {
		return rc;
	}
	site.override_frozen = override_frozen;
	rc = rollback(&site, wait, report, &result, err);
	lk_site_done(&site);
	if (rc == 0) {
		*ret = result;
	}
	return rc;
}
