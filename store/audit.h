/*
 * Holding all that a cache has against its names and seals: every archive is hashed, every file of
 * every extracted tree too.
 */
#ifndef LK_STORE_AUDIT_H
#define LK_STORE_AUDIT_H

#include "store/cache.h"

struct lk_audit_finding {
	lk_str path; /* absolute */
	lk_str why;
	bool aside; /* it was moved into tmp/ */
};

struct lk_audit {
	struct lk_arena arena;
	struct LK_VEC_OF(struct lk_audit_finding) findings; /* layer by layer, by path */
	size_t n_archives, n_trees;                         /* that were looked at */
};

/* All layers of CACHE, in JOBS threads (0: all processors). With SET_ASIDE what is damaged in the
 * writable folder is moved into tmp/ (a folder damaged-…, which cleaning removes), so that it is
 * fetched or extracted again; what only cannot be read now, and layers that are only read, are told
 * of. LK_E_FS, LK_E_INTERRUPTED. */
int lk_audit_run(struct lk_cache *cache, bool set_aside, unsigned jobs,
	const struct lk_report *report, struct lk_audit *ret, struct lk_error *err) LK_MUST_USE;
void lk_audit_done(struct lk_audit *audit);

#endif
