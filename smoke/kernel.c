/*
 * Loading and starting our kernels. The parameters are those of kernel_attention.cu, by position.
 */
#include "smoke/kernel.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define BLOCK 128

bool lk_kernels_load(const struct lk_gpu *gpu, const void *image, struct lk_kernels *ret,
	struct lk_level_report *report)
{
	const struct lk_cuda_driver *d = &gpu->driver;
	lk_cuda_handle module = NULL;
	char log[2048] = "";
	int options[] = {LK_CUDA_JIT_ERROR_LOG, LK_CUDA_JIT_ERROR_LOG_SIZE};
	/* The driver takes a number here in the place of a pointer. */
	const size_t log_size = sizeof(log) - 1;
	void *values[] = {log, NULL};
	memcpy(&values[1], &log_size, sizeof(log_size));
	int error = d->module_load(&module, image, LK_COUNTOF(options), options, values);
	if (error != 0) {
		char what[sizeof(log) + 32];
		snprintf(what, sizeof(what), "cuModuleLoadDataEx%s%s", log[0] ? ", " : "", log);
		return lk_gpu_ok(gpu, error, what, report);
	}
	return lk_gpu_ok(gpu, d->module_function(&ret->scores, module, "lk_scores"), "lk_scores",
		       report) &&
		lk_gpu_ok(gpu, d->module_function(&ret->softmax, module, "lk_softmax"),
			"lk_softmax", report) &&
		lk_gpu_ok(gpu, d->module_function(&ret->mix, module, "lk_mix"), "lk_mix", report);
}

/* One thread for each of COUNT numbers. */
static int launch(const struct lk_gpu *gpu, lk_cuda_handle kernel, size_t count, void **parameters)
{
	unsigned blocks = (unsigned)((count + BLOCK - 1) / BLOCK);
	return gpu->driver.launch(kernel, blocks, 1, 1, BLOCK, 1, 1, 0, NULL, parameters, NULL);
}

/* What the kernels call `rows`. */
static unsigned n_rows(const struct lk_attention_shape *s)
{
	return (unsigned)(s->batch * s->heads * s->n);
}

int lk_kernel_scores(
	const struct lk_gpu *gpu, const struct lk_kernels *kernels, const struct lk_gpu_work *work)
{
	lk_cuda_pointer q = work->q;
	lk_cuda_pointer k = work->k;
	lk_cuda_pointer scores = work->scores;
	unsigned rows = n_rows(&work->shape);
	unsigned n = (unsigned)work->shape.n;
	unsigned d_k = (unsigned)work->shape.d_k;
	int half = work->precision == LK_BFLOAT16;
	void *parameters[] = {&q, &k, &scores, &rows, &n, &d_k, &half};
	return launch(gpu, kernels->scores, (size_t)rows * n, parameters);
}

int lk_kernel_softmax(const struct lk_gpu *gpu, const struct lk_kernels *kernels,
	const struct lk_gpu_work *work, enum lk_precision weights_precision)
{
	lk_cuda_pointer scores = work->scores;
	lk_cuda_pointer weights = work->weights;
	unsigned rows = n_rows(&work->shape);
	unsigned n = (unsigned)work->shape.n;
	float scale = (float)(1 / sqrt((double)work->shape.d_k));
	int causal = work->shape.causal;
	int half = weights_precision == LK_BFLOAT16;
	void *parameters[] = {&scores, &weights, &rows, &n, &scale, &causal, &half};
	return launch(gpu, kernels->softmax, rows, parameters);
}

int lk_kernel_mix(
	const struct lk_gpu *gpu, const struct lk_kernels *kernels, const struct lk_gpu_work *work)
{
	lk_cuda_pointer weights = work->weights;
	lk_cuda_pointer v = work->v;
	lk_cuda_pointer out = work->out;
	unsigned rows = n_rows(&work->shape);
	unsigned n = (unsigned)work->shape.n;
	unsigned d_k = (unsigned)work->shape.d_k;
	int half = work->precision == LK_BFLOAT16;
	void *parameters[] = {&weights, &v, &out, &rows, &n, &d_k, &half};
	return launch(gpu, kernels->mix, (size_t)rows * d_k, parameters);
}
