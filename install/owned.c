/*
 * Owned and foreign paths.
 */
#include "install/owned.h"

#include "base/fs.h"
#include "install/site.h"
#include "install/stamp.h"

#define MAX_PATH_BYTES 4095
#define IMPLIED (LK_MAP_NONE - 1)

static void own_path(struct lk_owned *owned, lk_str path, uint32_t value)
{
	uint32_t stored = lk_map_add(&owned->map, path, value);
	lk_str dir = path;
	if (stored == IMPLIED && value != IMPLIED) {
		lk_map_set(&owned->map, path, value);
	}
	while ((dir = lk_path_dirname(dir)).len > 0 &&
		lk_map_get(&owned->map, dir) == LK_MAP_NONE) {
		lk_map_set(&owned->map, dir, IMPLIED);
	}
}

void lk_owned_load(struct lk_owned *owned, const struct lk_prefix_records *have)
{
	for (size_t r = 0; r < have->len; r++) {
		const struct lk_prefix_record *record = &have->items[r];
		for (size_t i = 0; i < record->n_paths; i++) {
			lk_vec_push(&owned->paths, &record->paths[i]);
			own_path(owned, record->paths[i].path, (uint32_t)owned->paths.len - 1);
		}
	}
	/* Old records list files only; those of noarch packages keep the archive's paths in
	 * `paths`. */
	lk_vec_push(&owned->paths, NULL);
	for (size_t r = 0; r < have->len; r++) {
		for (size_t i = 0; i < have->items[r].files.n; i++) {
			own_path(owned, have->items[r].files.items[i],
				(uint32_t)owned->paths.len - 1);
		}
	}
}

void lk_owned_done(struct lk_owned *owned)
{
	lk_vec_done(&owned->paths);
	lk_map_done(&owned->map);
}

enum lk_owned_kind lk_owned_find(
	const struct lk_owned *owned, lk_str path, const struct lk_prefix_path **ret_path)
{
	uint32_t found = lk_map_get(&owned->map, path);
	if (found < IMPLIED && ret_path != NULL) {
		*ret_path = owned->paths.items[found];
	}
	return found < IMPLIED ? LK_OWNED_PATH : found == IMPLIED ? LK_OWNED_IMPLIED : LK_OWNED_NOT;
}

/* "m" of "m.cpython-312.pyc" and "m.cpython-312.opt-1.pyc"; a module's name may have dots too. */
static lk_str module_of(lk_str name)
{
	name = lk_str_slice(name, 0, lk_str_rfind_char(name, '.'));
	size_t dot = lk_str_rfind_char(name, '.');
	if (dot != SIZE_MAX && lk_str_starts(lk_str_skip(name, dot), LK_STR(".opt-"))) {
		name = lk_str_slice(name, 0, dot);
	}
	return lk_str_slice(name, 0, lk_str_rfind_char(name, '.'));
}

bool lk_owned_derives(const struct lk_owned *owned, lk_str dir, lk_str name)
{
	bool cached = lk_str_is(lk_path_basename(dir), "__pycache__");
	if (!cached && !lk_str_ends(name, LK_STR(".pyc")) && !lk_str_ends(name, LK_STR(".pyo"))) {
		return false;
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) source = LK_BUF_INIT(MAX_PATH_BYTES);
	lk_str up = cached ? lk_path_dirname(dir) : dir;
	lk_buf_put(&source, up);
	lk_buf_puts(&source, up.len > 0 ? "/" : "");
	lk_buf_put(&source, cached ? module_of(name) : lk_str_slice(name, 0, name.len - 4));
	lk_buf_puts(&source, ".py");
	return lk_owned_find(owned, lk_buf_view(&source), NULL) == LK_OWNED_PATH;
}

bool lk_owned_is_state(lk_str dir, lk_str name)
{
	if (dir.len == 0) {
		return lk_str_is(name, LK_SITE_INSIDE) || lk_str_is(name, LK_SITE_INSIDE_PREVIOUS);
	}
	return lk_str_is(dir, "conda-meta") &&
		(lk_str_ends(name, LK_STR(".json")) || lk_str_is(name, "history") ||
			lk_str_is(name, "state") || lk_str_is(name, LK_STAMP_NAME));
}
