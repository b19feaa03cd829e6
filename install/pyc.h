/*
 * Compiling the .py files of noarch packages with the environment's own python.
 *
 * What a process compiled before shows in a pyc's bytes: which strings are interned, which objects
 * have more than one reference. So the files of a package are units of their own, each compiled by
 * a fork of a python that has compiled nothing: the bytes depend on the package and the python
 * alone. One python serves the units of a few hundred files. Empty environment, no site module,
 * fixed hash seed, time-stamp based on the sources' fixed mtimes, the files' final names inside.
 * Nothing here is fatal: a file that does not compile has no pyc, and a python that does not run on
 * this host means none at all, with one warning.
 */
#ifndef LK_INSTALL_PYC_H
#define LK_INSTALL_PYC_H

#include "base/err.h"
#include "base/report.h"
#include "install/layout.h"

/* Compiles in the new tree STAGE_FD and sets `present` of the entries of kind PYC that now exist.
 * LK_E_INTERRUPTED; LK_E_FS when the tree cannot be used. */
int lk_pyc_compile(struct lk_layout *layout, int stage_fd, unsigned jobs,
	const struct lk_report *report, struct lk_error *err) LK_MUST_USE;

#endif
