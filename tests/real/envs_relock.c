/*
 * Relocking what real environments ask: with the records of their time a lock is made, then all
 * that their channels have had since is there too.
 *
 *     envs_relock [--sample N] DATA PLATFORM
 *
 * Solving again gives the same bytes. One more spec moves nothing that could stay: where something
 * moved, all of the lock and the spec together have no answer. An update of one name lets no other
 * root fall back, keeps python's minor version, and finds nothing to do when it is done again.
 *
 * Exit 0: all as it should be; 1: not; 2: wrong usage or damaged data; 77: no data here.
 */
#include <getopt.h>

#include "lock/lockfile.h"
#include "tests/real/envs_ask.h"

struct program {
	struct asking ask;
	size_t problems, locks, same, added, disturbed, refused, updated, moved, failed;
};

/* A lock, the question it answers and its records in the walk's order. */
struct locked {
	struct env problem;
	struct real_solve solve; /* with the records of the time */
	struct lk_buf text;
	struct lk_lock lock;
	struct lk_record *records;
	size_t n;
};

static void fault(struct program *program, const struct listed *listed, const char *text)
{
	printf("fault: " LK_STR_FMT ": %s\n", LK_STR_ARG(listed->label), text);
	program->failed++;
}

/* What is asked of the records of all times over a lock. */
struct question {
	lk_str more;   /* one more spec; empty: none */
	lk_str update; /* a name; empty: none */
	bool pinned;   /* the lock's records are pins instead */
};

static int parse_pins(struct real_solve *solve, const struct locked *locked, struct lk_error *err)
{
	const struct lk_matchspec **pins =
		lk_arena_calloc(&solve->arena, locked->n, sizeof(const struct lk_matchspec *));
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < locked->n; i++) {
		const struct lk_record *r = &locked->records[i];
		lk_str text =
			lk_str_printf(&solve->arena, LK_STR_FMT "==" LK_STR_FMT "=" LK_STR_FMT,
				LK_STR_ARG(r->name), LK_STR_ARG(r->version), LK_STR_ARG(r->build));

		rc = lk_matchspec_parse(text, LK_SPEC_USER, &solve->arena, &pins[i], err);
	}
	solve->task.pins = pins;
	solve->task.n_pins = locked->n;
	return rc;
}

static int ask(struct program *program, const struct locked *locked, const struct question *q,
	struct real_solve *ret, struct lk_error *err)
{
	struct real_solve again = locked->solve;
	lk_str *specs;
	int rc;

	real_solve_again(&again);
	again.exclude_newer = 0;
	again.no_reasons = true;
	again.locked = locked->records;
	again.n_locked = locked->n;
	specs = lk_calloc(again.n_specs + 1, sizeof(*specs));
	memcpy(specs, again.specs, again.n_specs * sizeof(*specs));
	specs[again.n_specs] = q->more;
	again.specs = specs;
	again.n_specs += q->more.len > 0;
	*ret = again;
	rc = real_task(ret, err);
	if (rc == 0) {
		ret->task.update = &q->update;
		ret->task.n_update = q->update.len > 0;
		rc = q->pinned ? parse_pins(ret, locked, err) : 0;
	}
	if (rc == 0) {
		rc = real_reach(&program->ask.envs.channels, ret, err);
	}
	if (rc == 0) {
		ret->task.n_locked = q->pinned ? 0 : locked->n;
		rc = lk_solve(&ret->task, NULL, &ret->solution, err);
	}
	lk_free(specs);
	return rc;
}

/* The solution as a lock's text. */
static int put_lock(const struct real_solve *solve, struct lk_buf *text, struct lk_error *err)
{
	struct lk_lock lock;
	const struct lk_lock_input input = {.subdir = lk_str_of(solve->platform),
		.specs = {solve->specs, solve->n_specs},
		.solved_with = &solve->set,
		.records = solve->solution.records,
		.extras = solve->solution.extras,
		.n_records = solve->solution.n_records};
	int rc;

	lk_lock_init(&lock, solve->task.channels, solve->task.n_channels, LK_STR("strict"));
	rc = lk_lock_add_platform(&lock, &input, err);
	if (rc == 0) {
		rc = lk_lock_write(&lock, text, err);
	}
	lk_lock_done(&lock);
	return rc;
}

/* Reads the lock back: what a later solve knows of it. */
static int read_back(struct locked *locked, struct lk_error *err)
{
	const struct lk_lock_platform *platform;
	const struct lk_record **records;
	size_t *order;
	int rc = lk_lock_parse(lk_buf_view(&locked->text), "env.lock", NULL, &locked->lock, err);

	if (rc < 0) {
		return rc;
	}
	platform = &locked->lock.platforms[0];
	locked->n = platform->n_packages;
	records = lk_calloc(locked->n, sizeof(const struct lk_record *));
	order = lk_calloc(locked->n, sizeof(*order));
	locked->records = lk_calloc(locked->n, sizeof(*locked->records));
	for (size_t i = 0; i < locked->n; i++) {
		records[i] = &platform->packages[i];
	}
	rc = lk_walk_order(records, locked->n, &locked->solve.task, order, err);
	for (size_t i = 0; i < locked->n; i++) {
		locked->records[i] = *records[order[i]];
	}
	lk_free(order);
	lk_free(records);
	return rc;
}

/* 1: there is no lock, for a record has no sha256 or there is no answer. */
static int make_lock(struct program *program, const struct listed *listed, struct locked *ret,
	struct lk_error *err)
{
	int rc = env_parse(listed->problem, &ret->problem, err);
	struct lk_error why = LK_ERROR_INIT;

	if (rc < 0) {
		return rc;
	}
	lk_buf_init(&ret->text, LK_LOCK_MAX_BYTES);
	ret->solve = env_solve(&ret->problem);
	ret->solve.platform = program->ask.platform;
	ret->solve.virtuals = env_strings(&ret->problem, "virtuals", &ret->solve.n_virtuals);
	ret->solve.exclude_newer =
		(uint64_t)lk_json_int(lk_json_get(ret->problem.root, "newest"), 0);
	ret->solve.no_reasons = true;
	if (real_solve_run(&program->ask.envs.channels, &ret->solve, &why) < 0 ||
		put_lock(&ret->solve, &ret->text, &why) < 0) {
		return 1;
	}
	return read_back(ret, err);
}

static void locked_done(struct locked *locked)
{
	lk_free(locked->records);
	if (locked->n > 0) {
		lk_lock_done(&locked->lock);
	}
	lk_buf_done(&locked->text);
	real_solve_done(&locked->solve);
	env_done(&locked->problem);
}

static void check_same(
	struct program *program, const struct listed *listed, const struct locked *locked)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
	struct lk_error err = LK_ERROR_INIT;
	struct real_solve again;
	const struct question q = {.more = LK_STR("")};
	int rc = ask(program, locked, &q, &again, &err);

	again.specs = locked->solve.specs;
	if (rc == 0) {
		rc = put_lock(&again, &text, &err);
	}
	if (rc == 0 && lk_str_eq(lk_buf_view(&text), lk_buf_view(&locked->text))) {
		program->same++;
	} else {
		fault(program, listed, rc < 0 ? err.message : "solving again gives another lock");
	}
	real_solve_done(&again);
}

/* How many of the lock's packages the answer has otherwise; NAME does not count. */
static size_t count_moved(
	const struct locked *locked, const struct lk_solution *solution, lk_str name)
{
	size_t moved = 0;

	for (size_t i = 0; i < locked->n; i++) {
		const struct lk_record *old = &locked->records[i];
		const struct lk_record *new =
			envs_find_name(solution->records, solution->n_records, old->name);

		moved += new && !lk_str_eq(new->url, old->url) && !lk_str_eq(old->name, name);
	}
	return moved;
}

/* MORE is a spec of another environment. */
static void check_added(struct program *program, const struct listed *listed,
	const struct locked *locked, lk_str more)
{
	struct lk_error err = LK_ERROR_INIT;
	const struct question q = {.more = more};
	const struct question whole = {.more = more, .pinned = true};
	struct real_solve again;
	struct real_solve pinned;
	int rc = ask(program, locked, &q, &again, &err);

	if (rc == LK_E_UNSAT) {
		program->refused++;
	} else if (rc < 0) {
		fault(program, listed, err.message);
	} else if (count_moved(locked, &again.solution, (lk_str){0}) == 0) {
		program->added++;
	} else {
		program->disturbed++;
	}
	if (rc == LK_E_UNSAT ||
		(rc == 0 && count_moved(locked, &again.solution, (lk_str){0}) > 0)) {
		if (ask(program, locked, &whole, &pinned, &err) != LK_E_UNSAT) {
			fault(program, listed, "a spec moved what could stay");
		}
		real_solve_done(&pinned);
	}
	real_solve_done(&again);
}

/* Does the answer keep the roots from falling back and python in its minor version? */
static bool is_gentle(const struct locked *locked, const struct real_solve *answer, lk_str name)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	bool gentle = true;

	for (size_t i = 0; gentle && i < locked->n; i++) {
		const struct lk_record *old = &locked->records[i];
		const struct lk_record *new = envs_find_name(
			answer->solution.records, answer->solution.n_records, old->name);
		const struct lk_version *versions[2];
		struct lk_error err = LK_ERROR_INIT;
		bool is_root = false;

		for (size_t k = 0; k < answer->task.n_specs; k++) {
			is_root = is_root || lk_str_eq(answer->task.specs[k]->name, old->name);
		}
		if (!new || !is_root || lk_str_eq(old->name, name) ||
			lk_version_parse(old->version, &arena, &versions[0], &err) < 0 ||
			lk_version_parse(new->version, &arena, &versions[1], &err) < 0) {
			continue;
		}
		gentle = lk_version_cmp(versions[0], versions[1]) <= 0 &&
			(!lk_str_is(old->name, "python") ||
				lk_version_shares_parent(versions[1], versions[0]));
	}
	return gentle;
}

static void check_updated(struct program *program, const struct listed *listed,
	const struct locked *locked, lk_str name)
{
	struct lk_error err = LK_ERROR_INIT;
	const struct question q = {.update = name};
	struct locked next = *locked;
	struct real_solve once;
	struct real_solve twice;
	int rc = ask(program, locked, &q, &once, &err);

	if (rc < 0 || !is_gentle(locked, &once, name)) {
		fault(program, listed, rc < 0 ? err.message : "an update took a root back");
		real_solve_done(&once);
		return;
	}
	program->updated++;
	program->moved += count_moved(locked, &once.solution, name) > 0;
	next.n = once.solution.n_records;
	next.records = lk_calloc(next.n, sizeof(*next.records));
	for (size_t i = 0; i < next.n; i++) {
		next.records[i] =
			*envs_find_name(once.solution.records, next.n, once.solution.walk[i]);
	}
	rc = ask(program, &next, &q, &twice, &err);
	if (rc < 0 || count_moved(&next, &twice.solution, (lk_str){0}) > 0) {
		fault(program, listed, "an update has more to do when it is done again");
	}
	real_solve_done(&twice);
	lk_free(next.records);
	real_solve_done(&once);
}

/* The name of a spec of OTHER that LOCKED does not have, as a spec. */
static lk_str foreign_name(const struct locked *locked, const struct real_solve *other)
{
	for (size_t i = 0; i < other->task.n_specs; i++) {
		lk_str name = other->task.specs[i]->name;
		bool has = false;

		for (size_t k = 0; k < locked->n; k++) {
			has = has || lk_str_eq(locked->records[k].name, name);
		}
		if (!has && !lk_name_is_virtual(name)) {
			return name;
		}
	}
	return (lk_str){0};
}

/* BEFORE: the lock checked last, or empty. */
static int check(struct program *program, const struct listed *listed, struct locked *locked,
	const struct locked *before, struct lk_error *err)
{
	int rc = make_lock(program, listed, locked, err);
	lk_str more;

	program->problems++;
	if (rc != 0) {
		return rc < 0 ? rc : 0;
	}
	program->locks++;
	check_same(program, listed, locked);
	if (locked->n > 0) {
		check_updated(program, listed, locked,
			locked->solve.task.specs[program->locks % locked->solve.task.n_specs]
				->name);
	}
	more = foreign_name(locked, &before->solve);
	if (more.len > 0) {
		check_added(program, listed, locked, more);
	}
	return 0;
}

static int check_all(struct program *program, struct lk_error *err)
{
	const struct listed_envs *all = &program->ask.all;
	struct locked before = {0};
	int rc = envs_ask(&program->ask, err);

	for (size_t i = 0; rc == 0 && i < all->len; i++) {
		struct locked locked = {0};

		if (i > 0 && lk_str_eq(all->items[i].problem, all->items[i - 1].problem)) {
			continue;
		}
		rc = check(program, &all->items[i], &locked, &before, err);
		locked_done(&before);
		before = locked;
	}
	locked_done(&before);
	printf("%s: %zu problems, %zu locks: %zu the same when solved again; one more spec: %zu "
	       "moved nothing, %zu what had to move, %zu have no answer; one update: %zu, of which "
	       "%zu moved others\n%zu faults\n",
		program->ask.platform, program->problems, program->locks, program->same,
		program->added, program->disturbed, program->refused, program->updated,
		program->moved, program->failed);
	return rc < 0 ? rc : program->failed > 0 || program->locks == 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"sample", required_argument, NULL, 's'}, {0}};
	struct program program = {.ask = {.sample = UINT64_MAX, .then = true}};
	struct lk_error err = LK_ERROR_INIT;
	bool good = true;
	int option;
	int rc;

	while (good && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		good = option == 's' && lk_str_to_u64(lk_str_of(optarg), &program.ask.sample);
	}
	if (!good || argc - optind != 2) {
		(void)fputs("usage: envs_relock [--sample N] DATA PLATFORM\n", stderr);
		return 2;
	}
	program.ask.platform = argv[optind + 1];
	rc = envs_init(&program.ask.envs, argv[optind]);
	if (rc == 0) {
		rc = check_all(&program, &err);
	}
	if (rc < 0) {
		(void)fprintf(stderr, "envs_relock: %s\n", err.message);
	}
	envs_ask_done(&program.ask);
	return rc < 0 ? 2 : rc;
}
