/*
 * What install says of itself: a line for each package, and the counts.
 */
#ifndef LK_CLI_INSTALL_TELL_H
#define LK_CLI_INSTALL_TELL_H

#include "cli/app.h"
#include "install/install.h"

struct lk_install_telling {
	const char *prefix;
	const struct lk_cache *cache;     /* that files came from */
	const struct lk_records *missing; /* of a dry run: what neither cache nor --from has */
	bool dry_run;
	bool fetch; /* what is missing would be fetched */
};

/* Packages that stay are told with -v alone, and of a real run all of them. */
void lk_install_tell(struct lk_app *app, const struct lk_install_telling *telling,
	const struct lk_install_result *result);

/* The member "skipped_scripts": link scripts that did not run. */
void lk_install_tell_scripts(struct lk_jw *w, const struct lk_script *scripts, size_t n);

#endif
