/*
 * lk_solve where it stops early: too many extras, and an interrupt at any moment.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "resolver/task.h"

static const struct lk_channel channel = {.name = LK_STR("c"), .url = LK_STR("https://h/c")};

/* N records of the name x, version I in 0 .. N - 1. */
static void make_reach(struct lk_arena *arena, size_t n, struct lk_reach *reach)
{
	struct lk_record *records = lk_arena_calloc(arena, n, sizeof(*records));
	const lk_str name = LK_STR("x");

	for (size_t i = 0; i < n; i++) {
		records[i] = (struct lk_record){.name = name,
			.version = lk_str_printf(arena, "%zu", i),
			.build = LK_STR("0"),
			.channel = channel.name,
			.fn = lk_str_printf(arena, "x-%zu-0.conda", i)};
		records[i].url = records[i].fn;
	}
	reach->names = lk_arena_calloc(arena, 1, sizeof(*reach->names));
	reach->names[0] = (struct lk_reached){.name = name,
		.records = records,
		.channels = lk_arena_calloc(arena, n, sizeof(unsigned)),
		.n = n};
	reach->n_names = 1;
}

static int solve(const struct lk_reach *reach, const struct lk_matchspec *const *specs, size_t n,
	const struct lk_report *report, struct lk_error *err)
{
	const struct lk_virtuals virtuals = {0};
	const struct lk_task task = {.reach = reach,
		.channels = &channel,
		.n_channels = 1,
		.alias = LK_STR("https://h"),
		.specs = specs,
		.n_specs = n,
		.virtuals = &virtuals};
	struct lk_solution LK_CLEANUP(lk_solution_done) solution = {0};

	return lk_solve(&task, report, &solution, err);
}

static const struct lk_matchspec *parse(struct lk_arena *arena, lk_str text)
{
	struct lk_error err = LK_ERROR_INIT;
	const struct lk_matchspec *spec = NULL;

	if (lk_matchspec_parse(text, LK_SPEC_USER, arena, &spec, &err) != 0) {
		fail_msg("%s", err.message);
	}
	return spec;
}

#define GROUPS 50 /* a spec */

/* The groups NUMBER * GROUPS and on. */
static const struct lk_matchspec *spec_with_groups(struct lk_arena *arena, size_t number)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(4096);

	lk_buf_puts(&text, "x[extras=[");
	for (size_t i = 0; i < GROUPS; i++) {
		lk_buf_appendf(&text, "%sg%zu", i ? "," : "", number * GROUPS + i);
	}
	lk_buf_puts(&text, "]]");
	return parse(arena, lk_buf_view(&text));
}

static void test_too_many_extras(void **state)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error err = LK_ERROR_INIT;
	struct lk_reach few = {0};
	struct lk_reach many = {0};
	const struct lk_matchspec *specs[6];

	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(specs); i++) {
		specs[i] = spec_with_groups(&arena, i);
	}
	make_reach(&arena, 10, &few);
	assert_int_equal(solve(&few, specs, LK_COUNTOF(specs), NULL, &err), 0);
	make_reach(&arena, 4000, &many);
	assert_int_equal(solve(&many, specs, LK_COUNTOF(specs), NULL, &err), LK_E_FORMAT);
	assert_non_null(strstr(err.message, "extras of more than 1048576 records"));
	assert_non_null(strstr(err.message, "'x[g2"));
	assert_true(err.hint[0] != '\0');
}

struct countdown {
	unsigned left;
};

static bool on_stop(void *ctx)
{
	struct countdown *countdown = ctx;

	return countdown->left == 0 || --countdown->left == 0;
}

/* Stops at the first question, the second … until none comes any more; returns how many came. */
static unsigned interrupt_everywhere(
	const struct lk_reach *reach, const struct lk_matchspec *const *specs, size_t n, int want)
{
	for (unsigned questions = 1;; questions++) {
		struct countdown countdown = {questions};
		const struct lk_report report = {.ctx = &countdown, .stop = on_stop};
		struct lk_error err = LK_ERROR_INIT;
		int rc = solve(reach, specs, n, &report, &err);

		if (countdown.left > 0) {
			assert_int_equal(rc, want);
			return questions - 1;
		}
		assert_int_equal(rc, LK_E_INTERRUPTED);
	}
}

static void test_interrupted(void **state)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_reach reach = {0};
	const struct lk_matchspec *good[] = {parse(&arena, LK_STR("x >=2"))};
	const struct lk_matchspec *bad[] = {parse(&arena, LK_STR("x >=2")),
		parse(&arena, LK_STR("x")), parse(&arena, LK_STR("x <2"))};

	(void)state;
	make_reach(&arena, 4, &reach);
	/* While loading and at each name; while the core is made smaller. */
	assert_true(interrupt_everywhere(&reach, good, LK_COUNTOF(good), 0) >= 2);
	assert_true(interrupt_everywhere(&reach, bad, LK_COUNTOF(bad), LK_E_UNSAT) >= 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_too_many_extras),
		cmocka_unit_test(test_interrupted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
