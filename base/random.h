/*
 * Bytes that nobody can foresee, for names.
 */
#ifndef LK_BASE_RANDOM_H
#define LK_BASE_RANDOM_H

#include <stddef.h>

#define LK_RANDOM_MAX 256

/* LEN bytes, LK_RANDOM_MAX at most, that the kernel gave or that come from such; not for keys:
 * where there is neither getrandom(2) nor /dev/urandom, all calls of a process stem from 16 bytes.
 * A system that gives none at all ends the run. */
void lk_random(void *out, size_t len);

#endif
