/*
 * Bytes as hexadecimal digits and back. Apart from base/digest.h, so that who only writes digits
 * does not link libcrypto: the smoke test must bring no library of the host into its process.
 */
#ifndef LK_BASE_HEX_H
#define LK_BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Lower-case hex of LEN bytes, NUL-ended; OUT has room for 2 * LEN + 1. */
void lk_hex(const unsigned char *bytes, size_t len, char *out);
/* Exactly 2 * LEN hex digits of either case, else false. */
bool lk_unhex(lk_str text, unsigned char *out, size_t len);

#endif
