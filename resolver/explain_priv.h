/*
 * Why there is no solution, as short lines for people.
 */
#ifndef LK_RESOLVER_EXPLAIN_PRIV_H
#define LK_RESOLVER_EXPLAIN_PRIV_H

#include "resolver/propagate_priv.h"

/* STATE is taken back to before any choice. Fills the reasons (owned by the solution's arena) and
 * err; returns LK_E_UNSAT. */
int lk_explain(struct lk_state *state, struct lk_solution *solution, struct lk_error *err);

#endif
