/*
 * lockenv add: specs into environment.yml, and the lock that follows.
 */
#include "cli/app.h"

#include <limits.h>

#include "cli/solve_options.h"
#include "cli/solve_run.h"

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	struct lk_solve_options *options = context;
	const struct lk_args none = {0};
	const struct lk_args channels = options->channels;
	struct lk_solve_edit LK_CLEANUP(lk_solve_edit_done)
		edit = {.add = args, .channels = &channels};
	int rc = lk_solve_edit_make(app, options, &edit, err);
	if (rc < 0) {
		return rc;
	}
	/* The file, or the edit, says them now. */
	struct lk_solve_options rest = *options;
	rest.channels = none;
	return lk_solve_run(app, &rest, &none, &edit, err);
}

static const struct lk_opt options[] = {
	{"channel", 'c', LK_OPT_LIST, LK_SOLVE_FIELD(channels), "CHANNEL",
		"put CHANNEL behind the file's channels too; repeatable", NULL},
	LK_SOLVE_ROWS_EDIT,
};

const struct lk_cmd lk_cmd_add = {
	.name = "add",
	.arguments = "SPEC...",
	.summary = "put specs into environment.yml and solve with minimal change",
	.description =
		"Writes each SPEC, as typed, into the dependencies of environment.yml beside the "
		"lock (or of FILE): in place of the one of the same name, else behind the last. "
		"Nothing else of the file changes. Then solves as solve does: what the lock holds "
		"stays as far as it can. Neither file changes unless there is an answer. A name "
		"alone that is asked for already stays as it is. Without such a file but with a "
		"lock, the lock's own specs are edited; without either, environment.yml is made.",
	.examples = {"lockenv add 'numpy >=2' scipy", "lockenv add -c bioconda samtools --dry-run"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct lk_solve_options),
	.min_args = 1,
	.max_args = UINT_MAX,
	.run = run,
};
