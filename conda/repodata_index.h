/*
 * A repodata as a file: its text, and behind it an index of the records in it.
 *
 * Made in one go while the text is still being decoded; opened later without looking at the text.
 * Everything in it carries a checksum that is compared before use: a file that was cut, torn or
 * flipped is LK_E_INTEGRITY, never a wrong record. It is read, not mapped: a shared folder whose
 * file vanishes or shrinks is an error too, not a signal.
 *
 *     one thread:      lk_spool_append(spool, ...);
 *     another thread:  lk_repodata_index_make(spool, fd, &token, file, err);
 *     lk_repodata_open_index(fd, &token, &where, &repodata, err);
 */
#ifndef LK_CONDA_REPODATA_INDEX_H
#define LK_CONDA_REPODATA_INDEX_H

#include "base/spool.h"
#include "conda/repodata.h"

/* Whoever makes the index says which text it is of, as it likes. */
struct lk_index_token {
	unsigned char bytes[32];
};

/* Where the text begins in the file. */
#define LK_INDEX_TEXT_AT 65536

/* Scans what comes out of SPOOL, which goes to FD from LK_INDEX_TEXT_AT on, and writes the rest of
 * the file around it. LK_E_FORMAT for damaged text (FILE is its name), LK_E_INTEGRITY when the
 * spool breaks, LK_E_FS. */
int lk_repodata_index_make(struct lk_spool *spool, int fd, const struct lk_index_token *token,
	const char *file, struct lk_error *err) LK_MUST_USE;

/* FD is duplicated; nobody may change the file. LK_E_NOT_FOUND when it is the index of another text
 * or of another version of lockenv, LK_E_INTEGRITY when it is damaged, LK_E_FS when it cannot be
 * read. The last two may also come of lk_repodata_records, later. */
int lk_repodata_open_index(int fd, const struct lk_index_token *token,
	const struct lk_repodata_origin *origin, struct lk_repodata **ret,
	struct lk_error *err) LK_MUST_USE;

#endif
