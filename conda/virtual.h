/*
 * Virtual packages (CEP 30) as values: what a target machine offers.
 *
 * conda/host.h fills such a set from this machine; lk_virtuals_default from a platform's name.
 */
#ifndef LK_CONDA_VIRTUAL_H
#define LK_CONDA_VIRTUAL_H

#include "base/err.h"
#include "base/str.h"

struct lk_virtual {
	lk_str name;    /* with the two underscores */
	lk_str version; /* "0" where it has none */
	lk_str build;   /* "0" where it has none */
};

struct lk_virtuals LK_VEC_OF(struct lk_virtual); /* sorted by name, names unique */

/* The defaults for SUBDIR when locking for a machine that is not at hand (conda-formats.md 4.2):
 * linux: __unix 0, __linux 4.18, __glibc 2.28, __archspec 0=ARCH; never __cuda. RET's old content
 * is dropped; its strings are static or owned by ARENA. */
void lk_virtuals_default(lk_str subdir, struct lk_arena *arena, struct lk_virtuals *ret);
/* Adds, replaces or (with an empty VERSION) removes one, keeping the order; an empty BUILD is "0".
 * Strings are copied into ARENA. LK_E_USAGE for what cannot name a virtual package or its build,
 * LK_E_FORMAT for what is no version. */
int lk_virtuals_set(struct lk_virtuals *set, lk_str name, lk_str version, lk_str build,
	struct lk_arena *arena, struct lk_error *err) LK_MUST_USE;
/* The same for "NAME=VER[=BUILD]" as --virtual and CONDA_OVERRIDE_* give it; "NAME=" removes. */
int lk_virtuals_set_text(struct lk_virtuals *set, lk_str text, struct lk_arena *arena,
	struct lk_error *err) LK_MUST_USE;
const struct lk_virtual *lk_virtuals_find(const struct lk_virtuals *set, lk_str name);

#endif
