/*
 * Edges between the packages of a lock, and the shortest ways to them from its specs.
 */
#include "lock/lock_graph.h"

#include "lock/lock_world_priv.h"

struct edges LK_VEC_OF(struct lk_graph_edge);

struct maker {
	struct lk_lock_world world;
	struct lk_map names; /* of the packages, to their index */
	struct lk_lock_graph *graph;
	struct lk_graph_node *nodes;
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

static void add_by_name(
	const struct maker *m, struct edges *edges, lk_str name, uint32_t spec_index)
{
	uint32_t to = lk_map_get(&m->names, name);
	if (to != LK_MAP_NONE) {
		lk_vec_push(edges, (struct lk_graph_edge){to, spec_index});
	}
}

/* The packages that TEXT, the spec of index SPEC_INDEX, is about. */
static void add_edges(struct maker *m, struct edges *edges, lk_str text, uint32_t spec_index,
	enum lk_spec_origin origin)
{
	lk_str name = plain_name(text);
	if (name.len > 0) {
		add_by_name(m, edges, name, spec_index);
		return;
	}
	struct lk_error ignored = LK_ERROR_INIT;
	const struct lk_matchspec *spec = lk_lock_world_spec(&m->world, text, origin, &ignored);
	if (!spec || !lk_lock_world_is_live(&m->world, spec)) {
		return;
	}
	if (spec->name_kind == LK_PATTERN_EXACT) {
		add_by_name(m, edges, spec->name, spec_index);
		return;
	}
	for (size_t i = 0; i < m->graph->platform->n_packages; i++) {
		if (lk_lock_world_matches(&m->world, spec, &m->graph->platform->packages[i])) {
			lk_vec_push(edges, (struct lk_graph_edge){(uint32_t)i, spec_index});
		}
	}
}

static struct lk_graph_edge *take_edges(struct maker *m, struct edges *edges)
{
	struct lk_graph_edge *items = lk_arena_calloc(&m->graph->arena, edges->len, sizeof(*items));
	for (size_t i = 0; i < edges->len; i++) {
		items[i] = edges->items[i];
	}
	lk_vec_clear(edges);
	return items;
}

static void make_edges(struct maker *m)
{
	const struct lk_lock_platform *platform = m->graph->platform;
	struct edges edges = {0};
	for (size_t i = 0; i < platform->n_packages; i++) {
		const struct lk_str_list *depends = &platform->packages[i].depends;
		for (size_t d = 0; d < depends->n; d++) {
			add_edges(m, &edges, depends->items[d], (uint32_t)d, LK_SPEC_REPODATA);
		}
		m->nodes[i].n_needs = edges.len;
		m->nodes[i].needs = take_edges(m, &edges);
	}
	for (size_t i = 0; i < platform->specs.n; i++) {
		add_edges(m, &edges, platform->specs.items[i], (uint32_t)i, LK_SPEC_USER);
	}
	m->graph->n_roots = edges.len;
	m->graph->roots = take_edges(m, &edges);
	lk_vec_done(&edges);
}

/* Counts first, then fills: users come in the order of packages, so equal ones follow each other.
 */
static void make_needed_by(struct maker *m)
{
	size_t n = m->graph->platform->n_packages;
	uint32_t **lists = lk_calloc(n, sizeof(*lists));
	for (size_t i = 0; i < n; i++) {
		for (size_t e = 0; e < m->nodes[i].n_needs; e++) {
			m->nodes[m->nodes[i].needs[e].to].n_needed_by++;
		}
	}
	for (size_t i = 0; i < n; i++) {
		lists[i] =
			lk_arena_calloc(&m->graph->arena, m->nodes[i].n_needed_by, sizeof(**lists));
		m->nodes[i].needed_by = lists[i];
		m->nodes[i].n_needed_by = 0;
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t e = 0; e < m->nodes[i].n_needs; e++) {
			uint32_t to = m->nodes[i].needs[e].to;
			struct lk_graph_node *node = &m->nodes[to];
			if (node->n_needed_by == 0 ||
				lists[to][node->n_needed_by - 1] != (uint32_t)i) {
				lists[to][node->n_needed_by++] = (uint32_t)i;
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
