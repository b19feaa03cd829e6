/*
 * How far work on a bundle's members has come, counted by several threads and told by one.
 */
#ifndef LK_STORE_BUNDLE_TALLY_PRIV_H
#define LK_STORE_BUNDLE_TALLY_PRIV_H

#include <stdatomic.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/report.h"

struct lk_bundle_tally {
	const struct lk_report *report; /* may be NULL */
	const char *stage;              /* static */
	pid_t caller;                   /* the thread that may call it */
	uint64_t total, bytes_all;
	atomic_uint_fast64_t done, bytes;
	atomic_bool stopped;
};

/* For the thread whose report it is. */
void lk_bundle_tally_init(struct lk_bundle_tally *tally, const struct lk_report *report,
	const char *stage, uint64_t total, uint64_t bytes_all);
/* BYTES more are done; and MEMBERS more (0 or 1). LK_E_INTERRUPTED once the user wants no more. */
int lk_bundle_tally_add(struct lk_bundle_tally *tally, uint64_t bytes, unsigned members,
	struct lk_error *err) LK_MUST_USE;

#endif
