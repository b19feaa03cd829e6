/*
 * Where files of noarch python packages go: "site-packages/" and "python-scripts/" of the archive
 * become directories of the environment's own python. conda-formats.md 6.3, CEP 17, CEP 20.
 */
#ifndef LK_INSTALL_NOARCH_H
#define LK_INSTALL_NOARCH_H

#include "base/err.h"

/* Where files lie that lost their path to another package's (install/clobber.h). */
#define LK_CLOBBER_DIR "__clobbers__"

/* May a package put something at PATH of a prefix: inside it, without control characters, neither
 * in conda-meta nor where lost files are parked, however these are spelled? */
bool lk_path_is_installable(lk_str path);

/* The environment's python; strings owned by the arena given to lk_python_init. */
struct lk_python {
	lk_str version;       /* "3.12" */
	lk_str site_packages; /* "lib/python3.12/site-packages" */
	lk_str scripts;       /* "bin", "Scripts" */
	lk_str program;       /* "bin/python3.12", "python.exe" */
	bool windows;
};

/* From the locked python's VERSION and its python_site_packages_path (empty: the usual place).
 * LK_E_INTEGRITY for a version without MAJOR.MINOR and for a path that leaves the prefix or lies in
 * conda-meta. */
int lk_python_init(lk_str version, lk_str site_packages_path, lk_str subdir, struct lk_arena *arena,
	struct lk_python *ret, struct lk_error *err) LK_MUST_USE;

/* The installed path of PATH of a noarch python archive: PATH itself, or owned by ARENA. */
lk_str lk_noarch_target(const struct lk_python *python, lk_str path, struct lk_arena *arena);

/* Where the compiled form of PATH (an installed .py file) goes; owned by ARENA. */
lk_str lk_noarch_pyc(const struct lk_python *python, lk_str path, struct lk_arena *arena);

#endif
