/*
 * Environments that others solved, against our own matcher: in each every package has its record,
 * the records hold together, the specs are met (virtual packages aside).
 *
 *     envs_check DATA
 *
 * Exit 0: all as it should be; 1: not; 2: wrong usage or damaged data; 77: no data here.
 */
#include "tests/real/envs.h"

static const char *const platforms[] = {
	"linux-64", "linux-aarch64", "linux-ppc64le", "osx-64", "osx-arm64", "win-64", "win-arm64"};

struct counts {
	size_t environments, packages, consistent, with_specs, specs_met;
};

/* The records with the specs, or (N_SPECS 0) without. */
static int recheck(
	const struct env *env, const struct real_solve *solve, size_t n_specs, struct lk_error *err)
{
	struct lk_task task = solve->task;

	task.n_specs = n_specs;
	task.virtuals = NULL;
	return lk_recheck(env->records, env->n_records, &task, err);
}

/* Specs and records are judged together, apart only on a fault. */
static void check_env(struct envs *envs, struct env *env, struct counts *counts)
{
	struct real_solve solve = env_solve(env);
	struct lk_error err = LK_ERROR_INIT;
	bool consistent = false;
	bool met = false;

	if (env_records(envs, env, &err) == 0 && real_task(&solve, &err) == 0) {
		struct lk_error fault = LK_ERROR_INIT;

		met = recheck(env, &solve, solve.n_specs, &err) == 0;
		consistent = met || recheck(env, &solve, 0, &fault) == 0;
	}
	counts->environments++;
	counts->packages += env->n_records;
	counts->consistent += consistent ? 1 : 0;
	counts->with_specs += solve.n_specs > 0 ? 1 : 0;
	counts->specs_met += solve.n_specs > 0 && met ? 1 : 0;
	if (!met) {
		printf("exception: " LK_STR_FMT ": %s: %s\n", LK_STR_ARG(env_label(env)),
			consistent ? "specs" : "records", err.message);
	}
	real_solve_done(&solve);
}

static int check_platform(
	struct envs *envs, const char *platform, struct counts *counts, struct lk_error *err)
{
	int rc = envs_open(envs, platform, err);
	lk_str line;

	while (rc == 0 && envs_next(envs, &line)) {
		struct env env;

		rc = env_parse(line, &env, err);
		if (rc == 0) {
			check_env(envs, &env, counts);
		}
		env_done(&env);
	}
	return rc;
}

static void print_counts(const char *name, const struct counts *counts)
{
	printf("%-14s %6zu environments, %8zu packages: %6zu consistent; %6zu with specs: %6zu "
	       "met\n",
		name, counts->environments, counts->packages, counts->consistent,
		counts->with_specs, counts->specs_met);
}

static int check_all(struct envs *envs, struct lk_error *err)
{
	struct counts all = {0};
	double start = real_now_ms();
	size_t failed;

	for (size_t i = 0; i < sizeof(platforms) / sizeof(platforms[0]); i++) {
		struct counts one = {0};
		int rc = check_platform(envs, platforms[i], &one, err);

		if (rc < 0) {
			return rc;
		}
		print_counts(platforms[i], &one);
		all.environments += one.environments;
		all.packages += one.packages;
		all.consistent += one.consistent;
		all.with_specs += one.with_specs;
		all.specs_met += one.specs_met;
	}
	print_counts("all", &all);
	failed = (all.environments - all.consistent) + (all.with_specs - all.specs_met);
	printf("%zu .tar.bz2 by their .conda, %.1f s\n", envs->twins,
		(real_now_ms() - start) / 1e3);
	printf("%zu passed, %zu failed\n", all.consistent + all.specs_met, failed);
	return failed == 0 && all.environments > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct envs envs;
	struct lk_error err = LK_ERROR_INIT;
	int rc;

	if (argc != 2) {
		(void)fputs("usage: envs_check DATA\n", stderr);
		return 2;
	}
	rc = envs_init(&envs, argv[1]);
	if (rc == 0) {
		rc = check_all(&envs, &err);
	}
	if (rc < 0) {
		(void)fprintf(stderr, "envs_check: %s\n", err.message);
	}
	envs_done(&envs);
	return rc < 0 ? 2 : rc;
}
