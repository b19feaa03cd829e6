/*
 * A diff as a page for reviewers: a comment on a pull request (Markdown), or one HTML file.
 *
 *     lk_lock_diff_markdown(&diff, &options, &out);
 *     lk_lock_diff_html(&diff, &options, &out);
 *
 * Both tell changes most risky first, and what several platforms share once. Foreign text is
 * escaped for the language it stands in: no name, licence or address of a lock can close an
 * element, make a link, call somebody or reorder what is read. Equal diffs give equal bytes.
 */
#ifndef LK_LOCK_LOCK_DIFF_PAGES_H
#define LK_LOCK_LOCK_DIFF_PAGES_H

#include "lock/policy.h"

struct lk_diff_page_options {
	lk_str old_name, new_name; /* of the sides, as the reader knows them; foreign text */
	bool stat;                 /* the head only: counts and sizes */
	/* What fails by its section `diff` is marked and counted; NULL: no policy was given. */
	const struct lk_policy *policy;
};

/* What GitHub takes as a comment: 65,536 characters. Here they are bytes, and a few are left for
 * who posts it. */
#define LK_DIFF_COMMENT_MAX ((size_t)65000)
/* The first line of the Markdown, an HTML comment: how a pipeline finds its own comment again. */
#define LK_DIFF_COMMENT_MARK "<!-- lockenv diff -->"

/* GitHub-flavoured Markdown appended to OUT, at most LK_DIFF_COMMENT_MAX bytes, for GitHub, GitLab
 * and what follows them. Critical and high risks stand open and first, the rest folded. Where it
 * would be too long, the changes of the lowest risk are left out first, and counted in a line that
 * says so. No line begins with foreign text. */
void lk_lock_diff_markdown(const struct lk_lock_diff *diff,
	const struct lk_diff_page_options *options, struct lk_buf *out);

/* A whole HTML document appended to OUT: nothing in it is loaded from elsewhere, and its policy
 * forbids it; usable without its script, on paper, and by a screen reader. */
void lk_lock_diff_html(const struct lk_lock_diff *diff, const struct lk_diff_page_options *options,
	struct lk_buf *out);

#endif
