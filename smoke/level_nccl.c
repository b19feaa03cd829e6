/*
 * The environment's NCCL: a communicator of one device, and a sum over it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "smoke/gpu_trial.h"

/* nccl.h: ncclFloat32, ncclSum. */
#define FLOAT32 7
#define SUM 0

#define COUNT ((size_t)100003)

/* Each returns an ncclResult_t, 0 for success. */
struct nccl {
	int (*version)(int *ret);
	const char *(*error_string)(int result);
	const char *(*last_error)(void *communicator); /* NULL before NCCL 2.13 */
	int (*init_all)(void **ret, int n, const int *devices);
	int (*destroy)(void *communicator);
	int (*all_reduce)(lk_cuda_pointer from, lk_cuda_pointer to, size_t count, int type, int op,
		void *communicator, lk_cuda_handle stream);
};

static bool bind(void *library, struct nccl *n, struct lk_level_report *report)
{
	const struct lk_gpu_symbol symbols[] = {
		{"ncclGetVersion", (void **)&n->version, false},
		{"ncclGetErrorString", (void **)&n->error_string, false},
		{"ncclCommInitAll", (void **)&n->init_all, false},
		{"ncclCommDestroy", (void **)&n->destroy, false},
		{"ncclAllReduce", (void **)&n->all_reduce, false},
		{"ncclGetLastError", (void **)&n->last_error, true},
	};
	const char *missing = lk_gpu_bind(library, symbols, LK_COUNTOF(symbols));
	if (missing) {
		lk_level_say(report, LK_SMOKE_FAILED, "NCCL lacks %s", missing);
	}
	return !missing;
}

static bool ok(const struct nccl *n, int result, const char *what, struct lk_level_report *report)
{
	if (result != 0) {
		const char *more = n->last_error ? n->last_error(NULL) : NULL;
		lk_level_say(report, LK_SMOKE_FAILED, "%s: %s (%d)%s%s", what,
			n->error_string(result), result, more && *more ? ": " : "",
			more ? more : "");
	}
	return result == 0;
}

/* 2.21.5 is 22105, and before 2.9 2.8.4 was 2804. */
static void tell_version(const struct nccl *n, char *ret, size_t ret_len)
{
	int v = 0;
	n->version(&v);
	int major = v >= 10000 ? 10000 : 1000;
	snprintf(ret, ret_len, "%d.%d.%d", v / major, v % major / 100, v % 100);
}

static bool reduce_on_device(const struct nccl *n, void *communicator, const struct lk_gpu *gpu,
	const lk_cuda_pointer buffers[2], float *numbers, struct lk_level_report *report)
{
	const struct lk_cuda_driver *d = &gpu->driver;
	size_t len = COUNT * sizeof(float);
	return lk_gpu_ok(gpu, d->to_device(buffers[0], numbers, len), "cuMemcpyHtoD", report) &&
		lk_gpu_ok(gpu, d->fill32(buffers[1], UINT32_MAX, COUNT), "cuMemsetD32", report) &&
		ok(n,
			n->all_reduce(
				buffers[0], buffers[1], COUNT, FLOAT32, SUM, communicator, NULL),
			"ncclAllReduce", report) &&
		lk_gpu_wait(gpu, report) && lk_gpu_owns(gpu, buffers[1], "the output", report) &&
		lk_gpu_ok(
			gpu, d->to_host(numbers + COUNT, buffers[1], len), "cuMemcpyDtoH", report);
}

/* The sum over one device is what it gave. */
static bool reduce(const struct nccl *n, void *communicator, const struct lk_gpu *gpu,
	struct lk_level_report *report)
{
	lk_cuda_pointer buffers[2] = {0, 0};
	float *numbers = lk_calloc(2 * COUNT, sizeof(*numbers));
	for (size_t i = 0; i < COUNT; i++) {
		numbers[i] = (float)i + 0.5F;
	}
	bool good = true;
	for (size_t i = 0; good && i < 2; i++) {
		good = lk_gpu_ok(gpu, gpu->driver.alloc(&buffers[i], COUNT * sizeof(float)),
			"cuMemAlloc", report);
	}
	good = good && reduce_on_device(n, communicator, gpu, buffers, numbers, report);
	for (size_t i = 0; good && i < COUNT; i++) {
		if (numbers[i] != numbers[COUNT + i]) { /* true for NaN */
			lk_level_say(report, LK_SMOKE_FAILED,
				"ncclAllReduce: number %zu of the sum over one device is not what "
				"it gave",
				i);
			good = false;
		}
	}
	for (size_t i = 0; i < 2; i++) {
		if (buffers[i] != 0) {
			gpu->driver.free(buffers[i]);
		}
	}
	lk_free(numbers);
	return good;
}

void lk_level_nccl(const struct lk_level_context *context, struct lk_level_report *report)
{
	static const char *const stems[] = {"libnccl.so"};
	char version[48];
	struct lk_gpu gpu;
	struct nccl n = {0};
	void *communicator = NULL;
	/* One device needs no network; NCCL would open the host's libraries for InfiniBand, and
	 * plugins of any place, before it finds out. */
	setenv("NCCL_IB_DISABLE", "1", 1);
	setenv("NCCL_NET_PLUGIN", "none", 1);
	void *library =
		lk_level_open_library(context->prefix, stems, LK_COUNTOF(stems), NULL, report);
	if (!library || !bind(library, &n, report)) {
		return;
	}
	tell_version(&n, version, sizeof(version));
	lk_level_fact(report, "nccl", "%s", version);
	if (!lk_gpu_open_driver(&gpu, report) ||
		!lk_gpu_open_device(&gpu, context->device, report)) {
		return;
	}
	if (ok(&n, n.init_all(&communicator, 1, &gpu.ordinal), "ncclCommInitAll", report) &&
		reduce(&n, communicator, &gpu, report) &&
		ok(&n, n.destroy(communicator), "ncclCommDestroy", report)) {
		lk_level_say(report, LK_SMOKE_PASSED, "sum over one device by NCCL %s, on %s",
			version, gpu.name);
	}
}
