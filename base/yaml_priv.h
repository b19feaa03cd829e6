/*
 * What the two readers of YAML share.
 */
#ifndef LK_BASE_YAML_PRIV_H
#define LK_BASE_YAML_PRIV_H

#include "base/str.h"

/* Is the plain scalar TEXT a null? */
bool lk_yaml_is_null(lk_str text);

#endif
