/*
 * Tree digest.
 */
#include "install/tree_digest.h"

#include "base/sort.h"

#define LINE_ROOM 192 /* bytes; nearly always more than what a line takes */

static char type_of(const struct lk_entry *entry)
{
	return entry->kind == LK_ENTRY_SOFTLINK     ? 'l'
		: entry->kind == LK_ENTRY_DIRECTORY ? 'd'
						    : 'f';
}

static void add_layout(struct lk_tree_lines *lines, const struct lk_layout *layout)
{
	lk_vec_reserve(lines, layout->n_entries);
	for (size_t i = 0; i < layout->n_entries; i++) {
		const struct lk_entry *entry = &layout->entries[i];
		bool again = i > 0 && lk_str_eq(entry->path, layout->entries[i - 1].path) &&
			entry->kind == LK_ENTRY_DIRECTORY;
		if (!entry->lost && entry->kind != LK_ENTRY_PYC && !again) {
			lk_vec_push(lines,
				(struct lk_tree_line){entry->path, type_of(entry), entry->mode,
					entry->sha256, entry->target, 0});
		}
	}
}

static int cmp_line(const void *a, const void *b)
{
	return lk_str_cmp(
		((const struct lk_tree_line *)a)->path, ((const struct lk_tree_line *)b)->path);
}

/* TEXT, on one line. */
static void put_text(struct lk_buf *out, lk_str text)
{
	size_t from = 0;
	if (!lk_str_has_control(text) && lk_str_find_char(text, '\\') == SIZE_MAX) {
		lk_buf_put(out, text);
		return;
	}
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == '\n' || c == '\\') {
			lk_buf_append(out, text.ptr + from, i - from);
			lk_buf_puts(out, c == '\n' ? "\\n" : "\\\\");
			from = i + 1;
		}
	}
	lk_buf_append(out, text.ptr + from, text.len - from);
}

static void put_mode(struct lk_buf *out, unsigned mode)
{
	if (mode == 0644 || mode == 0755) {
		lk_buf_puts(out, mode == 0644 ? "644" : "755"); /* nearly all */
	} else {
		lk_buf_appendf(out, "%o", mode);
	}
}

static void put_line(struct lk_buf *out, const struct lk_tree_line *line)
{
	char hex[LK_HEX_MAX];
	lk_str content = line->target;
	put_text(out, line->path);
	lk_buf_putc(out, '\0');
	lk_buf_putc(out, line->type);
	lk_buf_putc(out, '\0');
	if (line->type == 'l') {
		lk_buf_putc(out, '-');
	} else {
		put_mode(out, line->mode);
	}
	lk_buf_putc(out, '\0');
	if (line->type == 'f') {
		lk_hex(line->sha256.bytes, LK_SHA256_LEN, hex);
		content = lk_str_of(hex);
	}
	put_text(out, content);
	lk_buf_putc(out, '\n');
}

void lk_tree_text_make(const struct lk_layout *layout, struct lk_tree_text *ret)
{
	struct lk_tree_text made = {.text = LK_BUF_INIT(SIZE_MAX)};
	struct lk_tree_lines *lines = &made.lines;
	add_layout(lines, layout);
	lk_sort_runs(lines->items, lines->len, sizeof(*lines->items), cmp_line);
	(void)lk_buf_room(&made.text, lines->len * LINE_ROOM);
	for (size_t i = 0; i < lines->len; i++) {
		put_line(&made.text, &lines->items[i]);
		lines->items[i].end = made.text.len;
	}
	*ret = made;
}

void lk_tree_text_done(struct lk_tree_text *text)
{
	lk_vec_done(&text->lines);
	lk_buf_done(&text->text);
}

/* Where in the text the lines begin that do not go before LINE. */
static size_t find_place(const struct lk_tree_text *text, const struct lk_tree_line *line)
{
	size_t low = 0;
	size_t high = text->lines.len;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (cmp_line(&text->lines.items[middle], line) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low > 0 ? text->lines.items[low - 1].end : 0;
}

struct lk_sha256 lk_tree_digest(const struct lk_tree_text *text, struct lk_tree_lines *lines)
{
	struct lk_sha256 result = {{0}};
	struct lk_buf LK_CLEANUP(lk_buf_done) own = LK_BUF_INIT(SIZE_MAX);
	struct lk_digest *LK_CLEANUP(lk_digest_free_p) digest = lk_digest_new(LK_DIGEST_SHA256);
	lk_str all = lk_buf_view(&text->text);
	size_t done = 0;
	lk_sort_runs(lines->items, lines->len, sizeof(*lines->items), cmp_line);
	for (size_t i = 0; i < lines->len; i++) {
		size_t place = find_place(text, &lines->items[i]);
		lk_str before = lk_str_slice(all, done, place);
		lk_digest_update(digest, before.ptr, before.len);
		done = place;
		lk_buf_truncate(&own, 0);
		put_line(&own, &lines->items[i]);
		lk_digest_update(digest, own.ptr, own.len);
	}
	lk_str rest = lk_str_skip(all, done);
	lk_digest_update(digest, rest.ptr, rest.len);
	lk_digest_final(digest, result.bytes);
	return result;
}
