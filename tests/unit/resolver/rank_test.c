/*
 * The order of candidates (conda-formats: rattler's column), on random records: for every set of
 * them the resolver takes the one that the definition, told here once more in its plainest form,
 * puts first among those that can be had.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "resolver/task.h"
#include "tests/support/pick.h"

#define BUILDS 5
#define OTHERS 3 /* the names that builds depend on: k, l, m */
#define VERSIONS 3
#define MAX_SPECS 2 /* of a build on one name */
#define ROUNDS 700
#define MANY 20000

struct build {
	bool tracked;
	unsigned channel, version, number, time;
	unsigned specs[OTHERS][MAX_SPECS]; /* bit v: version v + 1 is accepted; 0: no such spec */
};

struct world {
	struct build builds[BUILDS];
	bool there[OTHERS][VERSIONS];
	bool tracked[OTHERS][VERSIONS];
	enum lk_channel_priority priority;
};

static uint64_t seed = PICK_SEED;

static unsigned pick(unsigned n)
{
	return pick_from(&seed, n);
}

/* any, >=2, >=3, <2, <3, ==2, and none */
static const unsigned masks[] = {7, 6, 4, 1, 3, 2, 0};
static const char *const mask_texts[] = {"", " >=2", " >=3", " <2", " <3", " ==2"};
static const char *const other_names[] = {"k", "l", "m"};
static const char *const channel_names[] = {"A", "B"};

static void random_world(struct world *w)
{
	*w = (struct world){.priority = pick(3)};
	for (int o = 0; o < OTHERS; o++) {
		for (int v = 0; v < VERSIONS; v++) {
			w->there[o][v] = pick(6) > 0;
			w->tracked[o][v] = pick(4) == 0;
		}
	}
	for (int b = 0; b < BUILDS; b++) {
		struct build *build = &w->builds[b];

		*build = (struct build){.tracked = pick(6) == 0,
			.channel = pick(4) == 0,
			.version = 1 + (pick(5) == 0),
			.number = pick(4) == 0,
			.time = pick(3)};
		for (int o = 0; o < OTHERS; o++) {
			for (int s = 0; s < MAX_SPECS; s++) {
				build->specs[o][s] = pick(3) ? 0 : masks[pick(6)];
			}
		}
	}
}

/* --- the definition --- */

/* What a spec could get at best: 0 nothing, else higher is better. */
static int reach_of(const struct world *w, int other, unsigned mask)
{
	int best = 0;
	bool all_tracked = true;

	for (int v = 0; v < VERSIONS; v++) {
		if (w->there[other][v] && ((mask >> v) & 1)) {
			best = v + 1;
			all_tracked = all_tracked && w->tracked[other][v];
		}
	}
	return best == 0 ? 0 : best + (all_tracked ? 0 : 10);
}

static bool depends_on(const struct build *build, int other)
{
	return build->specs[other][0] || build->specs[other][1];
}

/* The worst of what the build's specs on a name could get. */
static int worst_reach(const struct world *w, const struct build *build, int other)
{
	int worst = 99;

	for (int s = 0; s < MAX_SPECS; s++) {
		if (build->specs[other][s]) {
			int reach = reach_of(w, other, build->specs[other][s]);

			worst = reach < worst ? reach : worst;
		}
	}
	return worst;
}

/* By all that comes before the dependencies; positive when A is better. */
static int cmp_head(const struct world *w, const struct build *a, const struct build *b)
{
	if (a->tracked != b->tracked) {
		return b->tracked - a->tracked;
	}
	if (w->priority == LK_PRIORITY_FLEXIBLE && a->channel != b->channel) {
		return (int)b->channel - (int)a->channel;
	}
	if (a->version != b->version) {
		return (int)a->version - (int)b->version;
	}
	return (int)a->number - (int)b->number;
}

/* Bit b of SET: build b is a candidate. Positive when A is better than B, builds of SET. */
static int cmp_builds(const struct world *w, unsigned set, int a, int b)
{
	const struct build *left = &w->builds[a];
	const struct build *right = &w->builds[b];
	int c = cmp_head(w, left, right);

	for (int o = 0; c == 0 && o < OTHERS; o++) {
		bool shared = true;

		for (int i = 0; i < BUILDS; i++) {
			if (((set >> i) & 1) && cmp_head(w, &w->builds[i], left) == 0) {
				shared = shared && depends_on(&w->builds[i], o);
			}
		}
		if (shared) {
			c = worst_reach(w, left, o) - worst_reach(w, right, o);
		}
	}
	if (c == 0) {
		c = (int)left->time - (int)right->time;
	}
	return c ? c : a - b; /* the build string */
}

static bool can_be_had(const struct world *w, const struct build *build)
{
	for (int o = 0; o < OTHERS; o++) {
		unsigned mask = 7;

		for (int s = 0; s < MAX_SPECS; s++) {
			mask &= build->specs[o][s] ? build->specs[o][s] : 7;
		}
		if (depends_on(build, o) && reach_of(w, o, mask) == 0) {
			return false;
		}
	}
	return true;
}

/* Strict priority: the builds of the first channel that has any. */
static unsigned candidates_of(const struct world *w, unsigned set)
{
	unsigned first = 0;

	for (int b = 0; b < BUILDS; b++) {
		first |= w->builds[b].channel == 0 ? set & (1u << b) : 0;
	}
	return w->priority == LK_PRIORITY_STRICT && first ? first : set;
}

/* -1: none. */
static int best_build(const struct world *w, unsigned set)
{
	unsigned candidates = candidates_of(w, set);
	int best = -1;

	for (int b = 0; b < BUILDS; b++) {
		if (((candidates >> b) & 1) && can_be_had(w, &w->builds[b]) &&
			(best < 0 || cmp_builds(w, candidates, b, best) > 0)) {
			best = b;
		}
	}
	return best;
}

/* --- the same for the resolver --- */

static struct lk_record make_record(
	struct lk_arena *arena, const char *name, unsigned version, int build, unsigned channel)
{
	static const lk_str feature = LK_STR("t");
	struct lk_record record = {.name = lk_str_of(name),
		.version = lk_str_printf(arena, "%u", version),
		.build = lk_str_printf(arena, "%d", build),
		.subdir = LK_STR("noarch"),
		.channel = lk_str_of(channel_names[channel]),
		.track_features = {&feature, 0}};

	record.fn = lk_str_printf(arena, "%s-%u-%d.conda", name, version, build);
	record.url = lk_str_printf(
		arena, "https://h/%s/noarch/%s", channel_names[channel], record.fn.ptr);
	return record;
}

static struct lk_record record_of_build(const struct world *w, struct lk_arena *arena, int b)
{
	const struct build *build = &w->builds[b];
	struct lk_record record = make_record(arena, "x", build->version, b, build->channel);
	lk_str *depends = lk_arena_calloc(arena, (size_t)OTHERS * MAX_SPECS, sizeof(*depends));
	size_t n = 0;

	for (int o = OTHERS; o-- > 0;) {
		for (int s = 0; s < MAX_SPECS; s++) {
			size_t m = 0;

			while (masks[m] != build->specs[o][s]) {
				m++;
			}
			if (masks[m]) {
				depends[n++] =
					lk_str_printf(arena, "%s%s", other_names[o], mask_texts[m]);
			}
		}
	}
	record.depends = (struct lk_str_list){depends, n};
	record.build_number = build->number;
	record.timestamp = build->time;
	record.track_features.n = build->tracked;
	return record;
}

static struct lk_reached reached_of(struct lk_arena *arena, const char *name, size_t max)
{
	return (struct lk_reached){.name = lk_str_of(name),
		.records = lk_arena_calloc(arena, max, sizeof(struct lk_record)),
		.channels = lk_arena_calloc(arena, max, sizeof(unsigned))};
}

static void add(struct lk_reached *reached, struct lk_record record, unsigned channel)
{
	((struct lk_record *)reached->records)[reached->n] = record;
	((unsigned *)reached->channels)[reached->n++] = channel;
}

static void make_reach(
	const struct world *w, unsigned set, struct lk_arena *arena, struct lk_reach *reach)
{
	size_t order[BUILDS];

	reach->names = lk_arena_calloc(arena, OTHERS + 1, sizeof(*reach->names));
	for (int o = 0; o < OTHERS; o++) {
		struct lk_reached reached = reached_of(arena, other_names[o], VERSIONS);

		for (int v = 0; v < VERSIONS; v++) {
			struct lk_record record =
				make_record(arena, other_names[o], (unsigned)v + 1, 0, 0);

			record.track_features.n = w->tracked[o][v];
			if (w->there[o][v]) {
				add(&reached, record, 0);
			}
		}
		if (reached.n > 0) {
			reach->names[reach->n_names++] = reached;
		}
	}
	reach->names[reach->n_names] = reached_of(arena, "x", BUILDS);
	pick_order(&seed, order, BUILDS);
	for (size_t i = 0; i < BUILDS; i++) {
		if ((set >> order[i]) & 1) {
			add(&reach->names[reach->n_names], record_of_build(w, arena, (int)order[i]),
				w->builds[order[i]].channel);
		}
	}
	reach->n_names++;
}

/* The build of x, the last name, that the resolver takes; -1: none. */
static int take(
	const struct lk_reach *reach, enum lk_channel_priority priority, struct lk_arena *arena)
{
	const struct lk_channel channels[] = {{.name = LK_STR("A"), .url = LK_STR("https://h/A")},
		{.name = LK_STR("B"), .url = LK_STR("https://h/B")}};
	const struct lk_virtuals virtuals = {0};
	const struct lk_matchspec *spec = NULL;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_solution LK_CLEANUP(lk_solution_done) solution = {0};
	const struct lk_task task = {.reach = reach,
		.channels = channels,
		.n_channels = LK_COUNTOF(channels),
		.alias = LK_STR("https://h"),
		.specs = &spec,
		.n_specs = 1,
		.virtuals = &virtuals,
		.channel_priority = priority};

	assert_int_equal(lk_matchspec_parse(LK_STR("x"), LK_SPEC_USER, arena, &spec, &err), 0);
	if (lk_solve(&task, NULL, &solution, &err) != 0) {
		return -1;
	}
	return solution.records[solution.n_records - 1]->build.ptr[0] - '0';
}

static int ask(const struct world *w, unsigned set)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_reach reach = {0};

	make_reach(w, set, &arena, &reach);
	return take(&reach, w->priority, &arena);
}

static void print_world(const struct world *w)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};

	print_message("priority %d\n", (int)w->priority);
	for (int b = 0; b < BUILDS; b++) {
		struct lk_record r = record_of_build(w, &arena, b);

		print_message(
			"%s/x %u %d number %u time %u%s:", channel_names[w->builds[b].channel],
			w->builds[b].version, b, w->builds[b].number, w->builds[b].time,
			w->builds[b].tracked ? " tracked" : "");
		for (size_t i = 0; i < r.depends.n; i++) {
			print_message(" | %s", r.depends.items[i].ptr);
		}
		print_message("\n");
	}
	for (int o = 0; o < OTHERS; o++) {
		for (int v = 0; v < VERSIONS; v++) {
			print_message("%s%s %d%s; ", w->there[o][v] ? "" : "no ", other_names[o],
				v + 1, w->tracked[o][v] ? " tracked" : "");
		}
	}
	print_message("\n");
}

static void test_rank(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct world w;

		random_world(&w);
		for (unsigned set = 1; set < 1u << BUILDS; set++) {
			int want = best_build(&w, set);
			int got = ask(&w, set);

			if (got != want) {
				print_world(&w);
				fail_msg("world %u, builds %x: want %d, got %d", i, set, want, got);
			}
		}
	}
}

/* Builds that depend on very many names each; from the middle on the second one reaches less. */
static void test_many_names(void **state)
{
	(void)state;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_reach reach = {0};
	lk_str *depends[2];

	reach.names = lk_arena_calloc(&arena, MANY + 1, sizeof(*reach.names));
	for (int b = 0; b < 2; b++) {
		depends[b] = lk_arena_calloc(&arena, MANY, sizeof(*depends[b]));
	}
	for (unsigned i = 0; i < MANY; i++) {
		const char *name = lk_arena_printf(&arena, "n%05u", i);
		struct lk_reached reached = reached_of(&arena, name, 2);

		for (unsigned v = 1; v <= 2; v++) {
			add(&reached, make_record(&arena, name, v, 0, 0), 0);
		}
		reach.names[reach.n_names++] = reached;
		depends[0][MANY - 1 - i] = lk_str_of(name);
		depends[1][i] =
			i < MANY / 2 ? lk_str_of(name) : lk_str_printf(&arena, "%s <2", name);
	}
	reach.names[reach.n_names] = reached_of(&arena, "x", 2);
	for (int b = 0; b < 2; b++) {
		struct lk_record record = make_record(&arena, "x", 1, b, 0);

		record.depends = (struct lk_str_list){depends[b], MANY};
		add(&reach.names[reach.n_names], record, 0);
	}
	reach.n_names++;
	assert_int_equal(take(&reach, LK_PRIORITY_STRICT, &arena), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rank),
		cmocka_unit_test(test_many_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
