/*
 * Activation as a value: what a shell or a program's environment has to change, step by step, for
 * an environment to be active there, or not to be any more.
 *
 * As conda does it: levels counted in CONDA_SHLVL, the environment below remembered in
 * CONDA_PREFIX_N, values that its variables overwrite in __CONDA_SHLVL_N_NAME; so environments
 * activated by conda, mamba and lockenv stack on each other. Scripts are named, not run; the
 * environment in force is asked for, not read. conda-formats.md 6.6; observed in conda
 * (tests/unit/install/activate_test.c).
 */
#ifndef LK_INSTALL_ACTIVATE_H
#define LK_INSTALL_ACTIVATE_H

#include "base/err.h"
#include "base/report.h"
#include "base/str.h"

enum lk_activate_kind {
	LK_ACTIVATE_SET, /* export NAME with VALUE */
	LK_ACTIVATE_UNSET,
	LK_ACTIVATE_SOURCE, /* VALUE is the absolute path of a script */
	LK_ACTIVATE_PROMPT, /* the prompt begins with VALUE instead of CONDA_PROMPT_MODIFIER */
};

struct lk_activate_step {
	enum lk_activate_kind kind;
	lk_str name, value; /* NUL-ended */
};
struct lk_activate_steps LK_VEC_OF(struct lk_activate_step);

struct lk_activate_options {
	const char *suffix; /* of the scripts that the shell can source: ".sh" */
	bool no_scripts;
	bool stack; /* the active environment's programs stay on PATH, behind the new one's */
	/* The variable NAME as it is in force, NULL when it is unset. */
	const char *(*lookup)(void *ctx, const char *name);
	void *ctx;
};

/* The steps, in order, that activate PREFIX (absolute, without slashes at its end); the active
 * environment, if another, is left first, unless stacked upon. Of PREFIX itself active it is what
 * activates it anew. Strings are owned by ARENA; the vector is the caller's (lk_vec_done), also
 * after an error. LK_E_USAGE when PREFIX is no environment (has no conda-meta) or cannot be one;
 * LK_E_FORMAT or LK_E_FS when its variables cannot be read. */
int lk_activate(const char *prefix, const struct lk_activate_options *options,
	struct lk_arena *arena, const struct lk_report *report, struct lk_activate_steps *ret,
	struct lk_error *err) LK_MUST_USE;

/* The steps that leave the active environment for the one below it, or for none. No step when none
 * is active. */
int lk_deactivate(const struct lk_activate_options *options, struct lk_arena *arena,
	const struct lk_report *report, struct lk_activate_steps *ret,
	struct lk_error *err) LK_MUST_USE;

#endif
