/*
 * lockenv remove: names out of environment.yml, and the lock that follows.
 */
#include "cli/app.h"

#include <limits.h>

#include "cli/solve_options.h"
#include "cli/solve_run.h"

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct lk_solve_options *options = context;
	const struct lk_args none = {0};
	struct lk_solve_edit LK_CLEANUP(lk_solve_edit_done) edit = {.remove = args};
	int rc = lk_solve_edit_make(app, options, &edit, err);
	return rc < 0 ? rc : lk_solve_run(app, options, &none, &edit, err);
}

static const struct lk_opt options[] = {LK_SOLVE_ROWS_EDIT};

const struct lk_cmd lk_cmd_remove = {
	.name = "remove",
	.arguments = "NAME...",
	.summary = "take packages out of environment.yml and solve with minimal change",
	.description =
		"Takes every line that asks for NAME out of the dependencies of environment.yml "
		"beside the lock (or of FILE), and nothing else. Then solves as solve does: what "
		"nothing needs any more goes, the rest stays. A package that others need cannot "
		"be removed: who needs it is told. Neither file changes unless there is an "
		"answer. Without such a file the lock's own specs are edited.",
	.examples = {"lockenv remove scipy", "lockenv remove -f env/gpu.yml -o env/gpu.lock jax"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct lk_solve_options),
	.min_args = 1,
	.max_args = UINT_MAX,
	.run = run,
};
