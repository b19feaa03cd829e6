/*
 * From argv to an exit code: finds the command, parses its options, runs it, prints what it gave.
 */
#include "cli/cmds.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/app.h"
#include "cli/exit.h"

static int unknown_command(const struct lk_program *program, const char *name, struct lk_error *err)
{
	const char *best = NULL;
	unsigned best_distance = 3;
	for (size_t i = 0; i < program->n_commands; i++) {
		const char *candidate = program->commands[i]->name;
		unsigned distance =
			lk_str_distance(lk_str_of(name), lk_str_of(candidate), best_distance);
		if (distance < best_distance && !program->commands[i]->hidden) {
			best_distance = distance;
			best = candidate;
		}
	}
	lk_fail(err, LK_E_USAGE, "unknown command '%s'", name);
	if (best) {
		lk_error_hint(err, "did you mean '%s %s'?", program->name, best);
	} else {
		lk_error_hint(err, "'%s --help' lists the commands", program->name);
	}
	return LK_E_USAGE;
}

/* lockenv, lockenv --help, lockenv --version, lockenv help COMMAND: done here. False: go on. */
static bool run_top_level(
	struct lk_app *app, int argc, char **argv, int *ret_code, struct lk_error *err)
{
	const struct lk_program *program = app->program;
	const char *first = argc > 1 ? argv[1] : NULL;
	*ret_code = 0;
	if (first && (strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0)) {
		lk_buf_appendf(&app->out, "%s %s\n", program->name, LOCKENV_VERSION);
		return true;
	}
	if (program->only) {
		return false;
	}
	bool help = first && strcmp(first, "help") == 0;
	if (help && argc > 2) {
		const struct lk_cmd *cmd = lk_cmd_find(program, argv[2]);
		if (cmd) {
			lk_help_command(program, cmd, &app->out);
		} else {
			*ret_code = unknown_command(program, argv[2], err);
		}
		return true;
	}
	if (help || (first && (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0))) {
		lk_help_program(program, &app->out);
		return true;
	}
	if (!first) {
		*ret_code = lk_fail(err, LK_E_USAGE, "no command given");
		lk_error_hint(err, "'%s --help' lists the commands", program->name);
		return true;
	}
	return false;
}

static int check_argument_count(const struct lk_program *program, const struct lk_cmd *cmd,
	const struct lk_args *args, struct lk_error *err)
{
	if (args->len > cmd->max_args) {
		lk_fail(err, LK_E_USAGE, "'%s' takes no further argument '%s'", cmd->name,
			args->items[cmd->max_args]);
	} else if (args->len < cmd->min_args) {
		lk_fail(err, LK_E_USAGE, "'%s' needs: %s", cmd->name, cmd->arguments);
	} else {
		return 0;
	}
	if (program->only) {
		lk_error_hint(err, "see '%s --help'", program->name);
	} else {
		lk_error_hint(err, "see '%s %s --help'", program->name, cmd->name);
	}
	return LK_E_USAGE;
}

/* --json must hold even where the options do not parse. */
static bool wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			return true;
		}
	}
	return false;
}

static int refuse_json(struct lk_error *err)
{
	lk_fail(err, LK_E_USAGE, "'--json' is not for help, version and debug, which are text");
	lk_error_hint(err, "leave it out; the version also stands in 'lockenv info --json'");
	return LK_E_USAGE;
}

static int run_command(struct lk_app *app, int argc, char **argv, struct lk_error *err)
{
	int rc;
	if (run_top_level(app, argc, argv, &rc, err)) {
		return wants_json(argc, argv) ? refuse_json(err) : rc;
	}
	const struct lk_cmd *only = app->program->only;
	const struct lk_cmd *cmd = argc > 1 ? lk_cmd_find(app->program, argv[1]) : NULL;
	int skip = 2;
	if (only && (!cmd || cmd == only)) {
		cmd = only;
		skip = 1;
	}
	if (!cmd) {
		return unknown_command(app->program, argv[1], err);
	}
	app->failure = cmd->is_wrapper ? LK_EXIT_WRAPPER : 0;
	void *context = lk_calloc(1, cmd->context_size ? cmd->context_size : 1);
	struct lk_args args = {0};
	rc = lk_opt_parse(cmd->options, cmd->n_options, cmd->is_wrapper, context, &app->common,
		argc - skip, argv + skip, &args, err);
	if (rc == 0 && app->common.json && (app->common.help || cmd->is_text)) {
		rc = refuse_json(err);
	} else if (rc == 0 && app->common.help) {
		lk_help_command(app->program, cmd, &app->out);
	} else if (rc == 0) {
		rc = check_argument_count(app->program, cmd, &args, err);
		if (rc == 0) {
			lk_app_init(app);
			rc = cmd->is_wrapper ? 0 : lk_app_settle(app, err);
		}
		if (rc == 0) {
			rc = cmd->run(app, context, &args, err);
		}
	}
	lk_vec_done(&args);
	lk_opt_done(cmd->options, cmd->n_options, context);
	lk_free(context);
	return rc;
}

/* What every program should find as it starts, but not every daemon, job or shell gives. */
static void open_streams(void)
{
	/* Were 0 to 2 free, a file would be opened there and get our messages. A path can neither
	 * be read nor written. */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0) {
			(void)!open("/", O_PATH | O_CLOEXEC);
		}
	}
}

int lk_main(const struct lk_program *program, int argc, char **argv)
{
	open_streams();
	struct lk_app app = {.program = program};
	struct lk_error err = LK_ERROR_INIT;
	lk_buf_init(&app.out, LK_OUT_MAX);
	lk_arena_init(&app.arena);
	int rc = run_command(&app, argc, argv, &err);
	app.common.json = app.common.json || (!app.failure && wants_json(argc, argv));
	if (rc < 0) {
		lk_app_print_error(&app, rc, &err);
	}
	int status = rc == 0 ? app.status : app.failure ? app.failure : (int)lk_exit_of(rc);
	rc = lk_app_flush(&app, &err);
	if (rc < 0) {
		lk_app_print_error(&app, rc, &err);
		status = (int)lk_exit_of(rc);
	}
	lk_app_done(&app);
	return status;
}
