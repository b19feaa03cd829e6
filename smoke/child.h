/*
 * One level in a process of its own: the two ends of the pipe between runner and level.
 *
 * The child writes lines "KEY VALUE", ending with "end"; whatever else comes, or nothing, is a failure
 * of the level. Both ends are here so that there is one writer and one reader of the format.
 */
#ifndef LK_SMOKE_CHILD_H
#define LK_SMOKE_CHILD_H

#include "smoke/level.h"

/* In the child: runs the level and writes its report to FD. The exit status of the process. */
int lk_child_main(const char *level, const char *prefix, int fd);

/* In the runner: starts PROGRAM for the level, waits at most LIMIT_SECONDS, and fills RET. */
void lk_child_run(const char *program, const struct lk_level *level, const char *prefix,
		unsigned limit_seconds, struct lk_arena *arena, struct lk_smoke_level *ret);

#endif
