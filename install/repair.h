/*
 * Mending a prefix from the cache: an install of just what it was installed from.
 */
#ifndef LK_INSTALL_REPAIR_H
#define LK_INSTALL_REPAIR_H

#include "install/install.h"
#include "install/verify.h"

/* Can FOUND be mended by what the prefix tells of itself? LK_E_USAGE when it was not installed by
 * lockenv; LK_E_FINDING when its records or its state are damaged, so that a lock is needed. */
int lk_repair_check(
	const struct lk_verify *found, const char *prefix, struct lk_error *err) LK_MUST_USE;

/* The packages of FOUND with something to mend, or all; sorted by name, owned by FOUND's arena. */
struct lk_record *lk_repair_records(struct lk_verify *found, bool all, size_t *ret_n);

/* Installs anew what is damaged in PREFIX, an absolute path; what was changed in it is kept aside
 * as lk_install does. LK_E_INTEGRITY, and nothing is changed, when the outcome would not have the
 * tree digest that was installed. Of OPTIONS what the state tells is replaced (compile, subdir,
 * specs, final_prefix, link when it was by symlink), and verify is set. Codes as of lk_install. */
int lk_repair(struct lk_cache *cache, const char *prefix, struct lk_verify *found,
	const struct lk_install_options *options, const struct lk_report *report,
	struct lk_install_result *ret, struct lk_error *err) LK_MUST_USE;

#endif
