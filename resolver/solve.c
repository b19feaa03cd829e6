/*
 * lk_solve: load, filter, rank, presolve, walk, check again.
 */
#include "resolver/task.h"

#include <stdlib.h>

#include "resolver/newer_priv.h"

static int cmp_record_qsort(const void *left, const void *right)
{
	const struct lk_record *const *a = left;
	const struct lk_record *const *b = right;

	return lk_str_cmp((*a)->name, (*b)->name);
}

static const struct lk_candidate *candidate_at(
	const struct lk_problem *problem, const struct lk_walk *walk, size_t i)
{
	return &problem->candidates.items[walk->fixed.items[i]];
}

static bool has_group(const struct lk_record *record, lk_str group)
{
	for (size_t i = 0; i < record->n_extra; i++) {
		if (lk_str_eq(record->extra[i].group, group)) {
			return true;
		}
	}
	return false;
}

/* The groups of RECORD that the walk turned on, sorted. */
static struct lk_str_list active_extras(const struct lk_problem *problem,
	const struct lk_walk *walk, const struct lk_record *record, struct lk_arena *arena)
{
	lk_str *items = lk_arena_calloc(arena, record->n_extra, sizeof(*items));
	size_t n = 0;

	for (size_t i = 1; i < walk->fixed.len && n < record->n_extra; i++) {
		const struct lk_candidate *candidate = candidate_at(problem, walk, i);
		lk_str group = problem->names.items[candidate->name].group;

		if (candidate->base != LK_NO_INDEX &&
			problem->candidates.items[candidate->base].record == record &&
			has_group(record, group)) {
			items[n++] = lk_str_dup(arena, group);
		}
	}
	if (n > 1) {
		qsort(items, n, sizeof(*items), lk_str_cmp_qsort);
	}
	return (struct lk_str_list){items, n};
}

static void fill(
	const struct lk_problem *problem, const struct lk_walk *walk, struct lk_solution *solution)
{
	const struct lk_record **records;
	struct lk_str_list *extras;
	lk_str *order;
	size_t n = 0;

	records = lk_arena_calloc(&solution->arena, walk->fixed.len, sizeof(*records));
	extras = lk_arena_calloc(&solution->arena, walk->fixed.len, sizeof(*extras));
	order = lk_arena_calloc(&solution->arena, walk->fixed.len, sizeof(*order));
	for (size_t i = 1; i < walk->fixed.len; i++) {
		const struct lk_candidate *candidate = candidate_at(problem, walk, i);

		if (candidate->record) {
			records[n] = candidate->record;
			order[n++] = candidate->record->name;
		}
	}
	if (n > 1) {
		qsort(records, n, sizeof(*records), cmp_record_qsort);
	}
	for (size_t i = 0; i < n; i++) {
		if (records[i]->n_extra > 0) {
			extras[i] = active_extras(problem, walk, records[i], &solution->arena);
		}
	}
	solution->records = records;
	solution->extras = extras;
	solution->walk = order;
	solution->n_records = n;
}

static int check_again(
	const struct lk_task *task, const struct lk_solution *solution, struct lk_error *err)
{
	int rc = lk_recheck(solution->records, solution->n_records, task, err);

	if (rc < 0) {
		(void)lk_wrap(err, "the answer found does not hold");
		err->code = LK_E_BUG;
		lk_error_hint(err, "this is a fault of lockenv: please report it with the specs");
		return LK_E_BUG;
	}
	return 0;
}

/* GENTLY: as lk_walk_gently says. STATE is clean. */
static int find_answer(struct lk_state *state, bool gently, const struct lk_report *report,
	struct lk_walk *walk, struct lk_solution *solution, struct lk_error *err)
{
	const struct lk_problem *problem = state->problem;
	int rc = LK_E_UNSAT;

	if (lk_state_choose(state, LK_ROOT) && (!gently || lk_walk_gently(state)) &&
		(problem->task->no_presolve || lk_presolve(state))) {
		solution->stats.kept = 0;
		for (size_t c = 1; c < problem->candidates.len; c++) {
			solution->stats.kept += state->value[c] >= 0;
		}
		rc = lk_walk(state, report, walk, err);
		solution->stats.solver_calls += walk->oracle_calls;
	}
	return rc;
}

static int solve_state(struct lk_state *state, const struct lk_report *report,
	struct lk_solution *solution, struct lk_error *err)
{
	const struct lk_problem *problem = state->problem;
	const struct lk_task *task = problem->task;
	struct lk_walk LK_CLEANUP(lk_walk_done) walk = {0};
	bool gently = task->n_locked > 0 && task->n_update > 0 && !task->update_all;
	size_t clean;
	int rc;

	lk_state_clean(state);
	clean = state->trail.len;
	rc = find_answer(state, gently, report, &walk, solution, err);
	if (rc == LK_E_UNSAT && gently) {
		lk_walk_done(&walk);
		lk_state_back(state, clean);
		rc = find_answer(state, false, report, &walk, solution, err);
	}
	if (rc == LK_E_UNSAT && task->no_reasons) {
		return lk_fail(err, rc, "the specs cannot be satisfied");
	}
	if (rc == LK_E_UNSAT) {
		lk_state_back(state, 0);
		return lk_explain(state, report, solution, err);
	}
	if (rc == 0) {
		fill(problem, &walk, solution);
		rc = check_again(task, solution, err);
	}
	if (rc == 0 && !task->no_reasons) {
		lk_tell_behind(state, &walk, solution);
		lk_tell_moves(state, &walk, solution);
		lk_tell_cuda(state, &walk, solution);
	}
	return rc;
}

int lk_solve(const struct lk_task *task, const struct lk_report *report,
	struct lk_solution *ret_solution, struct lk_error *err)
{
	struct lk_problem LK_CLEANUP(lk_problem_done) problem;
	struct lk_state state;
	int rc;

	*ret_solution = (struct lk_solution){0};
	lk_arena_init(&ret_solution->arena);
	lk_problem_init(&problem, task);
	rc = lk_candidates_load(&problem, report, err);
	if (rc < 0) {
		return rc;
	}
	ret_solution->stats.names = problem.names.len - 1;
	ret_solution->stats.records = problem.candidates.len - 1;
	lk_rank(&problem);
	rc = lk_extras_expand(&problem, err);
	if (rc < 0) {
		return rc;
	}
	lk_state_init(&state, &problem);
	rc = solve_state(&state, report, ret_solution, err);
	lk_state_done(&state);
	return rc;
}

void lk_solution_done(struct lk_solution *solution)
{
	lk_arena_done(&solution->arena);
}
