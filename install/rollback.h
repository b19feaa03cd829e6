/*
 * Going back: the prefix and the previous tree, which an install with keep_previous left, change
 * places. Once more goes forward again.
 *
 * What is foreign in the prefix goes with it into the tree that comes; what was foreign in that one
 * when it went is old, and goes. Nothing a user made is lost by that: it was carried over then, and
 * what of it is no longer in the prefix, or is another now, the user removed or changed since.
 */
#ifndef LK_INSTALL_ROLLBACK_H
#define LK_INSTALL_ROLLBACK_H

#include "base/digest.h"
#include "base/report.h"

struct lk_rollback_side {
	bool is_there;         /* else there was no environment */
	char lock[LK_HEX_MAX]; /* sha256 of the lock; empty when another tool installed it */
	size_t packages;
};

struct lk_rollback_result {
	struct lk_rollback_side from, to;
};

/* PREFIX is absolute; what is at it may be gone. WAIT: seconds, for another install into it to end.
 * LK_E_USAGE when there is no previous tree, for one that belongs to another user, and for a frozen
 * environment unless OVERRIDE_FROZEN; FS, INTERRUPTED. On failure PREFIX is what it was. */
int lk_rollback(const char *prefix, unsigned wait, bool override_frozen,
	const struct lk_report *report, struct lk_rollback_result *ret,
	struct lk_error *err) LK_MUST_USE;

#endif
