/*
 * How vectors grow.
 */
#include "base/vec.h"

#define FIRST_CAPACITY 8

size_t lk_vec_grown(size_t cap, size_t wanted)
{
	size_t grown = cap > SIZE_MAX / 3 * 2 ? SIZE_MAX : cap + cap / 2;
	if (grown < FIRST_CAPACITY) {
		grown = FIRST_CAPACITY;
	}
	return grown < wanted ? wanted : grown;
}
