/*
 * The level `blas`, in a process of its own, with libraries that have a fault.
 */
#include "planted.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>

#define LIMIT 120

/* The module fake_blas_NAME as PREFIX/lib/libcblas.so.3. */
static void plant_blas(struct planted *p, const char *name)
{
	char *module = lk_arena_printf(&p->arena, LK_PLANTED "/fake_blas_%s.so", name);
	char *lib = lk_arena_printf(&p->arena, "%s/lib", p->prefix);
	plant_file(p, module, lib, "libcblas.so.3");
}

static struct lk_smoke_level run_planted(struct planted *p, const char *name, unsigned limit)
{
	plant_blas(p, name);
	return run_blas(p, LK_SMOKE_PROGRAM, limit);
}

static const struct lk_smoke_library *find(const struct lk_smoke_level *level, const char *name)
{
	for (size_t i = 0; i < level->n_libraries; i++) {
		if (lk_str_is(lk_path_basename(level->libraries[i].path), name)) {
			return &level->libraries[i];
		}
	}
	return NULL;
}

static void right_passes(void **state)
{
	struct lk_smoke_level level = run_planted(*state, "right", LIMIT);
	assert_level(level, PASSED, "libcblas.so.3");
	assert_int_equal(level.n_measures, 2);
	assert_true(lk_str_is(level.measures[1].precision, "float64"));
	assert_true(level.measures[1].error > 0 && level.measures[1].error <= 1e-13);
	const struct lk_smoke_measure *m = &level.measures[0];
	assert_true(lk_str_is(m->precision, "float32"));
	assert_true(m->error > 0 && m->error <= 1e-5 && m->bound > 0 && m->bound <= 1e-5);
	assert_int_equal(m->cases, 8);
	/* The environment's library, and nothing from elsewhere: not even a sanitizer's runtime. */
	assert_int_equal(level.n_libraries, 1);
	assert_true(level.libraries[0].inside);
	assert_true(lk_str_is(level.libraries[0].version, "3"));
	assert_true(level.seconds > 0 && level.seconds < LIMIT);
}

static void faults_fail(void **state)
{
	static const struct {
		const char *name, *reason;
		unsigned limit;
	} faults[] = {
		{"wrong", "is above 1e-05", LIMIT}, {"rough", "is above 1e-05", LIMIT},
		{"unwritten", "not finite", LIMIT}, {"partly_written", "not finite", LIMIT},
		{"crash", "crashed: signal 11", LIMIT},
		{"exit", "ended without a result, exit status 0", LIMIT},
		{"hang", "still running at the time limit", 1},
		{"close_and_hang", "still running at the time limit", 1},
		{"liar_that_leaves", "ended without a result, exit status 0", LIMIT},
		{"spew", "reported more than a report can hold", LIMIT},
		{"plain", "cannot load: ", LIMIT},
		{"single", "float64, ", LIMIT}, /* float64 that goes through float32 */
	};
	struct planted *p = *state;
	char *library = lk_arena_printf(&p->arena, "%s/lib/libcblas.so.3", p->prefix);
	for (size_t i = 0; i < LK_COUNTOF(faults); i++) {
		struct lk_smoke_level level = run_planted(p, faults[i].name, faults[i].limit);
		if (level.status != LK_SMOKE_FAILED) {
			print_error("%s: ", faults[i].name);
		}
		assert_level(level, FAILED, faults[i].reason);
		assert_true(level.seconds < 60);
		assert_int_equal(unlink(library), 0);
	}
}

/* What happens after the whole computation counts too. */
static void faults_after_the_end_fail(void **state)
{
	static const char *const faults[][2] = {
		{"liar", "ended without a result"},
		{"crash_at_exit", "crashed: signal 11"},
		{"status_at_exit", "exit status 3"},
	};
	struct planted *p = *state;
	char *library = lk_arena_printf(&p->arena, "%s/lib/libcblas.so.3", p->prefix);
	for (size_t i = 0; i < LK_COUNTOF(faults); i++) {
		struct lk_smoke_level level = run_planted(p, faults[i][0], LIMIT);
		assert_level(level, FAILED, faults[i][1]);
		assert_int_equal(unlink(library), 0);
	}
}

static void noise_is_harmless(void **state)
{
	assert_level(run_planted(*state, "noise", LIMIT), PASSED, "libcblas.so.3");
}

static pid_t read_pid(const char *path)
{
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	char text[32] = "";
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	return (pid_t)strtol(text, NULL, 10);
}

/* Is the process gone or dead? Its parent's end may leave a corpse for init to bury. */
static bool is_gone(pid_t pid)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	FILE *file = fopen(path, "r");
	if (!file) {
		return true;
	}
	char text[256] = "";
	(void)!fgets(text, sizeof(text), file);
	fclose(file);
	const char *after_name = strrchr(text, ')');
	return !after_name || after_name[2] == 'Z' || after_name[2] == 'X';
}

/* A process that a library left behind, in a session of its own, holds the pipe for minutes: the
 * level's result does not wait for it. */
static void descendant_does_not_hold_the_result(void **state)
{
	struct planted *p = *state;
	char *file = lk_arena_printf(&p->arena, "%s/pid", p->root);
	setenv("FAKE_PID_FILE", file, 1);
	struct lk_smoke_level level = run_planted(p, "grandchild", LIMIT);
	assert_level(level, PASSED, "libcblas.so.3");
	pid_t pid = read_pid(file);
	assert_false(is_gone(pid));
	kill(pid, SIGKILL);
}

/* At the limit the whole group ends. */
static void limit_ends_the_group(void **state)
{
	struct planted *p = *state;
	char *file = lk_arena_printf(&p->arena, "%s/pid", p->root);
	setenv("FAKE_PID_FILE", file, 1);
	struct lk_smoke_level level = run_planted(p, "hang", 1);
	assert_level(level, FAILED, "time limit");
	assert_true(level.seconds >= 1 && level.seconds < 5);
	pid_t pid = read_pid(file);
	for (int i = 0; i < 500 && !is_gone(pid); i++) {
		nanosleep(&(const struct timespec){0, 10000000}, NULL);
	}
	assert_true(is_gone(pid));
}

/* Signals that the caller ignores or blocks do not change what a level's process does. */
static void callers_signals_do_not_matter(void **state)
{
	sigset_t set;
	sigset_t before;
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, &before);
	signal(SIGPIPE, SIG_IGN);
	struct lk_smoke_level level = run_planted(*state, "crash", LIMIT);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_level(level, FAILED, "crashed: signal 11");
}

/* Where the caller takes every child's status away, nothing may count as passed. */
static void lost_status_fails(void **state)
{
	signal(SIGCHLD, SIG_IGN);
	struct lk_smoke_level level = run_planted(*state, "right", LIMIT);
	signal(SIGCHLD, SIG_DFL);
	assert_level(level, FAILED, "cannot tell how its process ended");
}

/* Which dependency is found, and by what. */
static void plant_dependency(struct planted *p, const char *folder)
{
	plant_file(p, LK_PLANTED "/libfakedep.so.1", folder, "libfakedep.so.1");
}

static void dependency_inside_passes(void **state)
{
	struct planted *p = *state;
	plant_dependency(p, lk_arena_printf(&p->arena, "%s/lib", p->prefix));
	struct lk_smoke_level level = run_planted(p, "runpath", LIMIT);
	assert_level(level, PASSED, "libcblas.so.3");
	assert_non_null(find(&level, "libfakedep.so.1"));
	assert_true(find(&level, "libfakedep.so.1")->inside);
}

static void assert_outside(const struct lk_smoke_level *level, const char *name)
{
	assert_level(*level, FAILED, "lies outside the environment");
	assert_non_null(find(level, name));
	assert_false(find(level, name)->inside);
	assert_true(find(level, "libcblas.so.3")->inside);
	/* The numbers were right. */
	assert_int_equal(level->n_measures, 2);
	assert_true(level->measures[0].error <= level->measures[0].bound);
}

static void dependency_by_library_path_fails(void **state)
{
	struct planted *p = *state;
	plant_dependency(p, p->outside);
	setenv("LD_LIBRARY_PATH", p->outside, 1);
	struct lk_smoke_level level = run_planted(p, "plain", LIMIT);
	assert_outside(&level, "libfakedep.so.1");
}

/* The environment has the dependency, but LD_LIBRARY_PATH is stronger than RUNPATH. */
static void shadowed_dependency_fails(void **state)
{
	struct planted *p = *state;
	plant_dependency(p, lk_arena_printf(&p->arena, "%s/lib", p->prefix));
	plant_dependency(p, p->outside);
	setenv("LD_LIBRARY_PATH", p->outside, 1);
	struct lk_smoke_level level = run_planted(p, "runpath", LIMIT);
	assert_outside(&level, "libfakedep.so.1");
}

/* RPATH is stronger than LD_LIBRARY_PATH. */
static void rpath_withstands_library_path(void **state)
{
	struct planted *p = *state;
	plant_dependency(p, lk_arena_printf(&p->arena, "%s/lib", p->prefix));
	plant_dependency(p, p->outside);
	setenv("LD_LIBRARY_PATH", p->outside, 1);
	assert_level(run_planted(p, "rpath", LIMIT), PASSED, "libcblas.so.3");
}

static void dependency_by_runpath_outside_fails(void **state)
{
	struct lk_smoke_level level = run_planted(*state, "outside", LIMIT);
	assert_outside(&level, "libfakedep.so.1");
}

static void preloaded_library_fails(void **state)
{
	struct planted *p = *state;
	plant_dependency(p, p->outside);
	setenv("LD_PRELOAD", lk_arena_printf(&p->arena, "%s/libfakedep.so.1", p->outside), 1);
	struct lk_smoke_level level = run_planted(p, "right", LIMIT);
	assert_outside(&level, "libfakedep.so.1");
}

/* The name of a sibling of the C library makes no sibling. */
static void posing_dependency_fails(void **state)
{
	struct planted *p = *state;
	plant_file(p, LK_PLANTED "/libresolv.so.9", p->outside, "libresolv.so.9");
	setenv("LD_LIBRARY_PATH", p->outside, 1);
	struct lk_smoke_level level = run_planted(p, "posing", LIMIT);
	assert_outside(&level, "libresolv.so.9");
}

/* A link in the environment is as good as what it leads to: an extracted package is the
 * environment's, anything else is not. */
static void links_are_followed(void **state)
{
	struct planted *p = *state;
	char *package = lk_arena_printf(&p->arena, "%s/pkgs/dep-1-0", p->root);
	char *folder = lk_arena_printf(&p->arena, "%s/lib", package);
	char *info = lk_arena_printf(&p->arena, "%s/info", package);
	assert_int_equal(lk_fs_mkdirs(AT_FDCWD, folder, 0, false, &p->err), 0);
	assert_int_equal(lk_fs_mkdirs(AT_FDCWD, info, 0, false, &p->err), 0);
	plant_dependency(p, folder);
	assert_int_equal(symlink(lk_arena_printf(&p->arena, "%s/libfakedep.so.1", folder),
				 lk_arena_printf(&p->arena, "%s/lib/libfakedep.so.1", p->prefix)),
		0);
	plant_blas(p, "runpath");
	struct lk_smoke_level level = run_blas(p, LK_SMOKE_PROGRAM, LIMIT);
	assert_outside(&level, "libfakedep.so.1");
	plant_empty(p, info, "index.json");
	level = run_blas(p, LK_SMOKE_PROGRAM, LIMIT);
	assert_level(level, PASSED, "libcblas.so.3");
}

static void absent_and_unloadable(void **state)
{
	struct planted *p = *state;
	assert_level(run_blas(p, LK_SMOKE_PROGRAM, LIMIT), ABSENT, "no BLAS with a C interface");
	char *lib = lk_arena_printf(&p->arena, "%s/lib", p->prefix);
	plant_empty(p, lib, "libopenblas.so.0");
	assert_level(run_blas(p, LK_SMOKE_PROGRAM, LIMIT), FAILED, "cannot load: ");
	char *dangling = lk_arena_printf(&p->arena, "%s/libcblas.so.3", lib);
	assert_int_equal(symlink("nowhere", dangling), 0);
	assert_level(run_blas(p, LK_SMOKE_PROGRAM, LIMIT), FAILED, "libcblas.so.3: cannot open");
}

/* A library without cblas_sgemm is no answer; the next one is asked. */
static void next_library_is_asked(void **state)
{
	struct planted *p = *state;
	char *lib = lk_arena_printf(&p->arena, "%s/lib", p->prefix);
	plant_file(p, LK_PLANTED "/libfakedep.so.1", lib, "libcblas.so.3");
	assert_level(run_blas(p, LK_SMOKE_PROGRAM, LIMIT), ABSENT, "no BLAS with a C interface");
	plant_file(p, LK_PLANTED "/fake_blas_right.so", lib, "libopenblas.so.0");
	assert_level(run_blas(p, LK_SMOKE_PROGRAM, LIMIT), PASSED, "libopenblas.so.0");
}

/* 64-bit integers, under the name that OpenBLAS has then; and each library is tested once, whatever
 * it is called, and every one. */
static void all_are_tested(void **state)
{
	struct planted *p = *state;
	char *lib = lk_arena_printf(&p->arena, "%s/lib", p->prefix);
	plant_file(p, LK_PLANTED "/fake_blas_ilp64.so", lib, "libopenblas64_.so.0");
	char *link = lk_arena_printf(&p->arena, "%s/libcblas.so.3", lib);
	assert_int_equal(symlink("libopenblas64_.so.0", link), 0);
	struct lk_smoke_level level = run_blas(p, LK_SMOKE_PROGRAM, LIMIT);
	assert_level(level, PASSED, "cblas_sgemm64_ of libcblas.so.3");
	assert_int_equal(level.measures[0].cases, 8);
	char *wheel = lk_arena_printf(&p->arena, "%s/python3.11/site-packages/numpy.libs", lib);
	assert_int_equal(lk_fs_mkdirs(AT_FDCWD, wheel, 0, false, &p->err), 0);
	plant_file(p, LK_PLANTED "/fake_blas_wrong.so", wheel, "libscipy_openblas-0.so");
	level = run_blas(p, LK_SMOKE_PROGRAM, LIMIT);
	assert_level(level, FAILED, "numpy.libs/libscipy_openblas-0.so: float32, ");
}

static void long_prefix(void **state)
{
	struct planted *p = *state;
	char name[201];
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	/* Fifteen such folders: more than 3000 bytes, still below the limit of a path. */
	char *prefix = lk_arena_printf(&p->arena, "%s", p->root);
	for (int i = 0; i < 15; i++) {
		prefix = lk_arena_printf(&p->arena, "%s/%s", prefix, name);
	}
	char *lib = lk_arena_printf(&p->arena, "%s/lib", prefix);
	assert_int_equal(lk_fs_mkdirs(AT_FDCWD, lib, 0, false, &p->err), 0);
	plant_file(p, LK_PLANTED "/fake_blas_right.so", lib, "libcblas.so.3");
	struct lk_smoke_level level;
	const struct lk_level_context context = {.prefix = prefix};
	lk_child_run(LK_SMOKE_PROGRAM, &lk_levels[1], &context, LIMIT, NULL, &p->arena, &level);
	assert_level(level, PASSED, "cblas_sgemm");
	assert_true(level.libraries[0].inside);
}

/* The OpenBLAS of this machine, moved into an environment with what it needs. */
static bool plant_openblas(struct planted *p, bool with_dependencies)
{
	static const char *const places[] = {
		"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"};
	static const char *const needed[] = {
		"libgfortran.so.5", "libquadmath.so.0", "libgcc_s.so.1"};
	char *lib = lk_arena_printf(&p->arena, "%s/lib", p->prefix);
	for (size_t i = 0; i < LK_COUNTOF(places); i++) {
		char *link = lk_arena_printf(
			&p->arena, "%s/openblas-pthread/libopenblas.so.0", places[i]);
		char *real = realpath(link, NULL);
		if (!real) {
			continue;
		}
		plant_file(p, real, lib, strrchr(real, '/') + 1);
		char *name = lk_arena_printf(&p->arena, "%s/libopenblas.so.0", lib);
		assert_int_equal(symlink(strrchr(real, '/') + 1, name), 0);
		free(real);
		for (size_t k = 0; with_dependencies && k < LK_COUNTOF(needed); k++) {
			char *file = lk_arena_printf(&p->arena, "%s/%s", places[i], needed[k]);
			real = realpath(file, NULL);
			if (real) { /* libquadmath is of some architectures only */
				plant_file(p, real, lib, needed[k]);
				free(real);
			}
		}
		return true;
	}
	return false;
}

/* False when there is no patchelf. */
static bool set_runpath(struct planted *p)
{
	const char *files[] = {"libopenblas.so.0", "libgfortran.so.5", "libquadmath.so.0"};
	for (size_t i = 0; i < LK_COUNTOF(files); i++) {
		char *file = lk_arena_printf(&p->arena, "%s/lib/%s", p->prefix, files[i]);
		if (access(file, F_OK) != 0) {
			continue;
		}
		char *words[] = {lk_strdup("patchelf"), lk_strdup("--set-rpath"),
			lk_strdup("$ORIGIN"), lk_strdup(file), NULL};
		pid_t pid;
		int rc = posix_spawnp(&pid, words[0], NULL, NULL, words, environ);
		for (size_t k = 0; words[k]; k++) {
			lk_free(words[k]);
		}
		int status;
		if (rc == ENOENT) {
			return false;
		}
		assert_int_equal(rc, 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	return true;
}

static void openblas_passes(void **state)
{
	struct planted *p = *state;
	if (!plant_openblas(p, true) || !set_runpath(p)) {
		skip();
	}
	struct lk_smoke_level level = run_blas(p, LK_SMOKE_PROGRAM, LIMIT);
	assert_level(level, PASSED, "libopenblas.so.0");
	/* An honest float32 computation is neither exact nor near the bound. */
	assert_int_equal(level.n_measures, 2);
	assert_true(level.measures[0].error > 1e-9 && level.measures[0].error < 2e-6);
	assert_int_equal(level.measures[0].cases, 8);
	assert_true(level.measures[1].error > 1e-17 && level.measures[1].error < 1e-14);
	assert_int_equal(level.measures[1].cases, 8);
	assert_non_null(find(&level, "libgfortran.so.5"));
	assert_true(lk_str_find_char(find(&level, "libopenblas.so.0")->version, '.') != SIZE_MAX);
}

/* Without its Fortran runtime in the environment it takes the system's. */
static void openblas_with_system_libraries_fails(void **state)
{
	struct planted *p = *state;
	if (!plant_openblas(p, false)) {
		skip();
	}
	struct lk_smoke_level level = run_blas(p, LK_SMOKE_PROGRAM, LIMIT);
	assert_level(level, FAILED, "lies outside the environment");
	assert_false(find(&level, "libgfortran.so.5")->inside);
}

#define PLANTED_TEST(f) cmocka_unit_test_setup_teardown(f, planted_setup, planted_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLANTED_TEST(right_passes),
		PLANTED_TEST(faults_fail),
		PLANTED_TEST(faults_after_the_end_fail),
		PLANTED_TEST(noise_is_harmless),
		PLANTED_TEST(descendant_does_not_hold_the_result),
		PLANTED_TEST(limit_ends_the_group),
		PLANTED_TEST(callers_signals_do_not_matter),
		PLANTED_TEST(lost_status_fails),
		PLANTED_TEST(dependency_inside_passes),
		PLANTED_TEST(dependency_by_library_path_fails),
		PLANTED_TEST(shadowed_dependency_fails),
		PLANTED_TEST(rpath_withstands_library_path),
		PLANTED_TEST(dependency_by_runpath_outside_fails),
		PLANTED_TEST(preloaded_library_fails),
		PLANTED_TEST(posing_dependency_fails),
		PLANTED_TEST(links_are_followed),
		PLANTED_TEST(absent_and_unloadable),
		PLANTED_TEST(next_library_is_asked),
		PLANTED_TEST(all_are_tested),
		PLANTED_TEST(long_prefix),
		PLANTED_TEST(openblas_passes),
		PLANTED_TEST(openblas_with_system_libraries_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
