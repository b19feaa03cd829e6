/*
 * The JSON writer: no tree, every value goes straight to the buffer.
 */
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/digest.h"

#define HAS_MEMBERS 0x80u

void lk_jw_init(struct lk_jw *w, struct lk_buf *out, bool pretty)
{
	*w = (struct lk_jw){.out = out, .pretty = pretty};
}

static void newline(struct lk_jw *w)
{
	static const char indented[] = "\n                                ";
	unsigned width = 2 * w->depth;
	if (w->pretty) {
		unsigned at_once = width < sizeof(indented) - 2 ? width : sizeof(indented) - 2;
		lk_buf_append(w->out, indented, 1 + at_once);
		for (unsigned i = at_once; i < width; i++) {
			lk_buf_putc(w->out, ' ');
		}
	}
}

/* What stands before a key or an element: a comma after the first, and the line break. */
static void before_member(struct lk_jw *w)
{
	if (w->depth == 0 || w->depth > LK_COUNTOF(w->open)) {
		return;
	}
	unsigned char *level = &w->open[w->depth - 1];
	if (*level & HAS_MEMBERS) {
		lk_buf_putc(w->out, ',');
	}
	*level |= HAS_MEMBERS;
	newline(w);
}

static void before_value(struct lk_jw *w)
{
	if (w->after_key) {
		w->after_key = false;
	} else {
		before_member(w);
	}
}

static void open_level(struct lk_jw *w, char bracket)
{
	before_value(w);
	lk_buf_putc(w->out, bracket);
	if (w->depth < LK_COUNTOF(w->open)) {
		w->open[w->depth] = (unsigned char)bracket;
	} else {
		w->out->overflow = true;
	}
	w->depth++;
}

void lk_jw_object(struct lk_jw *w)
{
	open_level(w, '{');
}

void lk_jw_array(struct lk_jw *w)
{
	open_level(w, '[');
}

void lk_jw_end(struct lk_jw *w)
{
	if (w->depth == 0) {
		return;
	}
	w->depth--;
	if (w->depth >= LK_COUNTOF(w->open)) {
		return;
	}
	unsigned char level = w->open[w->depth];
	if (level & HAS_MEMBERS) {
		newline(w);
	}
	lk_buf_putc(w->out, (level & ~HAS_MEMBERS) == '{' ? '}' : ']');
}

static void put_escape(struct lk_buf *out, unsigned char c)
{
	switch (c) {
	case '"':
		lk_buf_puts(out, "\\\"");
		break;
	case '\\':
		lk_buf_puts(out, "\\\\");
		break;
	case '\n':
		lk_buf_puts(out, "\\n");
		break;
	case '\t':
		lk_buf_puts(out, "\\t");
		break;
	case '\r':
		lk_buf_puts(out, "\\r");
		break;
	default:
		lk_buf_appendf(out, "\\u%04x", c);
		break;
	}
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* How many of the first bytes need no escape: by eights, as long as it goes. */
static size_t plain_run(lk_str text)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t high = UINT64_C(0x8080808080808080);
	size_t run = 0;
	for (uint64_t w; run + sizeof(w) <= text.len; run += sizeof(w)) {
		memcpy(&w, text.ptr + run, sizeof(w));
		uint64_t quote = w ^ (ones * '"');
		uint64_t slash = w ^ (ones * '\\');
		/* The high bit of each byte that is below 0x20 or 0; a borrow marks too many. */
		if (((w | (w - ones * 0x20) | (quote - ones) | (slash - ones)) & high) != 0) {
			break;
		}
	}
	while (run < text.len && is_plain((unsigned char)text.ptr[run])) {
		run++;
	}
	return run;
}

static void put_quoted(struct lk_buf *out, lk_str text)
{
	size_t run = plain_run(text);
	char *at = run > 0 && run == text.len ? lk_buf_room(out, run + 2) : NULL;
	if (at) {
		at[0] = '"';
		memcpy(at + 1, text.ptr, run);
		at[run + 1] = '"';
		at[run + 2] = '\0';
		out->len += run + 2;
		return;
	}
	lk_buf_putc(out, '"');
	for (; text.len > 0; run = plain_run(text)) {
		lk_buf_append(out, text.ptr, run);
		text = lk_str_skip(text, run);
		uint32_t code_point;
		size_t len = lk_utf8_decode(text, &code_point);
		if (len > 1) {
			lk_buf_append(out, text.ptr, len);
		} else if (len == 1) {
			put_escape(out, (unsigned char)code_point);
		} else if (text.len > 0) {
			lk_buf_puts(out, "\xef\xbf\xbd");
			len = 1;
		}
		text = lk_str_skip(text, len);
	}
	lk_buf_putc(out, '"');
}

void lk_jw_key(struct lk_jw *w, const char *key)
{
	lk_jw_key_str(w, lk_str_of(key));
}

void lk_jw_key_str(struct lk_jw *w, lk_str key)
{
	before_member(w);
	put_quoted(w->out, key);
	lk_buf_puts(w->out, w->pretty ? ": " : ":");
	w->after_key = true;
}

void lk_jw_string(struct lk_jw *w, lk_str value)
{
	before_value(w);
	put_quoted(w->out, value);
}

static void put_raw(struct lk_jw *w, const char *text)
{
	before_value(w);
	lk_buf_puts(w->out, text);
}

void lk_jw_int(struct lk_jw *w, int64_t value)
{
	before_value(w);
	lk_buf_appendf(w->out, "%lld", (long long)value);
}

void lk_jw_uint(struct lk_jw *w, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);
	before_value(w);
	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	lk_buf_append(w->out, digits + at, sizeof(digits) - at);
}

/* VALUE with PRECISION digits and a point, whatever the locale has. */
static void print_real(char *out, size_t size, double value, int precision)
{
	(void)snprintf(out, size, "%.*g", precision, value);
	char *comma = strchr(out, ',');
	if (comma) {
		*comma = '.';
	}
}

static bool is_finite(double value)
{
	return value - value == 0.0;
}

void lk_jw_real(struct lk_jw *w, double value)
{
	char text[40] = "null";
	if (is_finite(value)) {
		print_real(text, sizeof(text), value, 6);
	}
	put_raw(w, text);
}

void lk_jw_exact_real(struct lk_jw *w, double value)
{
	char text[40];
	int precision = 1;
	do {
		(void)snprintf(text, sizeof(text), "%.*g", precision++, value);
	} while (precision <= 17 && strtod(text, NULL) != value);
	print_real(text, sizeof(text), value, precision - 1);
	put_raw(w, text);
	if (!strpbrk(text, ".e")) {
		lk_buf_puts(w->out, ".0");
	}
}

void lk_jw_bool(struct lk_jw *w, bool value)
{
	put_raw(w, value ? "true" : "false");
}

void lk_jw_null(struct lk_jw *w)
{
	put_raw(w, "null");
}

void lk_jw_key_string(struct lk_jw *w, const char *key, lk_str value)
{
	lk_jw_key(w, key);
	lk_jw_string(w, value);
}

void lk_jw_key_hex(struct lk_jw *w, const char *key, const unsigned char *bytes, size_t len)
{
	char hex[LK_HEX_MAX];
	lk_hex(bytes, len, hex);
	lk_jw_key_string(w, key, lk_str_of(hex));
}

void lk_jw_opt_string(struct lk_jw *w, const char *key, lk_str value)
{
	if (value.len > 0) {
		lk_jw_key_string(w, key, value);
	}
}

void lk_jw_key_uint(struct lk_jw *w, const char *key, uint64_t value)
{
	lk_jw_key(w, key);
	lk_jw_uint(w, value);
}

void lk_jw_strings(struct lk_jw *w, const char *key, const lk_str *items, size_t n)
{
	lk_jw_key(w, key);
	lk_jw_array(w);
	for (size_t i = 0; i < n; i++) {
		lk_jw_string(w, items[i]);
	}
	lk_jw_end(w);
}
