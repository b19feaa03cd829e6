/*
 * Progress on stderr: one line redrawn on a terminal, after a short delay; silence elsewhere.
 */
#ifndef LK_CLI_PROGRESS_H
#define LK_CLI_PROGRESS_H

#include <stdbool.h>

#include "base/report.h"

struct lk_progress_view;

/* COLUMNS is the width of the terminal; ENABLED false draws nothing. */
struct lk_progress_view *lk_progress_view_new(bool enabled, unsigned columns) LK_MUST_USE;
void lk_progress_view_free(struct lk_progress_view *view);
void lk_progress_view_show(struct lk_progress_view *view, const struct lk_progress *progress);
/* Takes the line away, so that other text can be printed. */
void lk_progress_view_clear(struct lk_progress_view *view);

#endif
