/*
 * Environments of fake CUDA libraries, a fake driver, and the GPU levels in them.
 */
#ifndef LK_TESTS_SMOKE_FAKE_GPU_H
#define LK_TESTS_SMOKE_FAKE_GPU_H

#include "planted.h"
#include "smoke/attention.h"

/* The level NAME in the environment on GPU DEVICE, with the fake driver. */
static inline struct lk_smoke_level run_on(struct planted *p, const char *name, int device)
{
	struct lk_smoke_level level;
	const struct lk_level *found = NULL;
	for (size_t i = 0; i < lk_n_levels; i++) {
		found = strcmp(lk_levels[i].name, name) == 0 ? &lk_levels[i] : found;
	}
	assert_non_null(found);
	const struct lk_level_context context = {.prefix = p->prefix, .device = device};
	lk_child_run(LK_SMOKE_PROGRAM, found, &context, 120, NULL, &p->arena, &level);
	return level;
}

static inline struct lk_smoke_level run(struct planted *p, const char *name)
{
	return run_on(p, name, 0);
}

/* An environment with LIBRARY of the fakes, and the driver on the linker's path. */
static inline void plant_library(struct planted *p, const char *library)
{
	char *lib = lk_arena_printf(&p->arena, "%s/lib", p->prefix);
	plant_file(p, lk_arena_printf(&p->arena, "%s/lib/%s", LK_FAKE_CUDA, library), lib, library);
}

static inline int gpu_setup(void **state)
{
	int rc = planted_setup(state);
	setenv("LD_LIBRARY_PATH", LK_FAKE_CUDA "/driver", 1);
	return rc;
}

static inline int gpu_teardown(void **state)
{
	unsetenv("FAKE_CUDA");
	unsetenv("FAKE_LIBRARY");
	return planted_teardown(state);
}

static inline const char *fact(
	struct planted *p, const struct lk_smoke_level *level, const char *key)
{
	for (size_t i = 0; i < level->n_facts; i++) {
		if (lk_str_is(level->facts[i].key, key)) {
			return lk_str_dup(&p->arena, level->facts[i].value).ptr;
		}
	}
	return "";
}

static inline const struct lk_smoke_measure *measure(
	const struct lk_smoke_level *level, const char *precision)
{
	for (size_t i = 0; i < level->n_measures; i++) {
		if (lk_str_is(level->measures[i].precision, precision)) {
			return &level->measures[i];
		}
	}
	return NULL;
}

/* All cases pass, with libraries of the environment and the driver alone. */
static inline void check_passed(struct planted *p, const char *name, const char *text,
	unsigned n_float32, unsigned n_bfloat16)
{
	struct lk_smoke_level level = run(p, name);
	check_level(level, LK_SMOKE_PASSED, text, __FILE__, __LINE__);
	const struct lk_smoke_measure *m = measure(&level, "float32");
	assert_non_null(m);
	assert_int_equal(m->cases, n_float32);
	m = measure(&level, "bfloat16");
	assert_int_equal(m ? m->cases : 0, n_bfloat16);
	assert_string_equal(fact(p, &level, "device"), "Fake GPU 0, compute capability 8.6");
	for (size_t i = 0; i < level.n_libraries; i++) {
		assert_true(level.libraries[i].inside);
	}
}

#endif
