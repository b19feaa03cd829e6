/*
 * The defined answer (docs/architecture.md): names breadth first, each the best record with which
 * the whole still has a solution.
 */
#ifndef LK_RESOLVER_WALK_PRIV_H
#define LK_RESOLVER_WALK_PRIV_H

#include "resolver/propagate_priv.h"

struct lk_walk {
	struct lk_u32s fixed; /* candidates in the order they were fixed, the root first */
	size_t oracle_calls;
};

/* Refuses what an update does only where it must: a package that the lock keeps and a spec names
 * falls back to a lower release; python gets another minor version, and all that is built for it
 * with it. False when that contradicts what STATE has. */
bool lk_walk_gently(struct lk_state *state) LK_MUST_USE;
/* STATE has the root chosen without conflict. 0; LK_E_UNSAT (err is not set: explain does that);
 * LK_E_INTERRUPTED. */
int lk_walk(struct lk_state *state, const struct lk_report *report, struct lk_walk *ret,
	struct lk_error *err) LK_MUST_USE;
void lk_walk_done(struct lk_walk *walk);

#endif
