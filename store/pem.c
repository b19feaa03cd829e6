/*
 * PEM armour.
 */
#include "store/pem.h"

#include "base/base64.h"

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"

bool lk_lines_next(struct lk_lines *lines, lk_str *ret)
{
	if (lines->rest.len == 0 || !lk_str_split(&lines->rest, '\n', ret)) {
		return false;
	}
	lines->number++;
	if (lk_str_ends(*ret, LK_STR("\r"))) {
		*ret = lk_str_slice(*ret, 0, ret->len - 1);
	}
	return true;
}

static bool is_boundary(lk_str line, lk_str start, lk_str *ret_label)
{
	if (!lk_str_starts(line, start) || !lk_str_ends(line, LK_STR(DASHES)) ||
		line.len <= start.len + strlen(DASHES)) {
		return false;
	}
	*ret_label = lk_str_slice(line, start.len, line.len - strlen(DASHES));
	return true;
}

bool lk_pem_begins(lk_str line, lk_str *ret_label)
{
	return is_boundary(line, LK_STR(BEGIN), ret_label);
}

int lk_pem_body(struct lk_lines *lines, const char *name, lk_str label, struct lk_buf *bytes,
	struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_wipe) digits = LK_BUF_INIT(lines->rest.len);
	(void)lk_buf_room(&digits, lines->rest.len); /* never moves, so that none is left behind */
	unsigned begin = lines->number;
	lk_str line;
	lk_str ended = {NULL, 0};
	/* A line that is no base64 makes the whole none. */
	while (lk_lines_next(lines, &line) && !is_boundary(line, LK_STR(END), &ended)) {
		lk_buf_put(&digits, line.len > 0 ? line : LK_STR(" "));
	}
	int rc = 0;
	if (ended.len == 0 || !lk_str_eq(ended, label)) {
		rc = lk_fail_at(err, name, begin, 1, "what begins here has no end");
	} else if (!lk_base64_decode(lk_buf_view(&digits), bytes)) {
		rc = lk_fail_at(err, name, begin, 1, "what begins here is not whole base64");
	}
	if (rc < 0) {
		lk_error_hint(err, "is the file whole? get it again");
	}
	return rc;
}

void lk_pem_put(struct lk_buf *out, const char *label, size_t width, lk_str bytes)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) digits = LK_BUF_INIT(SIZE_MAX);
	lk_base64_put(&digits, bytes.ptr, bytes.len);
	lk_buf_appendf(out, BEGIN "%s" DASHES "\n", label);
	for (size_t at = 0; at < digits.len; at += width) {
		lk_buf_put(out, lk_str_slice(lk_buf_view(&digits), at, at + width));
		lk_buf_putc(out, '\n');
	}
	lk_buf_appendf(out, END "%s" DASHES "\n", label);
}
