/*
 * The cells of one line of a page: what is it, what was it, what is it now, where, and why.
 */
#include "lock/lock_diff_page_priv.h"

#include "base/map.h"
#include "lock/lock_diff_facts_priv.h"

#define ASKED_MAX 8 /* changed specs that the head names */
#define MOVES_MAX 8 /* pairs of channels that are named */
#define WAY_MAX 3   /* packages of a way that are named */
#define NEEDS_MAX 6 /* changed dependencies that are named */

/* ---- bits of cells ---- */

static void words(struct lk_page_cell *cell, const char *text)
{
	lk_vec_push(cell, (struct lk_page_bit){LK_PAGE_WORDS, lk_str_of(text), 0});
}

static void strong(struct lk_page_cell *cell, const char *text)
{
	lk_vec_push(cell, (struct lk_page_bit){LK_PAGE_STRONG, lk_str_of(text), 0});
}

static void words_of(struct lk_page_cell *cell, lk_str text)
{
	lk_vec_push(cell, (struct lk_page_bit){LK_PAGE_WORDS, text, 0});
}

static void foreign(struct lk_page_cell *cell, lk_str text)
{
	lk_vec_push(cell, (struct lk_page_bit){LK_PAGE_FOREIGN, text, 0});
}

static void line(struct lk_page_cell *cell)
{
	if (cell->len > 0) {
		lk_vec_push(cell, (struct lk_page_bit){LK_PAGE_BREAK, {NULL, 0}, 0});
	}
}

static void foreign_or(struct lk_page_cell *cell, lk_str text, const char *instead)
{
	if (text.len > 0) {
		foreign(cell, text);
	} else {
		words(cell, instead);
	}
}

/* Bytes at the start of A that B has too, to the end of a whole number or word. */
static size_t same_start(lk_str a, lk_str b)
{
	if (lk_str_eq(a, b)) {
		return a.len;
	}
	size_t same = 0;
	size_t i = 0;
	for (; i < a.len && i < b.len && a.ptr[i] == b.ptr[i]; i++) {
		if (!lk_is_alnum(a.ptr[i])) {
			same = i + 1;
		}
	}
	/* One of them may be at its end, and the other at the end of a word. */
	lk_str longer = a.len > b.len ? a : b;
	bool at_end = i == a.len || i == b.len;
	return at_end && !lk_is_alnum(longer.ptr[i]) ? i : same;
}

/* OLD and NEW into their cells, what they share marked. */
static void pair(struct lk_page_row *row, lk_str old, lk_str new)
{
	size_t same = same_start(old, new);
	lk_vec_push(&row->old, (struct lk_page_bit){LK_PAGE_FOREIGN, old, same});
	lk_vec_push(&row->new, (struct lk_page_bit){LK_PAGE_FOREIGN, new, same});
}

/* LABEL with what is before and after below it. */
static void noted_pair(struct lk_page_row *row, const char *label, lk_str old, lk_str new)
{
	line(&row->old);
	line(&row->new);
	words(&row->old, label);
	words(&row->new, label);
	if (old.len > 0 && new.len > 0) {
		pair(row, old, new);
		return;
	}
	foreign_or(&row->old, old, "none");
	foreign_or(&row->new, new, "none");
}

/* ---- packages ---- */

static void put_hash(
	struct lk_page_cell *cell, struct lk_arena *arena, const struct lk_record *record)
{
	char hex[LK_HEX_MAX];
	line(cell);
	if (!record->has_sha256) {
		words(cell, "no sha256");
		return;
	}
	lk_hex(record->sha256.bytes, sizeof(record->sha256.bytes), hex);
	words(cell, "sha256");
	lk_str text = lk_str_dup(arena, lk_str_of(hex));
	lk_vec_push(cell, (struct lk_page_bit){LK_PAGE_HEX, text, 0});
}

static void put_versions(struct lk_page_row *row, const struct lk_package_change *change)
{
	const struct lk_record *from = change->from;
	const struct lk_record *to = change->to;
	if (!from) {
		foreign(&row->new, to->version);
		return;
	}
	if (!to) {
		foreign(&row->old, from->version);
		return;
	}
	bool same_version = lk_str_eq(from->version, to->version);
	pair(row, from->version, to->version);
	bool tells_build = change->kind == LK_CHANGE_HASH || lk_package_has(change, LK_CHANGE_CUDA);
	if (tells_build || (same_version && !lk_str_eq(from->build, to->build))) {
		line(&row->old);
		line(&row->new);
		pair(row, from->build, to->build);
	}
}

/* The items of FROM that TO lacks, each on a line. */
static void put_missing(struct lk_page_cell *cell, const char *label,
	const struct lk_str_list *from, const struct lk_str_list *to, size_t *left)
{
	struct lk_map LK_CLEANUP(lk_map_done) kept = {0};
	for (size_t i = 0; i < to->n; i++) {
		lk_map_add(&kept, to->items[i], 0);
	}
	for (size_t i = 0; i<from->n && * left> 0; i++) {
		if (lk_map_get(&kept, from->items[i]) == LK_MAP_NONE) {
			line(cell);
			if (--*left == 0) {
				words(cell, "and more");
			} else {
				words(cell, label);
				foreign(cell, from->items[i]);
			}
		}
	}
}

static void put_needs(
	struct lk_page_row *row, const struct lk_record *from, const struct lk_record *to)
{
	size_t old = NEEDS_MAX + 1;
	size_t new = NEEDS_MAX + 1;
	put_missing(&row->old, "depends ", &from->depends, &to->depends, &old);
	put_missing(&row->new, "depends ", &to->depends, &from->depends, &new);
	put_missing(&row->old, "constrains ", &from->constrains, &to->constrains, &old);
	put_missing(&row->new, "constrains ", &to->constrains, &from->constrains, &new);
	put_missing(&row->old, "extra ", &from->active_extras, &to->active_extras, &old);
	put_missing(&row->new, "extra ", &to->active_extras, &from->active_extras, &new);
}

/* Each side has what the other lacks: "code for sm_70" was there, "code for sm_100" is now. */
static void put_facts(struct lk_diff_page *page, struct lk_page_row *row,
	const struct lk_record *from, const struct lk_record *to)
{
	struct lk_page_cell *cells[] = {&row->old, &row->new};
	const struct lk_record *records[] = {from, to};
	for (size_t i = 0; i < 2; i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) codes = LK_BUF_INIT(65536);
		lk_diff_put_missing_codes(records[i], records[1 - i], &codes);
		if (codes.len > 0) {
			line(cells[i]);
			words(cells[i], i == 0 ? "lost " : "gained ");
			foreign(cells[i], lk_str_dup(&page->arena, lk_buf_view(&codes)));
		}
	}
	if (!lk_str_eq(from->facts.glibc, to->facts.glibc)) {
		noted_pair(row, "glibc ", from->facts.glibc, to->facts.glibc);
	}
}

/* What changed beside the version, where a reader must see it. */
static void put_notes(
	struct lk_diff_page *page, struct lk_page_row *row, const struct lk_package_change *change)
{
	const struct lk_record *from = change->from;
	const struct lk_record *to = change->to;
	if (lk_package_has(change, LK_CHANGE_HASH)) {
		put_hash(&row->old, &page->arena, from);
		put_hash(&row->new, &page->arena, to);
	}
	if (lk_package_has(change, LK_CHANGE_CUDA)) {
		line(&row->old);
		line(&row->new);
		words(&row->old, change->to_cuda ? "without CUDA" : "for CUDA");
		words(&row->new, change->to_cuda ? "for CUDA" : "without CUDA");
	}
	if (lk_diff_tells_facts(change)) {
		put_facts(page, row, from, to);
	}
	if (lk_package_has(change, LK_CHANGE_CHANNEL) && page->moves.len > 1) {
		noted_pair(row, "from ", from->channel, to->channel);
	}
	if (lk_package_has(change, LK_CHANGE_SCRIPTS)) {
		line(&row->new);
		words(&row->new, "link scripts");
	}
	if (lk_package_has(change, LK_CHANGE_LICENSE)) {
		noted_pair(row, "licence ", from->license, to->license);
	}
	if (lk_package_has(change, LK_CHANGE_REPACKED)) {
		noted_pair(row, "file ", from->fn, to->fn);
	}
	if (change->kind == LK_CHANGE_DEPENDS) {
		put_needs(row, from, to);
	}
	if (lk_package_has(change, LK_CHANGE_ORIGIN) && !lk_str_eq(from->url, to->url)) {
		noted_pair(row, "", from->url, to->url);
	}
}

/* The other kinds of a package that has several, as far as its versions do not tell them. */
static void put_also(struct lk_page_cell *cell, const struct lk_package_change *change)
{
	const char *before = "also ";
	for (enum lk_change kind = change->kind + 1; kind < LK_CHANGE_MAJOR; kind++) {
		if (lk_package_has(change, kind)) {
			if (before[0] == 'a') {
				line(cell);
			}
			words(cell, before);
			words(cell, lk_change_title(kind));
			before = ", ";
		}
	}
}

/* ---- why ---- */

static void put_edit_reason(struct lk_page_cell *why, const struct lk_lock_edit *edit)
{
	const char *what = edit->field == LK_EDIT_PINS ? "pin " : "spec ";
	words(why,
		edit->kind == LK_EDIT_ADDED             ? "new "
			: edit->kind == LK_EDIT_REMOVED ? "no more "
							: "");
	words(why, what);
	if (edit->kind != LK_EDIT_CHANGED) {
		foreign(why, edit->key);
		return;
	}
	foreign(why, edit->from);
	words(why, " → ");
	foreign(why, edit->to);
}

static void put_package_reason(struct lk_page_cell *why, const struct lk_package_change *because)
{
	foreign(why, because->name);
	if (!because->from) {
		words(why, " was added");
	} else if (!because->to) {
		words(why, " was removed");
	} else if (lk_str_eq(because->from->version, because->to->version)) {
		words(why, " changed");
	} else {
		words(why, " ");
		foreign(why, because->from->version);
		words(why, " → ");
		foreign(why, because->to->version);
	}
}

/* The packages between this one and the spec; the last of them the spec names itself. */
static void put_way(struct lk_page_cell *why, const struct lk_way *way)
{
	const char *before = "for ";
	size_t n = 0;
	for (const struct lk_way *at = way->needed_by; at && at->needed_by; at = at->needed_by) {
		if (n++ < WAY_MAX) {
			words(why, before);
			foreign(why, at->name);
			before = " ← ";
		}
	}
	if (way->spec.len > 0) {
		words(why, n > WAY_MAX ? " … " : n > 0 ? before : way->needed_by ? "for " : "");
		words(why, "spec ");
		foreign(why, way->spec);
	}
}

static void put_why(struct lk_page_cell *why, const struct lk_package_change *change)
{
	if (change->edit) {
		put_edit_reason(why, change->edit);
	} else if (change->because) {
		put_package_reason(why, change->because);
	} else if (change->way) {
		put_way(why, change->way);
	}
}

/* ---- sizes and places ---- */

static const char *sign_of(int64_t growth)
{
	return growth < 0 ? "−" : growth > 0 ? "+" : "±";
}

static uint64_t magnitude(int64_t growth)
{
	return growth < 0 ? 0 - (uint64_t)growth : (uint64_t)growth;
}

static lk_str signed_bytes(struct lk_arena *arena, int64_t growth)
{
	lk_str bytes = lk_page_bytes(arena, magnitude(growth));
	return lk_str_printf(arena, "%s" LK_STR_FMT, sign_of(growth), LK_STR_ARG(bytes));
}

/* The growth on all platforms: one where it reads the same, else the least and the most. */
static void put_growth(
	struct lk_diff_page *page, struct lk_page_cell *size, const struct lk_package_group *group)
{
	if (!group->has_growth) {
		return;
	}
	lk_str least = signed_bytes(&page->arena, group->growth_min);
	lk_str most = signed_bytes(&page->arena, group->growth_max);
	if (lk_str_eq(least, most)) {
		words_of(size, least);
		return;
	}
	/* "+1.2 … +1.4 MB": a unit that both have stands once. */
	size_t space = lk_str_find(least, LK_STR("\u00a0"));
	lk_str unit = lk_str_skip(least, space);
	words_of(size, lk_str_ends(most, unit) ? lk_str_slice(least, 0, space) : least);
	words(size, " … ");
	words_of(size, most);
}

/* Is PLATFORM (an index) in the set? */
static bool is_in(const struct lk_diff_set *set, size_t platform)
{
	for (size_t i = 0; i < set->n; i++) {
		if (set->platforms[i] == platform) {
			return true;
		}
	}
	return false;
}

static void put_where(
	struct lk_diff_page *page, struct lk_page_cell *where, const struct lk_diff_set *set)
{
	const struct lk_lock_diff *diff = page->diff;
	if (!set || (set->is_all && set->n > 1)) {
		words(where, "all");
		return;
	}
	size_t both = 0;
	size_t absent = 0;
	for (size_t i = 0; i < diff->n_platforms; i++) {
		if (diff->platforms[i].from && diff->platforms[i].to) {
			both++;
			absent = is_in(set, i) ? absent : i;
		}
	}
	if (both > 2 && set->n + 1 == both) {
		words(where, "all but ");
		foreign(where, diff->platforms[absent].subdir);
		return;
	}
	for (size_t i = 0; i < set->n; i++) {
		line(where);
		foreign(where, diff->platforms[set->platforms[i]].subdir);
	}
}

/* ---- rows ---- */

static void package_row(
	struct lk_diff_page *page, const struct lk_package_group *group, struct lk_page_row *row)
{
	const struct lk_package_change *change = group->change;
	foreign(&row->name, change->name);
	put_versions(row, change);
	if (change->from && change->to) {
		put_also(&row->name, change);
		put_notes(page, row, change);
	} else if (change->to && page->many_channels) {
		line(&row->new);
		words(&row->new, "from ");
		foreign(&row->new, change->to->channel);
	}
	put_growth(page, &row->size, group);
	put_why(&row->why, change);
}

static void edit_row(const struct lk_lock_edit *edit, struct lk_page_row *row)
{
	static const char *const fields[] = {
		[LK_EDIT_REQUIRES_DEPENDS] = "requirement",
		[LK_EDIT_REQUIRES_CONSTRAINS] = "requirement",
		[LK_EDIT_SPECS] = "spec",
		[LK_EDIT_PINS] = "pin",
		[LK_EDIT_SOLVED_WITH] = "solved with",
		[LK_EDIT_CHANNELS] = "channel",
		[LK_EDIT_CHANNEL_PRIORITY] = "channel priority",
		[LK_EDIT_EXCLUDE_NEWER] = "exclude newer than",
		[LK_EDIT_VARIABLES] = "variable",
	};
	words(&row->name, fields[edit->field]);
	switch (edit->kind) {
	case LK_EDIT_REORDERED:
		words(&row->new, "another order");
		return;
	case LK_EDIT_ADDED:
	case LK_EDIT_REMOVED: {
		bool added = edit->kind == LK_EDIT_ADDED;
		struct lk_page_cell *cell = added ? &row->new : &row->old;
		lk_str value = added ? edit->to : edit->from;
		if (value.len > 0 && edit->key.len > 0) {
			words(&row->name, " ");
			foreign(&row->name, edit->key);
		}
		foreign(cell, value.len > 0 ? value : edit->key);
		return;
	}
	default:
		if (edit->key.len > 0) {
			words(&row->name, " ");
			foreign(&row->name, edit->key);
		}
		pair(row, edit->from, edit->to);
	}
}

/* A constraint asks nothing of a host that has no such thing. */
static void put_demand(struct lk_page_cell *cell, lk_str spec, bool must_be_there)
{
	foreign_or(cell, spec, "none");
	if (spec.len > 0 && !must_be_there) {
		line(cell);
		words(cell, "where there is one");
	}
}

static void requirement_row(struct lk_diff_page *page,
	const struct lk_requirement_change *requirement, struct lk_page_row *row)
{
	foreign(&row->name, requirement->name);
	put_demand(&row->old, requirement->from, requirement->had_to_be_there);
	put_demand(&row->new, requirement->to, requirement->must_be_there);
	if (!requirement->by) {
		return;
	}
	words(&row->why, requirement->to.len > 0 ? "for " : "was for ");
	foreign(&row->why, requirement->by->name);
	words(&row->why, " ");
	foreign(&row->why, requirement->by->version);
	if (requirement->n_by > 1) {
		words_of(&row->why,
			lk_str_printf(&page->arena, " and %zu more", requirement->n_by - 1));
	}
}

static void platform_row(
	struct lk_diff_page *page, const struct lk_platform_diff *platform, struct lk_page_row *row)
{
	const struct lk_lock_platform *one = platform->to ? platform->to : platform->from;
	struct lk_page_cell *cell = platform->to ? &row->new : &row->old;
	foreign(&row->name, platform->subdir);
	words_of(cell, lk_str_printf(&page->arena, "%zu packages", one->n_packages));
	words_of(&row->size,
		signed_bytes(&page->arena,
			platform->to ? (int64_t)platform->size_to : -(int64_t)platform->size_from));
}

void lk_diff_page_row(
	struct lk_diff_page *page, const struct lk_page_entry *entry, struct lk_page_row *ret)
{
	lk_vec_clear(&ret->name);
	lk_vec_clear(&ret->old);
	lk_vec_clear(&ret->new);
	lk_vec_clear(&ret->where);
	lk_vec_clear(&ret->size);
	lk_vec_clear(&ret->why);
	if (page->many_platforms && !entry->platform) {
		put_where(page, &ret->where, entry->set);
	}
	if (entry->package) {
		package_row(page, entry->package, ret);
	} else if (entry->edit) {
		edit_row(entry->edit, ret);
	} else if (entry->requirement) {
		requirement_row(page, entry->requirement, ret);
	} else if (entry->platform) {
		platform_row(page, entry->platform, ret);
	}
	if (entry->fails) {
		line(&ret->name);
		strong(&ret->name, "fails by the policy");
	}
}

void lk_page_row_done(struct lk_page_row *row)
{
	lk_vec_done(&row->name);
	lk_vec_done(&row->old);
	lk_vec_done(&row->new);
	lk_vec_done(&row->where);
	lk_vec_done(&row->size);
	lk_vec_done(&row->why);
}

/* ---- all entries of a kind ---- */

static const char *advice_on(enum lk_change kind)
{
	switch (kind) {
	case LK_CHANGE_HASH:
		return "The same version and build now has other bytes. A channel that rebuilds "
		       "a file under its old name, or somebody in between: find out which before "
		       "this is merged.";
	case LK_CHANGE_CUDA:
		return "A build for CUDA came or went: code that ran on a GPU may now run on the "
		       "CPU, or need a driver that is not there.";
	case LK_CHANGE_CHANNEL:
		return "Packages come from another place, or the order in which places are asked "
		       "changed. Is it one you trust?";
	case LK_CHANGE_SCRIPTS:
		return "The new archive brings link scripts, code that may run at installation; "
		       "the old one had none.";
	case LK_CHANGE_GPU:
		return "GPUs that the old package has code for are not served by the new one: "
		       "nothing of it runs there.";
	case LK_CHANGE_GLIBC:
		return "On machines with an older C library the new package does not load.";
	case LK_CHANGE_REQUIREMENT:
		return "Machines that could install the old lock may not be able to install this "
		       "one.";
	default:
		return NULL;
	}
}

static void put_moves(struct lk_diff_page *page, struct lk_page_cell *cell)
{
	for (size_t i = 0; i < page->moves.len && i < MOVES_MAX; i++) {
		const struct lk_page_move *move = &page->moves.items[i];
		words_of(cell,
			lk_str_printf(&page->arena, "%s%zu package%s from ", i == 0 ? " " : ", ",
				move->n, move->n == 1 ? "" : "s"));
		foreign(cell, move->from);
		words(cell, " to ");
		foreign(cell, move->to);
	}
	if (page->moves.len > 0) {
		words(cell, page->moves.len > MOVES_MAX ? " and others." : ".");
	}
}

void lk_diff_page_advice(struct lk_diff_page *page, enum lk_change kind, struct lk_page_cell *ret)
{
	const char *advice = advice_on(kind);
	lk_vec_clear(ret);
	if (advice) {
		words(ret, advice);
	}
	if (kind == LK_CHANGE_CHANNEL) {
		put_moves(page, ret);
	}
}

/* ---- the head ---- */

static void put_asked(struct lk_page_cell *cell, const struct lk_lock_edit *edit)
{
	switch (edit->kind) {
	case LK_EDIT_ADDED:
		words(cell, "new ");
		foreign(cell, edit->key);
		break;
	case LK_EDIT_REMOVED:
		words(cell, "no more ");
		foreign(cell, edit->key);
		break;
	case LK_EDIT_REORDERED:
		words(cell, "another order");
		break;
	default:
		foreign(cell, edit->from);
		words(cell, " → ");
		foreign(cell, edit->to);
	}
}

void lk_diff_page_judgement(struct lk_diff_page *page, struct lk_page_cell *ret)
{
	const struct lk_policy *policy = page->options->policy;
	lk_vec_clear(ret);
	if (!policy) {
		return;
	}
	words(ret, "Policy ");
	foreign(ret, policy->file);
	if (page->n_failing == 0) {
		words(ret, ": everything passes.");
		return;
	}
	words(ret, ": ");
	const char *verb = page->n_failing == 1 ? "change fails" : "changes fail";
	lk_str count = lk_str_printf(&page->arena, "%zu %s.", page->n_failing, verb);
	strong(ret, count.ptr);
}

void lk_diff_page_asked(struct lk_diff_page *page, struct lk_page_cell *ret)
{
	size_t n = 0;
	lk_vec_clear(ret);
	for (size_t i = 0; i < page->groups.n_edits; i++) {
		const struct lk_lock_edit *edit = page->groups.edits[i].edit;
		if (edit->field == LK_EDIT_SPECS && n++ < ASKED_MAX) {
			words(ret, n == 1 ? "Specs: " : ", ");
			put_asked(ret, edit);
		}
	}
	if (n > ASKED_MAX) {
		words_of(ret, lk_str_printf(&page->arena, " and %zu more", n - ASKED_MAX));
	}
}
