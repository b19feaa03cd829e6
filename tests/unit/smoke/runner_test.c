/*
 * All levels at once: options, the order, exit codes; and programs that are no lockenv-smoke.
 */
#include "planted.h"

#include <signal.h>
#include <sys/resource.h>

#include "base/json.h"

static void run_levels(const struct lk_smoke_options *options, struct lk_smoke_result *ret)
{
	struct lk_error err = LK_ERROR_INIT;
	if (lk_smoke_run(options, ret, &err) != 0) {
		fail_msg("%s", err.message);
	}
}

static const struct lk_smoke_level *level_of(const struct lk_smoke_result *result, const char *name)
{
	for (size_t i = 0; i < result->n_levels; i++) {
		if (lk_str_is(result->levels[i].name, name)) {
			return &result->levels[i];
		}
	}
	fail_msg("no level %s", name);
	return NULL;
}

static void without_environment(void **state)
{
	(void)state;
	struct lk_smoke_result result;
	run_levels(&(const struct lk_smoke_options){.program = LK_SMOKE_PROGRAM}, &result);
	assert_int_equal(result.n_levels, 9);
	assert_int_equal(level_of(&result, "reference")->status, LK_SMOKE_PASSED);
	assert_int_equal(level_of(&result, "blas")->status, LK_SMOKE_ABSENT);
	assert_int_equal(lk_smoke_exit_code(&result), 0);
	assert_int_equal(result.prefix.len, 0);
	lk_smoke_result_done(&result);
}

/* What is required and absent has failed; the prefix may be a link and relative. */
static void required_levels(void **state)
{
	struct planted *p = *state;
	char *link = lk_arena_printf(&p->arena, "%s/link", p->root);
	assert_int_equal(symlink("an env", link), 0);
	char *lib = lk_arena_printf(&p->arena, "%s/lib", p->prefix);
	plant_file(p, LK_PLANTED "/fake_blas_right.so", lib, "libcblas.so.3");
	plant_empty(p, lib, "libtorch_cpu.so");
	const char *const required[] = {"torch-cuda", "blas"};
	struct lk_smoke_options options = {
		.prefix = link,
		.program = LK_SMOKE_PROGRAM,
		.require = required,
		.n_require = LK_COUNTOF(required),
	};
	struct lk_smoke_result result;
	run_levels(&options, &result);
	assert_true(lk_str_is(result.prefix, p->prefix));
	assert_int_equal(level_of(&result, "blas")->status, LK_SMOKE_PASSED);
	assert_level(*level_of(&result, "torch-cpu"), FAILED, "cannot load: ");
	assert_level(
		*level_of(&result, "torch-cuda"), FAILED, "required, but libtorch_cuda.so is not");
	assert_int_equal(lk_smoke_exit_code(&result), 1);
	lk_smoke_result_done(&result);
}

static void required_gpu(void **state)
{
	(void)state;
	const char *const required[] = {"gpu"};
	struct lk_smoke_result result;
	run_levels(
		&(const struct lk_smoke_options){
			.program = LK_SMOKE_PROGRAM, .require = required, .n_require = 1},
		&result);
	static const char *const gpu[] = {"nvrtc", "cublas", "cudnn", "nccl", "torch-cuda"};
	for (size_t i = 0; i < LK_COUNTOF(gpu); i++) {
		assert_level(*level_of(&result, gpu[i]), FAILED, "required, but");
	}
	assert_int_equal(level_of(&result, "blas")->status, LK_SMOKE_ABSENT);
	assert_int_equal(lk_smoke_exit_code(&result), 1);
	lk_smoke_result_done(&result);
}

static void refused_options(void **state)
{
	struct planted *p = *state;
	char *file = lk_arena_printf(&p->arena, "%s/file", p->root);
	plant_empty(p, p->root, "file");
	const char *const unknown[] = {"blas", "bla"};
	const struct {
		struct lk_smoke_options options;
		int code;
	} rows[] = {
		{{.prefix = "/nowhere/at/all", .program = LK_SMOKE_PROGRAM}, LK_E_USAGE},
		{{.prefix = "", .program = LK_SMOKE_PROGRAM}, LK_E_USAGE},
		{{.prefix = file, .program = LK_SMOKE_PROGRAM}, LK_E_USAGE},
		{{.program = LK_SMOKE_PROGRAM, .require = unknown, .n_require = 2}, LK_E_USAGE},
		{{.program = "/nowhere/lockenv-smoke"}, LK_E_FS},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_smoke_result result;
		assert_int_equal(lk_smoke_run(&rows[i].options, &result, &p->err), rows[i].code);
		assert_true(p->err.message[0] != '\0');
	}
}

static void exit_codes(void **state)
{
	(void)state;
	static const struct {
		enum lk_smoke_status levels[2];
		int code;
	} rows[] = {
		{{LK_SMOKE_PASSED, LK_SMOKE_PASSED}, 0},
		{{LK_SMOKE_PASSED, LK_SMOKE_ABSENT}, 0},
		{{LK_SMOKE_ABSENT, LK_SMOKE_ABSENT}, 77},
		{{LK_SMOKE_PASSED, LK_SMOKE_FAILED}, 1},
		{{LK_SMOKE_FAILED, LK_SMOKE_ABSENT}, 1},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_smoke_level levels[2] = {
			{.status = rows[i].levels[0]}, {.status = rows[i].levels[1]}};
		struct lk_smoke_result result = {.levels = levels, .n_levels = 2};
		assert_int_equal(lk_smoke_exit_code(&result), rows[i].code);
	}
}

/* Programs that speak, or do not, in lockenv-smoke's place. */
static void other_programs(void **state)
{
	struct planted *p = *state;
	static const struct {
		const char *script;
		enum lk_smoke_status status;
		const char *reason;
	} rows[] = {
		{"#!/bin/sh\nprintf 'status passed\\nreason fine\\nend\\n' >&3\n", LK_SMOKE_PASSED,
			"fine"},
		{"#!/bin/sh\nprintf 'status absent\\nreason none\\nend\\n' >&3; exit 1\n",
			LK_SMOKE_ABSENT, "none"},
		{"#!/bin/sh\nprintf 'status passed\\nreason fine\\nend\\n' >&3; exit 9\n",
			LK_SMOKE_FAILED, "computed, but ended with exit status 9"},
		{"#!/bin/sh\nprintf 'status passed\\nreason fine\\nend\\n' >&3; kill -6 $$\n",
			LK_SMOKE_FAILED, "crashed: signal 6"},
		{"#!/bin/sh\nprintf 'status passed\\nreason fine\\n' >&3\n", LK_SMOKE_FAILED,
			"ended without a result, exit status 0"},
		{"#!/bin/sh\nprintf 'status passed\\nreason fine\\nend\\n'\n", LK_SMOKE_FAILED,
			"ended without a result"},
		{"#!/bin/sh\nhead -c 70000 /dev/urandom >&3\n", LK_SMOKE_FAILED,
			"ended without a result"},
		{"#!/bin/sh\nexec cat /dev/zero >&3\n", LK_SMOKE_FAILED, "more than a report"},
		/* Nothing to read, no fifth descriptor, the words in their order. */
		{"#!/bin/sh\nread word && exit 4\n[ -e /proc/self/fd/5 ] && exit 5\n"
		 "printf 'status passed\\nreason %s\\nend\\n' \"$*\" >&3\n",
			LK_SMOKE_PASSED, "--level blas --device 0 --needs-cuda  -- "},
		{"no program at all", LK_SMOKE_FAILED, "cannot start lockenv-smoke: "},
		{"#!/nowhere/interpreter\n", LK_SMOKE_FAILED, "cannot start lockenv-smoke: "},
	};
	char *program = lk_arena_printf(&p->arena, "%s/program", p->root);
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		assert_int_equal(lk_fs_write_atomic(AT_FDCWD, program, rows[i].script,
					 strlen(rows[i].script), 0755, &p->err),
			0);
		struct lk_smoke_level level = run_blas(p, program, 60);
		check_level(level, rows[i].status, rows[i].reason, __FILE__, (int)i);
	}
}

/* Without room for descriptors the level fails and nothing else. */
static void no_descriptors_left(void **state)
{
	struct planted *p = *state;
	struct rlimit before;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	static const rlim_t limits[] = {3, 4, 5};
	for (size_t i = 0; i < LK_COUNTOF(limits); i++) {
		struct rlimit few = {limits[i], before.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		struct lk_smoke_level level = run_blas(p, LK_SMOKE_PROGRAM, 60);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		assert_level(level, FAILED, "cannot start lockenv-smoke: ");
	}
	assert_level(run_blas(p, LK_SMOKE_PROGRAM, 60), ABSENT, "no BLAS with a C interface");
}

/* A caller without standard streams has low descriptors to give away. */
static void closed_standard_streams(void **state)
{
	struct planted *p = *state;
	plant_file(p, LK_PLANTED "/fake_blas_noise.so",
		lk_arena_printf(&p->arena, "%s/lib", p->prefix), "libcblas.so.3");
	int saved[3];
	for (int fd = 0; fd < 3; fd++) {
		saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
		close(fd);
	}
	struct lk_smoke_level level = run_blas(p, LK_SMOKE_PROGRAM, 120);
	for (int fd = 0; fd < 3; fd++) {
		if (saved[fd] >= 0) {
			dup2(saved[fd], fd);
			close(saved[fd]);
		}
	}
	assert_level(level, PASSED, "cblas_sgemm");
}

/* What the caller ignores or blocks does not reach the level's process. */
static void signals_are_reset(void **state)
{
	struct planted *p = *state;
	static const char script[] =
		"#!/bin/sh\nprintf 'status passed\\nreason %s\\nend\\n' "
		"\"$(grep -E 'SigBlk|SigIgn' /proc/self/status | tr '\\n\\t' '  ')\" >&3\n";
	char *program = lk_arena_printf(&p->arena, "%s/program", p->root);
	assert_int_equal(
		lk_fs_write_atomic(AT_FDCWD, program, script, strlen(script), 0755, &p->err), 0);
	sigset_t set;
	sigset_t before;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &before);
	signal(SIGPIPE, SIG_IGN);
	struct lk_smoke_level level = run_blas(p, program, 60);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_level(level, PASSED, "SigBlk: 0000000000000000 SigIgn: ");
	/* The C library keeps two signals after the first 31 to itself. */
	lk_str digits = lk_str_skip(level.reason, lk_str_rfind_char(level.reason, ':') + 1);
	unsigned long long ignored = strtoull(lk_str_dup(&p->arena, digits).ptr, NULL, 16);
	assert_int_equal(ignored & 0x7fffffff, 0);
}

#define PLANTED_TEST(f) cmocka_unit_test_setup_teardown(f, planted_setup, planted_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_environment),
		PLANTED_TEST(required_levels),
		cmocka_unit_test(required_gpu),
		PLANTED_TEST(refused_options),
		cmocka_unit_test(exit_codes),
		PLANTED_TEST(other_programs),
		PLANTED_TEST(no_descriptors_left),
		PLANTED_TEST(closed_standard_streams),
		PLANTED_TEST(signals_are_reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
