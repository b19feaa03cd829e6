/*
 * Platforms that have no answer: each is told with its own reasons, not only the first.
 */
#ifndef LK_CLI_SOLVE_FAILURES_H
#define LK_CLI_SOLVE_FAILURES_H

#include "cli/app.h"

struct lk_solve_failure {
	lk_str platform, message, hint; /* owned by the application's arena, as the lines are */
	struct lk_strs lines;
	struct lk_json_doc *conflict; /* or NULL */
};
struct lk_solve_failures LK_VEC_OF(struct lk_solve_failure);

/* Moves what the application tells of PLATFORM, and ERR, into FAILURES. */
void lk_solve_failure_take(struct lk_app *app, lk_str platform, struct lk_error *err,
	struct lk_solve_failures *failures);
/* Gives them back to the application and ERR, one after the other. N_PLATFORMS were solved for.
 * Returns LK_E_UNSAT; FAILURES is not empty, and is afterwards. */
int lk_solve_failures_tell(struct lk_app *app, struct lk_solve_failures *failures,
	size_t n_platforms, struct lk_error *err);
void lk_solve_failures_done(struct lk_solve_failures *failures);

#endif
