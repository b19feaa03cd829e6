/*
 * A table of text in columns as wide as they need to be.
 */
#ifndef LK_CLI_TABLE_H
#define LK_CLI_TABLE_H

#include "cli/app.h"

/* A zeroed struct is an empty table; cells are borrowed until it is put. */
struct lk_table {
	struct lk_strs cells; /* row by row; the heads first, if there are any */
	size_t n_columns;
	size_t indent;  /* blanks before each row */
	unsigned right; /* bits of the columns whose text ends, not begins, at their side */
};

void lk_table_done(struct lk_table *table);
/* For a table without heads set n_columns. Names the N columns, at most 32; one with '>' in front
 * holds numbers, which end at its right. */
void lk_table_heads(struct lk_table *table, const char *const *heads, size_t n);
void lk_table_cell(struct lk_table *table, lk_str text);
/* Appends it to APP's output, cells escaped, no white space at the ends of lines. */
void lk_table_put(const struct lk_table *table, struct lk_app *app);

#endif
