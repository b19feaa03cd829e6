/*
 * Facts in a diff: what kinds of change they make, and what is told of them.
 */
#ifndef LK_LOCK_LOCK_DIFF_FACTS_PRIV_H
#define LK_LOCK_LOCK_DIFF_FACTS_PRIV_H

#include "lock/lock_diff.h"

/* Bits of LK_CHANGE_GPU, LK_CHANGE_GLIBC, LK_CHANGE_FACTS. */
unsigned lk_diff_facts_kinds(const struct lk_record *from, const struct lk_record *to);
/* The GPU codes that OF has and IN lacks, with spaces between them. */
void lk_diff_put_missing_codes(
	const struct lk_record *of, const struct lk_record *in, struct lk_buf *out);
/* Did one of those kinds come up? FROM and TO are there then. */
bool lk_diff_tells_facts(const struct lk_package_change *change);

#endif
