/*
 * What the parsers of one-line texts share (versions, version specs, MatchSpecs): errors with a
 * column and the text under it, sets of characters. For conda/ only.
 */
#ifndef LK_CONDA_SPEC_TEXT_PRIV_H
#define LK_CONDA_SPEC_TEXT_PRIV_H

#include <stdbool.h>

#include "base/err.h"

/* Is C one of the characters of SET? */
static inline bool lk_is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* LK_E_FORMAT at byte POS (0-based) of TEXT, with TEXT as excerpt. */
int lk_spec_fail(struct lk_error *err, lk_str text, size_t pos, const char *fmt, ...)
	LK_PRINTF(4, 5);
/* An error in a part of WHOLE that begins at byte POS becomes one in WHOLE. */
void lk_spec_rebase(struct lk_error *err, lk_str whole, size_t pos);
/* The same for a part that is no slice of WHOLE (unescaped, say): the column is where it begins. */
void lk_spec_pin(struct lk_error *err, lk_str whole, size_t pos);

#endif
