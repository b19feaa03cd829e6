/*
 * Locks that git could not merge line by line: its markers stand in the text.
 */
#ifndef LK_LOCK_LOCK_CONFLICT_PRIV_H
#define LK_LOCK_LOCK_CONFLICT_PRIV_H

#include "base/err.h"

/* LK_E_FORMAT at the first marker of SOURCE, the file NAME: which sides, how often, what to do. 0
 * when there is none. */
int lk_lock_refuse_conflict(lk_str source, const char *name, struct lk_error *err) LK_MUST_USE;

#endif
