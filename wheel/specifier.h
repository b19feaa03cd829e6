/*
 * Which of Python's versions are asked for: ">=1.2,!=1.3.*,<2" (PEP 440, "Version specifiers").
 */
#ifndef LK_WHEEL_SPECIFIER_H
#define LK_WHEEL_SPECIFIER_H

#include "wheel/pep440.h"

/* Bytes of a set of specifiers; specifiers in it. */
#define LK_SPECIFIER_MAX_LEN 4096
#define LK_SPECIFIER_MAX 256

enum lk_specifier_op {
	LK_SPECIFIER_COMPATIBLE, /* ~= */
	LK_SPECIFIER_EQUAL,      /* == */
	LK_SPECIFIER_NOT_EQUAL,  /* != */
	LK_SPECIFIER_AT_MOST,    /* <= */
	LK_SPECIFIER_AT_LEAST,   /* >= */
	LK_SPECIFIER_BELOW,      /* < */
	LK_SPECIFIER_ABOVE,      /* > */
	LK_SPECIFIER_ARBITRARY,  /* === */
};

struct lk_specifier {
	enum lk_specifier_op op;
	bool prefix;              /* "==1.2.*", "!=1.2.*" */
	struct lk_pep440 version; /* of === only where that is one */
	lk_str text;              /* of ===: what stands behind it, in lower case */
};

/* All of them hold together; none of them at all: any version. */
struct lk_specifiers {
	const struct lk_specifier *items; /* owned by the arena */
	size_t n;
};

/* Parses TEXT, "" included. LK_E_FORMAT with the column in TEXT and TEXT as excerpt. */
int lk_specifiers_parse(lk_str text, struct lk_arena *arena, struct lk_specifiers *ret,
	struct lk_error *err) LK_MUST_USE;

/* Does VERSION meet SPECIFIER? Pre-releases are judged like any version: whether they are to be
 * looked at is lk_specifiers_take_pre's to say. */
bool lk_specifier_matches(const struct lk_specifier *specifier, const struct lk_pep440 *version);
bool lk_specifiers_match(const struct lk_specifiers *set, const struct lk_pep440 *version);
/* Does the set itself name a pre-release in a way that lets pre-releases in? */
bool lk_specifiers_take_pre(const struct lk_specifiers *set);

#endif
