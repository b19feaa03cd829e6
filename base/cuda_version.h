/*
 * CUDA versions: which driver runs which runtime, and what a lock asks for.
 */
#ifndef LK_BASE_CUDA_VERSION_H
#define LK_BASE_CUDA_VERSION_H

#include <stdbool.h>

#include "base/str.h"

/* A version as the driver and the runtime tell it: 1000 * major + 10 * minor. */
#define LK_CUDA_MAJOR(version) ((version) / 1000)
#define LK_CUDA_MINOR(version) ((version) % 1000 / 10)

enum lk_cuda_match {
	LK_CUDA_RUNS,            /* the driver is as new as the runtime */
	LK_CUDA_RUNS_SAME_MAJOR, /* older, and within one major version from 11 on */
	LK_CUDA_TOO_OLD,
};

/* Does a driver of CUDA version DRIVER run a runtime of version RUNTIME? By NVIDIA's "CUDA
 * Compatibility" guide: backward compatibility always, minor-version compatibility since CUDA 11.
 */
enum lk_cuda_match lk_cuda_match(int driver, int runtime);

/* The oldest driver for Linux that runs any runtime of this major version: "525.60.13" for 12; NULL
 * when it is not known here. Source: table 1 of the guide. */
const char *lk_cuda_oldest_driver(int major);

/* Reads "12.4" or "12.4.127" (12040); false when TEXT does not begin with two numbers. */
bool lk_cuda_version_read(lk_str text, int *ret);

/* Is VERSION within SPEC, a version spec as conda writes them for __cuda: ">=12.4", ">=12,<14",
 * "12.*", "12.4|12.6"; "" and "*" are any? Two numbers count, as __cuda has no more. False with
 * *RET untouched for a spec that cannot be read. */
bool lk_cuda_within(lk_str spec, int version, bool *ret);

#endif
