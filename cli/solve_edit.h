/*
 * What add and remove make of the file that says what is wanted: environment.yml beside the lock or
 * the one of --file; where there is none but a lock, the lock's own specs.
 */
#ifndef LK_CLI_SOLVE_EDIT_H
#define LK_CLI_SOLVE_EDIT_H

#include "cli/solve_request.h"

struct lk_solve_edit {
	const struct lk_args *add;      /* specs, or */
	const struct lk_args *remove;   /* names; the other is NULL */
	const struct lk_args *channels; /* to be put behind the others; may be NULL */
	const char *path;               /* as told; NULL: the lock's own specs are edited */
	const char *target;             /* its symlinks followed */
	bool is_new;                    /* there is no such file yet */
	struct lk_buf before, after;    /* its text */
};

/* Edits the text in memory: OPTIONS say which file and lock. `add`, `remove` and `channels` of EDIT
 * are set. LK_E_USAGE with a hint for what cannot be done. EDIT must go to lk_solve_edit_done
 * whatever comes back. */
int lk_solve_edit_make(struct lk_app *app, const struct lk_solve_options *options,
	struct lk_solve_edit *edit, struct lk_error *err) LK_MUST_USE;
void lk_solve_edit_done(struct lk_solve_edit *edit);

/* The same to SPECS of a lock. A name to be removed that is not there is no error here. Texts are
 * owned by ARENA. */
int lk_solve_edit_specs(const struct lk_solve_edit *edit, struct lk_strs *specs,
	struct lk_arena *arena, struct lk_error *err) LK_MUST_USE;

/* The lines of the file that change, "- old" and "+ new", appended to OUT; foreign text is escaped.
 */
void lk_solve_edit_text(const struct lk_solve_edit *edit, struct lk_buf *out);

#endif
