/*
 * Trees of caches with layers: found below, made above, passed over when damaged.
 */
#include "store/extract.h"
#include "store/tree_priv.h"
#include "tests/unit/store/tree_box.h"

/* A box whose cache is an empty folder above that of LOWER. */
static void box_above(struct box *box, const struct box *lower)
{
	memset(box, 0, sizeof(*box));
	box->root = pack_tmpdir();
	lk_buf_init(&box->archive, PACK_MAX);
	box->record = lower->record;
	assert_int_equal(lk_cache_open(box->root, true, &box->cache, &box->err), 0);
	assert_int_equal(lk_cache_add_layer(box->cache, lower->root, &box->err), 0);
}

static void assert_tree_in(struct box *box, const char *root, size_t layer)
{
	struct lk_tree tree;
	if (ensure_with(box, (struct lk_tree_options){0}, &tree) != 0) {
		fail_msg("%s", box->err.message);
	}
	assert_int_equal(strncmp(tree.path, root, strlen(root)), 0);
	assert_int_equal(access(tree.path, F_OK), 0);
	assert_int_equal(tree.layer, layer);
	lk_tree_done(&tree);
}

static void test_layers(void **state)
{
	(void)state;
	struct box lower;
	struct box box;
	box_init(&lower);
	box_above(&box, &lower);
	/* Only the archive is there below: the tree is made in the folder itself. */
	assert_true(lk_cache_has_archive(box.cache, &box.record));
	assert_tree_in(&box, box.root, 0);
	assert_int_equal(lk_fs_remove_tree(lk_cache_dirfd(box.cache), "trees", &box.err), 0);
	lk_cache_free(box.cache);
	assert_int_equal(lk_cache_open(box.root, true, &box.cache, &box.err), 0);
	assert_int_equal(lk_cache_add_layer(box.cache, lower.root, &box.err), 0);
	/* A whole tree below serves, also when its archive is gone. */
	assert_int_equal(ensure(&lower), 0);
	assert_tree_in(&box, lower.root, 1);
	assert_int_equal(lk_fs_remove_tree(lk_cache_dirfd(lower.cache), "archives", &box.err), 0);
	assert_tree_in(&box, lower.root, 1);
	assert_int_equal(box.warnings, 0);
	box_done(&box);
	box_done(&lower);
}

static void test_damaged_layer(void **state)
{
	(void)state;
	struct box lower;
	struct box box;
	box_init(&lower);
	box_above(&box, &lower);
	damage_flip(&lower);
	assert_tree_in(&box, box.root, 0);
	assert_int_equal(box.warnings, 1);
	assert_non_null(strstr(box.warned, lower.root));
	assert_non_null(strstr(box.warned, "passed over: its file 'lib/data' was modified"));
	/* It is not the upper cache's to mend. */
	box.warnings = 0;
	assert_tree_in(&box, box.root, 0);
	assert_int_equal(box.warnings, 0);
	check_healed(&lower, "lower");
	box_done(&box);
	box_done(&lower);
}

/* A damaged archive below is left there; a good one in a further layer serves. */
static void test_damaged_archive_layer(void **state)
{
	(void)state;
	struct box lower;
	struct box lowest;
	struct box box;
	box_init(&lower);
	box_init(&lowest);
	box_above(&box, &lower);
	struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(1024);
	lk_cache_archive_name(&box.record, &name);
	int fd = openat(lk_cache_archives_fd(lower.cache), lk_buf_cstr(&name), O_WRONLY);
	assert_int_equal(pwrite(fd, "!", 1, 100), 1);
	close(fd);
	assert_refused(&box, (struct lk_tree_options){0}, "in the cache '");
	assert_non_null(strstr(box.err.hint, "fetch --verify"));
	assert_true(lk_cache_has_archive(lower.cache, &box.record));
	assert_int_equal(lk_cache_add_layer(box.cache, lowest.root, &box.err), 0);
	assert_tree_in(&box, box.root, 0);
	assert_int_equal(box.warnings, 1);
	assert_non_null(strstr(box.warned, "taken from '"));
	box_done(&box);
	box_done(&lower);
	box_done(&lowest);
}

/* Layers alone: what is there can be used, nothing can be made. */
/* What a stranger's tree says of itself is what was sealed, or it is not believed. */
static void test_info_of_strangers(void **state)
{
	(void)state;
	struct box box;
	struct lk_package *package = NULL;
	struct lk_listing LK_CLEANUP(lk_listing_done) sealed = {0};
	char *root = pack_tmpdir(); /* freed with its folder */
	int dir LK_AUTO_CLOSE = open(root, O_RDONLY | O_DIRECTORY);
	box_init(&box);
	struct lk_archive *archive = NULL;
	struct lk_blob blob = pack_blob(lk_buf_view(&box.archive));
	assert_int_equal(lk_archive_open(&blob, "a", LK_ARCHIVE_CONDA, &archive, &box.err), 0);
	const struct lk_extract_options options = {.subdir = LK_STR("linux-64")};
	assert_int_equal(lk_extract(archive, dir, &options, &sealed, &box.err), 0);
	lk_archive_free(archive);
	assert_int_equal(lk_tree_load_package(dir, "a", &sealed, &package, &box.err), 0);
	lk_package_free(package);
	static const char *const changes[] = {"info/files", "info/link.json"};
	for (size_t i = 0; i < LK_COUNTOF(changes); i++) {
		assert_int_equal(lk_fs_write_atomic(dir, changes[i], "{}", 2, 0644, &box.err), 0);
		assert_int_equal(lk_tree_load_package(dir, "a", &sealed, &package, &box.err),
			LK_E_INTEGRITY);
		assert_non_null(strstr(box.err.message, changes[i]));
		assert_int_equal(unlinkat(dir, changes[i], 0), 0);
		if (i == 0) {
			assert_int_equal(
				lk_tree_load_package(dir, "a", &sealed, &package, &box.err),
				LK_E_INTEGRITY); /* it lacks */
			assert_int_equal(
				lk_fs_write_atomic(dir, changes[i],
					"bin/tool\nlib/data\nlib/link\n", 27, 0644, &box.err),
				0);
		}
	}
	pack_rmdir(root);
	box_done(&box);
}

static void test_layers_alone(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	struct lk_cache *own = box.cache;
	box.cache = lk_cache_new();
	assert_string_equal(lk_cache_path(box.cache), "");
	assert_false(lk_cache_is_writable(box.cache));
	assert_int_equal(ensure(&box), LK_E_OFFLINE);
	assert_int_equal(lk_cache_add_layer(box.cache, "/nowhere", &box.err), LK_E_NOT_FOUND);
	assert_int_equal(lk_cache_add_layer(box.cache, box.root, &box.err), 0);
	assert_string_equal(lk_cache_names(box.cache), box.root);
	assert_int_equal(ensure(&box), LK_E_FS);
	assert_non_null(strstr(box.err.message, "which is only read"));
	struct lk_cache_incoming incoming;
	assert_int_equal(lk_cache_begin(box.cache, &incoming, &box.err), LK_E_USAGE);
	struct lk_cache *layers = box.cache;
	box.cache = own;
	assert_int_equal(ensure(&box), 0);
	box.cache = layers;
	assert_tree_in(&box, box.root, 0);
	while (lk_cache_add_layer(box.cache, box.root, &box.err) == 0) {
	}
	assert_int_equal(box.err.code, LK_E_USAGE);
	lk_cache_free(own);
	box_done(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layers),
		cmocka_unit_test(test_damaged_layer),
		cmocka_unit_test(test_damaged_archive_layer),
		cmocka_unit_test(test_info_of_strangers),
		cmocka_unit_test(test_layers_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
