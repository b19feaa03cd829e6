/*
 * Errors in specs: their column, and its way from a part to the whole.
 */
#include "conda/spec_text_priv.h"

int lk_spec_fail(struct lk_error *err, lk_str text, size_t pos, const char *fmt, ...)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) message = LK_BUF_INIT(sizeof(err->message));
	va_list args;
	va_start(args, fmt);
	lk_buf_vappendf(&message, fmt, args);
	va_end(args);
	lk_fail_at(err, NULL, 0, (unsigned)pos + 1, "%s", lk_buf_cstr(&message));
	lk_error_excerpt(err, text);
	return err->code;
}

void lk_spec_rebase(struct lk_error *err, lk_str whole, size_t pos)
{
	err->column += (unsigned)pos;
	lk_error_excerpt(err, whole);
}

void lk_spec_pin(struct lk_error *err, lk_str whole, size_t pos)
{
	err->column = (unsigned)pos + 1;
	lk_error_excerpt(err, whole);
}
