/*
 * What progress looks like: a frame of lines for a terminal, a line for a log, an object for a
 * program. Text from values alone: no clock, no terminal.
 */
#ifndef LK_CLI_PROGRESS_TEXT_H
#define LK_CLI_PROGRESS_TEXT_H

#include "base/report.h"
#include "base/str.h"

struct lk_frame {
	unsigned columns, rows; /* of the terminal */
	bool color;
	uint64_t rate;              /* bytes a second, of all; 0: not known */
	const uint64_t *file_rates; /* the same of each file of the progress; NULL: none known */
};

/* Appends lines without control characters but colours, none longer than the terminal is wide less
 * one: the files under way, as many as there is room for, and one for all. A line feed stands
 * between them, none at the end. Returns how many lines there are, at least 1. */
unsigned lk_progress_put_frame(
	const struct lk_progress *progress, const struct lk_frame *frame, struct lk_buf *out);

/* Appends one line without its end: "fetch: 12 of 300 files, 1.2 GB of 3.4 GB, 85.0 MB/s, 26 s
 * left". */
void lk_progress_put_line(const struct lk_progress *progress, uint64_t rate, struct lk_buf *out);

/* Appends the event of docs/cli.md, one line without its end. */
void lk_progress_put_json(const struct lk_progress *progress, struct lk_buf *out);

#endif
