/*
 * Clobbering: found in the sorted layout, and settled there.
 */
#include "install/clobber.h"

/* What one package lost to another. */
struct pair {
	uint32_t loser, winner;
	size_t count;
	lk_str first; /* path */
};

struct pairs LK_VEC_OF(struct pair);

static lk_str name_of(const struct lk_layout *layout, const struct lk_entry *entry)
{
	return layout->packages[entry->package].record.name;
}

/* Would both put the same bytes there? */
static bool same_content(const struct lk_entry *a, const struct lk_entry *b)
{
	return a->kind == b->kind && (a->kind == LK_ENTRY_FILE || a->kind == LK_ENTRY_PATCHED) &&
		a->source->has_sha256 && b->source->has_sha256 &&
		lk_sha256_eq(&a->source->sha256, &b->source->sha256);
}

/* Does A stand above B? What a package ships stands above what is compiled; within one package the
 * later kind. */
static bool beats(
	const struct lk_layout *layout, const struct lk_entry *a, const struct lk_entry *b)
{
	if ((a->kind == LK_ENTRY_PYC) != (b->kind == LK_ENTRY_PYC)) {
		return b->kind == LK_ENTRY_PYC;
	}
	if (a->package == b->package) {
		return a->kind > b->kind;
	}
	return layout->packages[a->package].rank > layout->packages[b->package].rank;
}

static void note_pair(
	struct pairs *pairs, const struct lk_entry *loser, const struct lk_entry *winner)
{
	for (size_t i = 0; i < pairs->len; i++) {
		struct pair *pair = &pairs->items[i];
		if (pair->loser == loser->package && pair->winner == winner->package) {
			pair->count++;
			return;
		}
	}
	lk_vec_push(pairs, (struct pair){loser->package, winner->package, 1, loser->path});
}

static int fail_kinds(const struct lk_layout *layout, const struct lk_entry *file,
	const struct lk_entry *other, struct lk_error *err)
{
	return lk_fail(err, LK_E_INTEGRITY,
		"'" LK_STR_FMT "' is a file of package '" LK_STR_FMT
		"' and a directory of package '" LK_STR_FMT "'",
		LK_STR_ARG(file->path), LK_STR_ARG(name_of(layout, file)),
		LK_STR_ARG(name_of(layout, other)));
}

/* The entries FROM..TO have one path. */
static int resolve_group(struct lk_layout *layout, size_t from, size_t to, struct pairs *pairs,
	size_t *ret_winner, struct lk_error *err)
{
	struct lk_entry *entries = layout->entries;
	size_t best = from;
	for (size_t i = from + 1; i < to; i++) {
		bool is_dir = entries[i].kind == LK_ENTRY_DIRECTORY;
		if (is_dir != (entries[best].kind == LK_ENTRY_DIRECTORY)) {
			return fail_kinds(layout, &entries[is_dir ? best : i],
				&entries[is_dir ? i : best], err);
		}
		best = beats(layout, &entries[i], &entries[best]) ? i : best;
	}
	*ret_winner = best;
	for (size_t i = from; i < to; i++) {
		if (i == best || entries[i].kind == LK_ENTRY_DIRECTORY) {
			continue;
		}
		entries[i].lost = true;
		if (entries[i].kind != LK_ENTRY_PYC &&
			entries[i].package != entries[best].package &&
			!same_content(&entries[i], &entries[best])) {
			note_pair(pairs, &entries[i], &entries[best]);
		}
	}
	return 0;
}

static int tell(const struct lk_layout *layout, const struct pairs *pairs, bool strict,
	const struct lk_report *report, struct lk_error *err)
{
	for (size_t i = 0; i < pairs->len; i++) {
		const struct pair *pair = &pairs->items[i];
		lk_str loser = layout->packages[pair->loser].record.name;
		lk_str winner = layout->packages[pair->winner].record.name;
		if (strict) {
			return lk_fail(err, LK_E_INTEGRITY,
				"packages '" LK_STR_FMT "' and '" LK_STR_FMT
				"' both bring '" LK_STR_FMT "'",
				LK_STR_ARG(loser), LK_STR_ARG(winner), LK_STR_ARG(pair->first));
		}
		lk_warn(report,
			"package '" LK_STR_FMT "' replaces %zu file(s) of package '" LK_STR_FMT
			"', such as '" LK_STR_FMT "'",
			LK_STR_ARG(winner), pair->count, LK_STR_ARG(loser),
			LK_STR_ARG(pair->first));
	}
	return 0;
}

int lk_clobber_resolve(
	struct lk_layout *layout, bool strict, const struct lk_report *report, struct lk_error *err)
{
	struct pairs pairs = {0};
	const struct lk_entry *file = NULL; /* the last one that is no directory */
	int rc = 0;
	for (size_t from = 0, to = 0; rc == 0 && from < layout->n_entries; from = to) {
		const struct lk_entry *first = &layout->entries[from];
		if (file != NULL && lk_str_starts(first->path, file->path) &&
			first->path.ptr[file->path.len] == '/') {
			rc = fail_kinds(layout, file, first, err);
			break;
		}
		to = from + 1;
		while (to < layout->n_entries && lk_str_eq(layout->entries[to].path, first->path)) {
			to++;
		}
		size_t winner = from;
		rc = resolve_group(layout, from, to, &pairs, &winner, err);
		if (rc == 0 && layout->entries[winner].kind != LK_ENTRY_DIRECTORY) {
			file = &layout->entries[winner];
		}
	}
	if (rc == 0) {
		rc = tell(layout, &pairs, strict, report, err);
	}
	lk_vec_done(&pairs);
	return rc;
}
