/*
 * Running a program of the environment: no shell, an environment of exactly what is given, signals
 * as a fresh process has them.
 */
#ifndef LK_INSTALL_SPAWN_H
#define LK_INSTALL_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/report.h"

struct lk_spawn {
	int dirfd; /* working directory; PROGRAM is relative to it unless absolute */
	const char *program;
	const char *const *argv; /* NULL-ended */
	const char *const *env;  /* NULL-ended "NAME=value" */
	int stdin_fd;            /* -1: /dev/null */
	int output_fd;           /* for stdout and stderr; -1: /dev/null */
};

/* Runs and waits. *ret_status: the exit code, or 128 + the signal that ended it. LK_E_NOT_FOUND
 * when the program cannot be started here (not there, made for another machine). */
int lk_spawn_wait(const struct lk_spawn *spawn, int *ret_status, struct lk_error *err) LK_MUST_USE;

/* Who listens to a program. */
struct lk_listener {
	void (*line)(void *ctx, lk_str line); /* each line that it prints, without its end */
	void *ctx;
	const struct lk_report *report; /* says when it is to stop */
};

/* The same for a program of anybody's; SPAWN's output_fd does not count. It and what it starts are
 * a process group of their own. An interruption is passed on: SIGTERM to the group, SIGKILL to what
 * is still there three seconds later. What it leaves running when it ends is not waited for. Lines
 * are cut at 4096 bytes. */
int lk_spawn_listen(const struct lk_spawn *spawn, const struct lk_listener *listener,
	int *ret_status, struct lk_error *err) LK_MUST_USE;

/* The two halves of lk_spawn_wait; OWN_GROUP: it leads a process group of its own. */
int lk_spawn_start(const struct lk_spawn *spawn, bool own_group, pid_t *ret_pid,
	struct lk_error *err) LK_MUST_USE;
int lk_spawn_reap(
	const struct lk_spawn *spawn, pid_t pid, int *ret_status, struct lk_error *err) LK_MUST_USE;

#endif
