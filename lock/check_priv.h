/*
 * What the checks of a lock share.
 */
#ifndef LK_LOCK_CHECK_PRIV_H
#define LK_LOCK_CHECK_PRIV_H

#include "lock/check.h"

/* Does a check of PLATFORM (empty: all) look at ONE? */
static inline bool lk_check_wants(lk_str platform, const struct lk_lock_platform *one)
{
	return platform.len == 0 || lk_str_eq(platform, one->subdir);
}

/* The URL of the channel, or failing that the folder, that a package's file lies in. */
lk_str lk_check_source(const struct lk_record *record);

#endif
