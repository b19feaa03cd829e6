/*
 * The place of a prefix: its parent directory, what is there now, and the working folder.
 *
 *     lk_site_open(prefix, &site, err);     looks, changes nothing
 *     lk_site_own(&site, 0, report, err);   makes .NAME.lockenv beside it: from now on it is ours
 *     ... builds site.work_fd/"new" ...
 *     lk_site_done(&site);                  removes the working folder, closes
 *
 * The working folder holds the file that says who owns it (own.h), the tree being built ("new"),
 * what was extracted for it alone ("trees"), for moments the previous one ("old", only where the
 * file system has no exchange of names), and a journal (journal.h) where one rename is not enough.
 * What a run that died left is put right by the next: an exchange with a journal is completed, and
 * so is a removal. Only what lk_site_keep set apart ("kept-...") stays until somebody takes it.
 *
 * In place, for a prefix that cannot be replaced as a whole, the folder lies inside
 * (PREFIX/.lockenv). Who owns a prefix owns it either way: whoever takes one of the two folders
 * looks for the other afterwards, and of two that came at once at least one steps back.
 *
 * The previous tree, where one is kept, is .NAME.lockenv-previous beside the prefix, or
 * PREFIX/.lockenv-previous.
 */
#ifndef LK_INSTALL_SITE_H
#define LK_INSTALL_SITE_H

#include "base/err.h"
#include "base/report.h"
#include "install/own.h"

#define LK_SITE_NEW "new"
#define LK_SITE_OLD "old"
#define LK_SITE_TREES "trees"
#define LK_SITE_LATE "late"       /* what was made while a removal went on */
#define LK_SITE_ELDER "elder"     /* what was the previous tree until another became it */
#define LK_SITE_REMOVAL "removal" /* an empty file from before a removal's exchange to its end */
#define LK_SITE_SCRIPTS "scripts" /* an empty file while link scripts run at the new prefix */

/* The working folder in a prefix that cannot be replaced as a whole, and the tree that it was
 * before. */
#define LK_SITE_INSIDE ".lockenv"
#define LK_SITE_INSIDE_PREVIOUS ".lockenv-previous"

enum lk_site_state {
	LK_SITE_ABSENT,      /* nothing there, or its parent is not either */
	LK_SITE_EMPTY,       /* an empty directory */
	LK_SITE_ENVIRONMENT, /* has conda-meta/history */
};

struct lk_site {
	char *prefix;   /* absolute; all below is owned */
	char *parent;   /* its directory */
	char *name;     /* its last component */
	char *previous; /* name of the previous tree beside it; see lk_site_previous */
	char *owner;    /* our name in the working folders */
	struct lk_own beside, inside;
	int parent_fd; /* -1 while the parent does not exist; good for names below it only */
	int old_fd;    /* the prefix as it is; -1 when absent */
	int base_fd;   /* what the working folder lies in: one of these two; -1 until owned */
	int work_fd;   /* the working folder in use; -1 until owned */
	bool in_place;
	bool override_frozen; /* set by who may change an environment that is marked as frozen */
	bool mounted;         /* the prefix is a mount point: it can be read, and not replaced */
	bool keep;            /* the working folder holds something that is not to be lost */
	bool interrupted; /* an install in place did not end: it is neither the old nor the new */
	enum lk_site_state state;
	unsigned jobs; /* workers that remove what is of no more use; 0: one for each processor */
	const struct lk_report
		*report; /* borrowed, from lk_site_own: for what lk_site_done cannot remove */
};

/* LK_E_USAGE unless PREFIX, absolute and normal, can name an environment: looks at the text alone.
 */
int lk_site_check_prefix(const char *prefix, struct lk_error *err) LK_MUST_USE;
/* PREFIX is absolute and normal. LK_E_USAGE, with nothing touched, for one that is no directory, a
 * symlink, or a directory that is neither empty nor an environment, and for a name
 * with control characters. */
int lk_site_open(const char *prefix, struct lk_site *ret, struct lk_error *err) LK_MUST_USE;
/* The same for who may change it: where no environment is there, what a dead run left of one that
 * was, such as a removal's, is put right or removed before it is refused (*RET_SETTLED, unless
 * NULL, although it is). LK_E_FS as lk_site_own. */
int lk_site_open_settled(const char *prefix, const struct lk_report *report, bool *ret_settled,
	struct lk_site *ret, struct lk_error *err) LK_MUST_USE;
/* For that: takes both working folders over, and lets go of them. */
int lk_site_settle(
	struct lk_site *site, const struct lk_report *report, struct lk_error *err) LK_MUST_USE;
/* Is the directory an environment? By conda-meta/history, as conda knows one, or by our own state
 * file, which is enough where the history was lost. */
bool lk_site_is_environment(int prefix_fd);
/* For site_own.c: what is at the prefix now (old_fd, state), the parent, and the end of it all. */
int lk_site_look(struct lk_site *site, struct lk_error *err) LK_MUST_USE;
int lk_site_open_parent(struct lk_site *site, struct lk_error *err) LK_MUST_USE;
void lk_site_close(struct lk_site *site);
/* From now on what is in the prefix is exchanged, not the prefix; where there is none yet this
 * changes nothing. Before it is owned. */
void lk_site_use_in_place(struct lk_site *site);
/* Could the prefix be replaced? LK_E_USAGE for a mount point, unless it is done in place. */
int lk_site_check(const struct lk_site *site, struct lk_error *err) LK_MUST_USE;
/* LK_E_USAGE for an environment that is marked as frozen, unless override_frozen is set
 * (install/frozen.h). */
int lk_site_check_frozen(const struct lk_site *site, struct lk_error *err) LK_MUST_USE;
/* Makes the parent where it is missing. LK_E_USAGE as lk_site_check. LK_E_FS when another process
 * owns the folder (said who) and does not let go of it for WAIT seconds, when something else has
 * its name, or when the directory is not writable; LK_E_INTERRUPTED while waiting. After taking
 * over, `state` and `old_fd` are looked at again. */
int lk_site_own(struct lk_site *site, unsigned wait, const struct lk_report *report,
	struct lk_error *err) LK_MUST_USE;
/* Name of the previous tree in base_fd. */
const char *lk_site_previous(const struct lk_site *site);
/* Path of the working folder that is, or will be, used: heap text. */
char *lk_site_work_path(const struct lk_site *site) LK_MUST_USE;
/* NAME in the working folder, which is ours, is all that is left of something: no run, this or a
 * later one, shall remove it. Where it lies from now on is appended to PATH. */
void lk_site_keep(struct lk_site *site, const char *name, struct lk_buf *path);
/* Is there a working folder of anybody, such as a dead run's? Owning it and being done removes it.
 */
bool lk_site_has_leftover(const struct lk_site *site);
/* A new folder NAME in the working folder, which is ours. *RET_FD is the caller's. */
int lk_site_make(
	struct lk_site *site, const char *name, int *ret_fd, struct lk_error *err) LK_MUST_USE;
/* Removes the working folder when it is ours. A zeroed site is not fine; one that lk_site_open
 * failed on needs no call. */
void lk_site_done(struct lk_site *site);

#endif
