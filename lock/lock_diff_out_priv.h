/*
 * Lines of at most 80 columns for a terminal: what the text forms of a diff are written with.
 *
 * Foreign text is escaped. Colour takes no columns. A piece is what should stay together: it goes
 * to the next line where this one has no room, and is broken at a space, or anywhere, only when a
 * whole line has none.
 */
#ifndef LK_LOCK_LOCK_DIFF_OUT_PRIV_H
#define LK_LOCK_LOCK_DIFF_OUT_PRIV_H

#include "lock/lock_diff_group.h"

#define LK_OUT_COLUMNS 80

enum lk_colour {
	LK_PLAIN,
	LK_BOLD,
	LK_DIM,
	LK_RED,
	LK_GREEN,
	LK_YELLOW,
	LK_ALARM,
};

struct lk_out {
	struct lk_buf *buf;
	struct lk_buf scratch; /* empty between calls */
	bool coloured;
	size_t column; /* where the next character goes; 0 at the start of a line */
	size_t spaces; /* before it, not written yet */
};

void lk_out_init(struct lk_out *out, struct lk_buf *buf, bool coloured);
void lk_out_done(struct lk_out *out);

/* Columns that TEXT takes once it is escaped. */
size_t lk_out_width(struct lk_out *out, lk_str text);
void lk_out_newline(struct lk_out *out);
/* Spaces up to COLUMN; at least one unless the line is empty. */
void lk_out_pad_to(struct lk_out *out, size_t column);
/* TEXT as it comes, wherever the line ends: for what is known to fit. */
void lk_out_put(struct lk_out *out, enum lk_colour colour, lk_str text);
void lk_out_puts(struct lk_out *out, enum lk_colour colour, const char *text);
void lk_out_printf(struct lk_out *out, enum lk_colour colour, const char *fmt, ...) LK_PRINTF(3, 4);
/* TEXT as a piece, GAP columns behind what the line has; a new line begins at INDENT. */
void lk_out_piece(
	struct lk_out *out, size_t indent, size_t gap, enum lk_colour colour, lk_str text);
/* TEXT to the end of this line at most, behind GAP columns: cut, or left out where there is hardly
 * room. */
void lk_out_cut(struct lk_out *out, size_t gap, enum lk_colour colour, lk_str text);
/* In two digits or three: "+1.2 MB", "-265 kB". */
void lk_out_growth(struct lk_buf *buf, int64_t bytes);

/* What kinds and severities are coloured with. */
enum lk_colour lk_out_severity_colour(enum lk_severity severity);
enum lk_colour lk_out_change_colour(enum lk_change change);

/* The summary: what changed how often by risk, and the platforms with counts and sizes. */
void lk_diff_stat(
	struct lk_out *out, const struct lk_lock_diff *diff, const struct lk_diff_groups *groups);

/* ---- the parts of the long form ---- */

#define LK_TEXT_MARK 2 /* column of a line's mark */
#define LK_TEXT_NAME 4 /* column of its name */
#define LK_TEXT_NOTE 6 /* of what belongs to it on further lines */

struct lk_text {
	struct lk_out out;
	const struct lk_lock_diff *diff;
	struct lk_diff_groups groups;
	lk_str channel;      /* where most packages come from: not told */
	struct lk_buf piece; /* empty between uses */
};

void lk_text_mark(struct lk_text *t, enum lk_colour colour, const char *mark);
/* The piece that was put together in t->piece. */
void lk_text_piece(struct lk_text *t, size_t indent, size_t gap, enum lk_colour colour);
/* "LABEL FROM -> TO" as one piece where a line has room for it, else as two. */
void lk_text_move(struct lk_text *t, size_t indent, const char *label, lk_str from, lk_str to);

/* N packages of one kind and set: a line each, or lines for what stands for itself and then
 * paragraphs of what shares a reason, the longer ones first. */
void lk_text_lines(struct lk_text *t, const struct lk_package_group *groups, size_t n);
void lk_text_paragraphs(struct lk_text *t, const struct lk_package_group *groups, size_t n);

#endif
