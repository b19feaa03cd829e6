/*
 * Who needs whom among the packages of one platform of a lock: what tree, why, diff and the SBOM
 * exports walk.
 *
 *     struct lk_lock_graph graph;
 *     lk_lock_graph_make(platform, &graph);
 *     graph.nodes[i].needs ...
 *     lk_lock_graph_done(&graph);
 *
 * Packages are named by their index into the platform's packages, which is the order of names. An
 * edge is a dependency whose condition (CEP 43) holds among the locked packages and the virtual
 * packages of solved-with, and whose name a locked package has: the lock is taken to be consistent
 * (lk_lock_check_consistent), versions are not compared. What no package answers, virtual packages
 * among it, is a leaf. All orders are fixed: edges and leaves as the package's `depends` have them,
 * specs as the lock has them. A spec with a pattern for a name is compared with every package;
 * after LK_GRAPH_MAX_TRIALS such comparisons, far more than any real lock has, further ones are
 * left out.
 */
#ifndef LK_LOCK_LOCK_GRAPH_H
#define LK_LOCK_LOCK_GRAPH_H

#include "lock/lockfile.h"

#define LK_GRAPH_NONE UINT32_MAX
#define LK_GRAPH_MAX_TRIALS ((size_t)1 << 22)

struct lk_graph_edge {
	uint32_t to;
	uint32_t spec; /* index into `depends` of the package, or into `specs` of the platform */
};

/* A dependency whose condition holds, but that no package answers. */
struct lk_graph_leaf {
	lk_str name;     /* as the spec has it */
	uint32_t spec;   /* as of an edge */
	bool is_virtual; /* else it is missing, and the lock not consistent */
};

struct lk_graph_node {
	const struct lk_graph_edge *needs;
	size_t n_needs;
	const struct lk_graph_leaf *leaves;
	size_t n_leaves;
	const uint32_t *needed_by;  /* ascending, each package once */
	const uint32_t *needed_for; /* beside it: the first of that package's `depends` that does */
	size_t n_needed_by;
	/* First spec that the package is reached from by the shortest way, or NONE. */
	uint32_t root;
	uint32_t via; /* the package before it on that way; NONE: the spec asks for it itself */
};

struct lk_lock_graph {
	struct lk_arena arena;
	const struct lk_lock_platform *platform; /* borrowed */
	const struct lk_graph_node *nodes;       /* beside its packages */
	const struct lk_graph_edge *roots;       /* what the specs ask for */
	size_t n_roots;
	const struct lk_graph_leaf *leaves; /* what they ask for and no package is */
	size_t n_leaves;
};

/* Never fails: a text that is no spec has neither edge nor leaf. */
void lk_lock_graph_make(const struct lk_lock_platform *platform, struct lk_lock_graph *ret);
void lk_lock_graph_done(struct lk_lock_graph *graph);

/* The index of the package NAME, or NONE. */
uint32_t lk_lock_graph_find(const struct lk_lock_graph *graph, lk_str name);
/* The packages from the one that a spec asks for down to PACKAGE, by the shortest way, into RET
 * (room for MAX); the number of them, however many fit. 0 when no spec leads there. */
size_t lk_lock_graph_way(
	const struct lk_lock_graph *graph, uint32_t package, uint32_t *ret, size_t max);

#endif
