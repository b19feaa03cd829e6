/*
 * The growing buffer of base/str.h.
 */
#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>

void lk_buf_init(struct lk_buf *buf, size_t max)
{
	*buf = (struct lk_buf)LK_BUF_INIT(max);
}

void lk_buf_done(struct lk_buf *buf)
{
	lk_free(buf->ptr);
	lk_buf_init(buf, buf->max);
}

void lk_buf_wipe(struct lk_buf *buf)
{
	if (buf->ptr) {
		explicit_bzero(buf->ptr, buf->cap);
	}
	lk_buf_done(buf);
}

void lk_buf_clear(struct lk_buf *buf)
{
	buf->overflow = false;
	lk_buf_truncate(buf, 0);
}

void lk_buf_truncate(struct lk_buf *buf, size_t len)
{
	if (buf->ptr && len <= buf->len) {
		buf->len = len;
		buf->ptr[len] = '\0';
	}
}

/* Room for more than is there already. */
static char *grow(struct lk_buf *buf, size_t extra)
{
	if (extra > buf->max - buf->len || buf->len + extra == SIZE_MAX) {
		buf->overflow = true;
		return NULL;
	}
	size_t wanted = buf->len + extra + 1;
	if (wanted > buf->cap) {
		size_t grown = lk_vec_grown(buf->cap, wanted);
		if (buf->max < SIZE_MAX && grown > buf->max + 1) {
			grown = buf->max + 1;
		}
		buf->ptr = lk_reallocarray(buf->ptr, grown, 1);
		buf->cap = grown;
	}
	return buf->ptr + buf->len;
}

/* There is a byte left for the NUL as well. */
static inline char *room(struct lk_buf *buf, size_t extra)
{
	return extra < buf->cap - buf->len ? buf->ptr + buf->len : grow(buf, extra);
}

char *lk_buf_room(struct lk_buf *buf, size_t extra)
{
	return room(buf, extra);
}

void lk_buf_append(struct lk_buf *buf, const void *bytes, size_t len)
{
	char *at = room(buf, len);
	if (!at) {
		return;
	}
	if (len > 0) {
		memcpy(at, bytes, len);
	}
	buf->len += len;
	buf->ptr[buf->len] = '\0';
}

void lk_buf_puts(struct lk_buf *buf, const char *text)
{
	lk_buf_append(buf, text, strlen(text));
}

void lk_buf_put(struct lk_buf *buf, lk_str text)
{
	lk_buf_append(buf, text.ptr, text.len);
}

void lk_buf_putc(struct lk_buf *buf, char c)
{
	char *at = room(buf, 1);
	if (at) {
		at[0] = c;
		at[1] = '\0';
		buf->len++;
	}
}

void lk_buf_appendf(struct lk_buf *buf, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	lk_buf_vappendf(buf, fmt, args);
	va_end(args);
}

void lk_buf_vappendf(struct lk_buf *buf, const char *fmt, va_list args)
{
	va_list again;
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, fmt, args);
	char *at = len < 0 ? NULL : lk_buf_room(buf, (size_t)len);
	if (at) {
		(void)vsnprintf(at, (size_t)len + 1, fmt, again);
		buf->len += (size_t)len;
	} else {
		buf->overflow = true;
	}
	va_end(again);
}

const char *lk_buf_cstr(const struct lk_buf *buf)
{
	if (!buf->ptr) {
		return "";
	}
	buf->ptr[buf->len] = '\0'; /* whoever filled lk_buf_room need not have */
	return buf->ptr;
}

/* Characters that are valid text but steer a terminal or reorder what is read. */
static bool is_steering(uint32_t code_point)
{
	return (code_point >= 0x80 && code_point <= 0x9f) || code_point == 0x061c ||
		code_point == 0x200e || code_point == 0x200f ||
		(code_point >= 0x2028 && code_point <= 0x202e) ||
		(code_point >= 0x2066 && code_point <= 0x2069) || code_point == 0xfeff;
}

void lk_buf_put_escaped(struct lk_buf *buf, lk_str text)
{
	while (text.len > 0) {
		uint32_t code_point = 0;
		size_t len = lk_utf8_decode(text, &code_point);
		if (len == 0 || code_point < 0x20 || code_point == 0x7f) {
			lk_buf_appendf(buf, "\\x%02x", (unsigned char)text.ptr[0]);
			len = 1;
		} else if (is_steering(code_point)) {
			lk_buf_appendf(buf, "\\u{%x}", (unsigned)code_point);
		} else {
			lk_buf_append(buf, text.ptr, len);
		}
		text = lk_str_skip(text, len);
	}
}

static bool is_shell_word(lk_str text)
{
	static const char plain[] = "-_./+,:=@%";
	for (size_t i = 0; i < text.len; i++) {
		if (!lk_is_alnum(text.ptr[i]) && !memchr(plain, text.ptr[i], sizeof(plain) - 1)) {
			return false;
		}
	}
	return text.len > 0;
}

void lk_buf_put_shell_word(struct lk_buf *buf, lk_str text)
{
	if (is_shell_word(text)) {
		lk_buf_put(buf, text);
		return;
	}
	lk_buf_putc(buf, '\'');
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\'') {
			lk_buf_puts(buf, "'\\''");
		} else {
			lk_buf_putc(buf, text.ptr[i]);
		}
	}
	lk_buf_putc(buf, '\'');
}

void lk_buf_put_size(struct lk_buf *buf, uint64_t bytes)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB"};
	if (bytes < 1000) {
		lk_buf_appendf(buf, "%" PRIu64 " B", bytes);
		return;
	}
	size_t unit = 0;
	uint64_t divisor = 1000;
	while (unit + 1 < LK_COUNTOF(units) && bytes / divisor >= 1000) {
		divisor *= 1000;
		unit++;
	}
	uint64_t tenths = bytes / (divisor / 10);
	lk_buf_appendf(buf, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, units[unit]);
}
