/*
 * The only place that makes threads: N items, some workers, results joined in input order.
 *
 *     int one(void *ctx, size_t index, struct lk_error *err);
 *     rc = lk_workers_run(jobs, n, one, ctx, err);
 *
 * FN is called once for each index, from any thread, in rising order of start; it writes its result
 * into a slot of its own. After the first failure no further index is started. The error returned
 * is that of the lowest failing index, so it does not depend on timing.
 */
#ifndef LK_BASE_WORKERS_H
#define LK_BASE_WORKERS_H

#include <stddef.h>

#include "base/err.h"

typedef int lk_worker_fn(void *ctx, size_t index, struct lk_error *err);

/* JOBS 0: as many as the machine has processors for this process. JOBS 1: in the calling thread. */
int lk_workers_run(
	unsigned jobs, size_t n, lk_worker_fn *fn, void *ctx, struct lk_error *err) LK_MUST_USE;
unsigned lk_workers_default(void);

#endif
