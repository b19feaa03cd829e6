/*
 * Clobbering: found in the sorted layout, and settled there.
 */
#include "install/clobber.h"

#include <stdlib.h>

#include "base/sort.h"
#include "conda/subdir.h"

/* What one package lost to another, where the files differ. */
struct pair {
	uint32_t loser, winner;
	size_t count;
	lk_str first; /* path */
};

/* The entries in the order of what their paths count as. */
struct view {
	struct lk_layout *layout;
	struct lk_arena arena;
	lk_str *keys;    /* one for each entry */
	uint32_t *order; /* their indices, sorted by key, package and kind */
	bool *parked;    /* one for each entry */
	struct LK_VEC_OF(struct pair) pairs;
};

static struct lk_entry *entry_at(const struct view *view, size_t at)
{
	return &view->layout->entries[view->order[at]];
}

static lk_str key_at(const struct view *view, size_t at)
{
	return view->keys[view->order[at]];
}

static lk_str name_of(const struct view *view, const struct lk_entry *entry)
{
	return view->layout->packages[entry->package].record.name;
}

/* ---- the view ---- */

static int cmp_view(const void *a, const void *b, void *ctx)
{
	const struct view *view = ctx;
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;
	const struct lk_entry *left = &view->layout->entries[x];
	const struct lk_entry *right = &view->layout->entries[y];
	int order = lk_path_order(view->keys[x], view->keys[y]);
	if (order == 0) {
		order = left->package < right->package ? -1 : left->package > right->package;
	}
	if (order == 0) {
		order = (int)left->kind - (int)right->kind;
	}
	return order != 0 ? order : x < y ? -1 : x > y;
}

static void view_init(struct view *view, struct lk_layout *layout)
{
	lk_str os = lk_subdir_os(layout->subdir);
	bool fold = lk_str_is(os, "osx") || lk_str_is(os, "win");
	size_t n = layout->n_entries;
	*view = (struct view){.layout = layout};
	lk_arena_init(&view->arena);
	view->keys = lk_arena_calloc(&view->arena, n, sizeof(*view->keys));
	view->order = lk_arena_calloc(&view->arena, n, sizeof(*view->order));
	view->parked = lk_arena_calloc(&view->arena, n, sizeof(*view->parked));
	for (uint32_t i = 0; i < n; i++) {
		lk_str path = layout->entries[i].path;
		view->keys[i] = fold ? lk_str_lower(&view->arena, path) : path;
		view->order[i] = i;
	}
	if (fold && n > 0) {
		qsort_r(view->order, n, sizeof(*view->order), cmp_view, view);
	}
}

static void view_done(struct view *view)
{
	lk_vec_done(&view->pairs);
	lk_arena_done(&view->arena);
}

/* ---- do two entries bring the same? ---- */

/* What a file holds before the prefix is written into it. */
struct content {
	const struct lk_sha256 *sha256;
	enum lk_prefix_mode mode;
	lk_str placeholder;
};

/* False where that cannot be told. */
static bool content_of(const struct view *view, const struct lk_entry *entry, struct content *ret)
{
	const struct lk_layout_package *package = &view->layout->packages[entry->package];
	if (entry->kept) {
		*ret = (struct content){
			&entry->kept->sha256, entry->kept->prefix_mode, entry->kept->placeholder};
		return entry->kept->has_sha256;
	}
	*ret = (struct content){
		&entry->source->sha256, entry->source->prefix_mode, entry->source->placeholder};
	if (package->files) {
		ret->sha256 = &package->files[entry->source - package->package->paths].sha256;
	}
	return package->files || entry->source->has_sha256;
}

static bool same_file(const struct view *view, const struct lk_entry *a, const struct lk_entry *b)
{
	struct content x;
	struct content y;
	return content_of(view, a, &x) && content_of(view, b, &y) &&
		lk_sha256_eq(x.sha256, y.sha256) && x.mode == y.mode &&
		lk_str_eq(x.placeholder, y.placeholder);
}

static bool same_script(const struct lk_entry *a, const struct lk_entry *b)
{
	if (a->kept && b->kept) {
		return a->kept->has_sha256_in_prefix && b->kept->has_sha256_in_prefix &&
			lk_sha256_eq(&a->kept->sha256_in_prefix, &b->kept->sha256_in_prefix);
	}
	return a->entry_point && b->entry_point &&
		lk_str_eq(a->entry_point->module, b->entry_point->module) &&
		lk_str_eq(a->entry_point->function, b->entry_point->function);
}

static bool same_content(
	const struct view *view, const struct lk_entry *a, const struct lk_entry *b)
{
	if (a->kind != b->kind) {
		return false;
	}
	switch (a->kind) {
	case LK_ENTRY_FILE:
	case LK_ENTRY_PATCHED:
		return same_file(view, a, b);
	case LK_ENTRY_SOFTLINK:
		return a->target.len > 0 && lk_str_eq(a->target, b->target);
	case LK_ENTRY_SCRIPT:
		return same_script(a, b);
	case LK_ENTRY_DIRECTORY:
	case LK_ENTRY_PYC:
		break;
	}
	return true;
}

/* ---- who wins ---- */

/* Does A stand above B? What a package ships stands above what is compiled; within one package the
 * later kind. */
static bool beats(const struct view *view, const struct lk_entry *a, const struct lk_entry *b)
{
	const struct lk_layout_package *packages = view->layout->packages;
	if ((a->kind == LK_ENTRY_PYC) != (b->kind == LK_ENTRY_PYC)) {
		return b->kind == LK_ENTRY_PYC;
	}
	if (a->package == b->package) {
		return a->kind > b->kind;
	}
	return packages[a->package].rank > packages[b->package].rank;
}

static void note_pair(
	struct view *view, const struct lk_entry *loser, const struct lk_entry *winner)
{
	for (size_t i = 0; i < view->pairs.len; i++) {
		struct pair *pair = &view->pairs.items[i];
		if (pair->loser == loser->package && pair->winner == winner->package) {
			pair->count++;
			return;
		}
	}
	lk_vec_push(&view->pairs, (struct pair){loser->package, winner->package, 1, loser->path});
}

static int fail_kinds(const struct view *view, const struct lk_entry *file,
	const struct lk_entry *other, struct lk_error *err)
{
	return lk_fail(err, LK_E_INTEGRITY,
		"'" LK_STR_FMT "' is a file of package '" LK_STR_FMT
		"' and a directory of package '" LK_STR_FMT "'",
		LK_STR_ARG(file->path), LK_STR_ARG(name_of(view, file)),
		LK_STR_ARG(name_of(view, other)));
}

/* Is what stands at AT, which lost, all the same the best that its package brings here? */
static bool is_package_best(const struct view *view, size_t at, size_t to)
{
	const struct lk_entry *entry = entry_at(view, at);
	const struct lk_entry *next = at + 1 < to ? entry_at(view, at + 1) : NULL;
	return next == NULL || next->package != entry->package || next->kind == LK_ENTRY_PYC;
}

/* The entries FROM..TO of the view have one path. */
static int resolve_group(
	struct view *view, size_t from, size_t to, size_t *ret_winner, struct lk_error *err)
{
	size_t best = from;
	for (size_t i = from + 1; i < to; i++) {
		const struct lk_entry *entry = entry_at(view, i);
		const struct lk_entry *other = entry_at(view, best);
		bool is_dir = entry->kind == LK_ENTRY_DIRECTORY;
		if (is_dir != (other->kind == LK_ENTRY_DIRECTORY)) {
			return fail_kinds(
				view, is_dir ? other : entry, is_dir ? entry : other, err);
		}
		best = beats(view, entry, other) ? i : best;
	}
	*ret_winner = best;
	const struct lk_entry *winner = entry_at(view, best);
	for (size_t i = from; i < to; i++) {
		struct lk_entry *entry = entry_at(view, i);
		if (i == best || entry->kind == LK_ENTRY_DIRECTORY) {
			continue;
		}
		bool parks = entry->kind != LK_ENTRY_PYC && entry->package != winner->package &&
			is_package_best(view, i, to);
		view->parked[view->order[i]] = parks;
		entry->lost = !parks;
		if (parks && !same_content(view, entry, winner)) {
			note_pair(view, entry, winner);
		}
	}
	return 0;
}

static int resolve_all(struct view *view, struct lk_error *err)
{
	size_t n = view->layout->n_entries;
	size_t file = SIZE_MAX; /* the last one that is no directory */
	for (size_t from = 0, to = 0; from < n; from = to) {
		lk_str key = key_at(view, from);
		if (file != SIZE_MAX && lk_str_starts(key, key_at(view, file)) &&
			key.ptr[key_at(view, file).len] == '/') {
			return fail_kinds(view, entry_at(view, file), entry_at(view, from), err);
		}
		to = from + 1;
		while (to < n && lk_str_eq(key_at(view, to), key)) {
			to++;
		}
		size_t winner = from;
		int rc = resolve_group(view, from, to, &winner, err);
		if (rc < 0) {
			return rc;
		}
		if (entry_at(view, winner)->kind != LK_ENTRY_DIRECTORY) {
			file = winner;
		}
	}
	return 0;
}

/* ---- parking ---- */

/* Is the source of PYC, an entry of the still sorted layout, in its place? */
static bool has_source(const struct view *view, const struct lk_entry *pyc)
{
	const struct lk_layout *layout = view->layout;
	for (enum lk_entry_kind kind = LK_ENTRY_FILE; kind <= LK_ENTRY_PATCHED; kind++) {
		const struct lk_entry wanted = {
			.path = pyc->compiled_from, .package = pyc->package, .kind = kind};
		const struct lk_entry *found = bsearch(&wanted, layout->entries, layout->n_entries,
			sizeof(wanted), lk_entry_order);
		if (found) {
			return !found->lost && !view->parked[found - layout->entries];
		}
	}
	return true;
}

static void park_all(struct view *view)
{
	struct lk_layout *layout = view->layout;
	bool any = false;
	for (size_t i = 0; i < layout->n_entries; i++) {
		any = any || view->parked[i] || layout->entries[i].lost;
	}
	for (size_t i = 0; any && i < layout->n_entries; i++) {
		struct lk_entry *entry = &layout->entries[i];
		if (entry->kind == LK_ENTRY_PYC && !has_source(view, entry)) {
			entry->lost = true;
		}
	}
	for (size_t i = 0; any && i < layout->n_entries; i++) {
		struct lk_entry *entry = &layout->entries[i];
		if (view->parked[i]) {
			entry->original_path = entry->path;
			entry->path = lk_str_printf(&layout->arena,
				LK_CLOBBER_DIR "/" LK_STR_FMT "/" LK_STR_FMT,
				LK_STR_ARG(name_of(view, entry)), LK_STR_ARG(entry->path));
		}
	}
	if (any) {
		lk_sort_runs(layout->entries, layout->n_entries, sizeof(*layout->entries),
			lk_entry_order);
	}
}

static int tell(
	const struct view *view, bool strict, const struct lk_report *report, struct lk_error *err)
{
	for (size_t i = 0; i < view->pairs.len; i++) {
		const struct pair *pair = &view->pairs.items[i];
		lk_str loser = view->layout->packages[pair->loser].record.name;
		lk_str winner = view->layout->packages[pair->winner].record.name;
		if (strict) {
			return lk_fail(err, LK_E_INTEGRITY,
				"packages '" LK_STR_FMT "' and '" LK_STR_FMT
				"' both bring '" LK_STR_FMT "'",
				LK_STR_ARG(loser), LK_STR_ARG(winner), LK_STR_ARG(pair->first));
		}
		lk_warn(report,
			"package '" LK_STR_FMT "' replaces %zu file(s) of package '" LK_STR_FMT
			"', such as '" LK_STR_FMT "': kept in '" LK_CLOBBER_DIR "/" LK_STR_FMT "'",
			LK_STR_ARG(winner), pair->count, LK_STR_ARG(loser), LK_STR_ARG(pair->first),
			LK_STR_ARG(loser));
	}
	return 0;
}

int lk_clobber_resolve(
	struct lk_layout *layout, bool strict, const struct lk_report *report, struct lk_error *err)
{
	struct view view;
	view_init(&view, layout);
	int rc = resolve_all(&view, err);
	if (rc == 0) {
		rc = tell(&view, strict, report, err);
	}
	if (rc == 0) {
		park_all(&view);
	}
	view_done(&view);
	return rc;
}
