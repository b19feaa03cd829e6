/*
 * Plans and changes as values that outlive the install.
 */
#include "install/told.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "install/changed.h"
#include "install/dirs.h"

static struct lk_install_step step_of(
	const struct lk_plan_step *step, const struct lk_keep_package *kept, struct lk_arena *arena)
{
	struct lk_install_step told = {.action = step->action};
	if (step->have != NULL) {
		told.name = lk_str_dup(arena, step->have->record.name);
		told.from_version = lk_str_dup(arena, step->have->record.version);
		told.from_build = lk_str_dup(arena, step->have->record.build);
	}
	if (step->want != NULL) {
		told.name = step->want->name;
		told.to_version = step->want->version;
		told.to_build = step->want->build;
	}
	if (kept != NULL && kept->fault.len > 0) {
		told.fault = lk_str_dup(arena, kept->fault);
		told.missing = kept->missing;
	}
	return told;
}

void lk_told_plan(const struct lk_plan *plan, const struct lk_keep *keep,
	const struct lk_record *records, size_t n_records, struct lk_arena *arena,
	struct lk_install_result *ret)
{
	struct lk_install_step *steps = lk_arena_calloc(arena, plan->n_steps, sizeof(*steps));
	struct lk_record *needed = lk_arena_calloc(arena, n_records, sizeof(*needed));
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct lk_plan_step *step = &plan->steps[i];
		const struct lk_keep_package *kept = keep->packages != NULL && step->want != NULL
			? &keep->packages[step->want - records]
			: NULL;
		steps[i] = step_of(step, kept, arena);
	}
	ret->steps = steps;
	ret->n_steps = plan->n_steps;
	ret->n_needed = 0;
	for (size_t i = 0; i < n_records; i++) {
		if (keep->packages == NULL || keep->packages[i].record == NULL) {
			needed[ret->n_needed++] = records[i];
		}
	}
	ret->needed = needed;
}

/* Is PATH there, and changed? */
static int look_at(const struct lk_changed_since *since, struct lk_dirs *dirs,
	const struct lk_prefix_path *path, bool *ret, struct lk_error *err)
{
	enum lk_changed changed = LK_CHANGED_NOT;
	struct stat status;
	int dirfd;
	const char *name = lk_path_basename(path->path).ptr;
	*ret = false;
	int rc = lk_dirs_enter(dirs, lk_path_dirname(path->path), &dirfd, err);
	if (rc == LK_E_NOT_FOUND ||
		(rc == 0 && fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)) {
		lk_error_clear(err);
		return 0;
	}
	rc = rc < 0 ? rc : lk_changed_path(since, dirfd, name, &status, path, &changed, err);
	*ret = changed == LK_CHANGED_CONTENT;
	return rc;
}

int lk_told_changed(int prefix_fd, bool all, const struct lk_prefix_records *have,
	struct lk_arena *arena, struct lk_install_result *ret, struct lk_error *err)
{
	struct lk_changed_since since;
	struct lk_strs found = {0};
	struct lk_dirs dirs;
	int rc = 0;
	lk_changed_since_init(prefix_fd, all, &since);
	lk_dirs_init(&dirs, prefix_fd);
	dirs.existing = true;
	for (size_t r = 0; r < have->len; r++) {
		const struct lk_prefix_record *record = &have->items[r];
		for (size_t i = 0; rc == 0 && i < record->n_paths; i++) {
			const struct lk_prefix_path *path = &record->paths[i];
			bool changed = false;
			if (path->type != LK_INSTALLED_PYC) {
				rc = look_at(&since, &dirs, path, &changed, err);
			}
			if (changed) {
				lk_vec_push(&found, lk_str_dup(arena, path->path));
			}
		}
	}
	lk_dirs_done(&dirs);
	if (found.len > 0) {
		qsort(found.items, found.len, sizeof(*found.items), lk_str_cmp_qsort);
	}
	lk_str *items = lk_arena_calloc(arena, found.len + 1, sizeof(*items));
	for (size_t i = 0; i < found.len; i++) {
		items[i] = found.items[i];
	}
	ret->kept_aside = (struct lk_str_list){items, found.len};
	lk_vec_done(&found);
	return rc;
}
