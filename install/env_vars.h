/*
 * The variables that an environment sets when it is activated: those of its packages in
 * etc/conda/env_vars.d/NAME.json, in order of file name by code point, then `env_vars` of
 * conda-meta/state, which win (conda-formats.md 6.6). conda's value "***unset***" takes a package's
 * variable away.
 *
 * What no program could be given is left out with a warning: names that are no shell variable's,
 * PATH (as conda), values that are neither text nor a whole number, or hold a NUL, or are longer
 * than the kernel passes on.
 */
#ifndef LK_INSTALL_ENV_VARS_H
#define LK_INSTALL_ENV_VARS_H

#include "base/err.h"
#include "base/report.h"
#include "base/str.h"

#define LK_ENV_VARS_UNSET "***unset***"
#define LK_ENV_VARS_MAX_BYTES ((size_t)4 << 20) /* of one file */
#define LK_ENV_VARS_STATE "conda-meta/state"

struct lk_env_var {
	lk_str name, value;
};
struct lk_env_vars LK_VEC_OF(struct lk_env_var); /* in order of first mention; names differ */

/* Letters, digits and underscores, no digit first? */
bool lk_env_var_is_name(lk_str name);

/* Lays what TEXT sets over VARS. FILE is the name for messages; IS_STATE: the object is its member
 * `env_vars`. Strings are owned by ARENA. LK_E_FORMAT where TEXT is no JSON object. */
int lk_env_vars_parse(lk_str text, const char *file, bool is_state, struct lk_arena *arena,
	const struct lk_report *report, struct lk_env_vars *vars, struct lk_error *err) LK_MUST_USE;

/* All of the environment at PREFIX (a path, for messages too). The vector is the caller's
 * (lk_vec_done), also after an error. LK_E_FORMAT, LK_E_FS. */
int lk_env_vars_read(const char *prefix, struct lk_arena *arena, const struct lk_report *report,
	struct lk_env_vars *ret, struct lk_error *err) LK_MUST_USE;

#endif
