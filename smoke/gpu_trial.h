/*
 * The trials of a level that computes on a GPU: memory on the device, poisoned before each run, and
 * proof that the device did the work.
 */
#ifndef LK_SMOKE_GPU_TRIAL_H
#define LK_SMOKE_GPU_TRIAL_H

#include "smoke/gpu.h"
#include "smoke/trial.h"

/* One attention to compute, all of it in the device's memory. */
struct lk_gpu_work {
	struct lk_attention_shape shape;
	enum lk_precision precision;
	lk_cuda_pointer q, k, v; /* row-major (batch, heads, n, d_k) */
	/* n x n float32 for each head, one array for each of both; NaN. 0 unless the method asks.
	 */
	lk_cuda_pointer scores, weights;
	/* Where the result goes; NaN. A method that has memory of its own puts that here, which
	 * must live until its next call, and its strides in numbers. */
	lk_cuda_pointer out;
	int64_t strides[4];
};

struct lk_gpu_method {
	void *ctx;
	bool needs_scores;
	/* Enqueues the computation on the default stream. False, said in REPORT, when it fails. */
	bool (*enqueue)(void *ctx, struct lk_gpu_work *work, struct lk_level_report *report);
	/* NULL, or: does the method take this? What it does not take is left out. */
	bool (*takes)(const struct lk_attention_shape *shape, enum lk_precision precision);
};

/* Computes all of lk_attention_shapes in PRECISION, then one that keeps the device busy for long
 * enough to see who works. False when one failed, which REPORT tells.
 *
 * Each output must lie in the memory of the device, hold no NaN and agree with the reference. In
 * the long run this process may use the processor for no more than half of the time that passes: a
 * library that computes on the processor and only looks like one for a GPU uses it all the time. */
bool lk_gpu_trials(const struct lk_gpu *gpu, const struct lk_gpu_method *method,
	enum lk_precision precision, struct lk_level_report *report);

/* Does LEN bytes at POINTER lie in the memory of the open device, by the driver's word? False, said
 * in REPORT with WHAT, when not. */
bool lk_gpu_owns(const struct lk_gpu *gpu, lk_cuda_pointer pointer, const char *what,
	struct lk_level_report *report);

/* Waits for all work; a launch that went wrong is told here at the latest. */
bool lk_gpu_wait(const struct lk_gpu *gpu, struct lk_level_report *report);

#endif
