/*
 * Errors in one-line texts (versions, version specs, MatchSpecs): a column and the text under it.
 *
 * For conda/ only.
 */
#ifndef LK_CONDA_SPEC_ERROR_PRIV_H
#define LK_CONDA_SPEC_ERROR_PRIV_H

#include "base/err.h"

/* LK_E_FORMAT at byte POS (0-based) of TEXT, with TEXT as excerpt. */
int lk_spec_fail(struct lk_error *err, lk_str text, size_t pos, const char *fmt, ...)
	LK_PRINTF(4, 5);
/* An error in a part of WHOLE that begins at byte POS becomes one in WHOLE. Returns err->code. */
int lk_spec_rebase(struct lk_error *err, lk_str whole, size_t pos);
/* The same for a part that is no slice of WHOLE (unescaped, say): the column is where it begins. */
int lk_spec_pin(struct lk_error *err, lk_str whole, size_t pos);

#endif
