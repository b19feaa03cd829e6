/*
 * Bytes by position: one file, a part of one, and parts that lie across volumes.
 */
#include "store/blob.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/pack.h"

#define TEXT "0123456789abcdefghijklmnopqrstuvwxyz"
#define TEXT_LEN (sizeof(TEXT) - 1)
#define VOLUMES_MAX 40

struct volumes {
	struct lk_volume items[VOLUMES_MAX];
	size_t n;
};

/* BYTES cut into files of STEP bytes, after an empty one. */
static void cut(lk_str bytes, size_t step, struct volumes *ret)
{
	ret->n = 0;
	ret->items[ret->n++] = (struct lk_volume){pack_fd(LK_STR("")), 0};
	for (size_t at = 0; at < bytes.len; at += step) {
		lk_str part = lk_str_slice(bytes, at, at + step);
		assert_true(ret->n < VOLUMES_MAX);
		ret->items[ret->n++] = (struct lk_volume){pack_fd(part), part.len};
	}
}

static void volumes_done(struct volumes *volumes)
{
	for (size_t i = 0; i < volumes->n; i++) {
		close(volumes->items[i].fd);
	}
}

static struct lk_blob part(const struct volumes *volumes, size_t offset, size_t len)
{
	return (struct lk_blob){.fd = -1,
		.volumes = volumes->items,
		.n_volumes = volumes->n,
		.offset = offset,
		.size = len};
}

/* Reads BLOB from AT to its end, LEN at a time. */
static void assert_bytes(const struct lk_blob *blob, size_t at, size_t len, lk_str want)
{
	char have[TEXT_LEN + 1];
	size_t n = 0;
	struct lk_error err = LK_ERROR_INIT;
	for (;;) {
		ssize_t got = lk_blob_read_at(blob, at + n, have + n, len, "f", &err);
		assert_true(got >= 0);
		n += (size_t)got;
		assert_true(n <= want.len);
		if (got == 0) {
			break;
		}
	}
	assert_int_equal(n, want.len);
	assert_memory_equal(have, want.ptr, want.len);
}

static void test_every_cut(void **state)
{
	(void)state;
	lk_str text = LK_STR(TEXT);
	for (size_t step = 1; step <= TEXT_LEN; step++) {
		struct volumes volumes;
		cut(text, step, &volumes);
		for (size_t offset = 0; offset <= TEXT_LEN; offset++) {
			struct lk_blob blob = part(&volumes, offset, (TEXT_LEN - offset) / 2);
			lk_str want = lk_str_slice(text, offset, offset + blob.size);
			assert_bytes(&blob, 0, 1, want);
			assert_bytes(&blob, 0, 7, want);
			assert_bytes(&blob, 1, 5, lk_str_skip(want, 1));
		}
		volumes_done(&volumes);
	}
}

static void test_file(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_blob blob;
	assert_int_equal(lk_blob_from_fd(pack_fd(LK_STR(TEXT)), "f", &blob, &err), 0);
	assert_int_equal(blob.size, TEXT_LEN);
	assert_bytes(&blob, 0, 100, LK_STR(TEXT));
	assert_bytes(&blob, TEXT_LEN, 100, LK_STR(""));
	assert_bytes(&blob, TEXT_LEN + 5, 100, LK_STR(""));
	struct lk_sha256 have;
	struct lk_sha256 want = lk_sha256_of(TEXT, TEXT_LEN);
	assert_int_equal(lk_blob_sha256(&blob, "f", &have, &err), 0);
	assert_true(lk_sha256_eq(&have, &want));
	struct lk_blob taken = lk_blob_take(&blob);
	assert_int_equal(blob.fd, -1);
	lk_blob_done(&blob);
	lk_blob_done(&taken);
	assert_int_equal(taken.fd, -1);
}

static void test_stream(void **state)
{
	(void)state;
	struct volumes volumes;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) all = LK_BUF_INIT(100);
	cut(LK_STR(TEXT), 5, &volumes);
	struct lk_blob blob = part(&volumes, 3, 20);
	struct lk_stream *stream = lk_blob_stream(&blob, "f");
	assert_int_equal(lk_stream_read_all(stream, &all, &err), 0);
	assert_true(lk_str_is(lk_buf_view(&all), "3456789abcdefghijklm"));
	lk_stream_free(stream);
	volumes_done(&volumes);
}

/* A file that lost its end, a volume too few, no file at all: told, never less than was promised.
 */
static void test_short(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_sha256 ignored;
	struct lk_blob blob;
	assert_int_equal(lk_blob_from_fd(pack_fd(LK_STR(TEXT)), "f", &blob, &err), 0);
	assert_int_equal(ftruncate(blob.fd, 10), 0);
	assert_int_equal(lk_blob_sha256(&blob, "f.conda", &ignored, &err), LK_E_INTEGRITY);
	assert_string_equal(err.message, "'f.conda' is cut short");
	lk_blob_done(&blob);

	struct volumes volumes;
	cut(LK_STR(TEXT), 10, &volumes);
	struct lk_blob over = part(&volumes, 30, 10);
	assert_int_equal(lk_blob_sha256(&over, "f", &ignored, &err), LK_E_INTEGRITY);
	volumes_done(&volumes);

	int ends[2];
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(lk_blob_from_fd(ends[0], "p", &blob, &err), LK_E_FS);
	assert_string_equal(err.message, "'p' is not a file");
	close(ends[1]);
}

/* What others can write to is not what was hashed for long: told by owner and mode, of each volume.
 * A copy has the bytes and their hash. */
static void test_steady(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_blob blob;
	assert_int_equal(lk_blob_from_fd(pack_fd(LK_STR(TEXT)), "f", &blob, &err), 0);
	static const struct {
		mode_t mode;
		bool steady;
	} cases[] = {{0600, true}, {0444, true}, {0644, true}, {0755, true}, {0664, false},
		{0646, false}, {0666, false}};
	struct lk_volume volume = {blob.fd, TEXT_LEN};
	struct lk_blob over = {
		.fd = -1, .volumes = &volume, .n_volumes = 1, .offset = 3, .size = TEXT_LEN - 3};
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		assert_int_equal(fchmod(blob.fd, cases[i].mode), 0);
		assert_int_equal(lk_blob_is_steady(&blob), cases[i].steady);
		assert_int_equal(lk_blob_is_steady(&over), cases[i].steady);
	}
	int fd = pack_fd(LK_STR(""));
	struct lk_sha256 have;
	struct lk_sha256 want = lk_sha256_of(&TEXT[3], TEXT_LEN - 3);
	assert_int_equal(lk_blob_copy(&over, fd, "f", &have, &err), 0);
	assert_true(lk_sha256_eq(&have, &want));
	char bytes[TEXT_LEN];
	assert_int_equal(pread(fd, bytes, sizeof(bytes), 0), TEXT_LEN - 3);
	assert_memory_equal(bytes, &TEXT[3], TEXT_LEN - 3);
	close(fd);
	lk_blob_done(&blob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_steady),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
