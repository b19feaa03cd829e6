/*
 * Does a package in the cache carry link scripts? For whoever reviews a lock: nothing is extracted
 * or written, and what lies in the cache is looked at as it is; to hash it is an install's matter.
 */
#ifndef LK_STORE_LINK_SCRIPTS_H
#define LK_STORE_LINK_SCRIPTS_H

#include "store/cache.h"

/* Looks into RECORD's tree, or where there is none of oneself or root into its archive. 0 and
 * *RET_HAS; LK_E_NOT_FOUND when the cache has neither; LK_E_INTEGRITY for an archive that cannot be
 * read or does not say what it holds. */
int lk_cache_has_link_scripts(const struct lk_cache *cache, const struct lk_record *record,
	bool *ret_has, struct lk_error *err) LK_MUST_USE;

#endif
