/*
 * Partial downloads: who may take one over, who gets it, and what is left of it.
 */
#include "store/partial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/fs.h"
#include "base/owner.h"
#include "tests/support/pack.h"

#define NOW 1700000000
#define BIG ((size_t)LK_PARTIAL_MIN_BYTES + 7)

struct box {
	char *root;
	struct lk_cache *cache;
	struct lk_partials *partials;
	struct lk_record record;
	char hex[LK_HEX_MAX];
	struct lk_error err;
};

static void look_again(struct box *box)
{
	lk_partials_free(box->partials);
	assert_int_equal(lk_partials_read(box->cache, &box->partials, &box->err), 0);
}

static int setup(void **state)
{
	struct box *box = lk_calloc(1, sizeof(*box));
	box->root = pack_tmpdir();
	assert_int_equal(lk_cache_open(box->root, true, &box->cache, &box->err), 0);
	box->record = (struct lk_record){
		.fn = LK_STR("p-1-0.conda"),
		.has_sha256 = true,
		.sha256 = lk_sha256_of("p", 1),
		.has_size = true,
		.size = 2 * BIG,
	};
	lk_hex(box->record.sha256.bytes, LK_SHA256_LEN, box->hex);
	look_again(box);
	*state = box;
	return 0;
}

static int teardown(void **state)
{
	struct box *box = *state;
	lk_partials_free(box->partials);
	lk_cache_free(box->cache);
	pack_rmdir(box->root);
	lk_free(box);
	return 0;
}

/* A file of SIZE bytes, of this archive, last written at MTIME, with an owner; its name. */
static const char *put(struct box *box, const char *owner, size_t size, int64_t mtime)
{
	static char name[256];
	char *LK_AUTO_FREE bytes = lk_calloc(1, size + 1);
	memset(bytes, 'x', size);
	snprintf(name, sizeof(name), "partial,%s,%s-abcdef", box->hex, owner);
	int tmp = lk_cache_tmp_fd(box->cache);
	int fd = openat(tmp, name, O_CREAT | O_EXCL | O_WRONLY, 0644);
	assert_true(fd >= 0);
	assert_int_equal(lk_fs_write_all(fd, bytes, size, name, &box->err), 0);
	const struct timespec times[2] = {{.tv_sec = mtime}, {.tv_sec = mtime}};
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
	look_again(box);
	return name;
}

static size_t count(struct box *box)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_strs names = {0};
	assert_int_equal(
		lk_fs_list(lk_cache_tmp_fd(box->cache), ".", &arena, &names, &box->err), 0);
	size_t n = names.len;
	lk_vec_done(&names);
	return n;
}

static bool is_there(struct box *box, const char *name)
{
	return faccessat(lk_cache_tmp_fd(box->cache), name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static ino_t inode_of(struct box *box, const char *name)
{
	struct stat st;
	assert_int_equal(fstatat(lk_cache_tmp_fd(box->cache), name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_ino;
}

static int claim(struct box *box, struct lk_cache_incoming *ret, uint64_t *ret_size)
{
	return lk_partial_claim(box->partials, &box->record, NOW, ret, ret_size, &box->err);
}

static void assert_not_claimed(struct box *box, const char *name)
{
	struct lk_cache_incoming incoming;
	uint64_t size;
	assert_int_equal(claim(box, &incoming, &size), LK_E_NOT_FOUND);
	assert_true(is_there(box, name));
	assert_int_equal(unlinkat(lk_cache_tmp_fd(box->cache), name, 0), 0);
	look_again(box);
}

/* Claims NAME of SIZE bytes; the very file, or a copy? */
static void assert_claimed(struct box *box, const char *name, size_t size, bool copy)
{
	struct lk_cache_incoming incoming;
	uint64_t got = 0;
	ino_t inode = inode_of(box, name);
	assert_false(lk_partials_busy(box->partials, &box->record, NOW));
	assert_int_equal(claim(box, &incoming, &got), 0);
	assert_int_equal(got, size);
	assert_false(is_there(box, name));
	assert_int_equal(count(box), 1);
	assert_int_equal(inode_of(box, incoming.name) != inode, copy);
	assert_int_equal(lseek(incoming.fd, 0, SEEK_CUR), size);
	assert_int_equal(write(incoming.fd, "y", 1), 1);
	char ends[2];
	assert_int_equal(pread(incoming.fd, ends, 2, (off_t)size - 1), 2);
	assert_memory_equal(ends, "xy", 2);
	/* It is ours now, here and for others that look. */
	struct lk_cache_incoming again;
	assert_int_equal(claim(box, &again, &got), LK_E_NOT_FOUND);
	look_again(box);
	assert_int_equal(claim(box, &again, &got), LK_E_NOT_FOUND);
	lk_cache_abort(box->cache, &incoming);
	assert_int_equal(count(box), 0);
}

/* This process's name with another start time: one that is gone. */
static void put_gone(char *out, size_t size)
{
	char *LK_AUTO_FREE self = lk_owner_self();
	*(strrchr(self, ',') + 1) = '\0';
	snprintf(out, size, "%s1", self);
}

static void test_left(void **state)
{
	struct box *box = *state;
	char gone[256];
	put_gone(gone, sizeof(gone));
	assert_claimed(box, put(box, "free", BIG, NOW), BIG, false);
	assert_claimed(box, put(box, gone, BIG, NOW), BIG, false);
	assert_claimed(box, put(box, "free", 10, NOW), 10, false);
	assert_claimed(box, put(box, "free", 2 * BIG, NOW), 2 * BIG, false);
}

/* Of somebody who cannot be asked: after a while, and then as a copy. */
static void test_elsewhere(void **state)
{
	struct box *box = *state;
	const char *far = "owner,far,boot,1,2,3";
	const char *name = put(box, far, BIG, NOW - LK_PARTIAL_QUIET_S);
	assert_true(lk_partials_busy(box->partials, &box->record, NOW));
	assert_not_claimed(box, name);
	assert_false(lk_partials_busy(box->partials, &box->record, NOW));
	assert_claimed(box, put(box, far, BIG, NOW - LK_PARTIAL_QUIET_S - 1), BIG, true);
	name = put(box, far, BIG, NOW - LK_PARTIAL_QUIET_S - 1);
	struct lk_cache_incoming incoming;
	uint64_t size;
	assert_int_equal(
		lk_partial_claim(box->partials, &box->record, 0, &incoming, &size, &box->err),
		LK_E_NOT_FOUND);
	assert_true(is_there(box, name));
}

static void test_busy(void **state)
{
	struct box *box = *state;
	char *self = lk_owner_self();
	assert_not_claimed(box, put(box, self, BIG, NOW - LK_PARTIAL_QUIET_S - 1));
	lk_free(self);
	struct lk_cache_incoming incoming;
	assert_int_equal(lk_partial_begin(box->partials, &box->record, &incoming, &box->err), 0);
	look_again(box);
	assert_false(lk_partials_busy(box->partials, &box->record, NOW)); /* by ourselves */
	pid_t child = fork();
	if (child == 0) {
		look_again(box);
		struct lk_cache_incoming mine;
		uint64_t size;
		bool busy = lk_partials_busy(box->partials, &box->record, NOW);
		bool claimed = claim(box, &mine, &size) == 0;
		_exit(busy && !claimed ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	lk_cache_abort(box->cache, &incoming);
}

/* What somebody prepared, or what cannot be the archive's beginning. */
static void test_refused(void **state)
{
	struct box *box = *state;
	int tmp = lk_cache_tmp_fd(box->cache);
	char name[256];
	assert_not_claimed(box, put(box, "free", 2 * BIG + 1, NOW));
	snprintf(name, sizeof(name), "%s", put(box, "free", BIG, NOW));
	assert_int_equal(linkat(tmp, name, tmp, "second-name", 0), 0);
	assert_not_claimed(box, name);
	assert_int_equal(symlinkat("second-name", tmp, name), 0);
	look_again(box);
	assert_not_claimed(box, name);
	assert_int_equal(mkdirat(tmp, name, 0755), 0);
	look_again(box);
	struct lk_cache_incoming incoming;
	uint64_t size;
	assert_int_equal(claim(box, &incoming, &size), LK_E_NOT_FOUND);
	assert_int_equal(unlinkat(tmp, name, AT_REMOVEDIR), 0);
	assert_int_equal(mkfifoat(tmp, name, 0644), 0);
	look_again(box);
	assert_not_claimed(box, name);
	/* Another archive's. */
	snprintf(name, sizeof(name), "%s", put(box, "free", BIG, NOW));
	box->record.sha256 = lk_sha256_of("q", 1);
	assert_not_claimed(box, name);
	assert_int_equal(unlinkat(tmp, "second-name", 0), 0);
}

/* Many at once: one gets it. */
static void test_race(void **state)
{
	enum {
		N = 8
	};
	struct box *box = *state;
	pid_t children[N];
	int ready[2];
	int won = 0;
	put(box, "free", BIG, NOW);
	assert_int_equal(pipe(ready), 0);
	for (int i = 0; i < N; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			struct lk_cache_incoming incoming;
			uint64_t size;
			char go;
			close(ready[1]);
			(void)!read(ready[0], &go, 1);
			_exit(claim(box, &incoming, &size) == 0 && size == BIG ? 1 : 0);
		}
	}
	close(ready[0]);
	close(ready[1]);
	for (int i = 0; i < N; i++) {
		int status;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_true(WIFEXITED(status));
		won += WEXITSTATUS(status);
	}
	assert_int_equal(won, 1);
	assert_int_equal(count(box), 1);
}

static void test_release(void **state)
{
	struct box *box = *state;
	for (int i = 0; i < 2; i++) {
		struct lk_cache_incoming incoming;
		assert_int_equal(
			lk_partial_begin(box->partials, &box->record, &incoming, &box->err), 0);
		assert_int_equal(ftruncate(incoming.fd, (off_t)LK_PARTIAL_MIN_BYTES - i), 0);
		lk_partial_release(box->partials, &incoming);
		assert_int_equal(incoming.fd, -1);
		assert_int_equal(count(box), 1);
	}
	look_again(box);
	struct lk_cache_incoming incoming;
	uint64_t size;
	assert_int_equal(claim(box, &incoming, &size), 0);
	assert_int_equal(size, LK_PARTIAL_MIN_BYTES);
	lk_cache_abort(box->cache, &incoming);
	/* One that no partial is goes. */
	assert_int_equal(lk_cache_begin(box->cache, &incoming, &box->err), 0);
	assert_int_equal(ftruncate(incoming.fd, (off_t)BIG), 0);
	lk_partial_release(box->partials, &incoming);
	assert_int_equal(count(box), 0);
}

static void test_sweep(void **state)
{
	struct box *box = *state;
	const char *name = put(box, "free", BIG, NOW);
	lk_cache_sweep(box->cache, NOW + LK_PARTIAL_KEPT_S);
	assert_true(is_there(box, name));
	lk_cache_sweep(box->cache, NOW + LK_PARTIAL_KEPT_S + 1);
	assert_false(is_there(box, name));
}

static void test_names(void **state)
{
	struct box *box = *state;
	char name[256];
	snprintf(name, sizeof(name), "partial,%s,free-abcdef", box->hex);
	assert_true(lk_partial_is_name(lk_str_of(name)));
	snprintf(name, sizeof(name), "partial,%s;free-abcdef", box->hex);
	assert_false(lk_partial_is_name(lk_str_of(name)));
	snprintf(name, sizeof(name), "partial,%s,freeabcdefg", box->hex);
	assert_false(lk_partial_is_name(lk_str_of(name)));
	snprintf(name, sizeof(name), "partial,%s", box->hex);
	assert_false(lk_partial_is_name(lk_str_of(name)));
	assert_false(lk_partial_is_name(LK_STR("partial,")));
	assert_false(lk_partial_is_name(LK_STR("incoming-abcdef")));
	assert_false(lk_partial_is_name(LK_STR("")));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_left),
		CASE(test_elsewhere),
		CASE(test_busy),
		CASE(test_refused),
		CASE(test_race),
		CASE(test_release),
		CASE(test_sweep),
		CASE(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
