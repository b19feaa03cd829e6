/*
 * Link scripts of packages (bin/.NAME-post-link.sh). They run only when asked for, after the new
 * tree has become the prefix; else they are counted and told. conda-formats.md 6.5.
 */
#ifndef LK_INSTALL_SCRIPTS_H
#define LK_INSTALL_SCRIPTS_H

#include "base/err.h"
#include "base/report.h"
#include "install/layout.h"

/* Scripts that an install would run; notes each one. */
size_t lk_scripts_count(const struct lk_layout *layout, const struct lk_report *report);

/* Runs them in link order by bash with conda's variables; what they print goes to stderr. LK_E_FS
 * naming the package whose script failed. */
int lk_scripts_run(const struct lk_layout *layout, int prefix_fd, struct lk_error *err) LK_MUST_USE;

#endif
