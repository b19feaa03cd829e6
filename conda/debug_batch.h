/*
 * One line of `lockenv debug compare` and `lockenv debug match`: versions and specs checked in
 * bulk.
 *
 * LINE comes without its newline. Errors are LK_E_FORMAT with the column in LINE and LINE as
 * excerpt. Specs are read as a channel's, which is the more lenient way.
 */
#ifndef LK_CONDA_DEBUG_BATCH_H
#define LK_CONDA_DEBUG_BATCH_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/* "A TAB B", two versions: '<', '=' or '>'. */
int lk_debug_compare_line(lk_str line, char *ret_order, struct lk_error *err) LK_MUST_USE;

/* "SPEC TAB name-version-build", the latter split from the right: does it match? Keys of the spec
 * that are about neither name, version nor build are not looked at. */
int lk_debug_match_line(lk_str line, bool *ret_matches, struct lk_error *err) LK_MUST_USE;

#endif
