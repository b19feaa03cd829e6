/*
 * Link scripts seen in archives and trees of the cache.
 */
#include "store/link_scripts.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "store/cache_priv.h"
#include "tests/support/pack.h"

enum found {
	FOUND_NONE,
	FOUND_SOME,
	FOUND_NOTHING_KNOWN,
	FOUND_DAMAGED,
};

static enum found look(const struct lk_cache *cache, const struct lk_record *record)
{
	struct lk_error err = LK_ERROR_INIT;
	bool has = false;
	int rc = lk_cache_has_link_scripts(cache, record, &has, &err);
	if (rc < 0) {
		assert_true(rc == LK_E_NOT_FOUND || rc == LK_E_INTEGRITY);
		return rc == LK_E_NOT_FOUND ? FOUND_NOTHING_KNOWN : FOUND_DAMAGED;
	}
	return has ? FOUND_SOME : FOUND_NONE;
}

static struct lk_record take_in(struct lk_cache *cache, const char *fn, lk_str bytes)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_record record = pack_record(fn, bytes);
	struct lk_cache_incoming incoming;
	record.name = LK_STR("a");
	assert_int_equal(lk_cache_begin(cache, &incoming, &err), 0);
	assert_int_equal(lk_fs_write_all(incoming.fd, bytes.ptr, bytes.len, "", &err), 0);
	assert_int_equal(
		lk_cache_commit(cache, &incoming, &record, &record.sha256, bytes.len, &err), 0);
	return record;
}

/* An archive whose info/ has MEMBER with TEXT. */
static struct lk_record with_member(
	struct lk_cache *cache, const char *fn, const char *member, const char *text)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) info = LK_BUF_INIT(PACK_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) pkg = LK_BUF_INIT(PACK_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(PACK_MAX);
	pack_file(&info, "info/index.json", "{}");
	pack_file(&info, member, text);
	pack_end(&info);
	pack_file(&pkg, "lib/a", "a");
	pack_end(&pkg);
	if (lk_str_ends(lk_str_of(fn), LK_STR(".conda"))) {
		pack_conda(lk_buf_view(&info), lk_buf_view(&pkg), &out);
	} else {
		pack_bz2(lk_buf_view(&info), &out);
	}
	return take_in(cache, fn, lk_buf_view(&out));
}

static void test_archives(void **state)
{
	(void)state;
	static const struct {
		const char *fn, *member, *text;
		enum found found;
	} rows[] = {
		{"a-1-0.conda", "info/paths.json", "{\"paths\": [{\"_path\": \"lib/a\"}]}",
			FOUND_NONE},
		{"a-1-1.conda", "info/paths.json",
			"{\"paths\": [{\"_path\": \"bin/.a-post-link.sh\"}]}", FOUND_SOME},
		{"a-1-2.conda", "info/paths.json",
			"{\"paths\": [{\"_path\": \"bin/.a-pre-unlink.sh\"}]}", FOUND_SOME},
		{"a-1-3.conda", "info/paths.json",
			"{\"paths\": [{\"_path\": \"Scripts/.a-post-link.bat\"}]}", FOUND_SOME},
		/* Another package's, or another place, is none. */
		{"a-1-4.conda", "info/paths.json",
			"{\"paths\": [{\"_path\": \"bin/.b-post-link.sh\"}, "
			"{\"_path\": \"share/bin/.a-post-link.sh\"}]}",
			FOUND_NONE},
		{"a-1-5.tar.bz2", "info/paths.json",
			"{\"paths\": [{\"_path\": \"bin/.a-pre-link.sh\"}]}", FOUND_SOME},
		{"a-1-6.tar.bz2", "info/files", "lib/a\nbin/.a-post-link.sh\n", FOUND_SOME},
		{"a-1-7.tar.bz2", "info/files", "lib/a\n", FOUND_NONE},
		/* What does not say what it holds, or says no sense, is not known. */
		{"a-1-8.conda", "info/about.json", "{}", FOUND_DAMAGED},
		{"a-1-9.conda", "info/paths.json", "{", FOUND_DAMAGED},
		{"a-1-10.conda", "info/paths.json", "[1, null, {\"paths\": 3}]", FOUND_NONE},
	};
	struct lk_error err = LK_ERROR_INIT;
	struct lk_cache *cache;
	char *root = pack_tmpdir();
	assert_int_equal(lk_cache_open(root, true, &cache, &err), 0);
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_record record =
			with_member(cache, rows[i].fn, rows[i].member, rows[i].text);
		enum found found = look(cache, &record);
		if (found != rows[i].found) {
			fail_msg("row %zu: %d", i, (int)found);
		}
	}
	struct lk_record broken = take_in(cache, "a-2-0.conda", LK_STR("no archive at all"));
	assert_int_equal(look(cache, &broken), FOUND_DAMAGED);
	struct lk_record absent = pack_record("a-3-0.conda", LK_STR("not there"));
	assert_int_equal(look(cache, &absent), FOUND_NOTHING_KNOWN);
	lk_cache_free(cache);
	pack_rmdir(root);
}

static void test_trees(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_cache *cache;
	char *root = pack_tmpdir();
	assert_int_equal(lk_cache_open(root, true, &cache, &err), 0);
	struct lk_record record = pack_record("a-1-0.conda", LK_STR("x"));
	record.name = LK_STR("a");
	struct lk_buf name = LK_BUF_INIT(NAME_MAX);
	lk_cache_entry_name(LK_STR("a-1-0"), &record, &name);
	assert_int_equal(mkdirat(lk_cache_trees_fd(cache), lk_buf_cstr(&name), 0755), 0);
	assert_int_equal(look(cache, &record), FOUND_NONE);
	int tree = openat(lk_cache_trees_fd(cache), lk_buf_cstr(&name), O_RDONLY | O_DIRECTORY);
	assert_int_equal(mkdirat(tree, "bin", 0755), 0);
	int fd = openat(tree, "bin/.a-post-link.sh", O_CREAT | O_WRONLY, 0644);
	assert_true(fd >= 0);
	assert_int_equal(look(cache, &record), FOUND_SOME);
	lk_close_p(&fd);
	lk_close_p(&tree);
	lk_buf_done(&name);
	lk_cache_free(cache);
	pack_rmdir(root);
}

/* A cache that is only looked at may have no trees. */
static void test_empty(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_cache *cache;
	char *root = pack_tmpdir();
	struct lk_record record = pack_record("a-1-0.conda", LK_STR("x"));
	record.name = LK_STR("a");
	char *archives = lk_asprintf("%s/archives", root);
	assert_int_equal(mkdir(archives, 0755), 0);
	lk_free(archives);
	assert_int_equal(lk_cache_open(root, false, &cache, &err), 0);
	assert_int_equal(look(cache, &record), FOUND_NOTHING_KNOWN);
	lk_cache_free(cache);
	pack_rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_archives),
		cmocka_unit_test(test_trees),
		cmocka_unit_test(test_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
