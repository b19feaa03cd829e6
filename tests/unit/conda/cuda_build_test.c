/*
 * CUDA builds told from CPU builds, by builds and dependencies of real channels.
 */
#include "conda/cuda_build.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
	const char *build;
	bool cuda, cpu;
} builds[] = {
	{"cuda129_mkl_py313_ha91d441_301", true, false},
	{"cpu_mkl_py313_h5a1586b_101", false, true},
	{"py3.12_cuda12.4_cudnn9.1.0_0", true, false},
	{"py3.11_cpu_0", false, true},
	{"py39_cu111", true, false},
	{"cu118", true, false},
	{"py39_cu", false, false},
	{"hcu111_0", false, false}, /* a hash */
	{"h258748b_2_cuda", true, false},
	{"hcc2f0d9_4_cpu", false, true},
	{"gpu_py39h1234567_0", true, false},
	{"nocuda_h15da153_1008", false, true},
	{"mpi_no_cuda_h0", false, true},
	{"default_haede6df_1009", false, false},
	{"CUDA_1", true, false},
	{"*cuda*", true, false},
	{"h1234567_0", false, false},
	{"", false, false},
};

static void test_builds(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(builds); i++) {
		lk_str build = lk_str_of(builds[i].build);
		if (lk_build_says_cuda(build) != builds[i].cuda ||
			lk_build_says_cpu(build) != builds[i].cpu) {
			fail_msg("%s", builds[i].build);
		}
	}
}

struct side {
	const char *build, *depends;
};

static const struct {
	struct side a, b; /* CUDA is in A, if anywhere */
	bool flips;
} pairs[] = {
	{{"cuda126_h0_300", NULL}, {"cpu_h0_100", NULL}, true},
	{{"cuda126_h0_300", NULL}, {"cuda129_h0_300", NULL}, false},
	{{"cpu_h0_100", NULL}, {"h0_0", NULL}, false},
	{{"cuda126_h0_300", NULL}, {"h0_0", NULL}, true},
	{{"h0_0", "__cuda"}, {"h0_0", NULL}, true},
	{{"h0_0", "  __cuda   >=12"}, {"h0_1", NULL}, true},
	{{"h0_0", "pytorch-mutex 1.0 cuda"}, {"h0_0", "pytorch-mutex 1.0 cpu"}, true},
	{{"h0_0", "libtorch 2.9.1 cuda129_*"}, {"h0_0", "libtorch 2.9.1 cpu_*"}, true},
	{{"h0_0", "cuda-version >=12,<13"}, {"cpu_h0_0", NULL}, true},
	/* the toolkit's own packages */
	{{"0", "cuda-version >=12.9,<12.10.0a0"}, {"0", "libstdcxx-ng >=12"}, false},
	{{"h0_0", "cuda-version >=12,<13"}, {"cuda129_h0_0", NULL}, false},
	{{"nocuda_h0_0", NULL}, {"default_h0_0", NULL}, false},
	{{"h0_0", "cuda-versions"}, {"cpu_0", NULL}, false},
	{{"", ""}, {"", ""}, false},
};

static struct lk_record record_of(const struct side *side, lk_str *depends)
{
	*depends = lk_str_of(side->depends);
	return (struct lk_record){
		.build = lk_str_of(side->build), .depends = {depends, side->depends ? 1 : 0}};
}

static void test_flips(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(pairs); i++) {
		lk_str depends[2];
		struct lk_record a = record_of(&pairs[i].a, &depends[0]);
		struct lk_record b = record_of(&pairs[i].b, &depends[1]);
		bool to = true;
		if (lk_cuda_flips(&a, &b, &to) != pairs[i].flips) {
			fail_msg("pair %zu", i);
		}
		assert_true(!pairs[i].flips || !to);
		assert_int_equal(lk_cuda_flips(&b, &a, &to), pairs[i].flips);
		assert_true(!pairs[i].flips || to);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builds),
		cmocka_unit_test(test_flips),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
