/*
 * Text patterns of MatchSpecs (CEP 29): an exact text, a glob, or a regular expression.
 *
 * A regular expression is "^…$", within small limits, so that no pattern from a channel can take
 * much time or memory (base/regex.h). All are compiled once.
 */
#ifndef LK_CONDA_PATTERN_H
#define LK_CONDA_PATTERN_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

enum lk_pattern_kind {
	LK_PATTERN_ANY,
	LK_PATTERN_EXACT,
	LK_PATTERN_GLOB,
	LK_PATTERN_REGEX,
};

struct lk_pattern; /* immutable, owned by the arena it was parsed into */

/* "^" … "$" is a regular expression, "*" is ANY, any other text with a '*' a glob, the rest exact.
 * Never fails but for a bad regular expression: LK_E_FORMAT with the column in TEXT. */
int lk_pattern_parse(lk_str text, bool nocase, struct lk_arena *arena,
	const struct lk_pattern **ret, struct lk_error *err) LK_MUST_USE;
/* PATTERN may be NULL: any, and empty text. */
enum lk_pattern_kind lk_pattern_kind(const struct lk_pattern *pattern);
bool lk_pattern_matches(const struct lk_pattern *pattern, lk_str s);
lk_str lk_pattern_text(const struct lk_pattern *pattern);

#endif
