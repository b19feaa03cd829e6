/*
 * Platforms made from rows of text: shared by the tests of what walks the graph.
 */
#ifndef LK_TESTS_GRAPH_SAMPLE_H
#define LK_TESTS_GRAPH_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lock/lock_graph.h"

/* A package of version 1, in the order of names; lists are cut at ';'. */
struct row {
	const char *name, *depends, *constrains;
};

LK_UNUSED static struct lk_str_list cut(const char *text, struct lk_arena *arena)
{
	lk_str rest = lk_str_of(text);
	lk_str part;
	lk_str *items = lk_arena_calloc(arena, rest.len + 1, sizeof(*items));
	size_t n = 0;
	while (lk_str_split(&rest, ';', &part)) {
		items[n++] = lk_str_trim(part);
	}
	return (struct lk_str_list){items, n};
}

/* A linux-64 with __glibc 2.28, everything owned by ARENA but the virtual packages: lk_vec_done. */
LK_UNUSED static struct lk_lock_platform platform_of(
	const struct row *rows, size_t n, const char *specs, struct lk_arena *arena)
{
	struct lk_record *packages = lk_arena_calloc(arena, n, sizeof(*packages));
	for (size_t i = 0; i < n; i++) {
		packages[i] = (struct lk_record){
			.name = lk_str_of(rows[i].name),
			.version = LK_STR("1"),
			.build = LK_STR("0"),
			.subdir = LK_STR("linux-64"),
			.channel = LK_STR("main"),
			.depends = cut(rows[i].depends, arena),
			.constrains = cut(rows[i].constrains, arena),
		};
		assert_true(i == 0 || lk_str_cmp(packages[i - 1].name, packages[i].name) < 0);
	}
	struct lk_lock_platform platform = {
		.subdir = LK_STR("linux-64"),
		.specs = cut(specs, arena),
		.packages = packages,
		.n_packages = n,
	};
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(lk_virtuals_set(&platform.solved_with, LK_STR("__glibc"), LK_STR("2.28"),
				 LK_STR("0"), arena, &err),
		0);
	return platform;
}

/* "p0" … in the order of names, each needing the next; N up to 1,000,000. */
LK_UNUSED static struct lk_lock_platform chain_of(size_t n, struct lk_arena *arena)
{
	struct row *rows = lk_arena_calloc(arena, n, sizeof(*rows));
	for (size_t i = 0; i < n; i++) {
		rows[i].name = lk_arena_printf(arena, "p%06zu", i);
		rows[i].depends = i + 1 < n ? lk_arena_printf(arena, "p%06zu", i + 1) : NULL;
	}
	return platform_of(rows, n, "p000000", arena);
}

#endif
