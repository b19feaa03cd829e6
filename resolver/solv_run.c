/*
 * Running libsolv on a loaded problem: is there a solution?
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
