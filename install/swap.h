/*
 * Making the new tree current: one rename.
 */
#ifndef LK_INSTALL_SWAP_H
#define LK_INSTALL_SWAP_H

#include "install/site.h"

/* Syncs the new tree in SITE's working folder and puts it at the prefix; afterwards the previous
 * tree, if there was one, is in the working folder under *ret_old ("new" after an exchange, "old"
 * where the file system has none; NULL when there was none, or only an empty directory that was
 * replaced). Where two renames are needed the prefix is absent for an instant; a run that dies
 * there is put right by the next. On failure the prefix is what it was, or REPORT has the warning
 * of lk_swap_undo. */
int lk_swap(struct lk_site *site, const char **ret_old, const struct lk_report *report,
	struct lk_error *err) LK_MUST_USE;

/* Everything written so far, by whomever, is on the disk when this returns. */
int lk_swap_sync(const struct lk_site *site, struct lk_error *err) LK_MUST_USE;

/* Back again, OLD being what lk_swap gave. Where that fails a warning says so, and where the old
 * tree is kept. */
void lk_swap_undo(struct lk_site *site, const char *old, const struct lk_report *report);

#endif
