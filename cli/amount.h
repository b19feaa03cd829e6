/*
 * Sizes and ages as a user writes them.
 */
#ifndef LK_CLI_AMOUNT_H
#define LK_CLI_AMOUNT_H

#include "base/err.h"

/* "50G", "1.5 GB", "700MiB", "0": bytes. K, M, G and T are powers of 1000, with an "i" of 1024; a
 * "B" may follow. LK_E_USAGE. */
int lk_size_parse(lk_str text, uint64_t *ret_bytes, struct lk_error *err) LK_MUST_USE;

/* "30d", "12h", "2w", "90m", "45s": seconds. LK_E_USAGE. */
int lk_age_parse(lk_str text, uint64_t *ret_seconds, struct lk_error *err) LK_MUST_USE;

#endif
