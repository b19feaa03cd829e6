/*
 * The host's NVIDIA driver, libcuda.so.1, opened at run time: the one table of its functions.
 *
 * Nothing here links CUDA or needs its headers. Names, values and signatures are those of cuda.h
 * (CUDA Driver API reference, docs.nvidia.com/cuda/cuda-driver-api); they are a stable ABI, in
 * which a changed function gets a new name (cuMemAlloc_v2).
 */
#ifndef LK_SMOKE_CUDA_DRIVER_H
#define LK_SMOKE_CUDA_DRIVER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* CUresult: the values that are acted on; the driver itself has words for all. */
#define LK_CUDA_OUT_OF_MEMORY 2
#define LK_CUDA_STUB_LIBRARY 34
#define LK_CUDA_NO_DEVICE 100
#define LK_CUDA_NO_BINARY_FOR_GPU 209
#define LK_CUDA_UNSUPPORTED_PTX_VERSION 222
#define LK_CUDA_NOT_READY 600
#define LK_CUDA_SYSTEM_NOT_READY 802
#define LK_CUDA_SYSTEM_DRIVER_MISMATCH 803
#define LK_CUDA_COMPAT_NOT_SUPPORTED 804

/* CUdevice_attribute. */
#define LK_CUDA_MULTIPROCESSORS 16
#define LK_CUDA_CAPABILITY_MAJOR 75
#define LK_CUDA_CAPABILITY_MINOR 76

/* CUpointer_attribute, and the CUmemorytype of memory on a device. */
#define LK_CUDA_POINTER_MEMORY_TYPE 2
#define LK_CUDA_POINTER_DEVICE 9
#define LK_CUDA_MEMORY_DEVICE 2

/* CUjit_option. */
#define LK_CUDA_JIT_ERROR_LOG 5
#define LK_CUDA_JIT_ERROR_LOG_SIZE 6

typedef uint64_t lk_cuda_pointer; /* CUdeviceptr */
typedef void *lk_cuda_handle;     /* CUcontext, CUmodule, CUfunction, CUstream, CUevent */

/* Each returns a CUresult, 0 for success. */
struct lk_cuda_driver {
	void *library; /* NULL: not open */
	/* Where libcuda.so.1 was resolved to, without links; "" when unknown. */
	char folder[PATH_MAX];
	/* The version in the file's name there, "535.104.05"; "" when it has none. */
	char file_version[32];

	int (*init)(unsigned flags);
	int (*error_name)(int error, const char **ret);
	int (*error_string)(int error, const char **ret);
	int (*version)(int *ret); /* 1000 * major + 10 * minor */
	int (*device_count)(int *ret);
	int (*device)(int *ret, int ordinal);
	int (*device_name)(char *ret, int len, int device);
	int (*device_memory)(size_t *ret, int device);
	int (*device_attribute)(int *ret, int attribute, int device);
	int (*device_uuid)(unsigned char ret[16], int device); /* NULL: not known to this driver */

	int (*context_retain)(lk_cuda_handle *ret, int device); /* the primary one */
	int (*context_set)(lk_cuda_handle context);
	int (*synchronize)(void);
	int (*memory_info)(size_t *ret_free, size_t *ret_total);
	int (*alloc)(lk_cuda_pointer *ret, size_t len);
	int (*free)(lk_cuda_pointer pointer);
	int (*to_device)(lk_cuda_pointer to, const void *from, size_t len);
	int (*to_host)(void *to, lk_cuda_pointer from, size_t len);
	int (*fill32)(lk_cuda_pointer to, unsigned value, size_t n);
	int (*pointer_attribute)(void *ret, int attribute, lk_cuda_pointer pointer);
	int (*module_load)(lk_cuda_handle *ret, const void *image, unsigned n_options, int *options,
		void **values);
	int (*module_function)(lk_cuda_handle *ret, lk_cuda_handle module, const char *name);
	int (*launch)(lk_cuda_handle function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
		unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared_bytes,
		lk_cuda_handle stream, void **parameters, void **extra);
	int (*event_new)(lk_cuda_handle *ret, unsigned flags);
	int (*event_free)(lk_cuda_handle event);
	int (*event_record)(lk_cuda_handle event, lk_cuda_handle stream);
	int (*event_query)(lk_cuda_handle event);
	int (*event_elapsed)(float *ret_ms, lk_cuda_handle begin, lk_cuda_handle end);
};

enum lk_cuda_presence {
	LK_CUDA_OPEN,
	LK_CUDA_ABSENT, /* the dynamic linker finds no libcuda.so.1 */
	LK_CUDA_BROKEN, /* it is there, and does not load or lacks a function */
};

/* Opens libcuda.so.1 where the dynamic linker finds it (LD_LIBRARY_PATH, the linker's cache) and
 * binds the functions down to device_uuid; calls none of them, not cuInit. Unless it is open, WHY
 * tells the reason (WHY_LEN bytes). The library stays mapped for the rest of the process. */
enum lk_cuda_presence lk_cuda_driver_look(struct lk_cuda_driver *ret, char *why, size_t why_len);
/* The same with the whole table. */
enum lk_cuda_presence lk_cuda_driver_open(struct lk_cuda_driver *ret, char *why, size_t why_len);

/* "CUDA_ERROR_NO_DEVICE (100): no CUDA-capable device is detected", by the driver's own words, and
 * what may help where that is known. Its number alone for an error that the driver does not know.
 */
void lk_cuda_error_text(const struct lk_cuda_driver *driver, int error, char *ret, size_t ret_len);

/* "535.104.05" in the text of /proc/driver/nvidia/version (both the closed and the open kernel
 * module's); empty when there is none. A view of TEXT. */
lk_str lk_cuda_kernel_module_version(lk_str text);

#endif
