/*
 * A small random generator of its own: the same numbers everywhere.
 */
#ifndef TESTS_SUPPORT_PICK_H
#define TESTS_SUPPORT_PICK_H

#include <stddef.h>
#include <stdint.h>

#define PICK_SEED 88172645463325252u

/* A number below N; *SEED must not be 0. */
static inline unsigned pick_from(uint64_t *seed, size_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (unsigned)((*seed >> 33) % n);
}

/* Fills ORDER with 0 to N - 1, in an order that *SEED decides. */
static inline void pick_order(uint64_t *seed, size_t *order, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = pick_from(seed, i + 1);

		order[i] = i;
		order[i] = order[at];
		order[at] = i;
	}
}

#endif
