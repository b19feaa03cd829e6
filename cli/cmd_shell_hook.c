/*
 * lockenv shell-hook: code for a shell to evaluate, or a modulefile.
 */
#include "cli/app.h"

#include <stdlib.h>

#include "base/fs.h"
#include "cli/activating.h"
#include "cli/shell_code.h"

struct context {
	const char *prefix, *name, *shell;
	bool deactivate, stack, no_prompt, no_scripts;
};

static int choose_shell(const struct context *c, enum lk_shell *ret, struct lk_error *err)
{
	lk_str path = lk_str_of(getenv("SHELL"));
	lk_str name = c->shell ? lk_str_of(c->shell) : lk_path_basename(path);
	if (lk_shell_of(name, ret)) {
		return 0;
	}
	if (name.len == 0) {
		lk_fail(err, LK_E_USAGE, "which shell? SHELL is not set");
	} else {
		lk_fail(err, LK_E_USAGE, "no code for the shell '" LK_STR_FMT "'",
			LK_STR_ARG(name));
	}
	lk_error_hint(err, "say --shell bash, zsh, fish, csh, posix or lmod");
	return LK_E_USAGE;
}

static int check_options(const struct context *c, enum lk_shell shell, struct lk_error *err)
{
	const char *other = c->prefix ? "--prefix"
		: c->name             ? "--name"
		: c->stack            ? "--stack"
				      : NULL;
	if (c->deactivate && other) {
		lk_fail(err, LK_E_USAGE, "--deactivate leaves what is active: it takes no %s",
			other);
		lk_error_hint(err, "leave out one of the two");
		return LK_E_USAGE;
	}
	if (shell == LK_SHELL_LMOD && (c->deactivate || c->stack)) {
		lk_fail(err, LK_E_USAGE, "a modulefile knows no %s: 'module unload' undoes it",
			c->deactivate ? "--deactivate" : "--stack");
		lk_error_hint(err, "leave it out");
		return LK_E_USAGE;
	}
	return 0;
}

/* Members of one kind. */
static void put_json_kind(struct lk_jw *w, const char *key, const struct lk_activate_steps *steps,
	enum lk_activate_kind kind, const char *folder)
{
	lk_jw_key(w, key);
	if (kind == LK_ACTIVATE_SET) {
		lk_jw_object(w);
	} else {
		lk_jw_array(w);
	}
	for (size_t i = 0; i < steps->len; i++) {
		const struct lk_activate_step *step = &steps->items[i];
		if (step->kind != kind || (folder && !lk_str_is(step->name, folder))) {
			continue;
		}
		if (kind == LK_ACTIVATE_SET) {
			lk_jw_key_str(w, step->name);
		}
		lk_jw_string(w, kind == LK_ACTIVATE_UNSET ? step->name : step->value);
	}
	lk_jw_end(w);
}

static void put_json(struct lk_app *app, const char *prefix, const struct lk_activate_steps *steps)
{
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_object(&w);
	lk_jw_opt_string(&w, "prefix", lk_str_of(prefix));
	put_json_kind(&w, "environment_variables", steps, LK_ACTIVATE_SET, NULL);
	put_json_kind(&w, "unset", steps, LK_ACTIVATE_UNSET, NULL);
	put_json_kind(&w, "activation_scripts", steps, LK_ACTIVATE_SOURCE, "activate.d");
	put_json_kind(&w, "deactivation_scripts", steps, LK_ACTIVATE_SOURCE, "deactivate.d");
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

/* With --no-prompt the prompt stays, and so does what says how it begins. */
static bool is_of_prompt(const struct lk_activate_step *step)
{
	return step->kind == LK_ACTIVATE_PROMPT || lk_str_is(step->name, "CONDA_PROMPT_MODIFIER");
}

static void put(struct lk_app *app, const struct context *c, enum lk_shell shell,
	const char *prefix, const struct lk_activate_steps *steps)
{
	if (app->common.json) {
		put_json(app, prefix, steps);
		return;
	}
	if (shell == LK_SHELL_LMOD) {
		lk_shell_put_modulefile(prefix, steps, &app->out);
		return;
	}
	for (size_t i = 0; i < steps->len; i++) {
		if (!c->no_prompt || !is_of_prompt(&steps->items[i])) {
			lk_shell_put_step(shell, &steps->items[i], &app->out);
		}
	}
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct context *c = context;
	struct lk_activate_steps steps = {0};
	enum lk_shell shell = LK_SHELL_POSIX;
	const char *prefix = NULL;
	(void)args;
	int rc = choose_shell(c, &shell, err);
	if (rc == 0) {
		rc = check_options(c, shell, err);
	}
	struct lk_activate_options options = {
		.suffix = lk_shell_suffix(shell),
		.no_scripts = c->no_scripts,
		.stack = c->stack,
		/* A module is loaded by many, in what environment nobody knows. */
		.lookup = shell == LK_SHELL_LMOD ? lk_activating_nothing : lk_activating_getenv,
	};
	if (rc == 0 && c->deactivate) {
		rc = lk_deactivate(&options, &app->arena, &app->report, &steps, err);
	} else if (rc == 0) {
		rc = lk_activating_prefix(app, c->prefix, c->name, &prefix, err);
		rc = rc < 0 ? rc
			    : lk_activate(prefix, &options, &app->arena, &app->report, &steps, err);
	}
	if (rc == 0) {
		put(app, c, shell, prefix, &steps);
	}
	lk_vec_done(&steps);
	return rc;
}

#define FIELD(name) offsetof(struct context, name)

static const struct lk_opt options[] = {
	{"prefix", 'p', LK_OPT_STRING, FIELD(prefix), "PREFIX",
		"the environment (default: the folder env)", NULL},
	{"name", 'n', LK_OPT_STRING, FIELD(name), "NAME", "an environment of the envs folder",
		NULL},
	{"shell", 0, LK_OPT_STRING, FIELD(shell), "SHELL", "whose code (default: that of SHELL)",
		"bash|zsh|fish|csh|posix|lmod"},
	{"deactivate", 0, LK_OPT_FLAG, FIELD(deactivate), NULL,
		"code that leaves the active environment for the one below it", NULL},
	{"stack", 0, LK_OPT_FLAG, FIELD(stack), NULL,
		"keep the active environment's programs on PATH, behind the new one's", NULL},
	{"no-prompt", 0, LK_OPT_FLAG, FIELD(no_prompt), NULL, "leave the prompt as it is", NULL},
	{"no-scripts", 0, LK_OPT_FLAG, FIELD(no_scripts), NULL,
		"source none of the environment's activation scripts", NULL},
};

#ifdef LK_CLI_OFFLINE
#define PROGRAM "lockenv-install"
#else
#define PROGRAM "lockenv"
#endif

const struct lk_cmd lk_cmd_shell_hook = {
	.name = "shell-hook",
	.arguments = "",
	.summary = "print code that activates an environment",
	.description =
		"Prints what a shell has to evaluate for the environment to be active in it, as "
		"conda activate would make it, or what leaves it again (--deactivate). In bash, "
		"zsh and POSIX shells: eval \"$(" PROGRAM
		" shell-hook -p PREFIX)\"; in fish: " PROGRAM
		" shell-hook -p PREFIX | source; in csh: eval \"`" PROGRAM
		" shell-hook -p PREFIX`\". With --shell lmod it is a modulefile for Lmod, to be "
		"stored as NAME.lua. Environments of conda, mamba and this program stack on each "
		"other; scripts are sourced in the form that the shell can read (.sh, .fish, "
		".csh). --json: the variables and scripts, for editors and other tools.",
	.examples = {"eval \"$(" PROGRAM " shell-hook -p ./env --shell bash)\"",
		PROGRAM " shell-hook -p /opt/env --shell lmod > modulefiles/env.lua"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 0,
	.max_args = 0,
	.run = run,
};
