/*
 * The state file conda-meta/lockenv-state: how a prefix that needs nothing is recognised in
 * milliseconds, and what was installed.
 *
 * It holds the lock's digest, the platform, the prefix path, whether pyc were asked for, and a
 * digest over names, sizes and mtimes of conda-meta's records: whoever installs or removes a
 * package by other means changes that. For `verify`, it also has the tree digest, the sha256 of
 * each record as it lies there and of the history, and the mode of the prefix itself. "key value"
 * lines; the last is the sha256 of those above it.
 */
#ifndef LK_INSTALL_STAMP_H
#define LK_INSTALL_STAMP_H

#include "base/digest.h"

#define LK_STAMP_NAME "lockenv-state"
#define LK_STAMP_MAX ((size_t)16 << 20) /* bytes of a whole one */

struct lk_stamp {
	struct lk_sha256 lock;
	lk_str subdir, prefix;
	bool compile;
	bool symlinks;            /* files may be symlinks into the cache (--link symlink) */
	struct lk_sha256 records; /* of conda-meta; see lk_stamp_records */
	lk_str tree_digest;       /* hex */
	uint64_t files;
	unsigned mode;            /* of the prefix */
	struct lk_sha256 history; /* conda-meta/history */
	lk_str record_lines;      /* see lk_stamp_add_record and lk_stamp_next_record */
};

/* The digest over the names, sizes and mtimes of *.json in the directory META_FD. */
int lk_stamp_records(int meta_fd, struct lk_sha256 *ret, struct lk_error *err) LK_MUST_USE;

/* Appends to LINES that the record NAME ("NAME-VERSION-BUILD.json") has the bytes of SHA256. */
void lk_stamp_add_record(struct lk_buf *lines, lk_str name, const struct lk_sha256 *sha256);
/* Takes the next one off *REST, at first a stamp's record_lines; false at the end or for a line
 * that is none. *ret_name is a view. */
bool lk_stamp_next_record(lk_str *rest, lk_str *ret_name, struct lk_sha256 *ret);

void lk_stamp_format(const struct lk_stamp *stamp, struct lk_buf *out);
/* False for a text that is not wholly one of ours, as it was written. Strings are views of TEXT. */
bool lk_stamp_parse(lk_str text, struct lk_stamp *ret);

/* The stamp of the prefix at PREFIX_FD; *RET_FOUND is false unless it is whole and conda-meta has
 * the records that it tells of. Strings are owned by ARENA. LK_E_FS when it cannot be read. */
int lk_stamp_load(int prefix_fd, struct lk_arena *arena, struct lk_stamp *ret, bool *ret_found,
	struct lk_error *err) LK_MUST_USE;
/* The same for whom a stamp that cannot be read is none. */
bool lk_stamp_read(int prefix_fd, struct lk_arena *arena, struct lk_stamp *ret);

/* Does the prefix at PREFIX_FD bear a stamp for WANT (lock, subdir, prefix and compile are looked
 * at) with the conda-meta that is there now? *ret_found and its strings (owned by ARENA). */
bool lk_stamp_holds(int prefix_fd, const struct lk_stamp *want, struct lk_arena *arena,
	struct lk_stamp *ret_found);

#endif
