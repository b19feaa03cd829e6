/*
 * Unit propagation over the problem: what follows at once from choosing or refusing candidates.
 *
 * One candidate a name; a need with one candidate left chooses it; a need with none left refuses
 * those who need it; a chosen candidate refuses what its limits exclude and those whose limits
 * exclude it. Everything it finds does follow; what it does not find, libsolv decides. Every step
 * is on a trail and can be taken back to an earlier length of it.
 */
#ifndef LK_RESOLVER_PROPAGATE_PRIV_H
#define LK_RESOLVER_PROPAGATE_PRIV_H

#include "resolver/problem_priv.h"

/* Lists of lists: items of I are items[start[I]] .. items[start[I + 1] - 1]. */
struct lk_lists {
	uint32_t *start;
	uint32_t *items;
};

struct lk_pair {
	uint32_t from, to;
};
struct lk_pairs LK_VEC_OF(struct lk_pair);

/* The pairs by `from` (below N), in their order. */
struct lk_lists lk_lists_of(const struct lk_pairs *pairs, size_t n);
void lk_lists_done(struct lk_lists *lists);

struct lk_state {
	struct lk_problem *problem;
	signed char *value; /* by candidate: 1 chosen, -1 refused, 0 open */
	uint32_t *since;    /* by candidate that is not open: its place on the trail */
	uint32_t *left;     /* by spec: matches that are not refused */
	bool *needed;       /* by spec */
	bool *has_chosen;   /* by name: one of its candidates is chosen */
	struct lk_u32s trail;
	size_t head; /* trail items before it have been worked off */
	bool conflict;

	struct lk_lists met_by;     /* candidate to the specs of needs that it meets */
	struct lk_lists needed_by;  /* spec to the candidates that need it without condition */
	struct lk_lists limited_by; /* spec to the candidates with that limit */
	struct lk_lists limits_on;  /* name to the specs that limit it */
	struct lk_u32s conditional; /* candidates with conditional needs */
};

/* Matches every spec. PROBLEM must not get new specs or candidates afterwards. */
void lk_state_init(struct lk_state *state, struct lk_problem *problem);
void lk_state_done(struct lk_state *state);

/* Chooses or refuses and works off what follows; false when that is a contradiction (the state then
 * is good for lk_state_back alone). */
bool lk_state_choose(struct lk_state *state, uint32_t candidate) LK_MUST_USE;
bool lk_state_refuse(struct lk_state *state, uint32_t candidate) LK_MUST_USE;
/* Refuses what can be in no solution whatever is asked for: needs that nothing meets, own limits
 * broken. Before any choice, the root's too. */
void lk_state_clean(struct lk_state *state);
/* Refuses candidates that can be told apart from a better one by nothing but their rank (a locked
 * one is the best of its like): no answer is lost. False when that shows that there is no solution.
 */
bool lk_presolve(struct lk_state *state) LK_MUST_USE;
/* Takes back everything after the first LEN trail items. */
void lk_state_back(struct lk_state *state, size_t len);

#endif
