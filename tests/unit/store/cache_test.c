/*
 * The cache folder: opening, taking in, importing.
 */
#include "store/cache.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/support/pack.h"

static const lk_str content = {"not really an archive", 21};

struct box {
	char *root;
	char *from; /* a folder to import from */
	struct lk_cache *cache;
	struct lk_record record;
	struct lk_error err;
};

static void box_init(struct box *box)
{
	memset(box, 0, sizeof(*box));
	box->root = pack_tmpdir();
	box->from = pack_tmpdir();
	assert_int_equal(lk_cache_open(box->root, true, &box->cache, &box->err), 0);
	box->record = pack_record("a-1-0.conda", content);
	box->record.channel = LK_STR("conda-forge");
	box->record.url = LK_STR("https://example.com:81/conda-forge/linux-64/a-1-0.conda");
}

static void box_done(struct box *box)
{
	struct lk_strs names = {0};
	struct lk_arena arena = {0};
	assert_int_equal(
		lk_fs_list(lk_cache_tmp_fd(box->cache), ".", &arena, &names, &box->err), 0);
	assert_int_equal(names.len, 0);
	lk_vec_done(&names);
	lk_arena_done(&arena);
	lk_cache_free(box->cache);
	pack_rmdir(box->from);
	pack_rmdir(box->root);
}

static int take_in(struct box *box, lk_str bytes)
{
	struct lk_cache_incoming incoming;
	assert_int_equal(lk_cache_begin(box->cache, &incoming, &box->err), 0);
	assert_int_equal(lk_fs_write_all(incoming.fd, bytes.ptr, bytes.len, "", &box->err), 0);
	struct lk_sha256 sha256 = lk_sha256_of(bytes.ptr, bytes.len);
	int rc =
		lk_cache_commit(box->cache, &incoming, &box->record, &sha256, bytes.len, &box->err);
	assert_int_equal(incoming.fd, -1);
	return rc;
}

static void test_open(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_cache *cache = NULL;
	char *root = pack_tmpdir();
	char path[256];
	snprintf(path, sizeof(path), "%s/deep/cache", root);
	assert_int_equal(lk_cache_open(path, false, &cache, &err), LK_E_NOT_FOUND);
	assert_int_equal(lk_cache_open(root, false, &cache, &err), LK_E_NOT_FOUND); /* no cache */
	assert_int_equal(lk_cache_open(path, true, &cache, &err), 0);
	assert_string_equal(lk_cache_path(cache), path);
	assert_int_equal(faccessat(lk_cache_dirfd(cache), "trees", F_OK, 0), 0);
	lk_cache_free(cache);
	assert_int_equal(lk_cache_open(path, false, &cache, &err), 0);
	lk_cache_free(cache);
	snprintf(path, sizeof(path), "%s/file", root);
	close(open(path, O_CREAT | O_WRONLY, 0644));
	assert_int_equal(lk_cache_open(path, true, &cache, &err), LK_E_FS);
	pack_rmdir(root);
}

static void test_commit(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	assert_false(lk_cache_has_archive(box.cache, &box.record));
	assert_int_equal(take_in(&box, LK_STR("not really an archivf")), LK_E_INTEGRITY);
	assert_non_null(strstr(box.err.message, "sha256 is "));
	assert_int_equal(take_in(&box, LK_STR("short")), LK_E_INTEGRITY);
	assert_non_null(strstr(box.err.message, "size is 5 bytes, expected are 21"));
	assert_false(lk_cache_has_archive(box.cache, &box.record));
	assert_int_equal(take_in(&box, content), 0);
	assert_true(lk_cache_has_archive(box.cache, &box.record));
	assert_int_equal(take_in(&box, content), 0);
	struct lk_cache_incoming incoming;
	assert_int_equal(lk_cache_begin(box.cache, &incoming, &box.err), 0);
	lk_cache_abort(box.cache, &incoming);
	/* One that is not whole does not count. */
	struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(1024);
	lk_cache_archive_name(&box.record, &name);
	int fd = openat(lk_cache_archives_fd(box.cache), lk_buf_cstr(&name), O_WRONLY | O_TRUNC);
	assert_true(fd >= 0);
	close(fd);
	assert_false(lk_cache_has_archive(box.cache, &box.record));
	box_done(&box);
}

/* Whatever lies under an archive's name gives way to the archive. */
static void test_in_the_way(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	int archives = lk_cache_archives_fd(box.cache);
	struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(1024);
	struct lk_buf LK_CLEANUP(lk_buf_done) below = LK_BUF_INIT(1024);
	lk_cache_archive_name(&box.record, &name);
	lk_buf_appendf(&below, "%s/deep/er", lk_buf_cstr(&name));
	assert_int_equal(lk_fs_mkdirs(archives, lk_buf_cstr(&below), 0, true, &box.err), 0);
	assert_false(lk_cache_has_archive(box.cache, &box.record));
	assert_int_equal(take_in(&box, content), 0);
	assert_true(lk_cache_has_archive(box.cache, &box.record));
	assert_int_equal(unlinkat(archives, lk_buf_cstr(&name), 0), 0);
	assert_int_equal(symlinkat("/nowhere", archives, lk_buf_cstr(&name)), 0);
	assert_false(lk_cache_has_archive(box.cache, &box.record));
	assert_int_equal(take_in(&box, content), 0);
	assert_true(lk_cache_has_archive(box.cache, &box.record));
	box_done(&box);
}

static void test_names(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	char fn[252];
	memset(fn, 'a', sizeof(fn));
	box.record.fn = lk_str_n(fn, sizeof(fn));
	assert_int_equal(take_in(&box, content), 0);
	assert_true(lk_cache_has_archive(box.cache, &box.record));
	static const char *const bad[] = {"", ".", "..", "a/b", "../../x"};
	for (size_t i = 0; i < LK_COUNTOF(bad); i++) {
		box.record.fn = lk_str_of(bad[i]);
		assert_int_equal(take_in(&box, content), LK_E_INTEGRITY);
		assert_false(lk_cache_has_archive(box.cache, &box.record));
	}
	box_done(&box);
}

static void put(struct box *box, const char *path, lk_str bytes)
{
	char full[512];
	snprintf(full, sizeof(full), "%s/%s", box->from, path);
	lk_str dir = lk_path_dirname(lk_str_of(full));
	char *made = lk_strndup(dir.ptr, dir.len);
	assert_int_equal(lk_fs_mkdirs(AT_FDCWD, made, 0, false, &box->err), 0);
	lk_free(made);
	assert_int_equal(
		lk_fs_write_atomic(AT_FDCWD, full, bytes.ptr, bytes.len, 0644, &box->err), 0);
}

static void test_import(void **state)
{
	(void)state;
	struct lk_record record = pack_record("a-1-0.conda", content);
	struct lk_buf LK_CLEANUP(lk_buf_done) ours = LK_BUF_INIT(1024);
	lk_buf_puts(&ours, "archives/");
	lk_cache_archive_name(&record, &ours);
	const char *const places[] = {"a-1-0.conda", "pkgs/a-1-0.conda", "linux-64/a-1-0.conda",
		"conda-forge/linux-64/a-1-0.conda",
		"https/example.com_81/conda-forge/linux-64/a-1-0.conda", lk_buf_cstr(&ours)};
	for (size_t i = 0; i < LK_COUNTOF(places); i++) {
		struct box box;
		box_init(&box);
		assert_int_equal(lk_cache_import(box.cache, box.from, &box.record, &box.err),
			LK_E_NOT_FOUND);
		put(&box, places[i], content);
		if (lk_cache_import(box.cache, box.from, &box.record, &box.err) != 0) {
			fail_msg("%s: %s", places[i], box.err.message);
		}
		assert_true(lk_cache_has_archive(box.cache, &box.record));
		box_done(&box);
	}
}

static void test_import_damaged(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	put(&box, "a-1-0.conda", LK_STR("not really an archivf"));
	assert_int_equal(
		lk_cache_import(box.cache, box.from, &box.record, &box.err), LK_E_INTEGRITY);
	assert_non_null(strstr(box.err.message, box.from));
	put(&box, "a-1-0.conda", LK_STR("short"));
	assert_int_equal(
		lk_cache_import(box.cache, box.from, &box.record, &box.err), LK_E_INTEGRITY);
	assert_false(lk_cache_has_archive(box.cache, &box.record));
	/* A good one elsewhere in the folder is still found. */
	put(&box, "linux-64/a-1-0.conda", content);
	assert_int_equal(lk_cache_import(box.cache, box.from, &box.record, &box.err), 0);
	/* A name that would leave the folder is not looked for. */
	box.record.subdir = LK_STR("..");
	box.record.channel = LK_STR("../..");
	box.record.url = LK_STR("https://../../a-1-0.conda");
	assert_int_equal(
		lk_cache_import(box.cache, box.from, &box.record, &box.err), LK_E_INTEGRITY);
	assert_int_equal(lk_cache_import(box.cache, "/nowhere", &box.record, &box.err), LK_E_FS);
	box_done(&box);
}

/* Read where they lie; of several files of the name the one with the right bytes. */
static void test_folder(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	struct lk_cache *folder = lk_cache_new();
	struct lk_blob blob = LK_BLOB_NONE;
	struct lk_report silent = {0};
	assert_int_equal(lk_cache_add_folder(folder, "/nowhere", &box.err), LK_E_NOT_FOUND);
	assert_int_equal(lk_cache_add_folder(folder, box.from, &box.err), 0);
	assert_false(lk_cache_is_writable(folder));
	assert_string_equal(lk_cache_names(folder), box.from);
	assert_int_equal(lk_cache_find(folder, &box.record, &box.err), LK_E_NOT_FOUND);
	put(&box, "a-1-0.conda", LK_STR("short"));
	assert_int_equal(lk_cache_find(folder, &box.record, &box.err), LK_E_INTEGRITY);
	assert_non_null(strstr(box.err.message, "size is 5 bytes, expected are 21"));
	put(&box, "a-1-0.conda", LK_STR("not really an archivf"));
	assert_int_equal(lk_cache_open_hashed(folder, &box.record, &silent, &blob, &box.err),
		LK_E_INTEGRITY);
	assert_non_null(strstr(box.err.message, "in the folder"));
	put(&box, "linux-64/a-1-0.conda", content);
	put(&box, "pkgs/a-1-0.conda", LK_STR("not really an archivg"));
	assert_int_equal(lk_cache_open_hashed(folder, &box.record, &silent, &blob, &box.err), 0);
	assert_int_equal(blob.size, content.len);
	lk_blob_done(&blob);
	struct lk_cache_incoming incoming;
	assert_int_equal(lk_cache_begin(folder, &incoming, &box.err), LK_E_USAGE);
	lk_cache_free(folder);
	box_done(&box);
}

static void test_sweep(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	int tmp = lk_cache_tmp_fd(box.cache);
	struct lk_cache_incoming live;
	struct lk_cache_incoming dead;
	assert_int_equal(lk_cache_begin(box.cache, &live, &box.err), 0);
	assert_int_equal(lk_cache_begin(box.cache, &dead, &box.err), 0);
	assert_int_equal(lk_fs_mkdirs(tmp, "tree-dead/lib", 0, true, &box.err), 0);
	assert_int_equal(symlinkat("../archives", tmp, "link-dead"), 0);
	const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	assert_int_equal(futimens(dead.fd, old), 0);
	assert_int_equal(utimensat(tmp, "tree-dead", old, 0), 0);
	assert_int_equal(utimensat(tmp, "link-dead", old, AT_SYMLINK_NOFOLLOW), 0);
	lk_cache_sweep(box.cache, 1000);
	assert_int_equal(faccessat(tmp, dead.name, F_OK, 0), 0); /* not before 1000 */
	lk_cache_sweep(box.cache, 1001);
	assert_int_equal(faccessat(tmp, live.name, F_OK, 0), 0);
	assert_int_not_equal(faccessat(tmp, dead.name, F_OK, 0), 0);
	assert_int_not_equal(faccessat(tmp, "tree-dead", F_OK, 0), 0);
	assert_int_not_equal(faccessat(tmp, "link-dead", F_OK, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(faccessat(lk_cache_archives_fd(box.cache), ".", F_OK, 0), 0);
	lk_cache_abort(box.cache, &live);
	lk_cache_abort(box.cache, &dead);
	box_done(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_folder),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_commit),
		cmocka_unit_test(test_in_the_way),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_import),
		cmocka_unit_test(test_import_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
