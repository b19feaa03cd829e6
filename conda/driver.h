/*
 * The NVIDIA driver of this host, as a value: what `lockenv-smoke --probe` says of it, else what
 * the kernel module's version tells.
 */
#ifndef LK_CONDA_DRIVER_H
#define LK_CONDA_DRIVER_H

#include "base/err.h"
#include "base/str.h"

#define LK_DRIVER_MAX_BYTES ((size_t)64 << 10)

struct lk_driver_device {
	lk_str name;
	lk_str capability; /* "9.0" */
};

struct lk_driver {
	lk_str cuda; /* the newest CUDA version that it runs, "12.4"; empty: no driver works here */
	lk_str arch; /* the lowest compute capability (CEP 46); empty: no device, or not known */
	lk_str source; /* the file that told: libcuda, or the kernel module's; empty: there is none
			*/
	lk_str reason; /* why no driver works; empty when one does */
	const struct lk_driver_device *devices; /* in the driver's order */
	size_t n_devices;
};

/* Reads the line of `lockenv-smoke --probe` (smoke/probe.h). All texts are owned by ARENA.
 * LK_E_FORMAT for anything else: what loads a driver cannot be sure of its own output. */
int lk_driver_parse(lk_str text, struct lk_arena *arena, struct lk_driver *ret,
	struct lk_error *err) LK_MUST_USE;

/* From /proc/driver/nvidia/version, which is there where the kernel module is loaded: no devices,
 * and the CUDA version by a table of public facts. */
void lk_driver_of_kernel(struct lk_arena *arena, struct lk_driver *ret);

/* The newest CUDA version ("12.4") that the driver in TEXT, the content of
 * /proc/driver/nvidia/version, can run; empty when TEXT names none. Of a driver newer than our
 * table: the newest we know. */
lk_str lk_driver_cuda_of_text(lk_str text);

#endif
