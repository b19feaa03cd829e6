/*
 * The environment as values, the report callbacks, and the ways out.
 */
#include "cli/app.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "cli/exit.h"
#include "cli/progress.h"

/* The one variable that changes behind the program's back: set by SIGINT, SIGTERM and SIGHUP. */
static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	if (interrupted) {
		_exit(LK_EXIT_INTERRUPTED);
	}
	interrupted = 1;
}

static void print_line(struct lk_app *app, const char *label, const char *colour, const char *text)
{
	struct lk_buf line = LK_BUF_INIT((size_t)64 << 10);
	lk_buf_put_escaped(&line, lk_str_of(text));
	if (line.ptr) {
		lk_url_hide_credentials(line.ptr);
	}
	if (app->progress) {
		lk_progress_view_clear(app->progress);
	}
	if (app->color_err && *label) {
		fprintf(stderr, "%s%s\033[0m%s\n", colour, label, lk_buf_cstr(&line));
	} else {
		fprintf(stderr, "%s%s\n", label, lk_buf_cstr(&line));
	}
	lk_buf_done(&line);
}

static void on_warn(void *ctx, const char *message)
{
	struct lk_app *app = ctx;
	app->n_warnings++;
	print_line(app, "warning: ", "\033[33m", message);
}

static void on_note(void *ctx, int level, const char *message)
{
	struct lk_app *app = ctx;
	if (level < 0 || (!app->common.quiet && level <= (int)app->common.verbose)) {
		print_line(app, "", "", message);
	}
}

static void on_progress(void *ctx, const struct lk_progress *progress)
{
	struct lk_app *app = ctx;
	lk_progress_view_show(app->progress, progress);
}

static bool on_stop(void *ctx)
{
	(void)ctx;
	return interrupted != 0;
}

static bool env_set(const char *name)
{
	const char *value = getenv(name);
	return value && *value && strcmp(value, "0") != 0;
}

static bool colour_for(const struct lk_app *app, int fd)
{
	const char *when = app->common.color;
	if (when && strcmp(when, "always") == 0) {
		return true;
	}
	if (when && strcmp(when, "never") == 0) {
		return false;
	}
	const char *no_color = getenv("NO_COLOR");
	if (no_color && *no_color) {
		return false;
	}
	return env_set("CLICOLOR_FORCE") || isatty(fd);
}

static enum lk_progress_kind progress_kind(const struct lk_common *common)
{
	const char *terminal = getenv("TERM");
	if (common->quiet) {
		return LK_PROGRESS_NONE;
	}
	if (common->json) {
		return LK_PROGRESS_JSON;
	}
	bool able = isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
	return able ? LK_PROGRESS_TERMINAL : LK_PROGRESS_LINES;
}

#define KEPT_MEMORY (32 << 20) /* bytes */

/* What the process is allowed, and how it keeps memory. */
static void set_limits(void)
{
	struct rlimit files;
	/* An install keeps a descriptor for each package; the soft limit is often 1024. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	/* One file after the other is read into memory: giving each buffer back to the kernel costs
	 * more than the reading. */
	(void)mallopt(M_MMAP_THRESHOLD, KEPT_MEMORY);
	(void)mallopt(M_TRIM_THRESHOLD, 2 * KEPT_MEMORY);
}

/* The write fails, and that is told; a handler, for programs started from here to be spared it. */
static void on_too_large(int signum)
{
	(void)signum;
}

/* A terminal that goes is an interruption as well, but not under nohup. */
static int handle_hangup(const struct sigaction *action)
{
	struct sigaction before;
	int rc = sigaction(SIGHUP, NULL, &before);
	return rc != 0 || before.sa_handler == SIG_IGN ? rc : sigaction(SIGHUP, action, NULL);
}

int lk_app_settle(struct lk_app *app, struct lk_error *err)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct sigaction too_large = {.sa_handler = on_too_large, .sa_flags = SA_RESTART};
	app->on_pipe = signal(SIGPIPE, SIG_IGN);
	if (sigaction(SIGINT, &action, NULL) != 0 || sigaction(SIGTERM, &action, NULL) != 0 ||
		handle_hangup(&action) != 0 || sigaction(SIGXFSZ, &too_large, NULL) != 0 ||
		app->on_pipe == SIG_ERR) {
		return lk_fail_errno(err, LK_E_BUG, errno, "cannot set signal handlers");
	}
	/* Were it ignored, nobody could wait for a child. */
	(void)signal(SIGCHLD, SIG_DFL);
	/* What is made here must be usable here: a umask is for others. */
	(void)umask(umask(0) & ~(mode_t)S_IRWXU);
	set_limits();
	return 0;
}

void lk_app_init(struct lk_app *app)
{
	app->color_out = colour_for(app, STDOUT_FILENO);
	app->color_err = colour_for(app, STDERR_FILENO);
	app->progress = lk_progress_view_new(progress_kind(&app->common), app->color_err);
	app->report = (struct lk_report){
		.ctx = app,
		.warn = on_warn,
		.note = on_note,
		.progress = on_progress,
		.stop = on_stop,
	};
}

void lk_app_forget(struct lk_app *app)
{
	lk_vec_clear(&app->explanation);
	lk_json_doc_free(app->conflict);
	app->conflict = NULL;
	for (size_t i = 0; i < app->told.len; i++) {
		lk_json_doc_free(app->told.items[i].doc);
	}
	lk_vec_clear(&app->told);
}

void lk_app_done(struct lk_app *app)
{
	lk_progress_view_free(app->progress);
	if (app->config_read) {
		lk_config_done(&app->config);
	}
	lk_app_forget(app);
	lk_vec_done(&app->explanation);
	lk_vec_done(&app->told);
	lk_buf_done(&app->out);
	lk_arena_done(&app->arena);
}

static const char *hint_of(int code, const struct lk_error *err)
{
	return err->hint[0] ? err->hint : lk_exit_hint(code);
}

/* Without what credentials it may quote. */
static struct lk_error shown_of(const struct lk_error *err)
{
	struct lk_error shown = *err;
	lk_url_hide_credentials(shown.message);
	lk_url_hide_credentials(shown.excerpt);
	return shown;
}

void lk_app_put_json_error(
	struct lk_app *app, int code, const struct lk_error *err, struct lk_jw *w)
{
	struct lk_error shown = shown_of(err);
	lk_jw_object(w);
	lk_jw_key(w, "code");
	lk_jw_int(w, app->failure ? app->failure : (int)lk_exit_of(code));
	lk_jw_key_string(w, "kind", lk_str_of(lk_exit_kind(code)));
	lk_jw_key_string(w, "message", lk_str_of(shown.message));
	lk_jw_opt_string(w, "file", lk_str_of(err->file));
	if (err->line) {
		lk_jw_key_uint(w, "line", err->line);
	}
	if (err->column) {
		lk_jw_key_uint(w, "column", err->column);
	}
	lk_jw_key_string(w, "hint", lk_str_of(hint_of(code, err)));
	if (app->explanation.len > 0) {
		lk_jw_strings(w, "explanation", app->explanation.items, app->explanation.len);
	}
	if (app->conflict) {
		lk_jw_key(w, "conflict");
		lk_jw_value(w, lk_json_root(app->conflict));
	}
	lk_jw_end(w);
}

static void print_json_error(struct lk_app *app, int code, const struct lk_error *err)
{
	lk_buf_clear(&app->out);
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_object(&w);
	lk_jw_key(&w, "error");
	lk_app_put_json_error(app, code, err, &w);
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

/* The source line and a caret under the column. The caret counts bytes as escaped. */
static void print_excerpt(const struct lk_error *err)
{
	lk_str line = lk_str_of(err->excerpt);
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(8192);
	struct lk_buf LK_CLEANUP(lk_buf_done) before = LK_BUF_INIT(8192);
	lk_buf_put_escaped(&text, line);
	lk_buf_put_escaped(&before, lk_str_slice(line, 0, err->column - 1));
	size_t width = 0;
	for (size_t i = 0; i < before.len; i++) {
		width += ((unsigned char)before.ptr[i] & 0xC0) != 0x80;
	}
	fprintf(stderr, "  %s\n  %*s^\n", lk_buf_cstr(&text), (int)width, "");
}

/* The explanation's lines that the message does not say. */
static void print_explanation(struct lk_app *app, const struct lk_error *err)
{
	for (size_t i = 0; i < app->explanation.len; i++) {
		lk_str line = app->explanation.items[i];
		if (lk_str_find(lk_str_of(err->message), lk_str_trim(line)) == SIZE_MAX) {
			print_line(app, "  ", "", line.ptr);
		}
	}
}

static void print_text_error(struct lk_app *app, int code, const struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) line = LK_BUF_INIT((size_t)64 << 10);
	if (err->file[0]) {
		lk_buf_puts(&line, err->file);
		if (err->line) {
			lk_buf_appendf(&line, ":%u", err->line);
			if (err->column) {
				lk_buf_appendf(&line, ":%u", err->column);
			}
		}
		lk_buf_puts(&line, ": ");
	}
	lk_buf_puts(&line, err->message[0] ? err->message : "unknown error");
	print_line(app, "error: ", "\033[1;31m", lk_buf_cstr(&line));
	if (err->excerpt[0] && err->column) {
		print_excerpt(err);
	}
	print_explanation(app, err);
	print_line(app, "hint: ", "\033[1m", hint_of(code, err));
}

void lk_app_tell_error(struct lk_app *app, int code, const struct lk_error *err)
{
	struct lk_error shown = shown_of(err);
	print_text_error(app, code, &shown);
}

void lk_app_print_error(struct lk_app *app, int code, const struct lk_error *err)
{
	if (app->common.json) {
		print_json_error(app, code, err);
	}
	lk_app_tell_error(app, code, err);
}

int lk_app_flush(struct lk_app *app, struct lk_error *err)
{
	if (app->progress) {
		lk_progress_view_clear(app->progress);
	}
	if (app->out.overflow) {
		return lk_fail(err, LK_E_BUG, "more output than %zu bytes", app->out.max);
	}
	/* All is done but this: a reader that had enough ('| head') ends it as it ends any filter.
	 */
	(void)signal(SIGPIPE, app->on_pipe);
	return lk_fs_write_all(
		STDOUT_FILENO, lk_buf_cstr(&app->out), app->out.len, "standard output", err);
}

int lk_app_check_size(struct lk_app *app, const char *hint, struct lk_error *err)
{
	if (!app->out.overflow) {
		return 0;
	}
	lk_fail(err, LK_E_USAGE, "the answer has more than %zu MB", app->out.max / 1000000);
	lk_error_hint(err, "%s", hint);
	lk_buf_done(&app->out);
	return LK_E_USAGE;
}

void lk_app_text(struct lk_app *app, lk_str text, size_t width)
{
	size_t start = app->out.len;
	lk_buf_put_escaped(&app->out, text);
	size_t columns = 0;
	for (size_t i = start; i < app->out.len; i++) {
		columns += ((unsigned char)app->out.ptr[i] & 0xC0) != 0x80;
	}
	while (columns++ < width) {
		lk_buf_putc(&app->out, ' ');
	}
}
