/*
 * Environment markers: python_version < "3.11" and (sys_platform == "linux" or extra == "test")
 * (PyPA specification "Dependency specifiers", PEP 508).
 */
#ifndef LK_WHEEL_MARKER_H
#define LK_WHEEL_MARKER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/* Bytes of a marker; levels of parentheses in it. */
#define LK_MARKER_MAX_LEN 16384
#define LK_MARKER_MAX_DEPTH 32

enum lk_marker_variable {
	LK_MARKER_EXTRA,
	LK_MARKER_IMPLEMENTATION_NAME,
	LK_MARKER_IMPLEMENTATION_VERSION,
	LK_MARKER_OS_NAME,
	LK_MARKER_PLATFORM_MACHINE,
	LK_MARKER_PYTHON_IMPLEMENTATION, /* platform_python_implementation */
	LK_MARKER_PLATFORM_RELEASE,
	LK_MARKER_PLATFORM_SYSTEM,
	LK_MARKER_PLATFORM_VERSION,
	LK_MARKER_PYTHON_FULL_VERSION,
	LK_MARKER_PYTHON_VERSION,
	LK_MARKER_SYS_PLATFORM,
	LK_MARKER_N_VARIABLES,
};

enum lk_marker_op {
	LK_MARKER_IN,
	LK_MARKER_NOT_IN,
	LK_MARKER_COMPARE, /* with one of the operators of a version specifier */
};

enum lk_marker_kind {
	LK_MARKER_AND,
	LK_MARKER_OR,
	LK_MARKER_TERM,
};

/* Owned by the arena that it was parsed into. */
struct lk_marker {
	enum lk_marker_kind kind;
	/* AND, OR: two items at least. */
	const struct lk_marker *const *items;
	size_t n_items;
	/* TERM: "VARIABLE op VALUE", or "VALUE op VARIABLE" when it is reversed. */
	enum lk_marker_variable variable;
	enum lk_marker_op op;
	lk_str compare; /* "==", "<=" …; empty for in and not in */
	lk_str value;
	bool reversed;
};

struct lk_marker_environment {
	lk_str values[LK_MARKER_N_VARIABLES];
};

/* Parses the whole TEXT. LK_E_FORMAT with the column in TEXT and TEXT as excerpt. */
int lk_marker_parse(lk_str text, struct lk_arena *arena, const struct lk_marker **ret,
	struct lk_error *err) LK_MUST_USE;
/* Does it hold there? MARKER may be NULL: it always does. */
bool lk_marker_holds(
	const struct lk_marker *marker, const struct lk_marker_environment *environment);
/* "python_version". */
const char *lk_marker_variable_name(enum lk_marker_variable variable);
/* Are the values of VARIABLE compared as versions? */
bool lk_marker_is_version(enum lk_marker_variable variable);

#endif
