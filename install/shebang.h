/*
 * First lines of scripts: "#!EXE ARGS" where the kernel can run that, else a form that it can.
 *
 * A kernel reads 127 bytes of the line on Linux and 512 on macOS, and splits it at white space.
 * Past that a python is started through a two-line sh script that python reads as a string, and
 * anything else through /usr/bin/env (which needs the environment to be active).
 * conda-formats.md 6.2.
 */
#ifndef LK_INSTALL_SHEBANG_H
#define LK_INSTALL_SHEBANG_H

#include "base/str.h"

/* Longest usable first line for scripts of platform SUBDIR: bytes, "#!" counted, newline not. */
size_t lk_shebang_max(lk_str subdir);

/* Would the kernel of SUBDIR's platform run "#!EXE ARGS"? ARGS holds the space before it, or is
 * empty. */
bool lk_shebang_fits(lk_str exe, lk_str args, lk_str subdir);

/* Appends the line or lines, without the newline at their end. */
void lk_shebang_write(struct lk_buf *out, lk_str exe, lk_str args, lk_str subdir);

#endif
