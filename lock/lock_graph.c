/*
 * Edges between the packages of a lock, and the shortest ways to them from its specs.
 */
#include "lock/lock_graph.h"

#include "lock/lock_world_priv.h"

struct edges LK_VEC_OF(struct lk_graph_edge);
struct leaves LK_VEC_OF(struct lk_graph_leaf);

struct maker {
	struct lk_lock_world world;
	struct lk_map names; /* of the packages, to their index */
	struct lk_lock_graph *graph;
	struct lk_graph_node *nodes;
	struct edges edges; /* of what is at hand */
	struct leaves leaves;
	size_t trials; /* of patterns */
};

/* SPEC's name when it is a plain "NAME" or "NAME VERSION BUILD", as nearly all are; else empty. */
static lk_str plain_name(lk_str spec)
{
	size_t n = 0;
	while (n < spec.len &&
		(lk_is_digit(spec.ptr[n]) || (spec.ptr[n] >= 'a' && spec.ptr[n] <= 'z') ||
			spec.ptr[n] == '-' || spec.ptr[n] == '_' || spec.ptr[n] == '.')) {
		n++;
	}
	bool plain = n == spec.len ||
		(spec.ptr[n] == ' ' && !memchr(spec.ptr + n, '[', spec.len - n) &&
			!memchr(spec.ptr + n, ';', spec.len - n));
	return lk_str_slice(spec, 0, plain ? n : 0);
}

static void add_by_name(struct maker *m, lk_str name, uint32_t spec_index)
{
	uint32_t to = lk_map_get(&m->names, name);
	if (to != LK_MAP_NONE) {
		lk_vec_push(&m->edges, (struct lk_graph_edge){to, spec_index});
		return;
	}
	lk_vec_push(&m->leaves,
		(struct lk_graph_leaf){name, spec_index, .is_virtual = lk_name_is_virtual(name)});
}

static void add_by_pattern(struct maker *m, const struct lk_matchspec *spec, uint32_t spec_index)
{
	const struct lk_lock_platform *platform = m->graph->platform;
	size_t before = m->edges.len;
	for (size_t i = 0; i < platform->n_packages && m->trials < LK_GRAPH_MAX_TRIALS; i++) {
		m->trials++;
		if (lk_lock_world_matches(&m->world, spec, &platform->packages[i])) {
			lk_vec_push(&m->edges, (struct lk_graph_edge){(uint32_t)i, spec_index});
		}
	}
	if (m->edges.len == before) {
		lk_str name = lk_str_dup(&m->graph->arena, spec->name);
		lk_vec_push(&m->leaves,
			(struct lk_graph_leaf){
				name, spec_index, .is_virtual = lk_str_starts(name, LK_STR("__"))});
	}
}

/* What TEXT, the spec of index SPEC_INDEX, is about. */
static void add_spec(struct maker *m, lk_str text, uint32_t spec_index, enum lk_spec_origin origin)
{
	lk_str name = plain_name(text);
	if (name.len > 0) {
		add_by_name(m, name, spec_index);
		return;
	}
	struct lk_error ignored = LK_ERROR_INIT;
	const struct lk_matchspec *spec = lk_lock_world_spec(&m->world, text, origin, &ignored);
	if (!spec || !lk_lock_world_is_live(&m->world, spec)) {
		return;
	}
	if (spec->name_kind == LK_PATTERN_EXACT) {
		add_by_name(m, lk_str_dup(&m->graph->arena, spec->name), spec_index);
	} else {
		add_by_pattern(m, spec, spec_index);
	}
}

static const struct lk_graph_edge *take_edges(struct maker *m)
{
	struct lk_graph_edge *items =
		lk_arena_calloc(&m->graph->arena, m->edges.len, sizeof(*items));
	for (size_t i = 0; i < m->edges.len; i++) {
		items[i] = m->edges.items[i];
	}
	lk_vec_clear(&m->edges);
	return items;
}

static const struct lk_graph_leaf *take_leaves(struct maker *m)
{
	struct lk_graph_leaf *items =
		lk_arena_calloc(&m->graph->arena, m->leaves.len, sizeof(*items));
	for (size_t i = 0; i < m->leaves.len; i++) {
		items[i] = m->leaves.items[i];
	}
	lk_vec_clear(&m->leaves);
	return items;
}

static void make_edges(struct maker *m)
{
	const struct lk_lock_platform *platform = m->graph->platform;
	for (size_t i = 0; i < platform->n_packages; i++) {
		const struct lk_str_list *depends = &platform->packages[i].depends;
		for (size_t d = 0; d < depends->n; d++) {
			add_spec(m, depends->items[d], (uint32_t)d, LK_SPEC_REPODATA);
		}
		m->nodes[i].n_needs = m->edges.len;
		m->nodes[i].needs = take_edges(m);
		m->nodes[i].n_leaves = m->leaves.len;
		m->nodes[i].leaves = take_leaves(m);
	}
	for (size_t i = 0; i < platform->specs.n; i++) {
		add_spec(m, platform->specs.items[i], (uint32_t)i, LK_SPEC_USER);
	}
	m->graph->n_roots = m->edges.len;
	m->graph->roots = take_edges(m);
	m->graph->n_leaves = m->leaves.len;
	m->graph->leaves = take_leaves(m);
	lk_vec_done(&m->edges);
	lk_vec_done(&m->leaves);
}

/* Counts first, then fills: users come in the order of packages, so equal ones follow each other.
 */
static void make_needed_by(struct maker *m)
{
	size_t n = m->graph->platform->n_packages;
	struct users {
		uint32_t *by, *for_;
	} *lists = lk_calloc(n, sizeof(*lists));
	for (size_t i = 0; i < n; i++) {
		for (size_t e = 0; e < m->nodes[i].n_needs; e++) {
			m->nodes[m->nodes[i].needs[e].to].n_needed_by++;
		}
	}
	for (size_t i = 0; i < n; i++) {
		struct lk_graph_node *node = &m->nodes[i];
		struct lk_arena *arena = &m->graph->arena;
		lists[i].by = lk_arena_calloc(arena, node->n_needed_by, sizeof(*lists[i].by));
		lists[i].for_ = lk_arena_calloc(arena, node->n_needed_by, sizeof(*lists[i].for_));
		node->needed_by = lists[i].by;
		node->needed_for = lists[i].for_;
		node->n_needed_by = 0;
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t e = 0; e < m->nodes[i].n_needs; e++) {
			struct lk_graph_edge edge = m->nodes[i].needs[e];
			struct lk_graph_node *node = &m->nodes[edge.to];
			size_t last = node->n_needed_by;
			if (last == 0 || node->needed_by[last - 1] != (uint32_t)i) {
				lists[edge.to].by[last] = (uint32_t)i;
				lists[edge.to].for_[last] = edge.spec;
				node->n_needed_by++;
			}
		}
	}
	lk_free(lists);
}

/* Breadth first from the specs in their order. */
static void make_ways(struct maker *m)
{
	size_t n = m->graph->platform->n_packages;
	uint32_t *queue = lk_calloc(n, sizeof(*queue));
	size_t head = 0;
	size_t tail = 0;
	for (size_t i = 0; i < n; i++) {
		m->nodes[i].root = m->nodes[i].via = LK_GRAPH_NONE;
	}
	for (size_t i = 0; i < m->graph->n_roots; i++) {
		struct lk_graph_node *node = &m->nodes[m->graph->roots[i].to];
		if (node->root == LK_GRAPH_NONE) {
			node->root = m->graph->roots[i].spec;
			queue[tail++] = m->graph->roots[i].to;
		}
	}
	while (head < tail) {
		uint32_t at = queue[head++];
		for (size_t e = 0; e < m->nodes[at].n_needs; e++) {
			uint32_t to = m->nodes[at].needs[e].to;
			if (m->nodes[to].root == LK_GRAPH_NONE) {
				m->nodes[to].root = m->nodes[at].root;
				m->nodes[to].via = at;
				queue[tail++] = to;
			}
		}
	}
	lk_free(queue);
}

void lk_lock_graph_make(const struct lk_lock_platform *platform, struct lk_lock_graph *ret)
{
	*ret = (struct lk_lock_graph){.platform = platform};
	lk_arena_init(&ret->arena);
	struct maker m = {.graph = ret};
	m.nodes = lk_arena_calloc(&ret->arena, platform->n_packages, sizeof(*m.nodes));
	ret->nodes = m.nodes;
	lk_lock_world_init(&m.world, platform, &platform->solved_with);
	for (size_t i = 0; i < platform->n_packages; i++) {
		lk_map_add(&m.names, platform->packages[i].name, (uint32_t)i);
	}
	make_edges(&m);
	make_needed_by(&m);
	make_ways(&m);
	lk_map_done(&m.names);
	lk_lock_world_done(&m.world);
}

void lk_lock_graph_done(struct lk_lock_graph *graph)
{
	lk_arena_done(&graph->arena);
	*graph = (struct lk_lock_graph){0};
}

uint32_t lk_lock_graph_find(const struct lk_lock_graph *graph, lk_str name)
{
	const struct lk_record *record = lk_lock_find_package(graph->platform, name);
	return record ? (uint32_t)(record - graph->platform->packages) : LK_GRAPH_NONE;
}

size_t lk_lock_graph_way(
	const struct lk_lock_graph *graph, uint32_t package, uint32_t *ret, size_t max)
{
	if (graph->nodes[package].root == LK_GRAPH_NONE) {
		return 0;
	}
	size_t n = 0;
	for (uint32_t at = package; at != LK_GRAPH_NONE; at = graph->nodes[at].via) {
		n++;
	}
	size_t left = n;
	for (uint32_t at = package; at != LK_GRAPH_NONE; at = graph->nodes[at].via) {
		left--;
		if (left < max) {
			ret[left] = at;
		}
	}
	return n;
}
