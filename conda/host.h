/*
 * The only look at the machine: which virtual packages does this host offer (CEP 30)?
 *
 * Honest on machines without a GPU: no driver, no __cuda. CONDA_OVERRIDE_* are values here too; the
 * caller reads the environment and passes them.
 */
#ifndef LK_CONDA_HOST_H
#define LK_CONDA_HOST_H

#include "conda/driver.h"
#include "conda/virtual.h"

struct lk_host_overrides {
	/* Values of CONDA_OVERRIDE_CUDA, _CUDA_ARCH, _GLIBC, _LINUX, _OSX, _WIN, _ARCHSPEC; NULL:
	 * not set, "": remove. */
	const char *cuda, *cuda_arch, *glibc, *linux_, *osx, *win, *archspec;
};

/* DRIVER: this host's, asked by the caller, as that takes time. NULL: not asked; __cuda and
 * __cuda_arch are there by override alone. __cuda_arch is there only beside __cuda (CEP 46). */
int lk_host_virtuals(const struct lk_host_overrides *overrides, const struct lk_driver *driver,
	struct lk_arena *arena, struct lk_virtuals *ret, struct lk_error *err) LK_MUST_USE;

/* The host's glibc, "2.36", owned by ARENA; empty on a host without glibc. A statically linked
 * program cannot ask the C library it carries: it reads the host's libc.so.6. */
lk_str lk_host_glibc(struct lk_arena *arena);
/* "2.36" in the text that every libc.so.6 carries ("GNU C Library … version 2.36."); empty when
 * IMAGE holds none. A view of IMAGE. */
lk_str lk_host_glibc_of_image(lk_str image);
/* The first two to four numbers of a kernel release: "5.14.0" of "5.14.0-427.el9.x86_64"; empty
 * when there are fewer than two. A view of RELEASE. */
lk_str lk_host_kernel_version(lk_str release);

#endif
