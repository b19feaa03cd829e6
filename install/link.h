/*
 * Placing one file of an extracted tree under another name: hard link, reflink, copy or symlink; or
 * a move, where the tree is nobody else's.
 *
 * LK_LINK_AUTO takes the first that works and remembers, for the run, a way that cannot work
 * between the two file systems. A file whose link count is at its limit, or that this user may not
 * hard-link, is reflinked or copied alone. So are files of other users (root apart): who owns a
 * file can change it under each of its names. Thread-safe.
 */
#ifndef LK_INSTALL_LINK_H
#define LK_INSTALL_LINK_H

#include <stdatomic.h>
#include <sys/stat.h>

#include "base/err.h"
#include "install/install.h"

struct lk_linker {
	enum lk_link_mode mode;
	/* Found impossible in this run, from each layer of the cache. */
	atomic_bool no_hard[LK_CACHE_MAX_LAYERS], no_reflink[LK_CACHE_MAX_LAYERS];
	atomic_size_t used[LK_CACHE_MAX_LAYERS][LK_LINK_WAYS]; /* files */
};

void lk_linker_init(struct lk_linker *linker, enum lk_link_mode mode);
/* "hardlink", "reflink", "copy", "symlink", "move"; "none" for LK_LINK_AUTO. Static. */
const char *lk_link_name(enum lk_link_mode mode);
/* The way most files went; LK_LINK_AUTO for no file. */
enum lk_link_mode lk_linker_used(const struct lk_linker *linker);

struct lk_link_source {
	int dirfd;        /* the directory that holds it */
	const char *name; /* in that directory, or a path from there */
	const char *tree; /* absolute path of the package's tree, for symlinks and errors */
	const char *path; /* in the tree */
	size_t layer;     /* of the cache, that the tree lies in */
	bool foreign;     /* its owner may be a stranger: never hard-linked */
};

/* Places SOURCE as NAME in DST_DIRFD, which must not exist, with the source's mode and mtime.
 * COPY_ONLY: the package asks not to link this one. LK_E_FS. */
int lk_link_file(struct lk_linker *linker, const struct lk_link_source *source, int dst_dirfd,
	const char *name, bool copy_only, struct lk_error *err) LK_MUST_USE;

/* Moves SOURCE, which is this run's alone, there: a file, or a directory with N in it. */
int lk_link_move(struct lk_linker *linker, const struct lk_link_source *source, size_t n,
	int dst_dirfd, const char *name, struct lk_error *err) LK_MUST_USE;

/* The same for a symlink with the text TARGET, which is never followed: the link itself is
 * hard-linked where that works (a new one costs an inode), else made anew with SOURCE's mtime. */
int lk_link_softlink(struct lk_linker *linker, const struct lk_link_source *source,
	const char *target, int dst_dirfd, const char *name, struct lk_error *err) LK_MUST_USE;

/* Places NAME in FROM_DIRFD, a file or link of an environment, in DST_DIRFD under DST, which must
 * not exist: hard-linked, or copied with mode and mtime where that is refused. *RET_COPIED (set,
 * never cleared): bytes were written. LK_E_FS. */
int lk_link_carry(int from_dirfd, const char *name, int dst_dirfd, const char *dst,
	bool *ret_copied, struct lk_error *err) LK_MUST_USE;

/* A link's text into TARGET; false, with errno, where there is none or a longer one. */
#define LK_LINK_TEXT_MAX 4095
bool lk_link_read(int dirfd, const char *name, char target[LK_LINK_TEXT_MAX + 1]);

/* Gives NAME in DIRFD the mtime of STATUS; the link itself when it is one. */
int lk_link_set_mtime(
	int dirfd, const char *name, const struct stat *status, struct lk_error *err) LK_MUST_USE;

#endif
