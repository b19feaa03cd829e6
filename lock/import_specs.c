/*
 * Specs for a lock that came without: the packages that nothing else needs.
 */
#include "lock/import_priv.h"

#include "lock/lock_graph.h"

struct guess {
	struct lk_lock_graph graph;
	bool *reached;
	struct lk_u32s queue;
	struct lk_u32s roots;
};

static void add_root(struct guess *g, uint32_t package)
{
	lk_vec_push(&g->roots, package);
	lk_vec_push(&g->queue, package);
	g->reached[package] = true;
	for (size_t at = 0; at < g->queue.len; at++) {
		const struct lk_graph_node *node = &g->graph.nodes[g->queue.items[at]];
		for (size_t e = 0; e < node->n_needs; e++) {
			uint32_t to = node->needs[e].to;
			if (!g->reached[to]) {
				g->reached[to] = true;
				lk_vec_push(&g->queue, to);
			}
		}
	}
	lk_vec_clear(&g->queue);
}

static bool is_needed(const struct guess *g, uint32_t package)
{
	const struct lk_graph_node *node = &g->graph.nodes[package];
	return node->n_needed_by > 1 || (node->n_needed_by == 1 && node->needed_by[0] != package);
}

struct lk_str_list lk_import_guess_specs(
	const struct lk_lock_platform *platform, struct lk_arena *arena)
{
	size_t n = platform->n_packages;
	struct guess g = {.reached = lk_calloc(n, sizeof(*g.reached))};
	lk_lock_graph_make(platform, &g.graph);
	for (uint32_t i = 0; i < n; i++) {
		if (!is_needed(&g, i)) {
			add_root(&g, i);
		}
	}
	/* What is left need each other in circles that nobody else leads into. */
	for (uint32_t i = 0; i < n; i++) {
		if (!g.reached[i]) {
			add_root(&g, i);
		}
	}
	lk_str *items = lk_arena_calloc(arena, g.roots.len, sizeof(*items));
	for (size_t i = 0; i < g.roots.len; i++) {
		items[i] = lk_str_dup(arena, platform->packages[g.roots.items[i]].name);
	}
	struct lk_str_list specs = {items, g.roots.len};
	lk_lock_graph_done(&g.graph);
	lk_free(g.reached);
	lk_vec_done(&g.queue);
	lk_vec_done(&g.roots);
	return specs;
}
