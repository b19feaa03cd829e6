/*
 * Claims: one has it, the others know who; void ones are taken over; where none can be made all is
 * free.
 */
#include "store/claim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/owner.h"
#include "tests/support/pack.h"

#define SHA "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

struct box {
	char *root;
	struct lk_cache *cache;
	struct lk_claims *claims;
	struct lk_record record;
	struct lk_error err;
	int tmp;
};

static void box_init(struct box *box)
{
	memset(box, 0, sizeof(*box));
	box->root = pack_tmpdir();
	assert_int_equal(lk_cache_open(box->root, true, &box->cache, &box->err), 0);
	box->tmp = lk_cache_tmp_fd(box->cache);
	for (unsigned char i = 0; i < LK_SHA256_LEN; i++) {
		box->record.sha256.bytes[i] = i;
	}
	box->record.has_sha256 = true;
	box->claims = lk_claims_new(box->cache);
}

static size_t n_files(struct box *box)
{
	struct lk_strs names = {0};
	struct lk_arena arena = {0};
	assert_int_equal(lk_fs_list(box->tmp, ".", &arena, &names, &box->err), 0);
	size_t n = names.len;
	lk_vec_done(&names);
	lk_arena_done(&arena);
	return n;
}

static void box_done(struct box *box)
{
	lk_claims_free(box->claims);
	assert_int_equal(n_files(box), 0);
	lk_cache_free(box->cache);
	pack_rmdir(box->root);
}

static bool take(struct box *box)
{
	return lk_claim_take(box->claims, LK_CLAIM_ARCHIVE, &box->record, NULL);
}

static void release(struct box *box)
{
	lk_claim_release(box->claims, LK_CLAIM_ARCHIVE, &box->record);
}

/* What another process with the same cache gets, and whom it hears of. */
static bool other_takes(struct box *box)
{
	pid_t pid = fork();
	if (pid == 0) {
		struct lk_claims *claims = lk_claims_new(box->cache);
		struct lk_buf who = LK_BUF_INIT(256);
		char want[64];
		snprintf(want, sizeof(want), "process %ld on ", (long)getppid());
		bool taken = lk_claim_take(claims, LK_CLAIM_ARCHIVE, &box->record, &who);
		bool told = taken || strncmp(lk_buf_cstr(&who), want, strlen(want)) == 0;
		lk_buf_done(&who);
		lk_claims_free(claims);
		_exit(told ? taken : 2);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status);
}

static void test_one_has_it(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	assert_int_equal(n_files(&box), 0);
	assert_true(take(&box));
	assert_int_equal(n_files(&box), 2);
	assert_true(take(&box)); /* nobody waits for oneself */
	assert_false(other_takes(&box));
	assert_true(lk_claim_take(box.claims, LK_CLAIM_TREE, &box.record, NULL));
	lk_claim_release(box.claims, LK_CLAIM_TREE, &box.record);
	assert_false(other_takes(&box));
	release(&box);
	assert_true(other_takes(&box));
	assert_true(take(&box));
	box_done(&box); /* gives back what is held */
}

/* A process that was killed leaves its claim: whoever comes next sees that it is gone. */
static void test_killed(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	pid_t pid = fork();
	if (pid == 0) {
		struct lk_claims *claims = lk_claims_new(box.cache);
		bool taken = lk_claim_take(claims, LK_CLAIM_ARCHIVE, &box.record, NULL);
		_exit(taken ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(n_files(&box), 2);
	assert_true(take(&box));
	assert_false(other_takes(&box));
	release(&box);
	lk_cache_sweep(box.cache, INT64_MAX);
	box_done(&box);
}

/* Puts a claim as a process on another machine, which nobody can look at, would leave it; its sign
 * of life is AGE seconds old. HARD: a hard link, else a symlink. */
static void put_strange(struct box *box, const char *life, long age, bool hard)
{
	struct stat st;
	int fd = openat(box->tmp, life, O_WRONLY | O_CREAT, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, life, strlen(life)), strlen(life));
	assert_int_equal(futimens(fd, NULL), 0);
	assert_int_equal(fstat(fd, &st), 0);
	st.st_mtim.tv_sec -= age;
	const struct timespec times[2] = {st.st_mtim, st.st_mtim};
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
	(void)unlinkat(box->tmp, "claim,archive," SHA, 0);
	int rc = hard ? linkat(box->tmp, life, box->tmp, "claim,archive," SHA, 0)
		      : symlinkat(life, box->tmp, "claim,archive," SHA);
	assert_int_equal(rc, 0);
}

static void other_machine(bool hard)
{
	static const char life[] = "claims,owner,node7,boot,1,2,3-abcdef";
	struct box box;
	box_init(&box);
	put_strange(&box, life, 0, hard);
	assert_false(take(&box));
	put_strange(&box, life, LK_CLAIM_QUIET_S - 20, hard);
	assert_false(take(&box));
	put_strange(&box, life, -3600, hard); /* the file server's clock was put back */
	assert_true(take(&box));
	release(&box);
	put_strange(&box, life, LK_CLAIM_QUIET_S + 20, hard);
	assert_true(take(&box));
	release(&box);
	put_strange(&box, life, 0, hard);
	assert_int_equal(unlinkat(box.tmp, life, 0), 0); /* it has ended */
	assert_true(take(&box));
	release(&box);
	box_done(&box);
}

static void test_other_machine(void **state)
{
	(void)state;
	other_machine(true);
	other_machine(false);
}

/* Somebody who took a claim over, for its holder was quiet, keeps it when that awakes. */
static void taken_over(bool hard)
{
	static const char life[] = "claims,owner,node7,boot,1,2,3-abcdef";
	struct box box;
	box_init(&box);
	for (int freed = 0; freed <= 1; freed++) {
		assert_true(take(&box));
		put_strange(&box, life, 0, hard);
		if (freed) {
			lk_claims_free(box.claims);
			box.claims = lk_claims_new(box.cache);
		} else {
			release(&box);
		}
		assert_false(take(&box));
		assert_int_equal(unlinkat(box.tmp, life, 0), 0);
	}
	assert_true(take(&box));
	release(&box);
	box_done(&box);
}

static void test_taken_over(void **state)
{
	(void)state;
	taken_over(true);
	taken_over(false);
}

/* A sign of life that cannot be opened (another user's, no descriptor left) still has an age. */
static void not_opened(bool hard)
{
	static const char life[] = "claims,owner,node7,boot,1,2,3-abcdef";
	struct rlimit all;
	struct box box;
	box_init(&box);
	put_strange(&box, life, 0, hard);
	assert_false(take(&box));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	const struct rlimit none = {0, all.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	bool taken_young = take(&box);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
	put_strange(&box, life, LK_CLAIM_QUIET_S + 20, hard);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	bool taken_old = take(&box);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
	assert_false(taken_young);
	assert_true(taken_old);
	release(&box);
	assert_int_equal(unlinkat(box.tmp, life, 0), 0);
	box_done(&box);
}

static void test_not_opened(void **state)
{
	(void)state;
	not_opened(true);
	not_opened(false);
}

/* What stands under a claim's name and is none is no reason to wait. */
static void test_garbage(void **state)
{
	(void)state;
	static const char *const targets[] = {"x", "/etc/passwd", "claims,x", "claims,-abcdef",
		"claims,owner,n,b,1,2-abcdef", "../claims,owner,n,b,1,2,3-abcdef"};
	for (size_t i = 0; i < LK_COUNTOF(targets); i++) {
		struct box box;
		box_init(&box);
		assert_int_equal(symlinkat(targets[i], box.tmp, "claim,archive," SHA), 0);
		if (!take(&box) || other_takes(&box)) {
			fail_msg("'%s'", targets[i]);
		}
		box_done(&box);
	}
	for (size_t i = 0; i < LK_COUNTOF(targets); i++) {
		struct box box;
		box_init(&box);
		int fd = openat(box.tmp, "claim,archive," SHA, O_WRONLY | O_CREAT, 0644);
		assert_int_equal(write(fd, targets[i], strlen(targets[i])), strlen(targets[i]));
		close(fd);
		if (!take(&box) || other_takes(&box)) {
			fail_msg("a file with '%s'", targets[i]);
		}
		box_done(&box);
	}
	struct box box;
	box_init(&box);
	assert_int_equal(mkdirat(box.tmp, "claim,archive," SHA, 0755), 0);
	assert_true(take(&box)); /* cannot be removed: all is free */
	assert_int_equal(unlinkat(box.tmp, "claim,archive," SHA, AT_REMOVEDIR), 0);
	box_done(&box);
}

static void test_only_read(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	struct lk_cache *look;
	assert_int_equal(lk_cache_open(box.root, false, &look, &box.err), 0);
	struct lk_claims *claims = lk_claims_new(look);
	assert_true(lk_claim_take(claims, LK_CLAIM_TREE, &box.record, NULL));
	lk_claims_beat(claims);
	lk_claims_pause(claims, 0);
	lk_claim_release(claims, LK_CLAIM_TREE, &box.record);
	assert_int_equal(n_files(&box), 0);
	lk_claims_free(claims);
	lk_cache_free(look);
	lk_claims_beat(NULL);
	lk_claims_free(NULL);
	box_done(&box);
}

static void test_beat(void **state)
{
	(void)state;
	struct box box;
	struct stat st;
	struct lk_strs names = {0};
	struct lk_arena arena = {0};
	const struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
	box_init(&box);
	assert_true(take(&box));
	assert_int_equal(lk_fs_list(box.tmp, "claims", &arena, &names, &box.err), LK_E_NOT_FOUND);
	assert_int_equal(lk_fs_list(box.tmp, ".", &arena, &names, &box.err), 0);
	const char *life = names.items[1].ptr;
	assert_int_equal(strncmp(life, "claims,owner,", 13), 0);
	assert_int_equal(utimensat(box.tmp, life, old, 0), 0);
	lk_claims_beat(box.claims);
	assert_int_equal(fstatat(box.tmp, life, &st, 0), 0);
	assert_true(st.st_mtim.tv_sec > 1000000000);
	lk_vec_done(&names);
	lk_arena_done(&arena);
	box_done(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_has_it),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_other_machine),
		cmocka_unit_test(test_taken_over),
		cmocka_unit_test(test_not_opened),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_only_read),
		cmocka_unit_test(test_beat),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
