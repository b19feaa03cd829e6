/*
 * Two locks compared by value: header lines, then platform by platform, package by package.
 */
#include "lock/lock_diff.h"

#include <stdlib.h>

#include "base/map.h"
#include "conda/version.h"

struct edits LK_VEC_OF(struct lk_lock_edit);
struct changes LK_VEC_OF(struct lk_package_change);

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
	struct lk_map in_from = {0};
	struct lk_map in_to = {0};
	index_pairs(from, &in_from);
	index_pairs(to, &in_to);
	for (size_t i = 0; i < from->n; i++) {
		const struct pair *old = &from->items[i];
		uint32_t at = lk_map_get(&in_to, old->key);
		if (at == LK_MAP_NONE) {
			lk_vec_push(edits,
				(struct lk_lock_edit){
					field, LK_EDIT_REMOVED, old->key, old->value, {NULL, 0}});
		} else if (!lk_str_eq(old->value, to->items[at].value)) {
			lk_vec_push(edits,
				(struct lk_lock_edit){field, LK_EDIT_CHANGED, old->key, old->value,
					to->items[at].value});
		}
	}
	for (size_t i = 0; i < to->n; i++) {
		const struct pair *new = &to->items[i];
		if (lk_map_get(&in_from, new->key) == LK_MAP_NONE) {
			lk_vec_push(edits,
				(struct lk_lock_edit){
					field, LK_EDIT_ADDED, new->key, {NULL, 0}, new->value});
		}
	}
	if (ordered && !same_order(from, to, &in_from, &in_to)) {
		lk_vec_push(edits,
			(struct lk_lock_edit){
				field, LK_EDIT_REORDERED, {NULL, 0}, {NULL, 0}, {NULL, 0}});
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
	lk_vec_push(edits, (struct lk_lock_edit){field, kind, {NULL, 0}, from, to});
}

static struct pairs pairs_of_list(struct lk_arena *arena, const struct lk_str_list *list)
{
	struct pairs pairs = {lk_arena_calloc(arena, list->n, sizeof(*pairs.items)), list->n};
	for (size_t i = 0; i < list->n; i++) {
		pairs.items[i].key = list->items[i];
	}
	return pairs;
}

static struct pairs pairs_of_channels(struct lk_arena *arena, const struct lk_lock *lock)
{
	size_t n = lock->n_channels;
	struct pairs pairs = {lk_arena_calloc(arena, n, sizeof(*pairs.items)), n};
	for (size_t i = 0; i < n; i++) {
		pairs.items[i] = (struct pair){lock->channels[i].name, lock->channels[i].url};
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

static bool same_list(const struct lk_str_list *a, const struct lk_str_list *b)
{
	if (a->n != b->n) {
		return false;
	}
	for (size_t i = 0; i < a->n; i++) {
		if (!lk_str_eq(a->items[i], b->items[i])) {
			return false;
		}
	}
	return true;
}

static bool same_sha256(const struct lk_record *a, const struct lk_record *b)
{
	return a->has_sha256 && b->has_sha256 && lk_sha256_eq(&a->sha256, &b->sha256);
}

static bool same_origin(const struct lk_record *a, const struct lk_record *b)
{
	bool same_md5 = a->has_md5 == b->has_md5 &&
		(!a->has_md5 || memcmp(&a->md5, &b->md5, sizeof(a->md5)) == 0);
	bool same_size = a->has_size == b->has_size && (!a->has_size || a->size == b->size);
	return same_md5 && same_size && lk_str_eq(a->subdir, b->subdir) &&
		lk_str_eq(a->fn, b->fn) && lk_str_eq(a->url, b->url);
}

/* Versions in conda's order; texts that are no versions in the order of bytes. */
static int compare_versions(lk_str a, lk_str b)
{
	if (lk_str_eq(a, b)) {
		return 0;
	}
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error ignored = LK_ERROR_INIT;
	const struct lk_version *left;
	const struct lk_version *right;
	if (lk_version_parse(a, &arena, &left, &ignored) < 0 ||
		lk_version_parse(b, &arena, &right, &ignored) < 0) {
		return lk_str_cmp(a, b);
	}
	return lk_version_cmp(left, right);
}

static unsigned bit_if(bool condition, enum lk_change change)
{
	return condition ? 1u << change : 0;
}

static unsigned kinds_of(const struct lk_record *from, const struct lk_record *to)
{
	int order = compare_versions(from->version, to->version);
	bool same_name = lk_str_eq(from->version, to->version) && lk_str_eq(from->build, to->build);
	bool same_channel = lk_str_eq(from->channel, to->channel);
	bool same_content = same_sha256(from, to);
	unsigned kinds = bit_if(same_name && same_channel && !same_content, LK_CHANGE_HASH) |
		bit_if(!same_channel, LK_CHANGE_CHANNEL) | bit_if(order > 0, LK_CHANGE_DOWNGRADED) |
		bit_if(!lk_str_eq(from->license, to->license), LK_CHANGE_LICENSE) |
		bit_if(order < 0, LK_CHANGE_UPGRADED) |
		bit_if(order == 0 && !same_name, LK_CHANGE_REBUILT);
	if (same_name) {
		bool same_needs = same_list(&from->depends, &to->depends) &&
			same_list(&from->constrains, &to->constrains) &&
			same_list(&from->active_extras, &to->active_extras);
		kinds |= bit_if(!same_needs, LK_CHANGE_DEPENDS);
		kinds |= bit_if(!same_origin(from, to), LK_CHANGE_ORIGIN);
	}
	return kinds;
}

static enum lk_change most_risky(unsigned kinds)
{
	enum lk_change kind = LK_CHANGE_HASH;
	while (!(kinds & 1u << kind)) {
		kind++;
	}
	return kind;
}

/* FROM or TO is NULL for a package that only the other lock has. */
static void add_change(struct lk_platform_diff *diff, struct changes *changes,
	const struct lk_record *from, const struct lk_record *to)
{
	lk_str name = LK_STR("");
	unsigned kinds = !from ? 1u << LK_CHANGE_ADDED
		: !to          ? 1u << LK_CHANGE_REMOVED
			       : kinds_of(from, to);
	if (from) {
		name = from->name;
		diff->size_from += from->size;
	}
	if (to) {
		name = to->name;
		diff->size_to += to->size;
		diff->download += from && same_sha256(from, to) ? 0 : to->size;
	}
	if (kinds != 0) {
		enum lk_change kind = most_risky(kinds);
		diff->counts[kind]++;
		lk_vec_push(changes, (struct lk_package_change){name, kind, kinds, from, to});
	}
}

static int by_risk_and_name(const void *a, const void *b)
{
	const struct lk_package_change *left = a;
	const struct lk_package_change *right = b;
	if (left->kind != right->kind) {
		return left->kind < right->kind ? -1 : 1;
	}
	return lk_str_cmp(left->name, right->name);
}

static void compare_packages(const struct lk_lock_platform *from, const struct lk_lock_platform *to,
	struct lk_platform_diff *diff, struct lk_arena *arena)
{
	struct changes changes = {0};
	size_t i = 0;
	size_t j = 0;
	while (i < from->n_packages || j < to->n_packages) {
		int order = i == from->n_packages ? 1
			: j == to->n_packages
			? -1
			: lk_str_cmp(from->packages[i].name, to->packages[j].name);
		const struct lk_record *old = order <= 0 ? &from->packages[i++] : NULL;
		const struct lk_record *new = order >= 0 ? &to->packages[j++] : NULL;
		add_change(diff, &changes, old, new);
	}
	struct lk_package_change *items = lk_arena_calloc(arena, changes.len, sizeof(*items));
	for (size_t k = 0; k < changes.len; k++) {
		items[k] = changes.items[k];
	}
	if (changes.len > 0) {
		qsort(items, changes.len, sizeof(*items), by_risk_and_name);
	}
	diff->changes = items;
	diff->n_changes = changes.len;
	lk_vec_done(&changes);
}

/* FROM or TO is NULL for a platform that only the other lock has. */
static struct lk_platform_diff compare_platform(const struct lk_lock_platform *from,
	const struct lk_lock_platform *to, struct lk_arena *arena)
{
	static const struct lk_lock_platform nothing;
	const struct lk_lock_platform *old = from ? from : &nothing;
	const struct lk_lock_platform *new = to ? to : &nothing;
	struct lk_platform_diff diff = {
		.subdir = (from ? old : new)->subdir, .from = from, .to = to};
	struct edits edits = {0};
	compare_lists(&edits, LK_EDIT_REQUIRES_DEPENDS, false, &old->requires_depends,
		&new->requires_depends, arena);
	compare_lists(&edits, LK_EDIT_REQUIRES_CONSTRAINS, false, &old->requires_constrains,
		&new->requires_constrains, arena);
	compare_lists(&edits, LK_EDIT_SPECS, true, &old->specs, &new->specs, arena);
	compare_lists(&edits, LK_EDIT_PINS, false, &old->pins, &new->pins, arena);
	struct pairs had = pairs_of_virtuals(arena, &old->solved_with);
	struct pairs has = pairs_of_virtuals(arena, &new->solved_with);
	compare_pairs(&edits, LK_EDIT_SOLVED_WITH, false, &had, &has);
	diff.edits = take_edits(&edits, arena);
	compare_packages(old, new, &diff, arena);
	return diff;
}

static struct lk_lock_edits compare_headers(
	const struct lk_lock *from, const struct lk_lock *to, struct lk_arena *arena)
{
	struct edits edits = {0};
	struct pairs old = pairs_of_channels(arena, from);
	struct pairs new = pairs_of_channels(arena, to);
	compare_pairs(&edits, LK_EDIT_CHANNELS, true, &old, &new);
	compare_text(
		&edits, LK_EDIT_CHANNEL_PRIORITY, from->channel_priority, to->channel_priority);
	compare_text(&edits, LK_EDIT_EXCLUDE_NEWER, from->exclude_newer, to->exclude_newer);
	old = pairs_of_variables(arena, from);
	new = pairs_of_variables(arena, to);
	compare_pairs(&edits, LK_EDIT_VARIABLES, false, &old, &new);
	return take_edits(&edits, arena);
}

void lk_lock_diff_make(
	const struct lk_lock *from, const struct lk_lock *to, struct lk_lock_diff *ret)
{
	*ret = (struct lk_lock_diff){0};
	lk_arena_init(&ret->arena);
	ret->edits = compare_headers(from, to, &ret->arena);
	struct lk_platform_diff *platforms = lk_arena_calloc(
		&ret->arena, from->n_platforms + to->n_platforms, sizeof(*platforms));
	size_t i = 0;
	size_t j = 0;
	while (i < from->n_platforms || j < to->n_platforms) {
		int order = i == from->n_platforms ? 1
			: j == to->n_platforms
			? -1
			: lk_str_cmp(from->platforms[i].subdir, to->platforms[j].subdir);
		const struct lk_lock_platform *old = order <= 0 ? &from->platforms[i++] : NULL;
		const struct lk_lock_platform *new = order >= 0 ? &to->platforms[j++] : NULL;
		platforms[ret->n_platforms++] = compare_platform(old, new, &ret->arena);
	}
	ret->platforms = platforms;
}

void lk_lock_diff_done(struct lk_lock_diff *diff)
{
	lk_arena_done(&diff->arena);
	*diff = (struct lk_lock_diff){0};
}

bool lk_platform_diff_is_empty(const struct lk_platform_diff *diff)
{
	return diff->from && diff->to && diff->edits.n == 0 && diff->n_changes == 0;
}

bool lk_lock_diff_is_empty(const struct lk_lock_diff *diff, lk_str platform)
{
	bool empty = diff->edits.n == 0;
	for (size_t i = 0; i < diff->n_platforms; i++) {
		const struct lk_platform_diff *one = &diff->platforms[i];
		bool wanted = platform.len == 0 || lk_str_eq(one->subdir, platform);
		empty = empty && (!wanted || lk_platform_diff_is_empty(one));
	}
	return empty;
}

const char *lk_change_name(enum lk_change change)
{
	static const char *const names[LK_CHANGE_COUNT] = {
		[LK_CHANGE_HASH] = "hash-changed",
		[LK_CHANGE_CHANNEL] = "channel-changed",
		[LK_CHANGE_DOWNGRADED] = "downgraded",
		[LK_CHANGE_LICENSE] = "license-changed",
		[LK_CHANGE_ADDED] = "added",
		[LK_CHANGE_REMOVED] = "removed",
		[LK_CHANGE_UPGRADED] = "upgraded",
		[LK_CHANGE_REBUILT] = "rebuilt",
		[LK_CHANGE_DEPENDS] = "depends-changed",
		[LK_CHANGE_ORIGIN] = "origin-changed",
	};
	return names[change];
}

const char *lk_edit_field_name(enum lk_edit_field field)
{
	static const char *const names[] = {
		[LK_EDIT_REQUIRES_DEPENDS] = "requires.depends",
		[LK_EDIT_REQUIRES_CONSTRAINS] = "requires.constrains",
		[LK_EDIT_SPECS] = "specs",
		[LK_EDIT_PINS] = "pins",
		[LK_EDIT_SOLVED_WITH] = "solved-with",
		[LK_EDIT_CHANNELS] = "channels",
		[LK_EDIT_CHANNEL_PRIORITY] = "channel-priority",
		[LK_EDIT_EXCLUDE_NEWER] = "exclude-newer",
		[LK_EDIT_VARIABLES] = "variables",
	};
	return names[field];
}
