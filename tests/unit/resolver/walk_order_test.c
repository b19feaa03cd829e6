/*
 * The order of the walk over records that a lock keeps by name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "resolver/task.h"

#define DEPENDS(...)                                                                               \
	.depends = {(const lk_str[]){__VA_ARGS__},                                                 \
		sizeof((const lk_str[]){__VA_ARGS__}) / sizeof(lk_str)}

#define RECORD(n, ...)                                                                             \
	{                                                                                          \
		.name = LK_STR(n), .version = LK_STR("1"), .build = LK_STR("0"),                   \
		.channel = LK_STR("c"), .fn = LK_STR(n "-1-0.conda"), __VA_ARGS__                  \
	}

#define N 6

static void check(const char *const *texts, size_t n_texts, const char *want)
{
	const struct lk_record records[N] = {
		RECORD("a", .url = LK_STR("u1")),
		RECORD("b", DEPENDS(LK_STR("d"), LK_STR("a"))),
		RECORD("c", DEPENDS(LK_STR("b >=1"), LK_STR("e"))),
		RECORD("d", .url = LK_STR("u2")),
		RECORD("e", DEPENDS(LK_STR("d <2"))),
		RECORD("left", .url = LK_STR("u3")),
	};
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error err = LK_ERROR_INIT;
	const struct lk_channel channel = {.name = LK_STR("c"), .url = LK_STR("https://h/c")};
	const struct lk_virtuals virtuals = {0};
	const struct lk_record *list[N];
	const struct lk_matchspec *specs[4];
	struct lk_task task = {.channels = &channel,
		.n_channels = 1,
		.alias = LK_STR("https://h"),
		.specs = specs,
		.virtuals = &virtuals};
	struct lk_buf LK_CLEANUP(lk_buf_done) got = LK_BUF_INIT(100);
	size_t order[N];

	for (size_t i = 0; i < N; i++) {
		list[i] = &records[i];
	}
	for (size_t i = 0; i < n_texts; i++) {
		assert_int_equal(lk_matchspec_parse(lk_str_of(texts[i]), LK_SPEC_USER, &arena,
					 &specs[i], &err),
			0);
	}
	task.n_specs = n_texts;
	assert_int_equal(lk_walk_order(list, N, &task, order, &err), 0);
	for (size_t i = 0; i < N; i++) {
		lk_buf_appendf(
			&got, "%s" LK_STR_FMT, i ? " " : "", LK_STR_ARG(records[order[i]].name));
	}
	assert_string_equal(lk_buf_cstr(&got), want);
}

static void test_breadth_first(void **state)
{
	(void)state;
	check((const char *const[]){"c"}, 1, "c b e a d left");
	check((const char *const[]){"e", "c"}, 2, "e c d b a left");
	check((const char *const[]){"left", "d", "b"}, 3, "left d b a c e");
}

static void test_without_a_walk(void **state)
{
	(void)state;
	check((const char *const[]){"c >=2"}, 1, "a b c d e left");
	check(NULL, 0, "a b c d e left");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_breadth_first),
		cmocka_unit_test(test_without_a_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
