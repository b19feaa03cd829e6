/*
 * One path of git's diff.
 */
#include "cli/git_diff.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/git.h"

/* Of git's arguments. */
enum {
	PATH,
	OLD_FILE,
	OLD_HEX,
	OLD_MODE,
	NEW_FILE,
	NEW_HEX,
	NEW_MODE,
	N_ARGS,
	NEW_PATH = N_ARGS,
	HOW,
	N_RENAME_ARGS,
};

/* Git's pager shows colour where git itself would. */
static void choose_colour(struct lk_app *app)
{
	const char *no_color = getenv("NO_COLOR");
	if (app->common.color || (no_color && *no_color)) {
		return;
	}
	bool on_terminal = isatty(STDOUT_FILENO) || getenv("GIT_PAGER_IN_USE");
	const char *const args[] = {
		"config", "--get-colorbool", "color.diff", on_terminal ? "true" : "false", NULL};
	struct lk_buf LK_CLEANUP(lk_buf_done) answer = LK_BUF_INIT((size_t)1 << 20);
	struct lk_error ignored = LK_ERROR_INIT;
	int status = 0;
	if (lk_git_run(NULL, args, &answer, &status, &ignored) == 0) {
		app->color_out = lk_str_is(lk_str_trim(lk_buf_view(&answer)), "true");
	}
}

static int read_side(struct lk_app *app, const char *file, const char *name,
	struct lk_lock_arg *ret, struct lk_error *err)
{
	if (strcmp(file, "/dev/null") == 0) {
		*ret = (struct lk_lock_arg){.path = name, .parsed = true};
		lk_lock_init(&ret->lock, NULL, 0, LK_STR("strict"));
		return 0;
	}
	int rc = lk_lock_arg_read(app, file, ret, err);
	ret->path = name;
	if (rc < 0) {
		lk_error_file(err, name);
	}
	return rc;
}

static void put_header(struct lk_app *app, const struct lk_args *args, bool renamed)
{
	const char *new_path = args->items[renamed ? NEW_PATH : PATH];
	lk_buf_puts(&app->out, app->color_out ? "\033[1mlockenv diff a/" : "lockenv diff a/");
	lk_app_text(app, lk_str_of(args->items[PATH]), 0);
	lk_buf_puts(&app->out, " b/");
	lk_app_text(app, lk_str_of(new_path), 0);
	lk_buf_puts(&app->out, app->color_out ? "\033[0m\n" : "\n");
	lk_str how = lk_str_of(renamed ? args->items[HOW] : NULL);
	lk_str line;
	while (lk_str_split(&how, '\n', &line)) {
		if (line.len > 0 && !lk_str_starts(line, LK_STR("index "))) {
			lk_app_text(app, line, 0);
			lk_buf_putc(&app->out, '\n');
		}
	}
}

static void put_failure(struct lk_app *app, const struct lk_error *err)
{
	lk_buf_puts(&app->out, "cannot be compared: ");
	lk_app_text(app, lk_str_of(err->file), 0);
	if (err->line > 0) {
		lk_buf_appendf(&app->out, ":%u:%u", err->line, err->column);
	}
	lk_buf_puts(&app->out, err->file[0] ? ": " : "");
	lk_app_text(app, lk_str_of(err->message), 0);
	lk_buf_puts(&app->out, "\nits lines: git diff --no-ext-diff\n");
}

int lk_git_diff(struct lk_app *app, const struct lk_args *args, lk_git_diff_fn *put,
	const void *ctx, struct lk_error *err)
{
	bool renamed = args->len == N_RENAME_ARGS;
	if (args->len == 1) {
		lk_buf_puts(&app->out, "* Unmerged path ");
		lk_app_text(app, lk_str_of(args->items[PATH]), 0);
		lk_buf_putc(&app->out, '\n');
		return 0;
	}
	if (args->len != N_ARGS && !renamed) {
		lk_fail(err, LK_E_USAGE, "'diff --git-driver' takes what git gives a diff driver");
		lk_error_hint(err, "'lockenv diff --install-git-driver' sets it up");
		return LK_E_USAGE;
	}
	choose_colour(app);
	put_header(app, args, renamed);
	struct lk_lock_arg LK_CLEANUP(lk_lock_arg_done) from = {0};
	struct lk_lock_arg LK_CLEANUP(lk_lock_arg_done) to = {0};
	const char *path = args->items[PATH];
	struct lk_error why = LK_ERROR_INIT;
	int rc = read_side(app, args->items[OLD_FILE],
		lk_arena_printf(&app->arena, "%s (old)", path), &from, &why);
	if (rc == 0) {
		rc = read_side(app, args->items[NEW_FILE],
			lk_arena_printf(&app->arena, "%s (new)", path), &to, &why);
	}
	if (rc == 0) {
		put(app, ctx, &from, &to);
	} else {
		put_failure(app, &why);
	}
	app->status = 0;
	return 0;
}
