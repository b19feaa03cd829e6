/*
 * The constant parts of the HTML page.
 */
#ifndef LK_LOCK_LOCK_DIFF_HTML_PRIV_H
#define LK_LOCK_LOCK_DIFF_HTML_PRIV_H

/* Lines without their ends; NULL after the last. */
extern const char *const lk_diff_html_style[];
extern const char *const lk_diff_html_script[];

#endif
