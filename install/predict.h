/*
 * What a layout's files will be, without placing any: the same facts that staging notes in the
 * entries, from the packages' trees alone.
 */
#ifndef LK_INSTALL_PREDICT_H
#define LK_INSTALL_PREDICT_H

#include "base/err.h"
#include "base/report.h"
#include "install/layout.h"
#include "store/tree.h"

/* Notes mode, sha256, size and link target of every entry that did not lose; `present` stays false
 * for those of kind PYC. TREES: one for each package of the layout. Warns as staging does.
 * LK_E_INTEGRITY, LK_E_FS, LK_E_INTERRUPTED. */
int lk_predict_entries(struct lk_layout *layout, const struct lk_tree *trees, unsigned jobs,
	const struct lk_report *report, struct lk_error *err) LK_MUST_USE;

#endif
