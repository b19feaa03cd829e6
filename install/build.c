/*
 * Building the new tree: what belongs into it, then its files, records and state.
 */
#include "install/install_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "install/clobber.h"
#include "install/link_order.h"
#include "install/pyc.h"
#include "install/stage.h"
#include "install/state.h"
#include "install/tree_digest.h"
#include "install/write.h"

/* Completed records and where their files come from, each tree beside its record. */
static struct lk_record *make_packages(struct lk_install_run *run)
{
	size_t n = run->n_records;
	struct lk_record *complete = lk_arena_calloc(&run->arena, n, sizeof(*complete));
	run->packages = lk_arena_calloc(&run->arena, n, sizeof(*run->packages));
	run->tree_of = lk_arena_calloc(&run->arena, n, sizeof(*run->tree_of));
	for (size_t i = 0, next = 0; i < n; i++) {
		struct lk_layout_package *package = &run->packages[i];
		if (lk_install_keeps(run, i)) {
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
static bool check_modules(const struct lk_install_run *run)
{
	for (size_t i = 0; i < run->n_records; i++) {
		if (lk_install_keeps(run, i) &&
			run->packages[i].record.noarch == LK_NOARCH_PYTHON) {
			return lk_str_eq(run->layout.python.site_packages, run->keep.site_packages);
		}
	}
	return true;
}

int lk_build_layout(struct lk_install_run *run, struct lk_error *err)
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

static int make_new(struct lk_install_run *run, struct lk_error *err)
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
static const bool *records_that_stay(struct lk_install_run *run)
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

static int build_files(struct lk_install_run *run, struct lk_error *err)
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
	run->check_trees = atomic_load(&stage.damaged);
	run->seen.began = run->began;
	run->seen.all = run->options->verify;
	run->seen.stays = atomic_load(&stage.copied) ? NULL : records_that_stay(run);
	if (rc == 0 && run->options->compile) {
		rc = lk_pyc_compile(
			&run->layout, run->new_fd, run->options->jobs, run->report, err);
	}
	return rc;
}

int lk_build_records(struct lk_install_run *run, const struct lk_meta_source *source,
	struct lk_install_result *result, struct lk_buf *records, struct lk_error *err)
{
	struct lk_tree_lines lines = {0};
	struct lk_tree_text text = {.text = LK_BUF_INIT(0)};
	for (size_t i = 0; i < run->layout.n_entries; i++) {
		const struct lk_entry *entry = &run->layout.entries[i];
		result->files += entry->present && entry->kind != LK_ENTRY_DIRECTORY;
	}
	int rc = lk_meta_write_records(source, &run->arena, &text, &lines, records, err);
	if (rc == 0) {
		struct lk_sha256 digest = lk_tree_digest(&text, &lines);
		lk_hex(digest.bytes, LK_SHA256_LEN, result->tree_digest);
	}
	lk_tree_text_done(&text);
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
static int build_stamp(struct lk_install_run *run, int meta, const struct lk_install_result *result,
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
static int build_meta(
	struct lk_install_run *run, struct lk_install_result *result, struct lk_error *err)
{
	int LK_AUTO_CLOSE meta = lk_fs_open_dir(run->new_fd, "conda-meta");
	int LK_AUTO_CLOSE old_meta =
		run->keep.n == 0 ? -1 : lk_fs_open_dir(run->site.old_fd, "conda-meta");
	const struct lk_meta_source source = {&run->layout, run->channels, run->n_channels, meta,
		old_meta, &run->options->specs, run->options->jobs};
	struct lk_buf LK_CLEANUP(lk_buf_done) records = LK_BUF_INIT(LK_STAMP_MAX);
	int old = run->site.state == LK_SITE_ENVIRONMENT ? run->site.old_fd : -1;
	if (meta < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open the new conda-meta");
	}
	int rc = lk_build_records(run, &source, result, &records, err);
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

int lk_build_tree(
	struct lk_install_run *run, struct lk_install_result *result, struct lk_error *err)
{
	int rc = make_new(run, err);
	if (rc == 0) {
		rc = build_files(run, err);
	}
	return rc < 0 ? rc : build_meta(run, result, err);
}
