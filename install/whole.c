/*
 * Finding them: the layout is sorted so that a directory's content follows it.
 */
#include "install/whole.h"

struct search {
	const struct lk_layout *layout;
	const struct lk_tree *trees;
	struct lk_wholes *found;
};

/* The first of PACKAGE's paths that is not before PATH. */
static size_t lower_bound(const struct lk_package *package, lk_str path)
{
	size_t low = 0;
	size_t high = package->n_paths;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (lk_str_cmp(package->paths[middle].path, path) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

/* How many of PACKAGE's paths lie in the directory that is the first LEN bytes of PATH. */
static size_t count_in(const struct lk_package *package, lk_str path, size_t len)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) bound = LK_BUF_INIT(len + 1);
	lk_buf_append(&bound, path.ptr, len);
	lk_buf_putc(&bound, '/');
	size_t first = lower_bound(package, lk_buf_view(&bound));
	bound.ptr[len] = '/' + 1;
	return lower_bound(package, lk_buf_view(&bound)) - first;
}

/* Is ENTRY moved as it is, to where it lies below FIRST's directory WHOLE? */
static bool moves_along(const struct lk_whole *whole, const struct lk_entry *entry)
{
	bool as_it_is = (entry->kind == LK_ENTRY_FILE && !entry->source->no_link) ||
		entry->kind == LK_ENTRY_SOFTLINK;
	if (!as_it_is || entry->package != whole->package || entry->lost || entry->kept ||
		entry->original_path.len > 0) {
		return false;
	}
	lk_str from = entry->source->path;
	lk_str below = lk_str_skip(entry->path, whole->path.len);
	return from.len == whole->source_path.len + below.len &&
		lk_str_starts(from, whole->source_path) && lk_str_ends(from, below);
}

/* Are the entries from FROM to TO, all in the directory that is LEN bytes long, such a one? */
static bool is_whole(
	const struct search *s, size_t from, size_t to, size_t len, struct lk_whole *ret)
{
	const struct lk_entry *first = &s->layout->entries[from];
	const struct lk_tree *tree = &s->trees[first->package];
	size_t below = first->path.len - len;
	if (first->kept || !first->source || first->source->path.len <= below || !tree->movable ||
		tree->has_more) {
		return false;
	}
	struct lk_whole whole = {.from = from,
		.to = to,
		.path = lk_str_slice(first->path, 0, len),
		.source_path =
			lk_str_slice(first->source->path, 0, first->source->path.len - below),
		.package = first->package};
	for (size_t i = from; i < to; i++) {
		const struct lk_entry *entry = &s->layout->entries[i];
		bool compiled = entry->kind == LK_ENTRY_PYC && entry->package == whole.package &&
			!entry->kept;
		if (!compiled && !moves_along(&whole, entry)) {
			return false;
		}
		whole.n += !compiled;
	}
	*ret = whole;
	return whole.n == count_in(tree->package, whole.source_path, whole.source_path.len);
}

/* The end of the entries that begin with the first LEN bytes of the one at FROM and a slash. */
static size_t end_of(const struct search *s, size_t from, size_t to, size_t len)
{
	const struct lk_entry *entries = s->layout->entries;
	size_t end = from + 1;
	while (end < to && entries[end].path.len > len && entries[end].path.ptr[len] == '/' &&
		memcmp(entries[end].path.ptr, entries[from].path.ptr, len) == 0) {
		end++;
	}
	return end;
}

/* The entries from FROM to TO lie in a directory that is LEN bytes long, with its slash. */
static void find_in(const struct search *s, size_t from, size_t to, size_t len)
{
	for (size_t i = from; i < to;) {
		lk_str path = s->layout->entries[i].path;
		size_t slash = lk_str_find_char(lk_str_skip(path, len), '/');
		if (slash == SIZE_MAX) {
			i++;
			continue;
		}
		size_t end = end_of(s, i, to, len + slash);
		struct lk_whole whole;
		if (is_whole(s, i, end, len + slash, &whole)) {
			lk_vec_push(s->found, whole);
		} else {
			find_in(s, i, end, len + slash + 1);
		}
		i = end;
	}
}

void lk_wholes_find(
	const struct lk_layout *layout, const struct lk_tree *trees, struct lk_wholes *ret)
{
	const struct search s = {layout, trees, ret};
	bool any = false;
	for (size_t i = 0; i < layout->n_packages; i++) {
		any = any || trees[i].movable;
	}
	if (any) {
		find_in(&s, 0, layout->n_entries, 0);
	}
}
