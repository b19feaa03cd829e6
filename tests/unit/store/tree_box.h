/*
 * A cache with the archive of one small package, and the trees that are made of it. Include it once
 * in a test program.
 */
#ifndef LK_TESTS_STORE_TREE_BOX_H
#define LK_TESTS_STORE_TREE_BOX_H

#include "store/tree.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/support/pack.h"

#define INDEX                                                                                      \
	"{\"name\": \"a\", \"version\": \"1\", \"build\": \"0\", \"build_number\": 0, "            \
	"\"depends\": [], \"subdir\": \"linux-64\"}"

/* A package with bin/tool and lib/data, and a cache that holds its archive. */
struct box {
	char *root;
	struct lk_cache *cache;
	struct lk_buf archive;
	struct lk_record record;
	struct lk_error err;
	unsigned warnings;
	char warned[1024]; /* the last warning */
};

static LK_UNUSED void warn(void *ctx, const char *message)
{
	struct box *box = ctx;
	box->warnings++;
	snprintf(box->warned, sizeof(box->warned), "%s", message);
}

static LK_UNUSED void put_archive(struct box *box)
{
	struct lk_cache_incoming incoming;
	assert_int_equal(lk_cache_begin(box->cache, &incoming, &box->err), 0);
	assert_int_equal(
		lk_fs_write_all(incoming.fd, box->archive.ptr, box->archive.len, "", &box->err), 0);
	assert_int_equal(lk_cache_commit(box->cache, &incoming, &box->record, &box->record.sha256,
				 box->archive.len, &box->err),
		0);
}

static LK_UNUSED void box_init_with(
	struct box *box, const char *fn, const char *index, const char *paths)
{
	memset(box, 0, sizeof(*box));
	box->root = pack_tmpdir();
	assert_int_equal(lk_cache_open(box->root, true, &box->cache, &box->err), 0);
	lk_buf_init(&box->archive, PACK_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) info = LK_BUF_INIT(PACK_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) pkg = LK_BUF_INIT(PACK_MAX);
	if (index) {
		pack_file(&info, "info/index.json", index);
	}
	if (paths) {
		pack_file(&info, "info/paths.json", paths);
	} else {
		pack_file(&info, "info/files", "bin/tool\nlib/data\nlib/link\n");
	}
	pack_add(&pkg,
		&(struct pack_member){
			.name = "bin/tool", .text = "tool", .type = '0', .mode = 0755});
	pack_file(&pkg, "lib/data", "data");
	pack_add(&pkg, &(struct pack_member){.name = "lib/link", .link = "data", .type = '2'});
	if (strstr(fn, ".conda")) {
		pack_end(&info);
		pack_end(&pkg);
		pack_conda(lk_buf_view(&info), lk_buf_view(&pkg), &box->archive);
	} else {
		lk_buf_put(&info, lk_buf_view(&pkg));
		pack_end(&info);
		pack_bz2(lk_buf_view(&info), &box->archive);
	}
	box->record = pack_record(fn, lk_buf_view(&box->archive));
	put_archive(box);
}

static LK_UNUSED void box_init(struct box *box)
{
	box_init_with(box, "a-1-0.conda", INDEX, NULL);
}

static LK_UNUSED void box_done(struct box *box)
{
	struct lk_strs names = {0};
	struct lk_arena arena = {0};
	assert_int_equal(
		lk_fs_list(lk_cache_tmp_fd(box->cache), ".", &arena, &names, &box->err), 0);
	assert_int_equal(names.len, 0); /* nothing unfinished is left behind */
	lk_vec_done(&names);
	lk_arena_done(&arena);
	lk_cache_free(box->cache);
	lk_buf_done(&box->archive);
	pack_rmdir(box->root);
}

static LK_UNUSED int ensure_with(
	struct box *box, struct lk_tree_options options, struct lk_tree *ret)
{
	struct lk_report report = {.ctx = box, .warn = warn};
	lk_error_clear(&box->err);
	return lk_tree_ensure(box->cache, &box->record, &options, &report, ret, &box->err);
}

static LK_UNUSED int ensure(struct box *box)
{
	struct lk_tree tree;
	int rc = ensure_with(box, (struct lk_tree_options){0}, &tree);
	if (rc == 0) {
		lk_tree_done(&tree);
	}
	return rc;
}

static LK_UNUSED void assert_refused(
	struct box *box, struct lk_tree_options options, const char *why)
{
	struct lk_tree tree;
	int rc = ensure_with(box, options, &tree);
	if (rc != LK_E_INTEGRITY || !strstr(box->err.message, why)) {
		fail_msg("%d '%s', not '%s'", rc, box->err.message, why);
	}
}

static LK_UNUSED void open_rw(struct box *box, const char *path, int *ret_fd)
{
	struct lk_tree tree;
	assert_int_equal(ensure_with(box, (struct lk_tree_options){0}, &tree), 0);
	*ret_fd = openat(tree.fd, path, O_RDWR);
	assert_true(*ret_fd >= 0);
	lk_tree_done(&tree);
}

static LK_UNUSED void damage_flip(struct box *box)
{
	int fd;
	open_rw(box, "lib/data", &fd);
	assert_int_equal(pwrite(fd, "D", 1, 0), 1);
	close(fd);
}

static LK_UNUSED void check_healed(struct box *box, const char *what)
{
	if (ensure(box) != 0 || box->warnings != 1) {
		fail_msg("%s: %u warnings, '%s'", what, box->warnings, box->err.message);
	}
	box->warnings = 0;
	int fd;
	open_rw(box, "lib/data", &fd);
	char text[5] = "";
	assert_int_equal(pread(fd, text, 4, 0), 4);
	assert_string_equal(text, "data");
	close(fd);
	assert_int_equal(box->warnings, 0);
}

#endif
