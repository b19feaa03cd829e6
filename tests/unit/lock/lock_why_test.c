/*
 * Why a package is there: ways, needs, bounds, pins, floors.
 */
#include "graph_sample.h"

#include "lock/lock_why.h"

/* a to c in a row, d beside it; e and f are a circle that no spec leads to. */
static const struct row rows[] = {
	{"a", "b >=1; __cuda >=12.2", NULL},
	{"b", "c <2; c[when=\"a\"]; c[when=\"__cuda\"]; __glibc >=2.17,<3.0.a0", "c >=0.5"},
	{"c", "__glibc", "a <3; __CUDA >=12.9|13.*; b-extra <0a0"},
	{"d", "c; __glibc >=2.28", "__glibc >=2.20; __cuda[when=\"nothing\"]"},
	{"e", "f", "c 1; not a spec c, ["},
	{"f", "e", NULL},
	{"numpy", NULL, NULL},
};

/* "ways | needs | bounds | pins | floor": of ways the spec's index and the packages, of the others
 * package and text. */
static const struct {
	const char *name, *specs, *pins, *expected;
} cases[] = {
	{"c", "a; d; c >=1; numpy", "c 1.*; a; C <9; concise",
		"2:c 1:dc 0:abc | b 'c <2' b 'c[when=\"a\"]' d 'c' | b 'c >=0.5' e 'c 1' | "
		"'c 1.*' 'C <9' | "},
	{"a", "a", "", "0:a | | c 'a <3' | | "},
	/* The first of several specs that are as long, each told; a pattern has one way. */
	{"c", "d; a; d >=1; *", "",
		"3:c 0:dc 2:dc 1:abc | b 'c <2' b 'c[when=\"a\"]' d 'c' | "
		"b 'c >=0.5' e 'c 1' | | "},
	{"e", "a", "", " | f 'e' | | | "},
	{"numpy", "a", "numpy-base 1", " | | | | "},
	{"b", "numpy", "", " | a 'b >=1' | | | "},
	{"__cuda", "d; a; b", "",
		"1:a 0:dc 2:bc | a '__cuda >=12.2' | c '__CUDA >=12.9|13.*' | | 12.9"},
	{"__glibc", "numpy; __glibc >=2.31,<2.33; a", "__glibc 2.*",
		"1: 2:ab | b '__glibc >=2.17,<3.0.a0' c '__glibc' d '__glibc >=2.28' | "
		"d '__glibc >=2.20' | '__glibc 2.*' | 2.31"},
	{"__glibc", "__glibc >=3.1; a", "",
		"0: 1:ab | b '__glibc >=2.17,<3.0.a0' c '__glibc' d "
		"'__glibc >=2.28' | d '__glibc >=2.20' | | "},
	{"b-extra", "a", "", "none"},
	{"__osx", "a", "", "none"},
	{"nothing", "a", "nothing 1", "none"},
};

static const char *asks_text(const char *text, const struct lk_lock_platform *platform,
	const struct lk_why_ask *asks, size_t n, struct lk_arena *arena)
{
	for (size_t i = 0; i < n; i++) {
		text = lk_arena_printf(arena, "%s" LK_STR_FMT " '" LK_STR_FMT "' ", text,
			LK_STR_ARG(platform->packages[asks[i].package].name),
			LK_STR_ARG(asks[i].spec));
	}
	return lk_arena_printf(arena, "%s| ", text);
}

static const char *why_text(
	const struct lk_why *why, const struct lk_lock_platform *platform, struct lk_arena *arena)
{
	const char *text = "";
	for (size_t i = 0; i < why->n_ways; i++) {
		size_t n = 0;
		text = lk_arena_printf(arena, "%s%u:", text, why->ways[i].spec);
		for (uint32_t p = why->ways[i].first; p != LK_GRAPH_NONE; p = why->next[p]) {
			text = lk_arena_printf(arena, "%s" LK_STR_FMT, text,
				LK_STR_ARG(platform->packages[p].name));
			n++;
		}
		assert_int_equal(n, why->ways[i].n);
		text = lk_arena_printf(arena, "%s ", text);
	}
	text = lk_arena_printf(arena, "%s| ", why->n_ways ? text : " ");
	text = asks_text(text, platform, why->needs, why->n_needs, arena);
	text = asks_text(text, platform, why->bounds, why->n_bounds, arena);
	for (size_t i = 0; i < why->pins.n; i++) {
		text = lk_arena_printf(
			arena, "%s'" LK_STR_FMT "' ", text, LK_STR_ARG(why->pins.items[i]));
	}
	return lk_arena_printf(arena, "%s| " LK_STR_FMT, text, LK_STR_ARG(why->floor));
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
		struct lk_lock_platform platform =
			platform_of(rows, LK_COUNTOF(rows), cases[i].specs, &arena);
		platform.pins = cut(cases[i].pins, &arena);
		struct lk_lock_graph graph;
		struct lk_why why;
		struct lk_error err = LK_ERROR_INIT;
		lk_lock_graph_make(&platform, &graph);
		const char *got = "none";
		int rc = lk_lock_why(&graph, lk_str_of(cases[i].name), &why, &err);
		assert_true(rc == 0 || rc == LK_E_NOT_FOUND);
		if (rc == 0) {
			got = why_text(&why, &platform, &arena);
			lk_lock_why_done(&why);
		}
		if (strcmp(got, cases[i].expected) != 0) {
			fail_msg("case %zu, %s: '%s', not '%s'", i, cases[i].name, got,
				cases[i].expected);
		}
		lk_lock_graph_done(&graph);
		lk_vec_done(&platform.solved_with);
	}
}

static void test_long_chain(void **state)
{
	(void)state;
	const size_t n = 100000;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_lock_platform platform = chain_of(n, &arena);
	struct lk_lock_graph graph;
	struct lk_why why;
	struct lk_error err = LK_ERROR_INIT;
	lk_lock_graph_make(&platform, &graph);
	assert_int_equal(lk_lock_why(&graph, LK_STR("p099999"), &why, &err), 0);
	assert_int_equal(why.n_ways, 1);
	assert_int_equal(why.ways[0].n, n);
	assert_int_equal(why.n_needs, 1);
	lk_lock_why_done(&why);
	lk_lock_graph_done(&graph);
	lk_vec_done(&platform.solved_with);
}

/* Thousands that ask for different versions: no floor, and no square of work. */
static void test_many_floors(void **state)
{
	(void)state;
	const size_t n = 20000;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct row *many = lk_arena_calloc(&arena, n, sizeof(*many));
	for (size_t i = 0; i < n; i++) {
		many[i].name = lk_arena_printf(&arena, "p%06zu", i);
		many[i].depends = lk_arena_printf(&arena, "__cuda >=%zu", i % (n / 2));
	}
	struct lk_lock_platform platform = platform_of(many, n, "p000000", &arena);
	struct lk_lock_graph graph;
	struct lk_why why;
	struct lk_error err = LK_ERROR_INIT;
	lk_lock_graph_make(&platform, &graph);
	assert_int_equal(lk_lock_why(&graph, LK_STR("__cuda"), &why, &err), 0);
	assert_int_equal(why.n_needs, n);
	assert_int_equal(why.floor.len, 0);
	lk_lock_why_done(&why);
	lk_lock_graph_done(&graph);
	lk_vec_done(&platform.solved_with);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_long_chain),
		cmocka_unit_test(test_many_floors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
