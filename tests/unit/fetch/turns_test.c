/*
 * Whose turn it is: fair among servers, in order at each.
 */
#include "fetch/turns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define N 6
#define SLOW "http://slow.example/"
#define FAST "https://user:word@fast.example:81/"

static const struct lk_http_place places[N] = {
	{.url = SLOW "0"},
	{.url = SLOW "1"},
	{.url = SLOW "2"},
	{.url = FAST "3"},
	{.url = FAST "4"},
	{.url = SLOW "5"},
};
static const struct lk_http_request requests[N] = {
	{.places = &places[0], .n_places = 1},
	{.places = &places[1], .n_places = 1},
	{.places = &places[2], .n_places = 1},
	{.places = &places[3], .n_places = 1},
	{.places = &places[4], .n_places = 1, .small = true},
	{.places = &places[5], .n_places = 1},
};

static void assert_next(struct lk_turns *turns, size_t wanted)
{
	assert_int_equal(lk_turns_next(turns, false, N, 0), wanted);
}

static void test_fair(void **state)
{
	(void)state;
	struct lk_turns turns;
	lk_turns_init(&turns, requests, N);
	assert_int_equal(turns.servers.len, 2);
	assert_next(&turns, 0);
	assert_next(&turns, 3);
	assert_next(&turns, 1);
	assert_next(&turns, 4);
	lk_turns_done_with(&turns, 0);
	lk_turns_done_with(&turns, 1);
	/* Nobody waits at the other: this one may have all. */
	assert_next(&turns, 2);
	assert_true(lk_turns_any(&turns, N));
	assert_next(&turns, 5);
	assert_false(lk_turns_any(&turns, N));
	assert_next(&turns, LK_TURNS_NONE);
	lk_turns_done(&turns);
	lk_turns_init(&turns, NULL, 0);
	assert_next(&turns, LK_TURNS_NONE);
	assert_false(lk_turns_any(&turns, 0));
	lk_turns_done(&turns);
}

static void test_small_and_limit(void **state)
{
	(void)state;
	struct lk_turns turns;
	lk_turns_init(&turns, requests, N);
	assert_int_equal(lk_turns_next(&turns, true, N, 0), LK_TURNS_NONE);
	assert_next(&turns, 0);
	assert_next(&turns, 3);
	assert_int_equal(lk_turns_next(&turns, true, 4, 0), LK_TURNS_NONE);
	assert_int_equal(lk_turns_next(&turns, true, N, 0), 4);
	assert_int_equal(lk_turns_next(&turns, false, 2, 0), 1);
	assert_int_equal(lk_turns_next(&turns, false, 2, 0), LK_TURNS_NONE);
	assert_false(lk_turns_any(&turns, 2));
	assert_true(lk_turns_any(&turns, 3));
	lk_turns_done(&turns);
}

static void test_quiet(void **state)
{
	(void)state;
	struct lk_turns turns;
	lk_turns_init(&turns, requests, N);
	assert_next(&turns, 0);
	lk_turns_quiet(&turns, 0, 100);
	lk_turns_quiet(&turns, 0, 50);
	assert_int_equal(lk_turns_quiet_until(&turns, 5), 100);
	assert_int_equal(lk_turns_quiet_until(&turns, 3), 0);
	assert_int_equal(lk_turns_next(&turns, false, N, 99), 3);
	assert_int_equal(lk_turns_next(&turns, false, N, 99), 4);
	assert_int_equal(lk_turns_next(&turns, false, N, 99), LK_TURNS_NONE);
	assert_true(lk_turns_any(&turns, N));
	assert_int_equal(lk_turns_next(&turns, false, N, 100), 1);
	lk_turns_close(&turns, 0);
	assert_int_equal(lk_turns_next(&turns, false, N, 100), LK_TURNS_NONE);
	assert_false(lk_turns_any(&turns, N));
	lk_turns_done(&turns);
}

static void test_hosts(void **state)
{
	static const char *const rows[][2] = {
		{"https://a.example/x", "a.example"},
		{"https://u:p@a.example:81?x=@b", "a.example:81"},
		{"http://u:p@q@a.example#@", "a.example"},
		{"http://[::1]:8080/f", "[::1]:8080"},
		{"a.example/x@y", "a.example"},
		{"", ""},
		{"://", ""},
	};
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		assert_true(lk_str_is(lk_turns_host(lk_str_of(rows[i][0])), rows[i][1]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fair),
		cmocka_unit_test(test_small_and_limit),
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_hosts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
