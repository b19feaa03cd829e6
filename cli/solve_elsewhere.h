/*
 * Where else a package is that cannot be had here: on other platforms, or removed from its channel.
 */
#ifndef LK_CLI_SOLVE_ELSEWHERE_H
#define LK_CLI_SOLVE_ELSEWHERE_H

#include "cli/app.h"
#include "fetch/fetch.h"
#include "resolver/task.h"

/* For each spec that nothing matches, a line into the application's explanation where REPODATA (of
 * TASK's channels and SUBDIRS, noarch last) lists matching archives as removed, or where other
 * platforms have the name: as far as the cache knows, nothing is downloaded. */
void lk_tell_elsewhere(struct lk_app *app, const struct lk_task *task,
	const struct lk_solution *solution, struct lk_repodata_set *repodata, const lk_str *subdirs,
	size_t n_subdirs);

#endif
