/*
 * PEM armour (RFC 7468, strictly): base64 between lines that name what it is, as keys have it and
 * the signatures of ssh-keygen.
 *
 *     struct lk_lines lines = lk_lines_of(text);
 *     while (lk_lines_next(&lines, &line)) {
 *             if (lk_pem_begins(line, &label)) {
 *                     rc = lk_pem_body(&lines, name, label, &bytes, err);
 */
#ifndef LK_STORE_PEM_H
#define LK_STORE_PEM_H

#include "base/err.h"
#include "base/str.h"

/* The lines of a text, counted. */
struct lk_lines {
	lk_str rest;
	unsigned number; /* of the line that lk_lines_next gave last; 1-based */
};

static inline struct lk_lines lk_lines_of(lk_str text)
{
	return (struct lk_lines){text, 0};
}
/* The next line without its LF or CR LF; false after the last. */
bool lk_lines_next(struct lk_lines *lines, lk_str *ret);

/* Is LINE "-----BEGIN LABEL-----"? */
bool lk_pem_begins(lk_str line, lk_str *ret_label);
/* After that line: appends the bytes up to "-----END LABEL-----", which is taken too. NAME is the
 * text's, for errors: LK_E_FORMAT with its line, never with what stands there (it may be secret).
 * What was appended then is of no use. */
int lk_pem_body(struct lk_lines *lines, const char *name, lk_str label, struct lk_buf *bytes,
	struct lk_error *err) LK_MUST_USE;

/* Appends BYTES in such armour, WIDTH digits a line. */
void lk_pem_put(struct lk_buf *out, const char *label, size_t width, lk_str bytes);

#endif
