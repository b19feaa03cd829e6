/*
 * Has the user changed an installed file? Asked of each owned path of a prefix, by what its record
 * says of it, and with as few hashes as can be.
 */
#ifndef LK_INSTALL_CHANGED_H
#define LK_INSTALL_CHANGED_H

#include <sys/stat.h>

#include "base/err.h"
#include "conda/prefix_record.h"

/* What was installed bears old times of modification: a file that is written to later shows it. One
 * that was moved there shows by its inode's time, which is that of the install as well. */
struct lk_changed_since {
	struct timespec written; /* files modified from then on may be the user's */
	struct timespec settled; /* the same for inodes */
	bool all;                /* trust no time: hash every file */
};

/* Of the prefix at PREFIX_FD, by the times of its history and state file. */
void lk_changed_since_init(int prefix_fd, bool all, struct lk_changed_since *ret);

/* At the end of an install into PREFIX_FD: taking the old tree away has moved the times of inodes
 * that stay; from now on such a move tells of the user. Where this fails more files are hashed
 * later. */
void lk_changed_settle(int prefix_fd);

bool lk_changed_is_before(struct timespec a, struct timespec b);

enum lk_changed {
	LK_CHANGED_NOT,
	LK_CHANGED_MODE,    /* of a file; the content is as it was */
	LK_CHANGED_CONTENT, /* or the kind, or a link's text */
	LK_CHANGED_GONE,    /* a file that was linked by symlink, and what it led to is gone */
};

/* What lies as NAME in DIRFD, with the status STATUS (of lstat), against PATH. A file may also be a
 * symlink into the store, as LK_LINK_SYMLINK makes them. LK_E_FS when it cannot be read. */
int lk_changed_path(const struct lk_changed_since *since, int dirfd, const char *name,
	const struct stat *status, const struct lk_prefix_path *path, enum lk_changed *ret,
	struct lk_error *err) LK_MUST_USE;

#endif
