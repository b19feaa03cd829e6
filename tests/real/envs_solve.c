/*
 * Environments that others solved, solved anew: their specs, on the channels they name, for the
 * target they state (the platform's defaults where they state none).
 *
 *     envs_solve [OPTION]... DATA PLATFORM
 *
 * --sample N    N of the platform's environments with specs, drawn by a fixed seed (all)
 * --again N     every Nth problem is solved again without presolve, with the records in another
 *               order and libsolv told the order backwards: the same answer (never)
 * --then        only with records as old as the environment's newest, as when it was solved
 * --list FILE   every exception with its reason, a line each
 *
 * What an environment asks (envs_ask.h) has the environment as an answer. So ours must exist and
 * pass the re-check; and by the definition of the answer, at the first name of our walk where the
 * two differ, ours must be the better record. A root may be older than listed only where the roots
 * before it leave no newer one, which is asked, and the list names the one that does it.
 *
 * Exit 0: all as it should be; 1: not; 2: wrong usage or damaged data; 77: no data here.
 */
#include <getopt.h>
#include <stdlib.h>

#include "tests/real/envs_ask.h"

struct doubles LK_VEC_OF(double);

struct program {
	struct asking ask;
	uint64_t again;
	struct doubles times; /* of the problems, ms */
	const struct listed *slowest;
	double slowest_ms;
	size_t problems, solved, unsolved, repeated, unequal;
	size_t same, better, wrong;                  /* environments against our answer */
	size_t same_roots, newer_roots, older_roots; /* and their root specs */
};

/* A fault of ours, said aloud as well. */
static void fault(struct program *program, lk_str label, const char *text)
{
	printf("WRONG: " LK_STR_FMT ": %s\n", LK_STR_ARG(label), text);
	envs_note(&program->ask, label, "wrong", text);
}

static const struct lk_record *of_env(const struct env *env, lk_str name)
{
	return envs_find_name(env->records, env->n_records, name);
}

static const struct lk_record *chosen(const struct real_solve *solve, lk_str name)
{
	return envs_find_name(solve->solution.records, solve->solution.n_records, name);
}

/* By version alone; both parsed before. */
static int compare_versions(const struct lk_record *left, const struct lk_record *right)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error err = LK_ERROR_INIT;
	const struct lk_version *a;
	const struct lk_version *b;

	if (lk_version_parse(left->version, &arena, &a, &err) < 0 ||
		lk_version_parse(right->version, &arena, &b, &err) < 0) {
		return -1;
	}
	return lk_version_cmp(a, b);
}

/* The rank, as far as it depends on the two records alone. */
static int compare_ranks(const struct lk_record *left, const struct lk_record *right)
{
	int order = (right->track_features.n > 0) - (left->track_features.n > 0);

	if (order == 0) {
		order = compare_versions(left, right);
	}
	if (order == 0 && left->build_number != right->build_number) {
		order = left->build_number < right->build_number ? -1 : 1;
	}
	return order;
}

/* The first place of our walk where the environment has another record; n_records: none. */
static size_t first_difference(const struct real_solve *solve, const struct env *env)
{
	const struct lk_solution *solution = &solve->solution;
	size_t i = 0;

	while (i < solution->n_records) {
		const struct lk_record *ours = chosen(solve, solution->walk[i]);
		const struct lk_record *theirs = of_env(env, solution->walk[i]);

		if (!theirs || !lk_str_eq(ours->url, theirs->url)) {
			break;
		}
		i++;
	}
	return i;
}

/* Is there an answer with the first N roots as we have them and another root newer than OURS? */
static bool newer_is_possible(struct program *program, const struct real_solve *solve, size_t n,
	const struct lk_record *ours)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error err = LK_ERROR_INIT;
	struct lk_strs specs = {0};
	struct real_solve again = *solve;
	int rc;

	for (size_t i = 0; i < solve->n_specs; i++) {
		const struct lk_record *root = chosen(solve, solve->task.specs[i]->name);

		lk_vec_push(&specs, solve->specs[i]);
		if (i < n && root) {
			lk_vec_push(&specs,
				lk_str_printf(&arena, LK_STR_FMT " ==" LK_STR_FMT " " LK_STR_FMT,
					LK_STR_ARG(root->name), LK_STR_ARG(root->version),
					LK_STR_ARG(root->build)));
		}
	}
	lk_vec_push(&specs,
		lk_str_printf(&arena, LK_STR_FMT " >" LK_STR_FMT, LK_STR_ARG(ours->name),
			LK_STR_ARG(ours->version)));
	real_solve_again(&again);
	again.specs = specs.items;
	again.n_specs = specs.len;
	again.no_reasons = true;
	rc = real_solve_run(&program->ask.envs.channels, &again, &err);
	real_solve_done(&again);
	lk_vec_done(&specs);
	return rc == 0;
}

/* Root AT is older than listed. Notes the root before it that leaves no newer one, which there must
 * be. */
static void explain_older(struct program *program, const struct listed *listed,
	const struct real_solve *solve, size_t at, const struct lk_record *theirs)
{
	const struct lk_record *ours = chosen(solve, solve->task.specs[at]->name);
	const struct lk_record *culprit;
	size_t possible = 0;
	size_t impossible = at;

	if (newer_is_possible(program, solve, at, ours)) {
		fault(program, listed->label, "a root could be newer");
		program->wrong++;
		return;
	}
	while (impossible - possible > 1) {
		size_t middle = possible + (impossible - possible) / 2;

		if (newer_is_possible(program, solve, middle, ours)) {
			possible = middle;
		} else {
			impossible = middle;
		}
	}
	culprit = chosen(solve, solve->task.specs[possible]->name);
	char LK_AUTO_FREE *text = lk_asprintf(LK_STR_FMT " " LK_STR_FMT " (listed " LK_STR_FMT
							 "), because " LK_STR_FMT " " LK_STR_FMT
							 " comes first",
		LK_STR_ARG(ours->name), LK_STR_ARG(ours->version), LK_STR_ARG(theirs->version),
		LK_STR_ARG(culprit->name), LK_STR_ARG(culprit->version));

	envs_note(&program->ask, listed->label, "older", text);
}

/* Root AT against the environment's. */
static void judge_root(struct program *program, const struct listed *listed,
	const struct real_solve *solve, const struct env *env, size_t at)
{
	const struct lk_record *ours = chosen(solve, solve->task.specs[at]->name);
	const struct lk_record *theirs = of_env(env, solve->task.specs[at]->name);
	int order = ours && theirs ? compare_versions(ours, theirs) : 0;

	program->same_roots += order == 0;
	program->newer_roots += order > 0;
	program->older_roots += order < 0;
	if (order < 0) {
		explain_older(program, listed, solve, at, theirs);
	}
}

static void judge(struct program *program, const struct listed *listed,
	const struct real_solve *solve, const struct env *env)
{
	size_t at = first_difference(solve, env);

	if (at == solve->solution.n_records) {
		program->same++;
	} else {
		const struct lk_record *theirs = of_env(env, solve->solution.walk[at]);
		const struct lk_record *ours = chosen(solve, solve->solution.walk[at]);

		if (!theirs || compare_ranks(ours, theirs) < 0) {
			char LK_AUTO_FREE *text =
				lk_asprintf(LK_STR_FMT " where " LK_STR_FMT " is possible",
					LK_STR_ARG(ours->fn),
					LK_STR_ARG(theirs ? theirs->fn : LK_STR("nothing")));

			fault(program, listed->label, text);
			program->wrong++;
			return;
		}
		program->better++;
	}
	for (size_t i = 0; i < solve->n_specs; i++) {
		judge_root(program, listed, solve, env, i);
	}
}

/* Two answers to one problem, from records in another order. */
static bool equal_answers(const struct real_solve *one, const struct real_solve *other)
{
	if (one->solution.n_records != other->solution.n_records) {
		return false;
	}
	for (size_t i = 0; i < one->solution.n_records; i++) {
		if (!lk_str_eq(one->solution.records[i]->url, other->solution.records[i]->url) ||
			!lk_str_eq(one->solution.walk[i], other->solution.walk[i])) {
			return false;
		}
	}
	return true;
}

static void solve_again(
	struct program *program, const struct listed *listed, const struct real_solve *first)
{
	struct lk_error err = LK_ERROR_INIT;
	struct real_solve again = *first;

	real_solve_again(&again);
	again.plain = true;
	program->repeated++;
	program->ask.envs.channels.shuffle = program->repeated;
	if (real_solve_run(&program->ask.envs.channels, &again, &err) < 0 ||
		!equal_answers(first, &again)) {
		fault(program, listed->label, "another order of records has another answer");
		program->unequal++;
	}
	program->ask.envs.channels.shuffle = 0;
	real_solve_done(&again);
}

static void print_reasons(const struct real_solve *solve)
{
	for (size_t i = 0; i < solve->solution.n_reasons; i++) {
		printf("  %*s" LK_STR_FMT "\n", (int)solve->solution.reasons[i].depth * 2, "",
			LK_STR_ARG(solve->solution.reasons[i].text));
	}
}

static void note_time(struct program *program, const struct listed *listed, double ms)
{
	lk_vec_push(&program->times, ms);
	if (ms > program->slowest_ms) {
		program->slowest = listed;
		program->slowest_ms = ms;
	}
}

/* Solves the problem of N environments once. */
static int answer(
	struct program *program, const struct listed *group, size_t n, struct lk_error *err)
{
	struct env problem;
	struct real_solve solve;
	struct lk_error why = LK_ERROR_INIT;
	int rc = env_parse(group->problem, &problem, err);

	if (rc < 0) {
		return rc;
	}
	solve = env_solve(&problem);
	solve.platform = program->ask.platform;
	solve.virtuals = env_strings(&problem, "virtuals", &solve.n_virtuals);
	solve.exclude_newer = (uint64_t)lk_json_int(lk_json_get(problem.root, "newest"), 0);
	program->problems++;
	if (real_solve_run(&program->ask.envs.channels, &solve, &why) < 0) {
		fault(program, group->label, why.message);
		print_reasons(&solve);
		program->unsolved++;
	} else {
		program->solved++;
		note_time(program, group, solve.load_ms + solve.solve_ms);
		if (program->again && program->problems % program->again == 0) {
			solve_again(program, group, &solve);
		}
		for (size_t i = 0; rc == 0 && i < n; i++) {
			struct env env;

			rc = env_parse(group[i].line, &env, err);
			rc = rc < 0 ? rc : env_records(&program->ask.envs, &env, err);
			if (rc == 0) {
				judge(program, &group[i], &solve, &env);
			}
			env_done(&env);
		}
	}
	real_solve_done(&solve);
	env_done(&problem);
	return rc;
}

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left;
	double b = *(const double *)right;

	return a < b ? -1 : a > b;
}

static void print_summary(struct program *program, double seconds)
{
	struct doubles *t = &program->times;

	printf("%s: %zu of %zu environments with specs, %zu problems: %zu solved and re-checked, "
	       "%zu without an answer\n",
		program->ask.platform, program->ask.all.len, program->ask.with_specs,
		program->problems, program->solved, program->unsolved);
	printf("  by proof of the environment itself: %zu another target, %zu roots of another "
	       "channel\n",
		program->ask.amended, program->ask.other_channel);
	printf("  answers: %zu as listed, %zu better at the first difference, %zu worse\n",
		program->same, program->better, program->wrong);
	printf("  root specs: %zu same version, %zu newer, %zu older behind an earlier one\n",
		program->same_roots, program->newer_roots, program->older_roots);
	printf("  %zu problems again in another order: %zu other answers\n", program->repeated,
		program->unequal);
	if (t->len > 0) {
		qsort(t->items, t->len, sizeof(*t->items), compare_doubles);
		printf("  ms of CPU a problem: median %.0f, 90%% %.0f, 99%% %.0f, most %.0f "
		       "(" LK_STR_FMT "); %.0f s in all\n",
			t->items[t->len / 2], t->items[t->len * 9 / 10],
			t->items[t->len * 99 / 100], program->slowest_ms,
			LK_STR_ARG(program->slowest->label), seconds);
	}
}

static int solve_all(struct program *program, struct lk_error *err)
{
	const struct listed_envs *all = &program->ask.all;
	double start = real_now_ms();
	int rc = envs_ask(&program->ask, err);

	for (size_t i = 0, end = 0; rc == 0 && i < all->len; i = end) {
		while (end < all->len &&
			lk_str_eq(all->items[i].problem, all->items[end].problem)) {
			end++;
		}
		rc = answer(program, &all->items[i], end - i, err);
	}
	if (rc < 0) {
		return rc;
	}
	print_summary(program, (real_now_ms() - start) / 1e3);
	return program->solved > 0 && program->unsolved + program->unequal + program->wrong == 0
		? 0
		: 1;
}

static bool read_options(struct program *program, int argc, char **argv)
{
	static const struct option options[] = {{"sample", required_argument, NULL, 's'},
		{"again", required_argument, NULL, 'a'}, {"then", no_argument, NULL, 't'},
		{"list", required_argument, NULL, 'l'}, {0}};
	bool good = true;
	int option;

	program->ask.sample = UINT64_MAX;
	while (good && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			good = lk_str_to_u64(lk_str_of(optarg), &program->ask.sample);
			break;
		case 'a':
			good = lk_str_to_u64(lk_str_of(optarg), &program->again);
			break;
		case 't':
			program->ask.then = true;
			break;
		case 'l':
			program->ask.list = fopen(optarg, "w");
			good = program->ask.list;
			break;
		default:
			good = false;
		}
	}
	return good && argc - optind == 2;
}

int main(int argc, char **argv)
{
	struct program program = {0};
	struct lk_error err = LK_ERROR_INIT;
	int rc;

	if (!read_options(&program, argc, argv)) {
		(void)fputs(
			"usage: envs_solve [--sample N] [--again N] [--then] [--list FILE] DATA "
			"PLATFORM\n",
			stderr);
		return 2;
	}
	program.ask.platform = argv[optind + 1];
	rc = envs_init(&program.ask.envs, argv[optind]);
	if (rc == 0) {
		rc = solve_all(&program, &err);
	}
	if (rc < 0) {
		(void)fprintf(stderr, "envs_solve: %s\n", err.message);
	}
	if (program.ask.list) {
		(void)fclose(program.ask.list);
	}
	envs_ask_done(&program.ask);
	lk_vec_done(&program.times);
	return rc < 0 ? 2 : rc;
}
