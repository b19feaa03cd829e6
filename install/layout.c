/*
 * From packages to the paths of a prefix.
 */
#include "install/layout.h"

#include "base/map.h"
#include "base/sort.h"
#include "install/entry_points.h"

struct lk_entries LK_VEC_OF(struct lk_entry);

int lk_path_order(lk_str a, lk_str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	size_t i = 0;
	for (uint64_t x, y; n - i >= sizeof(x); i += sizeof(x)) {
		memcpy(&x, a.ptr + i, sizeof(x));
		memcpy(&y, b.ptr + i, sizeof(y));
		if (x != y) {
			break;
		}
	}
	while (i < n && a.ptr[i] == b.ptr[i]) {
		i++;
	}
	if (i == n) {
		return a.len < b.len ? -1 : a.len > b.len;
	}
	int x = a.ptr[i] == '/' ? -1 : (unsigned char)a.ptr[i];
	int y = b.ptr[i] == '/' ? -1 : (unsigned char)b.ptr[i];
	return x - y;
}

int lk_entry_order(const void *a, const void *b)
{
	const struct lk_entry *x = a;
	const struct lk_entry *y = b;
	int order = lk_path_order(x->path, y->path);
	if (order == 0) {
		order = x->package < y->package ? -1 : x->package > y->package;
	}
	return order != 0 ? order : (int)x->kind - (int)y->kind;
}

static int check_target(const struct lk_layout_package *package, lk_str path, struct lk_error *err)
{
	if (!lk_path_is_installable(path)) {
		return lk_fail(err, LK_E_INTEGRITY,
			"package '" LK_STR_FMT "' would install '" LK_STR_FMT
			"', which packages may not",
			LK_STR_ARG(package->record.name), LK_STR_ARG(path));
	}
	return 0;
}

static int check_softlink(const struct lk_layout_package *package,
	const struct lk_package_path *source, struct lk_error *err)
{
	if (source->prefix_mode != LK_PREFIX_NONE) {
		return lk_fail(err, LK_E_INTEGRITY,
			"package '" LK_STR_FMT
			"' wants the prefix written into the symlink '" LK_STR_FMT "'",
			LK_STR_ARG(package->record.name), LK_STR_ARG(source->path));
	}
	return 0;
}

/* The .py files of site-packages are compiled. */
static bool is_compiled(const struct lk_layout *layout, const struct lk_entry *entry)
{
	return (entry->kind == LK_ENTRY_FILE || entry->kind == LK_ENTRY_PATCHED) &&
		lk_str_ends(entry->path, LK_STR(".py")) &&
		lk_str_starts(entry->path, layout->python.site_packages) &&
		lk_str_starts(
			lk_str_skip(entry->path, layout->python.site_packages.len), LK_STR("/"));
}

static int add_path(struct lk_layout *layout, uint32_t index, const struct lk_package_path *source,
	bool compile, struct lk_entries *out, struct lk_error *err)
{
	const struct lk_layout_package *package = &layout->packages[index];
	bool noarch = package->record.noarch == LK_NOARCH_PYTHON;
	struct lk_entry entry = {.path = source->path, .package = index, .source = source};
	if (noarch) {
		entry.path = lk_noarch_target(&layout->python, source->path, &layout->arena);
	}
	int rc = check_target(package, entry.path, err);
	if (rc == 0 && source->type == LK_PATH_SOFTLINK) {
		rc = check_softlink(package, source, err);
	}
	if (rc < 0) {
		return rc;
	}
	switch (source->type) {
	case LK_PATH_SOFTLINK:
		entry.kind = LK_ENTRY_SOFTLINK;
		if (package->files) {
			entry.target = package->files[source - package->package->paths].target;
		}
		break;
	case LK_PATH_DIRECTORY:
		entry.kind = LK_ENTRY_DIRECTORY;
		break;
	case LK_PATH_FILE:
		entry.kind =
			source->prefix_mode == LK_PREFIX_NONE ? LK_ENTRY_FILE : LK_ENTRY_PATCHED;
		break;
	}
	lk_vec_push(out, entry);
	if (noarch && compile && is_compiled(layout, &entry)) {
		lk_str pyc = lk_noarch_pyc(&layout->python, entry.path, &layout->arena);
		lk_vec_push(out,
			(struct lk_entry){.path = pyc,
				.kind = LK_ENTRY_PYC,
				.package = index,
				.source = source,
				.compiled_from = entry.path});
	}
	return 0;
}

static int add_package(struct lk_layout *layout, uint32_t index, bool compile,
	struct lk_entries *out, struct lk_error *err)
{
	const struct lk_layout_package *package = &layout->packages[index];
	bool noarch = package->record.noarch == LK_NOARCH_PYTHON;
	if (noarch && !layout->has_python) {
		lk_fail(err, LK_E_INTEGRITY,
			"noarch package '" LK_STR_FMT "' needs a python, and none is locked",
			LK_STR_ARG(package->record.name));
		lk_error_hint(err, "add python to the specs and solve again");
		return err->code;
	}
	for (size_t i = 0; i < package->package->n_paths; i++) {
		int rc = add_path(layout, index, &package->package->paths[i], compile, out, err);
		if (rc < 0) {
			return rc;
		}
	}
	for (size_t i = 0; noarch && i < package->package->n_entry_points; i++) {
		const struct lk_entry_point *point = &package->package->entry_points[i];
		struct lk_entry entry = {
			.kind = LK_ENTRY_SCRIPT, .package = index, .entry_point = point};
		entry.path = lk_entry_point_target(point, &layout->python, &layout->arena);
		int rc = check_target(package, entry.path, err);
		if (rc < 0) {
			return rc;
		}
		lk_vec_push(out, entry);
	}
	return 0;
}

/* What stays knows its paths as they lie in the prefix. */
static struct lk_entry kept_entry(struct lk_layout *layout, uint32_t index, size_t i)
{
	static const enum lk_path_type types[] = {
		[LK_INSTALLED_FILE] = LK_PATH_FILE,
		[LK_INSTALLED_SOFTLINK] = LK_PATH_SOFTLINK,
		[LK_INSTALLED_DIRECTORY] = LK_PATH_DIRECTORY,
	};
	static const enum lk_entry_kind kinds[] = {
		[LK_INSTALLED_FILE] = LK_ENTRY_FILE,
		[LK_INSTALLED_SOFTLINK] = LK_ENTRY_SOFTLINK,
		[LK_INSTALLED_DIRECTORY] = LK_ENTRY_DIRECTORY,
		[LK_INSTALLED_PYC] = LK_ENTRY_PYC,
		[LK_INSTALLED_ENTRY_POINT] = LK_ENTRY_SCRIPT,
	};
	const struct lk_layout_package *package = &layout->packages[index];
	const struct lk_prefix_path *path = &package->kept->paths[i];
	struct lk_entry entry = {
		.path = path->original_path.len > 0 ? path->original_path : path->path,
		.kind = kinds[path->type],
		.package = index,
		.kept = path,
		.mend = package->mend[i],
		.mode = path->executable ? 0755 : 0644,
		.sha256 = path->sha256_in_prefix,
		.size = path->size,
		.target = path->target};
	if (entry.kind == LK_ENTRY_FILE && path->prefix_mode != LK_PREFIX_NONE) {
		entry.kind = LK_ENTRY_PATCHED;
	}
	if (path->type < LK_COUNTOF(types)) {
		struct lk_package_path *source =
			lk_arena_calloc(&layout->arena, 1, sizeof(*source));
		*source = (struct lk_package_path){path->path, types[path->type], path->prefix_mode,
			path->placeholder, path->no_link, path->has_sha256, path->has_size,
			path->sha256, path->size};
		entry.source = source;
	}
	return entry;
}

/* The compiled forms of what stays: those that are there; where python is another archive's, or
 * nothing was compiled, as if all were new. A source that has none did not compile, or was parked.
 */
static void add_kept_pyc(struct lk_layout *layout, uint32_t index, bool python_stays, size_t from,
	struct lk_entries *out)
{
	const struct lk_prefix_record *kept = layout->packages[index].kept;
	struct lk_map LK_CLEANUP(lk_map_done) compiled = {0};
	size_t end = out->len;
	for (size_t i = 0; python_stays && i < kept->n_paths; i++) {
		if (kept->paths[i].type == LK_INSTALLED_PYC) {
			lk_map_add(&compiled, kept->paths[i].path, (uint32_t)i);
		}
	}
	for (size_t i = from; i < end; i++) {
		const struct lk_entry *source = &out->items[i];
		if (!is_compiled(layout, source)) {
			continue;
		}
		struct lk_entry entry = {.kind = LK_ENTRY_PYC,
			.package = index,
			.source = source->source,
			.compiled_from = source->path};
		entry.path = lk_noarch_pyc(&layout->python, source->path, &layout->arena);
		uint32_t at = lk_map_get(&compiled, entry.path);
		if (at != LK_MAP_NONE && !layout->packages[index].mend[at]) {
			entry = kept_entry(layout, index, at);
			entry.compiled_from = source->path;
		}
		bool was_parked = source->kept->original_path.len > 0;
		if (at != LK_MAP_NONE || compiled.len == 0 || was_parked) {
			lk_vec_push(out, entry);
		}
	}
}

static void add_kept(struct lk_layout *layout, uint32_t index, bool compile, bool python_stays,
	struct lk_entries *out)
{
	const struct lk_layout_package *package = &layout->packages[index];
	size_t from = out->len;
	for (size_t i = 0; i < package->kept->n_paths; i++) {
		if (package->kept->paths[i].type != LK_INSTALLED_PYC) {
			lk_vec_push(out, kept_entry(layout, index, i));
		}
	}
	if (package->record.noarch == LK_NOARCH_PYTHON && compile) {
		add_kept_pyc(layout, index, python_stays, from, out);
	}
}

/* *RET_STAYS: it is a kept package. */
static int find_python(struct lk_layout *layout, bool *ret_stays, struct lk_error *err)
{
	*ret_stays = false;
	for (size_t i = 0; i < layout->n_packages; i++) {
		const struct lk_layout_package *package = &layout->packages[i];
		if (lk_str_is(package->record.name, "python")) {
			layout->has_python = true;
			*ret_stays = package->kept != NULL;
			return lk_python_init(package->record.version,
				package->record.python_site_packages_path, layout->subdir,
				&layout->arena, &layout->python, err);
		}
	}
	return 0;
}

int lk_layout_make(const struct lk_layout_package *packages, size_t n_packages, lk_str prefix,
	lk_str subdir, bool compile, struct lk_layout *ret, struct lk_error *err)
{
	struct lk_layout layout = {
		.packages = packages, .n_packages = n_packages, .prefix = prefix, .subdir = subdir};
	struct lk_entries entries = {0};
	lk_arena_init(&layout.arena);
	size_t room = 0; /* nearly always what it takes */
	for (size_t i = 0; i < n_packages; i++) {
		room += packages[i].kept ? packages[i].kept->n_paths : packages[i].package->n_paths;
	}
	lk_vec_reserve(&entries, room);
	bool python_stays;
	int rc = find_python(&layout, &python_stays, err);
	for (size_t i = 0; rc == 0 && i < n_packages; i++) {
		if (packages[i].kept != NULL) {
			add_kept(&layout, (uint32_t)i, compile, python_stays, &entries);
		} else {
			rc = add_package(&layout, (uint32_t)i, compile, &entries, err);
		}
	}
	if (rc < 0) {
		lk_vec_done(&entries);
		lk_arena_done(&layout.arena);
		return rc;
	}
	lk_sort_runs(entries.items, entries.len, sizeof(*entries.items), lk_entry_order);
	layout.entries = entries.items; /* taken */
	layout.n_entries = entries.len;
	*ret = layout;
	return 0;
}

void lk_layout_done(struct lk_layout *layout)
{
	lk_free(layout->entries);
	layout->entries = NULL;
	layout->n_entries = 0;
	lk_arena_done(&layout->arena);
}
