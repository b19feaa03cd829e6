/*
 * Link order: rounds over the dependency graph.
 */
#include "install/link_order.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/vec.h"

struct graph {
	const struct lk_record *records;
	size_t n;
	struct lk_u32s *needs; /* for each record: its dependencies, each once */
	struct lk_u32s *users; /* for each: who depends on it */
	uint32_t *n_waits;     /* for each: dependencies not yet placed */
	bool *placed;
	uint32_t *out;
	size_t n_out;
};

/* The package a dependency names, in ARENA: "conda-forge::numpy >=1.2" is "numpy". */
static lk_str dependency_name(lk_str spec, struct lk_arena *arena)
{
	spec = lk_str_trim(spec);
	size_t end = 0;
	while (end < spec.len && !lk_is_space(spec.ptr[end]) &&
		lk_str_find_char(LK_STR("=<>!~["), spec.ptr[end]) == SIZE_MAX) {
		end++;
	}
	lk_str name = lk_str_slice(spec, 0, end);
	size_t colon = lk_str_rfind_char(name, ':');
	return lk_str_lower(arena, colon == SIZE_MAX ? name : lk_str_skip(name, colon + 1));
}

static void add_edge(struct graph *g, uint32_t user, uint32_t on)
{
	lk_vec_push(&g->needs[user], on);
	lk_vec_push(&g->users[on], user);
	g->n_waits[user]++;
}

/* Whatever uses python waits for menuinst, but for what menuinst itself needs. */
static void add_menuinst(struct graph *g, uint32_t python, uint32_t menuinst)
{
	bool *LK_AUTO_FREE exempt = lk_calloc(g->n, sizeof(*exempt));
	const struct lk_u32s *own = &g->needs[menuinst];
	exempt[menuinst] = true;
	for (size_t i = 0; i < own->len; i++) {
		exempt[own->items[i]] = true;
	}
	const struct lk_u32s *direct = &g->users[menuinst];
	for (size_t i = 0; i < direct->len; i++) {
		exempt[direct->items[i]] = true;
	}
	for (size_t i = 0; i < g->users[python].len; i++) {
		uint32_t user = g->users[python].items[i];
		if (!exempt[user]) {
			add_edge(g, user, menuinst);
		}
	}
}

static void load(struct graph *g)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_map LK_CLEANUP(lk_map_done) by_name = {0};
	uint32_t *LK_AUTO_FREE last_user = lk_calloc(g->n, sizeof(*last_user)); /* plus one */
	for (size_t i = 0; i < g->n; i++) {
		lk_map_add(&by_name, g->records[i].name, (uint32_t)i);
	}
	uint32_t python = lk_map_get(&by_name, LK_STR("python"));
	uint32_t pip = lk_map_get(&by_name, LK_STR("pip"));
	uint32_t menuinst = lk_map_get(&by_name, LK_STR("menuinst"));
	for (uint32_t i = 0; i < g->n; i++) {
		const struct lk_str_list *depends = &g->records[i].depends;
		for (size_t d = 0; d < depends->n; d++) {
			uint32_t on =
				lk_map_get(&by_name, dependency_name(depends->items[d], &arena));
			bool dropped = i == python && on == pip;
			if (on != LK_MAP_NONE && on != i && !dropped && last_user[on] != i + 1) {
				last_user[on] = i + 1;
				add_edge(g, i, on);
			}
		}
	}
	if (python != LK_MAP_NONE && menuinst != LK_MAP_NONE) {
		add_menuinst(g, python, menuinst);
	}
}

static int cmp_index(const void *a, const void *b)
{
	const uint32_t *x = a;
	const uint32_t *y = b;
	return *x < *y ? -1 : *x > *y;
}

/* Places INDEX; who waits for nothing any more joins NEXT. */
static void place(struct graph *g, uint32_t index, struct lk_u32s *next)
{
	g->placed[index] = true;
	g->out[g->n_out++] = index;
	for (size_t i = 0; i < g->users[index].len; i++) {
		uint32_t user = g->users[index].items[i];
		if (--g->n_waits[user] == 0 && !g->placed[user]) {
			lk_vec_push(next, user);
		}
	}
}

/* Marks what can be reached from START along EDGES among what is not placed. */
static void flood(const struct graph *g, const struct lk_u32s *edges, uint32_t start, bool *seen)
{
	struct lk_u32s todo = {0};
	seen[start] = true;
	lk_vec_push(&todo, start);
	while (todo.len > 0) {
		const struct lk_u32s *ends = &edges[todo.items[--todo.len]];
		for (size_t i = 0; i < ends->len; i++) {
			uint32_t end = ends->items[i];
			if (!g->placed[end] && !seen[end]) {
				seen[end] = true;
				lk_vec_push(&todo, end);
			}
		}
	}
	lk_vec_done(&todo);
}

/* Is X to be placed before Y where both are on a cycle? */
static bool goes_first(const struct graph *g, uint32_t x, uint32_t y)
{
	bool x_noarch = g->records[x].noarch != LK_NOARCH_NO;
	bool y_noarch = g->records[y].noarch != LK_NOARCH_NO;
	if (x_noarch != y_noarch) {
		return y_noarch;
	}
	return g->n_waits[x] != g->n_waits[y] ? g->n_waits[x] < g->n_waits[y] : x < y;
}

/* Everything that is left waits for something that is left. The last start of a search that marks
 * all along "is used by" is in a group of packages that need only each other, and what it needs is
 * that group. */
static uint32_t break_cycle(const struct graph *g)
{
	bool *LK_AUTO_FREE seen = lk_calloc(g->n, sizeof(*seen));
	bool *LK_AUTO_FREE group = lk_calloc(g->n, sizeof(*group));
	uint32_t best = 0;
	for (uint32_t i = 0; i < g->n; i++) {
		if (!g->placed[i] && !seen[i]) {
			best = i;
			flood(g, g->users, i, seen);
		}
	}
	flood(g, g->needs, best, group);
	for (uint32_t i = 0; i < g->n; i++) {
		best = group[i] && goes_first(g, i, best) ? i : best;
	}
	return best;
}

static void run_rounds(struct graph *g, struct lk_u32s *round)
{
	struct lk_u32s next = {0};
	while (g->n_out < g->n) {
		if (round->len == 0) {
			lk_vec_push(round, break_cycle(g));
		}
		qsort(round->items, round->len, sizeof(*round->items), cmp_index);
		for (size_t i = 0; i < round->len; i++) {
			place(g, round->items[i], &next);
		}
		struct lk_u32s done = *round;
		*round = next;
		next = done;
		lk_vec_clear(&next);
	}
	lk_vec_done(&next);
}

uint32_t *lk_link_order(const struct lk_record *records, size_t n, struct lk_arena *arena)
{
	struct graph g = {
		.records = records,
		.n = n,
		.needs = lk_arena_calloc(arena, n, sizeof(struct lk_u32s)),
		.users = lk_arena_calloc(arena, n, sizeof(struct lk_u32s)),
		.n_waits = lk_arena_calloc(arena, n, sizeof(uint32_t)),
		.placed = lk_arena_calloc(arena, n, sizeof(bool)),
		.out = lk_arena_calloc(arena, n, sizeof(uint32_t)),
	};
	struct lk_u32s round = {0};
	load(&g);
	for (uint32_t i = 0; i < n; i++) {
		if (g.n_waits[i] == 0 && g.users[i].len == 0) {
			place(&g, i, &round);
		} else if (g.n_waits[i] == 0) {
			lk_vec_push(&round, i);
		}
	}
	run_rounds(&g, &round);
	lk_vec_done(&round);
	for (size_t i = 0; i < n; i++) {
		lk_vec_done(&g.needs[i]);
		lk_vec_done(&g.users[i]);
	}
	return g.out;
}
