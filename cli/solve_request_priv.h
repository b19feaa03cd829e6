/*
 * What the parts of cli/solve_request.c share: one value that all of them fill the request from.
 */
#ifndef LK_CLI_SOLVE_REQUEST_PRIV_H
#define LK_CLI_SOLVE_REQUEST_PRIV_H

#include "cli/solve_request.h"

struct lk_solve_maker {
	struct lk_app *app;
	const struct lk_solve_options *options;
	const struct lk_args *args;
	const struct lk_config *config;
	struct lk_solve_request *request;
	struct lk_error *err;
};

/* The old lock's part for SUBDIR, or NULL. */
static inline const struct lk_lock_platform *lk_solve_old_platform(
	const struct lk_solve_request *request, lk_str subdir)
{
	return request->has_old ? lk_lock_find_platform(&request->old, subdir) : NULL;
}

void lk_solve_push_unique(struct lk_strs *list, lk_str text);
/* Puts what REFERENCE means behind the other channels, unless it is there. */
int lk_solve_add_channel(const struct lk_solve_maker *m, lk_str reference) LK_MUST_USE;

/* solve_files.c: the files of -f, what they want of pip, their variables. */
int lk_solve_read_files(const struct lk_solve_maker *m) LK_MUST_USE;
int lk_solve_gather_pip(const struct lk_solve_maker *m) LK_MUST_USE;
int lk_solve_gather_variables(const struct lk_solve_maker *m) LK_MUST_USE;

/* solve_specs.c: a channel that a spec or pin names but the list lacks comes last. */
int lk_solve_gather_spec_channels(const struct lk_solve_maker *m) LK_MUST_USE;
/* SPEC in its canonical form. */
lk_str lk_solve_spell(const struct lk_matchspec *spec, struct lk_arena *arena);

/* solve_target.c: for which platforms, and what machines of each offer. */
int lk_solve_gather_platforms(const struct lk_solve_maker *m) LK_MUST_USE;
int lk_solve_gather_virtuals(const struct lk_solve_maker *m) LK_MUST_USE;

/* solve_artifacts.c: packages named by address. */
int lk_solve_gather_artifacts(const struct lk_solve_maker *m) LK_MUST_USE;

#endif
