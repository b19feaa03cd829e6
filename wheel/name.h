/*
 * Names of Python's distributions and of their extras.
 */
#ifndef LK_WHEEL_NAME_H
#define LK_WHEEL_NAME_H

#include <stdbool.h>

#include "base/str.h"

/* The normal form (PEP 503): lower case, each run of '-', '_' and '.' one '-'. Owned by ARENA. */
lk_str lk_wheel_name(struct lk_arena *arena, lk_str name);
/* Letters, digits, '-', '_' and '.', with a letter or digit at both ends (PyPA specification "Names
 * and normalization")? */
bool lk_wheel_name_is_valid(lk_str name);

#endif
