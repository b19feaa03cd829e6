/*
 * Making a tree current: by one rename; in place, where the prefix must stay, name by name with a
 * journal.
 *
 *     struct lk_swap swap = {.site = &site, .keep = true};
 *     lk_swap(&swap, new_fd, &owned, report, err);
 *     ... carries over what came late, from swap.old_fd to swap.new_fd ...
 *     lk_swap_finish(&swap, err);      or lk_swap_undo(&swap, report)
 *     lk_swap_done(&swap);
 */
#ifndef LK_INSTALL_SWAP_H
#define LK_INSTALL_SWAP_H

#include "install/journal.h"
#include "install/owned.h"
#include "install/site.h"

struct lk_swap {
	struct lk_site *site; /* owned by us */
	bool keep;            /* what is there becomes the previous tree */
	bool rollback;        /* the previous tree comes, not "new" of the working folder */
	/* After lk_swap, borrowed: what was the prefix (-1: nothing was there) and what is now; in
	 * place the directories that hold what went and what came. */
	int old_fd, new_fd;
	/* Of its own: */
	bool journaled, onto_empty;
	int aside_fd; /* in place */
	struct lk_exchange_dirs dirs;
	struct lk_arena arena;
	struct lk_journal journal;
};

/* Syncs the tree that comes, NEW_FD (-1: nothing comes, the prefix goes), and puts it at the
 * prefix; what went is then where that was. OWNED, which names of the old prefix belong to
 * packages, counts in place only, where the other names stay unless the new tree has them too.
 * Where the file system has no exchange, for an instant each name is absent. A run that dies is put
 * right by the next. On failure the prefix is what it was, or REPORT has the warning of
 * lk_swap_undo. */
int lk_swap(struct lk_swap *swap, int new_fd, const struct lk_owned *owned,
	const struct lk_report *report, struct lk_error *err) LK_MUST_USE;

/* Everything written so far, by whomever, is on the disk when this returns. */
int lk_swap_sync(const struct lk_site *site, struct lk_error *err) LK_MUST_USE;

/* Back again. Where that fails a warning says so, and where the old tree is kept. */
void lk_swap_undo(struct lk_swap *swap, const struct lk_report *report);

/* Nothing is to be undone any more: what went is kept, if asked for; with lk_site_done it goes. */
int lk_swap_finish(struct lk_swap *swap, struct lk_error *err) LK_MUST_USE;
/* A zeroed one but for SITE is fine. */
void lk_swap_done(struct lk_swap *swap);

#endif
