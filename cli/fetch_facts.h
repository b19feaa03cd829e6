/*
 * Facts of locked packages, found in their archives (docs/lockfile.md, "Facts").
 */
#ifndef LK_CLI_FETCH_FACTS_H
#define LK_CLI_FETCH_FACTS_H

#include "cli/lock_arg.h"

/* Looks into the archive, or the extracted tree, of each of RECORDS that CACHE has; the lock in ARG
 * gets what is found, and the file of it is written anew where that changes it (a symlink is
 * written through). What the lock said otherwise is warned about. *RET_CHANGED: the text changes;
 * with LOCKED nothing is written. LK_E_USAGE for a lock in a bundle, LK_E_OFFLINE when a package is
 * not there, LK_E_INTEGRITY, LK_E_FS. */
int lk_fetch_facts(struct lk_app *app, struct lk_cache *cache, const struct lk_records *records,
	bool locked, struct lk_lock_arg *arg, bool *ret_changed, struct lk_error *err) LK_MUST_USE;

#endif
