/*
 * Two packages, one path: the one later in link order has it, as in conda. The others' files are
 * parked at __clobbers__/PACKAGE/PATH, as rattler does, and come back when the winner goes; their
 * records tell where they belong (struct lk_entry.original_path). Equal files are parked too: each
 * package keeps what is its own. Not parked: compiled files, and what one package brings twice (an
 * entry point where it has a file). A parked source has no compiled form.
 *
 * For platforms that ignore case "Foo" and "foo" are one path. A file where another package needs a
 * directory is always an error. conda-formats.md 6.4.
 */
#ifndef LK_INSTALL_CLOBBER_H
#define LK_INSTALL_CLOBBER_H

#include "base/err.h"
#include "base/report.h"
#include "install/layout.h"

/* Marks the entries of a fresh layout that lose, parks them and sorts the layout anew. Files that
 * differ are warned about, once for each pair of packages; with STRICT they are LK_E_INTEGRITY. */
int lk_clobber_resolve(struct lk_layout *layout, bool strict, const struct lk_report *report,
	struct lk_error *err) LK_MUST_USE;

#endif
