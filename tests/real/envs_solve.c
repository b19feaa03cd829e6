/*
 * Environments that others solved, solved anew: their specs, on the channels they name, for the
 * target they state (the platform's defaults where they state none).
 *
 *     envs_solve DATA PLATFORM [--sample N] [--again N] [--list FILE]
 *
 * --sample N    N of the platform's environments with specs, drawn by a fixed seed (all)
 * --again N     every Nth problem is solved again without presolve, with the records in another
 *               order and libsolv told the order backwards: the same answer (never)
 * --list FILE   every exception with its reason, a line each
 *
 * An environment that holds for the target and strict channel priority is an answer to its specs.
 * So ours must exist and pass the re-check; and by the definition of the answer, at the first name
 * of our walk where the two differ, ours must be the better record. A root may be older than listed
 * only where the roots before it leave no newer one, which is asked, and the list names the one
 * that does it. What is not an answer as stated shows that its target or a root's channel was
 * another than the data tell. It is solved for one that the environment itself proves, by the rules
 * below (`amendments`, `prove_channels`), and listed.
 *
 * Exit 0: all as it should be; 1: not; 2: wrong usage or damaged data; 77: no data here.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/real/envs.h"

/* The targets that an environment may prove, where it needs what its data do not state. */
static const struct amendment {
	const char *name, *text, *reason;
} amendments[] = {
	{"__archspec", "__archspec=1=x86_64",
		"locked for a microarchitecture, when clients still called plain x86_64 one"},
	{"__cuda", "__cuda=13.0",
		"locked with packages for CUDA, which the requirements gathered do not state"},
};

struct listed {
	lk_str line, label;
	lk_str problem; /* channels, specs, virtuals: as JSON, equal for equal problems */
	unsigned draw;
};

struct listed_envs LK_VEC_OF(struct listed);
struct doubles LK_VEC_OF(double);

struct program {
	struct envs envs;
	struct lk_arena arena;
	struct listed_envs all;
	const char *platform;
	uint64_t sample, again;
	FILE *list;
	struct doubles times; /* of the problems, ms */
	const struct listed *slowest;
	double slowest_ms;
	size_t with_specs, amended, other_channel, problems, solved, unsolved, repeated, unequal;
	size_t same, better, wrong;                  /* environments against our answer */
	size_t same_roots, newer_roots, older_roots; /* and their root specs */
};

static void note(struct program *program, lk_str label, const char *kind, const char *text)
{
	if (program->list) {
		(void)fprintf(
			program->list, "%s: " LK_STR_FMT ": %s\n", kind, LK_STR_ARG(label), text);
	}
}

/* A fault of ours, said aloud as well. */
static void fault(struct program *program, lk_str label, const char *text)
{
	printf("WRONG: " LK_STR_FMT ": %s\n", LK_STR_ARG(label), text);
	note(program, label, "wrong", text);
}

/* --- What is asked --- */

static const struct lk_record *find_name(
	const struct lk_record *const *records, size_t n, lk_str name)
{
	for (size_t i = 0; i < n; i++) {
		if (lk_str_eq(records[i]->name, name)) {
			return records[i];
		}
	}
	return NULL;
}

static const struct lk_record *of_env(const struct env *env, lk_str name)
{
	return find_name(env->records, env->n_records, name);
}

static void add_virtual(struct lk_strs *texts, struct env *env, const char *name, const char *key)
{
	const struct lk_json *table = lk_json_get(env->root, "system_requirements");
	lk_str version = lk_json_string(lk_json_get(table, key));

	if (lk_str_starts(version, LK_STR("glibc "))) {
		version = lk_str_skip(version, strlen("glibc "));
	}
	if (version.len > 0) {
		lk_vec_push(texts,
			lk_str_printf(&env->arena, "%s=" LK_STR_FMT, name, LK_STR_ARG(version)));
	}
}

/* The target as the lockfile states it, else as the manifest does; __osx means nothing on linux. */
static void stated_target(struct env *env, struct lk_strs *texts)
{
	lk_str platform = env_member(env, "platform");
	size_t n;
	lk_str *stated = env_strings(env, "virtual_packages", &n);

	for (size_t i = 0; i < n; i++) {
		lk_vec_push(texts, stated[i]);
	}
	if (n == 0) {
		add_virtual(texts, env, "__cuda", "cuda");
		if (lk_str_starts(platform, LK_STR("linux"))) {
			add_virtual(texts, env, "__linux", "linux");
			add_virtual(texts, env, "__glibc", "libc");
		} else if (lk_str_starts(platform, LK_STR("osx"))) {
			add_virtual(texts, env, "__osx", "macos");
		}
	}
}

/* Does the environment hold for the target TEXTS? err: why not. */
static int holds_for(const struct env *env, struct real_solve *solve, const struct lk_strs *texts,
	struct lk_error *err)
{
	int rc;

	solve->virtuals = texts->items;
	solve->n_virtuals = texts->len;
	rc = real_task(solve, err);
	return rc < 0 ? rc : lk_recheck(env->records, env->n_records, &solve->task, err);
}

/* Adds what the environment proves of its target. It holds for any target, so it ends. */
static int prove_target(struct program *program, const struct listed *listed, const struct env *env,
	struct real_solve *solve, struct lk_strs *texts, struct lk_error *err)
{
	int rc = holds_for(env, solve, texts, err);

	for (size_t i = 0; rc == LK_E_UNSAT && i < sizeof(amendments) / sizeof(amendments[0]);
		i++) {
		if (lk_str_find(lk_str_of(err->message), lk_str_of(amendments[i].name)) !=
			SIZE_MAX) {
			char LK_AUTO_FREE *text =
				lk_asprintf("%s: %s", err->message, amendments[i].reason);

			note(program, listed->label, "target", text);
			program->amended++;
			lk_vec_push(texts, lk_str_of(amendments[i].text));
			rc = holds_for(env, solve, texts, err);
		}
	}
	return rc;
}

/* Do the specs leave CHANNEL to NAME? */
static bool channel_allowed(
	const struct lk_task *task, lk_str name, const struct lk_channel *channel)
{
	for (size_t i = 0; i < task->n_specs; i++) {
		if (lk_str_eq(task->specs[i]->name, name) &&
			!lk_matchspec_channel_matches(
				task->specs[i], channel->name, channel->url, task->alias)) {
			return false;
		}
	}
	return true;
}

/* The channel before RECORD's own that has its name too; NULL: none. */
static const struct lk_channel *hiding_channel(
	struct program *program, const struct real_solve *solve, const struct lk_record *record)
{
	lk_str subdirs[] = {lk_str_of(solve->platform), LK_STR("noarch")};
	const struct lk_task *task = &solve->task;
	struct lk_error err = LK_ERROR_INIT;

	for (size_t i = 0; i < task->n_channels; i++) {
		if (lk_str_eq(task->channels[i].name, record->channel)) {
			return NULL;
		}
		for (size_t k = 0; channel_allowed(task, record->name, &task->channels[i]) && k < 2;
			k++) {
			struct real_index *index = real_open(
				&program->envs.channels, task->channels[i].name, subdirs[k], &err);
			const struct lk_records *found;

			if (real_records(index, record->name, &found, &err) == 0 &&
				found->len > 0) {
				return &task->channels[i];
			}
		}
	}
	return NULL;
}

/* A root from behind a channel that has its name too proves that its spec meant its own channel:
 * rattler leaves out the records that a root's spec does not match before it looks at priority, and
 * the channel before may have had none yet that does. */
static void prove_channels(struct program *program, const struct listed *listed, struct env *env,
	const struct real_solve *solve, lk_str *specs)
{
	for (size_t i = 0; i < solve->n_specs; i++) {
		const struct lk_record *record = of_env(env, solve->task.specs[i]->name);
		const struct lk_channel *hiding =
			record ? hiding_channel(program, solve, record) : NULL;

		if (hiding) {
			char LK_AUTO_FREE *text =
				lk_asprintf("'" LK_STR_FMT "' was met by " LK_STR_FMT
					    " though " LK_STR_FMT " comes first",
					LK_STR_ARG(specs[i]), LK_STR_ARG(record->url),
					LK_STR_ARG(hiding->name));

			note(program, listed->label, "channel", text);
			program->other_channel++;
			specs[i] = lk_str_printf(&env->arena, LK_STR_FMT "::" LK_STR_FMT,
				LK_STR_ARG(record->channel), LK_STR_ARG(specs[i]));
		}
	}
}

static void put_strings(struct lk_jw *w, const char *key, const lk_str *texts, size_t n)
{
	lk_jw_key(w, key);
	lk_jw_array(w);
	for (size_t i = 0; i < n; i++) {
		lk_jw_string(w, texts[i]);
	}
	lk_jw_end(w);
}

static int make_problem(struct program *program, struct listed *listed, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) problem = LK_BUF_INIT(ENVS_TEXT_MAX);
	struct lk_strs texts = {0};
	struct real_solve solve = {0};
	struct lk_jw w;
	struct env env;
	int rc = env_parse(listed->line, &env, err);

	rc = rc < 0 ? rc : env_records(&program->envs, &env, err);
	if (rc == 0) {
		listed->label = lk_str_dup(&program->arena, env_label(&env));
		solve = env_solve(&env);
		stated_target(&env, &texts);
		rc = prove_target(program, listed, &env, &solve, &texts, err);
	}
	if (rc == 0) {
		lk_str *specs = env_strings(&env, "specs", &solve.n_specs);

		prove_channels(program, listed, &env, &solve, specs);
		lk_jw_init(&w, &problem, false);
		lk_jw_object(&w);
		put_strings(&w, "channels", solve.channels, solve.n_channels);
		put_strings(&w, "virtuals", texts.items, texts.len);
		put_strings(&w, "specs", specs, solve.n_specs);
		lk_jw_end(&w);
		listed->problem = lk_str_dup(&program->arena, lk_buf_view(&problem));
	}
	real_solve_done(&solve);
	lk_vec_done(&texts);
	env_done(&env);
	return rc < 0 ? lk_wrap(err, LK_STR_FMT, LK_STR_ARG(listed->label)) : 0;
}

static int compare_draws(const void *left, const void *right)
{
	const struct listed *a = left;
	const struct listed *b = right;

	return a->draw < b->draw ? -1 : a->draw > b->draw;
}

static int compare_problems(const void *left, const void *right)
{
	return lk_str_cmp(
		((const struct listed *)left)->problem, ((const struct listed *)right)->problem);
}

/* The environments with specs, or as many of them as were asked for, equal problems together. */
static int collect(struct program *program, struct lk_error *err)
{
	struct listed_envs *all = &program->all;
	uint64_t seed = PICK_SEED;
	int rc = envs_open(&program->envs, program->platform, err);
	struct listed listed = {0};

	while (rc == 0 && envs_next(&program->envs, &listed.line)) {
		struct env env;

		rc = env_parse(listed.line, &env, err);
		listed.draw = pick_from(&seed, UINT32_MAX);
		if (rc == 0 && lk_json_size(lk_json_get(env.root, "specs")) > 0) {
			lk_vec_push(all, listed);
		}
		env_done(&env);
	}
	if (rc < 0 || all->len == 0) {
		return rc;
	}
	program->with_specs = all->len;
	qsort(all->items, all->len, sizeof(*all->items), compare_draws);
	all->len = all->len < program->sample ? all->len : (size_t)program->sample;
	for (size_t i = 0; rc == 0 && i < all->len; i++) {
		rc = make_problem(program, &all->items[i], err);
	}
	qsort(all->items, all->len, sizeof(*all->items), compare_problems);
	return rc;
}

/* --- What is answered --- */

static const struct lk_record *chosen(const struct real_solve *solve, lk_str name)
{
	return find_name(solve->solution.records, solve->solution.n_records, name);
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
	rc = real_solve_run(&program->envs.channels, &again, &err);
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

	note(program, listed->label, "older", text);
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
	program->envs.channels.shuffle = program->repeated;
	if (real_solve_run(&program->envs.channels, &again, &err) < 0 ||
		!equal_answers(first, &again)) {
		fault(program, listed->label, "another order of records has another answer");
		program->unequal++;
	}
	program->envs.channels.shuffle = 0;
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
	solve.platform = program->platform;
	solve.virtuals = env_strings(&problem, "virtuals", &solve.n_virtuals);
	program->problems++;
	if (real_solve_run(&program->envs.channels, &solve, &why) < 0) {
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
			rc = rc < 0 ? rc : env_records(&program->envs, &env, err);
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
		program->platform, program->all.len, program->with_specs, program->problems,
		program->solved, program->unsolved);
	printf("  by proof of the environment itself: %zu another target, %zu roots of another "
	       "channel\n",
		program->amended, program->other_channel);
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
	const struct listed_envs *all = &program->all;
	double start = real_now_ms();
	int rc = collect(program, err);

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

static int read_options(struct program *program, int argc, char **argv, struct lk_error *err)
{
	bool good = argc >= 3 && argc % 2 == 1;

	program->platform = good ? argv[2] : NULL;
	program->sample = UINT64_MAX;
	for (int i = 3; good && i < argc; i += 2) {
		lk_str value = lk_str_of(argv[i + 1]);

		if (strcmp(argv[i], "--sample") == 0) {
			good = lk_str_to_u64(value, &program->sample);
		} else if (strcmp(argv[i], "--again") == 0) {
			good = lk_str_to_u64(value, &program->again);
		} else if (strcmp(argv[i], "--list") == 0) {
			program->list = fopen(argv[i + 1], "w");
			good = program->list;
		} else {
			good = false;
		}
	}
	return good ? 0
		    : lk_fail(err, LK_E_USAGE,
			      "usage: envs_solve DATA PLATFORM [--sample N] [--again N] "
			      "[--list FILE]");
}

int main(int argc, char **argv)
{
	struct program program = {0};
	struct lk_error err = LK_ERROR_INIT;
	int rc = envs_init(&program.envs, argc > 1 ? argv[1] : ".");

	if (rc == 0) {
		rc = read_options(&program, argc, argv, &err);
		rc = rc < 0 ? rc : solve_all(&program, &err);
	}
	if (rc < 0) {
		(void)fprintf(stderr, "envs_solve: %s\n", err.message);
	}
	if (program.list) {
		(void)fclose(program.list);
	}
	envs_done(&program.envs);
	lk_vec_done(&program.all);
	lk_vec_done(&program.times);
	lk_arena_done(&program.arena);
	return rc < 0 ? 2 : rc;
}
