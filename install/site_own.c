/*
 * Owning the place of a prefix, and putting right what a run that died left there.
 */
#include "install/site.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "install/recover.h"

/* How often it is looked whether another install is through. */
#define WAIT_PAUSE_NS 100000000L
#define WAITS_PER_SECOND 10

/* An exchange that was begun is completed. */
static int recover(struct lk_site *site, const struct lk_own *own, const struct lk_report *report,
	struct lk_error *err)
{
	bool is_beside = own == &site->beside;
	bool done = false;
	const struct lk_recover_place place = {own->base_fd, own->fd, is_beside ? site->name : NULL,
		is_beside ? site->previous : LK_SITE_INSIDE_PREVIOUS};
	int rc = lk_recover(&place, &done, err);
	if (rc < 0) {
		return lk_wrap(err, "completing what did not end in '%s/%s'", own->base, own->name);
	}
	if (done) {
		lk_warn(report, "what did not end at '%s' is completed", site->prefix);
	}
	return 0;
}

/* A removal takes the tree that was kept for rollback, too: as "elder", which goes. */
static int take_previous(const struct lk_site *site, const struct lk_own *own, struct lk_error *err)
{
	bool is_beside = own == &site->beside;
	int LK_AUTO_CLOSE prefix = lk_fs_open_dir(site->parent_fd, site->name);
	if (faccessat(own->fd, LK_SITE_REMOVAL, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ||
		(prefix >= 0 && lk_site_is_environment(prefix))) {
		return 0;
	}
	const struct lk_recover_place place = {is_beside ? site->parent_fd : prefix, own->fd, NULL,
		is_beside ? site->previous : LK_SITE_INSIDE_PREVIOUS};
	return place.base_fd < 0 ? 0 : lk_recover_drop(&place, err);
}

/* Nobody can tell how far the scripts came that a killed run had started. */
static void tell_scripts(
	const struct lk_site *site, const struct lk_own *own, const struct lk_report *report)
{
	if (unlinkat(own->fd, LK_SITE_SCRIPTS, 0) == 0) {
		lk_warn(report,
			"an install into '%s' was killed while link scripts ran, which may be half "
			"done: after 'remove --all' an install runs them anew",
			site->prefix);
	}
}

/* Of a run that died while it wrote its journal. */
static int remove_drafts(int fd, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_strs names = {0};
	int rc = lk_fs_list(fd, ".", &arena, &names, err);
	for (size_t i = 0; rc == 0 && i < names.len; i++) {
		if (lk_str_starts(names.items[i], LK_STR(".lockenv-"))) {
			rc = lk_fs_remove_tree(fd, names.items[i].ptr, err);
		}
	}
	lk_vec_done(&names);
	return rc;
}

/* What a dead run left, or ours, in the folder OWN. */
static int tidy(struct lk_site *site, const struct lk_own *own, const struct lk_report *report,
	struct lk_error *err)
{
	/* What tells of a removal goes last: one that dies here is gone on with. */
	static const char *const rest[] = {LK_SITE_NEW, LK_SITE_TREES, LK_SITE_LATE, LK_SITE_OLD,
		LK_SITE_ELDER, LK_SITE_REMOVAL};
	int rc = recover(site, own, report, err);
	tell_scripts(site, own, report);
	if (rc == 0) {
		rc = take_previous(site, own, err);
	}
	for (size_t i = 0; rc == 0 && i < LK_COUNTOF(rest); i++) {
		rc = lk_fs_remove_tree_with(site->jobs, own->fd, rest[i], err);
		if (rc < 0 && err->sys_errno != 0) {
			rc = lk_fail_errno(err, LK_E_FS, err->sys_errno,
				"cannot remove '%s/%s/%s', which is of no more use", own->base,
				own->name, rest[i]);
			lk_error_hint(err, "remove it: look for mounts, flags and owners in it");
		}
	}
	return rc < 0 ? rc : remove_drafts(own->fd, err);
}

/* ---- owning ---- */

static bool is_denied(int errnum)
{
	return errnum == EACCES || errnum == EPERM || errnum == EROFS;
}

static void release(struct lk_site *site)
{
	lk_own_release(&site->inside);
	lk_own_release(&site->beside);
}

/* The folder beside the prefix, and what a dead run left in it. */
static int own_beside(struct lk_site *site, const struct lk_report *report, struct lk_error *err)
{
	int rc = lk_own_take(&site->beside, err);
	if (rc < 0 && is_denied(err->sys_errno) && site->in_place) {
		lk_error_clear(err);
		return 0; /* nothing can be done there by us */
	}
	if (rc < 0 && is_denied(err->sys_errno) && site->state != LK_SITE_ABSENT) {
		lk_error_hint(err,
			"have the directory made writable, or let what is in the prefix be "
			"exchanged with --in-place");
	}
	if (rc == 0) {
		rc = tidy(site, &site->beside, report, err);
	}
	return rc < 0 ? rc : lk_site_look(site, err);
}

/* The folder in the prefix: in place; else only where there is one. */
static int own_inside(struct lk_site *site, const struct lk_report *report, struct lk_error *err)
{
	site->in_place = site->in_place && site->state != LK_SITE_ABSENT;
	if (!site->in_place && !lk_own_is_there(&site->inside)) {
		return 0;
	}
	int rc = lk_own_take(&site->inside, err);
	if (rc == 0 && site->beside.fd < 0) {
		rc = lk_own_check(&site->beside, err);
	}
	if (rc == 0) {
		rc = tidy(site, &site->inside, report, err);
	}
	if (rc == 0 && !site->in_place) {
		lk_own_release(&site->inside);
	}
	return rc;
}

/* A previous tree that lies inside would go with the tree that it lies in: it is moved beside. What
 * lies there already is older. */
static int adopt_previous(struct lk_site *site, struct lk_error *err)
{
	const struct lk_recover_place place = {
		site->parent_fd, site->beside.fd, site->name, site->previous};
	return site->in_place || site->old_fd < 0
		? 0
		: lk_recover_keep(&place, site->old_fd, LK_SITE_INSIDE_PREVIOUS, err);
}

/* Taking over may have changed what is at the prefix. */
static int own_now(struct lk_site *site, const struct lk_report *report, struct lk_error *err)
{
	int rc = own_beside(site, report, err);
	if (rc == 0) {
		rc = own_inside(site, report, err);
	}
	if (rc == 0) {
		rc = lk_site_look(site, err);
	}
	if (rc == 0) {
		rc = lk_site_check(site, err);
	}
	if (rc == 0) {
		rc = adopt_previous(site, err);
	}
	if (rc < 0) {
		release(site);
		return rc;
	}
	site->base_fd = site->in_place ? site->old_fd : site->parent_fd;
	site->work_fd = site->in_place ? site->inside.fd : site->beside.fd;
	return 0;
}

static int own_in_time(
	struct lk_site *site, unsigned wait, const struct lk_report *report, struct lk_error *err)
{
	const struct timespec pause = {.tv_nsec = WAIT_PAUSE_NS};
	int rc = own_now(site, report, err);
	for (uint64_t i = 0; rc < 0 && (site->beside.busy || site->inside.busy) &&
		i < (uint64_t)wait * WAITS_PER_SECOND;
		i++) {
		if (i == 0) {
			lk_note(report, 0, "%s: waiting for it", err->message);
		}
		nanosleep(&pause, NULL);
		if (lk_report_stop(report)) {
			return lk_fail(err, LK_E_INTERRUPTED,
				"interrupted while waiting for another install into '%s'",
				site->prefix);
		}
		lk_error_clear(err);
		rc = own_now(site, report, err);
	}
	return rc;
}

int lk_site_own(
	struct lk_site *site, unsigned wait, const struct lk_report *report, struct lk_error *err)
{
	int rc = lk_site_check(site, err);
	site->report = report;
	if (rc == 0 && site->parent_fd < 0) {
		rc = lk_fs_mkdirs(AT_FDCWD, site->parent, 0, false, err);
		if (rc == 0) {
			rc = lk_site_open_parent(site, err);
		}
	}
	return rc < 0 ? rc : own_in_time(site, wait, report, err);
}

int lk_site_settle(struct lk_site *site, const struct lk_report *report, struct lk_error *err)
{
	struct lk_own *owns[] = {&site->beside, &site->inside};
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < LK_COUNTOF(owns); i++) {
		rc = lk_own_is_there(owns[i]) ? lk_own_take(owns[i], err) : 0;
	}
	for (size_t i = 0; rc == 0 && i < LK_COUNTOF(owns); i++) {
		rc = owns[i]->fd >= 0 ? tidy(site, owns[i], report, err) : 0;
	}
	release(site);
	if (rc == 0) {
		lk_warn(report, "what a run that did not end left of '%s' is gone", site->prefix);
	}
	return rc;
}

int lk_site_make(struct lk_site *site, const char *name, int *ret_fd, struct lk_error *err)
{
	int fd = -1;
	char *LK_AUTO_FREE path = lk_site_work_path(site);
	if (mkdirat(site->work_fd, name, 0700) == 0) {
		fd = lk_fs_open_dir(site->work_fd, name);
	}
	if (fd < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot make '%s/%s'", path, name);
	}
	*ret_fd = fd;
	return 0;
}

void lk_site_keep(struct lk_site *site, const char *name, struct lk_buf *path)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error ignored = LK_ERROR_INIT;
	char *kept = NULL;
	char *LK_AUTO_FREE work = lk_site_work_path(site);
	int rc = lk_fs_temp_dir(site->work_fd, "kept", &arena, &kept, &ignored);
	if (rc == 0) {
		rc = lk_fs_rename(site->work_fd, name, site->work_fd, kept, &ignored);
	}
	site->keep = rc < 0;
	lk_buf_appendf(path, "%s/%s", work, rc < 0 ? name : kept);
}

void lk_site_done(struct lk_site *site)
{
	const struct lk_report silent = {0};
	struct lk_own *owns[] = {&site->inside, &site->beside};
	for (size_t i = 0; i < LK_COUNTOF(owns); i++) {
		struct lk_error err = LK_ERROR_INIT;
		bool keep = site->keep && owns[i]->fd == site->work_fd;
		if (owns[i]->fd < 0 || keep) {
			continue;
		}
		if (tidy(site, owns[i], &silent, &err) == 0) {
			lk_own_release(owns[i]);
		} else if (site->report) {
			lk_warn(site->report, "%s", err.message);
		}
		lk_error_clear(&err);
	}
	lk_site_close(site);
}
