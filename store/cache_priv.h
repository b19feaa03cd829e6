/*
 * What the files of store/ share about cache entries.
 */
#ifndef LK_STORE_CACHE_PRIV_H
#define LK_STORE_CACHE_PRIV_H

#include "store/cache.h"

/* "<STEM>-<sha256 of RECORD>", at most NAME_MAX bytes, appended to BUF. */
void lk_cache_entry_name(lk_str stem, const struct lk_record *record, struct lk_buf *buf);

/* Can RECORD name an entry: a plain file name and a sha256? LK_E_INTEGRITY. */
int lk_cache_check_record(const struct lk_record *record, struct lk_error *err) LK_MUST_USE;

#endif
