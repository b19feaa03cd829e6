/*
 * Columns, wrapping and colour.
 */
#include "lock/lock_diff_out_priv.h"

#include <inttypes.h>
#include <stdarg.h>

#define SCRATCH_MAX ((size_t)512 << 20)
#define LEAST_CUT 10 /* columns of a text that is worth showing */

void lk_out_init(struct lk_out *out, struct lk_buf *buf, bool coloured)
{
	*out = (struct lk_out){
		.buf = buf, .scratch = LK_BUF_INIT(SCRATCH_MAX), .coloured = coloured};
}

void lk_out_done(struct lk_out *out)
{
	lk_buf_done(&out->scratch);
}

/* East Asian wide characters and emoji take two columns. */
static size_t columns_of(uint32_t c)
{
	bool wide = (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
		(c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
		(c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
		(c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) ||
		(c >= 0x20000 && c <= 0x3fffd);
	return wide ? 2 : 1;
}

/* Of text that is escaped. */
static size_t width_of(lk_str text)
{
	size_t width = 0;
	while (text.len > 0) {
		uint32_t c = 0;
		size_t len = lk_utf8_decode(text, &c);
		width += len > 1 ? columns_of(c) : 1;
		text = lk_str_skip(text, len > 0 ? len : 1);
	}
	return width;
}

size_t lk_out_width(struct lk_out *out, lk_str text)
{
	lk_buf_put_escaped(&out->scratch, text);
	size_t width = width_of(lk_buf_view(&out->scratch));
	lk_buf_clear(&out->scratch);
	return width;
}

void lk_out_newline(struct lk_out *out)
{
	lk_buf_putc(out->buf, '\n');
	out->column = 0;
	out->spaces = 0;
}

/* Written once something follows: no line ends in spaces. */
static void put_spaces(struct lk_out *out, size_t n)
{
	out->column += n;
	out->spaces += n;
}

void lk_out_pad_to(struct lk_out *out, size_t column)
{
	size_t least = out->column > 0 ? 1 : 0;
	put_spaces(out, column > out->column + least ? column - out->column : least);
}

/* TEXT is escaped. */
static void put_coloured(struct lk_out *out, enum lk_colour colour, lk_str text)
{
	static const char *const codes[] = {
		[LK_PLAIN] = "",
		[LK_BOLD] = "\033[1m",
		[LK_DIM] = "\033[2m",
		[LK_RED] = "\033[31m",
		[LK_GREEN] = "\033[32m",
		[LK_YELLOW] = "\033[33m",
		[LK_ALARM] = "\033[1;31m",
	};
	bool coloured = out->coloured && colour != LK_PLAIN;
	if (text.len == 0) {
		return;
	}
	for (; out->spaces > 0; out->spaces--) {
		lk_buf_putc(out->buf, ' ');
	}
	if (coloured) {
		lk_buf_puts(out->buf, codes[colour]);
	}
	lk_buf_put(out->buf, text);
	if (coloured) {
		lk_buf_puts(out->buf, "\033[0m");
	}
	out->column += width_of(text);
}

void lk_out_put(struct lk_out *out, enum lk_colour colour, lk_str text)
{
	lk_buf_put_escaped(&out->scratch, text);
	put_coloured(out, colour, lk_buf_view(&out->scratch));
	lk_buf_clear(&out->scratch);
}

void lk_out_puts(struct lk_out *out, enum lk_colour colour, const char *text)
{
	put_coloured(out, colour, lk_str_of(text));
}

void lk_out_printf(struct lk_out *out, enum lk_colour colour, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	lk_buf_vappendf(&out->scratch, fmt, args);
	va_end(args);
	put_coloured(out, colour, lk_buf_view(&out->scratch));
	lk_buf_clear(&out->scratch);
}

/* How many bytes of TEXT, which is escaped, go into WIDTH columns: up to the last space if there is
 * one, and at least one character. */
static size_t fitting(lk_str text, size_t width)
{
	size_t at = 0;
	size_t space = 0;
	size_t used = 0;
	while (at < text.len) {
		uint32_t c = 0;
		size_t len = lk_utf8_decode(lk_str_skip(text, at), &c);
		size_t columns = len > 1 ? columns_of(c) : 1;
		if (text.ptr[at] == ' ' && at > 0) {
			space = at;
		}
		if (used + columns > width && at > 0) {
			return space > 0 ? space : at;
		}
		used += columns;
		at += len > 0 ? len : 1;
	}
	return text.len;
}

void lk_out_piece(struct lk_out *out, size_t indent, size_t gap, enum lk_colour colour, lk_str text)
{
	lk_buf_put_escaped(&out->scratch, text);
	lk_str rest = lk_buf_view(&out->scratch);
	if (out->column + gap + width_of(rest) > LK_OUT_COLUMNS && out->column > indent) {
		lk_out_newline(out);
	}
	if (out->column == 0) {
		put_spaces(out, indent);
	} else {
		put_spaces(out, gap);
	}
	while (rest.len > 0) {
		size_t n = fitting(rest, LK_OUT_COLUMNS - out->column);
		put_coloured(out, colour, lk_str_slice(rest, 0, n));
		rest = lk_str_skip(rest, n);
		if (rest.len > 0) {
			rest = rest.ptr[0] == ' ' ? lk_str_skip(rest, 1) : rest;
			lk_out_newline(out);
			put_spaces(out, indent);
		}
	}
	lk_buf_clear(&out->scratch);
}

void lk_out_cut(struct lk_out *out, size_t gap, enum lk_colour colour, lk_str text)
{
	lk_buf_put_escaped(&out->scratch, text);
	lk_str all = lk_buf_view(&out->scratch);
	size_t room = LK_OUT_COLUMNS -
		(out->column + gap < LK_OUT_COLUMNS ? out->column + gap : LK_OUT_COLUMNS);
	if (width_of(all) <= room) {
		put_spaces(out, gap);
		put_coloured(out, colour, all);
	} else if (room >= LEAST_CUT) {
		size_t n = 0;
		size_t used = 0;
		while (used + 2 < room) { /* the next may be wide, the ellipsis takes one */
			uint32_t c = 0;
			size_t len = lk_utf8_decode(lk_str_skip(all, n), &c);
			used += len > 1 ? columns_of(c) : 1;
			n += len;
		}
		put_spaces(out, gap);
		put_coloured(out, colour, lk_str_slice(all, 0, n));
		put_coloured(out, colour, LK_STR("…"));
	}
	lk_buf_clear(&out->scratch);
}

void lk_out_growth(struct lk_buf *buf, int64_t bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	char sign = bytes < 0 ? '-' : '+';
	uint64_t n = bytes < 0 ? (uint64_t)-bytes : (uint64_t)bytes;
	uint64_t tenths = 10 * n;
	size_t unit = 0;
	while (unit + 1 < LK_COUNTOF(units) && tenths >= 10000) {
		tenths /= 1000;
		unit++;
	}
	if (unit == 0 || tenths >= 100) {
		lk_buf_appendf(buf, "%c%" PRIu64 " %s", sign, tenths / 10, units[unit]);
	} else {
		lk_buf_appendf(buf, "%c%" PRIu64 ".%" PRIu64 " %s", sign, tenths / 10, tenths % 10,
			units[unit]);
	}
}

enum lk_colour lk_out_severity_colour(enum lk_severity severity)
{
	static const enum lk_colour colours[LK_SEVERITY_COUNT] = {
		[LK_SEVERITY_CRITICAL] = LK_ALARM,
		[LK_SEVERITY_HIGH] = LK_RED,
		[LK_SEVERITY_MEDIUM] = LK_YELLOW,
		[LK_SEVERITY_LOW] = LK_PLAIN,
		[LK_SEVERITY_INFO] = LK_DIM,
	};
	return colours[severity];
}

enum lk_colour lk_out_change_colour(enum lk_change change)
{
	return change == LK_CHANGE_ADDED ? LK_GREEN
					 : lk_out_severity_colour(lk_change_severity(change));
}
