/*
 * Columns: measured as they are shown, then put.
 */
#include "cli/table.h"

#define GAP 2
#define MAX_COLUMNS 32
#define MAX_CELL ((size_t)1 << 20)

void lk_table_done(struct lk_table *table)
{
	lk_vec_done(&table->cells);
}

void lk_table_heads(struct lk_table *table, const char *const *heads, size_t n)
{
	table->n_columns = n;
	for (size_t i = 0; i < n; i++) {
		lk_str head = lk_str_of(heads[i]);
		bool right = lk_str_starts(head, LK_STR(">"));
		table->right |= right ? 1u << i : 0;
		lk_vec_push(&table->cells, lk_str_skip(head, right));
	}
}

void lk_table_cell(struct lk_table *table, lk_str text)
{
	lk_vec_push(&table->cells, text);
}

/* Columns that TEXT takes once escaped. */
static size_t width_of(lk_str text)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) shown = LK_BUF_INIT(MAX_CELL);
	lk_buf_put_escaped(&shown, text);
	size_t width = 0;
	for (size_t i = 0; i < shown.len; i++) {
		width += ((unsigned char)shown.ptr[i] & 0xC0) != 0x80;
	}
	return width;
}

static void put_gap(struct lk_buf *out, size_t n)
{
	while (n-- > 0) {
		lk_buf_putc(out, ' ');
	}
}

void lk_table_put(const struct lk_table *table, struct lk_app *app)
{
	size_t widths[MAX_COLUMNS] = {0};
	size_t n = table->n_columns;
	for (size_t i = 0; i < table->cells.len; i++) {
		size_t width = width_of(table->cells.items[i]);
		widths[i % n] = width > widths[i % n] ? width : widths[i % n];
	}
	size_t gap = table->indent; /* owed before the next cell that has text */
	for (size_t i = 0; i < table->cells.len; i++) {
		lk_str cell = table->cells.items[i];
		size_t column = i % n;
		size_t fill = widths[column] - width_of(cell);
		bool right = table->right & 1u << column;
		if (cell.len > 0) {
			put_gap(&app->out, gap + (right ? fill : 0));
			lk_app_text(app, cell, 0);
			gap = 0;
		}
		gap += GAP + (right && cell.len > 0 ? 0 : fill);
		if (column + 1 == n) {
			lk_buf_putc(&app->out, '\n');
			gap = table->indent;
		}
	}
}
