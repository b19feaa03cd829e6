/*
 * The GPU levels on a fake driver and fake CUDA libraries: what passes, and each fault by its name.
 */
#include "fake_gpu.h"

static void test_driver(void **state)
{
	struct planted *p = *state;
	setenv("FAKE_CUDA", "two", 1);
	struct lk_smoke_level level = run(p, "driver");
	assert_level(level, PASSED, "CUDA 12.4, 2 devices");
	assert_string_equal(fact(p, &level, "cuda"), "12.4");
	assert_string_equal(fact(p, &level, "devices"), "2");
	assert_string_equal(fact(p, &level, "device-1-name"), "Fake GPU 1");
	assert_string_equal(fact(p, &level, "device-1-capability"), "8.6");
	assert_string_equal(fact(p, &level, "device-0-memory"), "1024 MiB");
	assert_string_equal(
		fact(p, &level, "device-1-uuid"), "GPU-01112131-4151-6171-8191-a1b1c1d1e1f1");
}

static void test_driver_faults(void **state)
{
	static const struct {
		const char *fault;
		enum lk_smoke_status status;
		const char *text;
	} cases[] = {
		{"no-device", LK_SMOKE_ABSENT, "the driver finds no device"},
		{"zero-devices", LK_SMOKE_ABSENT, "the driver finds no device"},
		{"init-999", LK_SMOKE_FAILED, "cuInit: CUDA_ERROR_UNKNOWN (999)"},
		{"stub", LK_SMOKE_FAILED, "the toolkit's stub for linking"},
		{"crash", LK_SMOKE_FAILED, "crashed: signal 11"},
	};
	struct planted *p = *state;
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		setenv("FAKE_CUDA", cases[i].fault, 1);
		check_level(run(p, "driver"), cases[i].status, cases[i].text, __FILE__, __LINE__);
	}
	unsetenv("LD_LIBRARY_PATH");
	struct lk_smoke_level level = run(p, "driver");
	if (level.status != LK_SMOKE_PASSED) { /* a machine with a driver */
		assert_int_equal(level.status, LK_SMOKE_ABSENT);
	}
}

static void test_driver_hangs(void **state)
{
	struct planted *p = *state;
	struct lk_smoke_level level;
	const struct lk_level_context context = {.prefix = p->prefix};
	setenv("FAKE_CUDA", "hang", 1);
	lk_child_run(LK_SMOKE_PROGRAM, &lk_levels[3], &context, 1, NULL, &p->arena, &level);
	assert_level(level, FAILED, "still running at the time limit");
}

/* A file that is there and no driver: broken, not absent. */
static void test_driver_broken(void **state)
{
	struct planted *p = *state;
	plant_empty(p, p->outside, "libcuda.so.1");
	setenv("LD_LIBRARY_PATH", p->outside, 1);
	assert_level(run(p, "driver"), FAILED, "cannot load the driver");
	char *other = lk_arena_printf(&p->arena, "%s/other", p->root);
	assert_int_equal(lk_fs_mkdirs(AT_FDCWD, other, 0, false, &p->err), 0);
	plant_file(p, LK_FAKE_CUDA "/lib/libcudart.so.12", other, "libcuda.so.1");
	setenv("LD_LIBRARY_PATH", other, 1);
	assert_level(run(p, "driver"), FAILED, "lacks a function of the driver API: cuInit");
}

static void test_driver_too_old(void **state)
{
	struct planted *p = *state;
	plant_library(p, "libcudart.so.12");
	assert_level(run(p, "driver"), PASSED, "CUDA 12.4");
	setenv("FAKE_CUDA", "old", 1);
	assert_level(run(p, "driver"), FAILED,
		"driver too old: the environment's CUDA 12.4 (libcudart) needs a driver of CUDA "
		"12.0 "
		"(525.60.13) or newer, this one has CUDA 11.4");
	setenv("FAKE_CUDA", "", 1);
	setenv("FAKE_LIBRARY", "cuda-12.9", 1);
	struct lk_smoke_level level = run(p, "driver");
	assert_level(level, PASSED, "CUDA 12.4");
	assert_int_equal(strncmp(fact(p, &level, "compatibility"), "minor version", 13), 0);
	setenv("FAKE_LIBRARY", "cuda-13.0", 1);
	assert_level(run(p, "driver"), FAILED, "CUDA 13.0 (580.65.06)");
	/* Forward compatibility: told where the package is, and taken where it is used. */
	char *compat = lk_arena_printf(&p->arena, "%s/cuda-compat", p->prefix);
	assert_int_equal(lk_fs_mkdirs(AT_FDCWD, compat, 0, false, &p->err), 0);
	plant_file(p, LK_FAKE_CUDA "/driver/libcuda.so.1", compat, "libcuda.so.1");
	assert_level(run(p, "driver"), FAILED, "LD_LIBRARY_PATH=PREFIX/cuda-compat may help");
	setenv("FAKE_LIBRARY", "", 1);
	setenv("LD_LIBRARY_PATH", compat, 1);
	level = run(p, "driver");
	assert_level(level, PASSED, "CUDA 12.4");
	assert_int_equal(strncmp(fact(p, &level, "compatibility"), "forward", 7), 0);
}

/* What a lock asks for is held against the driver as conda does it: without compatibility. */
static void test_needs_cuda(void **state)
{
	static const struct {
		const char *needs;
		enum lk_smoke_status status;
		const char *text;
	} cases[] = {
		{">=12.4", LK_SMOKE_PASSED, "CUDA 12.4"},
		{">=12.6,<13", LK_SMOKE_FAILED,
			"the lock needs __cuda >=12.6,<13, the driver has CUDA 12.4"},
		{"soon", LK_SMOKE_FAILED, "cannot read what the lock needs: __cuda soon"},
	};
	struct planted *p = *state;
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		struct lk_smoke_level level;
		const struct lk_level_context context = {
			.prefix = p->prefix, .needs_cuda = cases[i].needs};
		assert_string_equal(lk_levels[3].name, "driver");
		lk_child_run(
			LK_SMOKE_PROGRAM, &lk_levels[3], &context, 60, NULL, &p->arena, &level);
		check_level(level, cases[i].status, cases[i].text, __FILE__, __LINE__);
	}
}

/* The package cuda-version tells too, where there is no runtime library. */
static void test_cuda_version_package(void **state)
{
	struct planted *p = *state;
	char *meta = lk_arena_printf(&p->arena, "%s/conda-meta", p->prefix);
	assert_int_equal(lk_fs_mkdirs(AT_FDCWD, meta, 0, false, &p->err), 0);
	plant_empty(p, meta, "cuda-version-13.0-hd7e0d2a_3.json");
	assert_level(run(p, "driver"), FAILED, "CUDA 13.0 (package cuda-version) needs");
}

static void test_nvrtc(void **state)
{
	struct planted *p = *state;
	unsigned all = (unsigned)lk_attention_n_shapes + 1;
	plant_library(p, "libnvrtc.so.12");
	plant_library(p, "libnvrtc-builtins.so.12.4");
	check_passed(p, "nvrtc", "compiled by NVRTC 12.4 for sm_86", all, all);
}

/* Which code runs where, by the fact alone: the run itself ends at once. */
static void check_compiled_for(struct planted *p, const char *faults, const char *wanted)
{
	setenv("FAKE_CUDA", faults, 1);
	struct lk_smoke_level level = run(p, "nvrtc");
	assert_level(level, FAILED, "not finite");
	assert_string_equal(fact(p, &level, "compiled-for"), wanted);
}

static void test_nvrtc_targets(void **state)
{
	struct planted *p = *state;
	check_compiled_for(p, "nan", "embedded PTX, by the driver");
	plant_library(p, "libnvrtc.so.12");
	plant_library(p, "libnvrtc-builtins.so.12.4");
	check_compiled_for(p, "nan", "sm_86");
	/* A device that NVRTC does not know yet runs the newest PTX that it knows. */
	check_compiled_for(p, "nan new-gpu", "compute_90");
	setenv("FAKE_CUDA", "new-gpu bad-ptx", 1);
	assert_level(run(p, "nvrtc"), FAILED, "ptxas fatal : it was planted");
	setenv("FAKE_CUDA", "old-gpu", 1);
	assert_level(run(p, "nvrtc"), FAILED, "no target for compute capability 7.0");
}

static void test_nvrtc_faults(void **state)
{
	struct planted *p = *state;
	plant_library(p, "libnvrtc.so.12");
	assert_level(run(p, "nvrtc"), FAILED, "failed to open libnvrtc-builtins.so.12.4");
	/* From outside, by LD_LIBRARY_PATH. */
	plant_file(p, LK_FAKE_CUDA "/driver/libcuda.so.1", p->outside, "libcuda.so.1");
	plant_file(p, LK_FAKE_CUDA "/lib/libnvrtc-builtins.so.12.4", p->outside,
		"libnvrtc-builtins.so.12.4");
	setenv("LD_LIBRARY_PATH", p->outside, 1);
	assert_level(run(p, "nvrtc"), FAILED, "libnvrtc-builtins.so.12.4 lies outside");
	setenv("LD_LIBRARY_PATH", LK_FAKE_CUDA "/driver", 1);
	plant_library(p, "libnvrtc-builtins.so.12.4");
	setenv("FAKE_LIBRARY", "no-compile", 1);
	assert_level(run(p, "nvrtc"), FAILED,
		"NVRTC fails with --gpu-architecture=sm_86: NVRTC_ERROR_COMPILATION: "
		"kernel_attention.cu(12): error: it was planted");
	setenv("FAKE_LIBRARY", "", 1);
	plant_empty(p, lk_arena_printf(&p->arena, "%s/lib", p->prefix), "libnvrtc.so.11.2");
	assert_level(run(p, "nvrtc"), FAILED, "cannot load:");
}

/* What a device may do to a computation, in each level that computes attention. */
static void check_device_faults(struct planted *p, const char *name)
{
	static const struct {
		const char *fault, *text;
	} cases[] = {
		{"nan", "numbers that are not finite"},
		{"unwritten", "numbers that are not finite"},
		{"wrong", "is above"},
		{"host-memory", "lies in the processor's memory"},
		{"sticky", "CUDA_ERROR_ILLEGAL_ADDRESS (700): an illegal memory access"},
		{"full", "KiB free: 0 MiB of 1024 are"},
	};
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		setenv("FAKE_CUDA", cases[i].fault, 1);
		struct lk_smoke_level level = run(p, name);
		if (level.status != LK_SMOKE_FAILED ||
			lk_str_find(level.reason, lk_str_of(cases[i].text)) == SIZE_MAX) {
			fail_msg("%s, %s: %d " LK_STR_FMT, name, cases[i].fault, level.status,
				LK_STR_ARG(level.reason));
		}
	}
	setenv("FAKE_CUDA", "no-device", 1);
	assert_level(run(p, name), ABSENT, "the driver finds no device");
}

static void test_device_faults(void **state)
{
	struct planted *p = *state;
	plant_library(p, "libcublas.so.12");
	plant_library(p, "libtorch_cuda.so");
	check_device_faults(p, "nvrtc");
	check_device_faults(p, "cublas");
	setenv("FAKE_CUDA", "nan", 1);
	assert_level(run(p, "torch-cuda"), FAILED, "not finite");
	setenv("FAKE_CUDA", "sticky", 1);
	assert_level(run(p, "torch-cuda"), FAILED, "");
}

static void test_devices(void **state)
{
	struct planted *p = *state;
	setenv("FAKE_CUDA", "second-broken", 1);
	assert_level(run_on(p, "nvrtc", 1), FAILED,
		"cuDevicePrimaryCtxRetain: CUDA_ERROR_UNKNOWN (999)");
	setenv("FAKE_CUDA", "two nan", 1);
	struct lk_smoke_level level = run_on(p, "nvrtc", 1);
	assert_level(level, FAILED, "not finite");
	assert_string_equal(fact(p, &level, "device"), "Fake GPU 1, compute capability 8.6");
	assert_level(run_on(p, "nvrtc", 2), FAILED, "there is no device 2: the driver finds 2");
}

static void test_cublas_faults(void **state)
{
	struct planted *p = *state;
	assert_level(run(p, "cublas"), ABSENT, "libcublas.so is not in the environment");
	plant_library(p, "libcublas.so.12");
	setenv("FAKE_LIBRARY", "no-handle", 1);
	assert_level(
		run(p, "cublas"), FAILED, "cublasCreate: status 1, CUBLAS_STATUS_NOT_INITIALIZED");
}

static void test_cudnn_and_nccl(void **state)
{
	struct planted *p = *state;
	assert_level(run(p, "cudnn"), ABSENT, "libcudnn.so is not in the environment");
	assert_level(run(p, "nccl"), ABSENT, "libnccl.so is not in the environment");
	plant_library(p, "libcudnn.so.9");
	plant_library(p, "libnccl.so.2");
	check_passed(p, "cudnn", "softmax by cuDNN 9.2.1, on Fake GPU 0", 1, 0);
	assert_level(run(p, "nccl"), PASSED, "sum over one device by NCCL 2.21.5, on Fake GPU 0");
	setenv("FAKE_LIBRARY", "cudnn-8", 1);
	assert_level(run(p, "cudnn"), PASSED, "cuDNN 8.9.2");
	setenv("FAKE_LIBRARY", "no-network", 1);
	assert_level(run(p, "nccl"), FAILED,
		"ncclCommInitAll: unhandled system error (2): Bootstrap : no socket interface "
		"found");
	setenv("FAKE_LIBRARY", "", 1);
	static const char *const faults[] = {"nan", "unwritten", "wrong", "host-memory", "sticky"};
	for (size_t i = 0; i < LK_COUNTOF(faults); i++) {
		setenv("FAKE_CUDA", faults[i], 1);
		assert_int_equal(run(p, "cudnn").status, LK_SMOKE_FAILED);
		assert_int_equal(run(p, "nccl").status, LK_SMOKE_FAILED);
	}
}

static void test_torch_faults(void **state)
{
	struct planted *p = *state;
	assert_level(run(p, "torch-cuda"), ABSENT, "libtorch_cuda.so is not in the environment");
	plant_library(p, "libtorch_cuda.so");
	unsigned all = (unsigned)lk_attention_n_shapes + 1;
	/* The flash kernel takes no rows of four numbers. */
	check_passed(p, "torch-cuda", "attention by torch 2.9.0 (memory-efficient kernel, flash",
		all, all - 3);
	setenv("FAKE_LIBRARY", "cpu", 1);
	assert_level(run(p, "torch-cuda"), FAILED, "torch's output lies on another device");
	setenv("FAKE_LIBRARY", "poser", 1);
	assert_level(run(p, "torch-cuda"), FAILED, "lies in the processor's memory");
	setenv("FAKE_LIBRARY", "no-kernel", 1);
	assert_level(run(p, "torch-cuda"), FAILED, "no kernel image is available");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_driver, gpu_setup, gpu_teardown),
		cmocka_unit_test_setup_teardown(test_driver_faults, gpu_setup, gpu_teardown),
		cmocka_unit_test_setup_teardown(test_driver_hangs, gpu_setup, gpu_teardown),
		cmocka_unit_test_setup_teardown(test_driver_broken, gpu_setup, gpu_teardown),
		cmocka_unit_test_setup_teardown(test_driver_too_old, gpu_setup, gpu_teardown),
		cmocka_unit_test_setup_teardown(test_needs_cuda, gpu_setup, gpu_teardown),
		cmocka_unit_test_setup_teardown(test_cuda_version_package, gpu_setup, gpu_teardown),
		cmocka_unit_test_setup_teardown(test_nvrtc, gpu_setup, gpu_teardown),
		cmocka_unit_test_setup_teardown(test_nvrtc_targets, gpu_setup, gpu_teardown),
		cmocka_unit_test_setup_teardown(test_nvrtc_faults, gpu_setup, gpu_teardown),
		cmocka_unit_test_setup_teardown(test_device_faults, gpu_setup, gpu_teardown),
		cmocka_unit_test_setup_teardown(test_devices, gpu_setup, gpu_teardown),
		cmocka_unit_test_setup_teardown(test_cublas_faults, gpu_setup, gpu_teardown),
		cmocka_unit_test_setup_teardown(test_cudnn_and_nccl, gpu_setup, gpu_teardown),
		cmocka_unit_test_setup_teardown(test_torch_faults, gpu_setup, gpu_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
