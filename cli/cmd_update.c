/*
 * lockenv update: newer packages within the specs.
 */
#include "cli/app.h"

#include <limits.h>
#include <unistd.h>

#include "cli/lock_arg.h"
#include "cli/solve_options.h"
#include "cli/solve_run.h"

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	struct lk_solve_options rest = *(const struct lk_solve_options *)context;
	const struct lk_args none = {0};
	const char *lock = rest.output ? rest.output : LK_DEFAULT_LOCK;
	if (access(lock, F_OK) != 0) {
		lk_fail(err, LK_E_USAGE, "there is no '%s' to update", lock);
		lk_error_hint(err, "'lockenv solve' makes it");
		return LK_E_USAGE;
	}
	rest.update = *args;
	rest.update_all = args->len == 0;
	return lk_solve_run(app, &rest, &none, NULL, err);
}

static const struct lk_opt options[] = {
	LK_SOLVE_ROWS_EDIT,
};

const struct lk_cmd lk_cmd_update = {
	.name = "update",
	.arguments = "[NAME[=VERSION]...]",
	.summary = "update packages of a lock within the specs",
	.description =
		"Gives each NAME the best version that the specs allow, or one that VERSION (any "
		"spec: 'NAME >=2') matches, and moves of the others what must move for that: each "
		"is told with its reason. No other package that a spec names goes to a lower "
		"version, nor python to another minor one, where there is another way. Without "
		"NAME all packages are solved anew. The specs stay as they are: environment.yml "
		"is read, not written; a VERSION that they do not allow is told, and 'add' "
		"changes them.",
	.examples = {"lockenv update numpy", "lockenv update 'pytorch=2.5' --dry-run"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct lk_solve_options),
	.min_args = 0,
	.max_args = UINT_MAX,
	.run = run,
};
