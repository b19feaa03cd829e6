/*
 * A cursor over JSON text that is valid or refused: no tree, no copies.
 *
 * The one way through repodata. Everything it passes is checked (RFC 8259 grammar, UTF-8, escapes
 * with their surrogates, no NUL, depth), so a caller may skip what it does not need and still
 * refuse damaged text. Errors are LK_E_FORMAT with file, line, column and byte. Where the text is
 * only the part that has arrived, running into its end is LK_SCAN_CUT instead: put the cursor back,
 * move the end, try again.
 *
 *     lk_scan_enter(&scan, '{');
 *     while ((rc = lk_scan_next(&scan, '}')) > 0) {
 *             lk_scan_key(&scan, &key);
 *             lk_scan_skip(&scan, NULL);
 *     }
 */
#ifndef LK_CONDA_JSON_SCAN_PRIV_H
#define LK_CONDA_JSON_SCAN_PRIV_H

#include <limits.h>

#include "base/err.h"
#include "base/str.h"

#define LK_SCAN_MAX_DEPTH 256
#define LK_SCAN_CUT INT_MIN /* no enum lk_code: never leaves who scans */

struct lk_scan {
	const char *start, *end; /* the whole text */
	const char *at;
	const char *file; /* for errors */
	unsigned depth;   /* of containers entered */
	bool fresh;       /* nothing of the innermost container was read yet */
	bool transcribed; /* made from another format: places in the text mean nothing */
	bool partial;     /* more text follows the end */
	struct lk_error *err;
};

/* A string as it stands between its quotes. */
struct lk_scan_text {
	lk_str raw;
	bool escaped; /* holds backslashes */
};

void lk_scan_init(struct lk_scan *scan, lk_str text, const char *file, struct lk_error *err);
/* The first byte of the next value after white space; '\0' at the end of the text. */
static inline char lk_scan_peek(struct lk_scan *scan)
{
	const char *p = scan->at;
	while (p < scan->end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')) {
		p++;
	}
	scan->at = p;
	return p < scan->end ? *p : '\0';
}
/* Steps over '{' or '['; anything else is an error. */
int lk_scan_enter(struct lk_scan *scan, char open) LK_MUST_USE;
/* 1: another member or element follows; 0: the container was closed by CLOSE; negative: an error.
 */
int lk_scan_next(struct lk_scan *scan, char close) LK_MUST_USE;
/* A member's key and the colon. */
int lk_scan_key(struct lk_scan *scan, struct lk_scan_text *ret) LK_MUST_USE;
int lk_scan_string(struct lk_scan *scan, struct lk_scan_text *ret) LK_MUST_USE;
/* Calls ONE for each member of the object at the cursor, the cursor on its value; stops at the
 * first negative result and returns it. */
typedef int lk_scan_member_fn(void *ctx, struct lk_scan_text key);
int lk_scan_each(struct lk_scan *scan, lk_scan_member_fn *one, void *ctx) LK_MUST_USE;
/* A string decoded as by lk_scan_decode; an empty view for a value of any other kind. */
int lk_scan_text_or_none(struct lk_scan *scan, struct lk_arena *arena, lk_str *ret) LK_MUST_USE;
/* Any value; *ret_text (may be NULL) gets where it stands. */
int lk_scan_skip(struct lk_scan *scan, lk_str *ret_text) LK_MUST_USE;
/* Only white space may be left. */
int lk_scan_finish(struct lk_scan *scan) LK_MUST_USE;
/* LK_E_FORMAT at the place where the cursor stands. */
int lk_scan_fail(const struct lk_scan *scan, const char *what);

/* The text itself: a view of the source, or a decoded copy owned by ARENA where there are escapes.
 */
lk_str lk_scan_decode(struct lk_scan_text text, struct lk_arena *arena);
/* The same for a TEXT with escapes. */
bool lk_scan_is_escaped(struct lk_scan_text text, lk_str key);
/* Does the text say KEY? */
static inline bool lk_scan_is(struct lk_scan_text text, const char *key)
{
	lk_str wanted = lk_str_of(key);
	return text.escaped ? lk_scan_is_escaped(text, wanted) : lk_str_eq(text.raw, wanted);
}

#endif
