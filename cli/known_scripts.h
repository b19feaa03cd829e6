/*
 * What the cache knows of packages' link scripts, for a diff to ask.
 */
#ifndef LK_CLI_KNOWN_SCRIPTS_H
#define LK_CLI_KNOWN_SCRIPTS_H

#include "cli/app.h"
#include "lock/lock_diff.h"

struct lk_known_scripts {
	struct lk_cache *cache; /* NULL: there is none */
};

/* Never fails: without a cache nothing is known. It is not made and nothing is written. */
void lk_known_scripts_init(struct lk_known_scripts *known, struct lk_app *app);
void lk_known_scripts_done(struct lk_known_scripts *known);
/* The `scripts` of struct lk_diff_options; CTX is a struct lk_known_scripts. */
enum lk_scripts lk_known_scripts_of(void *ctx, const struct lk_record *record);

#endif
