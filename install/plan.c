/*
 * Plan and link order.
 */
#include "install/plan.h"

#include <stdlib.h>

#include "base/map.h"

/* Is RECORD what HAVE was installed from? By hash where both know it. */
static bool same_archive(const struct lk_record *have, const struct lk_record *want)
{
	if (have->has_sha256 && want->has_sha256) {
		return lk_sha256_eq(&have->sha256, &want->sha256);
	}
	return lk_str_eq(have->fn, want->fn) && have->has_md5 && want->has_md5 &&
		memcmp(have->md5.bytes, want->md5.bytes, LK_MD5_LEN) == 0;
}

static int cmp_step(const void *a, const void *b)
{
	const struct lk_plan_step *x = a;
	const struct lk_plan_step *y = b;
	return lk_str_cmp(x->want ? x->want->name : x->have->record.name,
		y->want ? y->want->name : y->have->record.name);
}

static void count_step(struct lk_plan *plan, enum lk_plan_action action)
{
	plan->added += action == LK_PLAN_ADD;
	plan->kept += action == LK_PLAN_KEEP;
	plan->replaced += action == LK_PLAN_REPLACE;
	plan->removed += action == LK_PLAN_REMOVE;
}

int lk_plan_make(const struct lk_prefix_records *have, const struct lk_record *want, size_t n_want,
	struct lk_arena *arena, struct lk_plan *ret, struct lk_error *err)
{
	struct lk_plan plan = {0};
	struct lk_map LK_CLEANUP(lk_map_done) by_name = {0};
	plan.steps = lk_arena_calloc(arena, have->len + n_want, sizeof(*plan.steps));
	for (size_t i = 0; i < n_want; i++) {
		plan.steps[i] = (struct lk_plan_step){LK_PLAN_ADD, NULL, &want[i]};
		if (lk_map_add(&by_name, want[i].name, (uint32_t)i) != i) {
			return lk_fail(err, LK_E_FORMAT, "package '" LK_STR_FMT "' is locked twice",
				LK_STR_ARG(want[i].name));
		}
	}
	plan.n_steps = n_want;
	for (size_t i = 0; i < have->len; i++) {
		const struct lk_prefix_record *old = &have->items[i];
		uint32_t at = lk_map_get(&by_name, old->record.name);
		if (at == LK_MAP_NONE) {
			plan.steps[plan.n_steps++] =
				(struct lk_plan_step){LK_PLAN_REMOVE, old, NULL};
			continue;
		}
		plan.steps[at].have = old;
		plan.steps[at].action =
			same_archive(&old->record, &want[at]) ? LK_PLAN_KEEP : LK_PLAN_REPLACE;
	}
	for (size_t i = 0; i < plan.n_steps; i++) {
		count_step(&plan, plan.steps[i].action);
	}
	qsort(plan.steps, plan.n_steps, sizeof(*plan.steps), cmp_step);
	*ret = plan;
	return 0;
}

/* The package a dependency names: "conda-forge::numpy >=1.2" is "numpy". */
static lk_str dependency_name(lk_str spec)
{
	spec = lk_str_trim(spec);
	size_t end = 0;
	while (end < spec.len && !lk_is_space(spec.ptr[end]) &&
		lk_str_find_char(LK_STR("=<>!~["), spec.ptr[end]) == SIZE_MAX) {
		end++;
	}
	lk_str name = lk_str_slice(spec, 0, end);
	size_t colon = lk_str_rfind_char(name, ':');
	return colon == SIZE_MAX ? name : lk_str_skip(name, colon + 1);
}

/* Kahn's algorithm over "A is waited for by B" lists. */
struct order {
	size_t n;
	uint32_t *n_waits;     /* for each record: dependencies not yet placed */
	struct lk_u32s *needs; /* for each: its dependencies */
	struct lk_u32s *users; /* for each: who depends on it */
	bool *placed;
	uint32_t *out;
	size_t n_out;
};

static void order_load(struct order *o, const struct lk_record *records)
{
	struct lk_map LK_CLEANUP(lk_map_done) by_name = {0};
	for (size_t i = 0; i < o->n; i++) {
		lk_map_add(&by_name, records[i].name, (uint32_t)i);
	}
	for (uint32_t i = 0; i < o->n; i++) {
		for (size_t d = 0; d < records[i].depends.n; d++) {
			uint32_t on =
				lk_map_get(&by_name, dependency_name(records[i].depends.items[d]));
			if (on != LK_MAP_NONE && on != i) {
				lk_vec_push(&o->needs[i], on);
				lk_vec_push(&o->users[on], i);
				o->n_waits[i]++;
			}
		}
	}
}

static void order_place(struct order *o, uint32_t index)
{
	o->placed[index] = true;
	o->out[o->n_out++] = index;
	for (size_t i = 0; i < o->users[index].len; i++) {
		o->n_waits[o->users[index].items[i]]--;
	}
}

/* A package on a cycle that is not placed yet: following what START waits for must come around. */
static uint32_t order_break_cycle(
	const struct order *o, const struct lk_record *records, uint32_t start)
{
	bool *LK_AUTO_FREE seen = lk_calloc(o->n, sizeof(*seen));
	uint32_t at = start;
	while (!seen[at]) {
		seen[at] = true;
		for (size_t i = 0; i < o->needs[at].len; i++) {
			if (!o->placed[o->needs[at].items[i]]) {
				at = o->needs[at].items[i];
				break;
			}
		}
	}
	/* AT is on the cycle; go around once more and choose. */
	uint32_t best = at;
	uint32_t first = at;
	do {
		bool better_kind =
			records[best].noarch != LK_NOARCH_NO && records[at].noarch == LK_NOARCH_NO;
		bool same_kind = (records[best].noarch != LK_NOARCH_NO) ==
			(records[at].noarch != LK_NOARCH_NO);
		if (better_kind || (same_kind && at < best)) {
			best = at;
		}
		for (size_t i = 0; i < o->needs[at].len; i++) {
			if (!o->placed[o->needs[at].items[i]]) {
				at = o->needs[at].items[i];
				break;
			}
		}
	} while (at != first);
	return best;
}

uint32_t *lk_link_order(const struct lk_record *records, size_t n, struct lk_arena *arena)
{
	struct order o = {
		.n = n,
		.n_waits = lk_arena_calloc(arena, n, sizeof(uint32_t)),
		.needs = lk_calloc(n, sizeof(struct lk_u32s)),
		.users = lk_calloc(n, sizeof(struct lk_u32s)),
		.placed = lk_arena_calloc(arena, n, sizeof(bool)),
		.out = lk_arena_calloc(arena, n, sizeof(uint32_t)),
	};
	order_load(&o, records);
	size_t head = 0;    /* of what is placed: users not looked at yet */
	uint32_t first = 0; /* everything below is placed */
	for (uint32_t i = 0; i < n; i++) {
		if (o.n_waits[i] == 0) {
			order_place(&o, i);
		}
	}
	while (o.n_out < n) {
		for (; head < o.n_out; head++) {
			const struct lk_u32s *users = &o.users[o.out[head]];
			for (size_t u = 0; u < users->len; u++) {
				uint32_t user = users->items[u];
				if (o.n_waits[user] == 0 && !o.placed[user]) {
					order_place(&o, user);
				}
			}
		}
		while (first < n && o.placed[first]) {
			first++;
		}
		if (o.n_out < n) {
			order_place(&o, order_break_cycle(&o, records, first));
		}
	}
	for (size_t i = 0; i < n; i++) {
		lk_vec_done(&o.needs[i]);
		lk_vec_done(&o.users[i]);
	}
	lk_free(o.needs);
	lk_free(o.users);
	return o.out;
}
