/*
 * What a lock asks of the host before and after: did any virtual package's requirement rise?
 */
#include "lock/lock_diff_priv.h"
#include "lock/lock_rules_priv.h"

/* All that one side asks of one virtual package. */
struct demand {
	bool must_be_there; /* some package depends on it */
	struct lk_version_bounds bounds;
	lk_str most;    /* the spec that asks for most; empty: none at all */
	lk_str unclear; /* a spec that the other side lacks and that bounds do not tell; or empty */
};

/* A walk over the names in both sides' lists, which are sorted. */
struct lists {
	const struct lk_str_list *lists[4];
	size_t at[4];
};

static lk_str name_of(lk_str spec)
{
	size_t n = 0;
	while (n < spec.len &&
		(lk_is_alnum(spec.ptr[n]) || spec.ptr[n] == '_' || spec.ptr[n] == '-')) {
		n++;
	}
	return lk_str_slice(spec, 0, n);
}

/* The first name that is left, and of each list what it says about it. False at the end. */
static bool next_name(struct lists *w, lk_str *ret_name, struct lk_str_list ret_parts[4])
{
	lk_str name = {NULL, 0};
	for (size_t i = 0; i < 4; i++) {
		if (w->at[i] < w->lists[i]->n) {
			lk_str first = name_of(w->lists[i]->items[w->at[i]]);
			name = !name.ptr || lk_str_cmp(first, name) < 0 ? first : name;
		}
	}
	for (size_t i = 0; i < 4; i++) {
		size_t from = w->at[i];
		while (w->at[i] < w->lists[i]->n &&
			lk_str_eq(name_of(w->lists[i]->items[w->at[i]]), name)) {
			w->at[i]++;
		}
		ret_parts[i].items = w->lists[i]->items + from;
		ret_parts[i].n = w->at[i] - from;
	}
	*ret_name = name;
	return name.ptr;
}

static bool same_texts(const struct lk_str_list *a, const struct lk_str_list *b)
{
	for (size_t i = 0; i < a->n && a->n == b->n; i++) {
		if (!lk_str_eq(a->items[i], b->items[i])) {
			return false;
		}
	}
	return a->n == b->n;
}

static struct lk_version_bounds bounds_of(lk_str text, struct lk_arena *arena)
{
	struct lk_version_bounds bounds = {.exact = false};
	const struct lk_matchspec *spec;
	struct lk_error ignored = LK_ERROR_INIT;
	if (lk_matchspec_parse(text, LK_SPEC_REPODATA, arena, &spec, &ignored) == 0) {
		lk_version_spec_bounds(spec->version, &bounds);
		bounds.exact = bounds.exact && !spec->build && !spec->when;
	}
	return bounds;
}

/* Adds up LIST; the texts of OTHER are known. */
static void add_demands(struct demand *demand, const struct lk_str_list *list,
	const struct lk_map *other, struct lk_arena *arena)
{
	for (size_t i = 0; i < list->n; i++) {
		struct lk_version_bounds one = bounds_of(list->items[i], arena);
		struct lk_version_bounds before = demand->bounds;
		lk_version_bounds_narrow(&demand->bounds, &one);
		bool more = demand->bounds.lower != before.lower ||
			(!demand->bounds.lower && demand->bounds.upper != before.upper);
		if (demand->most.len == 0 || more) {
			demand->most = list->items[i];
		}
		if (demand->unclear.len == 0 && !one.exact &&
			lk_map_get(other, list->items[i]) == LK_MAP_NONE) {
			demand->unclear = list->items[i];
		}
	}
}

static struct demand demand_of(const struct lk_str_list parts[2], const struct lk_str_list other[2],
	struct lk_arena *arena)
{
	struct demand demand = {.must_be_there = parts[0].n > 0, .bounds.exact = true};
	struct lk_map texts = {0};
	for (size_t i = 0; i < 2; i++) {
		for (size_t k = 0; k < other[i].n; k++) {
			lk_map_add(&texts, other[i].items[k], 0);
		}
	}
	add_demands(&demand, &parts[0], &texts, arena);
	add_demands(&demand, &parts[1], &texts, arena);
	lk_map_done(&texts);
	return demand;
}

static bool is_narrower(const struct lk_version_bounds *old, const struct lk_version_bounds *new)
{
	struct lk_version_bounds both = *old;
	lk_version_bounds_narrow(&both, new);
	return both.lower != old->lower || both.upper != old->upper ||
		both.lower_open != old->lower_open || both.upper_open != old->upper_open;
}

static bool has_spec(const struct lk_str_list *specs, lk_str text)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	for (size_t i = 0; i < specs->n; i++) {
		if (lk_lock_spec_is_virtual(specs->items[i]) &&
			lk_str_eq(lk_str_single_spaced(&arena, specs->items[i]), text)) {
			return true;
		}
	}
	return false;
}

/* Who has the spec TEXT among the packages of PLATFORM? */
static void find_askers(const struct lk_lock_platform *platform,
	const struct lk_platform_diff *diff, lk_str text, struct lk_requirement_change *requirement)
{
	struct lk_map changed = {0};
	bool first_is_changed = false;
	for (size_t i = 0; i < diff->n_changes; i++) {
		lk_map_add(&changed, diff->changes[i].name, 0);
	}
	for (size_t i = 0; i < platform->n_packages; i++) {
		const struct lk_record *record = &platform->packages[i];
		if (!has_spec(&record->depends, text) && !has_spec(&record->constrains, text)) {
			continue;
		}
		bool is_changed = lk_map_get(&changed, record->name) != LK_MAP_NONE;
		requirement->n_by++;
		if (!requirement->by || (is_changed && !first_is_changed)) {
			requirement->by = record;
			first_is_changed = is_changed;
		}
	}
	lk_map_done(&changed);
}

/* Is there a difference that a host can feel? */
static bool compare(lk_str name, const struct lk_str_list parts[4], struct lk_arena *arena,
	struct lk_requirement_change *ret)
{
	struct demand old = demand_of(parts, parts + 2, arena);
	struct demand new = demand_of(parts + 2, parts, arena);
	*ret = (struct lk_requirement_change){
		.name = name,
		.rose = (new.must_be_there && !old.must_be_there) || new.unclear.len > 0 ||
			is_narrower(&old.bounds, &new.bounds),
		.had_to_be_there = old.must_be_there,
		.must_be_there = new.must_be_there,
		.from = old.unclear.len > 0 ? old.unclear : old.most,
		.to = new.unclear.len > 0 ? new.unclear : new.most,
	};
	return ret->rose || old.must_be_there != new.must_be_there || old.unclear.len > 0 ||
		is_narrower(&new.bounds, &old.bounds);
}

void lk_diff_requirements(const struct lk_diff_maker *m, const struct lk_lock_platform *from,
	const struct lk_lock_platform *to, struct lk_platform_diff *diff)
{
	struct LK_VEC_OF(struct lk_requirement_change) found = {0};
	struct lists walk = {.lists = {&from->requires_depends, &from->requires_constrains,
				     &to->requires_depends, &to->requires_constrains}};
	struct lk_str_list parts[4];
	lk_str name;
	while (next_name(&walk, &name, parts)) {
		struct lk_requirement_change requirement;
		bool same = same_texts(&parts[0], &parts[2]) && same_texts(&parts[1], &parts[3]);
		if (same || !compare(name, parts, m->arena, &requirement)) {
			continue;
		}
		if (requirement.to.len > 0) {
			find_askers(to, diff, requirement.to, &requirement);
		} else {
			find_askers(from, diff, requirement.from, &requirement);
		}
		lk_vec_push(&found, requirement);
	}
	struct lk_requirement_change *items = lk_arena_calloc(m->arena, found.len, sizeof(*items));
	for (size_t i = 0; i < found.len; i++) {
		items[i] = found.items[i];
	}
	diff->requirements = items;
	diff->n_requirements = found.len;
	lk_vec_done(&found);
}
