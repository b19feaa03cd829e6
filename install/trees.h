/*
 * All extracted trees of a lock, made ready by several workers.
 */
#ifndef LK_INSTALL_TREES_H
#define LK_INSTALL_TREES_H

#include "store/tree.h"

struct lk_trees {
	struct lk_tree *items; /* in the order of the records */
	size_t n;
};

/* Has CACHE every package, archive or tree, by name and size alone? LK_E_OFFLINE as below, so that
 * nothing is begun that cannot be ended. */
int lk_trees_find(const struct lk_cache *cache, const struct lk_record *records, size_t n,
	const struct lk_report *report, struct lk_error *err) LK_MUST_USE;

/* LK_E_OFFLINE when some are neither in the cache as trees nor as archives: each is warned about,
 * the error counts them. Else the failure of the largest package that has one. */
int lk_trees_ensure(struct lk_cache *cache, const struct lk_record *records, size_t n,
	const struct lk_tree_options *options, unsigned jobs, const struct lk_report *report,
	struct lk_trees *ret, struct lk_error *err) LK_MUST_USE;
/* Settles those that were extracted lately (store/seal.h), so that the next install need not hash
 * them: after a sync of their file system, which is made unless SYNCED_FD lies on it (-1: none). */
int lk_trees_settle(struct lk_trees *trees, int synced_fd, struct lk_error *err) LK_MUST_USE;
/* Was one of them taken out of the cache since? */
bool lk_trees_lost(const struct lk_trees *trees);
void lk_trees_done(struct lk_trees *trees);

#endif
