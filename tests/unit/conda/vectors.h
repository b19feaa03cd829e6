/*
 * The vector files of tests/data/vectors for unit tests: lines of fields with a tab between.
 */
#ifndef LK_TESTS_CONDA_VECTORS_H
#define LK_TESTS_CONDA_VECTORS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/str.h"

#define VECTORS_MAX_FIELDS 3

struct vector_row {
	lk_str field[VECTORS_MAX_FIELDS];
};

struct vectors {
	struct lk_buf text;
	struct vector_row *rows;
	size_t len, cap;
};

static inline void vectors_done(struct vectors *v)
{
	lk_buf_done(&v->text);
	lk_free(v->rows);
}

static inline void vectors_add(struct vectors *v, lk_str line, size_t n_fields)
{
	struct vector_row row = {0};
	for (size_t i = 0; i < n_fields; i++) {
		if (!lk_str_split(&line, '\t', &row.field[i])) {
			fail_msg("line %zu has too few fields", v->len + 1);
		}
	}
	if (v->len == v->cap) {
		v->cap = lk_vec_grown(v->cap, v->len + 1);
		v->rows = lk_reallocarray(v->rows, v->cap, sizeof(*v->rows));
	}
	v->rows[v->len++] = row;
}

/* All lines of tests/data/vectors/NAME; a missing file or field fails the test. */
static inline struct vectors vectors_read(const char *name, size_t n_fields)
{
	struct vectors v = {.text = LK_BUF_INIT(1 << 20)};
	char path[4096];
	snprintf(path, sizeof(path), "%s/vectors/%s", LK_TEST_DATA, name);
	FILE *file = fopen(path, "rb");
	if (!file) {
		fail_msg("cannot open %s", path);
	}
	char chunk[4096];
	size_t got;
	while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0) {
		lk_buf_append(&v.text, chunk, got);
	}
	fclose(file);
	lk_str rest = lk_str_trim(lk_buf_view(&v.text));
	lk_str line;
	while (lk_str_split(&rest, '\n', &line)) {
		vectors_add(&v, line, n_fields);
	}
	return v;
}

#endif
