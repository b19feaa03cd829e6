/*
 * The steps of activation from one state of the environment to another, as conda takes them.
 */
#include "install/activate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/pack.h"

/* Two environments, /ROOT/envs/a and /ROOT/envs/b. */
struct world {
	struct lk_arena arena;
	char *root;
	const char *const *variables; /* NAME, value, NAME, value... NULL; %: the root */
	struct lk_buf said;
};

static const char *expand(struct world *w, const char *text)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(65536);
	for (; *text; text++) {
		if (*text == '%') {
			lk_buf_puts(&out, w->root);
		} else {
			lk_buf_putc(&out, *text);
		}
	}
	return lk_arena_strndup(&w->arena, lk_buf_cstr(&out), out.len);
}

static const char *lookup(void *ctx, const char *name)
{
	struct world *w = ctx;
	for (const char *const *v = w->variables; *v; v += 2) {
		if (strcmp(v[0], name) == 0) {
			return expand(w, v[1]);
		}
	}
	return NULL;
}

static void put(struct world *w, const char *path, const char *text)
{
	struct lk_error err = LK_ERROR_INIT;
	const char *file = lk_arena_printf(&w->arena, "%s/%s", w->root, path);
	lk_str dir = lk_path_dirname(lk_str_of(file));
	const char *folder = lk_arena_strndup(&w->arena, dir.ptr, dir.len);
	assert_int_equal(lk_fs_mkdirs(AT_FDCWD, folder, 0, false, &err), 0);
	assert_int_equal(lk_fs_write_unsynced(AT_FDCWD, file, text, strlen(text), &err), 0);
}

static int setup(void **state)
{
	struct world *w = lk_calloc(1, sizeof(*w));
	w->root = pack_tmpdir();
	lk_buf_init(&w->said, 65536);
	put(w, "envs/a/conda-meta/history", "");
	put(w, "envs/b/conda-meta/history", "");
	put(w, "envs/b/conda-meta/state", "{\"env_vars\": {\"V\": \"vb\"}}");
	put(w, "envs/a/etc/conda/activate.d/2.sh", "");
	put(w, "envs/a/etc/conda/activate.d/10.sh", "");
	put(w, "envs/a/etc/conda/activate.d/1.fish", "");
	put(w, "envs/a/etc/conda/deactivate.d/1.sh", "");
	put(w, "envs/a/etc/conda/deactivate.d/2.sh", "");
	put(w, "base/condabin/conda", "");
	put(w, "base/conda-meta/history", "");
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	pack_rmdir(w->root);
	lk_buf_done(&w->said);
	lk_arena_done(&w->arena);
	lk_free(w);
	return 0;
}

/* "NAME=value", "-NAME", ". script", "> prompt", a line each. */
static const char *tell(struct world *w, const struct lk_activate_steps *steps)
{
	lk_buf_clear(&w->said);
	for (size_t i = 0; i < steps->len; i++) {
		const struct lk_activate_step *step = &steps->items[i];
		switch (step->kind) {
		case LK_ACTIVATE_SET:
			lk_buf_appendf(&w->said, "%s=%s\n", step->name.ptr, step->value.ptr);
			break;
		case LK_ACTIVATE_UNSET:
			lk_buf_appendf(&w->said, "-%s\n", step->name.ptr);
			break;
		case LK_ACTIVATE_SOURCE:
			lk_buf_appendf(&w->said, ". %s\n", step->value.ptr);
			break;
		case LK_ACTIVATE_PROMPT:
			lk_buf_appendf(&w->said, "> %s\n", step->value.ptr);
			break;
		}
	}
	return lk_buf_cstr(&w->said);
}

#define NAMES(prefix, level, name)                                                                 \
	"> (" name ") \nCONDA_PREFIX=" prefix "\nCONDA_SHLVL=" level "\nCONDA_DEFAULT_ENV=" name   \
	"\nCONDA_PROMPT_MODIFIER=(" name ") \n"
#define LEAVE_A ". %/envs/a/etc/conda/deactivate.d/2.sh\n. %/envs/a/etc/conda/deactivate.d/1.sh\n"
#define ENTER_A ". %/envs/a/etc/conda/activate.d/10.sh\n. %/envs/a/etc/conda/activate.d/2.sh\n"
#define MAX_VARIABLES 12

/* What is in force, what is asked for ("-": to leave), and the steps. */
static const struct {
	const char *variables[2 * MAX_VARIABLES];
	const char *prefix;
	bool stack, no_scripts;
	const char *expected;
} cases[] = {
	{{"PATH", "/bin"}, "envs/a", false, false,
		"PATH=%/envs/a/bin:/bin\n" NAMES("%/envs/a", "1", "a") ENTER_A},
	{{"PATH", "/bin"}, "envs/a", false, true,
		"PATH=%/envs/a/bin:/bin\n" NAMES("%/envs/a", "1", "a")},
	{{NULL}, "envs/b", false, false,
		"PATH=%/envs/b/bin:/usr/local/bin:/usr/bin:/bin\n" NAMES(
			"%/envs/b", "1", "b") "V=vb\n"},
	{{"PATH", ""}, "base", false, false, "PATH=%/base/bin\n" NAMES("%/base", "1", "base")},
	/* What a variable was before is kept. */
	{{"PATH", "/bin", "V", "mine"}, "envs/b", false, false,
		"PATH=%/envs/b/bin:/bin\n" NAMES(
			"%/envs/b", "1", "b") "__CONDA_SHLVL_0_V=mine\nV=vb\n"},
	/* One in place of the other, wherever it stood on PATH. */
	{{"PATH", "/x:%/envs/a/bin:/bin", "CONDA_PREFIX", "%/envs/a", "CONDA_SHLVL", "1"}, "envs/b",
		false, false,
		LEAVE_A "PATH=/x:%/envs/b/bin:/bin\n" NAMES(
			"%/envs/b", "2", "b") "CONDA_PREFIX_1=%/envs/a\nV=vb\n"},
	{{"PATH", "%/envs/a/bin:/bin", "CONDA_PREFIX", "%/envs/a", "CONDA_SHLVL", "1"}, "envs/b",
		true, false,
		"PATH=%/envs/b/bin:%/envs/a/bin:/bin\n" NAMES("%/envs/b", "2",
			"b") "CONDA_PREFIX_1=%/envs/a\nCONDA_STACKED_2=true\nV=vb\n"},
	{{"PATH", "/bin", "CONDA_PREFIX", "/gone", "CONDA_SHLVL", "3"}, "envs/b", false, false,
		"PATH=%/envs/b/bin:/bin\n" NAMES(
			"%/envs/b", "4", "b") "CONDA_PREFIX_3=/gone\nV=vb\n"},
	/* Anew. */
	{{"PATH", "/x:%/envs/a/bin", "CONDA_PREFIX", "%/envs/a", "CONDA_SHLVL", "2"}, "envs/a",
		true, false, LEAVE_A "PATH=/x:%/envs/a/bin\n" NAMES("%/envs/a", "2", "a") ENTER_A},
	{{"PATH", "/x", "V", "other", "CONDA_PREFIX", "%/envs/b", "CONDA_SHLVL", "1"}, "envs/b",
		false, false, "PATH=%/envs/b/bin:/x\n" NAMES("%/envs/b", "1", "b") "V=vb\n"},
	/* No levels. */
	{{"PATH", "/b", "CONDA_PREFIX", "%/envs/a", "CONDA_SHLVL", "0"}, "envs/b", false, false,
		"PATH=%/envs/b/bin:/b\n" NAMES("%/envs/b", "1", "b") "V=vb\n"},
	{{"PATH", "/b", "CONDA_PREFIX", "%/envs/a", "CONDA_SHLVL", "-1"}, "envs/b", false, false,
		"PATH=%/envs/b/bin:/b\n" NAMES("%/envs/b", "1", "b") "V=vb\n"},
	{{"PATH", "/b", "CONDA_SHLVL", "1"}, "envs/b", false, false,
		"PATH=%/envs/b/bin:/b\n" NAMES("%/envs/b", "1", "b") "V=vb\n"},
	{{"PATH", "/b", "CONDA_PREFIX", "/a", "CONDA_SHLVL", "99999999999999999999"}, "envs/b",
		false, false, "PATH=%/envs/b/bin:/b\n" NAMES("%/envs/b", "1", "b") "V=vb\n"},
	/* Left: for none, for the one below, and for the one below that stayed on PATH. */
	{{"PATH", "/bin"}, "-", false, false, ""},
	{{"PATH", "/x:%/envs/a/bin/:/bin", "CONDA_PREFIX", "%/envs/a", "CONDA_SHLVL", "1"}, "-",
		false, false,
		"PATH=/x:/bin\n" LEAVE_A "> \n-CONDA_PREFIX\n-CONDA_DEFAULT_ENV\n"
		"-CONDA_PROMPT_MODIFIER\nCONDA_SHLVL=0\n"},
	{{"PATH", "%/envs/b/bin:/bin", "CONDA_PREFIX", "%/envs/b", "CONDA_SHLVL", "2",
		 "CONDA_PREFIX_1", "%/envs/a", "__CONDA_SHLVL_1_V", "before", "V", "vb"},
		"-", false, false,
		"PATH=%/envs/a/bin:/bin\nV=before\n-__CONDA_SHLVL_1_V\n"
		"-CONDA_PREFIX_1\n" NAMES("%/envs/a", "1", "a") ENTER_A},
	{{"PATH", "%/envs/b/bin:%/envs/a/bin:/bin", "CONDA_PREFIX", "%/envs/b", "CONDA_SHLVL", "2",
		 "CONDA_PREFIX_1", "%/envs/a", "CONDA_STACKED_2", "true"},
		"-", false, false,
		"PATH=%/envs/a/bin:/bin\n-V\n-CONDA_PREFIX_1\n"
		"-CONDA_STACKED_2\n" NAMES("%/envs/a", "1", "a") ENTER_A},
};

static void test_steps(void **state)
{
	struct world *w = *state;
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		const struct lk_activate_options options = {.suffix = ".sh",
			.stack = cases[i].stack,
			.no_scripts = cases[i].no_scripts,
			.lookup = lookup,
			.ctx = w};
		const struct lk_report report = {0};
		struct lk_activate_steps steps = {0};
		struct lk_error err = LK_ERROR_INIT;
		w->variables = cases[i].variables;
		int rc = 0;
		if (strcmp(cases[i].prefix, "-") == 0) {
			rc = lk_deactivate(&options, &w->arena, &report, &steps, &err);
		} else {
			const char *prefix =
				lk_arena_printf(&w->arena, "%s/%s", w->root, cases[i].prefix);
			rc = lk_activate(prefix, &options, &w->arena, &report, &steps, &err);
		}
		assert_int_equal(rc, 0);
		assert_string_equal(tell(w, &steps), expand(w, cases[i].expected));
		lk_vec_done(&steps);
	}
}

static void test_refused(void **state)
{
	static const char *const none[] = {NULL};
	struct world *w = *state;
	const char *const prefixes[] = {
		"/", "", "relative", "/no/such/environment", "/a:b", "/a\nb", w->root};
	w->variables = none;
	for (size_t i = 0; i < LK_COUNTOF(prefixes); i++) {
		const struct lk_activate_options options = {
			.suffix = ".sh", .lookup = lookup, .ctx = w};
		const struct lk_report report = {0};
		struct lk_activate_steps steps = {0};
		struct lk_error err = LK_ERROR_INIT;
		assert_int_equal(
			lk_activate(prefixes[i], &options, &w->arena, &report, &steps, &err),
			LK_E_USAGE);
		assert_int_equal(steps.len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_steps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
