/*
 * Progress on stderr: lines that are redrawn on a terminal, after a short delay; a line now and
 * then elsewhere; an event a second with --json (docs/cli.md).
 */
#ifndef LK_CLI_PROGRESS_H
#define LK_CLI_PROGRESS_H

#include <stdbool.h>

#include "base/report.h"

enum lk_progress_kind {
	LK_PROGRESS_NONE,
	LK_PROGRESS_LINES,
	LK_PROGRESS_TERMINAL,
	LK_PROGRESS_JSON,
};

struct lk_progress_view;

/* COLOR matters on a terminal only, whose size is asked at each redraw. */
struct lk_progress_view *lk_progress_view_new(enum lk_progress_kind kind, bool color) LK_MUST_USE;
void lk_progress_view_free(struct lk_progress_view *view);
void lk_progress_view_show(struct lk_progress_view *view, const struct lk_progress *progress);
/* Takes the redrawn lines away, so that other text can be printed. */
void lk_progress_view_clear(struct lk_progress_view *view);

#endif
