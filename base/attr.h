/*
 * Compiler attributes, scope-bound cleanup and small macros used everywhere.
 */
#ifndef LK_BASE_ATTR_H
#define LK_BASE_ATTR_H

#include <stddef.h>

#define LK_MUST_USE __attribute__((warn_unused_result))
#define LK_PRINTF(fmt_index, first_arg) __attribute__((format(printf, fmt_index, first_arg)))
#define LK_UNUSED __attribute__((unused))

/* Runs FN(&variable) when the variable leaves its scope. FN takes a pointer to the variable. */
#define LK_CLEANUP(fn) __attribute__((cleanup(fn)))

#define LK_COUNTOF(array) (sizeof(array) / sizeof((array)[0]))

#endif
