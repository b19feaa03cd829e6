/*
 * Directories of the new tree that can be moved there as they are: all that lies in them comes from
 * one package's own tree and stays as it was extracted. One rename then does for thousands.
 */
#ifndef LK_INSTALL_WHOLE_H
#define LK_INSTALL_WHOLE_H

#include "install/layout.h"

struct lk_whole {
	size_t from, to; /* entries of the layout; what is yet to be compiled may be among them */
	size_t n;        /* of them that are moved */
	lk_str path;     /* of the directory in the prefix; ends within a NUL-ended text */
	lk_str source_path; /* in the tree, likewise */
	uint32_t package;
};

struct lk_wholes LK_VEC_OF(struct lk_whole);

/* Appends the outermost ones to RET, in order. TREES has one for each package of the layout; those
 * that cannot be moved, or hold what their package does not list, are left alone. */
void lk_wholes_find(
	const struct lk_layout *layout, const struct lk_tree *trees, struct lk_wholes *ret);

#endif
