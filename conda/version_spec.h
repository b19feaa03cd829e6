/*
 * Version specs: ">=1.2,<2|3.*" and the rest of conda-formats' grammar (CEP 29, CEP 33).
 *
 *     spec   = and ("|" and)*        and = term ("," term)*        term = "(" spec ")" | clause
 *     clause = "^" regex "$" | [operator] version-or-pattern
 *
 * Parsed once into a small tree; matching allocates nothing.
 * Real channel data is pinned by realspecs_test.
 */
#ifndef LK_CONDA_VERSION_SPEC_H
#define LK_CONDA_VERSION_SPEC_H

#include <stdbool.h>

#include "conda/version.h"

/* Who wrote it decides how strict we are: channels carry old mistakes, a manifest should not. */
enum lk_spec_origin {
	LK_SPEC_USER,
	LK_SPEC_REPODATA,
};

/* Bytes of a version spec or MatchSpec; levels of parentheses in either. */
#define LK_SPEC_MAX_LEN 16384
#define LK_SPEC_MAX_DEPTH 32

struct lk_version_spec; /* immutable, owned by the arena it was parsed into */

/* LK_E_FORMAT with the column in TEXT and TEXT as excerpt. */
int lk_version_spec_parse(lk_str text, enum lk_spec_origin origin, struct lk_arena *arena,
	const struct lk_version_spec **ret, struct lk_error *err) LK_MUST_USE;
/* SPEC may be NULL: any. */
bool lk_version_spec_matches(const struct lk_version_spec *spec, const struct lk_version *version);
/* Accepts everything ("*")? */
bool lk_version_spec_is_any(const struct lk_version_spec *spec);
/* Between which versions everything lies that SPEC (NULL: any) accepts. */
struct lk_version_bounds {
	const struct lk_version *lower, *upper; /* NULL: none known */
	bool lower_open, upper_open;            /* the bound itself is not accepted */
	bool exact; /* and everything between them is accepted; else the bounds may be too wide */
};
void lk_version_spec_bounds(const struct lk_version_spec *spec, struct lk_version_bounds *ret);
/* Narrows *INTO to what lies within BOUNDS too. */
void lk_version_bounds_narrow(
	struct lk_version_bounds *into, const struct lk_version_bounds *bounds);
/* Was a superfluous ".*" after an order operator (">=1.7.*") dropped? Worth a warning to a user. */
bool lk_version_spec_dropped_star(const struct lk_version_spec *spec);

/* One spelling for each meaning, appended to BUF, parsable again: "*", "==V" or "=V" alone, else
 * the clauses without spaces ("1.0|1.2", "=1.0|1.2", ">=1.0,<2.0"). */
void lk_version_spec_canonical(const struct lk_version_spec *spec, struct lk_buf *buf);

#endif
