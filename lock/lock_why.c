/*
 * One look at all who ask for a name, and one walk back from it to the specs.
 */
#include "lock/lock_why.h"

#include <stdlib.h>

#include "lock/lock_world_priv.h"

#define MAX_VIRTUAL_SPECS 1000 /* each is held against the versions of all */

struct asks LK_VEC_OF(struct lk_why_ask);
struct parsed LK_VEC_OF(const struct lk_matchspec *);

struct asker {
	struct lk_lock_world world;
	const struct lk_lock_graph *graph;
	struct lk_why *why;
	struct asks needs, bounds;
	struct parsed virtual_specs; /* what is asked of a virtual package, each text once */
	struct lk_map known;         /* these texts */
	uint32_t *next;
	size_t *distance; /* of each package from the end, 1: is the end; 0: no way */
};

/* TEXT as a spec on the name that is asked about, if it is one and its condition holds. */
static const struct lk_matchspec *spec_on_name(
	struct asker *a, lk_str text, enum lk_spec_origin origin)
{
	struct lk_error ignored = LK_ERROR_INIT;
	lk_str name = a->why->name;
	const struct lk_matchspec *spec = NULL;
	/* Most texts do not even have the name in them. */
	for (size_t i = 0; i + name.len <= text.len && !spec; i++) {
		if (lk_str_eq_nocase(lk_str_slice(text, i, i + name.len), name)) {
			spec = lk_lock_world_spec(&a->world, text, origin, &ignored);
			break;
		}
	}
	bool is_on = spec && spec->name_kind == LK_PATTERN_EXACT && lk_str_eq(spec->name, name) &&
		lk_lock_world_is_live(&a->world, spec);
	return is_on ? spec : NULL;
}

static void note_virtual(struct asker *a, const struct lk_matchspec *spec)
{
	bool known = spec && lk_map_get(&a->known, spec->text) != LK_MAP_NONE;
	if (a->why->package == LK_GRAPH_NONE && spec && !known) {
		lk_map_add(&a->known, spec->text, 0);
		lk_vec_push(&a->virtual_specs, spec);
	}
}

static void gather_needs(struct asker *a, uint32_t package)
{
	const struct lk_graph_node *node = &a->graph->nodes[package];
	const struct lk_str_list *depends = &a->graph->platform->packages[package].depends;
	if (a->why->package != LK_GRAPH_NONE) {
		for (size_t e = 0; e < node->n_needs; e++) {
			if (node->needs[e].to == a->why->package) {
				lk_vec_push(&a->needs,
					(struct lk_why_ask){
						package, depends->items[node->needs[e].spec]});
			}
		}
		return;
	}
	for (size_t l = 0; l < node->n_leaves; l++) {
		if (lk_str_eq(node->leaves[l].name, a->why->name)) {
			lk_str text = depends->items[node->leaves[l].spec];
			lk_vec_push(&a->needs, (struct lk_why_ask){package, text});
			note_virtual(a, spec_on_name(a, text, LK_SPEC_REPODATA));
		}
	}
}

static void gather_bounds(struct asker *a, uint32_t package)
{
	const struct lk_str_list *constrains = &a->graph->platform->packages[package].constrains;
	for (size_t i = 0; i < constrains->n; i++) {
		const struct lk_matchspec *spec =
			spec_on_name(a, constrains->items[i], LK_SPEC_REPODATA);
		if (spec) {
			lk_vec_push(&a->bounds, (struct lk_why_ask){package, constrains->items[i]});
			note_virtual(a, spec);
		}
	}
}

static void gather_pins(struct asker *a)
{
	const struct lk_str_list *pins = &a->graph->platform->pins;
	lk_str *items = lk_arena_calloc(&a->why->arena, pins->n, sizeof(*items));
	size_t n = 0;
	for (size_t i = 0; i < pins->n; i++) {
		if (spec_on_name(a, pins->items[i], LK_SPEC_USER)) {
			items[n++] = pins->items[i];
		}
	}
	a->why->pins = (struct lk_str_list){items, n};
}

/* ---- ways ---- */

static void add_end(struct asker *a, uint32_t package, uint32_t *queue, size_t *tail)
{
	if (a->distance[package] == 0) {
		a->distance[package] = 1;
		queue[(*tail)++] = package;
	}
}

/* Breadth first from the end to all that need it, directly or not. */
static void walk_back(struct asker *a)
{
	size_t n = a->graph->platform->n_packages;
	uint32_t *queue = lk_calloc(n, sizeof(*queue));
	size_t head = 0;
	size_t tail = 0;
	for (size_t i = 0; i < n; i++) {
		a->next[i] = LK_GRAPH_NONE;
	}
	if (a->why->package != LK_GRAPH_NONE) {
		add_end(a, a->why->package, queue, &tail);
	} else {
		for (size_t i = 0; i < a->needs.len; i++) {
			add_end(a, a->needs.items[i].package, queue, &tail);
		}
		for (size_t i = 0; i < a->bounds.len; i++) {
			add_end(a, a->bounds.items[i].package, queue, &tail);
		}
	}
	while (head < tail) {
		uint32_t at = queue[head++];
		const struct lk_graph_node *node = &a->graph->nodes[at];
		for (size_t i = 0; i < node->n_needed_by; i++) {
			uint32_t user = node->needed_by[i];
			if (a->distance[user] == 0) {
				a->distance[user] = a->distance[at] + 1;
				a->next[user] = at;
				queue[tail++] = user;
			}
		}
	}
	lk_free(queue);
}

static int cmp_ways(const void *left, const void *right)
{
	const struct lk_why_way *a = left;
	const struct lk_why_way *b = right;
	if (a->n != b->n) {
		return a->n < b->n ? -1 : 1;
	}
	return a->spec < b->spec ? -1 : a->spec > b->spec;
}

/* Those of specs that ask for the virtual package itself come first of all. */
static size_t add_virtual_specs(struct asker *a, struct lk_why_way *ways)
{
	size_t n = 0;
	for (size_t i = 0; i < a->graph->n_leaves && a->why->package == LK_GRAPH_NONE; i++) {
		const struct lk_graph_leaf *leaf = &a->graph->leaves[i];
		if (lk_str_eq(leaf->name, a->why->name)) {
			ways[n++] = (struct lk_why_way){leaf->spec, LK_GRAPH_NONE, 0};
			note_virtual(a,
				spec_on_name(a, a->graph->platform->specs.items[leaf->spec],
					LK_SPEC_USER));
		}
	}
	return n;
}

static void find_ways(struct asker *a)
{
	const struct lk_lock_graph *graph = a->graph;
	size_t max = graph->n_roots + graph->n_leaves;
	struct lk_why_way *ways = lk_arena_calloc(&a->why->arena, max, sizeof(*ways));
	size_t n = add_virtual_specs(a, ways);
	size_t before = n;
	for (size_t i = 0; i < graph->n_roots; i++) {
		const struct lk_graph_edge *root = &graph->roots[i];
		struct lk_why_way way = {root->spec, root->to, a->distance[root->to]};
		if (way.n == 0) {
			continue;
		}
		if (n > before && ways[n - 1].spec == way.spec) {
			ways[n - 1] = ways[n - 1].n <= way.n ? ways[n - 1] : way;
		} else {
			ways[n++] = way;
		}
	}
	if (n > 0) {
		qsort(ways, n, sizeof(*ways), cmp_ways);
	}
	a->why->ways = ways;
	a->why->n_ways = n;
}

/* ---- the lowest version that does ---- */

static bool suits_all(const struct asker *a, const struct lk_version *version)
{
	for (size_t i = 0; i < a->virtual_specs.len; i++) {
		if (!lk_version_spec_matches(a->virtual_specs.items[i]->version, version)) {
			return false;
		}
	}
	return true;
}

static bool is_version_char(char c)
{
	return lk_str_find_char(LK_STR(",|()<>=!~^$* "), c) == SIZE_MAX;
}

/* Each version that a clause of TEXT names; the lowest that suits all becomes *BEST. */
static void try_versions(struct asker *a, lk_str text, const struct lk_version **best)
{
	struct lk_error ignored = LK_ERROR_INIT;
	size_t at = 0;
	while (at < text.len) {
		size_t from = at;
		while (from < text.len && !is_version_char(text.ptr[from])) {
			from++;
		}
		at = from;
		while (at < text.len && is_version_char(text.ptr[at])) {
			at++;
		}
		const struct lk_version *version;
		if (at > from &&
			lk_version_parse(lk_str_slice(text, from, at), &a->why->arena, &version,
				&ignored) == 0 &&
			suits_all(a, version) && (!*best || lk_version_cmp(version, *best) < 0)) {
			*best = version;
		}
	}
}

static void find_floor(struct asker *a)
{
	const struct lk_version *best = NULL;
	bool few = a->virtual_specs.len <= MAX_VIRTUAL_SPECS;
	for (size_t i = 0; i < a->virtual_specs.len && few; i++) {
		try_versions(a, a->virtual_specs.items[i]->version_text, &best);
	}
	if (best) {
		a->why->floor = lk_str_dup(&a->why->arena, lk_version_text(best));
	}
}

/* ---- all of it ---- */

static const struct lk_why_ask *take_asks(struct asker *a, struct asks *asks, size_t *ret_n)
{
	struct lk_why_ask *items = lk_arena_calloc(&a->why->arena, asks->len, sizeof(*items));
	for (size_t i = 0; i < asks->len; i++) {
		items[i] = asks->items[i];
	}
	*ret_n = asks->len;
	lk_vec_done(asks);
	return items;
}

static void answer(struct asker *a)
{
	size_t n = a->graph->platform->n_packages;
	a->next = lk_arena_calloc(&a->why->arena, n, sizeof(*a->next));
	a->distance = lk_calloc(n, sizeof(*a->distance));
	for (size_t i = 0; i < n; i++) {
		gather_needs(a, (uint32_t)i);
		gather_bounds(a, (uint32_t)i);
	}
	gather_pins(a);
	walk_back(a);
	find_ways(a);
	find_floor(a);
	a->why->next = a->next;
	a->why->needs = take_asks(a, &a->needs, &a->why->n_needs);
	a->why->bounds = take_asks(a, &a->bounds, &a->why->n_bounds);
	lk_vec_done(&a->virtual_specs);
	lk_map_done(&a->known);
	lk_free(a->distance);
}

int lk_lock_why(
	const struct lk_lock_graph *graph, lk_str name, struct lk_why *ret, struct lk_error *err)
{
	struct lk_why why = {.name = name, .package = lk_lock_graph_find(graph, name)};
	if (why.package == LK_GRAPH_NONE && !lk_name_is_virtual(name)) {
		return lk_fail(
			err, LK_E_NOT_FOUND, "no package '" LK_STR_FMT "'", LK_STR_ARG(name));
	}
	lk_arena_init(&why.arena);
	why.name = lk_str_dup(&why.arena, name);
	struct asker a = {.graph = graph, .why = &why};
	lk_lock_world_init(&a.world, graph->platform, &graph->platform->solved_with);
	answer(&a);
	lk_lock_world_done(&a.world);
	if (why.package == LK_GRAPH_NONE && why.n_ways + why.n_needs + why.n_bounds == 0) {
		lk_lock_why_done(&why);
		return lk_fail(
			err, LK_E_NOT_FOUND, "nothing asks for '" LK_STR_FMT "'", LK_STR_ARG(name));
	}
	*ret = why;
	return 0;
}

void lk_lock_why_done(struct lk_why *why)
{
	lk_arena_done(&why->arena);
	*why = (struct lk_why){0};
}
