/*
 * The commands: one const table, from which dispatch, help, man page and completions come.
 */
#ifndef LK_CLI_CMDS_H
#define LK_CLI_CMDS_H

#include "cli/opt.h"

struct lk_app;

struct lk_cmd {
	const char *name;
	const char *arguments;   /* as shown in usage: "LOCK [-p PREFIX]" */
	const char *summary;     /* one line */
	const char *description; /* for the man page: some sentences */
	const char *examples[2];
	const struct lk_opt *options;
	size_t n_options;
	size_t context_size;
	unsigned min_args, max_args; /* positional arguments; UINT_MAX: no limit */
	/* 0 or a negative enum lk_code; results into app->out, another exit code than 0 into
	 * app->status. */
	int (*run)(struct lk_app *app, void *context, const struct lk_args *args,
		struct lk_error *err);
	bool hidden;  /* not part of the contract: left out of the command list */
	bool is_text; /* has no JSON form: --json is refused */
	/* Becomes another program, whose command line its first argument begins: signals, limits
	 * and umask stay as they came, and what fails before is LK_EXIT_WRAPPER. */
	bool is_wrapper;
};

/* A program's commands; lockenv and lockenv-install have different tables. */
struct lk_program {
	const char *name;
	const char *summary;
	const struct lk_cmd *const *commands;
	size_t n_commands;
	const struct lk_cmd *only; /* whose name need not be said; NULL: none */
};

extern const struct lk_cmd lk_cmd_solve, lk_cmd_add, lk_cmd_remove, lk_cmd_update, lk_cmd_fetch,
	lk_cmd_install, lk_cmd_diff, lk_cmd_check, lk_cmd_list, lk_cmd_merge, lk_cmd_info,
	lk_cmd_export, lk_cmd_import, lk_cmd_smoke, lk_cmd_debug, lk_cmd_tree, lk_cmd_why,
	lk_cmd_search, lk_cmd_pack, lk_cmd_cache, lk_cmd_clean, lk_cmd_unpack, lk_cmd_digest,
	lk_cmd_run, lk_cmd_shell_hook, lk_cmd_rollback, lk_cmd_verify, lk_cmd_index, lk_cmd_audit;

const struct lk_cmd *lk_cmd_find(const struct lk_program *program, const char *name);

/* Help texts, appended to OUT. */
void lk_help_program(const struct lk_program *program, struct lk_buf *out);
void lk_help_command(
	const struct lk_program *program, const struct lk_cmd *cmd, struct lk_buf *out);
/* The man page (roff) and completions; SHELL is bash, zsh or fish: false for another. */
void lk_help_man(const struct lk_program *program, struct lk_buf *out);
bool lk_help_completion(const struct lk_program *program, const char *shell, struct lk_buf *out);

/* Everything main does: parse, run, print, map to the exit code. */
int lk_main(const struct lk_program *program, int argc, char **argv);

#endif
