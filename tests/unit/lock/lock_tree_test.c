/*
 * The lines of a tree: order, repeats, ends.
 */
#include "graph_sample.h"

#include "lock/lock_tree.h"

struct drawing {
	const struct lk_lock_platform *platform;
	struct lk_arena *arena;
	const char *text;
	size_t n, max;
	bool specs; /* the spec of each line is drawn too */
};

/* "name", "-name" one level down …; '*' again, '+' cut, '!' orphan, '$' the last of its siblings.
 */
static bool draw(void *ctx, const struct lk_branch *line)
{
	struct drawing *d = ctx;
	lk_str shown = line->spec;
	const char *mark = "";
	if (line->kind == LK_BRANCH_PACKAGE) {
		shown = d->platform->packages[line->package].name;
	} else {
		assert_int_equal(line->package, LK_GRAPH_NONE);
		mark = line->kind == LK_BRANCH_MISSING ? "?"
			: line->kind == LK_BRANCH_SPEC ? "="
						       : "";
	}
	bool more = d->specs && line->kind == LK_BRANCH_PACKAGE && line->spec.len > 0;
	d->text = lk_arena_printf(d->arena, "%s%s%.*s%s" LK_STR_FMT "%s" LK_STR_FMT "%s%s%s%s%s",
		d->text, d->n ? " " : "", (int)line->depth, "----------", mark, LK_STR_ARG(shown),
		more ? "(" : "", more ? (int)line->spec.len : 0, more ? line->spec.ptr : "",
		more ? ")" : "", line->is_again ? "*" : "", line->is_cut ? "+" : "",
		line->is_orphan ? "!" : "", line->is_last ? "$" : "");
	d->n++;
	return d->n != d->max;
}

static const char *drawn(const struct row *rows, size_t n, const char *specs,
	struct lk_lock_tree_options options, bool with_specs, struct lk_arena *arena)
{
	struct lk_lock_platform platform = platform_of(rows, n, specs, arena);
	struct drawing d = {&platform, arena, "", 0, 0, with_specs};
	struct lk_lock_graph graph;
	struct lk_error err = LK_ERROR_INIT;
	lk_lock_graph_make(&platform, &graph);
	int rc = lk_lock_tree_walk(&graph, &options, draw, &d, &err);
	lk_lock_graph_done(&graph);
	lk_vec_done(&platform.solved_with);
	if (rc < 0) {
		assert_int_equal(rc, LK_E_NOT_FOUND);
		assert_int_equal(d.n, 0);
		return "not found";
	}
	return d.text;
}

/* d needs itself by way of e; f and g stand alone, h and i go around in a circle of their own. */
static const struct row rows[] = {
	{"a", "__glibc >=2.17; b; c; gone >=3", NULL},
	{"b", "c >=1; d; c <2", NULL},
	{"c", "__cuda[when=\"a\"]", NULL},
	{"d", "e", NULL},
	{"e", "d", NULL},
	{"f", "g; c", NULL},
	{"g", NULL, NULL},
	{"h", "i", NULL},
	{"i", "h", NULL},
};

static const struct {
	const char *specs;
	struct {
		const char *name;
		bool up;
		uint32_t depth;
	} options;
	bool with_specs;
	const char *expected;
} cases[] = {
	{"a", {"", false, 9}, false,
		"a -__glibc >=2.17 -b --c ---__cuda[when=\"a\"]$ --d$ ---e$ ----d*$ -c* -?gone "
		">=3$ "
		"f! -g -c*$ h! -i$ --h*$"},
	/* Roots say which spec they are for, also the second time. */
	{"c; b <9; c 1; __glibc; nowhere; g; f; h", {"", false, 9}, true,
		"c(c) -__cuda[when=\"a\"]$ b(b <9) -c(c >=1)* -d(d)$ --e(e)$ ---d(d)*$ c(c 1)* "
		"__glibc ?nowhere g(g) f(f) -g(g) -c(c)*$ h(h) -i(i)$ --h(h)*$ "
		"a! -__glibc >=2.17 -b(b)* -c(c)* -?gone >=3$"},
	{"a", {"b", false, 9}, false, "b -c --__cuda[when=\"a\"]$ -d$ --e$ ---d*$"},
	{"a", {"g", false, 9}, false, "g"},
	/* What is cut off in one place is there in another where it fits. */
	{"a", {"a", false, 0}, false, "a+"},
	{"a", {"a", false, 1}, false, "a -__glibc >=2.17 -b+ -c+ -?gone >=3$"},
	{"a", {"a", false, 2}, false,
		"a -__glibc >=2.17 -b --c+ --d+$ -c --__cuda[when=\"a\"]$ -?gone >=3$"},
	{"a; d", {"", false, 1}, false,
		"a -__glibc >=2.17 -b+ -c+ -?gone >=3$ d -e+$ f! -g -c+$ h! -i+$"},
	/* d was taken apart, but not whole: there is more to it where it stands higher. */
	{"a; d", {"", false, 3}, false,
		"a -__glibc >=2.17 -b --c ---__cuda[when=\"a\"]$ --d$ ---e+$ -c* -?gone >=3$ "
		"d -e$ --d*$ f! -g -c*$ h! -i$ --h*$"},
	/* Upwards. */
	{"a; c 1; c", {"c", true, 9}, true, "c -=c 1 -=c -a(c) --=a$ -b(c >=1) --a(b)*$ -f(c)$"},
	{"a", {"e", true, 9}, true, "e -d(e)$ --b(d) ---a(b)$ ----=a$ --e(d)*$"},
	{"a", {"c", true, 1}, false, "c -a+ -b+ -f$"},
	{"a", {"g", true, 9}, false, "g -f$"},
	{"a", {"f", true, 9}, false, "f"},
	{"a; __glibc", {"__glibc", true, 9}, true, "__glibc -=__glibc -a(__glibc >=2.17)$ --=a$"},
	{"a", {"__cuda", true, 1}, true, "__cuda -c(__cuda[when=\"a\"])+$"},
	{"a", {"__cuda", true, 0}, true, "__cuda+"},
	{"a", {"__cuda", false, 9}, true, "not found"},
	{"a", {"__osx", true, 9}, true, "not found"},
	{"a", {"gone", true, 9}, true, "not found"},
	{"", {"nowhere", false, 9}, false, "not found"},
};

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
		const struct lk_lock_tree_options options = {
			.name = lk_str_of(cases[i].options.name),
			.up = cases[i].options.up,
			.depth = cases[i].options.depth,
		};
		const char *got = drawn(rows, LK_COUNTOF(rows), cases[i].specs, options,
			cases[i].with_specs, &arena);
		if (strcmp(got, cases[i].expected) != 0) {
			fail_msg("case %zu: '%s', not '%s'", i, got, cases[i].expected);
		}
	}
}

/* What leads to something that is not whole is not whole either, though it was cut elsewhere. */
static void test_cut_by_way_of_another(void **state)
{
	(void)state;
	static const struct row few[] = {{"a", "b; x", NULL}, {"b", "c", NULL}, {"c", "d", NULL},
		{"d", "e", NULL}, {"e", NULL, NULL}, {"x", "c", NULL}};
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const struct lk_lock_tree_options options = {.depth = 3};
	assert_string_equal(drawn(few, LK_COUNTOF(few), "a; x", options, false, &arena),
		"a -b --c$ ---d+$ -x$ --c*$ x -c$ --d$ ---e$");
}

/* Whoever takes the lines can stop at any of them. */
static void test_stop(void **state)
{
	(void)state;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_lock_platform platform = platform_of(rows, LK_COUNTOF(rows), "a; c", &arena);
	const struct lk_lock_tree_options options = {.depth = UINT32_MAX};
	struct lk_lock_graph graph;
	struct lk_error err = LK_ERROR_INIT;
	lk_lock_graph_make(&platform, &graph);
	struct drawing all = {&platform, &arena, "", 0, 0, false};
	assert_int_equal(lk_lock_tree_walk(&graph, &options, draw, &all, &err), 0);
	for (size_t max = 1; max <= all.n; max++) {
		struct drawing d = {&platform, &arena, "", 0, max, false};
		assert_int_equal(lk_lock_tree_walk(&graph, &options, draw, &d, &err), 0);
		assert_int_equal(d.n, max);
		assert_memory_equal(d.text, all.text, strlen(d.text));
	}
	lk_lock_graph_done(&graph);
	lk_vec_done(&platform.solved_with);
}

static bool count(void *ctx, const struct lk_branch *line)
{
	uint64_t *sum = ctx;
	*sum += line->depth + 1;
	return true;
}

/* Neither depth nor a walk upwards takes stack, and a cut needs no more than its lines. */
static void test_long_chain(void **state)
{
	(void)state;
	const uint64_t n = 100000;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_lock_platform platform = chain_of(n, &arena);
	struct lk_lock_tree_options options = {.depth = UINT32_MAX};
	struct lk_lock_graph graph;
	struct lk_error err = LK_ERROR_INIT;
	uint64_t sum = 0;
	lk_lock_graph_make(&platform, &graph);
	assert_int_equal(lk_lock_tree_walk(&graph, &options, count, &sum, &err), 0);
	assert_true(sum == n * (n + 1) / 2);
	sum = 0;
	options.name = LK_STR("p099999");
	options.up = true;
	assert_int_equal(lk_lock_tree_walk(&graph, &options, count, &sum, &err), 0);
	assert_true(sum == n * (n + 1) / 2 + n + 1); /* and the spec at its end */
	sum = 0;
	options = (struct lk_lock_tree_options){.depth = 3};
	assert_int_equal(lk_lock_tree_walk(&graph, &options, count, &sum, &err), 0);
	assert_true(sum == 1 + 2 + 3 + 4);
	lk_lock_graph_done(&graph);
	lk_vec_done(&platform.solved_with);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_cut_by_way_of_another),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_long_chain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
