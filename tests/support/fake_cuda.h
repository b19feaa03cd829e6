/*
 * What the fake CUDA libraries share: work for the device of fake_libcuda.c.
 */
#ifndef LK_TESTS_FAKE_CUDA_H
#define LK_TESTS_FAKE_CUDA_H

#include <stdbool.h>
#include <stdint.h>

enum fake_kind {
	FAKE_SCORES = 1, /* the three kernels of smoke/kernel_attention.cu */
	FAKE_SOFTMAX,
	FAKE_MIX,
	FAKE_GEMM,
	FAKE_COPY, /* arguments[0] to out, float32 */
	FAKE_TURN, /* (batch, heads, n, d) at arguments[0], sizes after it, as (batch, n, heads, d)
		    */
	FAKE_ROWS, /* softmax of n_threads rows of arguments[1] numbers at arguments[0] */
};

union fake_argument {
	void *pointer;
	unsigned number;
	float real;
};

struct fake_gemm {
	int trans_a, trans_b, m, n, k, lda, ldb, ldc, batch;
	long long stride_a, stride_b, stride_c;
	void *a, *b, *c;
	int half_in, half_out;
};

struct fake_job {
	enum fake_kind kind;
	unsigned n_threads;
	union fake_argument arguments[8];
	struct fake_gemm gemm;
	void *out; /* what it writes */
	unsigned n_out;
	int out_half;
};

/* Of the fake libcuda. Queues JOB; a CUresult. */
int fake_cuda_submit(const struct fake_job *job);

/* Is FAULT one of the words in $FAKE_CUDA? */
bool fake_cuda_has(const char *fault) __attribute__((visibility("hidden")));

#endif
