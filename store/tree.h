/*
 * Extracted packages: immutable trees in the cache, each with its parsed metadata.
 *
 * lk_tree_ensure opens RECORD's tree; when it is missing or its seal is broken, it hashes the
 * archive against the lock, extracts it into tmp/, checks it against its own paths.json, seals it
 * and publishes it by rename. Safe to call from several threads and processes at once.
 */
#ifndef LK_STORE_TREE_H
#define LK_STORE_TREE_H

#include "conda/package.h"
#include "store/cache.h"

struct lk_tree {
	int fd;                     /* the tree's directory; owned */
	char *name;                 /* in trees/; owned */
	struct lk_package *package; /* metadata and paths; owned */
};

struct lk_tree_options {
	bool strict;      /* refuse symlinks that point outside */
	bool verify;      /* hash every file again, not only its seal */
	bool safety_warn; /* a paths.json mismatch warns instead of LK_E_INTEGRITY */
};

/* LK_E_OFFLINE when neither tree nor archive is in the cache. Warnings go to REPORT. */
int lk_tree_ensure(struct lk_cache *cache, const struct lk_record *record,
	const struct lk_tree_options *options, const struct lk_report *report, struct lk_tree *ret,
	struct lk_error *err) LK_MUST_USE;
void lk_tree_done(struct lk_tree *tree);

#endif
