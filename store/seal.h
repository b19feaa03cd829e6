/*
 * The seal of an extracted tree: size, mode, mtime and sha256 of every file, target of every
 * symlink.
 *
 * Written last, as a file inside the tree, by the one who extracted it; a tree without a whole seal
 * does not count. Extracting syncs nothing. After a loss of power a file that did not reach the
 * disk may be shorter than its seal says, or as long and full of zeros: ext4 may put down a length
 * before the bytes. So a tree's bytes are hashed again when it is used, until somebody who has
 * synced the file system afterwards, as an install does, has settled it: its seal is then of the
 * first second of 1970. What is damaged is made again from its archive.
 *
 * The text: a first line, then one line for each entry in bytewise order of path, then the digest
 * of all lines before it. Fields are separated by tabs; paths and targets hold no control
 * characters.
 *
 *     lockenv-seal 1
 *     d <path>
 *     f <mtime> <size> <sha256> <path>        (x for an executable)
 *     l <target> <path>
 *     end <sha256>
 */
#ifndef LK_STORE_SEAL_H
#define LK_STORE_SEAL_H

#include "store/listing.h"

#define LK_SEAL_MAX ((size_t)1 << 30) /* bytes */

/* The text for LISTING (sorted), appended to BUF. LK_E_INTEGRITY when it does not fit. */
int lk_seal_format(
	const struct lk_listing *listing, struct lk_buf *buf, struct lk_error *err) LK_MUST_USE;
/* TEXT into RET (empty before; to be freed also after an error). LK_E_INTEGRITY when it is damaged.
 */
int lk_seal_parse(lk_str text, struct lk_listing *ret, struct lk_error *err) LK_MUST_USE;

/* Puts TEXT into the tree DIRFD as its seal. */
int lk_seal_write(int dirfd, lk_str text, struct lk_error *err) LK_MUST_USE;
/* The tree's seal text appended to BUF; LK_E_INTEGRITY when there is none. *RET_FOREIGN: the seal
 * or the tree belongs to another user than this process's or root. */
int lk_seal_read(
	int dirfd, struct lk_buf *buf, bool *ret_foreign, struct lk_error *err) LK_MUST_USE;

/* Notes that all of the tree is on the disk, where that may be done. */
void lk_seal_settle(int dirfd);
bool lk_seal_is_settled(int dirfd);

/* Compares every entry with what lies in DIRFD: type, size, mode and mtime, with HASH the bytes too
 * (a file of a foreign user is always hashed). LK_E_INTEGRITY names the first that differs.
 * *RET_FOREIGN becomes true when a file belongs to another user than this process's or root, and is
 * else left. Entries whose flag in LATER is set are left out; NULL: none. */
int lk_seal_check(int dirfd, const struct lk_listing *listing, const bool *later, bool hash,
	bool *ret_foreign, struct lk_error *err) LK_MUST_USE;

#endif
