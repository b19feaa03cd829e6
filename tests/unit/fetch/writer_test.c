/*
 * The writer: what comes out is what went in, whoever wrote it, and errors come back.
 */
#include "fetch/writer.h"

#include "tests/unit/fetch/fetch_support.h"

#define N_FILES 5
#define BIG (9u << 20)

struct world {
	struct scratch scratch;
	unsigned char *bytes;
	struct lk_writer *writer;
	struct lk_writer_file files[N_FILES];
	int fds[N_FILES];
};

static int setup(void **state)
{
	struct world *world = lk_calloc(1, sizeof(*world));
	scratch_init(&world->scratch);
	world->bytes = lk_calloc(1, BIG);
	fill(world->bytes, BIG, 7);
	world->writer = lk_writer_new(N_FILES);
	for (int i = 0; i < N_FILES; i++) {
		char path[128];
		snprintf(path, sizeof(path), "%s/%d", world->scratch.path, i);
		world->fds[i] = open(path, O_RDWR | O_CREAT, 0644);
		world->files[i].fd = world->fds[i];
		world->files[i].name = "f";
		world->files[i].digest = lk_digest_new(LK_DIGEST_SHA256);
	}
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;
	for (int i = 0; i < N_FILES; i++) {
		close(world->fds[i]);
		lk_digest_free(world->files[i].digest);
	}
	lk_writer_free(world->writer);
	scratch_done(&world->scratch);
	lk_free(world->bytes);
	lk_free(world);
	return 0;
}

/* File I gets this much, in pieces of another size for each. */
static size_t len_of(size_t i)
{
	static const size_t lens[N_FILES] = {BIG, 0, 1, 256 << 10, (1 << 20) + 1};
	return lens[i];
}

static int receive_all(void *ctx, struct lk_error *err)
{
	static const size_t pieces[N_FILES] = {16384, 1, 1, 100000, 999983};
	struct world *world = ctx;
	size_t sent[N_FILES] = {0};
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < N_FILES; i++) {
			size_t left = len_of(i) - sent[i];
			size_t part = left < pieces[i] ? left : pieces[i];
			int rc = lk_writer_put(
				world->writer, &world->files[i], world->bytes + sent[i], part, err);
			assert_int_equal(rc, 0);
			sent[i] += part;
			more = more || sent[i] < len_of(i);
		}
	}
	for (size_t i = 0; i < N_FILES; i++) {
		assert_int_equal(lk_writer_drain(world->writer, &world->files[i], err), 0);
	}
	return 0;
}

static void assert_whole(struct world *world)
{
	for (size_t i = 0; i < N_FILES; i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_sha256 want = lk_sha256_of(world->bytes, len_of(i));
		struct lk_sha256 hashed = {0};
		struct lk_sha256 written = {0};
		lk_digest_final(world->files[i].digest, hashed.bytes);
		assert_true(lk_sha256_eq(&want, &hashed));
		assert_int_equal(lk_sha256_fd(world->fds[i], "f", &written, NULL, &err), 0);
		assert_true(lk_sha256_eq(&want, &written));
	}
}

static void test_all_arrives(void **state)
{
	struct world *world = *state;
	struct lk_error err = LK_ERROR_INIT;
	for (int round = 0; round < 3; round++) {
		assert_int_equal(lk_writer_run(world->writer, receive_all, world, &err), 0);
		assert_whole(world);
		for (int i = 0; i < N_FILES; i++) {
			lk_digest_restart(world->files[i].digest);
			assert_int_equal(ftruncate(world->fds[i], 0), 0);
			assert_int_equal(lseek(world->fds[i], 0, SEEK_SET), 0);
		}
	}
}

static int receive_onto_full_disk(void *ctx, struct lk_error *err)
{
	struct world *world = ctx;
	int rc = 0;
	while (rc == 0) {
		rc = lk_writer_put(world->writer, &world->files[0], world->bytes, 1 << 20, err);
	}
	assert_int_equal(rc, LK_E_FS);
	assert_int_equal(err->sys_errno, ENOSPC);
	/* Told once more at the drain; then the file can be used anew, and others always could. */
	assert_int_equal(lk_writer_drain(world->writer, &world->files[0], err), LK_E_FS);
	assert_int_equal(lk_writer_drain(world->writer, &world->files[0], err), 0);
	assert_int_equal(lk_writer_put(world->writer, &world->files[1], "x", 1, err), 0);
	assert_int_equal(lk_writer_drain(world->writer, &world->files[1], err), 0);
	return lk_fail(err, LK_E_NETWORK, "the receiver's own");
}

static void test_errors(void **state)
{
	struct world *world = *state;
	struct lk_error err = LK_ERROR_INIT;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_true(full >= 0);
	world->files[0].fd = full;
	assert_int_equal(
		lk_writer_run(world->writer, receive_onto_full_disk, world, &err), LK_E_NETWORK);
	assert_string_equal(err.message, "the receiver's own");
	close(full);
}

static int receive_and_leave(void *ctx, struct lk_error *err)
{
	struct world *world = ctx;
	assert_int_equal(lk_writer_put(world->writer, &world->files[0], world->bytes, BIG, err), 0);
	return lk_fail(err, LK_E_INTERRUPTED, "interrupted");
}

/* What is queued at the end is dropped; nothing hangs. */
static void test_leaving_early(void **state)
{
	struct world *world = *state;
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(
		lk_writer_run(world->writer, receive_and_leave, world, &err), LK_E_INTERRUPTED);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_all_arrives),
		CASE(test_errors),
		CASE(test_leaving_early),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
