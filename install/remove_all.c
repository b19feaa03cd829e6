/*
 * Taking an environment away.
 */
#include "install/remove_all.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"
#include "install/foreign.h"
#include "install/meta.h"
#include "install/swap.h"

struct removal {
	struct lk_site site;
	const struct lk_report *report;
	struct lk_prefix_records have;
	int new_fd;
};

static int load(struct removal *r, struct lk_remove_all_result *ret, struct lk_error *err)
{
	if (r->site.state != LK_SITE_ENVIRONMENT) {
		lk_fail(err, LK_E_USAGE, "'%s' is not an environment", r->site.prefix);
		lk_error_hint(err, "give the prefix of one: it has conda-meta/history");
		return err->code;
	}
	int rc = lk_site_check_frozen(&r->site, err);
	lk_prefix_records_done(&r->have);
	r->have = (struct lk_prefix_records){0};
	rc = rc < 0 ? rc : lk_meta_read(1, r->site.old_fd, &r->have, err);
	lk_vec_clear(&ret->packages);
	for (size_t i = 0; rc == 0 && i < r->have.len; i++) {
		const struct lk_record *record = &r->have.items[i].record;
		lk_vec_push(&ret->packages,
			lk_str_printf(&ret->arena, LK_STR_FMT "-" LK_STR_FMT "-" LK_STR_FMT,
				LK_STR_ARG(record->name), LK_STR_ARG(record->version),
				LK_STR_ARG(record->build)));
	}
	return rc;
}

static int run_scripts(struct removal *r, const struct lk_remove_all_options *options,
	struct lk_remove_all_result *ret, struct lk_error *err)
{
	struct lk_scripts scripts = {.prefix = r->site.prefix,
		.work_fd = -1,
		.run = options->run_link_scripts,
		.only = options->link_scripts,
		.env = options->script_env,
		.report = r->report,
		.arena = &ret->arena};
	const struct lk_prefix_record **all =
		lk_arena_calloc(&ret->arena, r->have.len, sizeof(*all));
	for (size_t i = 0; i < r->have.len; i++) {
		all[i] = &r->have.items[i];
	}
	int rc = lk_scripts_unlink(&scripts, r->site.old_fd, all, r->have.len, err);
	if (rc == 0) {
		lk_scripts_warn_unused(&scripts);
		ret->skipped_scripts = scripts.skipped.len;
		ret->scripts = lk_scripts_skipped(&scripts, &ret->arena);
	}
	lk_vec_done(&scripts.skipped);
	lk_vec_done(&scripts.ran);
	return rc;
}

static int is_empty(int fd, bool *ret, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_strs names = {0};
	int rc = lk_fs_list(fd, ".", &arena, &names, err);
	*ret = names.len == 0;
	lk_vec_done(&names);
	return rc;
}

/* What is foreign, but nothing of conda-meta: DIR_FD, NAME in the working folder. *RET_EMPTY: there
 * was nothing; then NAME is gone, unless it is done in place. */
static int carry_to(struct removal *r, const char *name, int from_fd, int *ret_fd, bool *ret_empty,
	struct lk_error *err)
{
	struct stat old;
	bool copied; /* all is synced */
	int rc = lk_site_make(&r->site, name, ret_fd, err);
	if (rc == 0 && fstat(r->site.old_fd, &old) == 0 &&
		fchmod(*ret_fd, (old.st_mode & 07777) | 0700) < 0) {
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot make a tree for what stays");
	}
	if (rc == 0) {
		rc = lk_foreign_carry(from_fd, *ret_fd, &r->have, r->site.in_place, NULL, r->report,
			&copied, err);
	}
	if (rc == 0) {
		rc = lk_fs_remove_tree(*ret_fd, "conda-meta", err);
	}
	if (rc == 0) {
		rc = is_empty(*ret_fd, ret_empty, err);
	}
	if (rc == 0 && *ret_empty && !r->site.in_place) {
		rc = lk_fs_remove_tree(r->site.work_fd, name, err);
	}
	return rc;
}

/* What somebody made in the old tree meanwhile. Where nothing is at the prefix any more, it is what
 * is there then. */
static int rescue_late(
	struct removal *r, const struct lk_swap *swap, bool *ret_stays, struct lk_error *err)
{
	int LK_AUTO_CLOSE late = -1;
	bool copied;
	bool empty = false;
	bool exists = false;
	int rc;
	if (*ret_stays) {
		rc = lk_foreign_carry(swap->old_fd, swap->new_fd, &r->have, r->site.in_place, NULL,
			r->report, &copied, err);
		return rc < 0 ? rc : lk_fs_remove_tree(swap->new_fd, "conda-meta", err);
	}
	rc = carry_to(r, LK_SITE_LATE, swap->old_fd, &late, &empty, err);
	if (rc < 0 || empty) {
		return rc;
	}
	*ret_stays = true;
	rc = lk_fs_rename_noreplace(
		r->site.work_fd, LK_SITE_LATE, r->site.parent_fd, r->site.name, &exists, err);
	return rc == 0 && exists
		? lk_fail(err, LK_E_FS, "something else made '%s' meanwhile", r->site.prefix)
		: rc;
}

static int exchange(struct removal *r, bool *ret_stays, struct lk_error *err)
{
	struct lk_swap LK_CLEANUP(lk_swap_done) swap = {.site = &r->site};
	struct lk_owned LK_CLEANUP(lk_owned_done) owned = {0};
	if (lk_report_stop(r->report)) {
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted before '%s' was changed",
			r->site.prefix);
	}
	lk_owned_load(&owned, &r->have);
	int rc = lk_swap(&swap, r->new_fd, &owned, r->report, err);
	if (rc < 0) {
		return rc;
	}
	rc = rescue_late(r, &swap, ret_stays, err);
	if (rc == 0) {
		rc = lk_swap_sync(&r->site, err);
	}
	if (rc == 0) {
		rc = lk_swap_finish(&swap, err);
	}
	if (rc < 0) {
		lk_swap_undo(&swap, r->report);
	}
	return rc;
}

/* From now on what is begun here is a removal, whoever ends it. */
static int mark(const struct lk_site *site, struct lk_error *err)
{
	const int folders[] = {site->beside.fd, site->inside.fd};
	for (size_t i = 0; i < LK_COUNTOF(folders); i++) {
		int LK_AUTO_CLOSE fd = folders[i] < 0
			? -1
			: openat(folders[i], LK_SITE_REMOVAL,
				  O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (folders[i] >= 0 && fd < 0) {
			return lk_fail_errno(
				err, LK_E_FS, errno, "cannot begin to remove '%s'", site->prefix);
		}
	}
	return 0;
}

static int remove_all(struct removal *r, const struct lk_remove_all_options *options,
	struct lk_remove_all_result *ret, struct lk_error *err)
{
	bool empty = false;
	if (options->in_place) {
		lk_site_use_in_place(&r->site);
	}
	int rc = lk_site_check(&r->site, err);
	bool begun = rc == 0 && lk_site_has_leftover(&r->site);
	/* What a dead run left may be all that there is: it is put right first. */
	if (rc == 0 && (options->dry_run || !begun)) {
		rc = load(r, ret, err);
	}
	if (rc < 0 || options->dry_run) {
		return rc;
	}
	rc = lk_site_own(&r->site, options->wait, r->report, err);
	if (begun && (rc == LK_E_USAGE || (rc == 0 && r->site.state != LK_SITE_ENVIRONMENT))) {
		/* All was done but the last of it, which is done now. */
		ret->stays = rc == LK_E_USAGE || r->site.state != LK_SITE_ABSENT;
		lk_error_clear(err);
		return 0;
	}
	if (rc == 0) {
		rc = load(r, ret, err);
	}
	if (rc == 0) {
		rc = run_scripts(r, options, ret, err);
	}
	if (rc == 0) {
		rc = carry_to(r, LK_SITE_NEW, r->site.old_fd, &r->new_fd, &empty, err);
	}
	if (rc == 0) {
		rc = mark(&r->site, err);
	}
	if (rc == 0) {
		ret->stays = !empty || r->site.in_place;
		rc = exchange(r, &ret->stays, err);
	}
	return rc;
}

int lk_remove_all(const char *prefix, const struct lk_remove_all_options *options,
	const struct lk_report *report, struct lk_remove_all_result *ret, struct lk_error *err)
{
	struct removal r = {.report = report, .new_fd = -1};
	*ret = (struct lk_remove_all_result){0};
	bool settled = false;
	int rc = options->dry_run ? lk_site_open(prefix, &r.site, err)
				  : lk_site_open_settled(prefix, report, &settled, &r.site, err);
	if (rc == LK_E_USAGE && settled) {
		lk_error_clear(err);
		ret->stays = true; /* what is there now is nobody's but the user's */
		return 0;
	}
	if (rc < 0) {
		return rc;
	}
	r.site.override_frozen = options->override_frozen;
	rc = remove_all(&r, options, ret, err);
	lk_close_p(&r.new_fd);
	lk_prefix_records_done(&r.have);
	lk_site_done(&r.site);
	return rc;
}

void lk_remove_all_done(struct lk_remove_all_result *result)
{
	lk_vec_done(&result->packages);
	lk_arena_done(&result->arena);
}
