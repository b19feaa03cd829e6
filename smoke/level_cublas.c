/*
 * Attention on a GPU with the environment's cuBLAS: both matrix products by it, the softmax between
 * them by our kernel.
 */
#include <stdio.h>

#include "smoke/kernel.h"

/* cublas_api.h of the CUDA toolkit: CUBLAS_OP_N and _T, CUBLAS_PEDANTIC_MATH,
 * CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT; library_types.h: CUDA_R_16BF. */
#define OP_N 0
#define OP_T 1
#define PEDANTIC_MATH 2
#define COMPUTE_32F 68
#define GEMM_DEFAULT (-1)
#define TYPE_32F 0
#define TYPE_16BF 14
/* Since cuBLAS 11 a computation has a type of its own, and bfloat16 is known. */
#define FIRST_WITH_BFLOAT16 11000

/* Each returns a cublasStatus_t, 0 for success. Column-major. */
struct cublas {
	const struct lk_gpu *gpu;
	struct lk_kernels kernels;
	void *handle;
	int (*create)(void **ret);
	int (*destroy)(void *handle);
	int (*version)(void *handle, int *ret); /* 120403 for 12.4.3, 11502 before that */
	int (*math_mode)(void *handle, int mode);
	const char *(*status_string)(int status); /* NULL before cuBLAS 11.4 */
	int (*sgemm)(void *handle, int trans_a, int trans_b, int m, int n, int k,
		const float *alpha, lk_cuda_pointer a, int lda, long long stride_a,
		lk_cuda_pointer b, int ldb, long long stride_b, const float *beta,
		lk_cuda_pointer c, int ldc, long long stride_c, int batch);
	int (*gemm_ex)(void *handle, int trans_a, int trans_b, int m, int n, int k,
		const void *alpha, lk_cuda_pointer a, int type_a, int lda, long long stride_a,
		lk_cuda_pointer b, int type_b, int ldb, long long stride_b, const void *beta,
		lk_cuda_pointer c, int type_c, int ldc, long long stride_c, int batch,
		int compute_type, int algorithm);
};

static bool bind(void *library, struct cublas *b, struct lk_level_report *report)
{
	const struct lk_gpu_symbol symbols[] = {
		{"cublasCreate_v2", (void **)&b->create, false},
		{"cublasDestroy_v2", (void **)&b->destroy, false},
		{"cublasGetVersion_v2", (void **)&b->version, false},
		{"cublasSetMathMode", (void **)&b->math_mode, false},
		{"cublasSgemmStridedBatched", (void **)&b->sgemm, false},
		{"cublasGemmStridedBatchedEx", (void **)&b->gemm_ex, false},
		{"cublasGetStatusString", (void **)&b->status_string, true},
	};
	const char *missing = lk_gpu_bind(library, symbols, LK_COUNTOF(symbols));
	if (missing) {
		lk_level_say(report, LK_SMOKE_FAILED, "cuBLAS lacks %s", missing);
	}
	return !missing;
}

static bool ok(const struct cublas *b, int status, const char *what, struct lk_level_report *report)
{
	if (status != 0) {
		lk_level_say(report, LK_SMOKE_FAILED, "%s: status %d%s%s", what, status,
			b->status_string ? ", " : "",
			b->status_string ? b->status_string(status) : "");
	}
	return status == 0;
}

/* What is row-major for us is its transpose for cuBLAS: S = Q K^T as S^T = K Q^T, and likewise
 * O = P V as O^T = V^T P^T. */
static bool enqueue_float32(
	struct cublas *b, const struct lk_gpu_work *w, struct lk_level_report *report)
{
	int n = (int)w->shape.n;
	int d = (int)w->shape.d_k;
	int heads = (int)(w->shape.batch * w->shape.heads);
	long long nn = (long long)n * n;
	long long nd = (long long)n * d;
	const float one = 1;
	const float zero = 0;
	return ok(b,
		       b->sgemm(b->handle, OP_T, OP_N, n, n, d, &one, w->k, d, nd, w->q, d, nd,
			       &zero, w->scores, n, nn, heads),
		       "cublasSgemmStridedBatched (Q K^T)", report) &&
		lk_gpu_ok(b->gpu, lk_kernel_softmax(b->gpu, &b->kernels, w, LK_FLOAT32),
			"lk_softmax", report) &&
		ok(b,
			b->sgemm(b->handle, OP_N, OP_N, d, n, n, &one, w->v, d, nd, w->weights, n,
				nn, &zero, w->out, d, nd, heads),
			"cublasSgemmStridedBatched (P V)", report);
}

/* Products of bfloat16 numbers, summed in float32; the scores stay in float32. */
static bool enqueue_bfloat16(
	struct cublas *b, const struct lk_gpu_work *w, struct lk_level_report *report)
{
	int n = (int)w->shape.n;
	int d = (int)w->shape.d_k;
	int heads = (int)(w->shape.batch * w->shape.heads);
	long long nn = (long long)n * n;
	long long nd = (long long)n * d;
	const float one = 1;
	const float zero = 0;
	return ok(b,
		       b->gemm_ex(b->handle, OP_T, OP_N, n, n, d, &one, w->k, TYPE_16BF, d, nd,
			       w->q, TYPE_16BF, d, nd, &zero, w->scores, TYPE_32F, n, nn, heads,
			       COMPUTE_32F, GEMM_DEFAULT),
		       "cublasGemmStridedBatchedEx (Q K^T)", report) &&
		lk_gpu_ok(b->gpu, lk_kernel_softmax(b->gpu, &b->kernels, w, LK_BFLOAT16),
			"lk_softmax", report) &&
		ok(b,
			b->gemm_ex(b->handle, OP_N, OP_N, d, n, n, &one, w->v, TYPE_16BF, d, nd,
				w->weights, TYPE_16BF, n, nn, &zero, w->out, TYPE_16BF, d, nd,
				heads, COMPUTE_32F, GEMM_DEFAULT),
			"cublasGemmStridedBatchedEx (P V)", report);
}

static bool enqueue(void *ctx, struct lk_gpu_work *work, struct lk_level_report *report)
{
	struct cublas *b = ctx;
	return work->precision == LK_BFLOAT16 ? enqueue_bfloat16(b, work, report)
					      : enqueue_float32(b, work, report);
}

/* Tensor cores know bfloat16 since compute capability 8.0; cuBLAS takes it from there on. */
static bool run_bfloat16(struct cublas *b, const struct lk_gpu_method *method, int version,
	struct lk_level_report *report)
{
	if (version < FIRST_WITH_BFLOAT16 || b->gpu->major < 8) {
		lk_level_fact(report, "bfloat16", "left out: needs cuBLAS 11 and capability 8.0");
		return true;
	}
	return lk_gpu_trials(b->gpu, method, LK_BFLOAT16, report);
}

static void run(struct cublas *b, struct lk_level_report *report)
{
	const struct lk_gpu_method method = {.ctx = b, .needs_scores = true, .enqueue = enqueue};
	int version = 0;
	if (!lk_kernels_load(b->gpu, lk_kernel_ptx, &b->kernels, report) ||
		!ok(b, b->create(&b->handle), "cublasCreate", report) ||
		!ok(b, b->version(b->handle, &version), "cublasGetVersion", report) ||
		!ok(b, b->math_mode(b->handle, PEDANTIC_MATH), "cublasSetMathMode", report)) {
		return;
	}
	lk_level_fact(report, "cublas", "%d", version);
	if (lk_gpu_trials(b->gpu, &method, LK_FLOAT32, report) &&
		run_bfloat16(b, &method, version, report) &&
		ok(b, b->destroy(b->handle), "cublasDestroy", report)) {
		lk_level_say(report, LK_SMOKE_PASSED,
			"attention by cuBLAS %d and our softmax, on %s", version, b->gpu->name);
	}
}

void lk_level_cublas(const struct lk_level_context *context, struct lk_level_report *report)
{
	static const char *const stems[] = {"libcublas.so"};
	static const char *const needs[] = {"libcublasLt.so", NULL};
	struct lk_gpu gpu;
	struct cublas b = {.gpu = &gpu};
	void *library =
		lk_level_open_library(context->prefix, stems, LK_COUNTOF(stems), needs, report);
	if (library && bind(library, &b, report) && lk_gpu_open_driver(&gpu, report) &&
		lk_gpu_open_device(&gpu, context->device, report)) {
		run(&b, report);
	}
}
