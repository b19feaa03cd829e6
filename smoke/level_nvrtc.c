/*
 * The environment's CUDA compiler, NVRTC, makes our attention kernel for this very device; without
 * one, the driver's compiler makes it from PTX of ours.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cuda_version.h"
#include "smoke/kernel.h"

/* nvrtc.h of the CUDA toolkit; each returns an nvrtcResult, 0 for success. Machine code and the
 * list of devices since CUDA 11.2. */
struct nvrtc {
	int (*version)(int *ret_major, int *ret_minor);
	const char *(*error_string)(int error);
	int (*create)(void **ret, const char *source, const char *name, int n_headers,
		const char *const *headers, const char *const *names);
	int (*destroy)(void **program);
	int (*compile)(void *program, int n_options, const char *const *options);
	int (*log_size)(void *program, size_t *ret);
	int (*log)(void *program, char *ret);
	int (*ptx_size)(void *program, size_t *ret);
	int (*ptx)(void *program, char *ret);
	int (*n_devices)(int *ret); /* NULL before 11.2 */
	int (*devices)(int *ret);   /* 90 for compute capability 9.0, ascending */
	int (*cubin_size)(void *program, size_t *ret); /* NULL before 11.1 */
	int (*cubin)(void *program, char *ret);
};

static bool bind(void *library, struct nvrtc *n, struct lk_level_report *report)
{
	const struct lk_gpu_symbol symbols[] = {
		{"nvrtcVersion", (void **)&n->version, false},
		{"nvrtcGetErrorString", (void **)&n->error_string, false},
		{"nvrtcCreateProgram", (void **)&n->create, false},
		{"nvrtcDestroyProgram", (void **)&n->destroy, false},
		{"nvrtcCompileProgram", (void **)&n->compile, false},
		{"nvrtcGetProgramLogSize", (void **)&n->log_size, false},
		{"nvrtcGetProgramLog", (void **)&n->log, false},
		{"nvrtcGetPTXSize", (void **)&n->ptx_size, false},
		{"nvrtcGetPTX", (void **)&n->ptx, false},
		{"nvrtcGetNumSupportedArchs", (void **)&n->n_devices, true},
		{"nvrtcGetSupportedArchs", (void **)&n->devices, true},
		{"nvrtcGetCUBINSize", (void **)&n->cubin_size, true},
		{"nvrtcGetCUBIN", (void **)&n->cubin, true},
	};
	const char *missing = lk_gpu_bind(library, symbols, LK_COUNTOF(symbols));
	if (missing) {
		lk_level_say(report, LK_SMOKE_FAILED, "NVRTC lacks %s", missing);
	}
	return !missing;
}

/* What is compiled for: machine code of the device where NVRTC knows it, which runs on a driver
 * that is older than the toolkit (minor-version compatibility), else the newest PTX it knows. */
struct target {
	int capability; /* 90 */
	bool machine_code;
};

#define DEVICES_MAX 128

/* For a device of CAPABILITY; that of the target is 0 when NVRTC knows none so old. */
static struct target choose_target(const struct nvrtc *n, int capability)
{
	int known[DEVICES_MAX];
	int count = 0;
	struct target target = {.capability = capability};
	if (!n->n_devices || !n->devices || !n->cubin || !n->cubin_size ||
		n->n_devices(&count) != 0 || count < 1 || count > DEVICES_MAX ||
		n->devices(known) != 0) {
		return target;
	}
	target.capability = 0;
	for (int i = 0; i < count; i++) {
		if (known[i] <= capability && known[i] > target.capability) {
			target.capability = known[i];
		}
	}
	target.machine_code = target.capability == capability;
	return target;
}

static void say_compile_error(const struct nvrtc *n, void *program, int error, const char *option,
	struct lk_level_report *report)
{
	size_t len = 0;
	char *log = NULL;
	if (n->log_size(program, &len) == 0 && len > 1 && len < (size_t)1 << 20) {
		log = lk_calloc(len + 1, 1);
		n->log(program, log);
	}
	lk_level_say(report, LK_SMOKE_FAILED, "NVRTC fails with %s: %s%s%s", option,
		n->error_string(error), log ? ": " : "", log ? log : "");
	lk_free(log);
}

/* The image, heap memory; NULL when it failed. */
static char *get_image(const struct nvrtc *n, void *program, bool machine_code)
{
	int (*size)(void *, size_t *) = machine_code ? n->cubin_size : n->ptx_size;
	int (*get)(void *, char *) = machine_code ? n->cubin : n->ptx;
	size_t len = 0;
	if (size(program, &len) != 0 || len == 0) {
		return NULL;
	}
	char *image = lk_calloc(len + 1, 1);
	if (get(program, image) != 0) {
		lk_free(image);
		return NULL;
	}
	return image;
}

static char *compile(
	const struct nvrtc *n, const struct target *target, struct lk_level_report *report)
{
	char option[64];
	snprintf(option, sizeof(option), "--gpu-architecture=%s_%d",
		target->machine_code ? "sm" : "compute", target->capability);
	const char *const options[] = {option};
	void *program = NULL;
	char *image = NULL;
	int error = n->create(&program, lk_kernel_source, "kernel_attention.cu", 0, NULL, NULL);
	if (error != 0) {
		lk_level_say(
			report, LK_SMOKE_FAILED, "nvrtcCreateProgram: %s", n->error_string(error));
		return NULL;
	}
	error = n->compile(program, LK_COUNTOF(options), options);
	if (error != 0) {
		say_compile_error(n, program, error, option, report);
	} else {
		image = get_image(n, program, target->machine_code);
		if (!image) {
			lk_level_say(report, LK_SMOKE_FAILED, "NVRTC gives no code for %s", option);
		}
	}
	n->destroy(&program);
	lk_level_fact(report, "compiled-for", "%s", option + strlen("--gpu-architecture="));
	return image;
}

struct method {
	const struct lk_gpu *gpu;
	struct lk_kernels kernels;
};

static bool enqueue(void *ctx, struct lk_gpu_work *work, struct lk_level_report *report)
{
	const struct method *m = ctx;
	return lk_gpu_ok(
		       m->gpu, lk_kernel_scores(m->gpu, &m->kernels, work), "lk_scores", report) &&
		lk_gpu_ok(m->gpu, lk_kernel_softmax(m->gpu, &m->kernels, work, LK_FLOAT32),
			"lk_softmax", report) &&
		lk_gpu_ok(m->gpu, lk_kernel_mix(m->gpu, &m->kernels, work), "lk_mix", report);
}

static bool run_image(const struct lk_gpu *gpu, const char *image, struct lk_level_report *report)
{
	struct method m = {.gpu = gpu};
	const struct lk_gpu_method method = {.ctx = &m, .needs_scores = true, .enqueue = enqueue};
	return lk_kernels_load(gpu, image, &m.kernels, report) &&
		lk_gpu_trials(gpu, &method, LK_FLOAT32, report) &&
		lk_gpu_trials(gpu, &method, LK_BFLOAT16, report);
}

static void run_compiled(
	const struct lk_gpu *gpu, const struct nvrtc *n, struct lk_level_report *report)
{
	int major = 0;
	int minor = 0;
	n->version(&major, &minor);
	lk_level_fact(report, "nvrtc", "%d.%d", major, minor);
	struct target target = choose_target(n, 10 * gpu->major + gpu->minor);
	if (target.capability == 0) {
		lk_level_say(report, LK_SMOKE_FAILED,
			"NVRTC %d.%d has no target for compute capability %d.%d", major, minor,
			gpu->major, gpu->minor);
		return;
	}
	char *image = compile(n, &target, report);
	if (image && run_image(gpu, image, report)) {
		lk_level_say(report, LK_SMOKE_PASSED,
			"attention by our kernel, compiled by NVRTC %d.%d for %s_%d, on %s", major,
			minor, target.machine_code ? "sm" : "compute", target.capability,
			gpu->name);
	}
	lk_free(image);
}

static void run_ptx(const struct lk_gpu *gpu, struct lk_level_report *report)
{
	lk_level_fact(report, "compiled-for", "embedded PTX, by the driver");
	if (run_image(gpu, lk_kernel_ptx, report)) {
		lk_level_say(report, LK_SMOKE_PASSED,
			"attention by our kernel, compiled from our PTX by the driver (the "
			"environment "
			"has no NVRTC), on %s",
			gpu->name);
	}
}

void lk_level_nvrtc(const struct lk_level_context *context, struct lk_level_report *report)
{
	static const char *const stems[] = {"libnvrtc.so"};
	struct nvrtc n;
	struct lk_gpu gpu;
	/* Both compilers keep what they made before; this is to be made here and now. */
	setenv("CUDA_CACHE_DISABLE", "1", 1);
	void *library =
		lk_level_open_library(context->prefix, stems, LK_COUNTOF(stems), NULL, report);
	if (!library && (report->status == LK_SMOKE_FAILED || !context->prefix)) {
		return;
	}
	if ((library && !bind(library, &n, report)) || !lk_gpu_open_driver(&gpu, report) ||
		!lk_gpu_open_device(&gpu, context->device, report)) {
		return;
	}
	if (library) {
		run_compiled(&gpu, &n, report);
	} else {
		run_ptx(&gpu, report);
	}
}
