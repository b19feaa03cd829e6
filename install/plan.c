/*
 * The plan.
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

void lk_plan_relink(struct lk_plan *plan, struct lk_plan_step *step)
{
	step->action = LK_PLAN_RELINK;
	plan->kept--;
	plan->relinked++;
}
