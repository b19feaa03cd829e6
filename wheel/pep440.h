/*
 * Python's versions (PEP 440; packaging.python.org, "Version specifiers").
 *
 *     [N!]N(.N)*[{a|b|rc}N][.postN][.devN][+LOCAL]
 *
 * in any of the spellings that the standard normalises. Numbers may have any count of digits: they
 * are compared as text without leading zeros. Parsed once; comparing allocates nothing.
 */
#ifndef LK_WHEEL_PEP440_H
#define LK_WHEEL_PEP440_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/* Bytes. */
#define LK_PEP440_MAX_LEN ((size_t)1024)

/* A number's digits without leading zeros: zero has none. */
typedef lk_str lk_pep440_number;

enum lk_pep440_pre {
	LK_PEP440_ALPHA,
	LK_PEP440_BETA,
	LK_PEP440_CANDIDATE,
	LK_PEP440_FINAL, /* no pre-release segment */
};

struct lk_pep440_local {
	lk_str text; /* lower case; a number's digits without leading zeros */
	bool is_number;
};

/* Views of the arena that it was parsed into. */
struct lk_pep440 {
	lk_pep440_number epoch;
	const lk_pep440_number *release;
	size_t n_release;
	enum lk_pep440_pre pre;
	lk_pep440_number pre_number;
	bool has_post, has_dev;
	lk_pep440_number post, dev;
	const struct lk_pep440_local *local;
	size_t n_local;
};

/* Parses TEXT (white space around it and case are ignored). LK_E_FORMAT with the column in TEXT and
 * TEXT as excerpt for what is no version of PEP 440: such as "2004d" or "1.0-final". */
int lk_pep440_parse(lk_str text, struct lk_arena *arena, struct lk_pep440 *ret,
	struct lk_error *err) LK_MUST_USE;

/* < 0, 0, > 0: epoch, release (trailing zeros aside), then .dev < a < b < rc < final < .post, and
 * within each of these a .dev before the rest; a local version after the same one without. */
int lk_pep440_cmp(const struct lk_pep440 *a, const struct lk_pep440 *b);
/* The same with the local parts left out. */
int lk_pep440_cmp_public(const struct lk_pep440 *a, const struct lk_pep440 *b);
/* Only epoch and release. */
int lk_pep440_cmp_base(const struct lk_pep440 *a, const struct lk_pep440 *b);
int lk_pep440_number_cmp(lk_pep440_number a, lk_pep440_number b);

/* Has it a pre-release or development segment? */
bool lk_pep440_is_pre(const struct lk_pep440 *version);
/* The normal form, appended: "1.0rc1.post2.dev3+ubuntu.1". Trailing zeros of the release stay. */
void lk_pep440_put(const struct lk_pep440 *version, struct lk_buf *out);

#endif
