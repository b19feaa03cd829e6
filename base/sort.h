/*
 * Sorting what is mostly in order already: joined lists, each of which was sorted.
 *
 *     lk_sort_runs(items, n, sizeof(*items), cmp);
 *
 * As qsort, but stable, and the time goes with the number of places where the order breaks and not
 * with that of the items: stretches that are in order are found, and merged by the block.
 */
#ifndef LK_BASE_SORT_H
#define LK_BASE_SORT_H

#include <stddef.h>

typedef int lk_sort_fn(const void *a, const void *b);

/* ITEMS may be NULL where N is 0. Needs room for the items once more, unless they are in order. */
void lk_sort_runs(void *items, size_t n, size_t size, lk_sort_fn *cmp);

#endif
