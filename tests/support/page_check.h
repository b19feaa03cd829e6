/*
 * What every page of a diff must keep to, whatever stands in the locks: a small reader of HTML that
 * checks nesting, and one of the Markdown that lockenv writes. Both name the first fault.
 */
#ifndef TESTS_SUPPORT_PAGE_CHECK_H
#define TESTS_SUPPORT_PAGE_CHECK_H

#include <stdio.h>

#include "base/str.h"
#include "lock/lock_diff_pages.h"

#define PAGE_DEPTH 32

/* The first fault; empty: none. */
struct page_fault {
	char text[200];
};

#define PAGE_FAULT(fault, ...) ((void)snprintf((fault)->text, sizeof((fault)->text), __VA_ARGS__))

/* Is ITEM one of the words of LIST (" a b c ")? */
static inline bool page_in(const char *list, lk_str item)
{
	char *word = lk_asprintf(" " LK_STR_FMT " ", LK_STR_ARG(item));
	bool found = strstr(list, word) != NULL;
	lk_free(word);
	return found;
}

/* ---- HTML ---- */

/* The name of the tag that TAG (from '<' to '>') opens or closes. */
static inline lk_str page_tag_name(lk_str tag)
{
	size_t from = tag.ptr[1] == '/' ? 2 : 1;
	size_t to = from;
	while (to < tag.len && lk_is_alnum(tag.ptr[to])) {
		to++;
	}
	return lk_str_slice(tag, from, to);
}

static inline void page_html_tag(
	lk_str tag, lk_str open[PAGE_DEPTH], size_t *depth, struct page_fault *fault)
{
	lk_str name = page_tag_name(tag);
	if (!page_in(" html head meta title style body header p code strong h1 nav a b span input "
		     "output "
		     "main div table caption thead tbody tr th td section h2 h3 details summary br "
		     "script footer ",
		    name)) {
		PAGE_FAULT(fault, "unknown element " LK_STR_FMT, LK_STR_ARG(tag));
	} else if (tag.ptr[1] == '/') {
		if (*depth == 0 || !lk_str_eq(open[*depth - 1], name)) {
			PAGE_FAULT(fault, "wrongly closed: " LK_STR_FMT, LK_STR_ARG(tag));
		} else {
			--*depth;
		}
	} else if (!page_in(" meta br input ", name)) {
		if (*depth == PAGE_DEPTH) {
			PAGE_FAULT(fault, "nested too deep");
		} else {
			open[(*depth)++] = name;
		}
	}
}

/* Every element known and closed in its order, no stray '<' or '&', no control character. */
static inline struct page_fault page_html_fault(lk_str page)
{
	struct page_fault fault = {""};
	lk_str open[PAGE_DEPTH];
	size_t depth = 0;
	lk_str rest = lk_str_skip(page, strlen("<!doctype html>"));
	if (!lk_str_starts(page, LK_STR("<!doctype html>"))) {
		PAGE_FAULT(&fault, "no doctype");
	}
	while (rest.len > 0 && !fault.text[0]) {
		size_t tag = lk_str_find_char(rest, '<');
		lk_str text = lk_str_slice(rest, 0, tag == SIZE_MAX ? rest.len : tag);
		bool raw = depth > 0 && page_in(" style script ", open[depth - 1]);
		if (!raw && lk_str_find_char(text, '>') != SIZE_MAX) {
			PAGE_FAULT(&fault, "a stray '>'");
		}
		rest = lk_str_skip(rest, text.len);
		if (rest.len > 0) {
			size_t end = lk_str_find_char(rest, '>');
			lk_str one = lk_str_slice(rest, 0, end == SIZE_MAX ? rest.len : end + 1);
			page_html_tag(one, open, &depth, &fault);
			rest = lk_str_skip(rest, one.len);
		}
	}
	if (depth != 0 && !fault.text[0]) {
		PAGE_FAULT(&fault, "not closed: " LK_STR_FMT, LK_STR_ARG(open[depth - 1]));
	}
	return fault;
}

/* ---- Markdown ---- */

/* LINE without its code spans, each of which is `x`; how many unescaped pipes LINE has. */
static inline size_t page_outside(lk_str line, struct lk_buf *outside)
{
	size_t pipes = 0;
	bool in_code = false;
	lk_buf_clear(outside);
	for (size_t i = 0; i < line.len; i++) {
		char c = line.ptr[i];
		pipes += c == '|' && (i == 0 || line.ptr[i - 1] != '\\') ? 1 : 0;
		if (c == '`') {
			in_code = !in_code;
		} else if (!in_code) {
			lk_buf_putc(outside, c);
		}
	}
	if (in_code) {
		lk_buf_puts(outside, "`");
	}
	return pipes;
}

/* Our own markup taken out, nothing may be left that Markdown, HTML or a forge would act on. */
static inline void page_strip(struct lk_buf *text, const char *markup)
{
	char *at;
	while (text->len > 0 && (at = strstr(text->ptr, markup)) != NULL) {
		size_t len = strlen(markup);
		memmove(at, at + len, (size_t)(text->ptr + text->len - at) - len);
		lk_buf_truncate(text, text->len - len);
	}
}

static inline void page_line_fault(
	lk_str line, const struct lk_buf *outside, struct page_fault *fault)
{
	static const char *const ours[] = {"<br>", "<details>", "</details>", "<summary>",
		"</summary>", "<b>", "</b>", LK_DIFF_COMMENT_MARK, "#### ", "### ", "&lt;", "&gt;"};
	struct lk_buf text = LK_BUF_INIT((size_t)1 << 20);
	lk_buf_put(&text, lk_buf_view(outside));
	for (size_t i = 0; i < LK_COUNTOF(ours); i++) {
		page_strip(&text, ours[i]);
	}
	const char *bad = strpbrk(lk_buf_cstr(&text), "<>@#[]`\\&_~$\x1b");
	if (bad) {
		PAGE_FAULT(fault, "'%c' outside of code: " LK_STR_FMT, *bad, LK_STR_ARG(line));
	}
	lk_buf_done(&text);
}

/* Within the length; foreign text in code spans only; every row as wide as its table. */
static inline struct page_fault page_markdown_fault(lk_str page)
{
	struct page_fault fault = {""};
	struct lk_buf outside = LK_BUF_INIT((size_t)1 << 20);
	size_t columns = 0;
	int folded = 0;
	lk_str rest = page;
	lk_str line;
	if (page.len > LK_DIFF_COMMENT_MAX) {
		PAGE_FAULT(&fault, "%zu bytes", page.len);
	}
	while (lk_str_split(&rest, '\n', &line) && !fault.text[0]) {
		size_t pipes = page_outside(line, &outside);
		page_line_fault(line, &outside, &fault);
		bool row = lk_str_starts(line, LK_STR("|"));
		if (row && columns != 0 && pipes != columns) {
			PAGE_FAULT(&fault, "%zu pipes, not %zu: " LK_STR_FMT, pipes, columns,
				LK_STR_ARG(line));
		}
		columns = row ? pipes : 0;
		folded += lk_str_starts(line, LK_STR("<details>")) ? 1 : 0;
		folded -= lk_str_starts(line, LK_STR("</details>")) ? 1 : 0;
		if (folded < 0 || folded > 1) {
			PAGE_FAULT(&fault, "details are not balanced");
		}
	}
	if (folded != 0 && !fault.text[0]) {
		PAGE_FAULT(&fault, "details stay open");
	}
	lk_buf_done(&outside);
	return fault;
}

#endif
