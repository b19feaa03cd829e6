/*
 * Environments that others solved, against our own matcher and solver.
 *
 *     envs_check DATA            every environment of DATA/envs: each package has its record, the
 *                                records hold together, the specs are met (virtual packages aside)
 *     envs_check DATA --solve N [PACKAGE]
 *                                the smallest linux-64 environments that have PACKAGE (else
 *                                pytorch-gpu) of conda-forge: their specs solved anew, with the
 *                                channels and the target they name, until N answers have passed
 *                                the re-check
 *
 * Exit 0: all as it should be; 1: not; 2: wrong usage or damaged data; 77: no data here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/map.h"
#include "tests/support/real_channels.h"

#define SKIPPED 77
#define ENVS_MAX ((size_t)1 << 30)

static const char *const platforms[] = {
	"linux-64", "linux-aarch64", "linux-ppc64le", "osx-64", "osx-arm64", "win-64", "win-arm64"};

struct program {
	struct real_channels channels;
	struct lk_arena arena;
	struct lk_map by_path; /* CHANNEL/SUBDIR/FILE */
	struct lk_record_refs records;
	size_t twins; /* .tar.bz2 files judged by the .conda that the channel has too */
};

/* One line of an envs file; strings belong to the document. */
struct env {
	struct lk_json_doc *doc;
	const struct lk_json *root, *packages, *specs;
	lk_str *channels;
	size_t n_channels;
	struct lk_arena arena;
};

struct counts {
	size_t environments, packages, consistent, with_specs, specs_met;
};

static lk_str member(const struct env *env, const char *key)
{
	return lk_json_string(lk_json_get(env->root, key));
}

static void env_done(struct env *env)
{
	lk_json_doc_free(env->doc);
	lk_arena_done(&env->arena);
	*env = (struct env){0};
}

static lk_str *strings(struct lk_arena *arena, const struct lk_json *array)
{
	size_t n = lk_json_size(array);
	lk_str *texts = lk_arena_calloc(arena, n, sizeof(*texts));

	for (size_t i = 0; i < n; i++) {
		texts[i] = lk_json_string(lk_json_at(array, i));
	}
	return texts;
}

static int env_parse(lk_str line, const char *file, struct env *ret, struct lk_error *err)
{
	struct env env = {0};
	int rc = lk_json_parse(line, file, 8, &env.doc, err);

	if (rc < 0) {
		return rc;
	}
	env.root = lk_json_root(env.doc);
	env.packages = lk_json_get(env.root, "packages");
	env.specs = lk_json_get(env.root, "specs");
	env.n_channels = lk_json_size(lk_json_get(env.root, "channels"));
	env.channels = strings(&env.arena, lk_json_get(env.root, "channels"));
	*ret = env;
	return 0;
}

/* Calls EACH for every environment of PLATFORM; EACH may take the env by zeroing it. */
static int each_env(struct program *program, const char *data, const char *platform, void *ctx,
	int (*each)(struct program *program, struct env *env, void *ctx, struct lk_error *err),
	struct lk_error *err)
{
	char LK_AUTO_FREE *path = lk_asprintf("%s/envs/%s.jsonl.zst", data, platform);
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(ENVS_MAX);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct lk_stream LK_CLEANUP(lk_stream_free_p) *stream = NULL;
	lk_str rest;
	lk_str line;
	int rc;

	if (fd < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s'", path);
	}
	stream = lk_stream_decode(lk_stream_from_fd(fd, path), LK_CODEC_ZSTD);
	rc = lk_stream_read_all(stream, &text, err);
	rest = lk_buf_view(&text);
	while (rc == 0 && lk_str_split(&rest, '\n', &line)) {
		struct env env = {0};

		if (line.len == 0) {
			continue;
		}
		rc = env_parse(line, path, &env, err);
		if (rc == 0) {
			rc = each(program, &env, ctx, err);
		}
		env_done(&env);
	}
	return rc;
}

/* Makes all records of one name of one subdir findable by path. */
static int load_name(
	struct program *program, lk_str channel, lk_str subdir, lk_str name, struct lk_error *err)
{
	struct lk_repodata *repodata = real_open(&program->channels, channel, subdir, err);
	struct lk_records found = {0};
	struct lk_record *kept;
	int rc;

	if (!repodata) {
		return 0;
	}
	rc = lk_repodata_records(repodata, name, &program->arena, &found, err);
	kept = lk_arena_calloc(&program->arena, found.len, sizeof(*kept));
	for (size_t i = 0; rc == 0 && i < found.len; i++) {
		lk_str path = lk_str_printf(&program->arena,
			LK_STR_FMT "/" LK_STR_FMT "/" LK_STR_FMT, LK_STR_ARG(channel),
			LK_STR_ARG(subdir), LK_STR_ARG(found.items[i].fn));

		kept[i] = found.items[i];
		lk_map_set(&program->by_path, path, (uint32_t)program->records.len);
		lk_vec_push(&program->records, &kept[i]);
	}
	lk_vec_done(&found);
	return rc;
}

/* A repodata gives no .tar.bz2 whose .conda is there too: the .conda is the same build. */
static uint32_t find_twin(struct program *program, lk_str path)
{
	lk_str stem = lk_str_slice(path, 0, path.len - strlen(".tar.bz2"));
	lk_str twin = lk_str_printf(&program->arena, LK_STR_FMT ".conda", LK_STR_ARG(stem));
	uint32_t index = lk_map_get(&program->by_path, twin);

	if (index != LK_MAP_NONE) {
		lk_map_set(&program->by_path, lk_str_dup(&program->arena, path), index);
		program->twins++;
	}
	return index;
}

static int find_record(
	struct program *program, lk_str path, const struct lk_record **ret, struct lk_error *err)
{
	uint32_t index = lk_map_get(&program->by_path, path);
	size_t file = lk_str_rfind_char(path, '/');
	lk_str folder = lk_str_slice(path, 0, file);
	size_t subdir = lk_str_rfind_char(folder, '/');
	lk_str dist;
	lk_str name;
	lk_str version;
	lk_str build;
	int rc = 0;

	if (index == LK_MAP_NONE) {
		if (file == SIZE_MAX || subdir == SIZE_MAX ||
			lk_archive_kind_of(lk_str_skip(path, file + 1), &dist) ==
				LK_ARCHIVE_UNKNOWN ||
			!lk_dist_split(dist, &name, &version, &build)) {
			return lk_fail(err, LK_E_FORMAT, LK_STR_FMT " is no CHANNEL/SUBDIR/FILE",
				LK_STR_ARG(path));
		}
		rc = load_name(program, lk_str_slice(folder, 0, subdir),
			lk_str_skip(folder, subdir + 1), name, err);
		index = lk_map_get(&program->by_path, path);
	}
	if (rc == 0 && index == LK_MAP_NONE && lk_str_ends(path, LK_STR(".tar.bz2"))) {
		index = find_twin(program, path);
	}
	if (rc == 0 && index == LK_MAP_NONE) {
		rc = lk_fail(err, LK_E_NOT_FOUND, "no record of " LK_STR_FMT, LK_STR_ARG(path));
	}
	if (rc == 0) {
		*ret = program->records.items[index];
	}
	return rc;
}

static int env_records(struct program *program, struct env *env,
	const struct lk_record ***ret_records, struct lk_error *err)
{
	size_t n = lk_json_size(env->packages);
	const struct lk_record **records =
		lk_arena_calloc(&env->arena, n, sizeof(const struct lk_record *));
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = find_record(
			program, lk_json_string(lk_json_at(env->packages, i)), &records[i], err);
	}
	*ret_records = records;
	return rc;
}

/* The solve that the environment asks for; its parts live in the env. */
static struct real_solve env_solve(struct env *env)
{
	return (struct real_solve){.channels = env->channels,
		.n_channels = env->n_channels,
		.platform = lk_str_dup(&env->arena, member(env, "platform")).ptr,
		.specs = strings(&env->arena, env->specs),
		.n_specs = lk_json_size(env->specs)};
}

static int recheck(const struct lk_record *const *records, size_t n_records,
	const struct real_solve *solve, size_t n_specs, const struct lk_virtuals *virtuals,
	struct lk_error *err)
{
	struct lk_task task = solve->task;

	task.n_specs = n_specs;
	task.virtuals = virtuals;
	return lk_recheck(records, n_records, &task, err);
}

static void print_exception(const struct env *env, const char *what, const struct lk_error *err)
{
	printf("exception: " LK_STR_FMT " " LK_STR_FMT " " LK_STR_FMT ": %s: %s\n",
		LK_STR_ARG(member(env, "platform")), LK_STR_ARG(member(env, "source")),
		LK_STR_ARG(member(env, "environment")), what, err->message);
}

/* Part one, one environment. Specs and records are judged together, apart only on a fault. */
static int check_env(struct program *program, struct env *env, void *ctx, struct lk_error *err)
{
	struct counts *counts = ctx;
	struct real_solve solve = env_solve(env);
	const struct lk_record **records;
	size_t n = lk_json_size(env->packages);
	int rc = env_records(program, env, &records, err);
	bool consistent = false;
	bool met = false;

	if (rc == 0 && real_task(&solve, err) == 0) {
		struct lk_error fault = LK_ERROR_INIT;

		met = recheck(records, n, &solve, solve.n_specs, NULL, err) == 0;
		consistent = met || recheck(records, n, &solve, 0, NULL, &fault) == 0;
	}
	counts->environments++;
	counts->packages += n;
	counts->consistent += consistent ? 1 : 0;
	counts->with_specs += solve.n_specs > 0 ? 1 : 0;
	counts->specs_met += solve.n_specs > 0 && met ? 1 : 0;
	if (!met) {
		print_exception(env, consistent ? "specs" : "records", err);
	}
	real_solve_done(&solve);
	return 0;
}

static void print_counts(const char *name, const struct counts *counts)
{
	printf("%-14s %6zu environments, %8zu packages: %6zu consistent; %6zu with specs: %6zu "
	       "met\n",
		name, counts->environments, counts->packages, counts->consistent,
		counts->with_specs, counts->specs_met);
}

static int check_all(struct program *program, const char *data, struct lk_error *err)
{
	struct counts all = {0};
	double start = real_now_ms();
	size_t failed;

	for (size_t i = 0; i < sizeof(platforms) / sizeof(platforms[0]); i++) {
		struct counts one = {0};
		int rc = each_env(program, data, platforms[i], &one, check_env, err);

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
	printf("%zu records loaded, %zu .tar.bz2 by their .conda, %.1f s\n", program->records.len,
		program->twins, (real_now_ms() - start) / 1e3);
	printf("%zu passed, %zu failed\n", all.consistent + all.specs_met, failed);
	return failed == 0 && all.environments > 0 ? 0 : 1;
}

/* Part two. */
struct candidate {
	struct env env;
	size_t n_packages;
	size_t line;
	bool repeated; /* a smaller one has the same channels and specs */
};

struct candidates {
	struct candidate *items;
	size_t len, cap;
	lk_str package; /* that they have */
};

static int collect(struct program *program, struct env *env, void *ctx, struct lk_error *err)
{
	struct candidates *all = ctx;
	size_t n = lk_json_size(env->packages);

	(void)program;
	(void)err;
	for (size_t i = 0; lk_json_size(env->specs) > 0 && i < n; i++) {
		lk_str path = lk_json_string(lk_json_at(env->packages, i));
		lk_str dist;
		lk_str name;
		lk_str version;
		lk_str build;

		(void)lk_archive_kind_of(
			lk_str_skip(path, lk_str_rfind_char(path, '/') + 1), &dist);
		if (lk_str_starts(path, LK_STR("conda-forge/")) &&
			lk_dist_split(dist, &name, &version, &build) &&
			lk_str_eq(name, all->package)) {
			struct candidate one = {.env = *env, .n_packages = n, .line = all->len};

			lk_vec_push(all, one);
			*env = (struct env){0};
			return 0;
		}
	}
	return 0;
}

static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *x = a;
	const struct candidate *y = b;

	if (x->repeated != y->repeated) {
		return x->repeated ? 1 : -1;
	}
	if (x->n_packages != y->n_packages) {
		return x->n_packages < y->n_packages ? -1 : 1;
	}
	return x->line < y->line ? -1 : 1;
}

/* Smallest first, and what repeats channels and specs behind all others. */
static void order(struct program *program, struct candidates *all)
{
	struct lk_map seen = {0};

	if (all->len == 0) {
		return;
	}
	qsort(all->items, all->len, sizeof(*all->items), compare_candidates);
	for (size_t i = 0; i < all->len; i++) {
		struct candidate *one = &all->items[i];
		struct lk_buf LK_CLEANUP(lk_buf_done) key = LK_BUF_INIT(ENVS_MAX);
		struct lk_jw w;

		lk_jw_init(&w, &key, false);
		lk_jw_array(&w);
		lk_jw_value(&w, lk_json_get(one->env.root, "channels"));
		lk_jw_value(&w, one->env.specs);
		lk_jw_end(&w);
		one->repeated = lk_map_add(&seen, lk_str_dup(&program->arena, lk_buf_view(&key)),
					(uint32_t)i) != i;
	}
	lk_map_done(&seen);
	qsort(all->items, all->len, sizeof(*all->items), compare_candidates);
}

/* The target as the manifest or the lockfile states it, else one with a driver for CUDA 12. */
static void set_target(struct env *env, struct real_solve *solve)
{
	const struct lk_json *table = lk_json_get(env->root, "system_requirements");
	const struct lk_json *listed = lk_json_get(env->root, "virtual_packages");
	lk_str cuda = lk_json_string(lk_json_get(table, "cuda"));
	lk_str libc = lk_json_string(lk_json_get(table, "libc"));
	size_t n = lk_json_size(listed);
	lk_str *texts = lk_arena_calloc(&env->arena, n + 2, sizeof(*texts));

	solve->virtuals = texts;
	if (cuda.len == 0 && libc.len == 0 && n > 0) {
		for (size_t i = 0; i < n; i++) {
			texts[solve->n_virtuals++] = lk_json_string(lk_json_at(listed, i));
		}
		return;
	}
	if (lk_str_starts(libc, LK_STR("glibc "))) {
		libc = lk_str_skip(libc, strlen("glibc "));
	}
	if (libc.len > 0) {
		texts[solve->n_virtuals++] =
			lk_str_printf(&env->arena, "__glibc=" LK_STR_FMT, LK_STR_ARG(libc));
	}
	cuda = cuda.len > 0 ? cuda : LK_STR("12.9");
	texts[solve->n_virtuals++] =
		lk_str_printf(&env->arena, "__cuda=" LK_STR_FMT, LK_STR_ARG(cuda));
}

/* Does a channel before the record's have its name too? Then strict priority hides the record. */
static bool hidden(
	struct program *program, const struct real_solve *solve, const struct lk_record *record)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_records found = {0};
	struct lk_error err = LK_ERROR_INIT;

	for (size_t i = 0; found.len == 0 && i < solve->n_channels &&
		!lk_str_eq(solve->channels[i], record->channel);
		i++) {
		lk_str subdirs[] = {lk_str_of(solve->platform), LK_STR("noarch")};

		for (size_t k = 0; k < 2; k++) {
			struct lk_repodata *repodata =
				real_open(&program->channels, solve->channels[i], subdirs[k], &err);

			if (repodata &&
				lk_repodata_records(repodata, record->name, &arena, &found, &err) <
					0) {
				printf("  %s\n", err.message);
			}
		}
	}
	bool is_hidden = found.len > 0;

	lk_vec_done(&found);
	return is_hidden;
}

/* May the specs rightly have no answer here? Only if the listed environment is none for this
 * target and strict priority. Prints why, or that the solver is at fault. */
static bool failure_is_right(struct program *program, struct env *env, struct real_solve *solve)
{
	struct lk_error err = LK_ERROR_INIT;
	const struct lk_record **records;
	size_t n = lk_json_size(env->packages);
	bool right = false;

	if (env_records(program, env, &records, &err) < 0 ||
		recheck(records, n, solve, solve->n_specs, &solve->set, &err) < 0) {
		printf("  the listed environment is not for this target: %s\n", err.message);
		return true;
	}
	for (size_t i = 0; !right && i < n; i++) {
		right = hidden(program, solve, records[i]);
		if (right) {
			printf("  strict priority hides " LK_STR_FMT "/" LK_STR_FMT
			       " of the listed environment\n",
				LK_STR_ARG(records[i]->channel), LK_STR_ARG(records[i]->fn));
		}
	}
	if (!right) {
		printf("  WRONG: the listed environment is an answer\n");
	}
	return right;
}

enum outcome {
	VALID,
	RIGHTLY_NONE,
	WRONG,
};

static enum outcome solve_env(struct program *program, struct env *env)
{
	struct real_solve solve = env_solve(env);
	struct lk_error err = LK_ERROR_INIT;
	enum outcome outcome = WRONG;
	int rc;

	set_target(env, &solve);
	rc = real_solve_run(&program->channels, &solve, &err);
	if (rc == 0) {
		rc = recheck(solve.solution.records, solve.solution.n_records, &solve,
			solve.n_specs, &solve.set, &err);
		outcome = rc == 0 ? VALID : WRONG;
	}
	printf("%4zu packages (listed %zu), load %7.1f ms, solve %8.1f ms, %s: " LK_STR_FMT
	       " " LK_STR_FMT "\n",
		solve.solution.n_records, lk_json_size(env->packages), solve.load_ms,
		solve.solve_ms, outcome == VALID ? "valid" : "none",
		LK_STR_ARG(member(env, "source")), LK_STR_ARG(member(env, "environment")));
	if (outcome != VALID) {
		printf("  %s\n", err.message);
		for (size_t i = 0; i < solve.solution.n_reasons; i++) {
			printf("  %*s" LK_STR_FMT "\n", (int)solve.solution.reasons[i].depth * 2,
				"", LK_STR_ARG(solve.solution.reasons[i].text));
		}
	}
	if (rc == LK_E_UNSAT && failure_is_right(program, env, &solve)) {
		outcome = RIGHTLY_NONE;
	}
	real_solve_done(&solve);
	return outcome;
}

static int solve_smallest(struct program *program, const char *data, size_t wanted,
	const char *package, struct lk_error *err)
{
	struct candidates all = {.package = lk_str_of(package)};
	size_t outcomes[] = {[VALID] = 0, [RIGHTLY_NONE] = 0, [WRONG] = 0};
	int rc = each_env(program, data, "linux-64", &all, collect, err);

	order(program, &all);
	for (size_t i = 0; rc == 0 && i < all.len && outcomes[VALID] < wanted; i++) {
		outcomes[solve_env(program, &all.items[i].env)]++;
		(void)fflush(stdout);
	}
	if (rc == 0) {
		printf("%zu candidates, %zu valid answers, %zu rightly without, %zu wrong\n",
			all.len, outcomes[VALID], outcomes[RIGHTLY_NONE], outcomes[WRONG]);
		printf("%zu passed, %zu failed\n", outcomes[VALID] + outcomes[RIGHTLY_NONE],
			outcomes[WRONG]);
		rc = outcomes[WRONG] == 0 && outcomes[VALID] >= wanted ? 0 : 1;
	}
	for (size_t i = 0; i < all.len; i++) {
		env_done(&all.items[i].env);
	}
	lk_vec_done(&all);
	return rc;
}

static int run(struct program *program, int argc, char **argv, struct lk_error *err)
{
	uint64_t wanted;

	if (argc == 2) {
		return check_all(program, argv[1], err);
	}
	if ((argc == 4 || argc == 5) && strcmp(argv[2], "--solve") == 0 &&
		lk_str_to_u64(lk_str_of(argv[3]), &wanted)) {
		return solve_smallest(
			program, argv[1], (size_t)wanted, argc == 5 ? argv[4] : "pytorch-gpu", err);
	}
	return lk_fail(err, LK_E_USAGE, "usage: envs_check DATA [--solve N [PACKAGE]]");
}

int main(int argc, char **argv)
{
	struct program program = {0};
	struct lk_error err = LK_ERROR_INIT;
	char *folder = lk_asprintf("%s/channels", argc > 1 ? argv[1] : ".");
	int rc;

	program.channels.folder = folder;
	if (argc > 1 && access(folder, R_OK) != 0) {
		printf("skipped: no %s\n", folder);
		lk_free(folder);
		return SKIPPED;
	}
	rc = run(&program, argc, argv, &err);
	if (rc < 0) {
		(void)fprintf(stderr, "envs_check: %s\n", err.message);
	}
	real_channels_done(&program.channels);
	lk_map_done(&program.by_path);
	lk_vec_done(&program.records);
	lk_arena_done(&program.arena);
	lk_free(folder);
	return rc < 0 ? 2 : rc;
}
