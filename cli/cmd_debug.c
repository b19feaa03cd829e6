/*
 * lockenv debug: batch checks from stdin, and what the build makes from the command table. Not part
 * of the contract.
 */
#include "cli/app.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conda/debug_batch.h"

struct context {
	bool unused;
};

typedef int lk_batch_fn(lk_str line, struct lk_buf *out, struct lk_error *err);

static int compare(lk_str line, struct lk_buf *out, struct lk_error *err)
{
	char order = '?';
	int rc = lk_debug_compare_line(line, &order, err);
	if (rc == 0) {
		lk_buf_putc(out, order);
	}
	return rc;
}

static int match(lk_str line, struct lk_buf *out, struct lk_error *err)
{
	bool matches = false;
	int rc = lk_debug_match_line(line, &matches, err);
	if (rc == 0) {
		lk_buf_puts(out, matches ? "yes" : "no");
	}
	return rc;
}

/* Answers one line with one line, at once, so that a pipe can talk to it. One
 * that cannot be read is answered "error" and told; the next ones still count. */
static int batch_line(struct lk_app *app, lk_batch_fn *answer, lk_str line, size_t number,
	size_t *n_bad, struct lk_error *err)
{
	struct lk_error bad = LK_ERROR_INIT;
	if (answer(line, &app->out, &bad) < 0) {
		(*n_bad)++;
		lk_buf_puts(&app->out, "error");
		lk_warn(&app->report, "stdin:%zu:%u: %s", number, bad.column, bad.message);
	}
	lk_buf_putc(&app->out, '\n');
	int rc = lk_app_flush(app, err);
	lk_buf_clear(&app->out);
	return rc;
}

static int batch(struct lk_app *app, lk_batch_fn *answer, struct lk_error *err)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	size_t n = 0;
	size_t n_bad = 0;
	int rc = 0;
	while (rc == 0 && (len = getline(&line, &cap, stdin)) >= 0) {
		if (len > 0 && line[len - 1] == '\n') {
			len--;
		}
		rc = batch_line(app, answer, lk_str_n(line, (size_t)len), ++n, &n_bad, err);
	}
	free(line); /* getline's own allocation */
	if (rc == 0 && ferror(stdin) && errno == EINTR) {
		rc = lk_fail(err, LK_E_INTERRUPTED, "interrupted");
	} else if (rc == 0 && ferror(stdin)) {
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot read standard input");
	}
	if (rc == 0 && n_bad > 0) {
		rc = lk_fail(err, LK_E_FORMAT, "%zu of %zu lines could not be read", n_bad, n);
		lk_error_hint(err, "the warnings above tell line and column of each");
	}
	return rc;
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	(void)context;
	const char *what = args->items[0];
	if (strcmp(what, "compare") == 0) {
		return batch(app, compare, err);
	}
	if (strcmp(what, "match") == 0) {
		return batch(app, match, err);
	}
	if (strcmp(what, "man") == 0) {
		lk_help_man(app->program, &app->out);
		return 0;
	}
	if (strcmp(what, "completion") == 0 && args->len > 1 &&
		lk_help_completion(app->program, args->items[1], &app->out)) {
		return 0;
	}
	lk_fail(err, LK_E_USAGE, "unknown debug command '%s'", what);
	lk_error_hint(err, "one of: compare, match, man, completion bash|zsh|fish");
	return LK_E_USAGE;
}

const struct lk_cmd lk_cmd_debug = {
	.name = "debug",
	.arguments = "compare|match|man|completion [SHELL]",
	.summary = "batch checks from standard input; not part of the contract",
	.description = "compare reads 'A TAB B' and answers <, = or >; match reads "
		       "'SPEC TAB name-version-build' and answers yes or no. A line that cannot "
		       "be read is answered error and told on stderr; the exit code is then 2.",
	.examples = {"printf '1.0\\t1.0.0\\n' | lockenv debug compare",
		"printf 'foo >=1\\tfoo-1.2-0\\n' | lockenv debug match"},
	.options = NULL,
	.n_options = 0,
	.context_size = sizeof(struct context),
	.min_args = 1,
	.max_args = 2,
	.run = run,
	.hidden = true,
	.is_text = true,
};
