/*
 * POSIX extended regular expressions over bytes, without back references: does a text hold a match?
 *
 * Own code, because a libc's compiler takes gigabytes for some patterns of a hundred bytes, and
 * patterns come from channels. Compiled once, into the arena; matching allocates nothing and takes
 * at most length × states steps. Where POSIX leaves a meaning open, or conda's (Python's) would be
 * another, the pattern is refused. For conda/ only.
 */
#ifndef LK_CONDA_REGEX_PRIV_H
#define LK_CONDA_REGEX_PRIV_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/* Bytes of a pattern, parentheses within each other, states after counts are written out. */
#define LK_REGEX_MAX_LEN 128
#define LK_REGEX_MAX_DEPTH 8
#define LK_REGEX_MAX_STATES 1000

struct lk_regex; /* immutable, owned by the arena it was compiled into */

/* LK_E_FORMAT with the column in TEXT. NOCASE folds ASCII letters. */
int lk_regex_compile(lk_str text, bool nocase, struct lk_arena *arena, const struct lk_regex **ret,
	struct lk_error *err) LK_MUST_USE;
/* Is there a match anywhere in S? */
bool lk_regex_matches(const struct lk_regex *regex, lk_str s);

#endif
