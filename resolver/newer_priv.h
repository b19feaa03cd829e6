/*
 * Why a package is not another record: which earlier choices and specs refute that one.
 */
#ifndef LK_RESOLVER_NEWER_PRIV_H
#define LK_RESOLVER_NEWER_PRIV_H

#include "resolver/explain_priv.h"
#include "resolver/walk_priv.h"

/* Does CANDIDATE (WHOLE_VERSION: does every record of its version) clash with the root and the
 * N_FIXED candidates FIXED? Then the lines (EXPLANATION may be NULL) say how, with as little as
 * needed of both. False: not as far as narrowing sees. */
bool lk_refuted(struct lk_explanation *explanation, const struct lk_state *state,
	const struct lk_u32s *fixed, uint32_t candidate, bool whole_version);

/* What the choice of WALK's item AT had to agree with: the choices before it and, when an existing
 * lock is kept, what it keeps; into RET. */
void lk_choices_before(const struct lk_problem *problem, const struct lk_walk *walk, size_t at,
	struct lk_u32s *ret);

/* Fills the solution's `behind`. STATE gives the lists alone. */
void lk_tell_behind(
	const struct lk_state *state, const struct lk_walk *walk, struct lk_solution *solution);
/* Fills the solution's `moves`. */
void lk_tell_moves(
	const struct lk_state *state, const struct lk_walk *walk, struct lk_solution *solution);
/* Fills the solution's `cuda`. */
void lk_tell_cuda(
	const struct lk_state *state, const struct lk_walk *walk, struct lk_solution *solution);

/* The lines of EXPLANATION, moved into the solution's arena as they are. */
void lk_reasons_take(struct lk_explanation *explanation, struct lk_solution *solution,
	const struct lk_reason **ret, size_t *ret_n);

#endif
