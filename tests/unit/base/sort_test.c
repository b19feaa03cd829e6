/*
 * Merging what is nearly in order: held against qsort, and stable.
 */
#include <stdlib.h>

#include "base/sort.h"
#include "tests/unit/base/base_test.h"

#define MAX_ITEMS 400

struct item {
	unsigned key;
	unsigned place; /* at first */
	unsigned char rest[40];
};

static int by_key(const void *a, const void *b)
{
	const struct item *x = a;
	const struct item *y = b;
	return x->key < y->key ? -1 : x->key > y->key;
}

static int by_key_and_place(const void *a, const void *b)
{
	const struct item *x = a;
	const struct item *y = b;
	int order = by_key(a, b);
	return order != 0 ? order : x->place < y->place ? -1 : 1;
}

/* The same numbers each time. */
static unsigned next(unsigned *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* N items in runs of about LENGTH, with keys below RANGE. */
static void check(unsigned n, unsigned length, unsigned range, unsigned *state)
{
	static const unsigned char filled[sizeof(((struct item *)0)->rest)] = {7, 7, 7};
	struct item items[MAX_ITEMS];
	struct item want[MAX_ITEMS];
	unsigned key = 0;
	for (unsigned i = 0; i < n; i++) {
		key = next(state) % length == 0 ? next(state) % range
						: key + next(state) % (range / length + 1);
		items[i] = (struct item){.key = key, .place = i};
		memcpy(items[i].rest, filled, sizeof(filled));
	}
	memcpy(want, items, n * sizeof(*items));
	qsort(want, n, sizeof(*want), by_key_and_place);
	lk_sort_runs(items, n, sizeof(*items), by_key);
	assert_memory_equal(items, want, n * sizeof(*items));
}

static void test_sort(void **state)
{
	(void)state;
	unsigned seed = 1;
	lk_sort_runs(NULL, 0, sizeof(struct item), by_key);
	for (unsigned round = 0; round < 300; round++) {
		unsigned n = 1 + next(&seed) % MAX_ITEMS;
		check(n, 1, 1 + next(&seed) % 1000, &seed);
		check(n, 1 + next(&seed) % 50, 1 + next(&seed) % 100, &seed);
		check(n, n, 5, &seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sort),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
