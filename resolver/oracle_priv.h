/*
 * Is there a solution at all, given what is chosen and refused? Asked of libsolv.
 *
 * Only what is still open and reachable is loaded, so that a question late in the walk is small.
 */
#ifndef LK_RESOLVER_ORACLE_PRIV_H
#define LK_RESOLVER_ORACLE_PRIV_H

#include "resolver/propagate_priv.h"

/* Which of the root's needs and limits count, in explanations; NULL: all. */
struct lk_root_mask {
	const bool *needs, *limits;
};

/* The first TRAIL_LEN items of the state's trail hold; the root always. True: there is one, and
 * WITNESS (by candidate) tells which candidates it has. */
bool lk_oracle_ask(const struct lk_state *state, size_t trail_len, const struct lk_root_mask *mask,
	bool *witness);

#endif
