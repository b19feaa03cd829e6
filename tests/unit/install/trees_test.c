/*
 * Trees that no cache keeps: made beside the prefix, moved into it.
 */
#include "install/trees.h"

#include "tests/unit/install/world.h"

/* Without a cache to keep anything in: the archives are in a folder, the files are moved. */
static void test_kept_nowhere(void **state)
{
	struct world *w = *state;
	struct stat status;
	const struct pack_member members[] = {
		{.name = "bin/run",
			.text = "#!" PLACEHOLDER "/bin/sh\n",
			.type = '0',
			.mode = 0755},
		{.name = "lib/alone", .text = "twice", .type = '0'},
		{.name = "lib/link", .link = "alone", .type = '2'},
		{.name = "lib/same", .link = "lib/alone", .type = '1'},
		{0},
	};
	add(w, "run", "1", NULL,
		"{\"_path\": \"bin/run\", \"path_type\": \"hardlink\", \"file_mode\": \"text\", "
		"\"prefix_placeholder\": \"" PLACEHOLDER "\"}, "
		"{\"_path\": \"lib/alone\", \"path_type\": \"hardlink\"}, "
		"{\"_path\": \"lib/link\", \"path_type\": \"softlink\"}, "
		"{\"_path\": \"lib/same\", \"path_type\": \"hardlink\", \"no_link\": true}",
		members);
	add_tool(w, "1", "tool");
	assert_int_equal(install(w), 0);
	const char *digest = lk_arena_printf(&w->arena, "%s", w->result.tree_digest);
	assert_int_equal(lk_fs_remove_tree(AT_FDCWD, w->prefix, &w->err), 0);

	struct lk_cache *own = w->cache;
	w->cache = lk_cache_new();
	assert_int_equal(install(w), LK_E_OFFLINE);
	assert_non_null(strstr(w->err.message, "nowhere to take 2 packages from"));
	assert_int_equal(lk_cache_add_folder(w->cache, lk_cache_path(own), &w->err), 0);
	assert_int_equal(install(w), 0);
	assert_string_equal(w->result.link_mode, "move");
	assert_string_equal(w->result.tree_digest, digest);
	assert_int_equal(stat(path_of(w, "lib/alone"), &status), 0);
	assert_int_equal(status.st_nlink, 1); /* its other name asked for bytes of its own */
	assert_int_equal(status.st_mtime, PACK_MTIME);
	assert_int_equal(stat(path_of(w, "bin/run"), &status), 0);
	assert_int_equal(status.st_nlink, 1);
	assert_int_equal(status.st_mtime, PACK_MTIME + 2);
	assert_clean(w);

	/* Into what is there, with foreign files; in one thread. */
	put_text(w, "lib/mine", "mine");
	put_text(w, "conda-meta/tool-1-0.json", text_of(w, "conda-meta/tool-1-0.json"));
	w->options.jobs = 1;
	assert_int_equal(install(w), 0);
	assert_string_equal(w->result.tree_digest, digest);
	assert_string_equal(text_of(w, "lib/mine"), "mine");

	/* A wrong archive, or being stopped, leaves the prefix as it is and nothing beside it. */
	w->options.verify = true;
	w->stop = true;
	assert_int_equal(install(w), LK_E_INTERRUPTED);
	w->stop = false;
	w->records[0].sha256.bytes[0] ^= 1;
	assert_int_equal(install(w), LK_E_OFFLINE); /* its name has the hash in it */
	assert_string_equal(text_of(w, "lib/mine"), "mine");
	assert_clean(w);
	lk_cache_free(own);
}

static int ensure(struct world *w, const struct lk_tree_place *place, struct lk_tree *ret)
{
	const struct lk_tree_options options = {.place = place};
	return lk_tree_ensure(w->cache, &w->records[0], &options, &w->report, ret, &w->err);
}

static void test_place(void **state)
{
	struct world *w = *state;
	struct lk_tree tree;
	add_tool(w, "1", "tool");
	const char *path = lk_arena_printf(&w->arena, "%s/place", w->root);
	assert_int_equal(mkdir(path, 0700), 0);
	int fd LK_AUTO_CLOSE = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct lk_tree_place place = {fd, path};
	struct lk_cache *own = w->cache;
	w->cache = lk_cache_new();
	assert_int_equal(lk_cache_add_folder(w->cache, lk_cache_path(own), &w->err), 0);
	assert_int_equal(ensure(w, NULL, &tree), LK_E_FS);
	assert_int_equal(ensure(w, &place, &tree), 0);
	assert_true(tree.movable);
	assert_true(lk_str_starts(lk_str_of(tree.path), lk_str_of(path)));
	assert_int_equal(faccessat(tree.fd, "bin/tool", X_OK, 0), 0);
	assert_int_equal(faccessat(tree.fd, ".lockenv-seal", F_OK, 0), -1);
	lk_tree_done(&tree);
	/* What stands there already is not believed. */
	assert_int_equal(ensure(w, &place, &tree), LK_E_FS);
	lk_cache_free(w->cache);
	/* A cache that can keep it does. */
	w->cache = own;
	assert_int_equal(ensure(w, &place, &tree), 0);
	assert_false(tree.movable);
	lk_tree_done(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kept_nowhere, setup, teardown),
		cmocka_unit_test_setup_teardown(test_place, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
