/*
 * Reading REV:PATH out of a git repository, by git itself.
 */
#ifndef LK_CLI_GIT_SHOW_H
#define LK_CLI_GIT_SHOW_H

#include "base/err.h"
#include "base/str.h"

/* Appends what `git show OBJECT` prints. LK_E_USAGE when git is not there or does not know OBJECT.
 */
int lk_git_show(const char *object, struct lk_buf *out, struct lk_error *err) LK_MUST_USE;

#endif
