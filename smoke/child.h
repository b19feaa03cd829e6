/*
 * One level in a process of its own: the two ends of the pipe between runner and level.
 *
 * The child writes lines "KEY VALUE" to LK_CHILD_FD, ending with "end"; whatever else comes, or
 * nothing, is a failure of the level. Numbers travel as their bits: a library may have changed the
 * child's locale, and with it the decimal point.
 */
#ifndef LK_SMOKE_CHILD_H
#define LK_SMOKE_CHILD_H

#include "smoke/level.h"
#include "smoke/provenance.h"

/* The descriptor that the child reports to. */
#define LK_CHILD_FD 3
/* No report is longer, in bytes. */
#define LK_CHILD_REPORT_MAX ((size_t)1 << 20)

/* In the child: runs the level and reports. The exit status of the process. */
int lk_child_main(const char *level, const struct lk_level_context *context);

/* In the runner: starts PROGRAM for the level, waits at most LIMIT_SECONDS, and fills RET, with
 * strings owned by ARENA. REPORT says when to stop, which is a failure; NULL: nobody does. */
void lk_child_run(const char *program, const struct lk_level *level,
	const struct lk_level_context *context, unsigned limit_seconds,
	const struct lk_report *report, struct lk_arena *arena, struct lk_smoke_level *ret);

/* The text of a report; control characters in foreign text become spaces. */
void lk_child_report_put(const struct lk_level_report *report,
	const struct lk_smoke_libraries *libraries, struct lk_buf *out);
/* Fills what a report tells of LEVEL, owned by ARENA. False, with LEVEL untouched, when the report
 * is not whole or has a line that lk_child_report_put does not write. */
bool lk_child_report_parse(lk_str text, struct lk_arena *arena, struct lk_smoke_level *level);

#endif
