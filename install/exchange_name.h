/*
 * Exchanging one name of a directory for another's, so that it can be told afterwards, from what is
 * there alone, whether that was done: a run that dies is completed, or taken back, by the next.
 *
 * HERE is the directory whose names are used, THERE the one that they come from and where those
 * that went are afterwards, ASIDE takes one for a moment where the file system has no exchange.
 */
#ifndef LK_INSTALL_EXCHANGE_NAME_H
#define LK_INSTALL_EXCHANGE_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum lk_exchange_kind {
	LK_EXCHANGE_BOTH, /* what is here goes, what is there comes */
	LK_EXCHANGE_IN,   /* comes where nothing is */
	LK_EXCHANGE_OUT,  /* goes, and nothing comes */
};

struct lk_exchange_dirs {
	int here_fd, there_fd, aside_fd;
	const char *there, *aside; /* names in those; NULL: the same as here */
};

struct lk_exchange {
	enum lk_exchange_kind kind;
	lk_str name;    /* here; NUL-ended */
	uint64_t inode; /* of what comes; 0 for OUT */
};

/* How NAME is to be exchanged, by what is here and there now. False: it is in neither. */
bool lk_exchange_plan(const struct lk_exchange_dirs *dirs, lk_str name, struct lk_exchange *ret);

/* Does it; or, with BACK, undoes it. What is done already is fine, wherever it was left. LK_E_FS;
 * also when somebody else put something in the way, and where it cannot be told how far it went. */
int lk_exchange(const struct lk_exchange_dirs *dirs, const struct lk_exchange *x, bool back,
	struct lk_error *err) LK_MUST_USE;

#endif
