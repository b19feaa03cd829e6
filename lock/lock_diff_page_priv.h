/*
 * The diff as the pages for reviewers tell it (Markdown, HTML): which entries in which order, and
 * what stands in the cells of each. The renderers only turn cells into their language.
 *
 *     lk_diff_page_make(&diff, &page);
 *     for (i ...) lk_diff_page_row(&page, &page.entries[i], &row);
 *     lk_diff_page_done(&page);
 *
 * Everything is owned by the page's arena or borrowed from the diff. No form, no limit on length:
 * foreign text is marked as such and escaped by who writes it.
 */
#ifndef LK_LOCK_LOCK_DIFF_PAGE_PRIV_H
#define LK_LOCK_LOCK_DIFF_PAGE_PRIV_H

#include "base/vec.h"
#include "lock/lock_diff.h"
#include "lock/lock_diff_group.h"
#include "lock/lock_diff_pages.h"

enum lk_page_style {
	LK_PAGE_WORDS,   /* ours: plain text, as it is to be read */
	LK_PAGE_STRONG,  /* ours, and not to be missed */
	LK_PAGE_FOREIGN, /* of the locks */
	LK_PAGE_HEX,     /* a digest, or what stands for one */
	LK_PAGE_BREAK,   /* what follows stands on the next line; no text */
};

struct lk_page_bit {
	enum lk_page_style style;
	lk_str text;
	size_t same; /* FOREIGN: so many bytes at its start are as on the other side */
};

struct lk_page_cell LK_VEC_OF(struct lk_page_bit);

/* One line of the page: a package, a line of the header, a requirement or a platform. */
struct lk_page_entry {
	enum lk_change kind;
	bool fails;                    /* by the policy */
	const struct lk_diff_set *set; /* the platforms it is on; NULL: the lock as a whole */
	/* One of these. */
	const struct lk_package_group *package;
	const struct lk_lock_edit *edit;
	const struct lk_requirement_change *requirement;
	const struct lk_platform_diff *platform;
};

struct lk_page_row {
	struct lk_page_cell name, old, new, where, size, why;
};

/* Packages that moved from one channel to another. */
struct lk_page_move {
	lk_str from, to;
	size_t n;
};

struct lk_page_moves LK_VEC_OF(struct lk_page_move);
struct lk_page_entries LK_VEC_OF(struct lk_page_entry);

struct lk_diff_page {
	struct lk_arena arena;
	const struct lk_lock_diff *diff;
	const struct lk_diff_page_options *options;
	struct lk_diff_groups groups;
	struct lk_page_entries entries; /* by kind, the most risky first */
	size_t by_kind[LK_CHANGE_COUNT];
	size_t by_severity[LK_SEVERITY_COUNT];
	size_t (*by_platform)[LK_SEVERITY_COUNT]; /* beside the platforms of the diff */
	struct lk_page_moves moves;
	size_t n_failing;       /* entries that fail by the policy */
	enum lk_severity worst; /* COUNT: no difference */
	bool many_channels;     /* changed packages come from more than one */
	bool many_platforms;    /* it matters where a change is */
};

void lk_diff_page_make(const struct lk_lock_diff *diff, const struct lk_diff_page_options *options,
	struct lk_diff_page *ret);
void lk_diff_page_done(struct lk_diff_page *page);

/* The cells of an entry; RET is zero or was used before, and freed with lk_page_row_done. */
void lk_diff_page_row(
	struct lk_diff_page *page, const struct lk_page_entry *entry, struct lk_page_row *ret);
void lk_page_row_done(struct lk_page_row *row);

/* One sentence of ours for the head. */
lk_str lk_diff_page_verdict(struct lk_diff_page *page);
/* What the policy says of all entries; empty without one. RET as for the cells of a row. */
void lk_diff_page_judgement(struct lk_diff_page *page, struct lk_page_cell *ret);
/* The specs that changed, as far as a line can tell; empty for none. RET as for the cells of a row.
 */
void lk_diff_page_asked(struct lk_diff_page *page, struct lk_page_cell *ret);
/* What a reviewer should know about all entries of a kind; empty where its title says all. RET as
 * for the cells of a row. */
void lk_diff_page_advice(struct lk_diff_page *page, enum lk_change kind, struct lk_page_cell *ret);
/* What the reader must know the diff does not know; empty for nothing. */
lk_str lk_diff_page_note(struct lk_diff_page *page);
/* "Critical", "High risk" ... */
const char *lk_diff_page_heading(enum lk_severity severity);

/* "820.3 MB"; decimal units, rounded down; the space is one that ends no line. */
lk_str lk_page_bytes(struct lk_arena *arena, uint64_t bytes);

#endif
