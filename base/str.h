/*
 * Text: a borrowed view (lk_str) and a growing buffer (lk_buf).
 *
 * An lk_str is a pointer and a length; it owns nothing and need not end in NUL, except where a
 * function says so. Text is bytes, UTF-8 where it is shown to people; no function looks at the
 * locale. The ASCII helpers here replace <ctype.h>.
 *
 * An lk_buf owns its bytes, keeps a NUL after them and never grows past the maximum given at init.
 * An append that would pass it changes nothing and sets the sticky flag `overflow`: append freely,
 * then ask once.
 *
 *     struct lk_buf LK_CLEANUP(lk_buf_done) b = LK_BUF_INIT(64 * 1024);
 *     lk_buf_appendf(&b, "%s-%u", name, n);
 *     if (b.overflow) return lk_fail(err, LK_E_FORMAT, "...");
 */
#ifndef LK_BASE_STR_H
#define LK_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/attr.h"
#include "base/mem.h"
#include "base/vec.h"

typedef struct lk_str {
	const char *ptr; /* NULL only when len is 0 */
	size_t len;      /* bytes */
} lk_str;

struct lk_strs LK_VEC_OF(lk_str);

#define LK_STR(literal) ((lk_str){(literal), sizeof(literal) - 1})
#define LK_STR_FMT "%.*s"
#define LK_STR_ARG(s) ((int)(s).len), ((s).ptr ? (s).ptr : "")

static inline lk_str lk_str_n(const char *ptr, size_t len)
{
	return (lk_str){ptr, len};
}

/* TEXT may be NULL: an empty view. */
static inline lk_str lk_str_of(const char *text)
{
	return (lk_str){text, text ? strlen(text) : 0};
}

static inline bool lk_str_eq(lk_str a, lk_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool lk_str_is(lk_str a, const char *text)
{
	return lk_str_eq(a, lk_str_of(text));
}

/* Bytewise order, as unsigned bytes; a prefix sorts first. */
int lk_str_cmp(lk_str a, lk_str b);
/* The same for qsort over lk_str. */
int lk_str_cmp_qsort(const void *a, const void *b);
bool lk_str_eq_nocase(lk_str a, lk_str b); /* ASCII only */

bool lk_str_starts(lk_str s, lk_str prefix);
bool lk_str_ends(lk_str s, lk_str suffix);
/* Index of the first C / of NEEDLE in S, or SIZE_MAX. */
size_t lk_str_find_char(lk_str s, char c);
size_t lk_str_rfind_char(lk_str s, char c);
size_t lk_str_find(lk_str s, lk_str needle);
/* S[from..to), both clamped to the length. */
lk_str lk_str_slice(lk_str s, size_t from, size_t to);
lk_str lk_str_skip(lk_str s, size_t n);
/* Without leading and trailing ASCII white space. */
lk_str lk_str_trim(lk_str s);
/* Without the C at its end, however many. */
lk_str lk_str_trim_end(lk_str s, char c);
/* Is there an ASCII control character (DEL too) in it? */
bool lk_str_has_control(lk_str s);
/* Splits off the part of *REST before the next SEP. False when *REST is exhausted (ptr NULL). */
bool lk_str_split(lk_str *rest, char sep, lk_str *ret_part);
/* Decimal digits only, whole text, no sign; false when empty, other bytes, or above UINT64_MAX. */
bool lk_str_to_u64(lk_str s, uint64_t *ret_value);
/* For tables in memory only: the value depends on byte order and may change between versions. Who
 * does not know SEED cannot choose texts that collide; lk_str_hash has the seed 0. */
uint64_t lk_str_hash_seeded(lk_str s, uint64_t seed);
uint64_t lk_str_hash(lk_str s);

/* Bytes (1 to 4) of the UTF-8 sequence at the start of S and its code point; 0 when S is empty or
 * does not start with one (overlong forms, surrogates and above U+10FFFF are none). */
size_t lk_utf8_decode(lk_str s, uint32_t *ret_code_point);
bool lk_utf8_is_valid(lk_str s);

/* Whole-pattern glob: '*' any run, every other byte itself. */
bool lk_str_glob(lk_str pattern, lk_str s, bool nocase);

/* Edit distance (insert, delete, replace, swap of neighbours), capped at LIMIT + 1. Costs about
 * LIMIT steps for each byte. */
unsigned lk_str_distance(lk_str a, lk_str b, unsigned limit);

/* NUL-ended copy owned by the arena, as a view; in lower case (ASCII only). */
lk_str lk_str_dup(struct lk_arena *arena, lk_str s);
/* S itself, or its ends with "…" between them, so that it has at most MAX bytes (at least 16) and
 * no character is cut. */
lk_str lk_str_shorten(struct lk_arena *arena, lk_str s, size_t max);
lk_str lk_str_lower(struct lk_arena *arena, lk_str s);
/* Without white space at the ends, and each run of it inside made one space. */
lk_str lk_str_single_spaced(struct lk_arena *arena, lk_str s);
lk_str lk_str_printf(struct lk_arena *arena, const char *fmt, ...) LK_PRINTF(2, 3);
/* N texts one after the other; NUL-ended, owned by the arena. */
lk_str lk_str_concat(struct lk_arena *arena, const lk_str *parts, size_t n);

static inline bool lk_is_digit(char c)
{
	return c >= '0' && c <= '9';
}
static inline bool lk_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static inline bool lk_is_alnum(char c)
{
	return lk_is_digit(c) || lk_is_alpha(c);
}
static inline bool lk_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}
static inline char lk_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}
/* 0 to 15, or -1 for what is no hex digit. */
static inline int lk_hex_digit(char c)
{
	if (lk_is_digit(c)) {
		return c - '0';
	}
	c = lk_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct lk_buf {
	char *ptr;  /* NUL-ended; NULL while nothing was appended */
	size_t len; /* bytes, without the NUL */
	size_t cap;
	size_t max;    /* len never exceeds this */
	bool overflow; /* sticky: some append did not fit */
};

#define LK_BUF_INIT(max_len)                                                                       \
	{                                                                                          \
		NULL, 0, 0, (max_len), false                                                       \
	}

void lk_buf_init(struct lk_buf *buf, size_t max);
void lk_buf_done(struct lk_buf *buf); /* leaves it empty, reusable with the same maximum */
/* The same for a secret: the memory is overwritten. What it grew out of is not: make room first. */
void lk_buf_wipe(struct lk_buf *buf);
void lk_buf_clear(struct lk_buf *buf);
void lk_buf_append(struct lk_buf *buf, const void *bytes, size_t len);
void lk_buf_puts(struct lk_buf *buf, const char *text);
void lk_buf_put(struct lk_buf *buf, lk_str text);
void lk_buf_putc(struct lk_buf *buf, char c);
void lk_buf_appendf(struct lk_buf *buf, const char *fmt, ...) LK_PRINTF(2, 3);
void lk_buf_vappendf(struct lk_buf *buf, const char *fmt, va_list args) LK_PRINTF(2, 0);
/* Room for EXTRA more bytes at ptr + len, to be counted into len by the caller; NULL when that
 * would pass the maximum. */
char *lk_buf_room(struct lk_buf *buf, size_t extra);
/* Cuts the text to LEN bytes and ends it with NUL; no effect when it is shorter. */
void lk_buf_truncate(struct lk_buf *buf, size_t len);
/* The NUL-ended text ("" when empty); valid until the next append. */
const char *lk_buf_cstr(const struct lk_buf *buf);
static inline lk_str lk_buf_view(const struct lk_buf *buf)
{
	return (lk_str){buf->ptr, buf->len};
}

/* "912 B", "8.1 MB": decimal units, one digit behind the point, rounded down. */
void lk_buf_put_size(struct lk_buf *buf, uint64_t bytes);
/* Appends TEXT with control characters, DEL, invalid UTF-8 and C1/bidirectional controls escaped as
 * \xNN or \u{N}: text of packages, channels and locks is data before a terminal (security.md 9). */
void lk_buf_put_escaped(struct lk_buf *buf, lk_str text);

/* Appends TEXT as one word of a POSIX shell: as it is where nothing in it means anything there,
 * else in single quotes. */
void lk_buf_put_shell_word(struct lk_buf *buf, lk_str text);

#endif
