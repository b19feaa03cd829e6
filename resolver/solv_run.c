/*
 * Running libsolv on a loaded problem: is there a solution, and if not, by which rules.
 */
#include "resolver/solv_priv.h"

#include <solv/queue.h>

/* The number of problems; 0: solved. */
static int solve(struct lk_solv *solv, Solver **ret_solver)
{
	const struct lk_state *state = solv->state;
	Queue job;
	int problems;

	queue_init(&job);
	queue_push2(&job, SOLVER_INSTALL | SOLVER_SOLVABLE, solv->solvable_of[LK_ROOT]);
	for (size_t i = 0; i < solv->trail_len; i++) {
		uint32_t c = state->trail.items[i];

		if (c < state->problem->candidates.len && c != LK_ROOT && state->value[c] > 0) {
			queue_push2(&job, SOLVER_INSTALL | SOLVER_SOLVABLE, solv->solvable_of[c]);
		}
	}
	*ret_solver = solver_create(solv->pool);
	solver_set_flag(*ret_solver, SOLVER_FLAG_IGNORE_RECOMMENDED, 1);
	problems = solver_solve(*ret_solver, &job);
	queue_free(&job);
	return problems;
}

bool lk_oracle_ask(const struct lk_state *state, size_t trail_len, const struct lk_root_mask *mask,
	bool *witness)
{
	struct lk_solv solv;
	Solver *solver;
	bool solved;

	lk_solv_load(&solv, state, trail_len, mask);
	solved = solve(&solv, &solver) == 0;
	if (solved && witness) {
		memset(witness, 0, state->problem->candidates.len * sizeof(*witness));
		for (size_t i = 0; i < solv.loaded.len; i++) {
			witness[solv.loaded.items[i]] =
				solver_get_decisionlevel(solver, solv.first_solvable + (Id)i) > 0;
		}
	}
	solver_free(solver);
	lk_solv_done(&solv);
	return solved;
}

/* The spec that made FROM need what rule id DEP (plain or conditional) stands for. */
static uint32_t spec_of_need(const struct lk_solv *solv, uint32_t from, Id dep)
{
	const struct lk_candidate *candidate = &solv->state->problem->candidates.items[from];

	while (ISRELDEP((unsigned)dep)) {
		dep = GETRELDEP(solv->pool, (unsigned)dep)->name;
	}
	for (uint32_t i = 0; i < candidate->n_needs; i++) {
		if (solv->need_id[candidate->needs[i].spec] == dep) {
			return candidate->needs[i].spec;
		}
	}
	return LK_NO_INDEX;
}

static uint32_t spec_of_limit(const struct lk_solv *solv, uint32_t from, Id dep)
{
	const struct lk_candidate *candidate = &solv->state->problem->candidates.items[from];

	for (uint32_t i = 0; i < candidate->n_limits; i++) {
		if (solv->limit_id[candidate->limits[i]] == dep) {
			return candidate->limits[i];
		}
	}
	return LK_NO_INDEX;
}

static void add_clash(
	const struct lk_solv *solv, Solver *solver, Id rule, struct lk_clashes *clashes)
{
	struct lk_clash clash;
	Id source;
	Id target;
	Id dep;
	SolverRuleinfo type = solver_ruleinfo(solver, rule, &source, &target, &dep);

	if (source < solv->first_solvable) {
		return;
	}
	clash.from = lk_solv_candidate(solv, source);
	clash.to = target >= solv->first_solvable ? lk_solv_candidate(solv, target) : LK_NO_INDEX;
	switch (type) {
	case SOLVER_RULE_PKG_REQUIRES:
	case SOLVER_RULE_PKG_NOTHING_PROVIDES_DEP:
		clash.kind = LK_CLASH_NEED;
		clash.spec = spec_of_need(solv, clash.from, dep);
		break;
	case SOLVER_RULE_PKG_CONFLICTS:
		clash.kind = LK_CLASH_LIMIT;
		clash.spec = spec_of_limit(solv, clash.from, dep);
		break;
	default: /* jobs, and one record a name: said by the rest */
		return;
	}
	if (clash.spec != LK_NO_INDEX) {
		lk_vec_push(clashes, clash);
	}
}

bool lk_oracle_explain(
	const struct lk_state *state, const struct lk_root_mask *mask, struct lk_clashes *clashes)
{
	struct lk_solv solv;
	Solver *solver;
	Queue rules;
	int problems;

	lk_solv_load(&solv, state, 0, mask);
	problems = solve(&solv, &solver);
	if (problems > 0) {
		queue_init(&rules);
		solver_findallproblemrules(solver, 1, &rules);
		for (int i = 0; i < rules.count; i++) {
			add_clash(&solv, solver, rules.elements[i], clashes);
		}
		queue_free(&rules);
	}
	solver_free(solver);
	lk_solv_done(&solv);
	return problems == 0;
}
