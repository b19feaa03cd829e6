/*
 * From records to what is to be looked at.
 */
#include "install/verify_priv.h"

#include <stdlib.h>

#include "base/fs.h"
#include "base/map.h"
#include "install/layout.h"

static enum lk_check_kind kind_of(enum lk_installed_type type)
{
	switch (type) {
	case LK_INSTALLED_FILE:
	case LK_INSTALLED_ENTRY_POINT:
	case LK_INSTALLED_PYC:
		return LK_CHECK_FILE;
	case LK_INSTALLED_SOFTLINK:
		return LK_CHECK_LINK;
	case LK_INSTALLED_DIRECTORY:
		return LK_CHECK_DIRECTORY;
	case LK_INSTALLED_OTHER:
		break;
	}
	return LK_CHECK_ANY;
}

static struct lk_check check_of(const struct lk_prefix_path *path, bool ours, bool may_lead)
{
	struct lk_check check = {.path = path->path, .kind = kind_of(path->type), .has_mode = ours};
	bool is_pyc = path->type == LK_INSTALLED_PYC;
	switch (check.kind) {
	case LK_CHECK_FILE:
		check.mode = path->executable ? 0755 : 0644;
		check.has_sha256 = path->has_sha256_in_prefix;
		check.sha256 = path->sha256_in_prefix;
		if (!check.has_sha256 && path->has_sha256 && path->prefix_mode == LK_PREFIX_NONE) {
			check.has_sha256 = true;
			check.sha256 = path->sha256;
		}
		check.may_lead = may_lead && !is_pyc;
		/* Other programs note what they were about to compile. */
		check.optional = is_pyc && !ours;
		break;
	case LK_CHECK_LINK:
		check.has_mode = false;
		check.target = path->target;
		break;
	case LK_CHECK_DIRECTORY:
		check.mode = 0755;
		break;
	case LK_CHECK_ANY:
		check.has_mode = false;
		break;
	}
	return check;
}

/* Older programs wrote paths_data with the paths of the archive, and the installed ones into files
 * alone. */
static void plan_files(const struct lk_prefix_record *record, struct lk_map *files, lk_str package,
	struct lk_arena *arena, struct lk_checks *checks)
{
	for (size_t i = 0; i < record->files.n; i++) {
		lk_str path = lk_str_dup(arena, record->files.items[i]);
		if (lk_map_get(files, path) == 0) {
			lk_vec_push(checks,
				(struct lk_check){
					.path = path, .package = package, .kind = LK_CHECK_ANY});
		}
	}
}

void lk_verify_plan_record(const struct lk_verify_record *from, bool may_lead,
	struct lk_arena *arena, struct lk_checks *checks)
{
	struct lk_map LK_CLEANUP(lk_map_done) files = {0}; /* to 1 once planned */
	const struct lk_prefix_record *record = &from->record;
	bool by_files = !from->ours && record->files.n > 0;
	for (size_t i = 0; by_files && i < record->files.n; i++) {
		lk_map_add(&files, record->files.items[i], 0);
	}
	for (size_t i = 0; i < record->n_paths; i++) {
		const struct lk_prefix_path *path = &record->paths[i];
		bool is_file = path->type != LK_INSTALLED_DIRECTORY;
		if (by_files && is_file && lk_map_get(&files, path->path) == LK_MAP_NONE) {
			continue;
		}
		if (by_files && is_file) {
			lk_map_set(&files, path->path, 1);
		}
		struct lk_check check = check_of(path, from->ours, may_lead || !from->ours);
		check.path = lk_str_dup(arena, path->path);
		check.package = record->record.name;
		lk_vec_push(checks, check);
	}
	if (by_files) {
		plan_files(record, &files, record->record.name, arena, checks);
	}
}

static int cmp_check(const void *a, const void *b)
{
	const struct lk_check *x = a;
	const struct lk_check *y = b;
	int order = lk_path_order(x->path, y->path);
	if (order == 0) {
		order = lk_str_cmp(x->package, y->package);
	}
	return order != 0 ? order : (int)x->kind - (int)y->kind;
}

void lk_verify_plan_end(struct lk_checks *checks, bool modes, struct lk_arena *arena)
{
	struct lk_map LK_CLEANUP(lk_map_done) seen = {0};
	size_t n = checks->len;
	for (size_t i = 0; i < n; i++) {
		if (checks->items[i].kind == LK_CHECK_DIRECTORY) {
			lk_map_add(&seen, checks->items[i].path, 0);
		}
	}
	for (size_t i = 0; i < n; i++) {
		lk_str dir = checks->items[i].path;
		while ((dir = lk_path_dirname(dir)).len > 0 &&
			lk_map_get(&seen, dir) == LK_MAP_NONE) {
			struct lk_check check = {.path = lk_str_dup(arena, dir),
				.kind = LK_CHECK_DIRECTORY,
				.has_mode = modes,
				.mode = 0755,
				.optional = true};
			lk_map_add(&seen, check.path, 0);
			lk_vec_push(checks, check);
		}
	}
	if (checks->len > 0) {
		qsort(checks->items, checks->len, sizeof(*checks->items), cmp_check);
	}
}
