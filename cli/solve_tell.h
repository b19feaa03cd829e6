/*
 * What solve says beside the lock: why there is none and what would give one; why it is as it is.
 */
#ifndef LK_CLI_SOLVE_TELL_H
#define LK_CLI_SOLVE_TELL_H

#include "cli/app.h"
#include "resolver/task.h"

/* TASK has no solution, SOLUTION says why and what to change: fills the application's explanation
 * (a few lines, all of them with --verbose), its part of the JSON error, and ERR's hint. */
void lk_tell_unsat(struct lk_app *app, const struct lk_task *task,
	const struct lk_solution *solution, struct lk_error *err);

/* What is worth knowing of PLATFORM's answer (SEVERAL: one of them) to TASK: why packages of the
 * existing lock moved, who was taken with or without CUDA, and, as far as SOLUTION tells it, why
 * packages are not newer. Notes, and kept for the JSON answer. */
void lk_tell_answer(struct lk_app *app, const struct lk_task *task, lk_str platform, bool several,
	const struct lk_solution *solution);
/* The same into the JSON object of PLATFORM. */
void lk_put_told(const struct lk_app *app, struct lk_jw *w, lk_str platform);

#endif
