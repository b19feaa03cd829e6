/*
 * Entry points of noarch python packages: the small scripts that call "module:function".
 * conda-formats.md 6.3.
 */
#ifndef LK_INSTALL_ENTRY_POINTS_H
#define LK_INSTALL_ENTRY_POINTS_H

#include "conda/package.h"
#include "install/noarch.h"

/* "bin/COMMAND", or "Scripts/COMMAND-script.py" for Windows; owned by ARENA. */
lk_str lk_entry_point_target(const struct lk_entry_point *entry_point,
	const struct lk_python *python, struct lk_arena *arena);

/* Appends the script's text, with the interpreter at its final place under PREFIX. */
void lk_entry_point_script(const struct lk_entry_point *entry_point, const struct lk_python *python,
	lk_str prefix, lk_str subdir, struct lk_buf *out);

#endif
