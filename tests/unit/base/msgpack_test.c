/*
 * MessagePack as JSON: every kind of value, and whatever is not one whole document.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/msgpack.h"

static int convert(lk_str bytes, struct lk_buf *out, struct lk_error *err)
{
	lk_buf_clear(out);
	/* A copy of just this size, so that a read past its end is seen. */
	char *LK_AUTO_FREE copy = lk_strndup(bytes.ptr, bytes.len);
	copy = lk_reallocarray(copy, bytes.len ? bytes.len : 1, 1);
	return lk_msgpack_to_json(lk_str_n(copy, bytes.len), "file", out, err);
}

static const struct row {
	lk_str bytes;
	const char *json;
} rows[] = {
	{{"\xc0", 1}, "null"},
	{{"\xc2", 1}, "false"},
	{{"\xc3", 1}, "true"},
	{{"\x00", 1}, "0"},
	{{"\x7f", 1}, "127"},
	{{"\xff", 1}, "-1"},
	{{"\xe0", 1}, "-32"},
	{{"\xcc\xff", 2}, "255"},
	{{"\xcd\x01\x00", 3}, "256"},
	{{"\xce\x00\x01\x00\x00", 5}, "65536"},
	{{"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9}, "18446744073709551615"},
	{{"\xd0\x80", 2}, "-128"},
	{{"\xd1\x80\x00", 3}, "-32768"},
	{{"\xd2\x80\x00\x00\x00", 5}, "-2147483648"},
	{{"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9}, "-9223372036854775808"},
	{{"\xca\x3f\xc0\x00\x00", 5}, "1.5"},
	{{"\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00", 9}, "1.5"},
	{{"\xcb\x42\x77\x6b\xaa\x27\x6a\x20\x00", 9}, "1609448978082"},
	{{"\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00", 9}, "null"},
	{{"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", 9}, "null"},
	{{"\xa0", 1}, "\"\""},
	{{"\xa2\x61\x22", 3}, "\"a\\\"\""},
	{{"\xd9\x01\x61", 3}, "\"a\""},
	{{"\xda\x00\x01\x61", 4}, "\"a\""},
	{{"\xdb\x00\x00\x00\x01\x61", 6}, "\"a\""},
	{{"\xa2\x61\xff", 3}, "\"a\xef\xbf\xbd\""},
	{{"\xc4\x02\x0a\xff", 4}, "\"0aff\""},
	{{"\xc5\x00\x00", 3}, "\"\""},
	{{"\xc6\x00\x00\x00\x01\x00", 6}, "\"00\""},
	{{"\xd4\x01\x02", 3}, "null"},
	{{"\xd8\x01zzzzzzzzzzzzzzzz", 18}, "null"},
	{{"\xc7\x01\x05x", 4}, "null"},
	{{"\x90", 1}, "[]"},
	{{"\x92\x01\x92\x02\x03", 5}, "[1,[2,3]]"},
	{{"\xdc\x00\x01\x01", 4}, "[1]"},
	{{"\xdd\x00\x00\x00\x01\x01", 6}, "[1]"},
	{{"\x80", 1}, "{}"},
	{{"\x82\xa1\x61\x01\xa1\x61\x02", 7}, "{\"a\":1,\"a\":2}"},
	{{"\x82\x01\x02\xa1\x61\x80", 6}, "{\"a\":{}}"},
	{{"\xde\x00\x01\xa1\x61\x90", 6}, "{\"a\":[]}"},
	{{"\xdf\x00\x00\x00\x01\xa1\x61\xc0", 8}, "{\"a\":null}"},
};

/* Neither what is shorter nor what is longer than BYTES is a document. */
static void check_length(lk_str bytes)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(4096);
	struct lk_buf LK_CLEANUP(lk_buf_done) longer = LK_BUF_INIT(4096);
	struct lk_error err = LK_ERROR_INIT;
	for (size_t n = 0; n < bytes.len; n++) {
		assert_int_equal(convert(lk_str_slice(bytes, 0, n), &out, &err), LK_E_FORMAT);
		assert_non_null(strstr(err.message, "the data ends in the middle (byte "));
		assert_string_equal(err.file, "file");
	}
	lk_buf_put(&longer, bytes);
	lk_buf_putc(&longer, '\x01');
	assert_int_equal(convert(lk_buf_view(&longer), &out, &err), LK_E_FORMAT);
	assert_non_null(strstr(err.message, "something follows"));
}

static void values(void **state)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(4096);
	struct lk_error err = LK_ERROR_INIT;
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		if (convert(rows[i].bytes, &out, &err) < 0) {
			fail_msg("row %zu: %s", i, err.message);
		}
		assert_string_equal(lk_buf_cstr(&out), rows[i].json);
		check_length(rows[i].bytes);
	}
}

/* Lengths that claim gigabytes cost nothing. */
static void hostile_lengths(void **state)
{
	static const lk_str claims[] = {
		{"\xdd\xff\xff\xff\xff", 5},
		{"\xdf\xff\xff\xff\xff", 5},
		{"\xdb\xff\xff\xff\xff", 5},
		{"\xc6\xff\xff\xff\xff", 5},
		{"\xc9\xff\xff\xff\xff\x01", 6},
		{"\xdd\x0a\x00\x00\x00\xdd\x0a\x00\x00\x00\xdd\x0a\x00\x00\x00", 15},
		{"\xdc\xff\xff\x01\x01\x01", 6},
		{"\xdf\x00\x00\x00\x02\xa1\x61\x01\xa1", 9},
	};
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(4096);
	struct lk_error err = LK_ERROR_INIT;
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(claims); i++) {
		assert_int_equal(convert(claims[i], &out, &err), LK_E_FORMAT);
		assert_int_equal(out.len, 0);
	}
	assert_int_equal(convert(LK_STR("\xc1"), &out, &err), LK_E_FORMAT);
	assert_non_null(strstr(err.message, "not MessagePack (byte 0)"));
}

static void depth(void **state)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) bytes = LK_BUF_INIT(1 << 20);
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(4096);
	struct lk_error err = LK_ERROR_INIT;
	(void)state;
	for (int i = 0; i < LK_MSGPACK_DEPTH_MAX; i++) {
		lk_buf_putc(&bytes, '\x91');
	}
	lk_buf_putc(&bytes, '\x01');
	assert_int_equal(convert(lk_buf_view(&bytes), &out, &err), 0);
	for (int more = 1; more < 100000; more *= 10) {
		lk_buf_clear(&bytes);
		for (int i = 0; i < LK_MSGPACK_DEPTH_MAX + more; i++) {
			lk_buf_puts(&bytes, i % 2 ? "\x81\xa1\x61" : "\x91");
		}
		lk_buf_putc(&bytes, '\x01');
		assert_int_equal(convert(lk_buf_view(&bytes), &out, &err), LK_E_FORMAT);
		assert_non_null(strstr(err.message, "nested too deep"));
	}
}

/* A value of one byte takes much more while it is read: a few kilobytes, decompressed, would take
 * gigabytes. */
static void many_values(void **state)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) bytes = LK_BUF_INIT(SIZE_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(4096);
	struct lk_error err = LK_ERROR_INIT;
	static const char *const wanted[] = {"too large", "more values than can be meant"};
	(void)state;
	for (size_t more = 0; more < LK_COUNTOF(wanted); more++) {
		size_t n = LK_MSGPACK_VALUES_MAX - 1 + more;
		lk_buf_clear(&bytes);
		lk_buf_putc(&bytes, '\xdd');
		for (int shift = 24; shift >= 0; shift -= 8) {
			lk_buf_putc(&bytes, (char)(n >> shift & 0xff));
		}
		for (size_t i = 0; i < n; i++) {
			lk_buf_putc(&bytes, '\xc0');
		}
		assert_int_equal(convert(lk_buf_view(&bytes), &out, &err), LK_E_FORMAT);
		assert_non_null(strstr(err.message, wanted[more]));
	}
}

static void text_that_does_not_fit(void **state)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(8);
	struct lk_error err = LK_ERROR_INIT;
	(void)state;
	assert_int_equal(convert(LK_STR("\xa9"
					"123456789"),
				 &out, &err),
		LK_E_FORMAT);
	assert_non_null(strstr(err.message, "too large"));
}

static int note_member(void *ctx, lk_str key, lk_str value)
{
	struct lk_buf *out = ctx;
	lk_str content = lk_msgpack_content(value);
	lk_buf_appendf(out, LK_STR_FMT "%c%zu " LK_STR_FMT ";", LK_STR_ARG(key),
		lk_msgpack_is_map(value) ? '{' : '=', value.len, LK_STR_ARG(content));
	return lk_str_is(key, "stop") ? LK_E_NOT_FOUND : 0;
}

static int each(lk_str bytes, struct lk_buf *out, struct lk_error *err)
{
	lk_buf_clear(out);
	char *LK_AUTO_FREE copy = lk_strndup(bytes.ptr, bytes.len);
	copy = lk_reallocarray(copy, bytes.len ? bytes.len : 1, 1);
	return lk_msgpack_each(lk_str_n(copy, bytes.len), "file", note_member, out, err);
}

static void members(void **state)
{
	static const struct row maps[] = {
		{{"\x80", 1}, ""},
		{{"\x81\xa1\x61\x01", 4}, "a=1 ;"},
		{{"\x82\xa1\x61\xa2xy\xa1\x61\xc4\x01z", 11}, "a=3 xy;a=3 z;"},
		{{"\x82\xa1\x61\x81\x01\x80\xa1\x62\x80", 9}, "a{3 ;b{1 ;"},
		{{"\x82\x81\x01\x02\x05\xa1\x62\x91\xa1x", 10}, "b=3 ;"},
		{{"\xde\x00\x01\xd9\x01\x61\xd9\x01x", 9}, "a=3 x;"},
		{{"\xdf\x00\x00\x00\x01\xa1\x61\xdb\x00\x00\x00\x01x", 13}, "a=6 x;"},
	};
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(4096);
	struct lk_error err = LK_ERROR_INIT;
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(maps); i++) {
		lk_str bytes = maps[i].bytes;
		assert_int_equal(each(bytes, &out, &err), 0);
		assert_string_equal(lk_buf_cstr(&out), maps[i].json);
		for (size_t n = 0; n < bytes.len; n++) {
			assert_int_equal(each(lk_str_slice(bytes, 0, n), &out, &err), LK_E_FORMAT);
			assert_non_null(strstr(err.message, "the data ends in the middle"));
		}
	}
	assert_int_equal(each(LK_STR("\x80\x01"), &out, &err), LK_E_FORMAT);
	assert_non_null(strstr(err.message, "something follows the document (byte 1)"));
	assert_int_equal(each(LK_STR("\x92\xa1\x61\x01"), &out, &err), LK_E_FORMAT);
	assert_string_equal(err.message, "expected a map (byte 0)");
	assert_int_equal(each(LK_STR("\x82\xa4stop\x01\xa1\x61\x01"), &out, &err), LK_E_NOT_FOUND);
	assert_string_equal(lk_buf_cstr(&out), "stop=1 ;");
}

/* JSON could say it, but no reader here takes it. */
static void nul_in_text(void **state)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(4096);
	struct lk_error err = LK_ERROR_INIT;
	(void)state;
	assert_int_equal(convert(LK_STR("\x91\xa3x\0y"), &out, &err), LK_E_FORMAT);
	assert_string_equal(err.message, "a text with a NUL in it (byte 2)");
	assert_string_equal(err.file, "file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(hostile_lengths),
		cmocka_unit_test(depth),
		cmocka_unit_test(many_values),
		cmocka_unit_test(members),
		cmocka_unit_test(nul_in_text),
		cmocka_unit_test(text_that_does_not_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
