/*
 * Our own attention kernels on a GPU (kernel_attention.cu): their text, and how they are started.
 */
#ifndef LK_SMOKE_KERNEL_H
#define LK_SMOKE_KERNEL_H

#include "smoke/gpu_trial.h"

/* smoke/kernel_attention.cu, and what NVRTC made of it for compute capability 5.0, which every
 * driver can compile on for the device at hand (smoke/kernel_attention.ptx). */
extern const char lk_kernel_source[];
extern const char lk_kernel_ptx[];

struct lk_kernels {
	lk_cuda_handle scores, softmax, mix; /* valid as long as the process */
};

/* Loads IMAGE (PTX or machine code). False, with the compiler's words in REPORT, when it fails. */
bool lk_kernels_load(const struct lk_gpu *gpu, const void *image, struct lk_kernels *ret,
	struct lk_level_report *report);

/* The three steps, enqueued on the default stream; each a CUresult. The weights have the precision
 * WEIGHTS; lk_kernel_mix takes them in float32. */
int lk_kernel_scores(
	const struct lk_gpu *gpu, const struct lk_kernels *kernels, const struct lk_gpu_work *work);
int lk_kernel_softmax(const struct lk_gpu *gpu, const struct lk_kernels *kernels,
	const struct lk_gpu_work *work, enum lk_precision weights);
int lk_kernel_mix(
	const struct lk_gpu *gpu, const struct lk_kernels *kernels, const struct lk_gpu_work *work);

#endif
