/*
 * What an install tells of itself: an action for each package, the files that were changed and are
 * kept aside, and what must come from the cache.
 */
#ifndef LK_INSTALL_TOLD_H
#define LK_INSTALL_TOLD_H

#include "install/install.h"
#include "install/keep.h"

/* Fills steps and needed of RET, owned by ARENA; strings are copied, records borrowed from PLAN. */
void lk_told_plan(const struct lk_plan *plan, const struct lk_keep *keep,
	const struct lk_record *records, size_t n_records, struct lk_arena *arena,
	struct lk_install_result *ret);

/* Fills kept_aside: the owned files of the prefix at PREFIX_FD that the user changed, by path; with
 * ALL every file is hashed. LK_E_FS. */
int lk_told_changed(int prefix_fd, bool all, const struct lk_prefix_records *have,
	struct lk_arena *arena, struct lk_install_result *ret, struct lk_error *err) LK_MUST_USE;

#endif
