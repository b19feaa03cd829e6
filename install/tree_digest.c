/*
 * Tree digest.
 */
#include "install/tree_digest.h"

#include "base/sort.h"

#define PART_SIZE ((size_t)16 * 1024) /* that is hashed at once */

static char type_of(const struct lk_entry *entry)
{
	return entry->kind == LK_ENTRY_SOFTLINK     ? 'l'
		: entry->kind == LK_ENTRY_DIRECTORY ? 'd'
						    : 'f';
}

void lk_tree_digest_add_layout(struct lk_tree_lines *lines, const struct lk_layout *layout)
{
	lk_vec_reserve(lines, lines->len + layout->n_entries + layout->n_packages);
	for (size_t i = 0; i < layout->n_entries; i++) {
		const struct lk_entry *entry = &layout->entries[i];
		bool again = i > 0 && lk_str_eq(entry->path, layout->entries[i - 1].path) &&
			entry->kind == LK_ENTRY_DIRECTORY;
		if (!entry->lost && entry->kind != LK_ENTRY_PYC && !again) {
			lk_vec_push(lines,
				(struct lk_tree_line){entry->path, type_of(entry), entry->mode,
					entry->sha256, entry->target});
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

struct lk_sha256 lk_tree_digest(struct lk_tree_lines *lines)
{
	struct lk_sha256 result = {{0}};
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(SIZE_MAX);
	struct lk_digest *LK_CLEANUP(lk_digest_free_p) digest = lk_digest_new(LK_DIGEST_SHA256);
	lk_sort_runs(lines->items, lines->len, sizeof(*lines->items), cmp_line);
	for (size_t i = 0; i < lines->len; i++) {
		put_line(&text, &lines->items[i]);
		if (text.len >= PART_SIZE || i + 1 == lines->len) {
			lk_digest_update(digest, text.ptr, text.len);
			lk_buf_truncate(&text, 0);
		}
	}
	lk_digest_final(digest, result.bytes);
	return result;
}
