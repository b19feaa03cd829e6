/*
 * Regular expressions that may come from anybody: does a text hold a match?
 *
 * Perl's syntax, as PCRE2 has it, which is Python's and so conda's in all that specs use. Bytes,
 * not characters. Compiling is bounded in time and memory. So is matching: a text that takes more
 * than LK_REGEX_MAX_STEPS steps counts as one that does not match, on every machine alike.
 */
#ifndef LK_BASE_REGEX_H
#define LK_BASE_REGEX_H

#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

/* Bytes of a pattern, parentheses within each other, steps of one match. */
#define LK_REGEX_MAX_LEN 128
#define LK_REGEX_MAX_DEPTH 16
#define LK_REGEX_MAX_STEPS 100000

struct lk_regex; /* immutable, owned by the arena it was compiled into */

/* LK_E_FORMAT with the column in TEXT. NOCASE folds ASCII letters. */
int lk_regex_compile(lk_str text, bool nocase, struct lk_arena *arena, const struct lk_regex **ret,
	struct lk_error *err) LK_MUST_USE;
/* Is there a match anywhere in S? */
bool lk_regex_matches(const struct lk_regex *regex, lk_str s);

#endif
