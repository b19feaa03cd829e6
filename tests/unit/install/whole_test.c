/*
 * Directories that are moved as they are: all of one package, all as it was extracted, nothing
 * more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "install/clobber.h"
#include "install/whole.h"

#define MAX_PATHS 8

/* A package: its paths in bytewise order; "*" before one: it has a prefix, "+": not to be linked,
 * "/": a directory. */
struct given {
	const char *paths[MAX_PATHS];
	bool noarch, in_cache, has_more;
};

struct world {
	struct lk_arena arena;
	struct lk_package packages[2];
	struct lk_layout_package layout_packages[3];
	struct lk_tree trees[3];
	struct lk_layout layout;
	struct lk_wholes found;
};

static void fill(struct world *w, size_t at, const struct given *given)
{
	struct lk_package *package = &w->packages[at];
	package->paths = lk_arena_calloc(&w->arena, MAX_PATHS, sizeof(*package->paths));
	while (package->n_paths < MAX_PATHS && given->paths[package->n_paths]) {
		const char *text = given->paths[package->n_paths];
		char mark = text[0];
		bool marked = mark == '*' || mark == '+' || mark == '/';
		package->paths[package->n_paths++] =
			(struct lk_package_path){.path = lk_str_of(text + marked),
				.type = mark == '/' ? LK_PATH_DIRECTORY : LK_PATH_FILE,
				.prefix_mode = mark == '*' ? LK_PREFIX_TEXT : LK_PREFIX_NONE,
				.no_link = mark == '+'};
	}
	w->layout_packages[at] = (struct lk_layout_package){
		.record = {.name = at == 0 ? LK_STR("a") : LK_STR("b"),
			.noarch = given->noarch ? LK_NOARCH_PYTHON : LK_NOARCH_NO},
		.package = package,
		.rank = (uint32_t)at};
	w->trees[at] = (struct lk_tree){
		.package = package, .movable = !given->in_cache, .has_more = given->has_more};
}

/* The directories that are found, "PATH<SOURCE:N" each, when the layout lacks its last N entries.
 */
static void expect_without(const struct given given[2], size_t n, const char *want)
{
	struct world w = {.found = {0}};
	struct lk_error err = LK_ERROR_INIT;
	const struct lk_report report = {0};
	struct lk_buf text = LK_BUF_INIT(4096);
	fill(&w, 0, &given[0]);
	fill(&w, 1, &given[1]);
	w.layout_packages[2] = (struct lk_layout_package){
		.record = {.name = LK_STR("python"), .version = LK_STR("3.12.1")},
		.package = &(struct lk_package){.n_paths = 0}};
	assert_int_equal(lk_layout_make(w.layout_packages, 3, LK_STR("/p"), LK_STR("linux-64"),
				 true, &w.layout, &err),
		0);
	assert_int_equal(lk_clobber_resolve(&w.layout, false, &report, &err), 0);
	assert_true(n <= w.layout.n_entries);
	w.layout.n_entries -= n;
	lk_wholes_find(&w.layout, w.trees, &w.found);
	w.layout.n_entries += n;
	for (size_t i = 0; i < w.found.len; i++) {
		const struct lk_whole *whole = &w.found.items[i];
		lk_buf_appendf(&text, "%s" LK_STR_FMT "<" LK_STR_FMT ":%zu", i > 0 ? " " : "",
			LK_STR_ARG(whole->path), LK_STR_ARG(whole->source_path), whole->n);
		assert_true(whole->to - whole->from >= whole->n);
	}
	assert_string_equal(lk_buf_cstr(&text), want);
	lk_buf_done(&text);
	lk_vec_done(&w.found);
	lk_layout_done(&w.layout);
	lk_arena_done(&w.arena);
}

static void expect(const struct given given[2], const char *want)
{
	expect_without(given, 0, want);
}

static void outermost_directories_are_found(void **state)
{
	(void)state;
	const struct given rows[][2] = {
		{{.paths = {"bin/x", "lib/a/1", "lib/a/deep/2"}}, {.paths = {"lib/b/1"}}},
		{{.paths = {"lib/a-more", "lib/a/1"}}, {.paths = {"lib/a/b/2"}}},
		{{.paths = {"*share/a/1", "share/a/in/2"}},
			{.paths = {"+share/b/1", "share/b/in/2"}}},
		{{.paths = {"/share/a/empty", "share/a/x/1"}},
			{.paths = {"share/b/1"}, .has_more = true}},
		{{.paths = {"share/same/1"}, .in_cache = true}, {.paths = {"top"}}},
		/* Where both bring a file, one is parked: neither stays with its directory. */
		{{.paths = {"share/same/1", "share/same/2"}}, {.paths = {"share/same/1"}}},
	};
	static const char *const want[] = {
		"bin<bin:1 lib/a<lib/a:2 lib/b<lib/b:1",
		"lib/a/b<lib/a/b:1",
		"share/a/in<share/a/in:1 share/b/in<share/b/in:1",
		"share/a/x<share/a/x:1",
		"",
		"",
	};
	for (size_t i = 0; i < LK_COUNTOF(want); i++) {
		expect(rows[i], want[i]);
	}
}

/* Modules come from elsewhere in the archive; what is compiled of them is not there yet. */
static void modules_move_with_their_directory(void **state)
{
	(void)state;
	const struct given rows[2] = {{.paths = {"site-packages/m/__init__.py",
					       "site-packages/m/x.py", "site-packages/one.py"},
					      .noarch = true},
		{.paths = {"share/b/1"}}};
	expect(rows, "lib/python3.12/site-packages/m<site-packages/m:2 share<share:1");
}

/* A directory is moved with all that was extracted into it: what the layout does not have would
 * come along. */
static void what_is_not_laid_out_keeps_a_directory(void **state)
{
	(void)state;
	const struct given rows[2] = {
		{.paths = {"bin/x", "share/a/1", "share/a/2"}}, {.paths = {"lib/b"}}};
	expect_without(rows, 0, "bin<bin:1 lib<lib:1 share<share:2");
	expect_without(rows, 1, "bin<bin:1 lib<lib:1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outermost_directories_are_found),
		cmocka_unit_test(modules_move_with_their_directory),
		cmocka_unit_test(what_is_not_laid_out_keeps_a_directory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
