/*
 * The encoding of a problem for libsolv. Included by solv_load.c and solv_run.c alone.
 */
#ifndef LK_RESOLVER_SOLV_PRIV_H
#define LK_RESOLVER_SOLV_PRIV_H

#include <solv/pool.h>
#include <solv/solver.h>

#include "resolver/oracle_priv.h"

struct lk_solv {
	const struct lk_state *state;
	const struct lk_root_mask *mask;
	size_t trail_len;
	Pool *pool;
	Repo *repo;
	struct lk_u32s loaded; /* candidates, rising; solvable i is loaded[i - first_solvable] */
	Id first_solvable;
	Id *solvable_of; /* by candidate; 0: not loaded */
	Id *need_id;     /* by spec; 0: not used */
	Id *limit_id;    /* by spec: stands for what the spec does not match */
};

void lk_solv_load(struct lk_solv *solv, const struct lk_state *state, size_t trail_len,
	const struct lk_root_mask *mask);
void lk_solv_done(struct lk_solv *solv);

#endif
