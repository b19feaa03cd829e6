/*
 * What the host's NVIDIA driver says of itself, for lockenv and lockenv-install, which must not
 * load it into their own processes (or, linked statically, cannot).
 *
 * One line of JSON; conda/driver.h reads it:
 *
 *     {"library": "/usr/lib/…/libcuda.so.535.104.05", "cuda": "12.2",
 *      "devices": [{"name": "NVIDIA A100-SXM4-40GB", "compute_capability": "8.0"}]}
 *     {"reason": "no GPU driver on this host (libcuda.so.1)"}
 *
 * A driver counts when cuInit succeeds, as it does for conda: a library without a kernel module or
 * without a device that it may use runs nothing. CUDA_VISIBLE_DEVICES, which makes cuInit fail
 * where it hides all devices, has no say: it is about a job, and this is about the machine.
 */
#ifndef LK_SMOKE_PROBE_H
#define LK_SMOKE_PROBE_H

#include "base/str.h"

#define LK_PROBE_MAX ((size_t)64 << 10)

/* lockenv-smoke --probe: prints the line on standard output, with nothing that the driver prints.
 * The process ends by SIGALRM when the driver takes longer than LIMIT_SECONDS. Returns the exit
 * status: 0 whenever the line was printed, whatever it says. */
int lk_probe_main(unsigned limit_seconds);

#endif
