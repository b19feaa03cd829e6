/*
 * The only look at the machine: which virtual packages does this host offer (CEP 30)?
 *
 * Honest on machines without a GPU: no driver, no __cuda. CONDA_OVERRIDE_* are values here too; the
 * caller reads the environment and passes them.
 */
#ifndef LK_CONDA_HOST_H
#define LK_CONDA_HOST_H

#include "conda/virtual.h"

struct lk_host_overrides {
	/* Values of CONDA_OVERRIDE_CUDA, _CUDA_ARCH, _GLIBC, _LINUX, _OSX, _ARCHSPEC; NULL: not set, "": remove. */
	const char *cuda, *cuda_arch, *glibc, *linux_, *osx, *archspec;
};

/* PROBE_DRIVER may be NULL; else it is asked for the CUDA driver version (major * 1000 + minor * 10)
 * and returns 0 when there is none. Without it /proc/driver/nvidia is read. */
int lk_host_virtuals(const struct lk_host_overrides *overrides, int (*probe_driver)(void),
		struct lk_arena *arena, struct lk_virtuals *ret, struct lk_error *err) LK_MUST_USE;

#endif
