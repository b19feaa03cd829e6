/*
 * Streams and codecs: whole, in pieces, cut at every byte, damaged, with more behind.
 */
#include "base/stream.h"

#include "tests/unit/base/base_test.h"

static const enum lk_codec codecs[] = {LK_CODEC_ZSTD, LK_CODEC_BZIP2};

/* Gives a text away one byte at a time, and then fails if told to. */
struct drip {
	lk_str left;
	bool fails;
	unsigned reads_after;
	bool *closed;
};

static ssize_t drip_read(void *ctx, void *out, size_t len, struct lk_error *err)
{
	struct drip *drip = ctx;
	if (drip->left.len == 0) {
		drip->reads_after++;
		return drip->fails ? lk_fail(err, LK_E_NETWORK, "cut off") : 0;
	}
	assert_true(len > 0);
	*(char *)out = drip->left.ptr[0];
	drip->left = lk_str_skip(drip->left, 1);
	return 1;
}

static void drip_close(void *ctx)
{
	*((struct drip *)ctx)->closed = true;
}

/* A text with both long runs and noise. */
static void make_text(struct lk_buf *text, size_t len)
{
	uint32_t random = 1;
	for (size_t i = 0; i < len; i++) {
		random = random * 1664525u + 1013904223u;
		lk_buf_putc(text, (char)(i % 1000 < 500 ? 'a' : random >> 24));
	}
}

static int decode(enum lk_codec codec, lk_str bytes, struct lk_buf *out, struct lk_error *err)
{
	struct lk_stream *stream =
		lk_stream_decode(lk_stream_from_memory(bytes.ptr, bytes.len, "NAME"), codec);
	int rc = lk_stream_read_all(stream, out, err);
	lk_stream_free(stream);
	return rc;
}

static void test_round_trip(void **state)
{
	(void)state;
	static const size_t sizes[] = {0, 1, 1000, 300000};
	for (size_t c = 0; c < LK_COUNTOF(codecs); c++) {
		for (size_t i = 0; i < LK_COUNTOF(sizes); i++) {
			struct lk_error err = LK_ERROR_INIT;
			struct lk_buf text = LK_BUF_INIT(SIZE_MAX);
			struct lk_buf packed = LK_BUF_INIT(SIZE_MAX);
			struct lk_buf back = LK_BUF_INIT(SIZE_MAX);
			make_text(&text, sizes[i]);
			assert_ok(
				lk_compress(codecs[c], 3, text.ptr, text.len, &packed, &err), err);
			/* Three members or frames, read as one. */
			struct lk_buf thrice = LK_BUF_INIT(SIZE_MAX);
			for (int k = 0; k < 3; k++) {
				lk_buf_put(&thrice, lk_buf_view(&packed));
			}
			assert_ok(decode(codecs[c], lk_buf_view(&thrice), &back, &err), err);
			assert_int_equal(back.len, 3 * text.len);
			if (text.len > 0) {
				assert_memory_equal(back.ptr + 2 * text.len, text.ptr, text.len);
			}
			lk_buf_done(&thrice);
			lk_buf_done(&text);
			lk_buf_done(&packed);
			lk_buf_done(&back);
		}
	}
}

static void test_cut_and_trailing(void **state)
{
	(void)state;
	for (size_t c = 0; c < LK_COUNTOF(codecs); c++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_buf text = LK_BUF_INIT(SIZE_MAX);
		struct lk_buf packed = LK_BUF_INIT(SIZE_MAX);
		struct lk_buf back = LK_BUF_INIT(SIZE_MAX);
		make_text(&text, 1500);
		assert_ok(lk_compress(codecs[c], 3, text.ptr, text.len, &packed, &err), err);
		for (size_t len = 0; len < packed.len; len++) {
			lk_buf_clear(&back);
			int rc = decode(codecs[c], lk_str_n(packed.ptr, len), &back, &err);
			assert_int_equal(rc, LK_E_INTEGRITY);
			assert_non_null(strstr(err.message, "'NAME'"));
		}
		static const char *const tails[] = {"x", "garbage", "BZ", "(", "\n"};
		for (size_t i = 0; i < LK_COUNTOF(tails); i++) {
			size_t whole = packed.len;
			lk_buf_puts(&packed, tails[i]);
			lk_buf_clear(&back);
			int rc = decode(codecs[c], lk_buf_view(&packed), &back, &err);
			assert_int_equal(rc, LK_E_INTEGRITY);
			lk_buf_truncate(&packed, whole);
		}
		lk_buf_putc(&packed, '\0');
		assert_int_equal(
			decode(codecs[c], lk_buf_view(&packed), &back, &err), LK_E_INTEGRITY);
		assert_int_equal(decode(codecs[c], LK_STR("plain text, not packed"), &back, &err),
			LK_E_INTEGRITY);
		assert_non_null(strstr(err.message, "is not "));
		lk_buf_done(&text);
		lk_buf_done(&packed);
		lk_buf_done(&back);
	}
}

/* Flipped bits are found, or (in what the formats do not check) at least do no harm. */
static void test_damage(void **state)
{
	(void)state;
	for (size_t c = 0; c < LK_COUNTOF(codecs); c++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_buf text = LK_BUF_INIT(SIZE_MAX);
		struct lk_buf packed = LK_BUF_INIT(SIZE_MAX);
		make_text(&text, 1500);
		assert_ok(lk_compress(codecs[c], 3, text.ptr, text.len, &packed, &err), err);
		unsigned found = 0;
		for (size_t i = 0; i < packed.len; i++) {
			struct lk_buf back = LK_BUF_INIT(1000000);
			packed.ptr[i] ^= 0x10;
			int rc = decode(codecs[c], lk_buf_view(&packed), &back, &err);
			assert_true(rc == LK_OK || rc == LK_E_INTEGRITY);
			found += rc != LK_OK;
			packed.ptr[i] ^= 0x10;
			lk_buf_done(&back);
		}
		assert_true(found > packed.len * 9 / 10);
		lk_buf_done(&text);
		lk_buf_done(&packed);
	}
}

static void test_drip(void **state)
{
	(void)state;
	for (size_t c = 0; c < LK_COUNTOF(codecs); c++) {
		for (int fails = 0; fails < 2; fails++) {
			struct lk_error err = LK_ERROR_INIT;
			struct lk_buf text = LK_BUF_INIT(SIZE_MAX);
			struct lk_buf packed = LK_BUF_INIT(SIZE_MAX);
			struct lk_buf back = LK_BUF_INIT(SIZE_MAX);
			make_text(&text, 5000);
			assert_ok(
				lk_compress(codecs[c], 1, text.ptr, text.len, &packed, &err), err);
			bool closed = false;
			struct drip drip = {lk_buf_view(&packed), fails, 0, &closed};
			struct lk_stream *stream = lk_stream_decode(
				lk_stream_from_fn(drip_read, drip_close, &drip, "drip"), codecs[c]);
			assert_string_equal(lk_stream_name(stream), "drip");
			int rc = lk_stream_read_all(stream, &back, &err);
			assert_int_equal(rc, fails ? LK_E_NETWORK : LK_OK);
			assert_int_equal(back.len, text.len);
			/* The end and the first error stick, and the source is not asked again. */
			char byte;
			struct lk_error again = LK_ERROR_INIT;
			assert_int_equal(
				lk_stream_read(stream, &byte, 1, &again), fails ? LK_E_NETWORK : 0);
			assert_string_equal(again.message, fails ? "cut off" : "");
			assert_int_equal(drip.reads_after, 1);
			assert_false(closed);
			lk_stream_free(stream);
			assert_true(closed);
			lk_buf_done(&text);
			lk_buf_done(&packed);
			lk_buf_done(&back);
		}
	}
}

/* Without a codec too, the source is not asked again after its end. */
static void test_end_sticks(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	bool closed = false;
	struct drip drip = {LK_STR("x"), false, 0, &closed};
	struct lk_stream *stream = lk_stream_from_fn(drip_read, drip_close, &drip, "drip");
	char bytes[4];
	assert_int_equal(lk_stream_read(stream, bytes, 0, &err), 0);
	assert_int_equal(lk_stream_read(stream, bytes, 4, &err), 1);
	assert_int_equal(lk_stream_read(stream, bytes, 4, &err), 0);
	assert_int_equal(lk_stream_read(stream, bytes, 4, &err), 0);
	assert_int_equal(drip.reads_after, 1);
	lk_stream_free(stream);
}

static void test_limits(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf packed = LK_BUF_INIT(100000);
	char *LK_AUTO_FREE zeros = lk_calloc(10000000, 1);
	/* Ten million zeros in a few hundred bytes: a bomb stops at the maximum. */
	assert_ok(lk_compress(LK_CODEC_ZSTD, 3, zeros, 10000000, &packed, &err), err);
	struct lk_buf back = LK_BUF_INIT(5000);
	assert_int_equal(decode(LK_CODEC_ZSTD, lk_buf_view(&packed), &back, &err), LK_E_INTEGRITY);
	assert_non_null(strstr(err.message, "larger than 5000 bytes"));
	assert_int_equal(back.len, 5000);
	lk_buf_done(&back);
	/* Exactly the maximum is fine. */
	lk_buf_init(&back, 10000000);
	assert_ok(decode(LK_CODEC_ZSTD, lk_buf_view(&packed), &back, &err), err);
	struct lk_buf tiny = LK_BUF_INIT(10);
	assert_int_equal(lk_compress(LK_CODEC_ZSTD, 3, zeros, 1000, &tiny, &err), LK_E_FORMAT);
	assert_int_equal(lk_compress(LK_CODEC_BZIP2, 3, zeros, 1000, &tiny, &err), LK_E_FORMAT);
	assert_int_equal(lk_compress(LK_CODEC_NONE, 3, zeros, 1000, &tiny, &err), LK_E_FORMAT);
	lk_buf_done(&tiny);
	lk_buf_done(&back);
	lk_buf_done(&packed);
}

static void test_fd(void **state)
{
	struct test_dir *dir = *state;
	test_put_file(dir, "f", "0123456789");
	int fd = openat(dir->fd, "f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(lseek(fd, 4, SEEK_SET), 4);
	struct lk_stream *stream = lk_stream_decode(lk_stream_from_fd(fd, "f"), LK_CODEC_NONE);
	struct lk_buf text = LK_BUF_INIT(100);
	assert_ok(lk_stream_read_all(stream, &text, &dir->err), dir->err);
	assert_string_equal(lk_buf_cstr(&text), "456789");
	lk_stream_free_p(&stream);
	assert_null(stream);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	stream = lk_stream_from_fd(openat(dir->fd, ".", O_RDONLY | O_CLOEXEC), "DIR");
	assert_int_equal(lk_stream_read_all(stream, &text, &dir->err), LK_E_FS);
	assert_string_equal(dir->err.message, "cannot read 'DIR': is a directory");
	lk_stream_free(stream);
	lk_stream_free(NULL);
	lk_buf_done(&text);
}

/* Same input, same bytes; zstd frames tell their content's size. */
static void test_compress_is_stable(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf text = LK_BUF_INIT(SIZE_MAX);
	make_text(&text, 200000);
	for (size_t c = 0; c < LK_COUNTOF(codecs); c++) {
		struct lk_buf a = LK_BUF_INIT(SIZE_MAX);
		struct lk_buf b = LK_BUF_INIT(SIZE_MAX);
		assert_ok(lk_compress(codecs[c], 7, text.ptr, text.len, &a, &err), err);
		assert_ok(lk_compress(codecs[c], 7, text.ptr, text.len, &b, &err), err);
		assert_true(lk_str_eq(lk_buf_view(&a), lk_buf_view(&b)));
		if (codecs[c] == LK_CODEC_ZSTD) {
			/* RFC 8878, 3.1.1.1: the two high bits of the fifth byte, or single
			 * segment. */
			assert_true(((unsigned char)a.ptr[4] & 0xe0) != 0);
		}
		lk_buf_done(&a);
		lk_buf_done(&b);
	}
	lk_buf_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_cut_and_trailing),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_drip),
		cmocka_unit_test(test_end_sticks),
		cmocka_unit_test(test_limits),
		cmocka_unit_test_setup_teardown(test_fd, test_dir_setup, test_dir_teardown),
		cmocka_unit_test(test_compress_is_stable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
