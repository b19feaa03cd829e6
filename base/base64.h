/*
 * Bytes as base64 (RFC 4648, section 4) and back.
 */
#ifndef LK_BASE_BASE64_H
#define LK_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Appends LEN bytes as base64, padded, in one line. */
void lk_base64_put(struct lk_buf *out, const void *bytes, size_t len);
/* Appends the bytes that TEXT stands for. False, and nothing lasting in OUT, unless TEXT is the one
 * padded form of some bytes: no white space, unused bits zero; also when they do not fit. */
bool lk_base64_decode(lk_str text, struct lk_buf *out) LK_MUST_USE;

#endif
