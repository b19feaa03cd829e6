/*
 * Text through a file, from one thread to another.
 */
#include "base/spool.h"

#include "tests/unit/base/base_test.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/workers.h"

#define AT 65536
#define MAX ((size_t)16 << 20)

static struct lk_spool *new_spool(int *ret_fd)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_spool *spool = NULL;
	*ret_fd = memfd_create("spool", MFD_CLOEXEC);
	assert_int_equal(lk_spool_new(*ret_fd, AT, MAX, "text", &spool, &err), 0);
	return spool;
}

static void test_one_thread(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	enum lk_spool_state got;
	char bytes[8] = {0};
	int fd;
	struct lk_spool *spool = new_spool(&fd);
	assert_int_equal(lk_spool_append(spool, "abc", 3, &err), 0);
	assert_int_equal(lk_spool_wait(spool, 3, &got), 3);
	assert_int_equal(got, LK_SPOOL_OPEN);
	assert_int_equal(lk_spool_append(spool, "de", 2, &err), 0);
	lk_spool_end(spool, true);
	assert_int_equal(lk_spool_wait(spool, 100, &got), 5);
	assert_int_equal(got, LK_SPOOL_WHOLE);
	assert_memory_equal(lk_spool_text(spool), "abcde", 5);
	assert_int_equal(pread(fd, bytes, 5, AT), 5);
	assert_string_equal(bytes, "abcde");
	lk_spool_free(spool);
	close(fd);
}

static void test_limits(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	enum lk_spool_state got;
	int fd;
	struct lk_spool *spool = new_spool(&fd);
	char *much = lk_calloc(MAX, 1);
	assert_int_equal(lk_spool_append(spool, much, MAX - 1, &err), 0);
	assert_int_equal(lk_spool_append(spool, much, 2, &err), LK_E_INTEGRITY);
	assert_non_null(strstr(err.message, "'text' is larger than 16777216 bytes"));
	assert_int_equal(lk_spool_append(spool, much, 1, &err), 0);
	lk_spool_end(spool, false);
	assert_int_equal(lk_spool_wait(spool, MAX, &got), MAX);
	assert_int_equal(got, LK_SPOOL_BROKEN);
	lk_free(much);
	lk_spool_free(spool);
	close(fd);
	/* A file that cannot be mapped, one that is closed. */
	fd = open("/", O_RDONLY | O_CLOEXEC);
	assert_int_equal(lk_spool_new(fd, AT, MAX, "text", &spool, &err), LK_E_FS);
	close(fd);
	spool = new_spool(&fd);
	close(fd);
	assert_int_equal(lk_spool_append(spool, "abc", 3, &err), LK_E_FS);
	lk_spool_free(spool);
}

#define N 4000

struct pair {
	struct lk_spool *spool;
	size_t len; /* of what was appended */
};

static size_t chunk_len(size_t i)
{
	return i * 7919 % 3001;
}

static char byte_at(size_t offset)
{
	return (char)('a' + offset * 31 % 1009 % 26);
}

static int append_all(struct pair *pair, struct lk_error *err)
{
	char chunk[3001];
	for (size_t i = 0; i < N; i++) {
		for (size_t k = 0; k < chunk_len(i); k++) {
			chunk[k] = byte_at(pair->len + k);
		}
		int rc = lk_spool_append(pair->spool, chunk, chunk_len(i), err);
		if (rc < 0) {
			return rc;
		}
		pair->len += chunk_len(i);
	}
	lk_spool_end(pair->spool, true);
	return 0;
}

/* Waits in steps of many sizes, compares, gives back, and looks at what it gave back once more. */
static int compare_all(const struct pair *pair, struct lk_error *err)
{
	enum lk_spool_state state = LK_SPOOL_OPEN;
	size_t have = 0;
	for (size_t step = 1; state == LK_SPOOL_OPEN; step = step * 3 % 100003) {
		size_t now = lk_spool_wait(pair->spool, have + step, &state);
		for (size_t i = have; i < now; i++) {
			if (lk_spool_text(pair->spool)[i] != byte_at(i)) {
				return lk_fail(err, LK_E_FORMAT, "other byte at %zu", i);
			}
		}
		have = now;
		lk_spool_pass(pair->spool, have);
		if (have > 0 && lk_spool_text(pair->spool)[have / 2] != byte_at(have / 2)) {
			return lk_fail(err, LK_E_FORMAT, "other byte when looking back");
		}
	}
	size_t len = 0;
	for (size_t i = 0; i < N; i++) {
		len += chunk_len(i);
	}
	return have == len ? 0 : lk_fail(err, LK_E_FORMAT, "%zu bytes of %zu", have, len);
}

static int side(void *ctx, size_t index, struct lk_error *err)
{
	return index == 0 ? append_all(ctx, err) : compare_all(ctx, err);
}

static void test_two_threads(void **state)
{
	(void)state;
	for (unsigned jobs = 1; jobs <= 2; jobs++) {
		struct lk_error err = LK_ERROR_INIT;
		int fd;
		struct pair pair = {new_spool(&fd), 0};
		int rc = lk_workers_run(jobs, 2, side, &pair, &err);
		if (rc < 0) {
			fail_msg("%s", err.message);
		}
		lk_spool_free(pair.spool);
		close(fd);
	}
}

/* As on login nodes: what need not be asked for is not. The limit itself is one that sanitizers can
 * live with. */
static void test_limited_address_space(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct rlimit before;
	int fd;
	int other = memfd_create("spool", MFD_CLOEXEC);
	lk_spool_free(new_spool(&fd)); /* memory for another one is at hand */
	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	const struct rlimit low = {(rlim_t)1 << 47, before.rlim_max};
	const size_t max = (size_t)1 << 48;
	struct lk_spool *spool = NULL;
	assert_int_equal(setrlimit(RLIMIT_AS, &low), 0);
	int rc = lk_spool_new(other, AT, max, "text", &spool, &err);
	assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
	assert_int_equal(rc, 0);
	struct pair pair = {spool, 0};
	rc = lk_workers_run(2, 2, side, &pair, &err);
	if (rc < 0) {
		fail_msg("%s", err.message);
	}
	lk_spool_free(spool);
	close(other);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_thread),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_two_threads),
		cmocka_unit_test(test_limited_address_space),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
