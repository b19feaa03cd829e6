/*
 * Trees: made from archives, believed by their seals, made again when damaged, by many at once.
 */
#include "tests/unit/store/tree_box.h"

#include <sys/wait.h>

#include "base/workers.h"
#include "store/seal.h"

static void test_made_and_found(void **state)
{
	(void)state;
	static const char *const names[] = {"a-1-0.conda", "a-1-0.tar.bz2"};
	for (size_t i = 0; i < LK_COUNTOF(names); i++) {
		struct box box;
		box_init_with(&box, names[i], INDEX, NULL);
		for (int again = 0; again < 2; again++) {
			struct lk_tree tree;
			int rc =
				ensure_with(&box, (struct lk_tree_options){.verify = again}, &tree);
			assert_string_equal(box.err.message, "");
			assert_int_equal(rc, 0);
			assert_int_equal(tree.package->n_paths, 3);
			assert_int_equal(tree.package->paths[0].type, LK_PATH_FILE);
			assert_int_equal(tree.package->paths[2].type, LK_PATH_SOFTLINK);
			struct stat st;
			assert_int_equal(fstatat(tree.fd, "bin/tool", &st, 0), 0);
			assert_int_equal(st.st_mode, S_IFREG | 0755);
			assert_int_equal(st.st_mtim.tv_sec, PACK_MTIME);
			/* Found by its name, too. */
			assert_int_equal(access(tree.path, F_OK), 0);
			assert_int_equal(fstat(tree.fd, &st), 0);
			assert_int_equal(st.st_mode, S_IFDIR | 0755);
			lk_tree_done(&tree);
		}
		assert_int_equal(box.warnings, 0);
		box_done(&box);
	}
}

/* ---- damage ---- */

static void damage_shorten(struct box *box)
{
	int fd;
	open_rw(box, "lib/data", &fd);
	assert_int_equal(ftruncate(fd, 2), 0);
	struct timespec times[2] = {{.tv_sec = PACK_MTIME}, {.tv_sec = PACK_MTIME}};
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static void damage_mode(struct box *box)
{
	int fd;
	open_rw(box, "bin/tool", &fd);
	assert_int_equal(fchmod(fd, 04755), 0);
	close(fd);
}

static void damage_seal(struct box *box)
{
	int fd;
	open_rw(box, ".lockenv-seal", &fd);
	assert_int_equal(ftruncate(fd, 40), 0);
	close(fd);
}

static void damage_tree(struct box *box, void (*change)(int tree))
{
	struct lk_tree tree;
	assert_int_equal(ensure_with(box, (struct lk_tree_options){0}, &tree), 0);
	change(tree.fd);
	lk_tree_done(&tree);
}

static void remove_file(int tree)
{
	assert_int_equal(unlinkat(tree, "lib/data", 0), 0);
}

static void remove_seal(int tree)
{
	assert_int_equal(unlinkat(tree, ".lockenv-seal", 0), 0);
}

static void swap_link(int tree)
{
	assert_int_equal(unlinkat(tree, "lib/link", 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", tree, "lib/link"), 0);
}

static void swap_dir(int tree)
{
	assert_int_equal(renameat(tree, "lib", tree, "elsewhere"), 0);
	assert_int_equal(symlinkat("elsewhere", tree, "lib"), 0);
}

static void swap_file(int tree)
{
	assert_int_equal(unlinkat(tree, "lib/data", 0), 0);
	assert_int_equal(symlinkat("../bin/tool", tree, "lib/data"), 0);
}

static void test_damaged_tree(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	damage_flip(&box);
	check_healed(&box, "flip");
	damage_shorten(&box);
	check_healed(&box, "shorten");
	assert_non_null(strstr(box.warned, "'lib/data' has 2 bytes instead of 4"));
	damage_mode(&box);
	check_healed(&box, "mode");
	damage_seal(&box);
	check_healed(&box, "seal");
	static void (*const changes[])(int) = {
		remove_file, remove_seal, swap_link, swap_dir, swap_file};
	for (size_t i = 0; i < LK_COUNTOF(changes); i++) {
		damage_tree(&box, changes[i]);
		char what[32];
		snprintf(what, sizeof(what), "change %zu", i);
		check_healed(&box, what);
	}
	box_done(&box);
}

/* Other bytes under the old size, mode and time: only hashing again can see that. */
static void damage_bytes(struct box *box)
{
	int fd;
	open_rw(box, "lib/data", &fd);
	assert_int_equal(pwrite(fd, "D", 1, 0), 1);
	struct timespec times[2] = {{.tv_sec = PACK_MTIME}, {.tv_sec = PACK_MTIME}};
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static bool is_fresh(struct box *box, bool verify, bool settle)
{
	struct lk_tree tree;
	assert_int_equal(ensure_with(box, (struct lk_tree_options){.verify = verify}, &tree), 0);
	bool fresh = tree.fresh;
	if (settle) {
		lk_seal_settle(tree.fd);
	}
	lk_tree_done(&tree);
	return fresh;
}

static void test_verify(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	assert_true(is_fresh(&box, false, true));
	damage_bytes(&box);
	assert_false(is_fresh(&box, false, false));
	assert_int_equal(box.warnings, 0);
	assert_true(is_fresh(&box, true, false));
	assert_int_equal(box.warnings, 1);
	assert_non_null(strstr(box.warned, "'lib/data' has other bytes"));
	box_done(&box);
}

/* A loss of power can leave zeros in files that nobody has synced. */
static void test_unsettled(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	assert_true(is_fresh(&box, false, false));
	assert_int_equal(box.warnings, 0);
	damage_bytes(&box);
	assert_true(is_fresh(&box, false, true));
	assert_int_equal(box.warnings, 1);
	assert_non_null(strstr(box.warned, "'lib/data' has other bytes"));
	assert_false(is_fresh(&box, false, false));
	box_done(&box);
}

static void test_damaged_without_archive(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	damage_shorten(&box);
	struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(1024);
	lk_cache_archive_name(&box.record, &name);
	assert_int_equal(unlinkat(lk_cache_archives_fd(box.cache), lk_buf_cstr(&name), 0), 0);
	assert_refused(
		&box, (struct lk_tree_options){0}, "is damaged: its file 'lib/data' has 2 bytes");
	/* A tree and no archive is enough, neither is LK_E_OFFLINE. */
	put_archive(&box);
	assert_int_equal(ensure(&box), 0);
	assert_int_equal(unlinkat(lk_cache_archives_fd(box.cache), lk_buf_cstr(&name), 0), 0);
	assert_int_equal(ensure(&box), 0);
	box.record.sha256.bytes[0] ^= 1;
	assert_int_equal(ensure(&box), LK_E_OFFLINE);
	box_done(&box);
}

static void test_damaged_archive(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(1024);
	lk_cache_archive_name(&box.record, &name);
	int fd = openat(lk_cache_archives_fd(box.cache), lk_buf_cstr(&name), O_WRONLY);
	assert_int_equal(pwrite(fd, "!", 1, 100), 1);
	close(fd);
	assert_refused(&box, (struct lk_tree_options){0}, "' has sha256 ");
	/* It does not stay under its name: the next fetch gets it again. */
	assert_false(lk_cache_has_archive(box.cache, &box.record));
	assert_int_equal(ensure(&box), LK_E_OFFLINE);
	box_done(&box);
}

/* ---- what a package says of itself ---- */

#define DATA_SHA "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7"
#define TOOL_PATH "{\"_path\": \"bin/tool\", \"path_type\": \"hardlink\"}"

static const struct {
	const char *path;    /* of paths.json, beside bin/tool */
	const char *refused; /* NULL: fine */
	bool warns;          /* under safety_warn it is a warning */
} contents_rows[] = {
	{"{\"_path\": \"lib/data\", \"path_type\": \"hardlink\", \"sha256\": \"" DATA_SHA
	 "\", \"size_in_bytes\": 4}",
		NULL, false},
	{"{\"_path\": \"lib/link\", \"path_type\": \"softlink\", \"sha256\": \"" DATA_SHA
	 "\", \"size_in_bytes\": 4}",
		NULL, false},
	{"{\"_path\": \"lib/none\", \"path_type\": \"directory\"}", NULL, false},
	{"{\"_path\": \"lib/data\", \"path_type\": \"hardlink\", \"size_in_bytes\": 5}",
		"'lib/data' has 4 bytes, info/paths.json says 5", true},
	{"{\"_path\": \"lib/data\", \"path_type\": \"hardlink\", \"sha256\": \"00" DATA_SHA "\"}",
		"sha256", false},
	{"{\"_path\": \"lib/data\", \"path_type\": \"hardlink\", \"sha256\": "
	 "\"0000000000000000000000000000000000000000000000000000000000000000\"}",
		"'lib/data' has sha256 " DATA_SHA ", info/paths.json says 0000", true},
	{"{\"_path\": \"lib/data\", \"path_type\": \"softlink\"}",
		"'lib/data' is a file, info/paths.json says symlink", true},
	{"{\"_path\": \"lib/link\", \"path_type\": \"hardlink\"}",
		"'lib/link' is a symlink, info/paths.json says file", true},
	{"{\"_path\": \"lib\", \"path_type\": \"hardlink\"}",
		"'lib' is a directory, info/paths.json says file", true},
	{"{\"_path\": \"lib/gone\", \"path_type\": \"hardlink\"}",
		"'lib/gone' is listed in info/paths.json but not in the archive", false},
	{"{\"_path\": \"lib/link\", \"path_type\": \"softlink\", \"prefix_placeholder\": "
	 "\"/old\", \"file_mode\": \"text\"}",
		"a softlink with 'prefix_placeholder'", false},
};

static void test_contents(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(contents_rows); i++) {
		char paths[1024];
		snprintf(paths, sizeof(paths), "{\"paths\": [%s, %s], \"paths_version\": 1}",
			TOOL_PATH, contents_rows[i].path);
		struct box box;
		box_init_with(&box, "a-1-0.conda", INDEX, paths);
		if (contents_rows[i].refused) {
			assert_refused(&box, (struct lk_tree_options){0}, contents_rows[i].refused);
		} else if (ensure(&box) != 0) {
			fail_msg("row %zu: %s", i, box.err.message);
		}
		struct lk_tree tree;
		int rc = ensure_with(&box, (struct lk_tree_options){.safety_warn = true}, &tree);
		if ((rc == 0) != (contents_rows[i].warns || !contents_rows[i].refused) ||
			box.warnings != (contents_rows[i].warns ? 1 : 0)) {
			fail_msg("row %zu: %d, %u warnings, '%s'", i, rc, box.warnings,
				box.err.message);
		}
		if (rc == 0) {
			lk_tree_done(&tree);
		}
		/* That it was let in once does not make it right. */
		if (contents_rows[i].refused) {
			assert_refused(&box, (struct lk_tree_options){0}, contents_rows[i].refused);
		}
		box_done(&box);
	}
}

static void test_wrong_package(void **state)
{
	(void)state;
	struct box box;
	box_init_with(&box, "b-1-0.conda", INDEX, NULL);
	assert_refused(&box, (struct lk_tree_options){0}, "'name' is 'a', not 'b'");
	box_done(&box);
	box_init_with(&box, "a-1-0.conda", NULL, NULL);
	assert_refused(&box, (struct lk_tree_options){0}, "info/index.json");
	box_done(&box);
	box_init(&box);
	box.record.fn = LK_STR("../a-1-0.conda");
	assert_refused(&box, (struct lk_tree_options){0}, "no file name");
	box.record.fn = LK_STR("a-1-0.conda");
	box.record.has_sha256 = false;
	assert_refused(&box, (struct lk_tree_options){0}, "no sha256");
	box_done(&box);
}

/* Makes TAR, which it ends, the box's archive a-1-0.tar.bz2. */
static void box_take_tar(struct box *box, struct lk_buf *tar)
{
	pack_end(tar);
	lk_buf_clear(&box->archive);
	pack_bz2(lk_buf_view(tar), &box->archive);
	box->record = pack_record("a-1-0.tar.bz2", lk_buf_view(&box->archive));
	put_archive(box);
}

/* Older than info/files: all of the payload counts, its scripts too. */
static void test_no_list(void **state)
{
	(void)state;
	struct box box;
	struct lk_tree tree;
	struct lk_buf LK_CLEANUP(lk_buf_done) tar = LK_BUF_INIT(PACK_MAX);
	box_init(&box);
	pack_file(&tar, "info/index.json", INDEX);
	pack_file(&tar, "lib/data", "data");
	pack_file(&tar, "bin/.a-post-link.sh", "true");
	pack_file(&tar, "bin/.b-pre-link.sh", "true");
	box_take_tar(&box, &tar);
	assert_int_equal(ensure_with(&box, (struct lk_tree_options){0}, &tree), 0);
	assert_int_equal(tree.package->n_paths, 3);
	assert_int_equal(tree.package->scripts.n, 1);
	assert_true(lk_str_is(tree.package->scripts.items[0], "bin/.a-post-link.sh"));
	lk_tree_done(&tree);
	box_done(&box);
}

/* What an archive says of itself is read from its own files only. */
static void test_linked_metadata(void **state)
{
	(void)state;
	static const char *const targets[] = {"/dev/zero", "../../../outside.json", "about.json"};
	for (size_t i = 0; i < LK_COUNTOF(targets); i++) {
		struct box box;
		struct lk_buf LK_CLEANUP(lk_buf_done) tar = LK_BUF_INIT(PACK_MAX);
		box_init(&box);
		assert_int_equal(lk_fs_write_atomic(lk_cache_dirfd(box.cache), "outside.json",
					 INDEX, strlen(INDEX), 0, &box.err),
			LK_OK);
		pack_file(&tar, "info/about.json", INDEX);
		pack_add(&tar,
			&(struct pack_member){
				.name = "info/index.json", .link = targets[i], .type = '2'});
		pack_file(&tar, "info/files", "");
		box_take_tar(&box, &tar);
		assert_refused(&box, (struct lk_tree_options){0},
			"package 'a-1-0.tar.bz2': cannot open 'info/index.json'");
		box_done(&box);
	}
}

static void test_links_outside(void **state)
{
	(void)state;
	struct box box;
	memset(&box, 0, sizeof(box));
	box.root = pack_tmpdir();
	assert_int_equal(lk_cache_open(box.root, true, &box.cache, &box.err), 0);
	lk_buf_init(&box.archive, PACK_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) tar = LK_BUF_INIT(PACK_MAX);
	pack_file(&tar, "info/index.json", INDEX);
	pack_file(&tar, "info/files", "lib/out\n");
	pack_add(&tar, &(struct pack_member){.name = "lib/out", .link = "../../etc", .type = '2'});
	pack_end(&tar);
	pack_bz2(lk_buf_view(&tar), &box.archive);
	box.record = pack_record("a-1-0.tar.bz2", lk_buf_view(&box.archive));
	put_archive(&box);
	for (int again = 0; again < 2; again++) {
		assert_refused(&box, (struct lk_tree_options){.strict = true},
			"symlink 'lib/out' -> '../../etc' leads out of the environment");
		assert_int_equal(ensure(&box), 0);
		assert_non_null(strstr(box.warned, "'lib/out' -> '../../etc'"));
	}
	assert_int_equal(box.warnings, 2);
	box_done(&box);
}

/* ---- many at once ---- */

static int ensure_index(void *ctx, size_t index, struct lk_error *err)
{
	struct box *box = ctx;
	(void)index;
	struct lk_tree tree;
	struct lk_tree_options options = {0};
	struct lk_report report = {0};
	int rc = lk_tree_ensure(box->cache, &box->record, &options, &report, &tree, err);
	if (rc == 0) {
		rc = tree.package->n_paths == 3 ? 0 : lk_fail(err, LK_E_BUG, "wrong paths");
		lk_tree_done(&tree);
	}
	return rc;
}

static void damage_maybe(struct box *box, int round)
{
	if (round % 2 == 1) {
		damage_shorten(box);
		box->warnings = 0;
	}
}

static void test_threads(void **state)
{
	(void)state;
	for (int round = 0; round < 6; round++) {
		struct box box;
		box_init(&box);
		damage_maybe(&box, round);
		int rc = lk_workers_run(4, 16, ensure_index, &box, &box.err);
		assert_string_equal(box.err.message, "");
		assert_int_equal(rc, 0);
		box_done(&box);
	}
}

static void test_processes(void **state)
{
	(void)state;
	for (int round = 0; round < 6; round++) {
		struct box box;
		box_init(&box);
		damage_maybe(&box, round);
		pid_t pids[5];
		for (size_t i = 0; i < LK_COUNTOF(pids); i++) {
			pids[i] = fork();
			assert_true(pids[i] >= 0);
			if (pids[i] == 0) {
				_exit(ensure_index(&box, i, &box.err) == 0 ? 0 : 1);
			}
		}
		for (size_t i = 0; i < LK_COUNTOF(pids); i++) {
			int status;
			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_int_equal(status, 0);
		}
		assert_int_equal(ensure(&box), 0);
		assert_int_equal(box.warnings, 0);
		box_done(&box);
	}
}

/* A stranger's tree is held against the archive, not only against the seal beside it. */
static void test_foreign(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		skip();
	}
	struct box box;
	box_init(&box);
	struct lk_tree tree;
	assert_int_equal(ensure_with(&box, (struct lk_tree_options){0}, &tree), 0);
	assert_int_equal(fchownat(tree.fd, ".lockenv-seal", 65534, 65534, 0), 0);
	lk_tree_done(&tree);
	assert_int_equal(ensure(&box), 0);
	assert_int_equal(box.warnings, 0);
	/* Its own seal is right, but it is not what the archive holds. */
	struct box other;
	box_init_with(&other, "a-1-0.tar.bz2", INDEX, "{\"paths\": [" TOOL_PATH "]}");
	struct lk_tree evil;
	assert_int_equal(ensure_with(&other, (struct lk_tree_options){0}, &evil), 0);
	assert_int_equal(ensure_with(&box, (struct lk_tree_options){0}, &tree), 0);
	struct lk_error err;
	assert_int_equal(lk_fs_remove_tree(AT_FDCWD, tree.path, &err), 0);
	assert_int_equal(rename(evil.path, tree.path), 0);
	assert_int_equal(fchown(evil.fd, 65534, 65534), 0);
	lk_tree_done(&tree);
	lk_tree_done(&evil);
	assert_int_equal(ensure_with(&box, (struct lk_tree_options){0}, &tree), 0);
	assert_int_equal(tree.package->n_paths, 3);
	assert_int_equal(box.warnings, 1);
	lk_tree_done(&tree);
	box_done(&other);
	box_done(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_and_found),
		cmocka_unit_test(test_damaged_tree),
		cmocka_unit_test(test_verify),
		cmocka_unit_test(test_unsettled),
		cmocka_unit_test(test_damaged_without_archive),
		cmocka_unit_test(test_damaged_archive),
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_wrong_package),
		cmocka_unit_test(test_no_list),
		cmocka_unit_test(test_linked_metadata),
		cmocka_unit_test(test_links_outside),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_foreign),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
