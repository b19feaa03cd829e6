/*
 * The steps of an activation (install/activate.h) as code that a shell evaluates, or as a
 * modulefile. Every value is quoted for the shell, whatever bytes it has.
 */
#ifndef LK_CLI_SHELL_CODE_H
#define LK_CLI_SHELL_CODE_H

#include "base/str.h"
#include "install/activate.h"

enum lk_shell {
	LK_SHELL_POSIX, /* sh, dash, ksh, bash, zsh: they differ in nothing that is used */
	LK_SHELL_FISH,
	LK_SHELL_CSH, /* tcsh too. eval loses line breaks in values; a file that is sourced not */
	LK_SHELL_LMOD,
};

/* The shell that NAME stands for: what --shell takes, or the program that SHELL names. */
bool lk_shell_of(lk_str name, enum lk_shell *ret);
/* What the names of scripts that SHELL can source end in; static. */
const char *lk_shell_suffix(enum lk_shell shell);

/* VALUE as one word of SHELL. */
void lk_shell_put_quoted(enum lk_shell shell, lk_str value, struct lk_buf *out);
/* One line, or some, ending in a line break. */
void lk_shell_put_step(
	enum lk_shell shell, const struct lk_activate_step *step, struct lk_buf *out);
/* A Lua modulefile for the environment at PREFIX. STEPS are those of an activation where no
 * variable is set: what it adds to PATH is for Lmod to do. */
void lk_shell_put_modulefile(
	const char *prefix, const struct lk_activate_steps *steps, struct lk_buf *out);

#endif
