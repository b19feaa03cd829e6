/*
 * What must hold of tree and why over any consistent lock.
 */
#ifndef LK_TESTS_LOOK_CHECKS_H
#define LK_TESTS_LOOK_CHECKS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lock/lock_tree.h"
#include "lock/lock_why.h"

#define LOOK_STRIDE 7 /* every so manieth package is looked at by itself */

struct look {
	const struct lk_lock_graph *graph;
	unsigned *n_lines, *n_opened; /* of each package */
	bool up, in_orphans;
};

LK_UNUSED static bool look_at_line(void *ctx, const struct lk_branch *line)
{
	struct look *look = ctx;
	assert_true(line->kind != LK_BRANCH_MISSING);
	assert_false(line->is_cut);
	look->in_orphans = look->in_orphans || line->is_orphan;
	if (line->kind != LK_BRANCH_PACKAGE) {
		return true;
	}
	const struct lk_graph_node *node = &look->graph->nodes[line->package];
	bool first = look->n_lines[line->package]++ == 0;
	look->n_opened[line->package] += !line->is_again;
	if (!look->up && first) {
		/* What a spec leads to is not told as an orphan, the rest is. */
		assert_true(look->in_orphans == (node->root == LK_GRAPH_NONE));
	}
	return true;
}

/* Every package has a line, and one line alone has what is below it. */
LK_UNUSED static void assert_tree_is_whole(const struct lk_lock_graph *graph)
{
	size_t n = graph->platform->n_packages;
	struct look look = {graph, lk_calloc(n, sizeof(unsigned)), lk_calloc(n, sizeof(unsigned)),
		false, false};
	const struct lk_lock_tree_options options = {.depth = UINT32_MAX};
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(lk_lock_tree_walk(graph, &options, look_at_line, &look, &err), 0);
	for (size_t i = 0; i < n; i++) {
		const struct lk_graph_node *node = &graph->nodes[i];
		assert_true(look.n_lines[i] > 0);
		assert_true(node->n_needs + node->n_leaves == 0 || look.n_opened[i] == 1);
	}
	lk_free(look.n_lines);
	lk_free(look.n_opened);
}

/* Upwards from a package: all its needers have a line, and the ways end. */
LK_UNUSED static void assert_tree_goes_up(const struct lk_lock_graph *graph, uint32_t package)
{
	size_t n = graph->platform->n_packages;
	struct look look = {
		graph, lk_calloc(n, sizeof(unsigned)), lk_calloc(n, sizeof(unsigned)), true, false};
	const struct lk_lock_tree_options options = {
		.name = graph->platform->packages[package].name, .up = true, .depth = UINT32_MAX};
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(lk_lock_tree_walk(graph, &options, look_at_line, &look, &err), 0);
	for (size_t i = 0; i < graph->nodes[package].n_needed_by; i++) {
		assert_true(look.n_lines[graph->nodes[package].needed_by[i]] > 0);
	}
	lk_free(look.n_lines);
	lk_free(look.n_opened);
}

/* Why tells the ways that the graph knows, each of them a way. */
LK_UNUSED static void assert_why_answers(const struct lk_lock_graph *graph, uint32_t package)
{
	struct lk_why why;
	struct lk_error err = LK_ERROR_INIT;
	lk_str name = graph->platform->packages[package].name;
	assert_int_equal(lk_lock_why(graph, name, &why, &err), 0);
	assert_true(why.n_needs >= graph->nodes[package].n_needed_by);
	assert_true((why.n_ways == 0) == (graph->nodes[package].root == LK_GRAPH_NONE));
	if (why.n_ways > 0) {
		assert_int_equal(why.ways[0].n, lk_lock_graph_way(graph, package, NULL, 0));
		assert_int_equal(why.ways[0].spec, graph->nodes[package].root);
	}
	for (size_t i = 0; i < why.n_ways; i++) {
		size_t left = why.ways[i].n;
		uint32_t last = LK_GRAPH_NONE;
		for (uint32_t p = why.ways[i].first; p != LK_GRAPH_NONE; p = why.next[p]) {
			assert_true(left-- > 0);
			last = p;
		}
		assert_int_equal(left, 0);
		assert_int_equal(last, package);
	}
	lk_lock_why_done(&why);
}

LK_UNUSED static void assert_looks_hold(const struct lk_lock_platform *platform)
{
	struct lk_lock_graph graph;
	lk_lock_graph_make(platform, &graph);
	assert_tree_is_whole(&graph);
	for (uint32_t i = 0; i < platform->n_packages; i += LOOK_STRIDE) {
		assert_tree_goes_up(&graph, i);
		assert_why_answers(&graph, i);
	}
	lk_lock_graph_done(&graph);
}

#endif
