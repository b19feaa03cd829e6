/*
 * Which builds are CUDA builds: one rule for whoever tells them from CPU builds by the record
 * alone.
 */
#ifndef LK_CONDA_CUDA_BUILD_H
#define LK_CONDA_CUDA_BUILD_H

#include "conda/record.h"

/* Does a build, a pattern for builds or a flag name CUDA: "cuda" or "gpu" somewhere in it? */
bool lk_text_says_cuda(lk_str build);

/* Is RECORD built for CUDA? Its build says so ("cuda126py312h…", "gpu_0"; "cpu" in it says no), or
 * it depends on __cuda, on the CUDA runtime (cuda-version, cudatoolkit, cudart and the like), or on
 * a CUDA build of another package ("pytorch-mutex 1.0 cuda", "libxgboost * cuda*"). */
bool lk_record_is_cuda(const struct lk_record *record);

#endif
