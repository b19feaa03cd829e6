/*
 * lockenv run: a program with the environment active.
 *
 * This process becomes the program, so that signals, job control, descriptors and the exit code
 * need no help. Only where the environment has scripts does a shell come between: it sources them
 * and becomes the program in its turn.
 */
#include "cli/app.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "cli/activating.h"
#include "cli/exit.h"
#include "cli/shell_code.h"
#include "install/env_vars.h"

#define MAX_CODE ((size_t)1 << 20)
#define CLEAN_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct context {
	const char *prefix, *name, *cwd;
	struct lk_args env;
	bool clean_env, no_scripts;
};

/* A variable and its value. */
struct pair {
	const char *name, *value;
};

/* --env NAME=VALUE, or NAME for the value it has, which --clean-env would take away. */
static int set_asked(struct lk_app *app, const struct context *c, struct lk_error *err)
{
	for (size_t i = 0; i < c->env.len; i++) {
		lk_str word = lk_str_of(c->env.items[i]);
		size_t equals = lk_str_find_char(word, '=');
		lk_str name = lk_str_slice(word, 0, equals);
		if (!lk_env_var_is_name(name)) {
			lk_fail(err, LK_E_USAGE, "'" LK_STR_FMT "' is no name of a variable",
				LK_STR_ARG(name));
			lk_error_hint(
				err, "give --env NAME=VALUE, or --env NAME to keep its value");
			return LK_E_USAGE;
		}
		if (equals != SIZE_MAX) {
			const char *key = lk_arena_strndup(&app->arena, name.ptr, name.len);
			(void)setenv(key, c->env.items[i] + equals + 1, 1);
		}
	}
	return 0;
}

/* Is NAME kept by --clean-env? What says who and where one is, not what programs should do. */
static bool is_kept(const struct context *c, lk_str name)
{
	static const char *const kept[] = {
		"HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "TZ", "TMPDIR", "PWD"};
	for (size_t i = 0; i < LK_COUNTOF(kept); i++) {
		if (lk_str_is(name, kept[i])) {
			return true;
		}
	}
	for (size_t i = 0; i < c->env.len; i++) {
		if (lk_str_is(name, c->env.items[i])) {
			return true;
		}
	}
	return lk_str_starts(name, LK_STR("LC_"));
}

static void clean_env(struct lk_app *app, const struct context *c)
{
	struct pairs LK_VEC_OF(struct pair);
	struct pairs pairs = {0};
	for (char **variable = environ; *variable; variable++) {
		lk_str text = lk_str_of(*variable);
		size_t equals = lk_str_find_char(text, '=');
		lk_str name = lk_str_slice(text, 0, equals);
		if (equals != SIZE_MAX && is_kept(c, name)) {
			lk_str value = lk_str_dup(&app->arena, lk_str_skip(text, equals + 1));
			const struct pair pair = {
				lk_arena_strndup(&app->arena, name.ptr, name.len), value.ptr};
			lk_vec_push(&pairs, pair);
		}
	}
	(void)clearenv();
	(void)setenv("PATH", CLEAN_PATH, 1);
	for (size_t i = 0; i < pairs.len; i++) {
		(void)setenv(pairs.items[i].name, pairs.items[i].value, 1);
	}
	lk_vec_done(&pairs);
}

/* Takes the steps before the first script; returns how many there are. */
static size_t take_steps(const struct lk_activate_steps *steps)
{
	for (size_t i = 0; i < steps->len; i++) {
		const struct lk_activate_step *step = &steps->items[i];
		if (step->kind == LK_ACTIVATE_SOURCE) {
			return i;
		}
		if (step->kind == LK_ACTIVATE_SET) {
			(void)setenv(step->name.ptr, step->value.ptr, 1);
		} else if (step->kind == LK_ACTIVATE_UNSET) {
			(void)unsetenv(step->name.ptr);
		}
	}
	return steps->len;
}

/* Why no program came of ARGV: never returns 0. */
static int fail_exec(struct lk_app *app, char **argv, int errnum, struct lk_error *err)
{
	struct stat st;
	bool is_path = strchr(argv[0], '/') != NULL;
	const char *found = is_path ? argv[0] : lk_app_find_program(app, argv[0]);
	if (errnum == ENOENT && found && stat(found, &st) == 0) {
		app->failure = LK_EXIT_NO_COMMAND;
		lk_fail(err, LK_E_USAGE,
			"cannot run '%s': the interpreter or loader it names is not there", found);
		lk_error_hint(err, "look at its first line, or at 'file %s'", found);
	} else if (errnum == ENOENT || errnum == ENOTDIR) {
		app->failure = LK_EXIT_NO_COMMAND;
		lk_fail(err, LK_E_USAGE, "no program '%s'%s", argv[0],
			is_path ? "" : " in the environment or elsewhere on PATH");
		lk_error_hint(err, "check its name, or which package brings it");
	} else {
		app->failure = LK_EXIT_NOT_EXECUTABLE;
		lk_fail_errno(err, LK_E_USAGE, errnum, "cannot run '%s'", argv[0]);
		lk_error_hint(err, "check its mode and kind, and the length of its arguments");
	}
	return err->code;
}

/* ARGS with room for N words before them; NULL-ended, owned by the arena. */
static char **make_argv(struct lk_app *app, const struct lk_args *args, size_t n)
{
	char **argv = lk_arena_calloc(&app->arena, n + args->len + 1, sizeof(*argv));
	for (size_t i = 0; i < args->len; i++) {
		argv[n + i] = lk_arena_strndup(&app->arena, args->items[i], strlen(args->items[i]));
	}
	return argv;
}

/* The shell that sources: bash, for which scripts are written, else any. */
static const char *find_shell(struct lk_app *app, bool *ret_bash)
{
	const char *bash =
		access("/bin/bash", X_OK) == 0 ? "/bin/bash" : lk_app_find_program(app, "bash");
	*ret_bash = bash != NULL;
	return bash                            ? bash
		: access("/bin/sh", X_OK) == 0 ? "/bin/sh"
					       : lk_app_find_program(app, "sh");
}

static void put_quoted(const char *text, struct lk_buf *code)
{
	lk_shell_put_quoted(LK_SHELL_POSIX, lk_str_of(text), code);
}

/* A script that ends the shell ends all: the command would run half activated. */
static const char code_head[] =
	"trap 'lockenv_code=$?; printf \"error: the script \\047%s\\047 ended the shell with %s\\n"
	"hint: mend it, or leave out all scripts with --no-scripts\\n\" "
	"\"$lockenv_at\" \"$lockenv_code\" >&2; exit 125' EXIT\n";
static const char code_tail[] =
	"trap - EXIT\n"
	"command -v -- \"$1\" >/dev/null 2>&1 || {\n"
	"case $1 in */*) [ ! -e \"$1\" ] || {\n"
	"printf 'error: cannot run \\047%s\\047: it is no program, or not for you\\n"
	"hint: check its mode and kind\\n' \"$lockenv_name\" >&2\n"
	"exit 126\n} ;; esac\n"
	"printf 'error: no program \\047%s\\047 in the environment or elsewhere on PATH\\n"
	"hint: check its name, or which package brings it\\n' \"$lockenv_name\" >&2\n"
	"exit 127\n}\n";

/* The steps from AT on, then the command. */
static void put_code(const struct context *c, const struct lk_activate_steps *steps, size_t at,
	const char *command, bool is_bash, struct lk_buf *code)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) shown = LK_BUF_INIT(MAX_CODE);
	const char *bash_env = getenv("BASH_ENV");
	lk_buf_puts(code, code_head);
	if (is_bash && bash_env) { /* not for this shell, see run_sourced */
		lk_buf_puts(code, "export BASH_ENV=");
		put_quoted(bash_env, code);
		lk_buf_putc(code, '\n');
	}
	for (; at < steps->len; at++) {
		const struct lk_activate_step *step = &steps->items[at];
		if (step->kind == LK_ACTIVATE_SOURCE) {
			lk_buf_clear(&shown);
			lk_buf_put_escaped(&shown, step->value);
			lk_buf_puts(code, "lockenv_at=");
			put_quoted(lk_buf_cstr(&shown), code);
			lk_buf_putc(code, '\n');
		}
		if (step->kind != LK_ACTIVATE_PROMPT) {
			lk_shell_put_step(LK_SHELL_POSIX, step, code);
		}
	}
	for (size_t i = 0; i < c->env.len; i++) {
		if (strchr(c->env.items[i], '=')) {
			lk_buf_puts(code, "export ");
			put_quoted(c->env.items[i], code);
			lk_buf_putc(code, '\n');
		}
	}
	lk_buf_clear(&shown);
	lk_buf_put_escaped(&shown, lk_str_of(command));
	lk_buf_puts(code, "lockenv_name=");
	put_quoted(lk_buf_cstr(&shown), code);
	lk_buf_putc(code, '\n');
	lk_buf_puts(code, code_tail);
	/* dash takes no "--" here. */
	lk_buf_puts(code, is_bash ? "exec -- \"$@\"\n" : "exec \"$@\"\n");
}

/* Becomes a shell that takes the steps from AT on and becomes the command. */
static int run_sourced(struct lk_app *app, const struct context *c,
	const struct lk_activate_steps *steps, size_t at, const struct lk_args *args,
	struct lk_error *err)
{
	enum {
		N_WORDS = 4
	};
	struct lk_buf LK_CLEANUP(lk_buf_done) code = LK_BUF_INIT(MAX_CODE);
	bool is_bash;
	const char *shell = find_shell(app, &is_bash);
	if (!shell) {
		lk_fail(err, LK_E_USAGE, "no shell here to source the activation scripts with");
		lk_error_hint(err, "leave them out with --no-scripts");
		return LK_E_USAGE;
	}
	put_code(c, steps, at, args->items[0], is_bash, &code);
	if (code.overflow) {
		return lk_fail(
			err, LK_E_USAGE, "the activation is longer than %zu bytes", MAX_CODE);
	}
	/* bash would read it at its start; the command's own shells shall. */
	(void)unsetenv("BASH_ENV");
	char **argv = make_argv(app, args, N_WORDS);
	const char *const words[N_WORDS] = {shell, "-c", lk_buf_cstr(&code), "lockenv run"};
	for (size_t i = 0; i < N_WORDS; i++) {
		argv[i] = lk_arena_strndup(&app->arena, words[i], strlen(words[i]));
	}
	(void)execv(shell, argv);
	lk_fail_errno(err, LK_E_USAGE, errno, "cannot run '%s' for the activation scripts", shell);
	lk_error_hint(err, "leave the scripts out with --no-scripts");
	return LK_E_USAGE;
}

static int become(struct lk_app *app, const struct context *c,
	const struct lk_activate_steps *steps, const struct lk_args *args, struct lk_error *err)
{
	size_t at = take_steps(steps);
	if (at < steps->len) {
		return run_sourced(app, c, steps, at, args, err);
	}
	int rc = set_asked(app, c, err);
	if (rc < 0) {
		return rc;
	}
	char **argv = make_argv(app, args, 0);
	(void)execvp(argv[0], argv);
	return fail_exec(app, argv, errno, err);
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct context *c = context;
	const struct lk_activate_options options = {
		.suffix = lk_shell_suffix(LK_SHELL_POSIX),
		.no_scripts = c->no_scripts,
		.lookup = lk_activating_getenv,
	};
	struct lk_activate_steps steps = {0};
	const char *prefix = NULL;
	int rc = lk_activating_prefix(app, c->prefix, c->name, &prefix, err);
	if (rc == 0 && args->items[0][0] == '\0') {
		lk_fail(err, LK_E_USAGE, "the command's name is empty");
		lk_error_hint(err, "give a program and its arguments");
		rc = LK_E_USAGE;
	}
	if (rc == 0 && c->clean_env) {
		clean_env(app, c);
	}
	if (rc == 0) {
		rc = set_asked(app, c, err);
	}
	if (rc == 0) {
		rc = lk_activate(prefix, &options, &app->arena, &app->report, &steps, err);
	}
	if (rc == 0 && c->cwd && chdir(c->cwd) != 0) {
		rc = lk_fail_errno(err, LK_E_USAGE, errno, "cannot go to '%s'", c->cwd);
	}
	if (rc == 0) {
		rc = become(app, c, &steps, args, err);
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
	{"cwd", 0, LK_OPT_STRING, FIELD(cwd), "DIR", "run it there", NULL},
	{"env", 'e', LK_OPT_LIST, FIELD(env), "NAME[=VALUE]",
		"set this variable, above the environment's own; repeatable", NULL},
	{"clean-env", 'i', LK_OPT_FLAG, FIELD(clean_env), NULL,
		"start from HOME, USER, TERM, locale and such alone, and what --env names", NULL},
	{"no-scripts", 0, LK_OPT_FLAG, FIELD(no_scripts), NULL,
		"source none of the environment's activation scripts", NULL},
};

#ifdef LK_CLI_OFFLINE
#define PROGRAM "lockenv-install"
#else
#define PROGRAM "lockenv"
#endif

const struct lk_cmd lk_cmd_run = {
	.name = "run",
	.arguments = "COMMAND [ARGUMENT]...",
	.summary = "run a command in an environment",
	.description =
		"Activates the environment as conda does: its programs first on PATH, CONDA_PREFIX "
		"and its kin, the variables of its packages and of conda-meta/state, its "
		"activation scripts. Then it becomes the command: no process of its own stays "
		"between, so signals, job control and exit codes are the command's. Without "
		"activation scripts no shell is started at all.\n"
		"\n"
		"Options end at the command's name. The exit code is the command's, or 125 when "
		"this program failed itself, 126 when the command cannot be executed, 127 when "
		"there is none of that name. A script that exits instead of returning is a "
		"failure (125), as the command would have run half activated.",
	.examples = {PROGRAM " run -p ./env python train.py --epochs 3",
		PROGRAM " run -n demo --clean-env -e CUDA_VISIBLE_DEVICES nvidia-smi -L"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 1,
	.max_args = UINT_MAX,
	.run = run,
	.is_text = true,
	.is_wrapper = true,
};
