/*
 * Who needs whom: edges, leaves, users, shortest ways.
 */
#include "graph_sample.h"

/* The packages that an edge list leads to, as "b:0 c:1" (name and index of the spec). */
static const char *edges_text(const struct lk_lock_graph *graph, const struct lk_graph_edge *edges,
	size_t n, struct lk_arena *arena)
{
	const char *text = "";
	for (size_t i = 0; i < n; i++) {
		lk_str name = graph->platform->packages[edges[i].to].name;
		text = lk_arena_printf(arena, "%s%s" LK_STR_FMT ":%u", text, i ? " " : "",
			LK_STR_ARG(name), edges[i].spec);
	}
	return text;
}

static const char *leaves_text(const struct lk_graph_leaf *leaves, size_t n, struct lk_arena *arena)
{
	const char *text = "";
	for (size_t i = 0; i < n; i++) {
		text = lk_arena_printf(arena, "%s%s" LK_STR_FMT ":%u%s", text, i ? " " : "",
			LK_STR_ARG(leaves[i].name), leaves[i].spec,
			leaves[i].is_virtual ? "v" : "");
	}
	return text;
}

/* One dependency of "a", beside python 1 and python-extra 1 on a machine with __glibc 2.28. */
static const struct {
	const char *depends, *edges, *leaves;
} dependencies[] = {
	{"python", "python:0", ""},
	{"python >=99", "python:0", ""}, /* versions are not compared */
	{"python 1 0", "python:0", ""},
	{"Python", "python:0", ""},
	{"python; python-extra; python >=1", "python:0 python-extra:1 python:2", ""},
	{"main::python", "python:0", ""},
	{"python[version='>=1']", "python:0", ""},
	{"__glibc >=2.17", "", "__glibc:0v"},
	{"__cuda", "", "__cuda:0v"},
	{"gone >=1; python; __glibc", "python:1", "gone:0 __glibc:2v"},
	{"no spec at all, [", "", ""},
	/* CEP 43 */
	{"python[when=\"python-extra\"]", "python:0", ""},
	{"python[when=\"python-extra <1\"]", "", ""},
	{"python[when=\"__glibc >=2.28\"]", "python:0", ""},
	{"python[when=\"__cuda\"]", "", ""},
	{"python[when=\"__cuda or python-extra\"]", "python:0", ""},
	{"gone[when=\"python-extra\"]", "", "gone:0"},
	{"gone[when=\"__cuda\"]", "", ""},
	{"__cuda[when=\"python-extra\"]", "", "__cuda:0v"},
	/* patterns are held against all of a package */
	{"python*", "python:0 python-extra:0", ""},
	{"^py.*-extra$", "python-extra:0", ""},
	{"python* >=2", "", "python*:0"},
	{"a", "a:0", ""},
};

static void test_dependencies(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(dependencies); i++) {
		struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
		const struct row rows[] = {
			{"a", dependencies[i].depends, NULL},
			{"python", NULL, NULL},
			{"python-extra", NULL, NULL},
		};
		struct lk_lock_platform platform = platform_of(rows, LK_COUNTOF(rows), "", &arena);
		struct lk_lock_graph graph;
		lk_lock_graph_make(&platform, &graph);
		const struct lk_graph_node *a = &graph.nodes[0];
		const char *edges = edges_text(&graph, a->needs, a->n_needs, &arena);
		const char *leaves = leaves_text(a->leaves, a->n_leaves, &arena);
		if (strcmp(edges, dependencies[i].edges) != 0 ||
			strcmp(leaves, dependencies[i].leaves) != 0) {
			fail_msg("'%s': edges '%s', leaves '%s'", dependencies[i].depends, edges,
				leaves);
		}
		lk_lock_graph_done(&graph);
		lk_vec_done(&platform.solved_with);
	}
}

static void test_specs(void **state)
{
	(void)state;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	static const struct row rows[] = {{"a", NULL, NULL}, {"ab", NULL, NULL}, {"b", NULL, NULL}};
	struct lk_lock_platform platform = platform_of(rows, LK_COUNTOF(rows),
		"b >=1; a*; __glibc >=2.17; none; main::b; a[when=\"__cuda\"]", &arena);
	struct lk_lock_graph graph;
	lk_lock_graph_make(&platform, &graph);
	assert_string_equal(
		edges_text(&graph, graph.roots, graph.n_roots, &arena), "b:0 a:1 ab:1 b:4");
	assert_string_equal(leaves_text(graph.leaves, graph.n_leaves, &arena), "__glibc:2v none:3");
	assert_int_equal(graph.nodes[2].root, 0);
	assert_int_equal(lk_lock_graph_find(&graph, LK_STR("ab")), 1);
	assert_int_equal(lk_lock_graph_find(&graph, LK_STR("none")), LK_GRAPH_NONE);
	lk_lock_graph_done(&graph);
	lk_vec_done(&platform.solved_with);
}

/* c is needed twice by b, and by a; d goes around in a circle with e; f stands alone. */
static const struct row circle[] = {
	{"a", "b; c", NULL},
	{"b", "c >=1; d; c <2", NULL},
	{"c", NULL, NULL},
	{"d", "e", NULL},
	{"e", "d", NULL},
	{"f", NULL, NULL},
};

static void test_users(void **state)
{
	(void)state;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_lock_platform platform = platform_of(circle, LK_COUNTOF(circle), "a", &arena);
	struct lk_lock_graph graph;
	lk_lock_graph_make(&platform, &graph);
	static const struct {
		size_t n;
		uint32_t by[2], why[2];
	} expected[] = {
		{0, {0}, {0}},
		{1, {0}, {0}},
		{2, {0, 1}, {1, 0}},
		{2, {1, 4}, {1, 0}},
		{1, {3}, {0}},
		{0, {0}, {0}},
	};
	for (size_t i = 0; i < LK_COUNTOF(expected); i++) {
		const struct lk_graph_node *node = &graph.nodes[i];
		assert_int_equal(node->n_needed_by, expected[i].n);
		for (size_t k = 0; k < node->n_needed_by; k++) {
			assert_int_equal(node->needed_by[k], expected[i].by[k]);
			assert_int_equal(node->needed_for[k], expected[i].why[k]);
		}
	}
	lk_lock_graph_done(&graph);
	lk_vec_done(&platform.solved_with);
}

static void assert_way(const struct lk_lock_graph *graph, uint32_t package, const char *expected,
	struct lk_arena *arena)
{
	uint32_t way[8];
	size_t n = lk_lock_graph_way(graph, package, way, LK_COUNTOF(way));
	const char *text = "";
	assert_true(n <= LK_COUNTOF(way));
	for (size_t i = 0; i < n; i++) {
		text = lk_arena_printf(arena, "%s%s" LK_STR_FMT, text, i ? " " : "",
			LK_STR_ARG(graph->platform->packages[way[i]].name));
	}
	assert_string_equal(text, expected);
}

static void test_ways(void **state)
{
	(void)state;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_lock_platform platform = platform_of(circle, LK_COUNTOF(circle), "a; e", &arena);
	struct lk_lock_graph graph;
	lk_lock_graph_make(&platform, &graph);
	assert_way(&graph, 0, "a", &arena);
	assert_way(&graph, 2, "a c", &arena); /* not by way of b */
	assert_way(&graph, 3, "e d", &arena); /* shorter than a b d */
	assert_way(&graph, 5, "", &arena);
	assert_int_equal(graph.nodes[3].root, 1);
	assert_int_equal(graph.nodes[5].root, LK_GRAPH_NONE);
	/* The end of the way fits, or its beginning: the number is that of all. */
	uint32_t first = 77;
	assert_int_equal(lk_lock_graph_way(&graph, 2, &first, 1), 2);
	assert_int_equal(first, 0);
	lk_lock_graph_done(&graph);
	lk_vec_done(&platform.solved_with);
}

static void test_equal_ways_take_the_first_spec(void **state)
{
	(void)state;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	static const struct row rows[] = {{"a", "c", NULL}, {"b", "c", NULL}, {"c", NULL, NULL}};
	struct lk_lock_platform platform = platform_of(rows, LK_COUNTOF(rows), "b; a", &arena);
	struct lk_lock_graph graph;
	lk_lock_graph_make(&platform, &graph);
	assert_way(&graph, 2, "b c", &arena);
	lk_lock_graph_done(&graph);
	lk_vec_done(&platform.solved_with);
}

static void test_long_chain(void **state)
{
	(void)state;
	const size_t n = 100000;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_lock_platform platform = chain_of(n, &arena);
	struct lk_lock_graph graph;
	lk_lock_graph_make(&platform, &graph);
	assert_int_equal(lk_lock_graph_way(&graph, (uint32_t)(n - 1), NULL, 0), n);
	lk_lock_graph_done(&graph);
	lk_vec_done(&platform.solved_with);
}

/* Patterns in every package of a hostile lock end at the limit, in little time and memory. */
static void test_many_patterns(void **state)
{
	(void)state;
	const size_t n = 20000;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct row *rows = lk_arena_calloc(&arena, n, sizeof(*rows));
	for (size_t i = 0; i < n; i++) {
		rows[i].name = lk_arena_printf(&arena, "p%06zu", i);
		rows[i].depends = "p*";
	}
	struct lk_lock_platform platform = platform_of(rows, n, "p*", &arena);
	struct lk_lock_graph graph;
	lk_lock_graph_make(&platform, &graph);
	size_t n_edges = 0;
	for (size_t i = 0; i < n; i++) {
		n_edges += graph.nodes[i].n_needs;
	}
	assert_true(n_edges <= LK_GRAPH_MAX_TRIALS);
	assert_int_equal(graph.nodes[0].n_needs, n);
	lk_lock_graph_done(&graph);
	lk_vec_done(&platform.solved_with);
}

static void test_empty(void **state)
{
	(void)state;
	struct lk_lock_platform platform = {.subdir = LK_STR("linux-64")};
	struct lk_lock_graph graph;
	lk_lock_graph_make(&platform, &graph);
	assert_int_equal(graph.n_roots, 0);
	lk_lock_graph_done(&graph);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dependencies),
		cmocka_unit_test(test_specs),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_ways),
		cmocka_unit_test(test_equal_ways_take_the_first_spec),
		cmocka_unit_test(test_long_chain),
		cmocka_unit_test(test_many_patterns),
		cmocka_unit_test(test_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
