/*
 * The state file conda-meta/lockenv-state: how a prefix that needs nothing is recognised in
 * milliseconds, and what was installed.
 *
 * It holds the lock's digest, the platform, the prefix path, whether pyc were asked for, and a
 * digest over names, sizes and mtimes of conda-meta's records: whoever installs or removes a
 * package by other means changes that. A few "key value" lines.
 */
#ifndef LK_INSTALL_STAMP_H
#define LK_INSTALL_STAMP_H

#include "base/digest.h"

#define LK_STAMP_NAME "lockenv-state"
#define LK_STAMP_MAX ((size_t)16384) /* bytes of a whole one */

struct lk_stamp {
	struct lk_sha256 lock;
	lk_str subdir, prefix;
	bool compile;
	struct lk_sha256 records; /* of conda-meta; see lk_stamp_records */
	lk_str tree_digest;       /* hex */
	uint64_t files;
};

/* The digest over the names, sizes and mtimes of *.json in the directory META_FD. */
int lk_stamp_records(int meta_fd, struct lk_sha256 *ret, struct lk_error *err) LK_MUST_USE;

void lk_stamp_format(const struct lk_stamp *stamp, struct lk_buf *out);
/* False for a text that is not wholly one of ours. Strings are views of TEXT. */
bool lk_stamp_parse(lk_str text, struct lk_stamp *ret);

/* Does the prefix at PREFIX_FD bear a stamp for WANT (its records, tree_digest and files are not
 * looked at) with the conda-meta that is there now? *ret_found and its strings (owned by ARENA). */
bool lk_stamp_holds(int prefix_fd, const struct lk_stamp *want, struct lk_arena *arena,
	struct lk_stamp *ret_found);

#endif
