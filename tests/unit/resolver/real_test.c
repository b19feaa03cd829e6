/*
 * Solving on real channel records; skipped where they are not at hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/real_channels.h"

static int setup(void **state)
{
	struct real_channels *all = lk_calloc(1, sizeof(*all));

	all->folder = LK_SHARED_DATA "/channels";
	*state = all;
	return 0;
}

static int teardown(void **state)
{
	real_channels_done(*state);
	lk_free(*state);
	return 0;
}

static const struct lk_record *find(const struct lk_solution *solution, const char *name)
{
	for (size_t i = 0; i < solution->n_records; i++) {
		if (lk_str_is(solution->records[i]->name, name)) {
			return solution->records[i];
		}
	}
	return NULL;
}

/* Solves and checks the answer from outside once more. */
static void solve(struct real_channels *all, struct real_solve *solve)
{
	struct lk_error err = LK_ERROR_INIT;

	if (access(LK_SHARED_DATA "/channels", R_OK) != 0) {
		skip();
	}
	solve->platform = "linux-64";
	if (real_solve_run(all, solve, &err) != 0) {
		for (size_t i = 0; i < solve->solution.n_reasons; i++) {
			print_message("%*s" LK_STR_FMT "\n",
				(int)solve->solution.reasons[i].depth * 2, "",
				LK_STR_ARG(solve->solution.reasons[i].text));
		}
		fail_msg("%s", err.message);
	}
	print_message(
		"%zu names, %zu records, %zu kept, %zu solver calls, load %.1f ms, solve %.1f ms, "
		"%zu packages\n",
		solve->solution.stats.names, solve->solution.stats.records,
		solve->solution.stats.kept, solve->solution.stats.solver_calls, solve->load_ms,
		solve->solve_ms, solve->solution.n_records);
	assert_int_equal(
		lk_recheck(solve->solution.records, solve->solution.n_records, &solve->task, &err),
		0);
}

static void test_python_numpy_pandas(void **state)
{
	static const lk_str channels[] = {{"conda-forge", 11}};
	const lk_str specs[] = {LK_STR("python 3.12.*"), LK_STR("numpy"), LK_STR("pandas")};
	struct real_solve s = {.channels = channels, .n_channels = 1, .specs = specs, .n_specs = 3};

	solve(*state, &s);
	assert_true(lk_str_starts(find(&s.solution, "python")->version, LK_STR("3.12.")));
	assert_non_null(find(&s.solution, "pandas"));
	real_solve_done(&s);
}

static void test_pytorch_gpu(void **state)
{
	const lk_str channels[] = {LK_STR("conda-forge")};
	const lk_str virtuals[] = {LK_STR("__cuda=12.9"), LK_STR("__glibc=2.35")};
	const lk_str specs[] = {
		LK_STR("python 3.12.*"), LK_STR("pytorch-gpu"), LK_STR("cuda-version 12.*")};
	struct real_solve s = {.channels = channels,
		.n_channels = 1,
		.specs = specs,
		.n_specs = 3,
		.virtuals = virtuals,
		.n_virtuals = 2};

	solve(*state, &s);
	assert_true(lk_str_find(find(&s.solution, "pytorch")->build, LK_STR("cuda")) != SIZE_MAX);
	real_solve_done(&s);
}

static void test_pytorch_cuda_glob(void **state)
{
	const lk_str channels[] = {LK_STR("conda-forge")};
	const lk_str virtuals[] = {LK_STR("__cuda=12.6")};
	const lk_str specs[] = {
		LK_STR("pytorch * *cuda*"), LK_STR("cuda-version 12.6.*"), LK_STR("python 3.12.*")};
	struct real_solve s = {.channels = channels,
		.n_channels = 1,
		.specs = specs,
		.n_specs = 3,
		.virtuals = virtuals,
		.n_virtuals = 1};

	solve(*state, &s);
	real_solve_done(&s);
}

static void test_pytorch_channel(void **state)
{
	const lk_str channels[] = {LK_STR("pytorch"), LK_STR("nvidia"), LK_STR("conda-forge")};
	const lk_str virtuals[] = {LK_STR("__cuda=12.6")};
	const lk_str specs[] = {LK_STR("pytorch 2.1.*"), LK_STR("pytorch-cuda 12.1")};
	struct real_solve s = {.channels = channels,
		.n_channels = 3,
		.specs = specs,
		.n_specs = 2,
		.virtuals = virtuals,
		.n_virtuals = 1};

	solve(*state, &s);
	assert_true(lk_str_is(find(&s.solution, "pytorch")->channel, "pytorch"));
	real_solve_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_python_numpy_pandas),
		cmocka_unit_test(test_pytorch_gpu),
		cmocka_unit_test(test_pytorch_cuda_glob),
		cmocka_unit_test(test_pytorch_channel),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
