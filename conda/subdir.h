/*
 * Subdirs (CEP 26): "noarch" and the platforms, and what follows from a platform's name.
 */
#ifndef LK_CONDA_SUBDIR_H
#define LK_CONDA_SUBDIR_H

#include <stdbool.h>

#include "base/str.h"

/* Is S a subdir that conda knows (linux-64, osx-arm64, noarch …)? Decides what "channel/subdir"
 * means. */
bool lk_subdir_is_known(lk_str s);
/* `noarch` or `os-arch`, lower case, by grammar only. */
bool lk_subdir_is_valid(lk_str s);
/* The platform that this build of lockenv runs on, such as "linux-64"; static. */
const char *lk_subdir_native(void);

/* The os part: "linux" of "linux-64"; empty for noarch. */
lk_str lk_subdir_os(lk_str subdir);
/* The generic architecture name of CEP 30 appendix A: x86_64 for 64, aarch64 for arm64 and aarch64
 * … */
lk_str lk_subdir_arch(lk_str subdir);

#endif
