/*
 * The journal of an exchange that one rename does not make: a file in the working folder, there
 * from before the first rename until after the last.
 *
 *     lockenv-journal 1
 *     install keep                          or "install", "rollback"
 *     both 4711 bin
 *     in 4712 share
 *     out 0 etc
 *     end
 *
 * Each line ends with a NUL, for names may hold anything else. The number is the inode of what
 * comes. Others may have written it: the reader lets only single names pass.
 */
#ifndef LK_INSTALL_JOURNAL_H
#define LK_INSTALL_JOURNAL_H

#include "install/exchange_name.h"

#define LK_JOURNAL_NAME "journal"

struct lk_exchanges LK_VEC_OF(struct lk_exchange);

struct lk_journal {
	bool rollback; /* what comes is the previous tree, not a new one */
	bool keep;     /* what went becomes the previous tree */
	struct lk_exchanges names;
};

/* Synced before it returns, with its directory. */
int lk_journal_write(
	int work_fd, const struct lk_journal *journal, struct lk_error *err) LK_MUST_USE;
/* LK_E_NOT_FOUND: there is none; LK_E_FORMAT: not a whole one of ours. Names are owned by ARENA,
 * the vector is the caller's. */
int lk_journal_read(int work_fd, struct lk_arena *arena, struct lk_journal *ret,
	struct lk_error *err) LK_MUST_USE;
/* The same of its text. */
int lk_journal_parse(lk_str text, struct lk_arena *arena, struct lk_journal *ret,
	struct lk_error *err) LK_MUST_USE;
/* Takes it away; fine when there is none. */
int lk_journal_remove(int work_fd, struct lk_error *err) LK_MUST_USE;

#endif
