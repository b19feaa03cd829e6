/*
 * Facts of a lock's packages: what somebody found in the archives (docs/lockfile.md).
 *
 * A fact belongs to an archive, which its sha256 names: it is kept as long as that stays the same.
 * Nothing of an install follows from facts; they are for people and for checks before shipping.
 */
#ifndef LK_LOCK_LOCK_FACTS_H
#define LK_LOCK_LOCK_FACTS_H

#include "base/gpu_code.h"
#include "lock/lockfile.h"

static inline bool lk_facts_are_there(const struct lk_facts *facts)
{
	return facts->gpu.len + facts->glibc.len > 0;
}
bool lk_facts_eq(const struct lk_facts *a, const struct lk_facts *b);
/* The codes of a `gpu` fact; to be done by the caller. What is no code is left out. */
struct lk_gpu_codes lk_facts_gpu(const struct lk_facts *facts);

/* False: the package keeps the facts that it has. Texts of RET are copied. */
typedef bool lk_lock_facts_fn(void *ctx, const struct lk_record *record, struct lk_facts *ret);
/* Asks FN for the facts of each package of all platforms; how many got others than they had. */
size_t lk_lock_set_facts(struct lk_lock *lock, lk_lock_facts_fn *fn, void *ctx);
/* Packages without facts get those that FROM has of the same archive. */
void lk_lock_keep_facts(struct lk_lock *lock, const struct lk_lock *from);

#endif
