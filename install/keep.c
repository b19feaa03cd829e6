/*
 * Choosing what stays: by record first, by what lies in the prefix then.
 */
#include "install/keep.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/relay.h"
#include "base/workers.h"
#include "install/changed.h"
#include "install/dirs.h"

/* One package whose record allows it to stay. */
struct candidate {
	size_t index; /* of the record wanted */
	const struct lk_prefix_record *record;
	bool *mend;
	const struct lk_prefix_path *fault; /* NULL: it stays */
	bool missing;
};

struct candidates LK_VEC_OF(struct candidate);

struct keep {
	const struct lk_keep_source *source;
	struct lk_changed_since since;
	struct candidates candidates;
	struct lk_relay relay;
};

/* ---- by the record ---- */

static const struct lk_prefix_record *find_have(
	const struct lk_keep_source *source, const char *name)
{
	for (size_t i = 0; i < source->have->len; i++) {
		if (lk_str_is(source->have->items[i].record.name, name)) {
			return &source->have->items[i];
		}
	}
	return NULL;
}

/* Where modules are in the old prefix, when they will be there in the new one, and for the same
 * python. The locked record may know less than the archive: who uses this asks again when that is
 * open. */
static bool same_python(
	const struct lk_keep_source *source, struct lk_arena *arena, lk_str *ret_site_packages)
{
	const struct lk_prefix_record *have = find_have(source, "python");
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_python old;
	struct lk_python new;
	for (size_t i = 0; have != NULL && i < source->n_records; i++) {
		const struct lk_record *want = &source->records[i];
		if (!lk_str_is(want->name, "python")) {
			continue;
		}
		lk_str old_path = have->record.python_site_packages_path;
		lk_str new_path = want->python_site_packages_path;
		bool same_archive = want->has_sha256 && have->record.has_sha256 &&
			lk_sha256_eq(&want->sha256, &have->record.sha256);
		if (lk_python_init(have->record.version, old_path, source->stamp->subdir, arena,
			    &old, &ignored) < 0 ||
			lk_python_init(want->version, same_archive ? old_path : new_path,
				source->stamp->subdir, arena, &new, &ignored) < 0) {
			return false;
		}
		*ret_site_packages = old.site_packages;
		return lk_str_eq(old.version, new.version) &&
			lk_str_eq(old.site_packages, new.site_packages);
	}
	return false;
}

/* May this link lead out of the prefix? Its tree knows for sure. */
static bool may_escape(lk_str target)
{
	return lk_str_starts(target, LK_STR("/")) || lk_str_find(target, LK_STR("..")) != SIZE_MAX;
}

/* Does the record tell enough to know each path again? */
static bool is_whole(const struct lk_prefix_path *path, bool strict)
{
	if (!lk_path_is_installable(
		    path->original_path.len > 0 ? path->original_path : path->path)) {
		return false;
	}
	switch (path->type) {
	case LK_INSTALLED_FILE:
	case LK_INSTALLED_ENTRY_POINT:
		return path->has_sha256_in_prefix;
	case LK_INSTALLED_SOFTLINK:
		return path->target.len > 0 && !(strict && may_escape(path->target));
	case LK_INSTALLED_DIRECTORY:
	case LK_INSTALLED_PYC:
		return true;
	case LK_INSTALLED_OTHER:
		break;
	}
	return false;
}

static bool may_stay(
	const struct lk_keep_source *source, const struct lk_plan_step *step, bool python_stays)
{
	const struct lk_record *old = &step->have->record;
	if (step->action != LK_PLAN_KEEP || !old->has_sha256 || !step->want->has_sha256 ||
		!lk_sha256_eq(&old->sha256, &step->want->sha256) ||
		!lk_str_eq(old->name, step->want->name) ||
		!lk_str_eq(old->version, step->want->version) ||
		!lk_str_eq(old->build, step->want->build) ||
		(old->noarch == LK_NOARCH_PYTHON && !python_stays)) {
		return false;
	}
	for (size_t i = 0; i < step->have->n_paths; i++) {
		if (!is_whole(&step->have->paths[i], source->strict)) {
			return false;
		}
	}
	return true;
}

/* ---- by what lies there ---- */

/* A file cannot be made without its archive; anything else is told by the record. */
static void note_change(
	struct candidate *candidate, size_t i, enum lk_changed changed, bool missing)
{
	const struct lk_prefix_path *path = &candidate->record->paths[i];
	bool is_file = path->type == LK_INSTALLED_FILE || path->type == LK_INSTALLED_ENTRY_POINT;
	if (is_file && (missing || changed == LK_CHANGED_CONTENT || changed == LK_CHANGED_GONE)) {
		candidate->fault = path;
		candidate->missing = missing || changed == LK_CHANGED_GONE;
	}
	candidate->mend[i] = missing || changed != LK_CHANGED_NOT;
}

static int look_at(struct keep *keep, struct lk_dirs *dirs, struct candidate *candidate, size_t i,
	struct lk_error *err)
{
	const struct lk_prefix_path *path = &candidate->record->paths[i];
	enum lk_changed changed = LK_CHANGED_NOT;
	struct stat status;
	int dirfd;
	int rc = lk_dirs_enter(dirs, lk_path_dirname(path->path), &dirfd, err);
	const char *name = lk_path_basename(path->path).ptr;
	bool missing = rc == LK_E_NOT_FOUND;
	if (rc == 0 && fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		missing = errno == ENOENT;
		rc = missing
			? 0
			: lk_fail_errno(err, LK_E_FS, errno, "cannot look at '%s'", path->path.ptr);
	}
	if (missing) {
		lk_error_clear(err);
		rc = 0;
	} else if (rc == 0) {
		rc = lk_changed_path(&keep->since, dirfd, name, &status, path, &changed, err);
	}
	if (rc == 0) {
		note_change(candidate, i, changed, missing);
	}
	return rc;
}

static int look_at_package(void *ctx, size_t index, struct lk_error *err)
{
	struct keep *keep = ctx;
	struct candidate *candidate = &keep->candidates.items[index];
	struct lk_dirs dirs;
	int rc = 0;
	if (lk_report_stop(&keep->relay.items[index].report)) {
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted while looking at the prefix");
	}
	lk_dirs_init(&dirs, keep->source->prefix_fd);
	dirs.existing = true;
	for (size_t i = 0; rc == 0 && i < candidate->record->n_paths; i++) {
		rc = look_at(keep, &dirs, candidate, i, err);
		if (candidate->fault != NULL) {
			break;
		}
	}
	lk_dirs_done(&dirs);
	if (rc == 0) {
		lk_relay_step(&keep->relay, "check");
	}
	return rc;
}

static void give(const struct keep *keep, struct lk_keep *ret)
{
	for (size_t i = 0; i < keep->candidates.len; i++) {
		const struct candidate *candidate = &keep->candidates.items[i];
		struct lk_keep_package *package = &ret->packages[candidate->index];
		if (candidate->fault != NULL) {
			package->fault = candidate->fault->path;
			package->missing = candidate->missing;
			continue;
		}
		package->record = candidate->record;
		package->mend = candidate->mend;
		ret->n++;
	}
}

int lk_keep_choose(const struct lk_keep_source *source, const struct lk_report *report,
	struct lk_arena *arena, struct lk_keep *ret, struct lk_error *err)
{
	struct keep keep = {.source = source};
	struct lk_stamp found;
	lk_str site_packages = {0};
	*ret = (struct lk_keep){
		.packages = lk_arena_calloc(arena, source->n_records, sizeof(*ret->packages))};
	bool has_stamp;
	int rc = lk_stamp_load(source->prefix_fd, arena, &found, &has_stamp, err);
	if (rc < 0 || !has_stamp || !lk_str_eq(found.prefix, source->stamp->prefix) ||
		!lk_str_eq(found.subdir, source->stamp->subdir)) {
		return rc;
	}
	bool python_stays = same_python(source, arena, &site_packages);
	for (size_t i = 0; i < source->plan->n_steps; i++) {
		const struct lk_plan_step *step = &source->plan->steps[i];
		if (step->have != NULL && step->want != NULL &&
			may_stay(source, step, python_stays)) {
			lk_vec_push(&keep.candidates,
				(struct candidate){.index = (size_t)(step->want - source->records),
					.record = step->have,
					.mend = lk_arena_calloc(
						arena, step->have->n_paths, sizeof(bool))});
		}
	}
	lk_changed_since_init(source->prefix_fd, source->verify, &keep.since);
	lk_relay_init(&keep.relay, report, keep.candidates.len);
	rc = lk_workers_run(source->jobs, keep.candidates.len, look_at_package, &keep, err);
	lk_relay_flush(&keep.relay);
	lk_relay_done(&keep.relay);
	if (rc == 0) {
		give(&keep, ret);
		ret->site_packages = site_packages;
		ret->symlinks = found.symlinks && ret->n > 0;
	}
	lk_vec_done(&keep.candidates);
	return rc;
}
