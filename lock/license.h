/*
 * Is a package's licence one that the lists of a policy let pass (docs/policy.md)?
 *
 * Channels write SPDX expressions and free text side by side. What parses as an expression
 * (https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/, operators in either case) is
 * judged by its parts: OR needs one side, AND needs both. Any other text is judged whole, but what
 * is denied may not be one of its words either. Case does not matter. A package that states none,
 * or "None", has the licence "NONE".
 */
#ifndef LK_LOCK_LICENSE_H
#define LK_LOCK_LICENSE_H

#include <stdbool.h>

#include "base/str.h"

/* A licence as a policy names it, '*' for any run of characters. */
struct lk_license_pattern {
	lk_str text;      /* white space made single */
	lk_str base;      /* of "X WITH Y" the X; else the text */
	lk_str exception; /* the Y; empty when there is none */
	bool is_whole;    /* no single licence: for whole texts only */
};

struct lk_license_patterns {
	const struct lk_license_pattern *items;
	size_t n;
};

struct lk_license_pattern lk_license_pattern_of(lk_str text, struct lk_arena *arena);

/* What DENY matches does not pass; where ALLOW has items, only what they match does. A single
 * licence "X WITH Y" goes by the patterns that name an exception and match it, where there are
 * any, else X goes by the others. What EXTRA (may be NULL) matches passes in any case. */
bool lk_license_passes(lk_str license, const struct lk_license_patterns *allow,
	const struct lk_license_patterns *deny, const struct lk_license_patterns *extra);

#endif
