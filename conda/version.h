/*
 * Versions: conda's grammar and order (CEP 33).
 *
 * Digit runs may be of any length: they are compared as text without leading zeros, never converted.
 */
#ifndef LK_CONDA_VERSION_H
#define LK_CONDA_VERSION_H

#include "base/err.h"
#include "base/str.h"

struct lk_version; /* immutable, owned by the arena it was parsed into */

/* Parses TEXT (white space around it is ignored, case too). LK_E_FORMAT with the column in TEXT and
 * TEXT as excerpt. */
int lk_version_parse(lk_str text, struct lk_arena *arena, const struct lk_version **ret,
		struct lk_error *err) LK_MUST_USE;
/* The text it was parsed from, as given (trimmed). */
lk_str lk_version_text(const struct lk_version *version);
/* < 0, 0, > 0. Equal means equal in order: 1.0 and 1.0.0 are. */
int lk_version_cmp(const struct lk_version *a, const struct lk_version *b);

#endif
