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

#ifdef __SSE2__
#include <emmintrin.h>
#else
#include <endian.h>
#endif

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
/* LK_E_FORMAT at the place where the cursor stands. */
int lk_scan_fail(const struct lk_scan *scan, const char *what);

/* Steps over '{' or '['; anything else is an error. */
static inline LK_MUST_USE int lk_scan_enter(struct lk_scan *scan, char open)
{
	if (lk_scan_peek(scan) != open) {
		return lk_scan_fail(scan, open == '{' ? "expected an object" : "expected an array");
	}
	if (scan->depth >= LK_SCAN_MAX_DEPTH) {
		return lk_scan_fail(scan, "nested too deep");
	}
	scan->depth++;
	scan->at++;
	scan->fresh = true;
	return 0;
}

/* 1: another member or element follows; 0: the container was closed by CLOSE; negative: an error.
 */
static inline LK_MUST_USE int lk_scan_next(struct lk_scan *scan, char close)
{
	char c = lk_scan_peek(scan);
	if (c == close) {
		scan->at++;
		scan->depth--;
		scan->fresh = false;
		return 0;
	}
	if (!scan->fresh) {
		if (c != ',') {
			return lk_scan_fail(
				scan, close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
		}
		scan->at++;
	}
	scan->fresh = false;
	return 1;
}

#ifdef __SSE2__
#define LK_SCAN_STRIDE 32

/* A bit for each of 16 bytes at P that ends a run of plain ASCII: a quote, a backslash, a control,
 * and what is above 0x7f, which is negative here, so below 0x20 too. */
static inline unsigned lk_scan_ends(const char *p)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
	__m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
	__m128i beyond = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20));
	return (unsigned)_mm_movemask_epi8(_mm_or_si128(beyond, _mm_or_si128(quote, slash)));
}

/* How many of the LK_SCAN_STRIDE bytes at P are plain ASCII before the first that ends the run;
 * LK_SCAN_STRIDE when there is none. */
static inline unsigned lk_scan_plain(const char *p)
{
	unsigned ends = lk_scan_ends(p) | lk_scan_ends(p + 16) << 16;
	return ends ? (unsigned)__builtin_ctz(ends) : LK_SCAN_STRIDE;
}
#else
#define LK_SCAN_STRIDE 8
/* The same in a word. A borrow can mark only bytes behind one that is marked rightly, so the lowest
 * mark is right. */
static inline unsigned lk_scan_plain(const char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t high = UINT64_C(0x8080808080808080);
	uint64_t w;
	memcpy(&w, p, sizeof(w));
	w = le64toh(w);
	uint64_t quote = w ^ (ones * '"');
	uint64_t slash = w ^ (ones * '\\');
	uint64_t found = ((w - ones * 0x20) & ~w) | ((quote - ones) & ~quote) |
		((slash - ones) & ~slash) | w;
	found &= high;
	return found ? (unsigned)__builtin_ctzll(found) / 8 : LK_SCAN_STRIDE;
}
#endif

/* What is behind the quote at the cursor, however long and whatever is in it. */
int lk_scan_long_string(struct lk_scan *scan, struct lk_scan_text *ret) LK_MUST_USE;

static inline LK_MUST_USE int lk_scan_string(struct lk_scan *scan, struct lk_scan_text *ret)
{
	if (lk_scan_peek(scan) != '"') {
		return lk_scan_fail(scan, "expected a string");
	}
	const char *first = scan->at + 1;
	if (scan->end - first >= LK_SCAN_STRIDE) {
		unsigned n = lk_scan_plain(first);
		if (n < LK_SCAN_STRIDE && first[n] == '"') {
			*ret = (struct lk_scan_text){lk_str_n(first, n), false};
			scan->at = first + n + 1;
			return 0;
		}
	}
	return lk_scan_long_string(scan, ret);
}

/* A member's key and the colon. */
static inline LK_MUST_USE int lk_scan_key(struct lk_scan *scan, struct lk_scan_text *ret)
{
	if (lk_scan_peek(scan) != '"') {
		return lk_scan_fail(scan, "expected a key in quotes");
	}
	int rc = lk_scan_string(scan, ret);
	if (rc < 0) {
		return rc;
	}
	if (lk_scan_peek(scan) != ':') {
		return lk_scan_fail(scan, "expected ':' after the key");
	}
	scan->at++;
	return 0;
}

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
