/*
 * Whole runs of the GPU levels on a fake driver, which take seconds: what passes, and a device that
 * does all but compute.
 */
#include "fake_gpu.h"

static void test_cublas(void **state)
{
	struct planted *p = *state;
	unsigned all = (unsigned)lk_attention_n_shapes + 1;
	plant_library(p, "libcublas.so.12");
	check_passed(p, "cublas", "attention by cuBLAS 120405", all, all);
}

static void test_cublas_without_bfloat16(void **state)
{
	struct planted *p = *state;
	plant_library(p, "libcublas.so.12");
	setenv("FAKE_CUDA", "old-gpu", 1);
	struct lk_smoke_level level = run(p, "cublas");
	assert_level(level, PASSED, "attention by cuBLAS");
	assert_null(measure(&level, "bfloat16"));
	assert_int_equal(strncmp(fact(p, &level, "bfloat16"), "left out", 8), 0);
}

/* The flash kernel takes no rows of four numbers. */
static void test_torch(void **state)
{
	struct planted *p = *state;
	unsigned all = (unsigned)lk_attention_n_shapes + 1;
	plant_library(p, "libtorch_cuda.so");
	check_passed(p, "torch-cuda", "attention by torch 2.9.0 (memory-efficient kernel, flash",
		all, all - 3);
}

/* All numbers are right, and lie in the device's memory, but the processor computes. */
static void test_processor(void **state)
{
	struct planted *p = *state;
	plant_library(p, "libcublas.so.12");
	setenv("FAKE_CUDA", "cpu", 1);
	assert_level(run(p, "cublas"), FAILED, "so it was not the device that computed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cublas, gpu_setup, gpu_teardown),
		cmocka_unit_test_setup_teardown(
			test_cublas_without_bfloat16, gpu_setup, gpu_teardown),
		cmocka_unit_test_setup_teardown(test_torch, gpu_setup, gpu_teardown),
		cmocka_unit_test_setup_teardown(test_processor, gpu_setup, gpu_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
