/*
 * Extracted packages: immutable trees in the cache, each with its parsed metadata.
 *
 * lk_tree_ensure opens RECORD's tree in the first layer of the cache that has a whole one; when
 * none has, it hashes the archive against the lock, extracts it into tmp/, checks it against its
 * own paths.json, seals it and publishes it by rename. A damaged tree is exchanged for the new one,
 * so that its name never goes missing. A tree of another user than oneself or root is held against
 * its archive each time. What is wrong with a tree in a layer that is only read is a warning: the
 * tree is passed over. With a cache that has no folder to write into, trees that it lacks are made
 * in options->place, checked likewise but not sealed: nobody else comes near them. Safe to call
 * from several threads and processes at once (a report's callbacks then come from each thread).
 *
 * An archive whose bytes are not what the lock says is taken out of the cache. Files that the
 * archive holds but does not list stay in the tree and are not in `package->paths`.
 */
#ifndef LK_STORE_TREE_H
#define LK_STORE_TREE_H

#include <sys/stat.h>

#include "conda/package.h"
#include "store/cache.h"
#include "store/claim.h"

/* What lies in the tree under one of the package's paths: as sealed, and the seal holds (of an
 * unchecked tree: is to hold). */
struct lk_tree_file {
	uint64_t size;           /* bytes */
	int64_t mtime;           /* whole seconds since 1970 */
	struct lk_sha256 sha256; /* of these bytes, whatever info/paths.json says */
	unsigned mode;           /* 0644 or 0755 */
	lk_str target;           /* a symlink's text; NUL-ended */
};

/* A folder on the file system of the prefix that is the caller's alone. */
struct lk_tree_place {
	int fd;           /* borrowed */
	const char *path; /* absolute; borrowed */
};

struct lk_tree {
	int fd;        /* the tree's directory; owned */
	char *path;    /* absolute; owned */
	size_t layer;  /* of the cache, that it lies in */
	bool movable;  /* it lies in the caller's own place instead */
	bool has_more; /* of one that is movable: there is more in it than the package lists */
	bool foreign;  /* another user than oneself and root can still change its files */
	bool fresh;    /* not known to be on the disk: to be settled (store/seal.h) after a sync */
	/* Each of its listed files is yet to be held against the seal (lk_tree_file_holds), and the
	 * directories that it lies in: no symlink may be among them. */
	bool unchecked;
	struct lk_package *package;       /* metadata and paths; owned */
	const struct lk_tree_file *files; /* one for each of package->paths; owned by the package */
};

struct lk_tree_options {
	bool strict;              /* refuse symlinks that point outside */
	bool verify;              /* hash every file again, not only its seal */
	bool later;               /* listed files may be left unchecked, by who checks them then */
	bool safety_warn;         /* a paths.json mismatch warns instead of LK_E_INTEGRITY */
	struct lk_claims *claims; /* others may be at the same trees; NULL: they do not matter */
	bool wait;                /* for whoever is at it */
	struct lk_gate *gate;     /* of archives that others extract meanwhile; or NULL */
	const struct lk_tree_place
		*place; /* where a cache that is only read lacks a tree; or NULL */
	/* Seconds since 1970: a tree that was not used for a day gets this use noted, as the mtime
	 * of its folder, where that may be done. 0: not noted. */
	int64_t now;
};

/* With claims and without wait LK_E_NOT_FOUND when somebody else is extracting it just now.
 * LK_E_OFFLINE when neither tree nor archive is in the cache. LK_E_INTEGRITY names the archive and
 * the member or field: wrong hash, unsafe or damaged archive, another name, version or build than
 * RECORD's, a path that contradicts info/paths.json, a damaged tree without an archive. Warnings (a
 * tree made again, links that lead outside, what safety_warn lets pass) go to REPORT. */
int lk_tree_ensure(struct lk_cache *cache, const struct lk_record *record,
	const struct lk_tree_options *options, const struct lk_report *report, struct lk_tree *ret,
	struct lk_error *err) LK_MUST_USE;
/* Has what lies there, by its lstat, the type, size, mode and mtime of FILE, and can no other user
 * than oneself and root change it? */
bool lk_tree_file_holds(const struct lk_tree_file *file, const struct stat *st);
void lk_tree_done(struct lk_tree *tree);

#endif
