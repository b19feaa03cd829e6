/*
 * The changes of several platforms, each once.
 */
#include "lock/lock_diff_group.h"

#include <stdlib.h>

#include "base/map.h"
#include "lock/lock_diff_facts_priv.h"

#define KEY_MAX (2 * LK_LOCK_MAX_BYTES)

/* One change while platforms are added to it. */
struct group {
	const void *item; /* on the first platform */
	struct lk_u32s platforms;
	uint32_t set;
	bool same_build, has_growth;
	int64_t growth_min, growth_max;
};

struct groups LK_VEC_OF(struct group);

struct set {
	struct lk_diff_set set;
	uint32_t index; /* before the sets were sorted */
};

struct maker {
	const struct lk_lock_diff *diff;
	struct lk_diff_groups *ret;
	struct lk_buf key;
	struct lk_map map; /* keys, to the index into the groups at hand */
	struct LK_VEC_OF(struct set) sets;
	struct lk_map set_index;
};

/* ---- what makes two changes the same ---- */

static void put_part(struct maker *m, lk_str text)
{
	lk_buf_put(&m->key, text);
	lk_buf_putc(&m->key, '\n');
}

static void put_hash(struct maker *m, const struct lk_record *record)
{
	lk_buf_append(&m->key, record->sha256.bytes, sizeof(record->sha256.bytes));
}

/* The build number by the build's end ("py312h58c1407_0"); the whole build where there is none. */
static lk_str number_of(lk_str build)
{
	size_t at = build.len;
	while (at > 0 && lk_is_digit(build.ptr[at - 1])) {
		at--;
	}
	bool is_number = at < build.len && (at == 0 || build.ptr[at - 1] == '_');
	return is_number ? lk_str_skip(build, at) : build;
}

static void put_record(
	struct maker *m, const struct lk_package_change *change, const struct lk_record *record)
{
	if (!record) {
		lk_buf_puts(&m->key, "-\n");
		return;
	}
	put_part(m, record->version);
	if (lk_package_has(change, LK_CHANGE_REBUILT)) {
		put_part(m, number_of(record->build));
	}
	if (lk_package_has(change, LK_CHANGE_HASH) || lk_package_has(change, LK_CHANGE_REPACKED)) {
		put_hash(m, record);
	}
	if (lk_package_has(change, LK_CHANGE_CHANNEL)) {
		put_part(m, record->channel);
	}
	if (lk_package_has(change, LK_CHANGE_LICENSE)) {
		put_part(m, record->license);
	}
	if (lk_diff_tells_facts(change)) {
		put_part(m, record->facts.gpu);
		put_part(m, record->facts.glibc);
	}
	if (lk_package_has(change, LK_CHANGE_DEPENDS)) {
		put_part(m, record->build);
	}
}

static void put_package(struct maker *m, const struct lk_package_change *change)
{
	put_part(m, change->name);
	lk_buf_appendf(&m->key, "%x %d\n", change->kinds, change->to_cuda);
	put_record(m, change, change->from);
	put_record(m, change, change->to);
}

static void put_edit(struct maker *m, const struct lk_lock_edit *edit)
{
	lk_buf_appendf(&m->key, "%d %d\n", (int)edit->field, (int)edit->kind);
	put_part(m, edit->key);
	put_part(m, edit->from);
	put_part(m, edit->to);
}

static void put_requirement(struct maker *m, const struct lk_requirement_change *requirement)
{
	put_part(m, requirement->name);
	lk_buf_appendf(&m->key, "%d %d %d\n", requirement->rose, requirement->had_to_be_there,
		requirement->must_be_there);
	put_part(m, requirement->from);
	put_part(m, requirement->to);
}

/* The group of the key just put, a new one of ITEM if need be; PLATFORM is on it now. */
static struct group *group_of(
	struct maker *m, struct groups *groups, const void *item, uint32_t platform)
{
	lk_str key = lk_buf_view(&m->key);
	uint32_t at = lk_map_get(&m->map, key);
	if (at >= groups->len) { /* none yet */
		at = (uint32_t)groups->len;
		lk_map_add(&m->map, lk_str_dup(&m->ret->arena, key), at);
		lk_vec_push(groups, (struct group){.item = item});
	}
	lk_buf_clear(&m->key);
	struct group *group = &groups->items[at];
	struct lk_u32s *platforms = &group->platforms;
	if (!platforms->items || platforms->items[platforms->len - 1] != platform) {
		lk_vec_push(platforms, platform);
	}
	return group;
}

/* ---- sets of platforms ---- */

static size_t count_shared(const struct lk_lock_diff *diff)
{
	size_t n = 0;
	for (size_t i = 0; i < diff->n_platforms; i++) {
		n += diff->platforms[i].from && diff->platforms[i].to ? 1 : 0;
	}
	return n;
}

/* Gives each group the index of its set, made if need be, and takes its vector away. */
static void find_sets(struct maker *m, struct groups *groups)
{
	size_t n_shared = count_shared(m->diff);
	for (size_t i = 0; i < groups->len; i++) {
		struct lk_u32s *platforms = &groups->items[i].platforms;
		size_t bytes = platforms->len * sizeof(*platforms->items);
		lk_str key = lk_str_n((const char *)platforms->items, bytes);
		uint32_t at = lk_map_get(&m->set_index, key);
		if (at == LK_MAP_NONE) {
			uint32_t *items =
				lk_arena_calloc(&m->ret->arena, platforms->len, sizeof(*items));
			memcpy(items, platforms->items, bytes);
			at = (uint32_t)m->sets.len;
			lk_map_add(&m->set_index, lk_str_n((const char *)items, bytes), at);
			lk_vec_push(&m->sets,
				(struct set){
					{items, platforms->len, platforms->len == n_shared}, at});
		}
		groups->items[i].set = at;
		lk_vec_done(platforms);
	}
	lk_map_done(&m->map);
}

static int by_size(const void *a, const void *b)
{
	const struct lk_diff_set *left = &((const struct set *)a)->set;
	const struct lk_diff_set *right = &((const struct set *)b)->set;
	if (left->n != right->n) {
		return left->n > right->n ? -1 : 1;
	}
	for (size_t i = 0; i < left->n; i++) {
		if (left->platforms[i] != right->platforms[i]) {
			return left->platforms[i] < right->platforms[i] ? -1 : 1;
		}
	}
	return 0;
}

/* Puts the sets in order; RET_RANKS[i] is where set I is now. */
static void sort_sets(struct maker *m, uint32_t *ranks)
{
	struct lk_diff_set *sets = lk_arena_calloc(&m->ret->arena, m->sets.len, sizeof(*sets));
	if (m->sets.len > 0) {
		qsort(m->sets.items, m->sets.len, sizeof(*m->sets.items), by_size);
	}
	for (uint32_t i = 0; i < m->sets.len; i++) {
		sets[i] = m->sets.items[i].set;
		ranks[m->sets.items[i].index] = i;
	}
	m->ret->sets = sets;
	m->ret->n_sets = m->sets.len;
}

/* ---- packages ---- */

static void add_package(
	struct maker *m, struct groups *groups, const struct lk_package_change *change, uint32_t at)
{
	put_package(m, change);
	struct group *group = group_of(m, groups, change, at);
	const struct lk_package_change *first = group->item;
	const struct lk_record *mine = change->to ? change->to : change->from;
	const struct lk_record *its = first->to ? first->to : first->from;
	bool is_first = group->platforms.len == 1;
	group->same_build = (is_first || group->same_build) && lk_str_eq(mine->build, its->build);
	if (change->has_growth) {
		bool known = group->has_growth;
		group->growth_min = known && group->growth_min < change->growth ? group->growth_min
										: change->growth;
		group->growth_max = known && group->growth_max > change->growth ? group->growth_max
										: change->growth;
		group->has_growth = true;
	}
}

static int by_kind_set_name(const void *a, const void *b)
{
	const struct lk_package_group *left = a;
	const struct lk_package_group *right = b;
	if (left->change->kind != right->change->kind) {
		return left->change->kind < right->change->kind ? -1 : 1;
	}
	if (left->set != right->set) {
		return left->set < right->set ? -1 : 1;
	}
	return lk_str_cmp(left->change->name, right->change->name);
}

static void take_packages(struct maker *m, struct groups *groups, const uint32_t *ranks)
{
	struct lk_package_group *items =
		lk_arena_calloc(&m->ret->arena, groups->len, sizeof(*items));
	for (size_t i = 0; i < groups->len; i++) {
		const struct group *group = &groups->items[i];
		const struct lk_package_change *change = group->item;
		items[i] = (struct lk_package_group){change, ranks[group->set], group->same_build,
			group->has_growth, group->growth_min, group->growth_max};
		m->ret->counts[change->kind]++;
	}
	if (groups->len > 0) {
		qsort(items, groups->len, sizeof(*items), by_kind_set_name);
	}
	m->ret->packages = items;
	m->ret->n_packages = groups->len;
	lk_vec_done(groups);
}

/* ---- edits and requirements ---- */

static int by_field_and_set(const void *a, const void *b)
{
	const struct lk_edit_group *left = a;
	const struct lk_edit_group *right = b;
	if (left->edit->field != right->edit->field) {
		return left->edit->field < right->edit->field ? -1 : 1;
	}
	if (left->set != right->set) {
		return left->set < right->set ? -1 : 1;
	}
	/* Of the same first platform, so in one array. */
	return left->edit < right->edit ? -1 : left->edit > right->edit;
}

static void take_edits(struct maker *m, struct groups *groups, const uint32_t *ranks)
{
	struct lk_edit_group *items = lk_arena_calloc(&m->ret->arena, groups->len, sizeof(*items));
	for (size_t i = 0; i < groups->len; i++) {
		items[i].edit = groups->items[i].item;
		items[i].set = ranks[groups->items[i].set];
	}
	if (groups->len > 0) {
		qsort(items, groups->len, sizeof(*items), by_field_and_set);
	}
	m->ret->edits = items;
	m->ret->n_edits = groups->len;
	lk_vec_done(groups);
}

static int by_rise_set_name(const void *a, const void *b)
{
	const struct lk_requirement_group *left = a;
	const struct lk_requirement_group *right = b;
	if (left->requirement->rose != right->requirement->rose) {
		return left->requirement->rose ? -1 : 1;
	}
	if (left->set != right->set) {
		return left->set < right->set ? -1 : 1;
	}
	return lk_str_cmp(left->requirement->name, right->requirement->name);
}

static void take_requirements(struct maker *m, struct groups *groups, const uint32_t *ranks)
{
	struct lk_requirement_group *items =
		lk_arena_calloc(&m->ret->arena, groups->len, sizeof(*items));
	for (size_t i = 0; i < groups->len; i++) {
		items[i].requirement = groups->items[i].item;
		items[i].set = ranks[groups->items[i].set];
	}
	if (groups->len > 0) {
		qsort(items, groups->len, sizeof(*items), by_rise_set_name);
	}
	m->ret->requirements = items;
	m->ret->n_requirements = groups->len;
	lk_vec_done(groups);
}

static struct groups collect_packages(struct maker *m)
{
	struct groups groups = {0};
	for (uint32_t i = 0; i < m->diff->n_platforms; i++) {
		const struct lk_platform_diff *platform = &m->diff->platforms[i];
		for (size_t k = 0; k < platform->n_changes; k++) {
			add_package(m, &groups, &platform->changes[k], i);
		}
	}
	find_sets(m, &groups);
	return groups;
}

static struct groups collect_edits(struct maker *m)
{
	struct groups groups = {0};
	for (uint32_t i = 0; i < m->diff->n_platforms; i++) {
		const struct lk_lock_edits *edits = &m->diff->platforms[i].edits;
		for (size_t k = 0; k < edits->n; k++) {
			put_edit(m, &edits->items[k]);
			(void)group_of(m, &groups, &edits->items[k], i);
		}
	}
	find_sets(m, &groups);
	return groups;
}

static struct groups collect_requirements(struct maker *m)
{
	struct groups groups = {0};
	for (uint32_t i = 0; i < m->diff->n_platforms; i++) {
		const struct lk_platform_diff *platform = &m->diff->platforms[i];
		for (size_t k = 0; k < platform->n_requirements; k++) {
			put_requirement(m, &platform->requirements[k]);
			(void)group_of(m, &groups, &platform->requirements[k], i);
		}
	}
	find_sets(m, &groups);
	return groups;
}

void lk_diff_groups_make(const struct lk_lock_diff *diff, struct lk_diff_groups *ret)
{
	*ret = (struct lk_diff_groups){0};
	lk_arena_init(&ret->arena);
	struct maker m = {.diff = diff, .ret = ret, .key = LK_BUF_INIT(KEY_MAX)};
	struct groups packages = collect_packages(&m);
	struct groups edits = collect_edits(&m);
	struct groups requirements = collect_requirements(&m);
	uint32_t *ranks = lk_calloc(m.sets.len, sizeof(*ranks));
	sort_sets(&m, ranks);
	take_packages(&m, &packages, ranks);
	take_edits(&m, &edits, ranks);
	take_requirements(&m, &requirements, ranks);
	lk_free(ranks);
	lk_vec_done(&m.sets);
	lk_map_done(&m.set_index);
	lk_buf_done(&m.key);
}

void lk_diff_groups_done(struct lk_diff_groups *groups)
{
	lk_arena_done(&groups->arena);
	*groups = (struct lk_diff_groups){0};
}
