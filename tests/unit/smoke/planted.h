/*
 * Environments with planted libraries, and one level run in them.
 */
#ifndef LK_TESTS_SMOKE_PLANTED_H
#define LK_TESTS_SMOKE_PLANTED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "smoke/child.h"

struct planted {
	char root[64];   /* of the test, without links */
	char prefix[96]; /* ROOT/an env, its lib folder is made */
	char outside[96];
	struct lk_arena arena;
	struct lk_error err;
};

static inline int planted_setup(void **state)
{
	struct planted *p = lk_calloc(1, sizeof(*p));
	char made[] = "/tmp/lockenv-smoke-XXXXXX";
	assert_non_null(mkdtemp(made));
	char *real = realpath(made, NULL);
	assert_non_null(real);
	snprintf(p->root, sizeof(p->root), "%s", real);
	free(real);
	snprintf(p->prefix, sizeof(p->prefix), "%s/an env", p->root);
	snprintf(p->outside, sizeof(p->outside), "%s/outside", p->root);
	char lib[128];
	snprintf(lib, sizeof(lib), "%s/lib", p->prefix);
	assert_int_equal(lk_fs_mkdirs(AT_FDCWD, lib, 0, false, &p->err), 0);
	assert_int_equal(lk_fs_mkdirs(AT_FDCWD, p->outside, 0, false, &p->err), 0);
	lk_arena_init(&p->arena);
	/* In a sanitizer build too a crash is to be a crash. */
	const char *set = getenv("ASAN_OPTIONS");
	setenv("ASAN_OPTIONS", lk_arena_printf(&p->arena, "%s:handle_segv=0", set ? set : ""), 1);
	*state = p;
	return 0;
}

static inline int planted_teardown(void **state)
{
	struct planted *p = *state;
	unsetenv("LD_LIBRARY_PATH");
	unsetenv("LD_PRELOAD");
	unsetenv("FAKE_PID_FILE");
	lk_arena_done(&p->arena);
	int rc = lk_fs_remove_tree(AT_FDCWD, p->root, &p->err);
	lk_free(p);
	return rc;
}

/* Copies FILE to FOLDER/NAME. */
static inline void plant_file(
	struct planted *p, const char *file, const char *folder, const char *name)
{
	char *target = lk_arena_printf(&p->arena, "%s/%s", folder, name);
	if (lk_fs_copy_file(AT_FDCWD, file, AT_FDCWD, target, 0755, &p->err) != 0) {
		fail_msg("%s", p->err.message);
	}
}

static inline void plant_empty(struct planted *p, const char *folder, const char *name)
{
	char *target = lk_arena_printf(&p->arena, "%s/%s", folder, name);
	assert_int_equal(lk_fs_write_atomic(AT_FDCWD, target, "", 0, 0, &p->err), 0);
}

/* A level in the environment. */
static inline struct lk_smoke_level run_level(
	struct planted *p, const char *name, const char *program, unsigned limit)
{
	const struct lk_level_context context = {.prefix = p->prefix};
	struct lk_smoke_level done = {0};
	for (size_t i = 0; i < lk_n_levels; i++) {
		if (strcmp(lk_levels[i].name, name) == 0) {
			lk_child_run(
				program, &lk_levels[i], &context, limit, NULL, &p->arena, &done);
		}
	}
	assert_true(lk_str_is(done.name, name));
	return done;
}

static inline struct lk_smoke_level run_blas(struct planted *p, const char *program, unsigned limit)
{
	return run_level(p, "blas", program, limit);
}

#define assert_level(level, wanted, text)                                                          \
	check_level((level), LK_SMOKE_##wanted, (text), __FILE__, __LINE__)

/* TEXT is a part of the reason. */
static inline void check_level(struct lk_smoke_level level, enum lk_smoke_status wanted,
	const char *text, const char *file, int line)
{
	if (level.status != wanted || lk_str_find(level.reason, lk_str_of(text)) == SIZE_MAX) {
		print_error(
			"status %d: " LK_STR_FMT "\n", (int)level.status, LK_STR_ARG(level.reason));
		_fail(file, line);
	}
}

#endif
