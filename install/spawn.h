/*
 * Running a program of the environment: no shell, an environment of exactly what is given, signals
 * as a fresh process has them.
 */
#ifndef LK_INSTALL_SPAWN_H
#define LK_INSTALL_SPAWN_H

#include "base/err.h"

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

#endif
