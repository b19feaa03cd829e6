/*
 * Why a package changed: the way from it to a spec, a changed spec, or another package's change.
 *
 * A change follows from another one when the old record cannot be beside what the other package is
 * now, or when the other package now asks for something that the old record is not. The other one
 * must not be farther from the specs, so that reasons lead towards them and never in a circle.
 */
#include "lock/lock_diff_priv.h"
#include "lock/lock_graph.h"
#include "lock/lock_world_priv.h"

#define MAX_CHAIN 64       /* reasons that follow each other */
#define MAX_LOOKED_AT 1024 /* specs of a record */

/* The ways of one lock's packages. */
struct ways {
	struct lk_lock_graph graph;
	struct lk_way *items; /* beside the packages */
	uint32_t *depth;      /* packages between each and its spec */
};

struct reasons {
	const struct lk_diff_maker *m;
	const struct lk_platform_diff *diff;
	struct lk_package_change *changes;
	struct lk_map names;                /* of the changes, to their index */
	struct lk_lock_world old, new;      /* the packages before and after */
	struct ways before, after;          /* before: only when something was removed */
	struct lk_map specs_from, specs_to; /* texts of changed specs, to their edit */
	uint32_t *depth;                    /* beside the changes */
	struct lk_arena arena;
};

static void measure_depths(const struct lk_lock_graph *graph, uint32_t *depth)
{
	struct lk_u32s path = {0};
	for (uint32_t i = 0; i < graph->platform->n_packages; i++) {
		uint32_t at = i;
		while (at != LK_GRAPH_NONE && depth[at] == LK_GRAPH_NONE) {
			lk_vec_push(&path, at);
			at = graph->nodes[at].via;
		}
		uint32_t n = at == LK_GRAPH_NONE ? 0 : depth[at] + 1;
		while (path.len > 0) {
			depth[path.items[--path.len]] = n++;
		}
	}
	lk_vec_done(&path);
}

static void ways_init(struct ways *ways, const struct lk_lock_platform *platform, struct reasons *r)
{
	size_t n = platform->n_packages;
	lk_lock_graph_make(platform, &ways->graph);
	ways->items = lk_arena_calloc(r->m->arena, n, sizeof(*ways->items));
	ways->depth = lk_arena_calloc(&r->arena, n, sizeof(*ways->depth));
	for (size_t i = 0; i < n; i++) {
		const struct lk_graph_node *node = &ways->graph.nodes[i];
		ways->items[i].name = platform->packages[i].name;
		ways->depth[i] = LK_GRAPH_NONE;
		if (node->root != LK_GRAPH_NONE) {
			ways->items[i].spec = platform->specs.items[node->root];
		}
		if (node->via != LK_GRAPH_NONE) {
			ways->items[i].needed_by = &ways->items[node->via];
		}
	}
	measure_depths(&ways->graph, ways->depth);
}

static void find_ways(struct reasons *r)
{
	bool any_removed = false;
	for (size_t i = 0; i < r->diff->n_changes; i++) {
		any_removed = any_removed || !r->changes[i].to;
	}
	ways_init(&r->after, r->new.platform, r);
	if (any_removed) {
		ways_init(&r->before, r->old.platform, r);
	}
	for (size_t i = 0; i < r->diff->n_changes; i++) {
		struct lk_package_change *change = &r->changes[i];
		const struct ways *ways = change->to ? &r->after : &r->before;
		const struct lk_record *record = change->to ? change->to : change->from;
		size_t at = (size_t)(record - ways->graph.platform->packages);
		change->way = &ways->items[at];
		r->depth[i] = ways->depth[at];
	}
	lk_lock_graph_done(&r->after.graph);
	if (any_removed) {
		lk_lock_graph_done(&r->before.graph);
	}
}

/* ---- changed specs ---- */

static void index_specs(struct reasons *r)
{
	const struct lk_lock_edits *edits = &r->diff->edits;
	for (size_t i = 0; i < edits->n; i++) {
		const struct lk_lock_edit *edit = &edits->items[i];
		bool is_spec = edit->field == LK_EDIT_SPECS;
		if (is_spec && edit->kind == LK_EDIT_CHANGED) {
			lk_map_add(&r->specs_from, edit->from, (uint32_t)i);
			lk_map_add(&r->specs_to, edit->to, (uint32_t)i);
		} else if (is_spec && edit->kind == LK_EDIT_REMOVED) {
			lk_map_add(&r->specs_from, edit->key, (uint32_t)i);
		} else if (is_spec && edit->kind == LK_EDIT_ADDED) {
			lk_map_add(&r->specs_to, edit->key, (uint32_t)i);
		}
	}
}

/* A new or dropped spec explains all that it brings or takes along, a changed one its own package.
 */
static void find_edit(struct reasons *r, struct lk_package_change *change)
{
	const struct lk_map *specs = change->to ? &r->specs_to : &r->specs_from;
	bool both = change->from && change->to;
	if (change->way->spec.len > 0 && (!both || !change->way->needed_by)) {
		uint32_t at = lk_map_get(specs, change->way->spec);
		change->edit = at == LK_MAP_NONE ? NULL : &r->diff->edits.items[at];
	}
}

/* ---- changes that follow from others ---- */

/* The name that a dependency begins with. */
static lk_str name_of(lk_str spec)
{
	size_t n = 0;
	while (n < spec.len && !lk_is_space(spec.ptr[n]) && !strchr("<>=!~[;,|", spec.ptr[n])) {
		n++;
	}
	return lk_str_slice(spec, 0, n);
}

/* Is RECORD of the world W what the dependency TEXT asks for? True for what cannot be judged. */
static bool is_met(struct lk_lock_world *w, lk_str text, const struct lk_record *record)
{
	struct lk_error ignored = LK_ERROR_INIT;
	const struct lk_matchspec *spec = lk_lock_world_spec(w, text, LK_SPEC_REPODATA, &ignored);
	return !spec || spec->when || lk_lock_world_matches(w, spec, record);
}

/* Would BECAUSE as the reason of CHANGE close a circle, or a chain too long to follow? */
static bool is_circle(
	const struct lk_package_change *change, const struct lk_package_change *because)
{
	unsigned n = 0;
	while (because && because != change && n < MAX_CHAIN) {
		because = because->because;
		n++;
	}
	return because;
}

/* BECAUSE is a reason of CHANGE if no better one is known. */
static void offer(struct reasons *r, struct lk_package_change *change,
	const struct lk_package_change *because)
{
	bool is_near = r->depth[because - r->changes] <= r->depth[change - r->changes];
	if (!change->because && is_near && because != change && !is_circle(change, because)) {
		change->because = because;
	}
}

static struct lk_package_change *find_change(const struct reasons *r, lk_str spec)
{
	uint32_t at = lk_map_get(&r->names, name_of(spec));
	return at == LK_MAP_NONE ? NULL : &r->changes[at];
}

/* Does LIST have the spec that stands at AT of another one, most likely at the same place? A lock
 * is consistent, so a spec that both records have decides nothing, and one that is missed in a list
 * beyond all reason is only judged for nothing. */
static bool has_spec(const struct lk_str_list *list, const struct lk_str_list *other, size_t at)
{
	lk_str spec = other->items[at];
	if (at < list->n && lk_str_eq(list->items[at], spec)) {
		return true;
	}
	for (size_t i = 0; i < list->n && i < MAX_LOOKED_AT; i++) {
		if (lk_str_eq(list->items[i], spec)) {
			return true;
		}
	}
	return false;
}

/* Whom the old record, with SPECS, could not be beside; KEPT are those of the new one. A constraint
 * does not ask that anybody is there. */
static void look_back(struct reasons *r, struct lk_package_change *change,
	const struct lk_str_list *specs, const struct lk_str_list *kept, bool needs)
{
	for (size_t i = 0; i < specs->n && !change->because; i++) {
		const struct lk_package_change *other =
			has_spec(kept, specs, i) ? NULL : find_change(r, specs->items[i]);
		if (!other) {
			continue;
		}
		bool fits = other->to ? is_met(&r->new, specs->items[i], other->to) : !needs;
		if (!fits) {
			offer(r, change, other);
		}
	}
}

/* Who brought it, or needs it no more. */
static void look_up(struct reasons *r, struct lk_package_change *change)
{
	const struct lk_package_change *other = find_change(r, change->way->needed_by->name);
	if (other) {
		offer(r, change, other);
	}
}

/* Who could not do with its old record, now that CHANGE has SPECS and no longer HAD. */
static void look_ahead(struct reasons *r, const struct lk_package_change *change,
	const struct lk_str_list *specs, const struct lk_str_list *had)
{
	for (size_t i = 0; i < specs->n; i++) {
		struct lk_package_change *other =
			has_spec(had, specs, i) ? NULL : find_change(r, specs->items[i]);
		if (other && other->from && other->to && !other->because &&
			!is_met(&r->old, specs->items[i], other->from)) {
			offer(r, other, change);
		}
	}
}

static void find_causes(struct reasons *r)
{
	static const struct lk_record nothing;
	for (size_t i = 0; i < r->diff->n_changes; i++) {
		struct lk_package_change *change = &r->changes[i];
		const struct lk_record *from = change->from;
		const struct lk_record *to = change->to;
		if (change->edit) {
			continue;
		}
		if (from && to) {
			look_back(r, change, &from->depends, &to->depends, true);
			look_back(r, change, &from->constrains, &to->constrains, false);
		} else if (change->way->needed_by) {
			look_up(r, change);
		}
	}
	for (size_t i = 0; i < r->diff->n_changes; i++) {
		const struct lk_package_change *change = &r->changes[i];
		const struct lk_record *from = change->from ? change->from : &nothing;
		const struct lk_record *to = change->to;
		if (to) {
			look_ahead(r, change, &to->depends, &from->depends);
			look_ahead(r, change, &to->constrains, &from->constrains);
		}
	}
}

void lk_diff_reasons(const struct lk_diff_maker *m, const struct lk_lock_platform *from,
	const struct lk_lock_platform *to, const struct lk_platform_diff *diff,
	struct lk_package_change *changes)
{
	if (diff->n_changes == 0) {
		return;
	}
	struct reasons r = {.m = m, .diff = diff, .changes = changes};
	r.depth = lk_arena_calloc(&r.arena, diff->n_changes, sizeof(*r.depth));
	lk_lock_world_init(&r.old, from, &from->solved_with);
	lk_lock_world_init(&r.new, to, &to->solved_with);
	for (size_t i = 0; i < diff->n_changes; i++) {
		lk_map_add(&r.names, changes[i].name, (uint32_t)i);
	}
	index_specs(&r);
	find_ways(&r);
	for (size_t i = 0; i < diff->n_changes; i++) {
		find_edit(&r, &changes[i]);
	}
	find_causes(&r);
	lk_lock_world_done(&r.old);
	lk_lock_world_done(&r.new);
	lk_map_done(&r.names);
	lk_map_done(&r.specs_from);
	lk_map_done(&r.specs_to);
	lk_arena_done(&r.arena);
}
