/*
 * The walk over records that are already chosen: a problem with one candidate for each name.
 */
#include "resolver/task.h"

#include <stdlib.h>

#include "base/map.h"

static int cmp_reached_qsort(const void *left, const void *right)
{
	return lk_str_cmp(
		((const struct lk_reached *)left)->name, ((const struct lk_reached *)right)->name);
}

static void make_reach(const struct lk_record *const *records, size_t n, const struct lk_task *task,
	struct lk_reach *reach)
{
	reach->names = lk_arena_calloc(&reach->arena, n, sizeof(*reach->names));
	reach->n_names = n;
	reach->n_records = n;
	for (size_t i = 0; i < n; i++) {
		unsigned *channel = lk_arena_calloc(&reach->arena, 1, sizeof(*channel));

		while (*channel + 1 < task->n_channels &&
			!lk_str_eq(task->channels[*channel].name, records[i]->channel)) {
			++*channel;
		}
		reach->names[i] = (struct lk_reached){.name = records[i]->name,
			.records = records[i],
			.channels = channel,
			.n = 1};
	}
	if (n > 1) {
		qsort(reach->names, n, sizeof(*reach->names), cmp_reached_qsort);
	}
}

/* What the walk came to in its order, then the rest by name. */
static void put_order(const struct lk_record *const *records, size_t n,
	const struct lk_reach *reach, const struct lk_solution *solution, size_t *order)
{
	struct lk_map index = {0};
	bool *put = lk_calloc(n, sizeof(*put));
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		lk_map_set(&index, records[i]->name, (uint32_t)i);
	}
	for (size_t i = 0; i < solution->n_records + n; i++) {
		lk_str name = i < solution->n_records ? solution->walk[i]
						      : reach->names[i - solution->n_records].name;
		uint32_t found = lk_map_get(&index, name);

		if (!put[found]) {
			put[found] = true;
			order[at++] = found;
		}
	}
	lk_free(put);
	lk_map_done(&index);
}

int lk_walk_order(const struct lk_record *const *records, size_t n_records,
	const struct lk_task *task, size_t *ret_order, struct lk_error *err)
{
	struct lk_reach LK_CLEANUP(lk_reach_done) reach = {0};
	struct lk_solution LK_CLEANUP(lk_solution_done) solution = {0};
	const struct lk_task alone = {.reach = &reach,
		.channels = task->channels,
		.n_channels = task->n_channels,
		.alias = task->alias,
		.specs = task->specs,
		.n_specs = task->n_specs,
		.virtuals = task->virtuals,
		.channel_priority = LK_PRIORITY_DISABLED,
		.no_reasons = true};
	int rc;

	make_reach(records, n_records, task, &reach);
	rc = lk_solve(&alone, NULL, &solution, err);
	/* Records that do not hold together have no walk: then by name. */
	if (rc < 0 && rc != LK_E_UNSAT) {
		return rc;
	}
	put_order(records, n_records, &reach, &solution, ret_order);
	return 0;
}
