/*
 * Installing, step by step. What is read only comes first; from lk_site_own to lk_swap all work is
 * in the working folder beside the prefix.
 */
#include "install/install.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "install/changed.h"
#include "install/clobber.h"
#include "install/foreign.h"
#include "install/keep.h"
#include "install/link_order.h"
#include "install/meta.h"
#include "install/predict.h"
#include "install/pyc.h"
#include "install/scripts.h"
#include "install/site.h"
#include "install/stage.h"
#include "install/stamp.h"
#include "install/state.h"
#include "install/swap.h"
#include "install/told.h"
#include "install/trees.h"
#include "install/write.h"

#define MAX_RESTARTS 3

/* One install; what was not made yet is zero. */
struct run {
	struct lk_arena arena;
	struct lk_cache *cache;
	const struct lk_record *records;
	size_t n_records;
	const struct lk_channel *channels;
	size_t n_channels;
	const struct lk_install_options *options;
	const struct lk_report *report;
	struct lk_site site;
	struct lk_stamp stamp;
	struct lk_keep keep;
	struct lk_record *from_cache; /* the records that do not stay */
	size_t n_from_cache;
	struct lk_trees trees;   /* of those */
	struct lk_tree *tree_of; /* one for each record; borrowed from `trees` */
	struct lk_layout_package *packages;
	bool has_layout;
	struct lk_layout layout;
	struct lk_linker linker;
	struct lk_prefix_records have;
	struct lk_foreign_seen seen;
	struct lk_plan plan;
	struct timespec began; /* when the prefix became ours, by its file system's clock */
	struct lk_scripts scripts;
	int new_fd, apart_fd;
	bool keep_nothing; /* what was to stay cannot: all comes from the cache */
};

static bool is_kept(const struct run *run, size_t index)
{
	return run->keep.packages != NULL && run->keep.packages[index].record != NULL;
}

/* Completed records and where their files come from, each tree beside its record. */
static struct lk_record *make_packages(struct run *run)
{
	size_t n = run->n_records;
	struct lk_record *complete = lk_arena_calloc(&run->arena, n, sizeof(*complete));
	run->packages = lk_arena_calloc(&run->arena, n, sizeof(*run->packages));
	run->tree_of = lk_arena_calloc(&run->arena, n, sizeof(*run->tree_of));
	for (size_t i = 0, next = 0; i < n; i++) {
		struct lk_layout_package *package = &run->packages[i];
		if (is_kept(run, i)) {
			package->kept = run->keep.packages[i].record;
			package->mend = run->keep.packages[i].mend;
		} else {
			run->tree_of[i] = run->trees.items[next++];
			package->package = run->tree_of[i].package;
			package->files = run->tree_of[i].files;
		}
		complete[i] = lk_record_complete(&run->records[i],
			package->kept ? &package->kept->record : &package->package->index);
		package->record = complete[i];
	}
	return complete;
}

/* Are modules still where they are of packages that stay? Only the archive of a new python knows
 * for sure. */
static bool check_modules(const struct run *run)
{
	for (size_t i = 0; i < run->n_records; i++) {
		if (is_kept(run, i) && run->packages[i].record.noarch == LK_NOARCH_PYTHON) {
			return lk_str_eq(run->layout.python.site_packages, run->keep.site_packages);
		}
	}
	return true;
}

static int make_layout(struct run *run, struct lk_error *err)
{
	const struct lk_install_options *o = run->options;
	const struct lk_record *complete = make_packages(run);
	const uint32_t *order = lk_link_order(complete, run->n_records, &run->arena);
	for (uint32_t rank = 0; rank < run->n_records; rank++) {
		run->packages[order[rank]].rank = rank;
	}
	int rc = lk_layout_make(run->packages, run->n_records, run->stamp.prefix, o->subdir,
		o->compile, &run->layout, err);
	run->has_layout = rc == 0;
	if (rc == 0 && !check_modules(run)) {
		run->keep_nothing = true;
		return lk_fail(err, LK_E_INTEGRITY,
			"modules go to '" LK_STR_FMT "', which the lock does not tell",
			LK_STR_ARG(run->layout.python.site_packages));
	}
	return rc < 0 ? rc : lk_clobber_resolve(&run->layout, o->strict, run->report, err);
}

static int load_have(struct run *run, struct lk_error *err)
{
	int rc = lk_site_check_frozen(&run->site, err);
	lk_prefix_records_done(&run->have);
	if (rc < 0) {
		return rc;
	}
	if (run->site.state == LK_SITE_ENVIRONMENT) {
		rc = run->options->mend
			? lk_meta_read_sound(run->site.old_fd, run->report, &run->have, err)
			: lk_meta_read(run->site.old_fd, &run->have, err);
	}
	if (rc < 0) {
		return lk_wrap(err, "reading the environment '%s'", run->site.prefix);
	}
	return lk_plan_make(&run->have, run->records, run->n_records, &run->arena, &run->plan, err);
}

/* What stays, and what is left to take from the cache. */
static int choose_kept(struct run *run, struct lk_error *err)
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
		if (!is_kept(run, i)) {
			run->from_cache[run->n_from_cache++] = run->records[i];
		}
	}
	return rc;
}

static int make_new(struct run *run, struct lk_error *err)
{
	struct stat old;
	mode_t mode = 0755;
	if (run->site.old_fd >= 0 && fstat(run->site.old_fd, &old) == 0) {
		mode = old.st_mode & 07777;
	}
	int rc = lk_site_make(&run->site, LK_SITE_NEW, &run->new_fd, err);
	if (rc < 0) {
		return rc;
	}
	if (fchmod(run->new_fd, mode | 0700) < 0 || mkdirat(run->new_fd, "conda-meta", 0700) < 0 ||
		fchmodat(run->new_fd, "conda-meta", 0755, 0) < 0) {
		return lk_fail_errno(
			err, LK_E_FS, errno, "cannot make a tree beside '%s'", run->site.prefix);
	}
	return 0;
}

/* For each record of the old prefix: are all its files now the new tree's as well? */
static const bool *records_that_stay(struct run *run)
{
	bool *stays = lk_arena_calloc(&run->arena, run->have.len + 1, sizeof(*stays));
	for (size_t i = 0; i < run->n_records; i++) {
		const struct lk_layout_package *package = &run->packages[i];
		bool mended = false;
		for (size_t p = 0; package->kept != NULL && p < package->kept->n_paths; p++) {
			mended = mended || package->mend[p];
		}
		if (package->kept != NULL && !mended) {
			stays[package->kept - run->have.items] = true;
		}
	}
	return stays;
}

static int build_files(struct run *run, struct lk_error *err)
{
	struct lk_stage stage = {
		.fd = run->new_fd,
		.old_fd = run->site.old_fd,
		.trees = run->tree_of,
		.layout = &run->layout,
		.linker = &run->linker,
		.jobs = run->options->jobs,
	};
	lk_linker_init(&run->linker, run->options->link);
	int rc = lk_stage_build(&stage, run->report, err);
	run->seen.began = run->began;
	run->seen.stays = atomic_load(&stage.copied) ? NULL : records_that_stay(run);
	if (rc == 0 && run->options->compile) {
		rc = lk_pyc_compile(
			&run->layout, run->new_fd, run->options->jobs, run->report, err);
	}
	return rc;
}

/* The records, and the digest over them and all else that the prefix owns. */
static int build_records(struct run *run, const struct lk_meta_source *source,
	struct lk_install_result *result, struct lk_buf *records, struct lk_error *err)
{
	struct lk_tree_lines lines = {0};
	for (size_t i = 0; i < run->layout.n_entries; i++) {
		const struct lk_entry *entry = &run->layout.entries[i];
		result->files += entry->present && entry->kind != LK_ENTRY_DIRECTORY;
	}
	lk_tree_digest_add_layout(&lines, &run->layout);
	int rc = lk_meta_write_records(source, &run->arena, &lines, records, err);
	if (rc == 0) {
		struct lk_sha256 digest = lk_tree_digest(&lines);
		lk_hex(digest.bytes, LK_SHA256_LEN, result->tree_digest);
	}
	lk_vec_done(&lines);
	lk_str expect = run->options->expect;
	if (rc == 0 && expect.len > 0 && !lk_str_is(expect, result->tree_digest)) {
		lk_fail(err, LK_E_INTEGRITY,
			"'%s' would not become what was installed (tree digest %s, not " LK_STR_FMT
			")",
			run->site.prefix, result->tree_digest, LK_STR_ARG(expect));
		lk_error_hint(err, "install its lock again: lockenv install LOCK -p %s",
			run->site.prefix);
		return err->code;
	}
	return rc;
}

/* What tells the next run, and `verify`, of this one. */
static int build_stamp(struct run *run, int meta, const struct lk_install_result *result,
	const struct lk_buf *records, struct lk_error *err)
{
	struct stat root;
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_STAMP_MAX);
	if (fstat(run->new_fd, &root) < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot look at the new tree");
	}
	int rc = lk_stamp_records(meta, &run->stamp.records, err);
	if (rc < 0) {
		return rc;
	}
	run->stamp.symlinks = run->options->link == LK_LINK_SYMLINK || run->keep.symlinks;
	run->stamp.tree_digest = lk_str_of(result->tree_digest);
	run->stamp.files = result->files;
	run->stamp.mode = root.st_mode & 07777;
	run->stamp.record_lines = lk_buf_view(records);
	lk_stamp_format(&run->stamp, &text);
	const struct timespec when = {.tv_sec = LK_WRITE_EPOCH};
	return lk_write_new(
		meta, LK_STAMP_NAME, lk_buf_view(&text), 0644, when, LK_STAMP_NAME, err);
}

/* Records, history, state; the new tree is complete after that. */
static int build_meta(struct run *run, struct lk_install_result *result, struct lk_error *err)
{
	int LK_AUTO_CLOSE meta =
		openat(run->new_fd, "conda-meta", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int LK_AUTO_CLOSE old_meta = run->keep.n == 0
		? -1
		: openat(run->site.old_fd, "conda-meta",
			  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const struct lk_meta_source source = {&run->layout, run->channels, run->n_channels, meta,
		old_meta, &run->options->specs, run->options->jobs};
	struct lk_buf LK_CLEANUP(lk_buf_done) records = LK_BUF_INIT(LK_STAMP_MAX);
	int old = run->site.state == LK_SITE_ENVIRONMENT ? run->site.old_fd : -1;
	if (meta < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open the new conda-meta");
	}
	int rc = build_records(run, &source, result, &records, err);
	if (rc == 0) {
		rc = lk_meta_write_history(&source, old, &run->plan, run->options->when, run->began,
			&run->stamp.history, err);
	}
	if (rc == 0) {
		const struct lk_install_options *o = run->options;
		rc = lk_state_write(old, meta, o->variables, o->n_variables, run->report, err);
	}
	return rc < 0 ? rc : build_stamp(run, meta, result, &records, err);
}

/* What came into the old tree while the new one was built: on the disk before that goes. */
static int carry_late(struct run *run, const struct lk_swap *swap, struct lk_error *err)
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
static int after_swap(struct run *run, struct lk_swap *swap, struct lk_error *err)
{
	int rc = carry_late(run, swap, err);
	if (rc == 0) {
		rc = lk_scripts_after(&run->scripts, &run->layout, &run->plan, err);
	}
	return rc < 0 ? rc : lk_swap_finish(swap, err);
}

/* The exchange; a failure after it takes it back. */
static int publish(struct run *run, struct lk_error *err)
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
static bool is_unchanged(struct run *run, struct lk_install_result *result)
{
	struct lk_stamp found;
	if (run->site.state != LK_SITE_ENVIRONMENT || run->site.interrupted ||
		run->options->verify ||
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
static int own_site(struct run *run, struct lk_install_result *result, struct lk_error *err)
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

static int change_prefix(struct run *run, struct lk_install_result *result, struct lk_error *err)
{
	int rc = run->site.work_fd < 0 ? own_site(run, result, err) : 0;
	if (rc < 0 || result->unchanged) {
		return rc;
	}
	rc = make_new(run, err);
	if (rc == 0) {
		rc = build_files(run, err);
	}
	if (rc == 0) {
		rc = build_meta(run, result, err);
	}
	if (rc == 0) {
		rc = lk_scripts_before(&run->scripts, &run->plan, err);
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

static void tell(struct run *run, struct lk_install_result *result)
{
	struct lk_plan *plan = &run->plan;
	for (size_t i = 0; i < plan->n_steps; i++) {
		struct lk_plan_step *step = &plan->steps[i];
		if (step->action == LK_PLAN_KEEP &&
			!is_kept(run, (size_t)(step->want - run->records))) {
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
static int find_trees(struct run *run, struct lk_error *err)
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
static int make_trees(struct run *run, struct lk_install_result *result, struct lk_error *err)
{
	const struct lk_install_options *o = run->options;
	char *LK_AUTO_FREE work = lk_site_work_path(&run->site);
	char *LK_AUTO_FREE path = lk_asprintf("%s/" LK_SITE_TREES, work);
	struct lk_tree_options options = {.strict = o->strict,
		.verify = o->verify,
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

static int install(struct run *run, struct lk_install_result *result, struct lk_error *err)
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
			: lk_told_changed(run->site.old_fd, &run->have, o->arena, result, err);
	}
	if (rc == 0 && !result->unchanged) {
		rc = make_trees(run, result, err);
	}
	if (rc == 0 && !result->unchanged) {
		rc = make_layout(run, err);
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
static int install_once(struct run *run, const char *prefix, const struct lk_sha256 *lock_digest,
	struct lk_install_result *result, bool *ret_lost, struct lk_error *err)
{
	const struct lk_install_options *o = run->options;
	int rc = lk_site_open(prefix, &run->site, err);
	*ret_lost = false;
	if (rc < 0) {
		return rc;
	}
	if (o->in_place) {
		lk_site_use_in_place(&run->site);
	}
	run->site.override_frozen = o->override_frozen;
	lk_arena_init(&run->arena);
	run->stamp = (struct lk_stamp){.lock = *lock_digest,
		.subdir = o->subdir,
		.prefix = lk_str_of(o->final_prefix ? o->final_prefix : run->site.prefix),
		.compile = o->compile};
	run->scripts = (struct lk_scripts){.prefix = run->site.prefix,
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
		lk_changed_settle(prefix);
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
	for (unsigned i = 0; again; i++) {
		struct lk_install_result result = {0};
		struct run run = {
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
		};
		rc = install_once(&run, prefix, lock_digest, &result, &again, err);
		bool lost = again && i < MAX_RESTARTS;
		again = lost || (rc < 0 && run.keep_nothing && !keep_nothing);
		keep_nothing = run.keep_nothing;
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

static int predict(struct run *run, const struct lk_tree_place *scratch,
	struct lk_install_result *result, struct lk_error *err)
{
	const struct lk_install_options *o = run->options;
	const struct lk_tree_options options = {.strict = o->strict,
		.verify = o->verify,
		.safety_warn = o->safety_warn,
		.place = scratch,
		.now = o->now};
	const struct lk_meta_source source = {
		&run->layout, run->channels, run->n_channels, -1, -1, &o->specs, o->jobs};
	int rc = lk_trees_find(run->cache, run->records, run->n_records, run->report, err);
	if (rc == 0) {
		rc = lk_trees_ensure(run->cache, run->records, run->n_records, &options, o->jobs,
			run->report, &run->trees, err);
	}
	if (rc == 0) {
		rc = make_layout(run, err);
	}
	if (rc == 0) {
		rc = lk_predict_entries(&run->layout, run->trees.items, o->jobs, run->report, err);
	}
	return rc < 0 ? rc : build_records(run, &source, result, NULL, err);
}

int lk_install_predict(struct lk_cache *cache, const char *prefix, const struct lk_record *records,
	size_t n_records, const struct lk_channel *channels, size_t n_channels,
	const struct lk_install_options *options, const struct lk_tree_place *scratch,
	const struct lk_report *report, struct lk_install_result *ret, struct lk_error *err)
{
	struct run run = {
		.cache = cache,
		.records = records,
		.n_records = n_records,
		.channels = channels,
		.n_channels = n_channels,
		.options = options,
		.report = report,
		.stamp = {.subdir = options->subdir, .prefix = lk_str_of(prefix)},
		.new_fd = -1,
		.apart_fd = -1,
	};
	int rc = lk_site_check_prefix(prefix, err);
	if (rc < 0) {
		return rc;
	}
	lk_arena_init(&run.arena);
	*ret = (struct lk_install_result){0};
	rc = predict(&run, scratch, ret, err);
	if (run.has_layout) {
		lk_layout_done(&run.layout);
	}
	lk_trees_done(&run.trees);
	lk_arena_done(&run.arena);
	return rc;
}
