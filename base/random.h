/*
 * Bytes that nobody can foresee, for names and seeds.
 */
#ifndef LK_BASE_RANDOM_H
#define LK_BASE_RANDOM_H

#include <stddef.h>

#define LK_RANDOM_MAX 256

/* LEN bytes, LK_RANDOM_MAX at most, from the kernel; a system that has none ends the run. */
void lk_random(void *out, size_t len);

#endif
