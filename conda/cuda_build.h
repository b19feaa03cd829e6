/*
 * Which builds are CUDA builds: one rule for whoever tells them from CPU builds by a record alone.
 * Observed in conda-forge, pytorch, nvidia and defaults (tests/unit/conda/cuda_build_test.c).
 */
#ifndef LK_CONDA_CUDA_BUILD_H
#define LK_CONDA_CUDA_BUILD_H

#include "conda/record.h"

/* Does a build string, or a pattern for one, name CUDA: "cuda" or "gpu" somewhere in it
 * ("cuda126_mkl_h0_300", "gpu_0"), or "cu" and a number ("py39_cu111")? Case does not matter;
 * "nocuda" and "no_cuda" say that it is none. */
bool lk_build_says_cuda(lk_str build);
/* Does it say "cpu", "nocuda" or "no_cuda"? */
bool lk_build_says_cpu(lk_str build);

/* Is the one a CUDA build and the other not? A build is one when it says so, depends on __cuda, or
 * on a CUDA build of another package ("pytorch-mutex 1.0 cuda", "libtorch 2.9.1 cuda129_*"). A mere
 * dependency on the CUDA runtime (cuda-version, cudart and the like) counts only against a build
 * that says that it is for CPUs: the toolkit's own packages gain and lose such dependencies.
 * *RET_TO: whether it is TO that has CUDA. */
bool lk_cuda_flips(const struct lk_record *from, const struct lk_record *to, bool *ret_to);

#endif
