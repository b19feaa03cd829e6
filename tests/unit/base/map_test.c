/*
 * The map against a linear search, across growth.
 */
#include "base/map.h"

#include "tests/unit/base/base_test.h"

static void test_add_get_set(void **state)
{
	(void)state;
	struct lk_map map = {0};
	assert_int_equal(lk_map_get(&map, LK_STR("x")), LK_MAP_NONE);
	assert_int_equal(lk_map_add(&map, LK_STR("x"), 1), 1);
	assert_int_equal(lk_map_add(&map, LK_STR("x"), 2), 1);
	lk_map_set(&map, LK_STR("x"), 3);
	assert_int_equal(lk_map_get(&map, LK_STR("x")), 3);
	assert_int_equal(map.len, 1);
	lk_map_set(&map, LK_STR("y"), 4);
	assert_int_equal(map.len, 2);
	/* The empty key, with and without a pointer, and keys with NUL in them. */
	assert_int_equal(lk_map_add(&map, (lk_str){NULL, 0}, 5), 5);
	assert_int_equal(lk_map_get(&map, LK_STR("")), 5);
	assert_int_equal(lk_map_add(&map, lk_str_n("a\0b", 3), 6), 6);
	assert_int_equal(lk_map_get(&map, LK_STR("a")), LK_MAP_NONE);
	lk_map_done(&map);
	assert_int_equal(lk_map_get(&map, LK_STR("x")), LK_MAP_NONE);
}

static void test_many(void **state)
{
	(void)state;
	struct lk_map map = {0};
	struct lk_arena arena = {0};
	const uint32_t n = 50000;
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(lk_map_add(&map, lk_str_printf(&arena, "key-%u", i), i), i);
	}
	assert_int_equal(map.len, n);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(lk_map_get(&map, lk_str_printf(&arena, "key-%u", i)), i);
		lk_str missing = lk_str_printf(&arena, "no-%u", i);
		assert_int_equal(lk_map_get(&map, missing), LK_MAP_NONE);
	}
	lk_map_done(&map);
	lk_arena_done(&arena);
}

/* However full the map is, looking for what is not there ends. */
static void test_misses_at_every_size(void **state)
{
	(void)state;
	struct lk_map map = {0};
	char bytes[200];
	memset(bytes, 'x', sizeof(bytes));
	for (uint32_t n = 0; n < 150; n++) {
		assert_int_equal(lk_map_get(&map, LK_STR("missing")), LK_MAP_NONE);
		assert_int_equal(lk_map_add(&map, lk_str_n(bytes, n), n), n);
	}
	lk_map_done(&map);
}

static void test_may_have(void **state)
{
	(void)state;
	struct lk_map map = {0};
	char bytes[200];
	size_t wrong = 0;
	memset(bytes, 'x', sizeof(bytes));
	assert_false(lk_map_may_have(&map, lk_map_hash(LK_STR("x"))));
	for (uint32_t n = 0; n < 200; n += 2) {
		lk_map_add(&map, lk_str_n(bytes, n), n);
	}
	for (uint32_t n = 0; n < 200; n++) {
		bool may = lk_map_may_have(&map, lk_map_hash(lk_str_n(bytes, n)));
		assert_true(may || n % 2 == 1);
		wrong += may && n % 2 == 1;
	}
	assert_true(wrong < 3); /* of 100: hashes have 32 bits */
	lk_map_done(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_get_set),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_misses_at_every_size),
		cmocka_unit_test(test_may_have),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
