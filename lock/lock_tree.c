/*
 * A walk in depth over a graph, with a stack of its own.
 */
#include "lock/lock_tree.h"

struct child {
	enum lk_branch_kind kind;
	uint32_t package;
	lk_str spec;
};
struct children LK_VEC_OF(struct child);

/* A package whose children are being walked: children[first .. end) of the walk. */
struct frame {
	uint32_t package;
	size_t first, next, end;
};

struct state {
	uint32_t depth; /* at which it was taken apart */
	bool is_seen;   /* it has a line */
	bool is_open;   /* it was taken apart, */
	bool is_whole;  /* and nothing below it was cut off */
};

struct walk {
	const struct lk_lock_graph *graph;
	const struct lk_lock_tree_options *options;
	bool (*line)(void *ctx, const struct lk_branch *line);
	void *ctx;
	struct state *states; /* beside the packages */
	size_t *marks;        /* beside them: the last list of children that has it */
	size_t n_marks;
	uint32_t *asked,
		*next_asked;      /* upwards: first root of a package, next of a root, or NONE */
	struct children children; /* of the frames, one after the other */
	struct LK_VEC_OF(struct frame) frames;
	bool stopped;
};

static void push(struct walk *w, enum lk_branch_kind kind, uint32_t package, lk_str spec)
{
	lk_vec_push(&w->children, (struct child){kind, package, spec});
}

static enum lk_branch_kind kind_of(const struct lk_graph_leaf *leaf)
{
	return leaf->is_virtual ? LK_BRANCH_VIRTUAL : LK_BRANCH_MISSING;
}

/* Puts edges and leaves in the order of SPECS; ONCE: of several edges to a package the first. */
static void push_merged(struct walk *w, const struct lk_graph_edge *edges, size_t n_edges,
	const struct lk_graph_leaf *leaves, size_t n_leaves, const lk_str *specs, bool once)
{
	size_t e = 0;
	size_t l = 0;
	w->n_marks++;
	while (e < n_edges || l < n_leaves) {
		if (l < n_leaves && (e == n_edges || leaves[l].spec < edges[e].spec)) {
			push(w, kind_of(&leaves[l]), LK_GRAPH_NONE, specs[leaves[l].spec]);
			l++;
			continue;
		}
		uint32_t to = edges[e].to;
		if (!once || w->marks[to] != w->n_marks) {
			w->marks[to] = w->n_marks;
			push(w, LK_BRANCH_PACKAGE, to, specs[edges[e].spec]);
		}
		e++;
	}
}

static void push_specs_for(struct walk *w, uint32_t package)
{
	const struct lk_lock_graph *graph = w->graph;
	for (uint32_t i = w->asked[package]; i != LK_GRAPH_NONE; i = w->next_asked[i]) {
		push(w, LK_BRANCH_SPEC, LK_GRAPH_NONE,
			graph->platform->specs.items[graph->roots[i].spec]);
	}
}

static void push_children(struct walk *w, uint32_t package)
{
	const struct lk_lock_graph *graph = w->graph;
	const struct lk_graph_node *node = &graph->nodes[package];
	if (!w->options->up) {
		push_merged(w, node->needs, node->n_needs, node->leaves, node->n_leaves,
			graph->platform->packages[package].depends.items, true);
		return;
	}
	push_specs_for(w, package);
	for (size_t i = 0; i < node->n_needed_by; i++) {
		uint32_t user = node->needed_by[i];
		push(w, LK_BRANCH_PACKAGE, user,
			graph->platform->packages[user].depends.items[node->needed_for[i]]);
	}
}

static void open_package(struct walk *w, uint32_t package, uint32_t depth)
{
	struct frame frame = {package, w->children.len, w->children.len, 0};
	push_children(w, package);
	frame.end = w->children.len;
	w->states[package] = (struct state){depth, true, true, true};
	lk_vec_push(&w->frames, frame);
}

static bool has_children(const struct walk *w, uint32_t package)
{
	const struct lk_graph_node *node = &w->graph->nodes[package];
	return w->options->up ? node->n_needed_by > 0 || w->asked[package] != LK_GRAPH_NONE
			      : node->n_needs > 0 || node->n_leaves > 0;
}

/* What was cut off below one is cut off below all that lead to it. */
static void spoil_frames(struct walk *w)
{
	for (size_t i = w->frames.len; i > 0; i--) {
		uint32_t package = w->frames.items[i - 1].package;
		if (package == LK_GRAPH_NONE || !w->states[package].is_whole) {
			break;
		}
		w->states[package].is_whole = false;
	}
}

/* One line, and the package's own behind it if they are to come now. */
static void visit(
	struct walk *w, const struct child *child, uint32_t depth, bool is_last, bool is_orphan)
{
	struct lk_branch line = {
		.kind = child->kind,
		.package = child->package,
		.spec = child->spec,
		.depth = depth,
		.is_last = is_last,
		.is_orphan = is_orphan,
	};
	bool opens = false;
	if (child->kind == LK_BRANCH_PACKAGE && has_children(w, child->package)) {
		const struct state *state = &w->states[child->package];
		line.is_again = state->is_open && (state->is_whole || depth >= state->depth);
		line.is_cut = !line.is_again && depth >= w->options->depth;
		opens = !line.is_again && !line.is_cut;
		if (line.is_cut || (line.is_again && !state->is_whole)) {
			spoil_frames(w);
		}
	}
	if (child->kind == LK_BRANCH_PACKAGE) {
		w->states[child->package].is_seen = true;
	}
	w->stopped = !w->line(w->ctx, &line);
	if (opens) {
		open_package(w, child->package, depth);
	}
}

/* All that hangs below the frames. */
static void walk_frames(struct walk *w)
{
	while (w->frames.len > 0 && !w->stopped) {
		struct frame *frame = &w->frames.items[w->frames.len - 1];
		if (frame->next == frame->end) {
			w->children.len = frame->first;
			w->frames.len--;
			continue;
		}
		struct child child = w->children.items[frame->next++];
		visit(w, &child, (uint32_t)w->frames.len, frame->next == frame->end, false);
	}
}

static void walk_package(struct walk *w, uint32_t package, bool is_orphan)
{
	const struct child root = {LK_BRANCH_PACKAGE, package, {NULL, 0}};
	visit(w, &root, 0, false, is_orphan);
	walk_frames(w);
}

/* Those that nobody needs first; what is left then goes around in circles. */
static void walk_orphans(struct walk *w)
{
	const struct lk_lock_graph *graph = w->graph;
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < graph->platform->n_packages && !w->stopped; i++) {
			const struct lk_graph_node *node = &graph->nodes[i];
			bool heads = pass == 0 ? node->n_needed_by == 0 : !w->states[i].is_seen;
			if (node->root == LK_GRAPH_NONE && heads) {
				walk_package(w, (uint32_t)i, true);
			}
		}
	}
}

static void walk_specs(struct walk *w)
{
	const struct lk_lock_graph *graph = w->graph;
	push_merged(w, graph->roots, graph->n_roots, graph->leaves, graph->n_leaves,
		graph->platform->specs.items, false);
	struct children roots = w->children;
	w->children = (struct children){0};
	for (size_t i = 0; i < roots.len && !w->stopped; i++) {
		visit(w, &roots.items[i], 0, false, false);
		walk_frames(w);
	}
	lk_vec_done(&roots);
	walk_orphans(w);
}

/* The specs that ask for the virtual package NAME, then the packages that do. */
static void push_virtual_users(struct walk *w, lk_str name)
{
	const struct lk_lock_graph *graph = w->graph;
	const struct lk_lock_platform *platform = graph->platform;
	for (size_t i = 0; i < graph->n_leaves; i++) {
		if (lk_str_eq(graph->leaves[i].name, name)) {
			push(w, LK_BRANCH_SPEC, LK_GRAPH_NONE,
				platform->specs.items[graph->leaves[i].spec]);
		}
	}
	for (size_t i = 0; i < platform->n_packages; i++) {
		const struct lk_graph_node *node = &graph->nodes[i];
		size_t l = 0;
		while (l < node->n_leaves && !lk_str_eq(node->leaves[l].name, name)) {
			l++;
		}
		if (l < node->n_leaves) {
			push(w, LK_BRANCH_PACKAGE, (uint32_t)i,
				platform->packages[i].depends.items[node->leaves[l].spec]);
		}
	}
}

/* False when nobody asks for it. */
static bool walk_virtual(struct walk *w, lk_str name)
{
	push_virtual_users(w, name);
	if (w->children.len == 0) {
		return false;
	}
	const struct lk_branch line = {
		.kind = LK_BRANCH_VIRTUAL,
		.package = LK_GRAPH_NONE,
		.spec = name,
		.is_cut = w->options->depth == 0,
	};
	w->stopped = !w->line(w->ctx, &line);
	if (!line.is_cut) {
		lk_vec_push(&w->frames, (struct frame){LK_GRAPH_NONE, 0, 0, w->children.len});
	}
	walk_frames(w);
	return true;
}

static void list_roots(struct walk *w)
{
	const struct lk_lock_graph *graph = w->graph;
	for (size_t i = 0; i < graph->platform->n_packages; i++) {
		w->asked[i] = LK_GRAPH_NONE;
	}
	for (size_t i = graph->n_roots; i > 0; i--) {
		uint32_t to = graph->roots[i - 1].to;
		w->next_asked[i - 1] = w->asked[to];
		w->asked[to] = (uint32_t)(i - 1);
	}
}

static bool walk_any(struct walk *w)
{
	lk_str name = w->options->name;
	uint32_t package = name.len > 0 ? lk_lock_graph_find(w->graph, name) : LK_GRAPH_NONE;
	if (package != LK_GRAPH_NONE) {
		walk_package(w, package, false);
		return true;
	}
	if (name.len > 0) {
		return w->options->up && lk_name_is_virtual(name) && walk_virtual(w, name);
	}
	walk_specs(w);
	return true;
}

int lk_lock_tree_walk(const struct lk_lock_graph *graph, const struct lk_lock_tree_options *options,
	bool (*line)(void *ctx, const struct lk_branch *line), void *ctx, struct lk_error *err)
{
	size_t n = graph->platform->n_packages;
	struct walk w = {.graph = graph, .options = options, .line = line, .ctx = ctx};
	w.states = lk_calloc(n, sizeof(*w.states));
	w.marks = lk_calloc(n, sizeof(*w.marks));
	w.asked = lk_calloc(n, sizeof(*w.asked));
	w.next_asked = lk_calloc(graph->n_roots, sizeof(*w.next_asked));
	list_roots(&w);
	bool found = walk_any(&w);
	lk_free(w.states);
	lk_free(w.marks);
	lk_free(w.asked);
	lk_free(w.next_asked);
	lk_vec_done(&w.children);
	lk_vec_done(&w.frames);
	return found ? 0
		     : lk_fail(err, LK_E_NOT_FOUND, "no package '" LK_STR_FMT "'",
			       LK_STR_ARG(options->name));
}
