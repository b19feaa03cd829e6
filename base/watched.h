/*
 * A program in a process that may crash, hang, print without end or leave others behind: it is run
 * with limits, and nothing of its process group outlives the call.
 *
 *     struct lk_buf out = LK_BUF_INIT(MAX);
 *     const struct lk_watched what = {.program = …, .argv = …, .env = environ,
 *             .report_fd = STDOUT_FILENO, .limit_ms = 10000};
 *     int errnum = lk_watched_run(&what, &out, &end, &status);
 */
#ifndef LK_BASE_WATCHED_H
#define LK_BASE_WATCHED_H

#include "base/report.h"
#include "base/str.h"

enum lk_watched_end {
	LK_WATCHED_ENDED,   /* by itself, its status is known */
	LK_WATCHED_LATE,    /* killed at the limit */
	LK_WATCHED_LOUD,    /* killed because it wrote more than the buffer may hold */
	LK_WATCHED_LOST,    /* someone else took its status */
	LK_WATCHED_STOPPED, /* killed because the user has interrupted */
};

struct lk_watched {
	const char *program;
	const char *const *argv; /* NULL-ended, as is ENV */
	const char *const *env;
	int report_fd; /* what it writes there (1 or more) is taken; other streams are /dev/null */
	unsigned limit_ms;
	const struct lk_report *report; /* only asked whether to stop; NULL: nobody does */
};

/* Runs it and waits: no signal is blocked or ignored in it, it has a process group of its own. OUT
 * gets what it wrote until it ended, whatever may come after that from others that it started;
 * RET_STATUS is what waitpid gives. Returns 0, or the errno of why it could not be started. Where
 * SIGCHLD is ignored every end is LOST. */
int lk_watched_run(const struct lk_watched *what, struct lk_buf *out, enum lk_watched_end *ret_end,
	int *ret_status) LK_MUST_USE;

#endif
