/*
 * Audits: what is damaged is set aside, what cannot be read just now is not.
 */
#include "store/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "tests/support/pack.h"

#define SHA "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

struct box {
	char *root;
	struct lk_cache *cache;
	struct lk_audit audit;
	struct lk_error err;
};

static int setup(void **state)
{
	struct box *box = lk_calloc(1, sizeof(*box));
	box->root = pack_tmpdir();
	assert_int_equal(lk_cache_open(box->root, true, &box->cache, &box->err), 0);
	*state = box;
	return 0;
}

static int teardown(void **state)
{
	struct box *box = *state;
	lk_cache_free(box->cache);
	pack_rmdir(box->root);
	lk_free(box);
	return 0;
}

static void audit(struct box *box, bool set_aside)
{
	int rc = lk_audit_run(box->cache, set_aside, 1, NULL, &box->audit, &box->err);
	assert_int_equal(rc, 0);
}

static bool is_there(int dirfd, const char *name)
{
	return faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void test_damaged(void **state)
{
	struct box *box = *state;
	static const char name[] = "p-1-0.conda-" SHA;
	int dir = lk_cache_archives_fd(box->cache);
	int fd = openat(dir, name, O_WRONLY | O_CREAT, 0644);
	assert_true(fd >= 0);
	close(fd);
	for (int set_aside = 0; set_aside <= 1; set_aside++) {
		audit(box, set_aside);
		assert_int_equal(box->audit.n_archives, 1);
		assert_int_equal(box->audit.findings.len, 1);
		assert_int_equal(box->audit.findings.items[0].aside, set_aside);
		assert_non_null(strstr(box->audit.findings.items[0].why.ptr, "its sha256 is "));
		assert_int_equal(is_there(dir, name), !set_aside);
		lk_audit_done(&box->audit);
	}
}

/* Two descriptors are needed to look into a tree; a run that has but one cannot judge it. */
static void test_unreadable(void **state)
{
	struct box *box = *state;
	static const char name[] = "p-1-0-" SHA;
	struct rlimit all;
	int dir = lk_cache_trees_fd(box->cache);
	assert_int_equal(mkdirat(dir, name, 0755), 0);
	int next = dup(dir);
	assert_true(next >= 0);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	const struct rlimit one = {(rlim_t)next + 1, all.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &one), 0);
	int rc = lk_audit_run(box->cache, true, 1, NULL, &box->audit, &box->err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
	assert_int_equal(rc, 0);
	assert_int_equal(box->audit.findings.len, 1);
	assert_false(box->audit.findings.items[0].aside);
	assert_true(is_there(dir, name));
	lk_audit_done(&box->audit);
	/* Now it can: it has no seal. */
	audit(box, true);
	assert_true(box->audit.findings.len == 1 && box->audit.findings.items[0].aside);
	assert_false(is_there(dir, name));
	lk_audit_done(&box->audit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreadable, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
