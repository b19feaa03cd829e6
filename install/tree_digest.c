/*
 * Tree digest.
 */
#include "install/tree_digest.h"

#include <stdio.h>
#include <stdlib.h>

static char type_of(const struct lk_entry *entry)
{
	return entry->kind == LK_ENTRY_SOFTLINK     ? 'l'
		: entry->kind == LK_ENTRY_DIRECTORY ? 'd'
						    : 'f';
}

void lk_tree_digest_add_layout(struct lk_tree_lines *lines, const struct lk_layout *layout)
{
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
static void add_text(struct lk_digest *digest, lk_str text)
{
	size_t from = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == '\n' || c == '\\') {
			lk_digest_update(digest, text.ptr + from, i - from);
			lk_digest_update(digest, c == '\n' ? "\\n" : "\\\\", 2);
			from = i + 1;
		}
	}
	lk_digest_update(digest, text.ptr + from, text.len - from);
}

static void add_line(struct lk_digest *digest, const struct lk_tree_line *line)
{
	char hex[LK_HEX_MAX];
	char mode[16] = "-";
	lk_str content = line->target;
	if (line->type != 'l') {
		snprintf(mode, sizeof(mode), "%o", line->mode);
	}
	if (line->type == 'f') {
		lk_hex(line->sha256.bytes, LK_SHA256_LEN, hex);
		content = lk_str_of(hex);
	}
	add_text(digest, line->path);
	lk_digest_update(digest, "\0", 1);
	lk_digest_update(digest, &line->type, 1);
	lk_digest_update(digest, "\0", 1);
	lk_digest_update(digest, mode, strlen(mode));
	lk_digest_update(digest, "\0", 1);
	add_text(digest, content);
	lk_digest_update(digest, "\n", 1);
}

struct lk_sha256 lk_tree_digest(struct lk_tree_lines *lines)
{
	struct lk_sha256 result = {{0}};
	struct lk_digest *LK_CLEANUP(lk_digest_free_p) digest = lk_digest_new(LK_DIGEST_SHA256);
	if (lines->len > 0) {
		qsort(lines->items, lines->len, sizeof(*lines->items), cmp_line);
	}
	for (size_t i = 0; i < lines->len; i++) {
		add_line(digest, &lines->items[i]);
	}
	lk_digest_final(digest, result.bytes);
	return result;
}
