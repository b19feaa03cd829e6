/*
 * Dependency specifiers, as in Requires-Dist:
 *
 *     name[extra,…] (>=1.2,<2) ; marker        name[extra,…] @ URL ; marker
 *
 * (PyPA specification "Dependency specifiers", PEP 508).
 */
#ifndef LK_WHEEL_REQUIREMENT_H
#define LK_WHEEL_REQUIREMENT_H

#include "wheel/marker.h"
#include "wheel/specifier.h"

/* Bytes. */
#define LK_REQUIREMENT_MAX_LEN 32768

struct lk_requirement {
	lk_str name;    /* as written; lk_wheel_name gives the normal form */
	lk_str *extras; /* normal forms, in the order given */
	size_t n_extras;
	struct lk_specifiers specifiers;
	lk_str url;                     /* empty for none; then there are no specifiers */
	const struct lk_marker *marker; /* NULL for none */
};

/* Parses the whole TEXT into views of ARENA. LK_E_FORMAT with the column in TEXT and TEXT as
 * excerpt. */
int lk_requirement_parse(lk_str text, struct lk_arena *arena, struct lk_requirement *ret,
	struct lk_error *err) LK_MUST_USE;

#endif
