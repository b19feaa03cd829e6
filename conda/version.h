/*
 * Versions: conda's grammar and order (CEP 33).
 *
 * Digit runs may be of any length: they are compared as text without leading zeros, never
 * converted. A parsed version holds a key of bytes in which conda's order is the order of bytes, so
 * comparing and prefix matching allocate nothing and touch only that key. Safe to read from several
 * threads.
 */
#ifndef LK_CONDA_VERSION_H
#define LK_CONDA_VERSION_H

#include "base/err.h"
#include "base/str.h"

/* Bytes; far above the 64 of CEP 26, because channels carry longer ones. */
#define LK_VERSION_MAX_LEN 16384

struct lk_version; /* immutable, owned by the arena it was parsed into */

/* Parses TEXT (white space around it is ignored, case too). LK_E_FORMAT with the column in TEXT and
 * TEXT as excerpt. */
int lk_version_parse(lk_str text, struct lk_arena *arena, const struct lk_version **ret,
	struct lk_error *err) LK_MUST_USE;
/* The text it was parsed from, as given (trimmed). */
lk_str lk_version_text(const struct lk_version *version);
/* < 0, 0, > 0. Equal means equal in order: 1.0 and 1.0.0 are. */
int lk_version_cmp(const struct lk_version *a, const struct lk_version *b);
bool lk_version_eq(const struct lk_version *a, const struct lk_version *b);

/* Is VERSION within "=PREFIX"? Same epoch; all segments of PREFIX but its last are equal, and the
 * last is equal as far as PREFIX goes: 1.0.1c is in 1.0.1, 1.70 is not in 1.7, 1.7 is in 1.7.0. The
 * local part counts only when PREFIX has one; then the main parts must be equal. */
bool lk_version_starts_with(const struct lk_version *version, const struct lk_version *prefix);
/* The same with the last segment of the main part of BASE taken away, local parts ignored: the
 * upper half of "~=BASE". A BASE of one segment leaves the epoch. */
bool lk_version_shares_parent(const struct lk_version *version, const struct lk_version *base);
/* How far to the front two versions differ: 0 when their epochs or the first numbers do, 1 when the
 * second numbers do (a missing one is 0), 2 when anything after that does or nothing at all. The
 * number of a segment is what it begins with: 9e and 9f differ in no first number. */
unsigned lk_version_step(const struct lk_version *a, const struct lk_version *b);
/* Has the main part one segment only? */
bool lk_version_is_one_segment(const struct lk_version *version);

#endif
