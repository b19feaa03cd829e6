/*
 * Random problems too big to try everything: the answer is the same in every order and with every
 * setting, it is as defined (no name could have a better record, given the earlier ones), and a
 * lock made of it is kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "resolver/task.h"
#include "tests/support/pick.h"

#define NAMES 24
#define VERSIONS 5
#define ROOTS 5
#define MAX_DEPS 4
#define WORLDS 150
#define ORDERS 4

static uint64_t seed = PICK_SEED;

static unsigned pick(unsigned n)
{
	return pick_from(&seed, n);
}

struct world {
	struct lk_arena arena;
	struct lk_record records[NAMES][VERSIONS];
	const struct lk_matchspec *specs[ROOTS + NAMES]; /* the user's, then those of `fix` */
	size_t n_specs;
};

static const struct lk_channel channel = {.name = LK_STR("c"), .url = LK_STR("https://h/c")};

/* Versions near VERSION of some name: what goes together was made together. */
static void put_leaf(struct lk_buf *buf, unsigned name, unsigned version, const char *space)
{
	unsigned low = version > 1 ? version - pick(2) : 1;

	lk_buf_appendf(buf, "n%02u", name);
	switch (pick(4)) {
	case 0:
		break;
	case 1:
		lk_buf_appendf(buf, "%s>=%u", space, low);
		break;
	case 2:
		lk_buf_appendf(buf, "%s<%u", space, version + 1 + pick(2));
		break;
	default:
		lk_buf_appendf(buf, "%s>=%u,<%u", space, low, version + 1 + pick(2));
	}
}

static lk_str random_dep(struct world *w, unsigned name, unsigned version)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) buf = LK_BUF_INIT(256);
	bool extra = pick(8) == 0;
	bool when = pick(6) == 0;

	put_leaf(&buf, name, version, " ");
	if (extra || when) {
		lk_buf_appendf(&buf, "[%s%s", extra ? "extras=[g]" : "", extra && when ? "," : "");
		if (when) {
			lk_buf_puts(&buf, "when=\"");
			put_leaf(&buf, pick(NAMES), version, "");
			if (pick(2)) {
				lk_buf_puts(&buf, pick(2) ? " or " : " and ");
				put_leaf(&buf, pick(NAMES), version, "");
			}
			lk_buf_puts(&buf, "\"");
		}
		lk_buf_puts(&buf, "]");
	}
	return lk_str_dup(&w->arena, lk_buf_view(&buf));
}

/* Up to MAX dependencies of the package NAME, on later names but now and then. */
static struct lk_str_list random_deps(
	struct world *w, unsigned name, unsigned version, unsigned max)
{
	lk_str *items = lk_arena_calloc(&w->arena, max, sizeof(*items));
	size_t n = pick(max + 1);

	for (size_t i = 0; i < n; i++) {
		unsigned other = pick(10) == 0 || name + 1 == NAMES
			? pick(NAMES)
			: name + 1 + pick(NAMES - name - 1);

		items[i] = random_dep(w, other, version);
	}
	return (struct lk_str_list){items, n};
}

static void random_record(struct world *w, unsigned name, unsigned version)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) limit = LK_BUF_INIT(256);
	struct lk_extra *extra = lk_arena_calloc(&w->arena, 1, sizeof(*extra));
	lk_str *limits = lk_arena_calloc(&w->arena, 1, sizeof(*limits));
	struct lk_record *record = &w->records[name][version - 1];

	put_leaf(&limit, pick(NAMES), version, " ");
	limits[0] = lk_str_dup(&w->arena, lk_buf_view(&limit));
	*extra = (struct lk_extra){LK_STR("g"), random_deps(w, name, version, 2)};
	*record = (struct lk_record){.name = lk_str_printf(&w->arena, "n%02u", name),
		.version = lk_str_printf(&w->arena, "%u", version),
		.build = LK_STR("0"),
		.subdir = LK_STR("noarch"),
		.channel = channel.name,
		.fn = lk_str_printf(&w->arena, "n%02u-%u-0.conda", name, version),
		.depends = random_deps(w, name, version, MAX_DEPS),
		.constrains = {limits, pick(3) == 0},
		.extra = extra,
		.n_extra = pick(2)};
	record->url =
		lk_str_printf(&w->arena, "https://h/c/noarch/" LK_STR_FMT, LK_STR_ARG(record->fn));
}

static const struct lk_matchspec *parse(struct lk_arena *arena, lk_str text)
{
	struct lk_error err = LK_ERROR_INIT;
	const struct lk_matchspec *spec = NULL;

	if (lk_matchspec_parse(text, LK_SPEC_REPODATA, arena, &spec, &err) != 0) {
		fail_msg("%s", err.message);
	}
	return spec;
}

static void random_world(struct world *w)
{
	*w = (struct world){.n_specs = ROOTS};
	lk_arena_init(&w->arena);
	for (unsigned n = 0; n < NAMES; n++) {
		for (unsigned v = 1; v <= VERSIONS; v++) {
			random_record(w, n, v);
		}
	}
	for (size_t i = 0; i < ROOTS; i++) {
		w->specs[i] = parse(&w->arena, random_dep(w, pick(NAMES / 2), 1 + pick(VERSIONS)));
	}
}

/* The records of each name, and the names, in a random order. */
static void make_reach(const struct world *w, struct lk_arena *arena, struct lk_reach *reach)
{
	size_t names[NAMES];
	size_t order[VERSIONS];

	pick_order(&seed, names, NAMES);
	reach->names = lk_arena_calloc(arena, NAMES, sizeof(*reach->names));
	reach->n_names = NAMES;
	for (size_t i = 0; i < NAMES; i++) {
		struct lk_record *records = lk_arena_calloc(arena, VERSIONS, sizeof(*records));

		pick_order(&seed, order, VERSIONS);
		for (size_t v = 0; v < VERSIONS; v++) {
			records[v] = w->records[names[i]][order[v]];
		}
		reach->names[i] = (struct lk_reached){.name = records[0].name,
			.records = records,
			.channels = lk_arena_calloc(arena, VERSIONS, sizeof(unsigned)),
			.n = VERSIONS};
	}
}

/* An answer by value: versions by name (0: absent), groups that are on, names in walk order. */
struct answer {
	bool possible;
	unsigned versions[NAMES];
	bool group[NAMES];
	unsigned walk[NAMES];
	size_t n;
};

static unsigned index_of(lk_str name)
{
	return (unsigned)(name.ptr[1] - '0') * 10 + (unsigned)(name.ptr[2] - '0');
}

/* LOCK (may be NULL) is an answer whose records are locked, in its walk order. */
static struct answer ask(
	const struct world *w, bool plain, const struct answer *lock, bool update_all)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const struct lk_virtuals virtuals = {0};
	struct lk_record locked[NAMES];
	struct lk_error err = LK_ERROR_INIT;
	struct lk_reach reach = {0};
	struct lk_solution LK_CLEANUP(lk_solution_done) solution = {0};
	struct answer answer = {0};
	const struct lk_task task = {.reach = &reach,
		.channels = &channel,
		.n_channels = 1,
		.alias = LK_STR("https://h"),
		.specs = w->specs,
		.n_specs = w->n_specs,
		.virtuals = &virtuals,
		.locked = locked,
		.n_locked = lock ? lock->n : 0,
		.update_all = update_all,
		.no_presolve = plain,
		.worst_first = plain,
		.no_reasons = true};
	int rc;

	for (size_t i = 0; lock && i < lock->n; i++) {
		locked[i] = w->records[lock->walk[i]][lock->versions[lock->walk[i]] - 1];
	}
	make_reach(w, &arena, &reach);
	rc = lk_solve(&task, NULL, &solution, &err);
	if (rc != 0 && rc != LK_E_UNSAT) {
		fail_msg("%s", err.message);
	}
	answer.possible = rc == 0;
	answer.n = solution.n_records;
	for (size_t i = 0; i < solution.n_records; i++) {
		const struct lk_record *record = solution.records[i];

		answer.versions[index_of(record->name)] = (unsigned)(record->version.ptr[0] - '0');
		answer.group[index_of(record->name)] = solution.extras[i].n > 0;
		answer.walk[i] = index_of(solution.walk[i]);
	}
	return answer;
}

/* Also the walk, unless a lock led it. */
static void assert_same(const struct answer *a, const struct answer *b, bool walks)
{
	assert_int_equal(a->possible, b->possible);
	assert_int_equal(a->n, b->n);
	assert_memory_equal(a->versions, b->versions, sizeof(a->versions));
	assert_memory_equal(a->group, b->group, sizeof(a->group));
	if (walks) {
		assert_memory_equal(a->walk, b->walk, sizeof(a->walk));
	}
}

/* One more spec: exactly VERSION of NAME. */
static void fix(struct world *w, unsigned name, unsigned version)
{
	w->specs[w->n_specs++] =
		parse(&w->arena, lk_str_printf(&w->arena, "n%02u ==%u", name, version));
}

/* Each name in the order of the walk: no better record has a solution beside the earlier ones. */
static size_t assert_defined(struct world *w, const struct answer *answer)
{
	size_t tried = 0;

	for (size_t i = 0; i < answer->n; i++) {
		unsigned name = answer->walk[i];

		for (unsigned v = answer->versions[name] + 1; v <= VERSIONS; v++) {
			fix(w, name, v);
			assert_false(ask(w, false, NULL, false).possible);
			w->n_specs--;
			tried++;
		}
		fix(w, name, answer->versions[name]);
	}
	w->n_specs = ROOTS;
	return tried;
}

static void test_random(void **state)
{
	size_t solved = 0;
	size_t tried = 0;

	(void)state;
	for (unsigned i = 0; i < WORLDS; i++) {
		struct world w;
		struct answer first;
		struct answer other;

		random_world(&w);
		first = ask(&w, false, NULL, false);
		for (unsigned k = 0; k < ORDERS; k++) {
			other = ask(&w, k % 2, NULL, false);
			assert_same(&first, &other, true);
		}
		if (first.possible) {
			solved++;
			tried += assert_defined(&w, &first);
			other = ask(&w, i % 2, &first, false);
			assert_same(&first, &other, false);
			other = ask(&w, i % 2, &first, true);
			assert_same(&first, &other, true);
		}
		lk_arena_done(&w.arena);
	}
	print_message(
		"%d worlds, %zu solvable, %zu better records refuted\n", WORLDS, solved, tried);
	assert_in_range(solved, WORLDS / 4, WORLDS - 1);
	assert_true(tried > WORLDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
