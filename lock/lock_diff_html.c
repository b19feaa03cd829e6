/*
 * The diff as one HTML file. Styles and script are constants (lock_diff_html_assets.c); the page's
 * policy allows these two by their digest and nothing else.
 */
#include "lock/lock_diff_pages.h"

#include "base/base64.h"
#include "lock/lock_diff_html_priv.h"
#include "lock/lock_diff_page_priv.h"

#define FOREIGN_MAX (LK_LOCK_MAX_BYTES * 4) /* of one foreign text, escaped */
#define SHORT_GROUP 8 /* a group of so few lines is not folded away, whatever its risk */

struct html {
	struct lk_buf *out;
	struct lk_diff_page *page;
	const struct lk_diff_page_options *options;
	struct lk_buf plain; /* a text before it is escaped for HTML */
};

static void put(struct html *h, const char *markup)
{
	lk_buf_puts(h->out, markup);
}

/* Any text, for element content and quoted attributes. */
static void put_text(struct html *h, lk_str text)
{
	lk_buf_clear(&h->plain);
	lk_buf_put_escaped(&h->plain, text);
	for (size_t i = 0; i < h->plain.len; i++) {
		char c = h->plain.ptr[i];
		switch (c) {
		case '&':
			put(h, "&amp;");
			break;
		case '<':
			put(h, "&lt;");
			break;
		case '>':
			put(h, "&gt;");
			break;
		case '"':
			put(h, "&quot;");
			break;
		case '\'':
			put(h, "&#39;");
			break;
		default:
			lk_buf_putc(h->out, c);
		}
	}
}

static void put_code(struct html *h, const struct lk_page_bit *bit)
{
	put(h, "<code>");
	if (bit->same > 0) {
		put(h, "<span class=\"same\">");
		put_text(h, lk_str_slice(bit->text, 0, bit->same));
		put(h, "</span>");
		put_text(h, lk_str_skip(bit->text, bit->same));
	} else {
		put_text(h, bit->text);
	}
	put(h, "</code>");
}

static void put_cell(struct html *h, const struct lk_page_cell *cell)
{
	for (size_t i = 0; i < cell->len; i++) {
		const struct lk_page_bit *bit = &cell->items[i];
		switch (bit->style) {
		case LK_PAGE_WORDS:
			put_text(h, bit->text);
			break;
		case LK_PAGE_STRONG:
			lk_buf_appendf(
				h->out, "<strong>" LK_STR_FMT "</strong>", LK_STR_ARG(bit->text));
			break;
		case LK_PAGE_FOREIGN:
			put_code(h, bit);
			break;
		case LK_PAGE_HEX:
			lk_buf_appendf(h->out, " <code class=\"hex\">" LK_STR_FMT "</code>",
				LK_STR_ARG(bit->text));
			break;
		case LK_PAGE_BREAK:
			put(h, "<br>");
			break;
		}
	}
}

static void put_td(struct html *h, const char *name, const struct lk_page_cell *cell)
{
	lk_buf_appendf(h->out, "<td class=\"%s\">", name);
	put_cell(h, cell);
	put(h, "</td>");
}

static void put_paragraph(struct html *h, const char *name, const struct lk_page_cell *cell)
{
	if (cell->len > 0) {
		lk_buf_appendf(h->out, "<p class=\"%s\">", name);
		put_cell(h, cell);
		put(h, "</p>\n");
	}
}

/* ---- head ---- */

static void put_digest(struct html *h, const struct lk_buf *text)
{
	struct lk_sha256 digest = lk_sha256_of(text->ptr, text->len);
	put(h, "'sha256-");
	lk_base64_put(h->out, digest.bytes, sizeof(digest.bytes));
	put(h, "'");
}

static void put_lines(struct lk_buf *out, const char *const *lines)
{
	for (size_t i = 0; lines[i]; i++) {
		lk_buf_puts(out, lines[i]);
		lk_buf_putc(out, '\n');
	}
}

static void put_head(struct html *h)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) style = LK_BUF_INIT((size_t)1 << 20);
	struct lk_buf LK_CLEANUP(lk_buf_done) script = LK_BUF_INIT((size_t)1 << 20);
	put_lines(&style, lk_diff_html_style);
	put_lines(&script, lk_diff_html_script);
	put(h,
		"<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"base-uri 'none'; form-action 'none'; style-src ");
	put_digest(h, &style);
	put(h, "; script-src ");
	put_digest(h, &script);
	put(h,
		"\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	put_text(h, h->options->new_name);
	put(h, ": changes of the lock</title>\n<style>");
	lk_buf_put(h->out, lk_buf_view(&style));
	put(h, "</style>\n</head>\n<body>\n");
}

static void put_script(struct html *h)
{
	put(h, "<script>");
	put_lines(h->out, lk_diff_html_script);
	put(h, "</script>\n");
}

static void put_title(struct html *h)
{
	lk_str verdict = lk_diff_page_verdict(h->page);
	const char *worst =
		h->page->worst == LK_SEVERITY_COUNT ? "none" : lk_severity_name(h->page->worst);
	put(h, "<header>\n<p class=\"sides\">Lock changes <code>");
	put_text(h, h->options->old_name);
	put(h, "</code> → <code>");
	put_text(h, h->options->new_name);
	put(h, "</code></p>\n");
	lk_buf_appendf(
		h->out, "<h1 class=\"%s\">" LK_STR_FMT "</h1>\n", worst, LK_STR_ARG(verdict));
	struct lk_page_cell line = {0};
	lk_diff_page_judgement(h->page, &line);
	put_paragraph(h, "policy", &line);
	lk_diff_page_asked(h->page, &line);
	put_paragraph(h, "asked", &line);
	lk_vec_done(&line);
	put(h, "</header>\n");
}

/* Stays in sight: how many of each risk, and the filter (which the script shows). */
static void put_bar(struct html *h)
{
	put(h, "<nav class=\"bar\" aria-label=\"Changes by risk\">\n");
	for (enum lk_severity severity = 0; severity < LK_SEVERITY_COUNT; severity++) {
		size_t n = h->page->by_severity[severity];
		const char *name = lk_severity_name(severity);
		if (n > 0 && !h->options->stat) {
			lk_buf_appendf(h->out,
				"<a class=\"risk %s\" href=\"#%s\"><b>%zu</b> %s</a>\n", name, name,
				n, name);
		} else {
			lk_buf_appendf(h->out, "<span class=\"risk %s%s\"><b>%zu</b> %s</span>\n",
				name, n == 0 ? " zero" : "", n, name);
		}
	}
	if (!h->options->stat) {
		put(h,
			"<span class=\"filter\" id=\"filter\" hidden><input type=\"search\" "
			"id=\"find\" placeholder=\"Filter\" aria-label=\"Filter the changes: "
			"package, version, platform, spec\" autocomplete=\"off\" "
			"spellcheck=\"false\"><output id=\"found\" "
			"for=\"find\"></output></span>\n");
	}
	put(h, "</nav>\n");
}

/* ---- platforms ---- */

static void put_from_to(struct html *h, lk_str from, lk_str to)
{
	lk_buf_appendf(h->out, "<td class=\"num\">" LK_STR_FMT " → " LK_STR_FMT "</td>",
		LK_STR_ARG(from), LK_STR_ARG(to));
}

static lk_str count_text(struct html *h, size_t n)
{
	return n == 0 ? LK_STR("–") : lk_str_printf(&h->page->arena, "%zu", n);
}

static void put_platform(
	struct html *h, const struct lk_platform_diff *platform, const size_t *counts)
{
	struct lk_arena *arena = &h->page->arena;
	put(h, "<tr><th scope=\"row\"><code>");
	put_text(h, platform->subdir);
	put(h, "</code>");
	put(h,
		!platform->from         ? " <span class=\"tag\">new</span>"
			: !platform->to ? " <span class=\"tag\">removed</span>"
					: "");
	put(h, "</th>");
	put_from_to(h, count_text(h, platform->from ? platform->from->n_packages : 0),
		count_text(h, platform->to ? platform->to->n_packages : 0));
	put_from_to(h, lk_page_bytes(arena, platform->size_from),
		lk_page_bytes(arena, platform->size_to));
	lk_buf_appendf(h->out, "<td class=\"num\">" LK_STR_FMT "</td>",
		LK_STR_ARG(lk_page_bytes(arena, platform->download)));
	for (enum lk_severity severity = 0; severity < LK_SEVERITY_COUNT; severity++) {
		lk_buf_appendf(h->out, "<td class=\"num risk %s%s\">" LK_STR_FMT "</td>",
			lk_severity_name(severity), counts[severity] == 0 ? " zero" : "",
			LK_STR_ARG(count_text(h, counts[severity])));
	}
	put(h, "</tr>\n");
}

static void put_platforms(struct html *h)
{
	const struct lk_lock_diff *diff = h->page->diff;
	if (diff->n_platforms == 0) {
		return;
	}
	put(h,
		"<div class=\"wide\"><table class=\"platforms\">\n<caption>Packages and "
		"archives, and changes by risk</caption>\n<thead><tr><th "
		"scope=\"col\">Platform</th><th scope=\"col\" class=\"num\">Packages</th><th "
		"scope=\"col\" class=\"num\">Size of archives</th><th scope=\"col\" "
		"class=\"num\">To download</th>");
	for (enum lk_severity severity = 0; severity < LK_SEVERITY_COUNT; severity++) {
		lk_buf_appendf(h->out, "<th scope=\"col\" class=\"num\">%s</th>",
			lk_severity_name(severity));
	}
	put(h, "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < diff->n_platforms; i++) {
		put_platform(h, &diff->platforms[i], h->page->by_platform[i]);
	}
	put(h, "</tbody>\n</table></div>\n");
}

/* ---- changes ---- */

/* The cell of the platforms, with their names for the filter: "all but win-64" is no match for it.
 */
static void put_where(
	struct html *h, const struct lk_page_entry *entry, const struct lk_page_cell *cell)
{
	const struct lk_lock_diff *diff = h->page->diff;
	size_t n = entry->set ? entry->set->n : diff->n_platforms;
	put(h, "<td class=\"where\" data-on=\"");
	for (size_t i = 0; i < n && !entry->platform; i++) {
		size_t at = entry->set ? entry->set->platforms[i] : i;
		put(h, i == 0 ? "" : " ");
		put_text(h, diff->platforms[at].subdir);
	}
	put(h, "\">");
	put_cell(h, cell);
	put(h, "</td>");
}

static void put_row(
	struct html *h, const struct lk_page_entry *entry, const struct lk_page_row *row)
{
	put(h, "<tr><th scope=\"row\" class=\"name\">");
	put_cell(h, &row->name);
	put(h, "</th>");
	put_td(h, "old", &row->old);
	put_td(h, "new", &row->new);
	if (h->page->many_platforms) {
		put_where(h, entry, &row->where);
	}
	put_td(h, "num size", &row->size);
	put_td(h, "why", &row->why);
	put(h, "</tr>\n");
}

/* The entries of one kind, which begin at FIRST. */
static void put_kind(struct html *h, enum lk_change kind, size_t first)
{
	struct lk_page_cell advice = {0};
	size_t n = h->page->by_kind[kind];
	bool open = lk_change_severity(kind) <= LK_SEVERITY_MEDIUM || n <= SHORT_GROUP;
	lk_buf_appendf(h->out, "<details id=\"%s\"%s>\n<summary><h3>", lk_change_name(kind),
		open ? " open" : "");
	put_text(h, lk_str_of(lk_change_title(kind)));
	lk_buf_appendf(h->out, "</h3> <span class=\"n\">%zu</span></summary>\n", n);
	lk_diff_page_advice(h->page, kind, &advice);
	put_paragraph(h, "advice", &advice);
	lk_vec_done(&advice);
	lk_buf_appendf(h->out,
		"<table class=\"changes\">\n<thead><tr><th scope=\"col\" class=\"name\">%s</th>"
		"<th scope=\"col\" class=\"old\">Old</th><th scope=\"col\" class=\"new\">New</th>"
		"%s<th scope=\"col\" class=\"num size\">Size</th><th scope=\"col\" "
		"class=\"why\">Why</th></tr></thead>\n<tbody>\n",
		h->page->entries.items[first].package ? "Package" : "What",
		h->page->many_platforms ? "<th scope=\"col\" class=\"where\">Platforms</th>" : "");
	struct lk_page_row row = {0};
	for (size_t i = first; i < first + n; i++) {
		lk_diff_page_row(h->page, &h->page->entries.items[i], &row);
		put_row(h, &h->page->entries.items[i], &row);
	}
	lk_page_row_done(&row);
	put(h, "</tbody>\n</table>\n</details>\n");
}

static void put_changes(struct html *h)
{
	enum lk_severity severity = LK_SEVERITY_COUNT;
	for (size_t i = 0; i < h->page->entries.len;) {
		enum lk_change kind = h->page->entries.items[i].kind;
		if (severity != lk_change_severity(kind)) {
			put(h, severity == LK_SEVERITY_COUNT ? "" : "</section>\n");
			severity = lk_change_severity(kind);
			const char *name = lk_severity_name(severity);
			lk_buf_appendf(h->out,
				"<section class=\"%s\" id=\"%s\">\n<h2>%s <span "
				"class=\"n\">%zu</span></h2>\n",
				name, name, lk_diff_page_heading(severity),
				h->page->by_severity[severity]);
		}
		put_kind(h, kind, i);
		i += h->page->by_kind[kind];
	}
	put(h, severity == LK_SEVERITY_COUNT ? "" : "</section>\n");
}

static void put_foot(struct html *h)
{
	lk_str note = lk_diff_page_note(h->page);
	lk_buf_appendf(h->out,
		"<footer>\n<p>What several platforms share stands here once. Sizes are those of "
		"the archives. " LK_STR_FMT,
		LK_STR_ARG(note));
	put(h, "</p>\n<p>Made by <code>lockenv diff --format html</code>.</p>\n</footer>\n");
}

void lk_lock_diff_html(const struct lk_lock_diff *diff, const struct lk_diff_page_options *options,
	struct lk_buf *out)
{
	struct lk_diff_page page;
	lk_diff_page_make(diff, options, &page);
	struct html h = {out, &page, options, LK_BUF_INIT(FOREIGN_MAX)};
	put_head(&h);
	put_title(&h);
	put_bar(&h);
	put(&h, "<main>\n");
	put_platforms(&h);
	if (!options->stat) {
		put_changes(&h);
	}
	put(&h, "</main>\n");
	put_foot(&h);
	if (!options->stat) {
		put_script(&h);
	}
	put(&h, "</body>\n</html>\n");
	lk_buf_done(&h.plain);
	lk_diff_page_done(&page);
}
