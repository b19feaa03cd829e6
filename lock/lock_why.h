/*
 * Why is a package in a lock, and why just so: the specs that lead to it, who needs it, who bounds
 * it. Of a virtual package: who asks for it, and the lowest version that does for all of them.
 *
 *     struct lk_why why;
 *     lk_lock_why(&graph, LK_STR("numpy"), &why, err);
 *     for (uint32_t p = why.ways[0].first; p != LK_GRAPH_NONE; p = why.next[p]) ...
 *     lk_lock_why_done(&why);
 */
#ifndef LK_LOCK_LOCK_WHY_H
#define LK_LOCK_LOCK_WHY_H

#include "lock/lock_graph.h"

/* The shortest way from a spec to the package (to a package that asks for the virtual one). */
struct lk_why_way {
	uint32_t spec;  /* index into the platform's; the spec alone where FIRST is NONE */
	uint32_t first; /* the package that the spec asks for; go on by `next` */
	size_t n;       /* packages on the way, both ends counted */
};

/* PACKAGE says SPEC of it. */
struct lk_why_ask {
	uint32_t package;
	lk_str spec;
};

struct lk_why {
	struct lk_arena arena;
	lk_str name;
	uint32_t package;              /* NONE: a virtual one */
	const struct lk_why_way *ways; /* one for each spec that leads there; shortest first */
	size_t n_ways;
	const uint32_t *next; /* beside the packages: the next one on the way, or NONE */
	const struct lk_why_ask
		*needs; /* dependencies whose condition holds, in order of packages */
	size_t n_needs;
	const struct lk_why_ask *bounds; /* `constrains`, the same */
	size_t n_bounds;
	struct lk_str_list pins;
	/* Of a virtual package: the lowest version named by those that ask that all of them accept;
	 * empty where none names one, where no version does for all, and where more than a thousand
	 * different specs ask. */
	lk_str floor;
};

/* NAME in lower case. The graph is borrowed. LK_E_NOT_FOUND when no package has that name and
 * nobody asks for a virtual one of it. */
int lk_lock_why(const struct lk_lock_graph *graph, lk_str name, struct lk_why *ret,
	struct lk_error *err) LK_MUST_USE;
void lk_lock_why_done(struct lk_why *why);

#endif
