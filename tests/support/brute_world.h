/*
 * Small problems and their defined answer, worked out by trying every set of records
 * (docs/architecture.md, "The answer is defined").
 *
 * Nothing here uses the resolver's tables or the matcher: a dependency is a package and a set of
 * its versions as bits, and a set of records is 2 bits for each package: its version, or 0 for
 * none. One more package is virtual; what the target has of it is part of every set.
 */
#ifndef TESTS_SUPPORT_BRUTE_WORLD_H
#define TESTS_SUPPORT_BRUTE_WORLD_H

#include <stdbool.h>
#include <stdlib.h>

#define PACKAGES 6
#define VIRTUAL PACKAGES
#define VERSIONS 3
#define MAX_DEPS 3
#define SETS 4096 /* (VERSIONS + 1) ^ PACKAGES */
#define GROUP_BASE PACKAGES
#define NODES (2 * PACKAGES) /* packages, then the extras group of each */

struct leaf {
	int package;
	unsigned versions; /* bit v: version v + 1 is accepted */
	unsigned channel;  /* 0: any, else channel + 1 */
};

struct dep {
	struct leaf leaf;
	bool extra; /* turns on the package's group */
	int n_when; /* 0: always; else leaves joined: the third by the other operator */
	bool any;   /* "or", else "and" */
	struct leaf when[3];
};

struct rec {
	bool exists; /* in its channel */
	bool tracked, newer;
	unsigned channel; /* 0 before 1 */
	bool has_group;
	int n_deps, n_limits, n_group;
	struct dep deps[MAX_DEPS];
	struct leaf limits[MAX_DEPS];
	struct dep group[MAX_DEPS];
};

enum priority {
	STRICT,
	FLEXIBLE,
	DISABLED,
};

struct world {
	struct rec recs[PACKAGES][VERSIONS];
	struct dep roots[PACKAGES];
	int n_roots;
	struct leaf pins[1];
	int n_pins;
	enum priority priority;
	bool exclude_newer;
	unsigned virtual;     /* version of the virtual package; 0: absent */
	int locked[PACKAGES]; /* version + 1; 0: not in the lock */
	bool updated[PACKAGES];
	int lock_order[PACKAGES];
	int n_locked;
	bool candidate[PACKAGES][VERSIONS + 1]; /* find_sets fills it and the sets */
	unsigned sets[SETS];                    /* valid ones */
	int n_sets;
};

/* An answer in bits. */
struct answer {
	bool possible;
	unsigned set, groups;
};

static inline unsigned version_in(unsigned set, int package)
{
	return (set >> (2 * package)) & 3;
}

static inline bool is_locked(const struct world *w, int package, unsigned version)
{
	return w->locked[package] == (int)version && !w->updated[package];
}

/* --- what may be chosen at all --- */

static inline bool leaf_allows(const struct leaf *leaf, int package, unsigned channel)
{
	return leaf->channel == 0 || leaf->package != package || leaf->channel == channel + 1;
}

/* Do the specs and pins that name a channel for PACKAGE leave CHANNEL in? */
static inline bool channel_is_open(const struct world *w, int package, unsigned channel)
{
	for (int i = 0; i < w->n_roots; i++) {
		if (w->roots[i].n_when == 0 && !leaf_allows(&w->roots[i].leaf, package, channel)) {
			return false;
		}
	}
	for (int i = 0; i < w->n_pins; i++) {
		if (!leaf_allows(&w->pins[i], package, channel)) {
			return false;
		}
	}
	return true;
}

/* Is VERSION of PACKAGE a candidate: there, or known to the lock, and left by the filters? */
static inline bool is_candidate(const struct world *w, int package, unsigned version)
{
	const struct rec *recs = w->recs[package];
	const struct rec *rec = &recs[version - 1];

	if ((!rec->exists && !is_locked(w, package, version)) ||
		!channel_is_open(w, package, rec->channel) || (w->exclude_newer && rec->newer)) {
		return false;
	}
	for (int v = 0; w->priority == STRICT && v < VERSIONS; v++) {
		if (recs[v].exists && recs[v].channel < rec->channel &&
			channel_is_open(w, package, recs[v].channel)) {
			return false;
		}
	}
	return true;
}

/* --- which sets hold together --- */

static inline bool leaf_met(const struct world *w, const struct leaf *leaf, unsigned set)
{
	unsigned v = version_in(set, leaf->package);

	return v > 0 && ((leaf->versions >> (v - 1)) & 1) &&
		(leaf->channel == 0 || w->recs[leaf->package][v - 1].channel + 1 == leaf->channel);
}

static inline bool when_holds(const struct world *w, const struct dep *dep, unsigned set)
{
	bool holds = dep->n_when == 0 || leaf_met(w, &dep->when[0], set);

	if (dep->n_when > 1) {
		bool second = leaf_met(w, &dep->when[1], set);

		holds = dep->any ? holds || second : holds && second;
	}
	if (dep->n_when > 2) {
		bool third = leaf_met(w, &dep->when[2], set);

		holds = dep->any ? holds && third : holds || third;
	}
	return holds;
}

static inline bool deps_met(
	const struct world *w, const struct dep *deps, int n, unsigned set, unsigned *groups)
{
	for (int i = 0; i < n; i++) {
		if (when_holds(w, &deps[i], set)) {
			if (!leaf_met(w, &deps[i].leaf, set)) {
				return false;
			}
			*groups |= deps[i].extra ? 1u << deps[i].leaf.package : 0;
		}
	}
	return true;
}

static inline bool limits_kept(
	const struct world *w, const struct leaf *limits, int n, unsigned set)
{
	for (int i = 0; i < n; i++) {
		if (version_in(set, limits[i].package) && !leaf_met(w, &limits[i], set)) {
			return false;
		}
	}
	return true;
}

static inline bool groups_met(const struct world *w, unsigned set, unsigned groups)
{
	unsigned done = 0;

	while (groups & ~done) {
		int p = __builtin_ctz(groups & ~done);
		const struct rec *rec = &w->recs[p][version_in(set, p) - 1];

		done |= 1u << p;
		if (rec->has_group && !deps_met(w, rec->group, rec->n_group, set, &groups)) {
			return false;
		}
	}
	return true;
}

static inline bool set_valid(const struct world *w, unsigned set)
{
	unsigned groups = 0;

	if (!deps_met(w, w->roots, w->n_roots, set, &groups) ||
		!limits_kept(w, w->pins, w->n_pins, set)) {
		return false;
	}
	for (int p = 0; p < PACKAGES; p++) {
		unsigned v = version_in(set, p);
		const struct rec *rec = &w->recs[p][v ? v - 1 : 0];

		if (v > 0 &&
			(!deps_met(w, rec->deps, rec->n_deps, set, &groups) ||
				!limits_kept(w, rec->limits, rec->n_limits, set))) {
			return false;
		}
	}
	return groups_met(w, set, groups);
}

static inline void find_sets(struct world *w)
{
	for (int p = 0; p < PACKAGES; p++) {
		w->candidate[p][0] = true;
		for (unsigned v = 1; v <= VERSIONS; v++) {
			w->candidate[p][v] = is_candidate(w, p, v);
		}
	}
	w->n_sets = 0;
	for (unsigned set = 0; set < SETS; set++) {
		unsigned whole = set | w->virtual << (2 * VIRTUAL);
		bool valid = true;

		for (int p = 0; valid && p < PACKAGES; p++) {
			valid = w->candidate[p][version_in(set, p)];
		}
		if (valid && set_valid(w, whole)) {
			w->sets[w->n_sets++] = whole;
		}
	}
}

/* --- the best of them --- */

/* Does version A of PACKAGE rank before B, whatever the lock holds? */
static inline bool ranks_before(const struct world *w, int package, unsigned a, unsigned b)
{
	const struct rec *left = &w->recs[package][a - 1];
	const struct rec *right = &w->recs[package][b - 1];

	if (left->tracked != right->tracked) {
		return right->tracked;
	}
	if (w->priority == FLEXIBLE && left->channel != right->channel) {
		return left->channel < right->channel;
	}
	return a > b;
}

/* Is version A of PACKAGE better than B? */
static inline bool is_better(const struct world *w, int package, unsigned a, unsigned b)
{
	return is_locked(w, package, a) != is_locked(w, package, b)
		? is_locked(w, package, a)
		: ranks_before(w, package, a, b);
}

/* Keeps only the sets with the best version of PACKAGE that any has (or, if ABSENT_ALLOWED, none).
 * Returns that version; 0 when no set has one: then nothing is changed. */
static inline unsigned keep_best(struct world *w, int package, bool absent_allowed)
{
	unsigned best = 0;
	int n = 0;

	for (int i = 0; i < w->n_sets; i++) {
		unsigned v = version_in(w->sets[i], package);

		if (v > 0 && (best == 0 || is_better(w, package, v, best))) {
			best = v;
		}
	}
	for (int i = 0; best && i < w->n_sets; i++) {
		unsigned v = version_in(w->sets[i], package);

		if (v == best || (absent_allowed && v == 0)) {
			w->sets[n++] = w->sets[i];
		}
	}
	w->n_sets = best ? n : w->n_sets;
	return best;
}

/* Does SET have a kept package that a spec names at a lower version than the lock? */
static inline bool falls_back(const struct world *w, unsigned set)
{
	for (int i = 0; i < w->n_roots; i++) {
		int p = w->roots[i].leaf.package;
		unsigned v = p == VIRTUAL ? 0 : version_in(set, p);
		unsigned locked = p == VIRTUAL ? 0 : (unsigned)w->locked[p];

		if (v > 0 && locked > 0 && !w->updated[p] && w->candidate[p][locked] &&
			ranks_before(w, p, locked, v)) {
			return true;
		}
	}
	return false;
}

/* An update takes nothing else back where there is another way. */
static inline void keep_upward(struct world *w)
{
	int n = 0;

	for (int i = 0; i < w->n_sets; i++) {
		n += !falls_back(w, w->sets[i]);
	}
	if (n > 0) {
		n = 0;
		for (int i = 0; i < w->n_sets; i++) {
			if (!falls_back(w, w->sets[i])) {
				w->sets[n++] = w->sets[i];
			}
		}
		w->n_sets = n;
	}
}

/* Relock: the best that there is of what is to be updated; then what is kept, in the lock's order.
 */
static inline void narrow_to_lock(struct world *w)
{
	bool any = false;

	for (int p = 0; p < PACKAGES; p++) {
		any = any || w->updated[p];
	}
	if (any) {
		keep_upward(w);
	}
	for (int p = 0; p < PACKAGES; p++) {
		if (w->updated[p]) {
			(void)keep_best(w, p, true);
		}
	}
	for (int i = 0; i < w->n_locked; i++) {
		if (!w->updated[w->lock_order[i]]) {
			(void)keep_best(w, w->lock_order[i], true);
		}
	}
}

struct node_queue {
	const struct world *world;
	int nodes[NODES];
	int n, head;
	bool seen[NODES];
	unsigned fixed; /* a set */
};

static inline void enqueue(struct node_queue *q, int node)
{
	if (!q->seen[node]) {
		q->seen[node] = true;
		q->nodes[q->n++] = node;
	}
}

/* "b" before "b[g]" before "c". */
static inline int cmp_node(const void *left, const void *right)
{
	int a = *(const int *)left;
	int b = *(const int *)right;
	int by_package = a % PACKAGES - b % PACKAGES;

	return by_package ? by_package : a - b;
}

static inline void enqueue_deps(
	struct node_queue *q, const struct dep *deps, int n, bool conditional_only)
{
	for (int i = 0; i < n; i++) {
		if (deps[i].leaf.package == VIRTUAL || (conditional_only && !deps[i].n_when) ||
			!when_holds(q->world, &deps[i], q->fixed)) {
			continue;
		}
		enqueue(q, deps[i].leaf.package);
		if (deps[i].extra) {
			enqueue(q, GROUP_BASE + deps[i].leaf.package);
		}
	}
}

static inline const struct rec *rec_of(const struct node_queue *q, int node)
{
	int package = node % PACKAGES;

	return &q->world->recs[package][version_in(q->fixed, package) - 1];
}

static inline void enqueue_node(struct node_queue *q, int node, bool conditional_only)
{
	const struct rec *rec = rec_of(q, node);

	if (node < GROUP_BASE) {
		enqueue_deps(q, rec->deps, rec->n_deps, conditional_only);
	} else {
		enqueue_deps(q, rec->group, rec->has_group ? rec->n_group : 0, conditional_only);
	}
}

static inline void sort_nodes(struct node_queue *q, int start)
{
	qsort(q->nodes + start, (size_t)(q->n - start), sizeof(int), cmp_node);
}

/* When the queue is empty: what conditions that have come true need; false when that is nothing. */
static inline bool enqueue_late(struct node_queue *q)
{
	int start = q->n;

	enqueue_deps(q, q->world->roots, q->world->n_roots, true);
	for (int i = 0; i < start; i++) {
		enqueue_node(q, q->nodes[i], true);
	}
	sort_nodes(q, start);
	return q->n > start;
}

/* The defined answer; uses up the world's sets. */
static inline struct answer defined_answer(struct world *w)
{
	struct node_queue q = {.world = w, .fixed = w->virtual << (2 * VIRTUAL)};
	struct answer answer = {0};

	find_sets(w);
	narrow_to_lock(w);
	if (w->n_sets == 0) {
		return answer;
	}
	answer.possible = true;
	enqueue_deps(&q, w->roots, w->n_roots, false);
	while (q.head < q.n || enqueue_late(&q)) {
		int node = q.nodes[q.head++];
		int start = q.n;

		if (node < GROUP_BASE) {
			q.fixed |= keep_best(w, node, false) << (2 * node);
		} else if (rec_of(&q, node)->has_group) {
			answer.groups |= 1u << (node - GROUP_BASE);
		}
		enqueue_node(&q, node, false);
		sort_nodes(&q, start);
	}
	answer.set = q.fixed & (SETS - 1);
	return answer;
}

#endif
