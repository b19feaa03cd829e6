/*
 * The environment's cuDNN: one softmax on a GPU.
 */
#include <math.h>
#include <stdio.h>

#include "smoke/gpu_trial.h"

/* cudnn_ops.h: CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, CUDNN_SOFTMAX_ACCURATE,
 * CUDNN_SOFTMAX_MODE_INSTANCE. */
#define NCHW 0
#define DATA_FLOAT 0
#define ACCURATE 1
#define PER_ROW 0

#define ROWS 127
#define COLUMNS 511
#define COUNT ((size_t)ROWS * COLUMNS)

/* Each returns a cudnnStatus_t, 0 for success. */
struct cudnn {
	size_t (*version)(void);
	const char *(*error_string)(int status);
	int (*create)(void **ret);
	int (*destroy)(void *handle);
	int (*descriptor_new)(void **ret);
	int (*descriptor_set)(void *descriptor, int format, int type, int n, int c, int h, int w);
	int (*descriptor_free)(void *descriptor);
	int (*softmax)(void *handle, int algorithm, int mode, const void *alpha,
		const void *from_is, lk_cuda_pointer from, const void *beta, const void *to_is,
		lk_cuda_pointer to);
};

static bool bind(void *library, struct cudnn *c, struct lk_level_report *report)
{
	const struct lk_gpu_symbol symbols[] = {
		{"cudnnGetVersion", (void **)&c->version, false},
		{"cudnnGetErrorString", (void **)&c->error_string, false},
		{"cudnnCreate", (void **)&c->create, false},
		{"cudnnDestroy", (void **)&c->destroy, false},
		{"cudnnCreateTensorDescriptor", (void **)&c->descriptor_new, false},
		{"cudnnSetTensor4dDescriptor", (void **)&c->descriptor_set, false},
		{"cudnnDestroyTensorDescriptor", (void **)&c->descriptor_free, false},
		{"cudnnSoftmaxForward", (void **)&c->softmax, false},
	};
	const char *missing = lk_gpu_bind(library, symbols, LK_COUNTOF(symbols));
	if (missing) {
		lk_level_say(report, LK_SMOKE_FAILED, "cuDNN lacks %s", missing);
	}
	return !missing;
}

static bool ok(const struct cudnn *c, int status, const char *what, struct lk_level_report *report)
{
	if (status != 0) {
		lk_level_say(report, LK_SMOKE_FAILED, "%s: %s (%d)", what, c->error_string(status),
			status);
	}
	return status == 0;
}

/* 9.2.1 is 90201, and before cuDNN 9 8.9.2 was 8902. */
static void tell_version(const struct cudnn *c, char *ret, size_t ret_len)
{
	unsigned v = (unsigned)c->version();
	unsigned major = v >= 90000 ? 10000 : 1000;
	snprintf(ret, ret_len, "%u.%u.%u", v / major, v % major / 100, v % 100);
}

static double reference_error(const float *in, const float *out)
{
	double *both = lk_calloc(2 * COUNT, sizeof(*both));
	double *wanted = both + COUNT;
	for (size_t row = 0; row < COUNT; row += COLUMNS) {
		double sum = 0;
		for (size_t i = row; i < row + COLUMNS; i++) {
			both[i] = out[i];
			wanted[i] = exp((double)in[i]);
			sum += wanted[i];
		}
		for (size_t i = row; i < row + COLUMNS; i++) {
			wanted[i] /= sum;
		}
	}
	double error = lk_attention_distance(both, wanted, COUNT);
	lk_free(both);
	return error;
}

static bool softmax_on_device(const struct cudnn *c, void *handle, void *descriptor,
	const struct lk_gpu *gpu, const lk_cuda_pointer buffers[2], float *numbers,
	struct lk_level_report *report)
{
	const struct lk_cuda_driver *d = &gpu->driver;
	const float one = 1;
	const float zero = 0;
	size_t len = COUNT * sizeof(float);
	return lk_gpu_ok(gpu, d->to_device(buffers[0], numbers, len), "cuMemcpyHtoD", report) &&
		lk_gpu_ok(gpu, d->fill32(buffers[1], UINT32_MAX, COUNT), "cuMemsetD32", report) &&
		ok(c,
			c->softmax(handle, ACCURATE, PER_ROW, &one, descriptor, buffers[0], &zero,
				descriptor, buffers[1]),
			"cudnnSoftmaxForward", report) &&
		lk_gpu_wait(gpu, report) && lk_gpu_owns(gpu, buffers[1], "the output", report) &&
		lk_gpu_ok(
			gpu, d->to_host(numbers + COUNT, buffers[1], len), "cuMemcpyDtoH", report);
}

static bool compute(const struct cudnn *c, void *handle, void *descriptor, const struct lk_gpu *gpu,
	struct lk_level_report *report)
{
	lk_cuda_pointer buffers[2] = {0, 0};
	double *wide = lk_calloc(COUNT, sizeof(*wide));
	float *numbers = lk_calloc(2 * COUNT, sizeof(*numbers));
	lk_attention_fill(wide, COUNT, 400);
	for (size_t i = 0; i < COUNT; i++) {
		numbers[i] = (float)wide[i];
	}
	bool good = true;
	for (size_t i = 0; good && i < 2; i++) {
		good = lk_gpu_ok(gpu, gpu->driver.alloc(&buffers[i], COUNT * sizeof(float)),
			"cuMemAlloc", report);
	}
	good = good && softmax_on_device(c, handle, descriptor, gpu, buffers, numbers, report) &&
		lk_level_measure(report, "float32", reference_error(numbers, numbers + COUNT),
			lk_precision_bound(LK_FLOAT32), "softmax of 127 x 511");
	for (size_t i = 0; i < 2; i++) {
		if (buffers[i] != 0) {
			gpu->driver.free(buffers[i]);
		}
	}
	lk_free(wide);
	lk_free(numbers);
	return good;
}

static void run(const struct cudnn *c, const struct lk_gpu *gpu, const char *version,
	struct lk_level_report *report)
{
	void *handle = NULL;
	void *descriptor = NULL;
	if (ok(c, c->create(&handle), "cudnnCreate", report) &&
		ok(c, c->descriptor_new(&descriptor), "cudnnCreateTensorDescriptor", report) &&
		ok(c, c->descriptor_set(descriptor, NCHW, DATA_FLOAT, ROWS, COLUMNS, 1, 1),
			"cudnnSetTensor4dDescriptor", report) &&
		compute(c, handle, descriptor, gpu, report) &&
		ok(c, c->descriptor_free(descriptor), "cudnnDestroyTensorDescriptor", report) &&
		ok(c, c->destroy(handle), "cudnnDestroy", report)) {
		lk_level_say(
			report, LK_SMOKE_PASSED, "softmax by cuDNN %s, on %s", version, gpu->name);
	}
}

void lk_level_cudnn(const struct lk_level_context *context, struct lk_level_report *report)
{
	static const char *const stems[] = {"libcudnn.so"};
	static const char *const needs[] = {"libcublasLt.so", "libcublas.so", "libnvrtc.so", NULL};
	char version[48];
	struct lk_gpu gpu;
	struct cudnn c = {0};
	void *library =
		lk_level_open_library(context->prefix, stems, LK_COUNTOF(stems), needs, report);
	if (!library || !bind(library, &c, report)) {
		return;
	}
	tell_version(&c, version, sizeof(version));
	lk_level_fact(report, "cudnn", "%s", version);
	if (lk_gpu_open_driver(&gpu, report) && lk_gpu_open_device(&gpu, context->device, report)) {
		run(&c, &gpu, version, report);
	}
}
