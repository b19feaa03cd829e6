/*
 * Cleaning: what goes by age, size and reachability, what stays, what is freed, what is never
 * touched.
 */
#include "store/clean.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/support/pack.h"

#define ALL ((1u << LK_USAGE_KINDS) - 1)
#define KILO ((size_t)4096) /* a file this large occupies just so much, near enough */

struct box {
	char *root;
	struct lk_cache *cache;
	struct lk_error err;
	int fd;
	unsigned warnings;
};

static void count_warning(void *ctx, const char *message)
{
	(void)message;
	(*(unsigned *)ctx)++;
}

static void box_init(struct box *box)
{
	memset(box, 0, sizeof(*box));
	box->root = pack_tmpdir();
	struct lk_cache *made;
	assert_int_equal(lk_cache_open(box->root, true, &made, &box->err), 0);
	lk_cache_free(made);
	assert_int_equal(lk_cache_open_existing(box->root, &box->cache, &box->err), 0);
	box->fd = lk_cache_dirfd(box->cache);
}

static void box_done(struct box *box)
{
	lk_cache_free(box->cache);
	pack_rmdir(box->root);
}

/* A file of SIZE bytes that was changed last at WHEN. */
static void put(struct box *box, const char *path, size_t size, int64_t when)
{
	struct lk_arena arena = {0};
	lk_str dir = lk_path_dirname(lk_str_of(path));
	assert_int_equal(lk_fs_mkdirs(box->fd, lk_str_dup(&arena, dir).ptr, 0, true, &box->err), 0);
	lk_arena_done(&arena);
	char *bytes = lk_calloc(1, size + 1);
	memset(bytes, 'x', size);
	int fd = openat(box->fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(lk_fs_write_all(fd, bytes, size, path, &box->err), 0);
	const struct timespec times[2] = {{.tv_sec = when}, {.tv_sec = when}};
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
	lk_free(bytes);
}

static void set_age(struct box *box, const char *path, int64_t when)
{
	const struct timespec times[2] = {{.tv_sec = when}, {.tv_sec = when}};
	assert_int_equal(utimensat(box->fd, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static bool there(struct box *box, const char *path)
{
	struct stat st;
	return fstatat(box->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static struct lk_clean_result clean(struct box *box, struct lk_clean_options options)
{
	struct lk_report report = {.ctx = &box->warnings, .warn = count_warning};
	struct lk_clean_result result;
	options.kinds = options.kinds ? options.kinds : ALL;
	if (lk_cache_clean(box->cache, &options, &report, &result, &box->err) != 0) {
		fail_msg("%s", box->err.message);
	}
	return result;
}

/* Cleans; the count of what went. */
static size_t cleaned(struct box *box, struct lk_clean_options options)
{
	struct lk_clean_result result = clean(box, options);
	size_t n = result.removed.len;
	lk_clean_result_done(&result);
	return n;
}

#define SHA(c)                                                                                     \
	c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c  \
		c c c c c c c c c c c c c c c c c c c
#define A "a-1-0.conda-" SHA("a")
#define B "b-1-0.conda-" SHA("b")
#define TREE_A "a-1-0-" SHA("a")
#define TREE_B "b-1-0-" SHA("b")

static void fill(struct box *box)
{
	put(box, "archives/" A, 1000, 100);
	put(box, "archives/" B, 1000, 200);
	put(box, "trees/" TREE_A "/lib/a", 1000, 5);
	put(box, "trees/" TREE_B "/lib/b", 1000, 5);
	set_age(box, "trees/" TREE_A, 150);
	set_age(box, "trees/" TREE_B, 250);
	put(box, "repodata/01234567.json.zst", 1000, 120);
	put(box, "repodata/shards/" SHA("0") ".msgpack.zst", 1000, 300);
}

static void test_age(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	fill(&box);
	struct lk_clean_options by_age = {.by_age = true, .before = 150, .dry_run = true};
	assert_int_equal(cleaned(&box, by_age), 2);
	assert_true(there(&box, "archives/" A));
	by_age.dry_run = false;
	struct lk_clean_result result = clean(&box, by_age);
	assert_int_equal(result.removed.len, 2);
	assert_string_equal(result.removed.items[0].path.ptr, "archives/" A);
	assert_string_equal(result.removed.items[1].path.ptr, "repodata/01234567.json.zst");
	assert_true(result.freed >= 2000);
	assert_int_equal(result.kept, 4);
	lk_clean_result_done(&result);
	assert_false(there(&box, "archives/" A));
	assert_true(there(&box, "archives/" B));
	by_age.before = 251;
	by_age.kinds = 1u << LK_USAGE_TREE;
	assert_int_equal(cleaned(&box, by_age), 2);
	assert_false(there(&box, "trees/" TREE_A));
	assert_true(there(&box, "archives/" B));
	assert_int_equal(cleaned(&box, (struct lk_clean_options){0}), 2);
	assert_int_equal(cleaned(&box, (struct lk_clean_options){0}), 0);
	box_done(&box);
}

static void test_size(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	put(&box, "archives/" A, 10 * KILO, 300);
	put(&box, "archives/" B, 10 * KILO, 100);
	put(&box, "archives/c-1-0.conda-" SHA("c"), 10 * KILO, 200);
	struct lk_clean_options by_size = {.by_size = true, .max_size = 40 * KILO};
	assert_int_equal(cleaned(&box, by_size), 0);
	by_size.max_size = 25 * KILO;
	assert_int_equal(cleaned(&box, by_size), 1);
	assert_false(there(&box, "archives/" B)); /* used longest ago */
	by_size.max_size = 0;
	struct lk_clean_result result = clean(&box, by_size);
	assert_int_equal(result.removed.len, 2);
	assert_int_equal(result.left, 0);
	lk_clean_result_done(&result);
	box_done(&box);
}

static void test_keep(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	fill(&box);
	struct lk_record record = {.fn = LK_STR("a-1-0.conda"), .has_sha256 = true};
	memset(record.sha256.bytes, 0xaa, LK_SHA256_LEN);
	struct lk_clean_options keep = {
		.keep = &record, .n_keep = 1, .by_age = true, .before = 1000};
	keep.kinds = 1u << LK_USAGE_ARCHIVE | 1u << LK_USAGE_TREE;
	assert_int_equal(cleaned(&box, keep), 2);
	assert_true(there(&box, "archives/" A));
	assert_true(there(&box, "trees/" TREE_A));
	assert_false(there(&box, "archives/" B));
	assert_false(there(&box, "trees/" TREE_B));
	keep.by_size = true;
	keep.max_size = 0;
	assert_int_equal(cleaned(&box, keep), 0);
	/* Another build of the same name is not kept. */
	record.sha256.bytes[31] = 0;
	assert_int_equal(cleaned(&box, keep), 2);
	box_done(&box);
}

/* Files that an environment shares free nothing; two names in the cache free once. */
static void test_hard_links(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	put(&box, "trees/" TREE_A "/lib/a", 100 * KILO, 5);
	put(&box, "trees/" TREE_A "/lib/alone", 3 * KILO, 5);
	assert_int_equal(
		linkat(box.fd, "trees/" TREE_A "/lib/a", box.fd, "trees/" TREE_A "/lib/again", 0),
		0);
	put(&box, "trees/" TREE_B "/lib/b", 200 * KILO, 5);
	set_age(&box, "trees/" TREE_A, 100);
	set_age(&box, "trees/" TREE_B, 200);
	assert_int_equal(mkdirat(box.fd, "env", 0755), 0);
	assert_int_equal(linkat(box.fd, "trees/" TREE_B "/lib/b", box.fd, "env/b", 0), 0);
	struct lk_clean_result result = clean(&box, (struct lk_clean_options){.dry_run = true});
	assert_int_equal(result.removed.len, 2);
	assert_true(result.removed.items[0].freed >= 103 * KILO);
	assert_true(result.removed.items[0].freed < 150 * KILO);
	assert_true(result.removed.items[1].bytes >= 200 * KILO);
	assert_true(result.removed.items[1].freed < 50 * KILO);
	assert_int_equal(
		result.freed, result.removed.items[0].freed + result.removed.items[1].freed);
	lk_clean_result_done(&result);
	/* What counts is what the cache alone holds. */
	assert_int_equal(
		cleaned(&box, (struct lk_clean_options){.by_size = true, .max_size = 130 * KILO}),
		0);
	assert_int_equal(cleaned(&box, (struct lk_clean_options){0}), 2);
	struct stat st;
	assert_int_equal(fstatat(box.fd, "env/b", &st, 0), 0);
	assert_int_equal(st.st_size, 200 * KILO);
	box_done(&box);
}

/* What is no entry of ours stays, and no link is followed. */
static void test_strangers(void **state)
{
	(void)state;
	struct box box;
	struct box other;
	box_init(&box);
	box_init(&other);
	put(&other, "precious/file", 10, 5);
	char target[300];
	snprintf(target, sizeof(target), "%s/precious", other.root);
	put(&box, "archives/notes.txt", 10, 5);
	put(&box, "trees/mine/file", 10, 5);
	put(&box, "repodata/readme", 10, 5);
	put(&box, "tmp/mine", 10, 5);
	put(&box, "elsewhere", 10, 5);
	assert_int_equal(symlinkat(target, box.fd, "archives/" A), 0);
	assert_int_equal(symlinkat(target, box.fd, "trees/" TREE_A), 0);
	put(&box, "trees/" TREE_B "/lib/b", 10, 5);
	assert_int_equal(symlinkat(target, box.fd, "trees/" TREE_B "/lib/link"), 0);
	assert_int_equal(symlinkat(target, box.fd, "tmp/clean-aaaaaa"), 0);
	assert_int_equal(cleaned(&box, (struct lk_clean_options){.idle_before = INT64_MAX}), 3);
	assert_false(there(&box, "archives/" A)); /* the link, not where it leads */
	assert_false(there(&box, "trees/" TREE_B));
	assert_false(there(&box, "tmp/clean-aaaaaa"));
	assert_true(there(&box, "trees/" TREE_A)); /* no tree */
	assert_true(there(&other, "precious/file"));
	static const char *const stay[] = {"archives/notes.txt", "trees/mine/file",
		"repodata/readme", "tmp/mine", "elsewhere"};
	for (size_t i = 0; i < LK_COUNTOF(stay); i++) {
		if (!there(&box, stay[i])) {
			fail_msg("%s", stay[i]);
		}
	}
	box_done(&box);
	box_done(&other);
}

static void test_unfinished(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	put(&box, "tmp/tree-aaaaaa/lib/x", 10, 5);
	set_age(&box, "tmp/tree-aaaaaa", 100);
	put(&box, "tmp/incoming-bbbbbb", 10, 300);
	put(&box, "tmp/partial," SHA("a") ",free-cccccc", 10, 300);
	put(&box, "tmp/partial," SHA("b") ",owner,elsewhere,x,1,2,3-dddddd", 10, 300);
	put(&box, "tmp/damaged-eeeeee/" A, 10, 300);
	assert_int_equal(cleaned(&box, (struct lk_clean_options){.idle_before = 200}), 3);
	assert_false(there(&box, "tmp/tree-aaaaaa"));
	assert_false(there(&box, "tmp/damaged-eeeeee"));
	assert_true(there(&box, "tmp/incoming-bbbbbb"));
	assert_true(there(&box, "tmp/partial," SHA("b") ",owner,elsewhere,x,1,2,3-dddddd"));
	assert_int_equal(cleaned(&box, (struct lk_clean_options){.idle_before = 301}), 2);
	box_done(&box);
}

/* A folder that only looks a little like a cache is none. */
static void test_no_cache(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_cache *cache;
	char *root = pack_tmpdir();
	char path[300];
	snprintf(path, sizeof(path), "%s/archives", root);
	assert_int_equal(lk_cache_open_existing(root, &cache, &err), LK_E_NOT_FOUND);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(lk_cache_open_existing(root, &cache, &err), LK_E_NOT_FOUND);
	assert_non_null(strstr(err.message, "is no cache"));
	pack_rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_keep),
		cmocka_unit_test(test_hard_links),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_unfinished),
		cmocka_unit_test(test_no_cache),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
