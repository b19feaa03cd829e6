/*
 * What a command works with: common options, the environment as values, and the ways out.
 *
 * Results go into app->out, printed on stdout when the command is done; warnings, notes and
 * progress go through app->report to stderr at once.
 */
#ifndef LK_CLI_APP_H
#define LK_CLI_APP_H

#include "base/json.h"
#include "base/report.h"
#include "cli/cmds.h"
#include "conda/channel.h"
#include "conda/config.h"
#include "conda/host.h"
#include "store/cache.h"

/* What solve tells of one platform's answer, for --json. */
struct lk_told {
	lk_str platform;
	struct lk_json_doc *doc;
};
struct lk_tolds LK_VEC_OF(struct lk_told);

#define LK_OUT_MAX ((size_t)256 << 20)

struct lk_progress_view;

struct lk_app {
	const struct lk_program *program;
	struct lk_common common;
	struct lk_buf out;
	struct lk_report report;
	struct lk_arena arena; /* lives as long as the command */
	struct lk_progress_view *progress;
	int status;           /* exit code of a command that returns 0 */
	int failure;          /* exit code of one that fails; 0: its error's */
	void (*on_pipe)(int); /* what SIGPIPE did when the program began */
	bool color_out;       /* stdout may have colour */
	bool color_err;
	size_t n_warnings;
	struct lk_json_doc *conflict; /* the same for the JSON error, or NULL */
	struct lk_tolds told;
	struct lk_strs explanation; /* lines printed below an error's message, owned by the arena */
	bool config_read;
	struct lk_config config;
	bool driver_asked;
	struct lk_driver driver;
};

/* After the options are parsed: colour decisions, report callbacks. */
void lk_app_init(struct lk_app *app);
/* What a program that works for itself needs: signal handlers, limits, a usable umask. */
int lk_app_settle(struct lk_app *app, struct lk_error *err) LK_MUST_USE;
void lk_app_done(struct lk_app *app);
/* Drops the explanation, the conflict and what was told: a command begins anew. */
void lk_app_forget(struct lk_app *app);

/* The configuration (.condarc files and LOCKENV_*), read on first use. */
int lk_app_config(
	struct lk_app *app, const struct lk_config **ret, struct lk_error *err) LK_MUST_USE;
/* --cache, else LOCKENV_CACHE, else under XDG_CACHE_HOME, else ~/.cache. Owned by the arena. The
 * first two are a folder and, each after a colon, further caches that are only read
 * (docs/cache.md). */
int lk_app_cache_path(struct lk_app *app, const char **ret, struct lk_error *err) LK_MUST_USE;
/* That cache, made where it is missing, with its layers. One of these that is not there is a
 * warning. LK_E_USAGE when no folder is named that may be written. */
int lk_app_cache(struct lk_app *app, struct lk_cache **ret, struct lk_error *err) LK_MUST_USE;
/* The same; may have layers alone (see lk_cache_is_writable). */
int lk_app_cache_layers(
	struct lk_app *app, struct lk_cache **ret, struct lk_error *err) LK_MUST_USE;
/* The same where it is there already: nothing is made. LK_E_USAGE when there is no cache. */
int lk_app_cache_existing(
	struct lk_app *app, struct lk_cache **ret, struct lk_error *err) LK_MUST_USE;
/* The same for looking only: nothing is made. LK_E_NOT_FOUND when there is none. */
int lk_app_cache_look(struct lk_app *app, struct lk_cache **ret, struct lk_error *err) LK_MUST_USE;
/* What this host offers, CONDA_OVERRIDE_* applied; or what the file PROFILE (info --json) says. Its
 * platform too, unless RET_PLATFORM is NULL; empty when the profile does not say. Only where
 * WITH_DRIVER is set the host's driver is asked for __cuda and __cuda_arch. */
int lk_app_host(struct lk_app *app, const char *profile, bool with_driver, struct lk_virtuals *ret,
	lk_str *ret_platform, struct lk_error *err) LK_MUST_USE;
/* The host's driver, as lockenv-smoke beside this program finds it, or else by its kernel module;
 * asked once. LK_E_INTERRUPTED. */
int lk_app_driver(
	struct lk_app *app, const struct lk_driver **ret, struct lk_error *err) LK_MUST_USE;
/* The values of CONDA_OVERRIDE_*. */
struct lk_host_overrides lk_app_overrides(void);
/* A leading ~/ stands for HOME; other forms stay. NUL-ended, owned by the arena. */
const char *lk_app_expand_home(struct lk_app *app, lk_str path);
/* The prefix that -p PREFIX or -n NAME (under the first envs folder of the configuration) asks for:
 * NULL when both are NULL, LK_E_USAGE when neither is. */
int lk_app_prefix(struct lk_app *app, const char *prefix, const char *name, const char **ret,
	struct lk_error *err) LK_MUST_USE;

/* The first program NAME on PATH, NUL-ended, owned by the arena; NULL when there is none. */
const char *lk_app_find_program(struct lk_app *app, const char *name);

/* The error as cli.md wants it: one line, a caret under the excerpt, the hint; or the JSON
 * document. */
void lk_app_print_error(struct lk_app *app, int code, const struct lk_error *err);
/* Only the lines on stderr: for a command whose result says it as JSON. */
void lk_app_tell_error(struct lk_app *app, int code, const struct lk_error *err);
/* The object {"code": …, "kind": …, "message": …, …} that stands for the error. */
void lk_app_put_json_error(
	struct lk_app *app, int code, const struct lk_error *err, struct lk_jw *w);
/* Writes app->out to stdout whole. */
int lk_app_flush(struct lk_app *app, struct lk_error *err) LK_MUST_USE;

/* LK_E_USAGE, and nothing left in app->out, when what was put there did not fit. HINT: what to ask
 * for instead. */
int lk_app_check_size(struct lk_app *app, const char *hint, struct lk_error *err) LK_MUST_USE;

/* Escaped foreign text into app->out, padded to WIDTH columns (0: as it is). */
void lk_app_text(struct lk_app *app, lk_str text, size_t width);

#endif
