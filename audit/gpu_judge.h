/*
 * Device code of an environment against the GPUs and drivers that it is to run on.
 *
 * A package is judged whole and by its libraries: one in which no library has code for a GPU fails
 * there; so does one of its libraries alone, unless it is a small part of the package's device
 * code, as the few kernels are that a library carries by the way. Cubins and fat binaries that are
 * files of their own count for the package only: the library that loads them chooses.
 */
#ifndef LK_AUDIT_GPU_JUDGE_H
#define LK_AUDIT_GPU_JUDGE_H

#include "audit/flaw.h"
#include "audit/survey.h"

struct lk_gpu_target {
	lk_str name; /* "sm_70", for people */
	unsigned sm; /* 70 */
	lk_str node; /* whose GPU it is; empty: nobody's in particular */
	int cuda;    /* of the driver there (base/cuda_version.h); 0: not known */
};

/* Adds LK_FLAW_GPU for each library that has device code, and none that runs on TARGET; for one
 * that has only PTX for it a hint, which is a finding when the driver does not know that PTX and a
 * note when it does. Texts are borrowed from SURVEY and TARGET. In the order of the survey. */
void lk_gpu_judge(
	const struct lk_survey *survey, const struct lk_gpu_target *target, struct lk_flaws *ret);

/* Adds LK_FLAW_GPU for device code that was not understood, or is not what it says. */
void lk_gpu_judge_damage(const struct lk_survey *survey, struct lk_flaws *ret);

/* The CUDA runtime of a file by its name, "lib/libcudart.so.12.6.77": 12060; 0 for another file. */
int lk_cuda_runtime_of(lk_str path);
/* Adds LK_FLAW_CUDA for each CUDA runtime that a driver for CUDA on NODE cannot
 * run, and a note for one that is newer than the driver and runs by minor-version compatibility,
 * which does not cover the compilation of PTX. */
void lk_cuda_judge(const struct lk_survey *survey, lk_str node, int cuda, struct lk_flaws *ret);

#endif
