/*
 * The dependency tree of one platform of a lock, line by line: from its specs down, from one
 * package down, or from one package up to whoever needs it.
 *
 * Each package is taken apart once, where the walk meets it first; other lines of it say so, and
 * what hangs below them stands above. Cycles end the same way. The walk keeps its own stack: any
 * graph is fine, however deep. Orders are those of the graph.
 */
#ifndef LK_LOCK_LOCK_TREE_H
#define LK_LOCK_LOCK_TREE_H

#include "lock/lock_graph.h"

enum lk_branch_kind {
	LK_BRANCH_PACKAGE,
	LK_BRANCH_VIRTUAL, /* a virtual package: spec says which */
	LK_BRANCH_MISSING, /* a dependency that nothing answers */
	LK_BRANCH_SPEC,    /* upwards: a spec of the lock asks for it */
};

struct lk_branch {
	enum lk_branch_kind kind;
	uint32_t package; /* of kind PACKAGE, else NONE */
	/* That leads here: a dependency or a spec of the lock; upwards, what this line's package
	 * asks of the one above it. Empty for a root that was asked for by name and for what no
	 * spec leads to. */
	lk_str spec;
	uint32_t depth; /* 0: a root */
	bool is_last;   /* of the lines below the same one */
	bool is_again;  /* it has lines below it, and they stand above */
	bool is_cut;    /* it has lines below it, deeper than asked for */
	bool is_orphan; /* a root that no spec leads to */
};

struct lk_lock_tree_options {
	lk_str name;    /* of the root, a package or (upwards) a virtual one; empty: the specs */
	bool up;        /* to whoever needs it; needs a name */
	uint32_t depth; /* lines with a greater one are left out; UINT32_MAX: none */
};

/* Gives LINE each line in order until it returns false. From the specs down, what no spec leads to
 * comes last, so that every package has a line unless depth cuts it off. LK_E_NOT_FOUND when there
 * is no such package, and nobody asks for a virtual package of that name. */
int lk_lock_tree_walk(const struct lk_lock_graph *graph, const struct lk_lock_tree_options *options,
	bool (*line)(void *ctx, const struct lk_branch *line), void *ctx,
	struct lk_error *err) LK_MUST_USE;

#endif
