/*
 * Error objects: everything is formatted aside first, so that an argument may point into the error.
 */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>

/* Copies TEXT into a field of SIZE bytes; what is too long is cut between two characters. */
static void field_set(char *field, size_t size, lk_str text)
{
	size_t len = text.len < size ? text.len : size - 1;
	if (len < text.len) {
		while (len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80) {
			len--;
		}
	}
	if (len > 0) {
		memmove(field, text.ptr, len);
	}
	field[len] = '\0';
}

#define FIELD_SET(field, text) field_set((field), sizeof(field), (text))

static void set_whole(struct lk_error *err, enum lk_code code, const char *fmt, va_list args)
	LK_PRINTF(3, 0);

static void set_whole(struct lk_error *err, enum lk_code code, const char *fmt, va_list args)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(SIZE_MAX);
	lk_buf_vappendf(&text, fmt, args);
	lk_error_clear(err);
	err->code = code;
	FIELD_SET(err->message, lk_buf_view(&text));
}

void lk_error_clear(struct lk_error *err)
{
	err->code = LK_OK;
	err->sys_errno = 0;
	err->line = 0;
	err->column = 0;
	err->file[0] = '\0';
	err->message[0] = '\0';
	err->excerpt[0] = '\0';
	err->hint[0] = '\0';
}

int lk_fail(struct lk_error *err, enum lk_code code, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	set_whole(err, code, fmt, args);
	va_end(args);
	return code;
}

static const char *hint_for(int errnum)
{
	switch (errnum) {
	case ENOSPC:
		return "free some space on this file system, or use another one";
	case EDQUOT:
		return "your quota on this file system is used up: remove something, or use "
		       "another one";
	case EACCES:
	case EPERM:
		return "check owner and permissions of it and of the folders above it";
	case EROFS:
		return "the file system is mounted read-only: choose another place";
	case EMFILE:
		return "raise the limit of open files (ulimit -n)";
	case EFBIG:
		return "raise the limit of file sizes (ulimit -f), or use another file system";
	default:
		return "";
	}
}

/* The text of ERRNUM in no locale, with a small first letter unless it starts an abbreviation. */
static void put_errno(struct lk_buf *out, int errnum)
{
	const char *text = strerrordesc_np(errnum);
	if (!text) {
		lk_buf_appendf(out, "error %d", errnum);
		return;
	}
	bool word = text[0] != '\0' && text[1] != '\0' && lk_lower(text[1]) == text[1];
	lk_buf_putc(out, word ? lk_lower(text[0]) : text[0]);
	lk_buf_puts(out, text[0] ? text + 1 : text);
}

int lk_fail_errno(struct lk_error *err, enum lk_code code, int errnum, const char *fmt, ...)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(SIZE_MAX);
	va_list args;
	va_start(args, fmt);
	lk_buf_vappendf(&text, fmt, args);
	va_end(args);
	lk_buf_puts(&text, ": ");
	put_errno(&text, errnum);
	lk_error_clear(err);
	err->code = code;
	err->sys_errno = errnum;
	FIELD_SET(err->message, lk_buf_view(&text));
	FIELD_SET(err->hint, lk_str_of(hint_for(errnum)));
	return code;
}

static int vfail_at(struct lk_error *err, const char *file, unsigned line, unsigned column,
	const char *fmt, va_list args) LK_PRINTF(5, 0);

static int vfail_at(struct lk_error *err, const char *file, unsigned line, unsigned column,
	const char *fmt, va_list args)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(SIZE_MAX);
	lk_buf_put(&name, lk_str_of(file)); /* may be err->file itself */
	set_whole(err, LK_E_FORMAT, fmt, args);
	FIELD_SET(err->file, lk_buf_view(&name));
	err->line = line;
	err->column = column;
	return LK_E_FORMAT;
}

int lk_fail_at(struct lk_error *err, const char *file, unsigned line, unsigned column,
	const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vfail_at(err, file, line, column, fmt, args);
	va_end(args);
	return LK_E_FORMAT;
}

int lk_fail_at_offset(
	struct lk_error *err, const char *file, lk_str source, size_t offset, const char *fmt, ...)
{
	lk_str before = lk_str_slice(source, 0, offset);
	unsigned line = 1;
	size_t newline;
	while ((newline = lk_str_find_char(before, '\n')) != SIZE_MAX) {
		before = lk_str_skip(before, newline + 1);
		line++;
	}
	va_list args;
	va_start(args, fmt);
	vfail_at(err, file, line, (unsigned)before.len + 1, fmt, args);
	va_end(args);
	lk_error_excerpt_from(err, source);
	return LK_E_FORMAT;
}

void lk_error_hint(struct lk_error *err, const char *fmt, ...)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(SIZE_MAX);
	va_list args;
	va_start(args, fmt);
	lk_buf_vappendf(&text, fmt, args);
	va_end(args);
	FIELD_SET(err->hint, lk_buf_view(&text));
}

void lk_error_file(struct lk_error *err, const char *file)
{
	FIELD_SET(err->file, lk_str_of(file));
}

void lk_error_excerpt(struct lk_error *err, lk_str source_line)
{
	FIELD_SET(err->excerpt, source_line);
}

lk_str lk_line_of(lk_str source, unsigned line)
{
	lk_str here = {NULL, 0};
	for (unsigned i = 0; i < line; i++) {
		if (!lk_str_split(&source, '\n', &here)) {
			return (lk_str){NULL, 0};
		}
	}
	return lk_str_ends(here, LK_STR("\r")) ? lk_str_slice(here, 0, here.len - 1) : here;
}

void lk_error_excerpt_from(struct lk_error *err, lk_str source)
{
	lk_str line = lk_line_of(source, err->line);
	if (line.len < sizeof(err->excerpt)) { /* a caret under a cut line would point at nothing */
		lk_error_excerpt(err, line);
	}
}

int lk_wrap(struct lk_error *err, const char *fmt, ...)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(SIZE_MAX);
	va_list args;
	va_start(args, fmt);
	lk_buf_vappendf(&text, fmt, args);
	va_end(args);
	lk_buf_puts(&text, ": ");
	lk_buf_puts(&text, err->message);
	FIELD_SET(err->message, lk_buf_view(&text));
	return err->code;
}
