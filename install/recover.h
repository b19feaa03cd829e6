/*
 * Completing an exchange from its journal, by the run that began it or by the next one.
 */
#ifndef LK_INSTALL_RECOVER_H
#define LK_INSTALL_RECOVER_H

#include <stdbool.h>

#include "base/err.h"
#include "install/exchange_name.h"

struct lk_recover_place {
	int base_fd;          /* the directory whose names are exchanged */
	int work_fd;          /* the working folder in it */
	const char *name;     /* the one name; NULL: in place, any but our own */
	const char *previous; /* name of the previous tree */
};

/* Rolls forward what the journal in PLACE tells, if there is one (*ret_done). Idempotent. LK_E_FS,
 * LK_E_FORMAT for a journal that is none of ours: then nothing was touched. */
int lk_recover(
	const struct lk_recover_place *place, bool *ret_done, struct lk_error *err) LK_MUST_USE;

/* The previous tree, if there is one, is then "elder" in the working folder. Fine when it is done.
 */
int lk_recover_drop(const struct lk_recover_place *place, struct lk_error *err) LK_MUST_USE;
/* The tree FROM in FROM_FD becomes the previous tree; what was that is then "elder" in the working
 * folder. Fine when it is done. */
int lk_recover_keep(const struct lk_recover_place *place, int from_fd, const char *from,
	struct lk_error *err) LK_MUST_USE;

#endif
