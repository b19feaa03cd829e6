/*
 * One GPU, opened for a level: the driver, the device, its primary context, memory on it.
 *
 * The primary context is the one that the CUDA runtime inside cuBLAS, cuDNN, NCCL and PyTorch uses,
 * so that memory and the default stream are shared with them.
 */
#ifndef LK_SMOKE_GPU_H
#define LK_SMOKE_GPU_H

#include "smoke/cuda_driver.h"
#include "smoke/level.h"

struct lk_gpu {
	struct lk_cuda_driver driver;
	int cuda;         /* the driver's CUDA version */
	int count;        /* devices there are */
	int ordinal;      /* of the device in use */
	int major, minor; /* its compute capability */
	int multiprocessors;
	char name[128];
	lk_cuda_handle context; /* NULL: no device is open */
};

/* Opens the driver and counts its devices. False, with the reason in REPORT, when there is no
 * driver or no device (absent), or when the driver does not work (failed). */
bool lk_gpu_open_driver(struct lk_gpu *ret, struct lk_level_report *report);
/* After lk_gpu_open_driver: makes device ORDINAL's primary context the current one. */
bool lk_gpu_open_device(struct lk_gpu *gpu, int ordinal, struct lk_level_report *report);

struct lk_gpu_symbol {
	const char *name;
	void **slot;
	bool optional; /* may be NULL */
};
/* Looks all up in LIBRARY. NULL, or the name of the first that is missing. */
const char *lk_gpu_bind(void *library, const struct lk_gpu_symbol *symbols, size_t n);

/* Fails the report with "WHAT: " and the driver's words for ERROR, unless ERROR is 0. */
bool lk_gpu_ok(
	const struct lk_gpu *gpu, int error, const char *what, struct lk_level_report *report);

#endif
