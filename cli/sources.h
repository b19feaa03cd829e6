/*
 * Where the packages of an install come from: the cache, bundles, folders of archives; or, with
 * --no-cache and where there is no place for a cache, the last two alone.
 */
#ifndef LK_CLI_SOURCES_H
#define LK_CLI_SOURCES_H

#include "cli/app.h"

struct lk_sources {
	const struct lk_args *from; /* bundles and folders */
	struct lk_bundle *bundle;   /* the one that the lock lies in, or NULL */
	bool no_cache;
	bool dry_run; /* nothing is made */
};

/* Is everything there that --from names? LK_E_USAGE; nothing is opened for long. */
int lk_sources_check(const struct lk_args *from, struct lk_error *err) LK_MUST_USE;

/* The cache, bundles being layers of it; and folders, where it has no folder to write into. The
 * bundle of SOURCES is taken, also on failure. */
int lk_sources_open(struct lk_app *app, const struct lk_sources *sources, struct lk_cache **ret,
	struct lk_error *err) LK_MUST_USE;

/* Copies what CACHE lacks of N RECORDS into it from the folders. RET_MISSING: what none of them
 * has. LK_E_INTEGRITY when all that have an archive have it with other bytes (for a dry run:
 * another size). */
int lk_sources_import(struct lk_app *app, const struct lk_sources *sources, struct lk_cache *cache,
	const struct lk_record *records, size_t n, struct lk_records *ret_missing,
	struct lk_error *err) LK_MUST_USE;

#endif
