/*
 * Explanations of random small problems hold: what is blamed collides on its own, and what is
 * suggested has a solution.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "resolver/task.h"

#define NAMES 7
#define VERSIONS 4
#define NEWEST "4"
#define MAX_LIST 3
#define MAX_SPECS 4

/* A generator of our own: the same problems everywhere. */
static unsigned pick(uint64_t *seed, unsigned n)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*seed >> 33) % n;
}

/* "nX", "nX >=V", "nX <V", "nX V", sometimes of a version that nobody has. */
static lk_str random_spec(uint64_t *seed, struct lk_arena *arena)
{
	static const char *const operators[] = {">=", "<", "==", "!="};
	unsigned form = pick(seed, LK_COUNTOF(operators) + 1);
	unsigned name = pick(seed, NAMES);

	if (form == LK_COUNTOF(operators)) {
		return lk_str_printf(arena, "n%u", name);
	}
	return lk_str_printf(
		arena, "n%u %s%u", name, operators[form], 1 + pick(seed, VERSIONS + 1));
}

static struct lk_str_list random_list(uint64_t *seed, struct lk_arena *arena, bool conditions)
{
	lk_str *items = lk_arena_calloc(arena, MAX_LIST, sizeof(*items));
	size_t n = pick(seed, MAX_LIST + 1);

	for (size_t i = 0; i < n; i++) {
		items[i] = random_spec(seed, arena);
		if (conditions && pick(seed, 4) == 0) {
			unsigned name = pick(seed, NAMES);

			items[i] =
				lk_str_printf(arena, "n%u[when=\"n%u\"]", name, pick(seed, NAMES));
		}
	}
	return (struct lk_str_list){items, n};
}

static const unsigned no_channels[VERSIONS];

static void random_reach(
	uint64_t *seed, struct lk_arena *arena, bool conditions, struct lk_reach *reach)
{
	reach->names = lk_arena_calloc(arena, NAMES, sizeof(*reach->names));
	for (unsigned i = 0; i < NAMES; i++) {
		struct lk_record *records = lk_arena_calloc(arena, VERSIONS, sizeof(*records));

		for (unsigned v = 0; v < VERSIONS; v++) {
			struct lk_record *r = &records[v];

			r->name = lk_str_printf(arena, "n%u", i);
			r->version = lk_str_printf(arena, "%u", v + 1);
			r->build = LK_STR("0");
			r->channel = LK_STR("c");
			r->subdir = LK_STR("noarch");
			r->fn = lk_str_printf(arena, "n%u-%u-0.conda", i, v + 1);
			r->url = lk_str_printf(
				arena, "https://h/c/noarch/" LK_STR_FMT, LK_STR_ARG(r->fn));
			r->depends = random_list(seed, arena, conditions);
			r->constrains = random_list(seed, arena, false);
			if (pick(seed, 6) == 0) {
				lk_str *gpu = lk_arena_calloc(arena, 1, sizeof(*gpu));

				*gpu = lk_str_printf(arena, "__cuda >=%u", 10 + pick(seed, 3));
				r->depends = (struct lk_str_list){gpu, 1};
			}
		}
		reach->names[i] = (struct lk_reached){.name = records->name,
			.records = records,
			.channels = no_channels,
			.n = VERSIONS};
	}
	reach->n_names = NAMES;
}

static int solve(const struct lk_task *task)
{
	struct lk_solution LK_CLEANUP(lk_solution_done) solution = {0};
	struct lk_error err = LK_ERROR_INIT;
	struct lk_task quiet = *task;

	quiet.no_reasons = true;
	return lk_solve(&quiet, NULL, &solution, &err);
}

struct count {
	size_t unsolvable, blamed, spare, suggested, without;
	size_t behind, not_seen;
};

/* The culprits alone have no solution; SKIP of them left out they mostly have. */
static int solve_culprits(const struct lk_task *task, const struct lk_solution *told, size_t skip)
{
	const struct lk_matchspec *specs[MAX_SPECS];
	const struct lk_matchspec *pins[MAX_SPECS];
	struct lk_task less = *task;

	less.specs = specs;
	less.pins = pins;
	less.n_specs = 0;
	less.n_pins = 0;
	for (size_t i = 0; i < told->n_culprits; i++) {
		const struct lk_culprit *culprit = &told->culprits[i];

		if (i == skip) {
			continue;
		}
		if (culprit->is_pin) {
			pins[less.n_pins++] = task->pins[culprit->index];
		} else {
			specs[less.n_specs++] = task->specs[culprit->index];
		}
	}
	return solve(&less);
}

/* Does the task have a solution with the suggestion followed? */
static int follow(
	const struct lk_task *task, const struct lk_suggestion *suggestion, struct lk_arena *arena)
{
	const struct lk_matchspec *specs[MAX_SPECS];
	const struct lk_matchspec *parsed;
	struct lk_virtuals set = {0};
	struct lk_error err = LK_ERROR_INIT;
	struct lk_task changed = *task;
	int rc;

	changed.specs = specs;
	changed.n_specs = 0;
	for (size_t i = 0; i < task->n_specs; i++) {
		bool is_it = i == suggestion->index;

		if (is_it && suggestion->kind == LK_SUGGEST_SPEC) {
			assert_int_equal(lk_matchspec_parse(suggestion->text, LK_SPEC_USER, arena,
						 &parsed, &err),
				0);
			specs[changed.n_specs++] = parsed;
		} else if (!is_it || suggestion->kind != LK_SUGGEST_DROP) {
			specs[changed.n_specs++] = task->specs[i];
		}
	}
	if (suggestion->kind == LK_SUGGEST_VIRTUAL) {
		assert_int_equal(lk_virtuals_set_text(&set, suggestion->text, arena, &err), 0);
		changed.virtuals = &set;
	}
	if (suggestion->kind == LK_SUGGEST_UNPIN) {
		changed.n_pins = 0;
	}
	rc = solve(&changed);
	lk_vec_done(&set);
	return rc;
}

static void check_told(const struct lk_task *task, struct lk_solution *told, struct count *count)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error err = LK_ERROR_INIT;

	assert_true(told->n_reasons > 0);
	assert_true(told->n_culprits > 0);
	assert_int_equal(solve_culprits(task, told, SIZE_MAX), LK_E_UNSAT);
	for (size_t i = 0;
		told->n_culprits > 1 && !told->culprits[0].is_alone && i < told->n_culprits; i++) {
		count->spare += solve_culprits(task, told, i) == LK_E_UNSAT;
	}
	assert_int_equal(lk_suggest(task, NULL, told, &err), 0);
	for (size_t i = 0; i < told->n_suggestions; i++) {
		assert_int_equal(follow(task, &told->suggestions[i], &arena), 0);
	}
	count->unsolvable++;
	count->blamed += told->n_culprits;
	count->suggested += told->n_suggestions;
	count->without += told->n_suggestions == 0;
}

/* Version V of n0, n1 … is the best; the others are told of, with a reason. */
static void check_behind(const struct lk_solution *solution, struct count *count)
{
	size_t n = 0;

	for (size_t i = 0; i < solution->n_records; i++) {
		bool is_behind = false;

		for (size_t k = 0; k < solution->n_behind; k++) {
			const struct lk_behind *behind = &solution->behind[k];

			if (lk_str_eq(behind->name, solution->records[i]->name)) {
				is_behind = true;
				assert_true(behind->n_reasons > 0);
				count->not_seen +=
					lk_str_starts(behind->reasons[0].text, LK_STR("no choice"));
			}
		}
		/* The newest is told of nowhere; what is not the newest, always. */
		assert_int_equal(is_behind, !lk_str_is(solution->records[i]->version, NEWEST));
		n += is_behind;
	}
	assert_int_equal(n, solution->n_behind);
	count->behind += n;
}

static void run_world(uint64_t seed, bool conditions, struct count *count)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_solution LK_CLEANUP(lk_solution_done) solution = {0};
	struct lk_error err = LK_ERROR_INIT;
	struct lk_virtuals virtuals = {0};
	struct lk_reach reach = {0};
	const struct lk_matchspec *specs[MAX_SPECS];
	const struct lk_matchspec *pin;
	struct lk_channel channel = {.name = LK_STR("c"), .url = LK_STR("https://h/c")};
	struct lk_task task = {.reach = &reach,
		.channels = &channel,
		.n_channels = 1,
		.alias = LK_STR("https://h"),
		.specs = specs,
		.n_specs = 1 + pick(&seed, MAX_SPECS),
		.pins = &pin,
		.n_pins = pick(&seed, 3) == 0,
		.virtuals = &virtuals};

	random_reach(&seed, &arena, conditions, &reach);
	for (size_t i = 0; i < task.n_specs; i++) {
		assert_int_equal(lk_matchspec_parse(random_spec(&seed, &arena), LK_SPEC_USER,
					 &arena, &specs[i], &err),
			0);
	}
	assert_int_equal(
		lk_matchspec_parse(random_spec(&seed, &arena), LK_SPEC_USER, &arena, &pin, &err),
		0);
	task.tell_behind = LK_BEHIND_ALL;
	if (lk_solve(&task, NULL, &solution, &err) == LK_E_UNSAT) {
		check_told(&task, &solution, count);
	} else {
		check_behind(&solution, count);
	}
}

static void run_worlds(bool conditions)
{
	struct count count = {0};

	for (uint64_t seed = 1; seed <= 3000; seed++) {
		run_world(seed * 7919, conditions, &count);
	}
	print_message(
		"%zu unsolvable, %zu specs blamed (%zu spare), %zu suggestions, %zu without\n",
		count.unsolvable, count.blamed, count.spare, count.suggested, count.without);
	print_message("%zu not the newest, %zu without a reason that narrowing sees\n",
		count.behind, count.not_seen);
	assert_true(count.not_seen * 10 < count.behind);
	assert_true(count.unsolvable > 500);
	/* Narrowing does not see every smaller collision; it sees nearly all. */
	assert_true(count.spare * 20 < count.blamed);
	assert_true(count.suggested > count.unsolvable / 2);
}

static void test_plain(void **state)
{
	(void)state;
	run_worlds(false);
}

static void test_conditions(void **state)
{
	(void)state;
	run_worlds(true);
}

/* --- big problems: they end, and what is told stays short --- */

#define BIG 10000

static struct lk_record big_record(
	struct lk_arena *arena, const char *name, unsigned number, unsigned version, lk_str need)
{
	struct lk_record r = {.name = lk_str_printf(arena, "%s%u", name, number),
		.version = lk_str_printf(arena, "%u", version),
		.build = LK_STR("0"),
		.channel = LK_STR("c"),
		.subdir = LK_STR("noarch"),
		.fn = LK_STR("x-1-0.conda")};
	lk_str *items = lk_arena_calloc(arena, 1, sizeof(*items));

	r.url = lk_str_printf(arena, "https://h/c/noarch/%s%u-%u", name, number, version);
	*items = need;
	r.depends = (struct lk_str_list){items, need.len > 0};
	return r;
}

static int cmp_reached(const void *left, const void *right)
{
	return lk_str_cmp(
		((const struct lk_reached *)left)->name, ((const struct lk_reached *)right)->name);
}

/* N names of RECORDS_EACH records; asks for the first. */
static void solve_big(struct lk_arena *arena, struct lk_record *records, size_t n, size_t each,
	struct lk_solution *told)
{
	struct lk_channel channel = {.name = LK_STR("c"), .url = LK_STR("https://h/c")};
	const struct lk_matchspec *spec;
	struct lk_virtuals virtuals = {0};
	struct lk_reach reach = {.n_names = n};
	struct lk_error err = LK_ERROR_INIT;
	struct lk_task task = {.reach = &reach,
		.channels = &channel,
		.n_channels = 1,
		.alias = LK_STR("https://h"),
		.specs = &spec,
		.n_specs = 1,
		.virtuals = &virtuals};

	reach.names = lk_arena_calloc(arena, n, sizeof(*reach.names));
	for (size_t i = 0; i < n; i++) {
		reach.names[i] = (struct lk_reached){.name = records[i * each].name,
			.records = &records[i * each],
			.channels = lk_arena_calloc(arena, each, sizeof(unsigned)),
			.n = each};
	}
	assert_int_equal(lk_matchspec_parse(records[0].name, LK_SPEC_USER, arena, &spec, &err), 0);
	qsort(reach.names, n, sizeof(*reach.names), cmp_reached);
	assert_int_equal(lk_solve(&task, NULL, told, &err), LK_E_UNSAT);
	assert_int_equal(told->n_culprits, 1);
	assert_true(told->n_reasons > 0 && told->n_reasons <= 200);
	assert_int_equal(lk_suggest(&task, NULL, told, &err), 0);
}

/* Each needs the next; the last needs what nobody has. */
static void test_long_chain(void **state)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_solution LK_CLEANUP(lk_solution_done) told = {0};
	struct lk_record *records = lk_arena_calloc(&arena, BIG, sizeof(*records));

	(void)state;
	for (unsigned i = 0; i < BIG; i++) {
		records[i] = big_record(&arena, "n", i, 1, lk_str_printf(&arena, "n%u", i + 1));
	}
	solve_big(&arena, records, BIG, 1, &told);
}

/* The last needs the first again, but in a version that it has not. */
static void test_long_cycle(void **state)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_solution LK_CLEANUP(lk_solution_done) told = {0};
	struct lk_record *records = lk_arena_calloc(&arena, BIG, sizeof(*records));

	(void)state;
	for (unsigned i = 0; i < BIG; i++) {
		records[i] = big_record(&arena, "n", i, 1,
			i + 1 < BIG ? lk_str_printf(&arena, "n%u", i + 1) : LK_STR("n0 >1"));
	}
	solve_big(&arena, records, BIG, 1, &told);
}

/* Two names of many versions, each of which needs one of the other that needs another again. */
static void test_many_versions(void **state)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_solution LK_CLEANUP(lk_solution_done) told = {0};
	const unsigned each = 1000;
	struct lk_record *records = lk_arena_calloc(&arena, (size_t)2 * each, sizeof(*records));

	(void)state;
	for (unsigned i = 0; i < each; i++) {
		records[i] = big_record(&arena, "n", 0, i, lk_str_printf(&arena, "n1 %u", i));
		records[each + i] =
			big_record(&arena, "n", 1, i, lk_str_printf(&arena, "n0 %u", i + 1));
	}
	solve_big(&arena, records, 2, each, &told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_long_chain),
		cmocka_unit_test(test_long_cycle),
		cmocka_unit_test(test_many_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
