/*
 * The level `torch-cpu` on a fake libtorch, and on a fake python where that has no C interface.
 */
#include "planted.h"

#include <sys/stat.h>

#define LIMIT 120
#define FOLDER "lib/python3.11/site-packages/torch/lib"

static char *torch_folder(struct planted *p)
{
	char *folder = lk_arena_printf(&p->arena, "%s/" FOLDER, p->prefix);
	assert_int_equal(lk_fs_mkdirs(AT_FDCWD, folder, 0, false, &p->err), 0);
	return folder;
}

static char *torch_file(struct planted *p)
{
	return lk_arena_printf(&p->arena, "%s/libtorch_cpu.so", torch_folder(p));
}

static void plant_torch(struct planted *p, const char *name)
{
	char *module = lk_arena_printf(&p->arena, LK_PLANTED "/fake_torch_%s.so", name);
	plant_file(p, module, torch_folder(p), "libtorch_cpu.so");
}

static void plant_python(struct planted *p, const char *name)
{
	char *program = lk_arena_printf(&p->arena, LK_PLANTED "/fake_python_%s", name);
	char *bin = lk_arena_printf(&p->arena, "%s/bin", p->prefix);
	assert_int_equal(lk_fs_mkdirs(AT_FDCWD, bin, 0, false, &p->err), 0);
	plant_file(p, program, bin, "python");
}

static struct lk_smoke_level run_torch(struct planted *p, unsigned limit)
{
	return run_level(p, "torch-cpu", LK_SMOKE_PROGRAM, limit);
}

static const char *fact_of(const struct lk_smoke_level *level, const char *key, struct planted *p)
{
	for (size_t i = 0; i < level->n_facts; i++) {
		if (lk_str_is(level->facts[i].key, key)) {
			return lk_str_dup(&p->arena, level->facts[i].value).ptr;
		}
	}
	return "";
}

static void assert_measures(const struct lk_smoke_level *level)
{
	static const struct {
		const char *precision;
		double least, bound;
	} rows[] = {{"float32", 1e-9, 1e-5}, {"bfloat16", 1e-4, 1e-2}};
	assert_int_equal(level->n_measures, LK_COUNTOF(rows));
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		const struct lk_smoke_measure *m = &level->measures[i];
		assert_true(lk_str_is(m->precision, rows[i].precision));
		assert_true(m->error > rows[i].least && m->error < rows[i].bound);
		assert_true(m->bound == rows[i].bound);
		assert_int_equal(m->cases, 8);
		assert_true(m->seconds > 0);
	}
}

static void right_passes(void **state)
{
	struct planted *p = *state;
	plant_torch(p, "right");
	struct lk_smoke_level level = run_torch(p, LIMIT);
	assert_level(level, PASSED, "attention by torch 2.9.1, CPU");
	assert_measures(&level);
	assert_string_equal(fact_of(&level, "torch", p), "2.9.1");
	assert_string_equal(fact_of(&level, "interface", p), "C");
	assert_int_equal(level.n_libraries, 1);
	assert_true(level.libraries[0].inside);
}

static void absent_and_unloadable(void **state)
{
	struct planted *p = *state;
	assert_level(run_torch(p, LIMIT), ABSENT, "libtorch_cpu.so is not in the environment");
	plant_empty(p, torch_folder(p), "libtorch_cpu.so");
	assert_level(run_torch(p, LIMIT), FAILED, "cannot load: ");
}

static void faults_fail(void **state)
{
	static const struct {
		const char *name, *reason;
		unsigned limit;
	} faults[] = {
		{"wrong", "float32, batch 1, heads 1, n 1, d_k 4: error", LIMIT},
		{"nan", "not finite", LIMIT},
		{"unwritten", "float32, ", LIMIT},
		{"acausal", "causal: error", LIMIT},
		{"nothing", "torch does not give its output", LIMIT},
		{"shape", "torch's output has another shape", LIMIT},
		{"precision", "torch's output has another precision", LIMIT},
		{"device", "torch's output lies on another device", LIMIT},
		{"error", "torch's attention fails: a planted error", LIMIT},
		{"crash", "crashed: signal 11", LIMIT},
		{"hang", "still running at the time limit", 1},
		{"plain", "cannot load: libfakedep.so.1", LIMIT},
	};
	struct planted *p = *state;
	for (size_t i = 0; i < LK_COUNTOF(faults); i++) {
		plant_torch(p, faults[i].name);
		struct lk_smoke_level level = run_torch(p, faults[i].limit);
		if (level.status != LK_SMOKE_FAILED) {
			print_error("%s: ", faults[i].name);
		}
		assert_level(level, FAILED, faults[i].reason);
		assert_int_equal(unlink(torch_file(p)), 0);
	}
}

/* One number of 262144 in bfloat16, where the bound of all together would let it pass. */
static void single_number_shows(void **state)
{
	struct planted *p = *state;
	plant_torch(p, "wrong_bfloat16");
	assert_level(run_torch(p, LIMIT), FAILED, " alone is above 0.04");
}

/* A torch before the C interface, or before its attention. */
static void old_torch_goes_through_python(void **state)
{
	struct planted *p = *state;
	plant_torch(p, "no_interface");
	assert_level(run_torch(p, LIMIT), ABSENT,
		"no aoti_torch_create_tensor_from_blob, and without python");
	assert_int_equal(unlink(torch_file(p)), 0);
	plant_torch(p, "no_operator");
	assert_level(run_torch(p, LIMIT), ABSENT, "no aoti_torch_cpu__scaled_dot_product");
	plant_python(p, "right");
	struct lk_smoke_level level = run_torch(p, LIMIT);
	assert_level(level, PASSED, "attention by torch 1.9.1, CPU, through python");
	assert_measures(&level);
	assert_string_equal(fact_of(&level, "interface", p), "python");
	/* libtorch here, and python itself there. */
	assert_int_equal(level.n_libraries, 2);
	assert_true(lk_str_ends(level.libraries[0].path, LK_STR("/bin/python")));
}

static void python_faults_fail(void **state)
{
	static const struct {
		const char *name, *reason;
		unsigned limit;
	} faults[] = {
		{"wrong", "float32, batch 1, heads 1, n 1, d_k 4: error", LIMIT},
		{"crash", "python crashed: signal 11", LIMIT},
		{"short", "python's answer is not whole", LIMIT},
		{"raises", "python: ImportError: no torch here", LIMIT},
		{"silent", "python ended with exit status 7", LIMIT},
		{"huge", "python's answer is not whole", LIMIT},
		{"hang", "still running at the time limit", 1},
	};
	struct planted *p = *state;
	plant_torch(p, "no_interface");
	for (size_t i = 0; i < LK_COUNTOF(faults); i++) {
		plant_python(p, faults[i].name);
		struct lk_smoke_level level = run_torch(p, faults[i].limit);
		if (level.status != LK_SMOKE_FAILED) {
			print_error("%s: ", faults[i].name);
		}
		assert_level(level, FAILED, faults[i].reason);
		assert_int_equal(unlink(lk_arena_printf(&p->arena, "%s/bin/python", p->prefix)), 0);
	}
	plant_empty(p, lk_arena_printf(&p->arena, "%s/bin", p->prefix), "python");
	assert_int_equal(chmod(lk_arena_printf(&p->arena, "%s/bin/python", p->prefix), 0755), 0);
	assert_level(run_torch(p, LIMIT), FAILED, "cannot start ");
}

/* The numbers are right, but what computed them is not the environment's. */
static void python_from_outside_fails(void **state)
{
	struct planted *p = *state;
	plant_torch(p, "no_interface");
	plant_file(p, LK_PLANTED "/fake_python_right", p->outside, "python3");
	char *bin = lk_arena_printf(&p->arena, "%s/bin", p->prefix);
	assert_int_equal(lk_fs_mkdirs(AT_FDCWD, bin, 0, false, &p->err), 0);
	assert_int_equal(symlink(lk_arena_printf(&p->arena, "%s/python3", p->outside),
				 lk_arena_printf(&p->arena, "%s/python", bin)),
		0);
	assert_level(run_torch(p, LIMIT), FAILED, "outside/python3 lies outside the environment");
}

#define PLANTED_TEST(f) cmocka_unit_test_setup_teardown(f, planted_setup, planted_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLANTED_TEST(right_passes),
		PLANTED_TEST(absent_and_unloadable),
		PLANTED_TEST(faults_fail),
		PLANTED_TEST(single_number_shows),
		PLANTED_TEST(old_torch_goes_through_python),
		PLANTED_TEST(python_faults_fail),
		PLANTED_TEST(python_from_outside_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
