/*
 * Explanations on real channel records: short, about the right packages, and each suggestion one
 * that has a solution. Skipped where the records are not at hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/real_channels.h"

#define MAX_SPECS 6

struct expected {
	const char *specs[MAX_SPECS];
	const char *cuda;       /* NULL: none */
	const char *error;      /* in the message */
	const char *reason;     /* in one of the lines; NULL: the message says all */
	const char *suggestion; /* a spec or virtual package that one of the suggestions gives */
};

static const struct expected table[] = {
	{{"python 3.12.*", "pytorch-gpu"}, NULL, "'pytorch-gpu'", "need __cuda", "__cuda="},
	{{"pytorch *=*cuda*"}, NULL, "need __cuda", NULL, "__cuda="},
	{{"python 3.12.*", "pytorch-gpu >=2.7"}, "11.2", "'pytorch-gpu >=2.7'", "__cuda >=12",
		"__cuda="},
	{{"python 3.12.*", "scipy 1.10.*", "numpy >=2"}, NULL, "'python 3.12.*', 'scipy 1.10.*'",
		"which 'python 3.12.*' excludes", "scipy"},
	{{"python 3.9.*", "scipy >=1.14", "pandas"}, NULL, "'python 3.9.*', 'scipy >=1.14'",
		"which 'python 3.9.*' excludes", "python"},
	{{"cuda-version 12.6.*", "cuda-version 12.8.*"}, "12.8",
		"'cuda-version 12.6.*', 'cuda-version 12.8.*'", "no cuda-version matches",
		"cuda-version"},
	{{"cuda-version 12.6.*", "cuda-nvcc 12.8.*", "jupyterlab"}, "12.8",
		"'cuda-version 12.6.*', 'cuda-nvcc 12.8.*'", "which 'cuda-version 12.6.*' excludes",
		"cuda-version"},
	{{"openssl 1.1.*", "python 3.12.*", "curl"}, NULL, "'openssl 1.1.*', 'python 3.12.*'",
		"which 'openssl 1.1.*' excludes", "openssl"},
	{{"python 3.12.*", "pytorch *=*cuda*", "cuda-version 11.8.*"}, "12.6",
		"'python 3.12.*', 'pytorch *=*cuda*', 'cuda-version 11.8.*'",
		"which 'cuda-version 11.8.*' excludes", "python"},
	{{"numpy 1.22.99"}, NULL, "the nearest are", NULL, "numpy"},
	{{"libblas *=*nosuch*"}, NULL, "the builds of", NULL, "libblas"},
};

static bool suggests(const struct lk_solution *told, const char *what)
{
	for (size_t i = 0; i < told->n_suggestions; i++) {
		if (lk_str_starts(told->suggestions[i].text, lk_str_of(what))) {
			return true;
		}
	}
	return false;
}

static bool has_reason(const struct lk_solution *told, const char *what)
{
	for (size_t i = 0; i < told->n_reasons; i++) {
		if (lk_str_find(told->reasons[i].text, lk_str_of(what)) != SIZE_MAX) {
			return true;
		}
	}
	return false;
}

static bool as_expected(struct real_channels *all, const struct expected *expected)
{
	static const lk_str channels[] = {{"conda-forge", 11}};
	lk_str specs[MAX_SPECS];
	char cuda[32];
	lk_str virtuals[1];
	struct real_solve s = {.channels = channels,
		.n_channels = 1,
		.platform = "linux-64",
		.specs = specs,
		.virtuals = virtuals};
	struct lk_error err = LK_ERROR_INIT;
	double suggest_ms;
	bool good;

	while (s.n_specs < MAX_SPECS && expected->specs[s.n_specs]) {
		specs[s.n_specs] = lk_str_of(expected->specs[s.n_specs]);
		s.n_specs++;
	}
	if (expected->cuda) {
		(void)snprintf(cuda, sizeof(cuda), "__cuda=%s", expected->cuda);
		virtuals[s.n_virtuals++] = lk_str_of(cuda);
	}
	assert_int_equal(real_solve_run(all, &s, &err), LK_E_UNSAT);
	good = lk_str_find(lk_str_of(err.message), lk_str_of(expected->error)) != SIZE_MAX &&
		(!expected->reason || has_reason(&s.solution, expected->reason));
	suggest_ms = real_now_ms();
	assert_int_equal(lk_suggest(&s.task, NULL, &s.solution, &err), 0);
	suggest_ms = real_now_ms() - suggest_ms;
	good = good && suggests(&s.solution, expected->suggestion);
	print_message("%s%s: solve and explain %.1f ms, suggest %.1f ms\n", good ? "" : "BAD ",
		err.message, s.solve_ms, suggest_ms);
	for (size_t i = 0; !good && i < s.solution.n_reasons; i++) {
		print_message("%*s" LK_STR_FMT "\n", 2 + (int)s.solution.reasons[i].depth * 2, "",
			LK_STR_ARG(s.solution.reasons[i].text));
	}
	real_solve_done(&s);
	return good;
}

static void test_explanations(void **state)
{
	struct real_channels all = {.folder = LK_SHARED_DATA "/channels"};
	size_t bad = 0;

	(void)state;
	if (access(LK_SHARED_DATA "/channels", R_OK) != 0) {
		skip();
	}
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		bad += !as_expected(&all, &table[i]);
	}
	real_channels_done(&all);
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_explanations)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
