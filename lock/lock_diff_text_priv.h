/*
 * What the files that write the text of a diff share.
 */
#ifndef LK_LOCK_LOCK_DIFF_TEXT_PRIV_H
#define LK_LOCK_LOCK_DIFF_TEXT_PRIV_H

#include "lock/lock_diff_out_priv.h"

/* Columns: of a line's mark, of its name, and of what belongs to it on further lines. */
#define LK_TEXT_MARK 2
#define LK_TEXT_NAME 4
#define LK_TEXT_NOTE 6

struct lk_text {
	struct lk_out out;
	const struct lk_lock_diff *diff;
	struct lk_diff_groups groups;
	lk_str channel;      /* where most packages come from: not told */
	struct lk_buf piece; /* empty between uses */
};

/* What was put together in t->piece, as lk_out_piece. */
void lk_text_piece(struct lk_text *t, size_t indent, size_t gap, enum lk_colour colour);
/* "LABEL FROM -> TO" as one piece where a line has room for it, else as two. */
void lk_text_move(struct lk_text *t, size_t indent, const char *label, lk_str from, lk_str to);
/* The first columns of a line, up to its name. */
void lk_text_mark(struct lk_text *t, enum lk_colour colour, const char *mark);

/* N changes of one kind and on the same platforms: a line each; or lines for what stands for
 * itself, then paragraphs, the longer ones first. */
void lk_text_lines(struct lk_text *t, const struct lk_package_group *groups, size_t n);
void lk_text_paragraphs(struct lk_text *t, const struct lk_package_group *groups, size_t n);

#endif
