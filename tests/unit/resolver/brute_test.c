/*
 * Thousands of small random problems: the resolver's answer, with presolve and without, against the
 * definition worked out by trying every set of records (tests/support/brute_world.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "resolver/task.h"
#include "tests/support/brute_world.h"
#include "tests/support/pick.h"

static uint64_t seed;

static unsigned pick(unsigned n)
{
	return pick_from(&seed, n);
}

/* --- random worlds --- */

/* What a world may hold besides dependencies, constraints and pins. */
struct style {
	bool fancy;    /* conditions and extras */
	bool relock;   /* a lock, with names to be updated and records that have vanished */
	bool channels; /* two channels, all priorities, tracked features, dates, a virtual package
			*/
};

static struct leaf random_leaf(const struct style *style)
{
	/* any, >=2, >=3, <2, <3, ==2 */
	static const unsigned kinds[] = {7, 6, 4, 1, 3, 2};
	bool virtual = style->channels && pick(12) == 0;

	return (struct leaf){.package = virtual ? VIRTUAL : (int)pick(PACKAGES),
		.versions = kinds[pick(LK_COUNTOF(kinds))]};
}

static struct leaf leaf_of_channel(const struct style *style)
{
	struct leaf leaf = random_leaf(style);

	leaf.channel = style->channels && leaf.package != VIRTUAL && pick(8) == 0 ? 1 + pick(2) : 0;
	return leaf;
}

static struct dep random_dep(const struct style *style)
{
	struct dep dep = {.leaf = leaf_of_channel(style)};

	if (style->fancy && pick(4) == 0) {
		dep.n_when = 1 + (int)pick(3);
		dep.any = pick(2);
		for (int i = 0; i < dep.n_when; i++) {
			dep.when[i] = random_leaf(style);
		}
	}
	dep.extra = style->fancy && dep.leaf.package != VIRTUAL && pick(4) == 0;
	return dep;
}

static void random_rec(struct rec *rec, const struct style *style)
{
	rec->exists = pick(8) > 0;
	if (style->channels) {
		rec->channel = pick(2);
		rec->tracked = pick(5) == 0;
		rec->newer = pick(5) == 0;
	}
	rec->n_deps = (int)pick(MAX_DEPS + 1);
	for (int i = 0; i < rec->n_deps; i++) {
		rec->deps[i] = random_dep(style);
	}
	rec->n_limits = (int)pick(2);
	for (int i = 0; i < rec->n_limits; i++) {
		rec->limits[i] = leaf_of_channel(style);
	}
	rec->has_group = style->fancy && pick(2);
	rec->n_group = (int)pick(MAX_DEPS);
	for (int i = 0; i < rec->n_group; i++) {
		rec->group[i] = random_dep(style);
	}
}

/* A random record of some packages, in a random order. */
static void random_lock(struct world *w, bool may_vanish)
{
	for (int p = 0; p < PACKAGES; p++) {
		int v = (int)pick(VERSIONS + 1);

		if (v > 0 && (may_vanish || w->recs[p][v - 1].exists)) {
			int at = (int)pick((unsigned)w->n_locked + 1);

			w->locked[p] = v;
			w->updated[p] = pick(5) == 0;
			w->lock_order[w->n_locked++] = w->lock_order[at];
			w->lock_order[at] = p;
		}
	}
}

static void random_world(struct world *w, const struct style *style)
{
	*w = (struct world){0};
	for (int p = 0; p < PACKAGES; p++) {
		for (int v = 0; v < VERSIONS; v++) {
			random_rec(&w->recs[p][v], style);
		}
	}
	w->n_roots = 1 + (int)pick(MAX_DEPS);
	for (int i = 0; i < w->n_roots; i++) {
		w->roots[i] = random_dep(style);
	}
	w->n_pins = (int)pick(4) == 0;
	do {
		w->pins[0] = leaf_of_channel(style);
	} while (w->pins[0].package == VIRTUAL);
	if (style->channels) {
		w->priority = pick(3);
		w->exclude_newer = pick(2);
		w->virtual = pick(VERSIONS + 1);
	}
	if (style->relock) {
		random_lock(w, style->channels);
	}
}

/* Versions like their older ones, and leaves that tell none apart: what presolve merges, between
 * what it must not. */
static void twin_world(struct world *w)
{
	const struct style style = {pick(2), pick(2), pick(2)};

	random_world(w, &style);
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
		w->roots[p].leaf = (struct leaf){.package = (p + 3) % PACKAGES, .versions = 7};
		for (int v = 0; v < VERSIONS; v++) {
			struct rec *rec = &w->recs[p][v];

			rec->exists = true;
			rec->n_limits = 2 + (int)pick(2);
			for (int i = 0; i < rec->n_limits; i++) {
				int other = (p + 1 + (int)pick(PACKAGES - 1)) % PACKAGES;

				rec->limits[i] = (struct leaf){
					.package = other, .versions = all_but_one[pick(3)]};
			}
		}
	}
}

/* --- the same world as text for the resolver --- */

static const char *const names[PACKAGES + 1] = {"a", "b", "c", "d", "e", "f", "__v"};
static const char *const channel_names[] = {"A", "B"};

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

	lk_buf_appendf(buf, "%s%s%s%s%s", leaf->channel ? channel_names[leaf->channel - 1] : "",
		leaf->channel ? "::" : "", names[leaf->package],
		texts[leaf->versions][0] ? space : "", texts[leaf->versions]);
}

/* The third leaf is joined by the other operator; "and" binds tighter by itself. */
static void put_when(struct lk_buf *buf, const struct dep *dep)
{
	bool parentheses = dep->n_when > 2 && dep->any;

	lk_buf_puts(buf, parentheses ? "(" : "");
	put_leaf(buf, &dep->when[0], "");
	if (dep->n_when > 1) {
		lk_buf_puts(buf, dep->any ? " or " : " and ");
		put_leaf(buf, &dep->when[1], "");
	}
	lk_buf_puts(buf, parentheses ? ")" : "");
	if (dep->n_when > 2) {
		lk_buf_puts(buf, dep->any ? " and " : " or ");
		put_leaf(buf, &dep->when[2], "");
	}
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
		put_when(&buf, dep);
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

/* The date of exclude-newer. */
#define NEWEST 1000

static struct lk_record make_record(struct lk_arena *arena, const struct rec *rec, int p, int v)
{
	static const lk_str feature = LK_STR("t");
	struct lk_record record = {.name = lk_str_of(names[p]),
		.version = lk_str_printf(arena, "%d", v + 1),
		.build = LK_STR("0"),
		.subdir = LK_STR("noarch"),
		.channel = lk_str_of(channel_names[rec->channel]),
		.timestamp = rec->newer ? NEWEST + 1 : NEWEST};
	struct lk_extra *extra = lk_arena_calloc(arena, 1, sizeof(*extra));
	lk_str *limits = lk_arena_calloc(arena, MAX_DEPS, sizeof(*limits));

	record.fn = lk_str_printf(arena, "%s-%d-0.conda", names[p], v + 1);
	record.url = lk_str_printf(arena, "https://h/%s/noarch/" LK_STR_FMT,
		channel_names[rec->channel], LK_STR_ARG(record.fn));
	record.track_features = (struct lk_str_list){&feature, rec->tracked};
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

/* The records of PACKAGE in a random order. */
static struct lk_reached make_reached(const struct world *w, struct lk_arena *arena, int package)
{
	struct lk_record *records = lk_arena_calloc(arena, VERSIONS, sizeof(*records));
	unsigned *channels = lk_arena_calloc(arena, VERSIONS, sizeof(*channels));
	struct lk_reached reached = {
		.name = lk_str_of(names[package]), .records = records, .channels = channels};
	size_t order[VERSIONS];

	pick_order(&seed, order, VERSIONS);
	for (size_t i = 0; i < VERSIONS; i++) {
		const struct rec *rec = &w->recs[package][order[i]];

		if (rec->exists) {
			channels[reached.n] = rec->channel;
			records[reached.n++] = make_record(arena, rec, package, (int)order[i]);
		}
	}
	return reached;
}

/* SHUFFLED: the names too, which decide the order in which libsolv comes to see the records. */
static void make_reach(
	const struct world *w, bool shuffled, struct lk_arena *arena, struct lk_reach *reach)
{
	size_t order[PACKAGES];

	pick_order(&seed, order, PACKAGES);
	reach->names = lk_arena_calloc(arena, PACKAGES, sizeof(*reach->names));
	for (int i = 0; i < PACKAGES; i++) {
		reach->names[reach->n_names] = make_reached(w, arena, shuffled ? (int)order[i] : i);
		reach->n_names += reach->names[reach->n_names].n > 0;
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

/* The names of a lock's packages that are to be updated; returns how many. */
static size_t updated_names(const struct world *w, lk_str *ret)
{
	size_t n = 0;

	for (int p = 0; p < PACKAGES; p++) {
		if (w->updated[p]) {
			ret[n++] = lk_str_of(names[p]);
		}
	}
	return n;
}

static struct answer answer_of(const struct lk_solution *solution)
{
	struct answer answer = {.possible = true};

	for (size_t i = 0; i < solution->n_records; i++) {
		const struct lk_record *record = solution->records[i];
		int p = record->name.ptr[0] - 'a';

		answer.set |= (unsigned)(record->version.ptr[0] - '0') << (2 * p);
		answer.groups |= solution->extras[i].n ? 1u << p : 0;
	}
	return answer;
}

static void print_record(const struct world *w, int p, int v)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const struct rec *rec = &w->recs[p][v];
	struct lk_record r = make_record(&arena, rec, p, v);

	print_message("%s%s/%s %d%s%s%s:", rec->exists ? "" : "no ", channel_names[rec->channel],
		names[p], v + 1, rec->tracked ? " tracked" : "", rec->newer ? " newer" : "",
		is_locked(w, p, (unsigned)v + 1) ? " locked" : "");
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

static void print_world(const struct world *w)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const struct dep pin = {.leaf = w->pins[0]};

	print_message("priority %d, exclude newer %d, __v %u, lock", (int)w->priority,
		w->exclude_newer, w->virtual);
	for (int i = 0; i < w->n_locked; i++) {
		print_message(" %s", names[w->lock_order[i]]);
	}
	print_message("\n");
	if (w->n_pins) {
		print_message("pin %s\n", dep_text(&arena, &pin).ptr);
	}
	for (int i = 0; i < w->n_roots; i++) {
		print_message("spec %s\n", dep_text(&arena, &w->roots[i]).ptr);
	}
	for (int p = 0; p < PACKAGES; p++) {
		for (int v = 0; v < VERSIONS; v++) {
			print_record(w, p, v);
		}
	}
}

/* Are the moves told of just what the answer has otherwise than the lock, each that moved with a
 * reason? */
static bool moves_are_right(const struct world *w, const struct lk_solution *solution, unsigned set)
{
	size_t expected = 0;
	bool right = true;

	for (int p = 0; p < PACKAGES; p++) {
		unsigned v = version_in(set, p);

		expected += w->n_locked > 0 &&
			(v == 0 ? w->locked[p] > 0 : !w->updated[p] && w->locked[p] != (int)v);
	}
	for (size_t i = 0; i < solution->n_moves; i++) {
		const struct lk_move *move = &solution->moves[i];
		bool both = move->from_version.len > 0 && move->to_version.len > 0;

		right = right && (!both || move->n_reasons > 0);
	}
	return right && solution->n_moves == expected;
}

/* What the resolver says. PLAIN: without presolve, and libsolv is told the order backwards. */
static int ask(const struct world *w, bool plain, bool shuffled, struct answer *ret,
	struct effort *effort, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const struct lk_channel channels[] = {{.name = LK_STR("A"), .url = LK_STR("https://h/A")},
		{.name = LK_STR("B"), .url = LK_STR("https://h/B")}};
	struct lk_virtual virtual = {
		LK_STR("__v"), lk_str_printf(&arena, "%u", w->virtual), LK_STR("0")};
	const struct lk_virtuals virtuals = {.items = &virtual, .len = w->virtual > 0};
	const struct dep pin = {.leaf = w->pins[0]};
	const struct lk_matchspec *specs[PACKAGES];
	const struct lk_matchspec *pins[] = {parse(&arena, &pin)};
	struct lk_record locked[PACKAGES];
	lk_str update[PACKAGES];
	struct lk_reach reach = {0};
	struct lk_solution LK_CLEANUP(lk_solution_done) solution = {0};
	const struct lk_task task = {.reach = &reach,
		.channels = channels,
		.n_channels = LK_COUNTOF(channels),
		.alias = LK_STR("https://h"),
		.specs = specs,
		.n_specs = (size_t)w->n_roots,
		.pins = pins,
		.n_pins = (size_t)w->n_pins,
		.virtuals = &virtuals,
		.channel_priority = (enum lk_channel_priority)w->priority,
		.exclude_newer = w->exclude_newer ? NEWEST : 0,
		.locked = locked,
		.n_locked = (size_t)w->n_locked,
		.update = update,
		.n_update = updated_names(w, update),
		.no_presolve = plain,
		.worst_first = plain};
	int rc;

	make_reach(w, shuffled, &arena, &reach);
	for (int i = 0; i < w->n_roots; i++) {
		specs[i] = parse(&arena, &w->roots[i]);
	}
	for (int i = 0; i < w->n_locked; i++) {
		int p = w->lock_order[i];
		int v = w->locked[p] - 1;

		locked[i] = make_record(&arena, &w->recs[p][v], p, v);
	}
	rc = lk_solve(&task, NULL, &solution, err);
	*ret = rc == 0 ? answer_of(&solution) : (struct answer){0};
	if (rc == 0 && !moves_are_right(w, &solution, ret->set)) {
		print_world(w);
		for (size_t i = 0; i < solution.n_moves; i++) {
			print_message("moved " LK_STR_FMT " " LK_STR_FMT " -> " LK_STR_FMT "\n",
				LK_STR_ARG(solution.moves[i].name),
				LK_STR_ARG(solution.moves[i].from_version),
				LK_STR_ARG(solution.moves[i].to_version));
		}
		fail_msg("moves of %x", ret->set);
	}
	effort->calls += solution.stats.solver_calls;
	effort->kept += solution.stats.kept;
	assert_true(rc != LK_E_UNSAT || solution.n_reasons > 0);
	return rc;
}

enum kind {
	PLAIN,
	FANCY,
	RELOCK,
	FANCY_RELOCK,
	CHANNELS,
	ALL,
	TWINS,
	TANGLED,
};

static void make_world(struct world *w, enum kind kind)
{
	const struct style style = {
		.fancy = kind == FANCY || kind == FANCY_RELOCK || kind == ALL,
		.relock = kind == RELOCK || kind == FANCY_RELOCK || kind == ALL,
		.channels = kind == CHANNELS || kind == ALL,
	};

	if (kind == TANGLED) {
		tangled_world(w);
	} else if (kind == TWINS) {
		twin_world(w);
	} else {
		random_world(w, &style);
	}
}

/* Fails when the resolver says otherwise than the definition. */
static void check_world(const struct world *w, const struct answer *want, unsigned number,
	bool plain, struct effort *effort)
{
	struct lk_error err = LK_ERROR_INIT;
	struct answer got;
	/* Explanations look names up in the reach, so only an answer leaves their order free. */
	int rc = ask(w, plain, want->possible && pick(2), &got, effort, &err);

	if (rc != (want->possible ? 0 : LK_E_UNSAT) || got.set != want->set ||
		got.groups != want->groups) {
		print_world(w);
		fail_msg("world %u%s: want %s %x %x, got %d %x %x: %s", number,
			plain ? " without presolve" : "", want->possible ? "set" : "unsat",
			want->set, want->groups, rc, got.set, got.groups, err.message);
	}
}

/* Returns how many of the records that passed the filters presolve left, in percent. */
static size_t run_worlds(unsigned n, enum kind kind)
{
	struct effort with = {0};
	struct effort without = {0};
	unsigned solved = 0;

	seed = PICK_SEED + (uint64_t)kind * 7;
	for (unsigned i = 0; i < n; i++) {
		struct answer want;
		struct world w;

		make_world(&w, kind);
		want = defined_answer(&w);
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
	run_worlds(3000, PLAIN);
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

static void test_channels(void **state)
{
	(void)state;
	run_worlds(2000, CHANNELS);
	run_worlds(5000, ALL);
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
		cmocka_unit_test(test_channels),
		cmocka_unit_test(test_twins),
		cmocka_unit_test(test_dead_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
