/*
 * The diff as a comment on a pull or merge request, in GitHub-flavoured Markdown.
 *
 * All foreign text stands in code spans: in them nothing is markup, GitHub and GitLab link no
 * mention, issue or address, and draw no emoji. So only what could end a span, a cell of a table or
 * a line needs care.
 */
#include "lock/lock_diff_pages.h"

#include "lock/lock_diff_page_priv.h"

#define FOREIGN_MAX 160   /* bytes of one foreign text; longer ones are cut in the middle */
#define HEX_LINE 16       /* digits of a digest in one line of a cell */
#define RESERVE 4096      /* for the lines at the end: what was left out, what is not known */
#define LATER_ROWS 20     /* rows that a long kind leaves room for in each later one */
#define ROW_ROOM 250      /* ... of about so many bytes */
#define KIND_ROOM 500     /* ... and about so many for its heading */
#define PLATFORM_MAX 1024 /* a line of the table of platforms */

struct markdown {
	struct lk_buf *out;
	struct lk_diff_page *page;
	const struct lk_diff_page_options *options;
	size_t start; /* of the comment in OUT */
	size_t left_out[LK_CHANGE_COUNT];
	enum lk_severity cut; /* of the first kind that was not told whole; COUNT: none */
};

static void put_code(struct markdown *m, struct lk_buf *out, lk_str text, bool in_table)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) escaped = LK_BUF_INIT(LK_LOCK_MAX_BYTES * 4);
	lk_buf_put_escaped(&escaped, text);
	lk_str plain = lk_str_shorten(&m->page->arena, lk_buf_view(&escaped), FOREIGN_MAX);
	if (plain.len == 0) {
		return;
	}
	lk_buf_putc(out, '`');
	for (size_t i = 0; i < plain.len; i++) {
		char c = plain.ptr[i];
		bool before_pipe = i + 1 < plain.len && plain.ptr[i + 1] == '|';
		if (c == '`') {
			lk_buf_puts(out, "\\x60");
		} else if (c == '|' && in_table) {
			lk_buf_puts(out, "\\|");
		} else if (c == '\\' && in_table && before_pipe) {
			lk_buf_puts(out, "\\x5c");
		} else {
			lk_buf_putc(out, c);
		}
	}
	lk_buf_putc(out, '`');
}

/* Text of ours: without Markdown's own characters but those that HTML has too. */
static void put_words(struct lk_buf *out, lk_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == '<') {
			lk_buf_puts(out, "&lt;");
		} else if (c == '>') {
			lk_buf_puts(out, "&gt;");
		} else {
			lk_buf_putc(out, c);
		}
	}
}

static void put_bits(
	struct markdown *m, struct lk_buf *out, const struct lk_page_cell *cell, bool in_table)
{
	for (size_t i = 0; i < cell->len; i++) {
		const struct lk_page_bit *bit = &cell->items[i];
		switch (bit->style) {
		case LK_PAGE_WORDS:
			put_words(out, bit->text);
			break;
		case LK_PAGE_STRONG:
			lk_buf_appendf(out, "**" LK_STR_FMT "**", LK_STR_ARG(bit->text));
			break;
		case LK_PAGE_FOREIGN:
			put_code(m, out, bit->text, in_table);
			break;
		case LK_PAGE_HEX:
			for (size_t at = 0; at < bit->text.len; at += HEX_LINE) {
				lk_str part = lk_str_slice(bit->text, at, at + HEX_LINE);
				lk_buf_puts(out, "<br>");
				put_code(m, out, part, in_table);
			}
			break;
		case LK_PAGE_BREAK:
			lk_buf_puts(out, "<br>");
			break;
		}
	}
}

static void put_paragraph(struct markdown *m, struct lk_buf *out, const struct lk_page_cell *cell)
{
	if (cell->len > 0) {
		put_bits(m, out, cell, false);
		lk_buf_puts(out, "\n\n");
	}
}

static void put_cell(struct markdown *m, struct lk_buf *out, const struct lk_page_cell *cell)
{
	lk_buf_putc(out, ' ');
	put_bits(m, out, cell, true);
	lk_buf_puts(out, cell->len > 0 ? " |" : "|");
}

static void put_row(struct markdown *m, struct lk_buf *out, const struct lk_page_entry *entry)
{
	struct lk_page_row row = {0};
	lk_diff_page_row(m->page, entry, &row);
	lk_buf_putc(out, '|');
	put_cell(m, out, &row.name);
	put_cell(m, out, &row.old);
	put_cell(m, out, &row.new);
	if (m->page->many_platforms) {
		put_cell(m, out, &row.where);
	}
	put_cell(m, out, &row.size);
	put_cell(m, out, &row.why);
	lk_buf_putc(out, '\n');
	lk_page_row_done(&row);
}

/* ---- head ---- */

static bool fits(const struct markdown *m, size_t more)
{
	return m->out->len - m->start + more + RESERVE <= LK_DIFF_COMMENT_MAX;
}

static void put_counts(struct markdown *m)
{
	lk_buf_puts(m->out, "| risk | changes | of which |\n|:--|--:|:--|\n");
	for (enum lk_severity severity = 0; severity < LK_SEVERITY_COUNT; severity++) {
		size_t n = m->page->by_severity[severity];
		if (n == 0) {
			continue;
		}
		const char *bold = severity <= LK_SEVERITY_HIGH ? "**" : "";
		lk_buf_appendf(m->out, "| %s%s%s | %s%zu%s |", bold, lk_severity_name(severity),
			bold, bold, n, bold);
		const char *before = " ";
		for (enum lk_change kind = 0; kind < LK_CHANGE_COUNT; kind++) {
			if (lk_change_severity(kind) == severity && m->page->by_kind[kind] > 0) {
				lk_buf_puts(m->out, before);
				put_words(m->out, lk_str_of(lk_change_title(kind)));
				lk_buf_appendf(m->out, " %zu", m->page->by_kind[kind]);
				before = ", ";
			}
		}
		lk_buf_puts(m->out, " |\n");
	}
	lk_buf_putc(m->out, '\n');
}

static void put_platforms(struct markdown *m)
{
	struct lk_arena *arena = &m->page->arena;
	lk_buf_puts(m->out,
		"| platform | packages | size of archives | to download |\n"
		"|:--|--:|--:|--:|\n");
	for (size_t i = 0; i < m->page->diff->n_platforms && fits(m, PLATFORM_MAX); i++) {
		const struct lk_platform_diff *platform = &m->page->diff->platforms[i];
		lk_buf_puts(m->out, "| ");
		put_code(m, m->out, platform->subdir, true);
		lk_buf_appendf(m->out,
			"%s | %zu → %zu | " LK_STR_FMT " → " LK_STR_FMT " | " LK_STR_FMT " |\n",
			!platform->from         ? " new"
				: !platform->to ? " removed"
						: "",
			platform->from ? platform->from->n_packages : 0,
			platform->to ? platform->to->n_packages : 0,
			LK_STR_ARG(lk_page_bytes(arena, platform->size_from)),
			LK_STR_ARG(lk_page_bytes(arena, platform->size_to)),
			LK_STR_ARG(lk_page_bytes(arena, platform->download)));
	}
	lk_buf_putc(m->out, '\n');
}

static void put_head(struct markdown *m)
{
	lk_buf_puts(m->out, LK_DIFF_COMMENT_MARK "\n### Lock changes: ");
	put_code(m, m->out, m->options->new_name, false);
	lk_buf_appendf(
		m->out, "\n\n**" LK_STR_FMT "**\n\n", LK_STR_ARG(lk_diff_page_verdict(m->page)));
	struct lk_page_cell line = {0};
	lk_diff_page_judgement(m->page, &line);
	put_paragraph(m, m->out, &line);
	lk_diff_page_asked(m->page, &line);
	put_paragraph(m, m->out, &line);
	lk_vec_done(&line);
	if (m->page->entries.len > 0) {
		put_counts(m);
		put_platforms(m);
	}
}

/* ---- changes ---- */

/* What the later kinds of the same severity need at least, so that a long one leaves them room. */
static size_t room_for_later(const struct markdown *m, enum lk_change kind)
{
	size_t room = 0;
	for (enum lk_change later = kind + 1;
		later < LK_CHANGE_COUNT && lk_change_severity(later) == lk_change_severity(kind);
		later++) {
		size_t n = m->page->by_kind[later];
		room += n == 0 ? 0 : KIND_ROOM + (n < LATER_ROWS ? n : LATER_ROWS) * ROW_ROOM;
	}
	return room;
}

static void put_kind_head(struct markdown *m, struct lk_buf *out, enum lk_change kind, bool table)
{
	enum lk_severity severity = lk_change_severity(kind);
	struct lk_page_cell advice = {0};
	bool folded = severity > LK_SEVERITY_HIGH;
	lk_buf_appendf(out, folded ? "<details><summary><b>%s</b>: " : "#### %s: ",
		lk_diff_page_heading(severity));
	put_words(out, lk_str_of(lk_change_title(kind)));
	lk_buf_appendf(out, folded ? " (%zu)</summary>\n\n" : " (%zu)\n\n", m->page->by_kind[kind]);
	lk_diff_page_advice(m->page, kind, &advice);
	put_paragraph(m, out, &advice);
	lk_vec_done(&advice);
	if (table) {
		bool where = m->page->many_platforms;
		lk_buf_appendf(out,
			"| package | old | new |%s size | why |\n|:--|:--|:--|%s--:|:--|\n",
			where ? " platforms |" : "", where ? ":--|" : "");
	}
}

/* Only names, for more critical changes than a comment can tell. */
static size_t put_names(
	struct markdown *m, struct lk_buf *out, const struct lk_page_entry *entries, size_t n)
{
	size_t i = 0;
	for (; i < n && entries[i].package && fits(m, out->len + (size_t)FOREIGN_MAX * 4); i++) {
		lk_buf_puts(out, i == 0 ? "" : ", ");
		put_code(m, out, entries[i].package->change->name, false);
	}
	lk_buf_puts(out, "\n\n");
	return i;
}

static size_t put_rows(
	struct markdown *m, struct lk_buf *out, const struct lk_page_entry *entries, size_t n)
{
	size_t later = room_for_later(m, entries->kind);
	size_t i = 0;
	for (; i < n; i++) {
		size_t before = out->len;
		put_row(m, out, &entries[i]);
		if (!fits(m, out->len + later)) {
			lk_buf_truncate(out, before);
			break;
		}
	}
	return i;
}

/* Returns how many of the N entries are told: none where a riskier kind was cut already. */
static size_t put_kind(struct markdown *m, const struct lk_page_entry *entries, size_t n)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_DIFF_COMMENT_MAX * 2);
	enum lk_change kind = entries->kind;
	enum lk_severity severity = lk_change_severity(kind);
	if (m->cut < severity) {
		return 0;
	}
	put_kind_head(m, &text, kind, true);
	size_t told = put_rows(m, &text, entries, n);
	lk_buf_puts(&text, severity > LK_SEVERITY_HIGH ? "\n</details>\n\n" : "\n");
	if (told < n && severity == LK_SEVERITY_CRITICAL) {
		lk_buf_clear(&text);
		put_kind_head(m, &text, kind, false);
		told = put_names(m, &text, entries, n);
	}
	if (told > 0) {
		lk_buf_put(m->out, lk_buf_view(&text));
	}
	return told;
}

static void put_left_out(struct markdown *m)
{
	if (m->cut == LK_SEVERITY_COUNT) {
		return;
	}
	const char *before = "";
	lk_buf_puts(m->out, "**Left out here, to stay within the length of a comment:** ");
	for (enum lk_change kind = 0; kind < LK_CHANGE_COUNT; kind++) {
		if (m->left_out[kind] > 0) {
			lk_buf_appendf(m->out, "%s%zu ", before, m->left_out[kind]);
			put_words(m->out, lk_str_of(lk_change_title(kind)));
			before = ", ";
		}
	}
	lk_buf_puts(m->out, ". All of them: `lockenv diff` ");
	put_code(m, m->out, m->options->old_name, false);
	lk_buf_putc(m->out, ' ');
	put_code(m, m->out, m->options->new_name, false);
	lk_buf_puts(m->out, "\n\n");
}

void lk_lock_diff_markdown(const struct lk_lock_diff *diff,
	const struct lk_diff_page_options *options, struct lk_buf *out)
{
	struct lk_diff_page page;
	lk_diff_page_make(diff, options, &page);
	struct markdown m = {.out = out,
		.page = &page,
		.options = options,
		.start = out->len,
		.cut = LK_SEVERITY_COUNT};
	put_head(&m);
	for (size_t i = 0; i < page.entries.len && !options->stat;) {
		enum lk_change kind = page.entries.items[i].kind;
		size_t n = page.by_kind[kind];
		m.left_out[kind] = n - put_kind(&m, &page.entries.items[i], n);
		if (m.left_out[kind] > 0 && m.cut == LK_SEVERITY_COUNT) {
			m.cut = lk_change_severity(kind);
		}
		i += n;
	}
	put_left_out(&m);
	lk_str note = lk_diff_page_note(&page);
	if (note.len > 0 && !options->stat) {
		lk_buf_appendf(out, LK_STR_FMT "\n", LK_STR_ARG(note));
	}
	lk_diff_page_done(&page);
}
