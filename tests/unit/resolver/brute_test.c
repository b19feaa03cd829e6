/*
 * Thousands of small random problems: the resolver's answer, with presolve and without, against the
 * definition worked out by trying every set of records.
 *
 * Nothing here uses the resolver's tables or the matcher: a dependency is a package and a set of
 * its versions as bits, and only its text is handed to the resolver.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "resolver/task.h"

#define PACKAGES 6
#define VERSIONS 3
#define MAX_DEPS 3
#define SETS 4096 /* (VERSIONS + 1) ^ PACKAGES */
#define GROUP_BASE PACKAGES
#define NODES (2 * PACKAGES) /* packages, then the extras group of each */

struct leaf {
	int package;
	unsigned versions; /* bit v: version v + 1 is accepted */
};

struct dep {
	struct leaf leaf;
	bool extra; /* turns on the package's group */
	int n_when; /* 0: always; else leaves joined */
	bool any;   /* "or", else "and" */
	struct leaf when[2];
};

struct rec {
	bool exists;
	bool has_group;
	int n_deps, n_limits, n_group;
	struct dep deps[MAX_DEPS];
	struct leaf limits[MAX_DEPS];
	struct dep group[MAX_DEPS];
};

struct world {
	struct rec recs[PACKAGES][VERSIONS];
	struct dep roots[PACKAGES];
	int n_roots;
	struct leaf pins[1];
	int n_pins;
	int locked[PACKAGES]; /* version + 1; 0: not in the lock */
	int lock_order[PACKAGES];
	int n_locked;
	unsigned sets[SETS]; /* valid ones: 2 bits for each package, version + 1 or 0 */
	int n_sets;
};

/* A small generator of its own: the same problems everywhere. */
static uint64_t seed;

static unsigned pick(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)((seed >> 33) % n);
}

/* --- the definition, by trying everything --- */

static unsigned version_in(unsigned set, int package)
{
	return (set >> (2 * package)) & 3;
}

static bool leaf_met(const struct leaf *leaf, unsigned set)
{
	unsigned v = version_in(set, leaf->package);

	return v > 0 && ((leaf->versions >> (v - 1)) & 1);
}

static bool when_holds(const struct dep *dep, unsigned set)
{
	if (dep->n_when == 0) {
		return true;
	}
	if (dep->n_when == 1) {
		return leaf_met(&dep->when[0], set);
	}
	return dep->any ? leaf_met(&dep->when[0], set) || leaf_met(&dep->when[1], set)
			: leaf_met(&dep->when[0], set) && leaf_met(&dep->when[1], set);
}

static bool deps_met(const struct dep *deps, int n, unsigned set, unsigned *groups)
{
	for (int i = 0; i < n; i++) {
		if (when_holds(&deps[i], set)) {
			if (!leaf_met(&deps[i].leaf, set)) {
				return false;
			}
			*groups |= deps[i].extra ? 1u << deps[i].leaf.package : 0;
		}
	}
	return true;
}

static bool limits_kept(const struct leaf *limits, int n, unsigned set)
{
	for (int i = 0; i < n; i++) {
		if (version_in(set, limits[i].package) && !leaf_met(&limits[i], set)) {
			return false;
		}
	}
	return true;
}

static bool set_valid(const struct world *w, unsigned set)
{
	unsigned groups = 0;
	unsigned done = 0;

	if (!deps_met(w->roots, w->n_roots, set, &groups) ||
		!limits_kept(w->pins, w->n_pins, set)) {
		return false;
	}
	for (int p = 0; p < PACKAGES; p++) {
		unsigned v = version_in(set, p);
		const struct rec *rec;

		if (v == 0) {
			continue;
		}
		rec = &w->recs[p][v - 1];
		if (!rec->exists || !deps_met(rec->deps, rec->n_deps, set, &groups) ||
			!limits_kept(rec->limits, rec->n_limits, set)) {
			return false;
		}
	}
	while (groups & ~done) {
		int p = __builtin_ctz(groups & ~done);
		const struct rec *rec = &w->recs[p][version_in(set, p) - 1];

		done |= 1u << p;
		if (rec->has_group && !deps_met(rec->group, rec->n_group, set, &groups)) {
			return false;
		}
	}
	return true;
}

static void find_sets(struct world *w)
{
	w->n_sets = 0;
	for (unsigned set = 0; set < SETS; set++) {
		if (set_valid(w, set)) {
			w->sets[w->n_sets++] = set;
		}
	}
}

/* Keeps only the sets with VERSION (or, if ALLOWED, none) of PACKAGE; false when there is none with
 * that version: then nothing is changed. */
static bool keep_sets(struct world *w, int package, unsigned version, bool absent_allowed)
{
	int n = 0;
	bool some = false;

	for (int i = 0; i < w->n_sets; i++) {
		some = some || version_in(w->sets[i], package) == version;
	}
	if (!some) {
		return false;
	}
	for (int i = 0; i < w->n_sets; i++) {
		unsigned v = version_in(w->sets[i], package);

		if (v == version || (absent_allowed && v == 0)) {
			w->sets[n++] = w->sets[i];
		}
	}
	w->n_sets = n;
	return true;
}

static void narrow(struct world *w)
{
	for (int i = 0; i < w->n_locked; i++) {
		int p = w->lock_order[i];

		if (keep_sets(w, p, (unsigned)w->locked[p], true)) {
			continue;
		}
		for (unsigned v = VERSIONS; v > 0 && !keep_sets(w, p, v, true); v--) {
		}
	}
}

struct queue {
	int nodes[NODES];
	int n, head;
	bool seen[NODES];
};

static void enqueue(struct queue *q, int node)
{
	if (!q->seen[node]) {
		q->seen[node] = true;
		q->nodes[q->n++] = node;
	}
}

/* "b" before "b[g]" before "c". */
static int cmp_node(const void *left, const void *right)
{
	int a = *(const int *)left;
	int b = *(const int *)right;
	int by_package = a % PACKAGES - b % PACKAGES;

	return by_package ? by_package : a - b;
}

static void enqueue_deps(
	struct queue *q, const struct dep *deps, int n, unsigned fixed, bool conditional_only)
{
	for (int i = 0; i < n; i++) {
		if ((deps[i].n_when || !conditional_only) && when_holds(&deps[i], fixed)) {
			enqueue(q, deps[i].leaf.package);
			if (deps[i].extra) {
				enqueue(q, GROUP_BASE + deps[i].leaf.package);
			}
		}
	}
}

static void enqueue_node(
	struct queue *q, const struct world *w, int node, unsigned fixed, bool conditional_only)
{
	const struct rec *rec = &w->recs[node % PACKAGES][version_in(fixed, node % PACKAGES) - 1];

	if (node < GROUP_BASE) {
		enqueue_deps(q, rec->deps, rec->n_deps, fixed, conditional_only);
	} else {
		enqueue_deps(
			q, rec->group, rec->has_group ? rec->n_group : 0, fixed, conditional_only);
	}
}

/* The defined answer; false when there is none. */
static bool defined_answer(struct world *w, unsigned *ret_set, unsigned *ret_groups)
{
	struct queue q = {0};
	unsigned fixed = 0;
	int start;

	if (w->n_sets == 0) {
		return false;
	}
	*ret_groups = 0;
	enqueue_deps(&q, w->roots, w->n_roots, fixed, false);
	for (;;) {
		int node;

		if (q.head == q.n) {
			start = q.n;
			enqueue_deps(&q, w->roots, w->n_roots, fixed, true);
			for (int i = 0; i < start; i++) {
				enqueue_node(&q, w, q.nodes[i], fixed, true);
			}
			qsort(q.nodes + start, (size_t)(q.n - start), sizeof(int), cmp_node);
			if (q.n == start) {
				break;
			}
		}
		node = q.nodes[q.head++];
		if (node >= GROUP_BASE) {
			*ret_groups |=
				w->recs[node - GROUP_BASE][version_in(fixed, node - GROUP_BASE) - 1]
					.has_group
				? 1u << (node - GROUP_BASE)
				: 0;
		} else {
			unsigned v = (unsigned)w->locked[node];

			if (v == 0 || !keep_sets(w, node, v, false)) {
				for (v = VERSIONS; v > 0 && !keep_sets(w, node, v, false); v--) {
				}
			}
			assert_true(v > 0);
			fixed |= v << (2 * node);
		}
		start = q.n;
		enqueue_node(&q, w, node, fixed, false);
		qsort(q.nodes + start, (size_t)(q.n - start), sizeof(int), cmp_node);
	}
	*ret_set = fixed;
	return true;
}

/* --- random worlds --- */

static struct leaf random_leaf(void)
{
	/* any, >=2, >=3, <2, <3, ==2 */
	static const unsigned kinds[] = {7, 6, 4, 1, 3, 2};

	return (struct leaf){(int)pick(PACKAGES), kinds[pick(LK_COUNTOF(kinds))]};
}

static struct dep random_dep(bool fancy)
{
	struct dep dep = {.leaf = random_leaf()};

	if (fancy && pick(4) == 0) {
		dep.n_when = 1 + (int)pick(2);
		dep.any = pick(2);
		dep.when[0] = random_leaf();
		dep.when[1] = random_leaf();
	}
	dep.extra = fancy && pick(4) == 0;
	return dep;
}

static void random_rec(struct rec *rec, int package, bool fancy)
{
	rec->exists = pick(8) > 0;
	rec->n_deps = (int)pick(MAX_DEPS + 1);
	for (int i = 0; i < rec->n_deps; i++) {
		rec->deps[i] = random_dep(fancy);
	}
	rec->n_limits = (int)pick(2);
	for (int i = 0; i < rec->n_limits; i++) {
		rec->limits[i] = random_leaf();
		if (rec->limits[i].package == package) {
			rec->limits[i].versions = 7;
		}
	}
	rec->has_group = fancy && pick(2);
	rec->n_group = (int)pick(MAX_DEPS);
	for (int i = 0; i < rec->n_group; i++) {
		rec->group[i] = random_dep(fancy);
	}
}

static void random_world(struct world *w, bool fancy, bool relock)
{
	*w = (struct world){0};
	for (int p = 0; p < PACKAGES; p++) {
		for (int v = 0; v < VERSIONS; v++) {
			random_rec(&w->recs[p][v], p, fancy);
		}
	}
	w->n_roots = 1 + (int)pick(MAX_DEPS);
	for (int i = 0; i < w->n_roots; i++) {
		w->roots[i] = random_dep(fancy);
	}
	w->n_pins = (int)pick(4) == 0;
	w->pins[0] = random_leaf();
	for (int p = 0; relock && p < PACKAGES; p++) {
		int v = (int)pick(VERSIONS + 1);

		if (v > 0 && w->recs[p][v - 1].exists) {
			int at = (int)pick((unsigned)w->n_locked + 1);

			w->locked[p] = v;
			w->lock_order[w->n_locked++] = w->lock_order[at];
			w->lock_order[at] = p;
		}
	}
}

/* Versions like their older ones, and leaves that tell none apart: what presolve merges, between
 * what it must not. */
static void twin_world(struct world *w)
{
	random_world(w, pick(2), pick(2));
	for (int p = 0; p < PACKAGES; p++) {
		for (int v = 0; v < VERSIONS; v++) {
			struct rec *rec = &w->recs[p][v];

			if (v > 0 && rec->exists && pick(3) > 0) {
				*rec = w->recs[p][v - 1];
				rec->exists = true;
			}
			for (int i = 0; i < rec->n_deps; i++) {
				rec->deps[i].leaf.versions |= pick(3) ? 7 : 0;
			}
		}
	}
}

/* Every package is asked for and records exclude versions of others: much that unit propagation
 * does not see, so many dead ends. */
static void tangled_world(struct world *w)
{
	static const unsigned all_but_one[] = {3, 5, 6};

	*w = (struct world){.n_roots = PACKAGES};
	for (int p = 0; p < PACKAGES; p++) {
		w->roots[p].leaf = (struct leaf){(p + 3) % PACKAGES, 7};
		for (int v = 0; v < VERSIONS; v++) {
			struct rec *rec = &w->recs[p][v];

			rec->exists = true;
			rec->n_limits = 2 + (int)pick(2);
			for (int i = 0; i < rec->n_limits; i++) {
				int other = (p + 1 + (int)pick(PACKAGES - 1)) % PACKAGES;

				rec->limits[i] = (struct leaf){other, all_but_one[pick(3)]};
			}
		}
	}
}

/* --- the same world as text for the resolver --- */

static const char *const names[PACKAGES] = {"a", "b", "c", "d", "e", "f"};

static void put_leaf(struct lk_buf *buf, const struct leaf *leaf, const char *space)
{
	static const char *const texts[8] = {
		"",
		"<2",
		"==2",
		"<3",
		">=3",
		"!=2",
		">=2",
		"",
	};

	lk_buf_appendf(buf, "%s%s%s", names[leaf->package], texts[leaf->versions][0] ? space : "",
		texts[leaf->versions]);
}

static lk_str dep_text(struct lk_arena *arena, const struct dep *dep)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) buf = LK_BUF_INIT(512);

	put_leaf(&buf, &dep->leaf, " ");
	if (dep->n_when || dep->extra) {
		lk_buf_puts(&buf, "[");
	}
	if (dep->extra) {
		lk_buf_appendf(&buf, "extras=[g]%s", dep->n_when ? "," : "");
	}
	if (dep->n_when) {
		lk_buf_puts(&buf, "when=\"");
		put_leaf(&buf, &dep->when[0], "");
		if (dep->n_when > 1) {
			lk_buf_puts(&buf, dep->any ? " or " : " and ");
			put_leaf(&buf, &dep->when[1], "");
		}
		lk_buf_puts(&buf, "\"");
	}
	if (dep->n_when || dep->extra) {
		lk_buf_puts(&buf, "]");
	}
	return lk_str_dup(arena, lk_buf_view(&buf));
}

static struct lk_str_list dep_texts(struct lk_arena *arena, const struct dep *deps, int n)
{
	lk_str *items = lk_arena_calloc(arena, (size_t)n, sizeof(*items));

	for (int i = 0; i < n; i++) {
		items[i] = dep_text(arena, &deps[i]);
	}
	return (struct lk_str_list){items, (size_t)n};
}

static struct lk_record make_record(struct lk_arena *arena, const struct rec *rec, int p, int v)
{
	struct lk_record record = {.name = lk_str_of(names[p]),
		.version = lk_str_printf(arena, "%d", v + 1),
		.build = LK_STR("0"),
		.subdir = LK_STR("noarch"),
		.channel = LK_STR("t")};
	struct lk_extra *extra = lk_arena_calloc(arena, 1, sizeof(*extra));
	lk_str *limits = lk_arena_calloc(arena, MAX_DEPS, sizeof(*limits));

	record.fn = lk_str_printf(arena, "%s-%d-0.conda", names[p], v + 1);
	record.url = lk_str_printf(arena, "https://h/t/noarch/" LK_STR_FMT, LK_STR_ARG(record.fn));
	record.depends = dep_texts(arena, rec->deps, rec->n_deps);
	for (int i = 0; i < rec->n_limits; i++) {
		struct dep plain = {.leaf = rec->limits[i]};

		limits[i] = dep_text(arena, &plain);
	}
	record.constrains = (struct lk_str_list){limits, (size_t)rec->n_limits};
	if (rec->has_group) {
		extra->group = LK_STR("g");
		extra->depends = dep_texts(arena, rec->group, rec->n_group);
		record.extra = extra;
		record.n_extra = 1;
	}
	return record;
}

/* The records of each name in a random order. */
static void make_reach(const struct world *w, struct lk_arena *arena, struct lk_reach *reach)
{
	reach->names = lk_arena_calloc(arena, PACKAGES, sizeof(*reach->names));
	for (int p = 0; p < PACKAGES; p++) {
		struct lk_record *records = lk_arena_calloc(arena, VERSIONS, sizeof(*records));
		size_t n = 0;

		for (int v = 0; v < VERSIONS; v++) {
			if (w->recs[p][v].exists) {
				size_t at = pick((unsigned)n + 1);

				records[n++] = records[at];
				records[at] = make_record(arena, &w->recs[p][v], p, v);
			}
		}
		if (n > 0) {
			reach->names[reach->n_names++] =
				(struct lk_reached){.name = lk_str_of(names[p]),
					.records = records,
					.channels = lk_arena_calloc(arena, n, sizeof(unsigned)),
					.n = n};
		}
	}
}

static const struct lk_matchspec *parse(struct lk_arena *arena, const struct dep *dep)
{
	struct lk_error err = LK_ERROR_INIT;
	const struct lk_matchspec *spec = NULL;

	if (lk_matchspec_parse(dep_text(arena, dep), LK_SPEC_REPODATA, arena, &spec, &err) != 0) {
		fail_msg("%s", err.message);
	}
	return spec;
}

/* What the solver and presolve had to do, over many worlds. */
struct effort {
	size_t calls, kept;
};

/* What the resolver says, in the form of defined_answer. */
static int ask(const struct world *w, bool no_presolve, unsigned *ret_set, unsigned *ret_groups,
	struct effort *effort, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const struct lk_channel channel = {.name = LK_STR("t"), .url = LK_STR("https://h/t")};
	const struct lk_virtuals virtuals = {0};
	const struct lk_matchspec *specs[PACKAGES];
	const struct lk_matchspec *pins[1];
	struct lk_record locked[PACKAGES];
	struct lk_reach reach = {0};
	struct lk_solution solution;
	struct lk_task task = {.reach = &reach,
		.channels = &channel,
		.n_channels = 1,
		.alias = LK_STR("https://h"),
		.specs = specs,
		.n_specs = (size_t)w->n_roots,
		.pins = pins,
		.n_pins = (size_t)w->n_pins,
		.virtuals = &virtuals,
		.locked = locked,
		.n_locked = (size_t)w->n_locked,
		.no_presolve = no_presolve,
		.worst_first = no_presolve};
	const struct dep pin = {.leaf = w->pins[0]};
	int rc;

	make_reach(w, &arena, &reach);
	pins[0] = parse(&arena, &pin);
	for (int i = 0; i < w->n_roots; i++) {
		specs[i] = parse(&arena, &w->roots[i]);
	}
	for (int i = 0; i < w->n_locked; i++) {
		int p = w->lock_order[i];

		locked[i] = make_record(&arena, &w->recs[p][w->locked[p] - 1], p, w->locked[p] - 1);
	}
	rc = lk_solve(&task, NULL, &solution, err);
	*ret_set = 0;
	*ret_groups = 0;
	for (size_t i = 0; i < solution.n_records; i++) {
		int p = solution.records[i]->name.ptr[0] - 'a';

		*ret_set |= (unsigned)(solution.records[i]->version.ptr[0] - '0') << (2 * p);
		*ret_groups |= solution.extras[i].n ? 1u << p : 0;
	}
	effort->calls += solution.stats.solver_calls;
	effort->kept += solution.stats.kept;
	assert_true(rc != LK_E_UNSAT || solution.n_reasons > 0);
	lk_solution_done(&solution);
	return rc;
}

static void print_world(const struct world *w)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};

	for (int i = 0; i < w->n_roots; i++) {
		print_message("spec %s\n", dep_text(&arena, &w->roots[i]).ptr);
	}
	for (int p = 0; p < PACKAGES; p++) {
		for (int v = 0; v < VERSIONS; v++) {
			const struct rec *rec = &w->recs[p][v];
			struct lk_record r = make_record(&arena, rec, p, v);

			print_message("%s%s %d%s:", rec->exists ? "" : "no ", names[p], v + 1,
				w->locked[p] == v + 1 ? " locked" : "");
			for (size_t i = 0; i < r.depends.n; i++) {
				print_message(" | %s", r.depends.items[i].ptr);
			}
			for (size_t i = 0; i < r.constrains.n; i++) {
				print_message(" ! %s", r.constrains.items[i].ptr);
			}
			for (size_t i = 0; r.n_extra && i < r.extra->depends.n; i++) {
				print_message(" [g] %s", r.extra->depends.items[i].ptr);
			}
			print_message("\n");
		}
	}
}

enum kind {
	PLAIN,
	FANCY, /* conditions and extras */
	RELOCK,
	FANCY_RELOCK,
	TWINS,
	TANGLED,
};

static void make_world(struct world *w, enum kind kind)
{
	if (kind == TANGLED) {
		tangled_world(w);
	} else if (kind == TWINS) {
		twin_world(w);
	} else {
		random_world(w, kind == FANCY || kind == FANCY_RELOCK,
			kind == RELOCK || kind == FANCY_RELOCK);
	}
}

/* An answer in bits. */
struct answer {
	bool possible;
	unsigned set, groups;
};

/* Fails when the resolver says otherwise than the definition. */
static void check_world(const struct world *w, const struct answer *want, unsigned number,
	bool no_presolve, struct effort *effort)
{
	struct lk_error err = LK_ERROR_INIT;
	unsigned set;
	unsigned groups;
	int rc = ask(w, no_presolve, &set, &groups, effort, &err);

	if (rc != (want->possible ? 0 : LK_E_UNSAT) || set != want->set ||
		(want->possible && groups != want->groups)) {
		print_world(w);
		fail_msg("world %u%s: want %s %x %x, got %d %x %x: %s", number,
			no_presolve ? " without presolve" : "", want->possible ? "set" : "unsat",
			want->set, want->groups, rc, set, groups, err.message);
	}
}

/* Returns how many of the records that passed the filters presolve left, in percent. */
static size_t run_worlds(unsigned n, enum kind kind)
{
	struct effort with = {0};
	struct effort without = {0};
	unsigned solved = 0;

	seed = 88172645463325252u + (uint64_t)kind * 7;
	for (unsigned i = 0; i < n; i++) {
		struct answer want = {0};
		struct world w;

		make_world(&w, kind);
		find_sets(&w);
		narrow(&w);
		want.possible = defined_answer(&w, &want.set, &want.groups);
		check_world(&w, &want, i, false, &with);
		check_world(&w, &want, i, true, &without);
		solved += want.possible;
	}
	print_message("%u worlds, %u solvable, calls of the solver %zu and %zu without presolve, "
		      "%zu of %zu records kept\n",
		n, solved, with.calls, without.calls, with.kept, without.kept);
	assert_true(solved > n / 10 && solved < n);
	return with.kept * 100 / without.kept;
}

static void test_plain(void **state)
{
	(void)state;
	run_worlds(4000, PLAIN);
}

static void test_conditions_and_extras(void **state)
{
	(void)state;
	run_worlds(4000, FANCY);
}

static void test_relock(void **state)
{
	(void)state;
	run_worlds(2000, RELOCK);
	run_worlds(2000, FANCY_RELOCK);
}

static void test_twins(void **state)
{
	(void)state;
	assert_true(run_worlds(3000, TWINS) < 90);
}

static void test_dead_ends(void **state)
{
	(void)state;
	run_worlds(3000, TANGLED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_conditions_and_extras),
		cmocka_unit_test(test_relock),
		cmocka_unit_test(test_twins),
		cmocka_unit_test(test_dead_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
