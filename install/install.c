/*
 * Installing, step by step. What is read only comes first; from lk_site_own to lk_swap all work is
 * in the working folder beside the prefix.
 */
#include "install/install_priv.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "install/changed.h"
#include "install/swap.h"
#include "install/told.h"
#include "install/write.h"

#define MAX_RESTARTS 8

static int load_have(struct lk_install_run *run, struct lk_error *err)
{
	int rc = lk_site_check_frozen(&run->site, err);
	lk_prefix_records_done(&run->have);
	if (rc < 0) {
		return rc;
	}
	if (run->site.state == LK_SITE_ENVIRONMENT) {
		rc = run->options->mend
			? lk_meta_read_sound(run->options->jobs, run->site.old_fd, run->report,
				  &run->have, err)
			: lk_meta_read(run->options->jobs, run->site.old_fd, &run->have, err);
	}
	if (rc < 0) {
		return lk_wrap(err, "reading the environment '%s'", run->site.prefix);
	}
	return lk_plan_make(&run->have, run->records, run->n_records, &run->arena, &run->plan, err);
}

/* What stays, and what is left to take from the cache. */
static int choose_kept(struct lk_install_run *run, struct lk_error *err)
{
	const struct lk_keep_source source = {run->site.old_fd, &run->have, &run->plan,
		run->records, run->n_records, &run->stamp, run->options->verify,
		run->options->strict, run->options->jobs};
	int rc = 0;
	if (run->site.state == LK_SITE_ENVIRONMENT && !run->keep_nothing) {
		rc = lk_keep_choose(&source, run->report, &run->arena, &run->keep, err);
	}
	run->from_cache = lk_arena_calloc(&run->arena, run->n_records, sizeof(*run->from_cache));
	for (size_t i = 0; rc == 0 && i < run->n_records; i++) {
		if (!lk_install_keeps(run, i)) {
			run->from_cache[run->n_from_cache++] = run->records[i];
		}
	}
	return rc;
}

/* What came into the old tree while the new one was built: on the disk before that goes. */
static int carry_late(struct lk_install_run *run, const struct lk_swap *swap, struct lk_error *err)
{
	bool copied = false;
	int rc = swap->old_fd < 0    ? 0
		: run->site.in_place ? lk_foreign_carry(swap->old_fd, swap->new_fd, &run->have,
					       true, NULL, run->report, &copied, err)
				     : lk_foreign_carry_late(swap->old_fd, swap->new_fd, &run->have,
					       &run->seen, run->report, &copied, err);
	return rc == 0 && copied ? lk_swap_sync(&run->site, err) : rc;
}

/* What follows the exchange. */
static int after_swap(struct lk_install_run *run, struct lk_swap *swap, struct lk_error *err)
{
	int rc = carry_late(run, swap, err);
	if (rc == 0) {
		run->scripts.work_fd = run->site.work_fd;
		rc = lk_scripts_after(&run->scripts, swap->new_fd, &run->layout, &run->plan, err);
	}
	return rc < 0 ? rc : lk_swap_finish(swap, err);
}

/* The exchange; a failure after it takes it back. */
static int publish(struct lk_install_run *run, struct lk_error *err)
{
	struct lk_swap LK_CLEANUP(lk_swap_done)
		swap = {.site = &run->site, .keep = run->options->keep_previous};
	struct lk_owned LK_CLEANUP(lk_owned_done) owned = {0};
	if (lk_report_stop(run->report)) {
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted before '%s' was changed",
			run->site.prefix);
	}
	lk_owned_load(&owned, &run->have);
	int rc = lk_swap(&swap, run->new_fd, &owned, run->report, err);
	if (rc < 0) {
		return rc;
	}
	rc = after_swap(run, &swap, err);
	if (rc < 0) {
		lk_swap_undo(&swap, run->report);
	} else if (swap.new_fd != run->new_fd) {
		run->site.old_fd = run->new_fd;
		run->new_fd = swap.new_fd;
	}
	return rc;
}

/* Nothing to do? Only a prefix that bears our stamp can tell so at once. */
static bool is_unchanged(struct lk_install_run *run, struct lk_install_result *result)
{
	struct lk_stamp found;
	if (run->site.state != LK_SITE_ENVIRONMENT || run->site.interrupted ||
		run->options->verify ||
		faccessat(run->site.old_fd, "conda-meta/history", F_OK, AT_SYMLINK_NOFOLLOW) != 0 ||
		!lk_stamp_holds(run->site.old_fd, &run->stamp, &run->arena, &found)) {
		return false;
	}
	result->unchanged = true;
	result->kept = run->n_records;
	result->files = (size_t)found.files;
	memcpy(result->tree_digest, found.tree_digest.ptr, found.tree_digest.len);
	return true;
}

/* From here on the prefix is ours; what was to do may have been done while we waited for that. */
static int own_site(
	struct lk_install_run *run, struct lk_install_result *result, struct lk_error *err)
{
	struct stat work;
	int rc = lk_site_own(&run->site, run->options->wait, run->report, err);
	if (rc == 0 && fstat(run->site.work_fd, &work) < 0) {
		rc = lk_fail_errno(
			err, LK_E_FS, errno, "cannot work beside '%s'", run->site.prefix);
	}
	if (rc < 0 || is_unchanged(run, result)) {
		return rc;
	}
	run->began = work.st_mtim;
	return load_have(run, err);
}

static void tell_links(const struct lk_linker *linker, struct lk_install_result *result)
{
	result->link_mode = lk_link_name(lk_linker_used(linker));
	for (size_t i = 0; i < LK_CACHE_MAX_LAYERS; i++) {
		for (size_t way = 0; way < LK_LINK_WAYS; way++) {
			result->linked[i][way] = atomic_load(&linker->used[i][way]);
		}
	}
}

static int change_prefix(
	struct lk_install_run *run, struct lk_install_result *result, struct lk_error *err)
{
	int rc = run->site.work_fd < 0 ? own_site(run, result, err) : 0;
	if (rc < 0 || result->unchanged) {
		return rc;
	}
	rc = lk_build_tree(run, result, err);
	if (rc == 0) {
		rc = lk_scripts_before(&run->scripts, run->site.old_fd, &run->plan, err);
	}
	if (rc == 0 && run->site.old_fd >= 0) {
		bool copied; /* lk_swap syncs all */
		rc = lk_foreign_carry(run->site.old_fd, run->new_fd, &run->have, run->site.in_place,
			&run->seen, run->report, &copied, err);
	}
	if (rc == 0 && run->options->link == LK_LINK_SYMLINK) {
		rc = lk_trees_settle(&run->trees, -1, err); /* the files stay there */
	}
	if (rc == 0) {
		rc = publish(run, err);
	}
	if (rc == 0) {
		struct lk_error ignored = LK_ERROR_INIT;
		(void)!lk_trees_settle(&run->trees, run->site.work_fd, &ignored);
	}
	if (rc == 0 && run->n_from_cache > 0) {
		tell_links(&run->linker, result);
	}
	return rc;
}

static void tell(struct lk_install_run *run, struct lk_install_result *result)
{
	struct lk_plan *plan = &run->plan;
	for (size_t i = 0; i < plan->n_steps; i++) {
		struct lk_plan_step *step = &plan->steps[i];
		if (step->action == LK_PLAN_KEEP &&
			!lk_install_keeps(run, (size_t)(step->want - run->records))) {
			lk_plan_relink(plan, step);
		}
	}
	result->added = plan->added;
	result->removed = plan->removed;
	result->kept = plan->kept;
	result->relinked = plan->relinked;
	result->replaced = plan->replaced;
	if (run->options->arena != NULL) {
		lk_told_plan(plan, &run->keep, run->records, run->n_records, run->options->arena,
			result);
	}
}

/* A package that does not stay because of one file of it is what nobody expects to be needed. */
static int find_trees(struct lk_install_run *run, struct lk_error *err)
{
	struct lk_error ignored = LK_ERROR_INIT;
	int rc = lk_trees_find(run->cache, run->from_cache, run->n_from_cache, run->report, err);
	for (size_t i = 0; rc == LK_E_OFFLINE && run->keep.packages && i < run->n_records; i++) {
		const struct lk_keep_package *package = &run->keep.packages[i];
		if (package->fault.len > 0 &&
			lk_cache_find(run->cache, &run->records[i], &ignored) < 0) {
			lk_error_hint(err,
				"'" LK_STR_FMT "' of package '" LK_STR_FMT
				"' %s, so that its archive is needed: run lockenv fetch where "
				"there is a network, or give --from DIR",
				LK_STR_ARG(package->fault), LK_STR_ARG(run->records[i].name),
				package->missing ? "is missing" : "was changed");
			break;
		}
	}
	return rc;
}

/* In the cache; or, where that is only read, in the working folder, from which files are moved into
 * the new tree. */
static int make_trees(
	struct lk_install_run *run, struct lk_install_result *result, struct lk_error *err)
{
	const struct lk_install_options *o = run->options;
	char *LK_AUTO_FREE work = lk_site_work_path(&run->site);
	char *LK_AUTO_FREE path = lk_asprintf("%s/" LK_SITE_TREES, work);
	struct lk_tree_options options = {.strict = o->strict,
		.verify = o->verify,
		.later = !run->check_trees,
		.safety_warn = o->safety_warn,
		.now = o->now};
	struct lk_tree_place place = {-1, path};
	int rc = find_trees(run, err);
	if (rc == 0 && run->n_from_cache > 0 && !lk_cache_is_writable(run->cache)) {
		rc = run->site.work_fd < 0 ? own_site(run, result, err) : 0;
		if (rc == 0 && !result->unchanged) {
			rc = lk_site_make(&run->site, LK_SITE_TREES, &run->apart_fd, err);
		}
		place.fd = run->apart_fd;
		options.place = &place;
	}
	return rc < 0 || result->unchanged
		? rc
		: lk_trees_ensure(run->cache, run->from_cache, run->n_from_cache, &options, o->jobs,
			  run->report, &run->trees, err);
}

static int install(
	struct lk_install_run *run, struct lk_install_result *result, struct lk_error *err)
{
	const struct lk_install_options *o = run->options;
	if (is_unchanged(run, result)) {
		struct lk_error ignored = LK_ERROR_INIT;
		if (!o->dry_run && lk_site_has_leftover(&run->site)) {
			(void)!lk_site_own(&run->site, 0, run->report, &ignored);
		}
		return 0;
	}
	int rc = lk_site_check(&run->site, err);
	if (rc == 0) {
		bool own = run->site.state == LK_SITE_ENVIRONMENT && !o->dry_run;
		rc = own ? own_site(run, result, err) : load_have(run, err);
	}
	if (rc == 0 && !result->unchanged) {
		rc = choose_kept(run, err);
	}
	if (rc == 0 && o->dry_run) {
		tell(run, result);
		return run->site.old_fd < 0 || o->arena == NULL
			? 0
			: lk_told_changed(
				  run->site.old_fd, o->verify, &run->have, o->arena, result, err);
	}
	if (rc == 0 && !result->unchanged) {
		rc = make_trees(run, result, err);
	}
	if (rc == 0 && !result->unchanged) {
		rc = lk_build_layout(run, err);
	}
	if (rc == 0 && !result->unchanged) {
		rc = change_prefix(run, result, err);
	}
	if (rc == 0 && !result->unchanged) {
		tell(run, result);
	}
	return rc;
}

/* *RET_LOST: it failed, and trees were taken out of the cache meanwhile. */
static int install_once(struct lk_install_run *run, const char *prefix,
	const struct lk_sha256 *lock_digest, struct lk_install_result *result, bool *ret_lost,
	struct lk_error *err)
{
	const struct lk_install_options *o = run->options;
	int rc = o->dry_run ? lk_site_open(prefix, &run->site, err)
			    : lk_site_open_settled(prefix, run->report, NULL, &run->site, err);
	*ret_lost = false;
	if (rc < 0) {
		return rc;
	}
	if (o->in_place) {
		lk_site_use_in_place(&run->site);
	}
	run->site.override_frozen = o->override_frozen;
	run->site.jobs = o->jobs;
	lk_arena_init(&run->arena);
	run->stamp = (struct lk_stamp){.lock = *lock_digest,
		.subdir = o->subdir,
		.prefix = lk_str_of(o->final_prefix ? o->final_prefix : run->site.prefix),
		.compile = o->compile};
	run->scripts = (struct lk_scripts){.prefix = run->site.prefix,
		.work_fd = -1,
		.run = o->run_link_scripts,
		.only = o->link_scripts,
		.env = o->script_env,
		.report = run->report,
		.arena = &run->arena};
	rc = install(run, result, err);
	if (rc == 0 && !o->dry_run) {
		lk_scripts_warn_unused(&run->scripts);
		result->skipped_scripts = run->scripts.skipped.len;
		result->scripts = o->arena ? lk_scripts_skipped(&run->scripts, o->arena) : NULL;
	}
	lk_vec_done(&run->scripts.skipped);
	lk_vec_done(&run->scripts.ran);
	*ret_lost = rc < 0 && rc != LK_E_INTERRUPTED && lk_trees_lost(&run->trees);
	lk_close_p(&run->apart_fd);
	if (run->has_layout) {
		lk_layout_done(&run->layout);
	}
	lk_trees_done(&run->trees);
	lk_prefix_records_done(&run->have);
	lk_foreign_seen_done(&run->seen);
	lk_site_done(&run->site);
	if (rc == 0 && run->new_fd >= 0) {
		lk_changed_settle(run->new_fd);
	}
	lk_close_p(&run->new_fd);
	lk_arena_done(&run->arena);
	return rc;
}

int lk_install(struct lk_cache *cache, const char *prefix, const struct lk_record *records,
	size_t n_records, const struct lk_channel *channels, size_t n_channels,
	const struct lk_sha256 *lock_digest, const struct lk_install_options *options,
	const struct lk_report *report, struct lk_install_result *ret, struct lk_error *err)
{
	int rc = options->final_prefix ? lk_site_check_prefix(options->final_prefix, err) : 0;
	bool again = rc == 0;
	bool keep_nothing = false;
	bool check_trees = false;
	for (unsigned i = 0; again; i++) {
		struct lk_install_result result = {0};
		struct lk_install_run run = {
			.cache = cache,
			.records = records,
			.n_records = n_records,
			.channels = channels,
			.n_channels = n_channels,
			.options = options,
			.report = report,
			.new_fd = -1,
			.apart_fd = -1,
			.keep_nothing = keep_nothing,
			.check_trees = check_trees,
		};
		rc = install_once(&run, prefix, lock_digest, &result, &again, err);
		bool lost = again && i < MAX_RESTARTS;
		again = lost ||
			(rc < 0 &&
				((run.keep_nothing && !keep_nothing) ||
					(run.check_trees && !check_trees)));
		keep_nothing = run.keep_nothing;
		check_trees = check_trees || run.check_trees;
		if (i == MAX_RESTARTS && rc == LK_E_NOT_FOUND) {
			(void)lk_wrap(err, "packages are taken out of the cache again and again");
			err->code = LK_E_FS;
			rc = LK_E_FS;
			lk_error_hint(err, "let the cleaning end first, or use --no-cache");
		}
		if (lost) {
			lk_warn(report,
				"packages were taken out of the cache meanwhile (%s): starting "
				"over",
				err->message);
		}
		if (again) {
			lk_error_clear(err);
		}
		if (rc == 0) {
			*ret = result;
		}
	}
	return rc;
}
