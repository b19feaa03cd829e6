/*
 * What changed outside the packages: the header's lines and those of a platform.
 */
#include "lock/lock_diff_priv.h"

struct edits LK_VEC_OF(struct lk_lock_edit);

/* An item of a list (no value) or a named value. */
struct pair {
	lk_str key, value;
};

struct pairs {
	struct pair *items;
	size_t n;
};

/* The vector's content as the diff's own; the vector is emptied. */
static struct lk_lock_edits take_edits(struct edits *edits, struct lk_arena *arena)
{
	struct lk_lock_edit *items = lk_arena_calloc(arena, edits->len, sizeof(*items));
	for (size_t i = 0; i < edits->len; i++) {
		items[i] = edits->items[i];
	}
	struct lk_lock_edits taken = {items, edits->len};
	lk_vec_done(edits);
	return taken;
}

static void add_edit(struct edits *edits, enum lk_edit_field field, enum lk_edit_kind kind,
	lk_str key, lk_str from, lk_str to)
{
	static const enum lk_change changes[] = {
		[LK_EDIT_REQUIRES_DEPENDS] = LK_CHANGE_COUNT,
		[LK_EDIT_REQUIRES_CONSTRAINS] = LK_CHANGE_COUNT,
		[LK_EDIT_SPECS] = LK_CHANGE_SPECS,
		[LK_EDIT_PINS] = LK_CHANGE_SPECS,
		[LK_EDIT_SOLVED_WITH] = LK_CHANGE_SETTINGS,
		[LK_EDIT_CHANNELS] = LK_CHANGE_CHANNEL,
		[LK_EDIT_CHANNEL_PRIORITY] = LK_CHANGE_CHANNEL,
		[LK_EDIT_EXCLUDE_NEWER] = LK_CHANGE_SETTINGS,
		[LK_EDIT_VARIABLES] = LK_CHANGE_VARIABLES,
	};
	lk_vec_push(edits, (struct lk_lock_edit){field, kind, changes[field], key, from, to});
}

/* Do the keys that both have stand in the same order? */
static bool same_order(const struct pairs *from, const struct pairs *to,
	const struct lk_map *in_from, const struct lk_map *in_to)
{
	size_t i = 0;
	size_t j = 0;
	for (;;) {
		while (i < from->n && lk_map_get(in_to, from->items[i].key) == LK_MAP_NONE) {
			i++;
		}
		while (j < to->n && lk_map_get(in_from, to->items[j].key) == LK_MAP_NONE) {
			j++;
		}
		if (i == from->n || j == to->n) {
			return true;
		}
		if (!lk_str_eq(from->items[i++].key, to->items[j++].key)) {
			return false;
		}
	}
}

static void index_pairs(const struct pairs *pairs, struct lk_map *map)
{
	for (size_t i = 0; i < pairs->n; i++) {
		lk_map_add(map, pairs->items[i].key, (uint32_t)i);
	}
}

static void compare_pairs(struct edits *edits, enum lk_edit_field field, bool ordered,
	const struct pairs *from, const struct pairs *to)
{
	lk_str none = {NULL, 0};
	struct lk_map in_from = {0};
	struct lk_map in_to = {0};
	index_pairs(from, &in_from);
	index_pairs(to, &in_to);
	for (size_t i = 0; i < from->n; i++) {
		const struct pair *old = &from->items[i];
		uint32_t at = lk_map_get(&in_to, old->key);
		if (at == LK_MAP_NONE) {
			add_edit(edits, field, LK_EDIT_REMOVED, old->key, old->value, none);
		} else if (!lk_str_eq(old->value, to->items[at].value)) {
			add_edit(edits, field, LK_EDIT_CHANGED, old->key, old->value,
				to->items[at].value);
		}
	}
	for (size_t i = 0; i < to->n; i++) {
		const struct pair *new = &to->items[i];
		if (lk_map_get(&in_from, new->key) == LK_MAP_NONE) {
			add_edit(edits, field, LK_EDIT_ADDED, new->key, none, new->value);
		}
	}
	if (ordered && !same_order(from, to, &in_from, &in_to)) {
		add_edit(edits, field, LK_EDIT_REORDERED, none, none, none);
	}
	lk_map_done(&in_from);
	lk_map_done(&in_to);
}

static void compare_text(struct edits *edits, enum lk_edit_field field, lk_str from, lk_str to)
{
	if (lk_str_eq(from, to)) {
		return;
	}
	enum lk_edit_kind kind = from.len == 0 ? LK_EDIT_ADDED
		: to.len == 0                  ? LK_EDIT_REMOVED
					       : LK_EDIT_CHANGED;
	add_edit(edits, field, kind, (lk_str){NULL, 0}, from, to);
}

static struct pairs pairs_of_list(struct lk_arena *arena, const struct lk_str_list *list)
{
	struct pairs pairs = {lk_arena_calloc(arena, list->n, sizeof(*pairs.items)), list->n};
	for (size_t i = 0; i < list->n; i++) {
		pairs.items[i].key = list->items[i];
	}
	return pairs;
}

/* A channel is what its URL leads to. */
static struct pairs pairs_of_channels(struct lk_arena *arena, const struct lk_lock *lock)
{
	size_t n = lock->n_channels;
	struct pairs pairs = {lk_arena_calloc(arena, n, sizeof(*pairs.items)), n};
	for (size_t i = 0; i < n; i++) {
		pairs.items[i] = (struct pair){lock->channels[i].url, lock->channels[i].name};
	}
	return pairs;
}

static struct pairs pairs_of_variables(struct lk_arena *arena, const struct lk_lock *lock)
{
	size_t n = lock->n_variables;
	struct pairs pairs = {lk_arena_calloc(arena, n, sizeof(*pairs.items)), n};
	for (size_t i = 0; i < n; i++) {
		pairs.items[i] = (struct pair){lock->variables[i].name, lock->variables[i].value};
	}
	return pairs;
}

static struct pairs pairs_of_virtuals(struct lk_arena *arena, const struct lk_virtuals *virtuals)
{
	size_t n = virtuals->len;
	struct pairs pairs = {lk_arena_calloc(arena, n, sizeof(*pairs.items)), n};
	for (size_t i = 0; i < n; i++) {
		const struct lk_virtual *virtual = &virtuals->items[i];
		bool plain = virtual->build.len == 0 || lk_str_is(virtual->build, "0");
		pairs.items[i].key = virtual->name;
		pairs.items[i].value = plain
			? virtual->version
			: lk_str_printf(arena, LK_STR_FMT "=" LK_STR_FMT,
				  LK_STR_ARG(virtual->version), LK_STR_ARG(virtual->build));
	}
	return pairs;
}

static void compare_lists(struct edits *edits, enum lk_edit_field field, bool ordered,
	const struct lk_str_list *from, const struct lk_str_list *to, struct lk_arena *arena)
{
	struct pairs old = pairs_of_list(arena, from);
	struct pairs new = pairs_of_list(arena, to);
	compare_pairs(edits, field, ordered, &old, &new);
}

/* What a removed and an added item must share to be one changed item: the name of a channel, the
 * package of a spec. Empty: nothing. */
static lk_str link_of(const struct lk_lock_edit *edit, struct lk_arena *arena)
{
	const struct lk_matchspec *spec;
	struct lk_error ignored = LK_ERROR_INIT;
	if (edit->kind != LK_EDIT_REMOVED && edit->kind != LK_EDIT_ADDED) {
		return LK_STR("");
	}
	if (edit->field == LK_EDIT_CHANNELS) {
		return edit->key;
	}
	if (lk_matchspec_parse(edit->key, LK_SPEC_USER, arena, &spec, &ignored) < 0 ||
		spec->name_kind != LK_PATTERN_EXACT) {
		return LK_STR("");
	}
	return spec->name;
}

/* OLD was removed and NEW added in its place. */
static void join(struct lk_lock_edit *old, const struct lk_lock_edit *new, lk_str link)
{
	bool is_channel = old->field == LK_EDIT_CHANNELS;
	old->kind = LK_EDIT_CHANGED;
	old->from = is_channel ? old->from : old->key;
	old->to = is_channel ? new->to : new->key;
	old->key = link;
}

/* Makes one edit of a removed and an added item about the same thing, each used once, from FIRST
 * on. It stands where the removed one stood. */
static void join_pairs(struct edits *edits, size_t first, struct lk_arena *arena)
{
	struct lk_map removed = {0};
	size_t n = first;
	for (size_t i = first; i < edits->len; i++) {
		struct lk_lock_edit edit = edits->items[i];
		lk_str link = link_of(&edit, arena);
		uint32_t at = LK_MAP_NONE;
		if (link.len > 0 && edit.kind == LK_EDIT_REMOVED) {
			lk_map_add(&removed, link, (uint32_t)n);
		} else if (link.len > 0) {
			at = lk_map_get(&removed, link);
		}
		if (at != LK_MAP_NONE && edits->items[at].kind == LK_EDIT_REMOVED) {
			join(&edits->items[at], &edit, link);
		} else {
			edits->items[n++] = edit;
		}
	}
	edits->len = n;
	lk_map_done(&removed);
}

/* From URLs with names, as they were compared, to names with URLs, as people see channels. */
static void turn_channels(struct edits *edits)
{
	for (size_t i = 0; i < edits->len; i++) {
		struct lk_lock_edit *edit = &edits->items[i];
		lk_str url = edit->key;
		if (edit->kind == LK_EDIT_CHANGED) {
			edit->kind = LK_EDIT_RENAMED;
			edit->change = LK_CHANGE_SETTINGS;
		} else if (edit->kind == LK_EDIT_REMOVED) {
			edit->key = edit->from;
			edit->from = url;
		} else if (edit->kind == LK_EDIT_ADDED) {
			edit->key = edit->to;
			edit->to = url;
		}
	}
}

struct lk_lock_edits lk_diff_edits(const struct lk_diff_maker *m,
	const struct lk_lock_platform *from, const struct lk_lock_platform *to)
{
	struct edits edits = {0};
	compare_lists(&edits, LK_EDIT_REQUIRES_DEPENDS, false, &from->requires_depends,
		&to->requires_depends, m->arena);
	compare_lists(&edits, LK_EDIT_REQUIRES_CONSTRAINS, false, &from->requires_constrains,
		&to->requires_constrains, m->arena);
	size_t first = edits.len;
	compare_lists(&edits, LK_EDIT_SPECS, true, &from->specs, &to->specs, m->arena);
	join_pairs(&edits, first, m->arena);
	first = edits.len;
	compare_lists(&edits, LK_EDIT_PINS, false, &from->pins, &to->pins, m->arena);
	join_pairs(&edits, first, m->arena);
	struct pairs had = pairs_of_virtuals(m->arena, &from->solved_with);
	struct pairs has = pairs_of_virtuals(m->arena, &to->solved_with);
	compare_pairs(&edits, LK_EDIT_SOLVED_WITH, false, &had, &has);
	return take_edits(&edits, m->arena);
}

struct lk_lock_edits lk_diff_headers(const struct lk_diff_maker *m)
{
	const struct lk_lock *from = m->from;
	const struct lk_lock *to = m->to;
	struct edits edits = {0};
	struct pairs old = pairs_of_channels(m->arena, from);
	struct pairs new = pairs_of_channels(m->arena, to);
	compare_pairs(&edits, LK_EDIT_CHANNELS, true, &old, &new);
	turn_channels(&edits);
	join_pairs(&edits, 0, m->arena);
	compare_text(
		&edits, LK_EDIT_CHANNEL_PRIORITY, from->channel_priority, to->channel_priority);
	compare_text(&edits, LK_EDIT_EXCLUDE_NEWER, from->exclude_newer, to->exclude_newer);
	old = pairs_of_variables(m->arena, from);
	new = pairs_of_variables(m->arena, to);
	compare_pairs(&edits, LK_EDIT_VARIABLES, false, &old, &new);
	return take_edits(&edits, m->arena);
}
