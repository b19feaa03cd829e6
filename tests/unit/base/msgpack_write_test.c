/*
 * The MessagePack writer: shortest forms at every border, and what our own reader makes of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/msgpack.h"
#include "base/msgpack_write.h"

#define OUT_MAX ((size_t)1 << 20)

static void check(const struct lk_buf *out, const char *bytes, size_t len)
{
	assert_int_equal(out->len, len);
	assert_memory_equal(out->ptr, bytes, len);
}

/* Borders of each width, by the specification's table of formats. */
static void test_integers(void **state)
{
	static const struct {
		int64_t value;
		const char *bytes;
		size_t len;
	} table[] = {
		{0, "\x00", 1},
		{127, "\x7f", 1},
		{128, "\xcc\x80", 2},
		{255, "\xcc\xff", 2},
		{256, "\xcd\x01\x00", 3},
		{65535, "\xcd\xff\xff", 3},
		{65536, "\xce\x00\x01\x00\x00", 5},
		{4294967295, "\xce\xff\xff\xff\xff", 5},
		{4294967296, "\xcf\x00\x00\x00\x01\x00\x00\x00\x00", 9},
		{INT64_MAX, "\xcf\x7f\xff\xff\xff\xff\xff\xff\xff", 9},
		{-1, "\xff", 1},
		{-32, "\xe0", 1},
		{-33, "\xd0\xdf", 2},
		{-128, "\xd0\x80", 2},
		{-129, "\xd1\xff\x7f", 3},
		{-32768, "\xd1\x80\x00", 3},
		{-32769, "\xd2\xff\xff\x7f\xff", 5},
		{INT32_MIN, "\xd2\x80\x00\x00\x00", 5},
		{(int64_t)INT32_MIN - 1, "\xd3\xff\xff\xff\xff\x7f\xff\xff\xff", 9},
		{INT64_MIN, "\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9},
	};
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(OUT_MAX);
		lk_msgpack_put_int(&out, table[i].value);
		check(&out, table[i].bytes, table[i].len);
	}
}

static void test_lengths(void **state)
{
	static const struct {
		void (*put)(struct lk_buf *out, size_t n);
		size_t n;
		const char *bytes;
		size_t len;
	} table[] = {
		{lk_msgpack_put_map, 0, "\x80", 1},
		{lk_msgpack_put_map, 15, "\x8f", 1},
		{lk_msgpack_put_map, 16, "\xde\x00\x10", 3},
		{lk_msgpack_put_map, 65536, "\xdf\x00\x01\x00\x00", 5},
		{lk_msgpack_put_array, 15, "\x9f", 1},
		{lk_msgpack_put_array, 16, "\xdc\x00\x10", 3},
		{lk_msgpack_put_array, 65536, "\xdd\x00\x01\x00\x00", 5},
	};
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(OUT_MAX);
		table[i].put(&out, table[i].n);
		check(&out, table[i].bytes, table[i].len);
	}
}

static void test_texts(void **state)
{
	static const struct {
		size_t len;
		const char *head;
		size_t head_len;
	} table[] = {
		{0, "\xa0", 1},
		{31, "\xbf", 1},
		{32, "\xd9\x20", 2},
		{255, "\xd9\xff", 2},
		{256, "\xda\x01\x00", 3},
		{65536, "\xdb\x00\x01\x00\x00", 5},
	};
	(void)state;
	char *LK_AUTO_FREE text = lk_calloc(65536, 1);
	for (size_t i = 0; i < LK_COUNTOF(table); i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(OUT_MAX);
		lk_msgpack_put_str(&out, lk_str_n(text, table[i].len));
		assert_int_equal(out.len, table[i].head_len + table[i].len);
		assert_memory_equal(out.ptr, table[i].head, table[i].head_len);
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) bin = LK_BUF_INIT(OUT_MAX);
	lk_msgpack_put_bin(&bin, "\x01\x02", 2);
	check(&bin, "\xc4\x02\x01\x02", 4);
}

/* A tree comes back as the text it was read of. */
static void test_round_trip(void **state)
{
	static const char text[] =
		"{\"a\":[1,-2,300000,1.5,true,false,null,\"\xc3\xa9\"],\"b\":{\"c\":{},\"d\":[]}}";
	struct lk_error err = LK_ERROR_INIT;
	struct lk_json_doc *doc LK_CLEANUP(lk_json_doc_free_p) = NULL;
	struct lk_buf LK_CLEANUP(lk_buf_done) bytes = LK_BUF_INIT(OUT_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) back = LK_BUF_INIT(OUT_MAX);
	(void)state;
	assert_int_equal(lk_json_parse(LK_STR(text), "t", 8, &doc, &err), 0);
	lk_msgpack_put_json(&bytes, lk_json_root(doc));
	assert_int_equal(lk_msgpack_to_json(lk_buf_view(&bytes), "t", &back, &err), 0);
	assert_string_equal(lk_buf_cstr(&back), text);
}

static void test_no_room(void **state)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(4);
	(void)state;
	lk_msgpack_put_str(&out, LK_STR("longer than four"));
	assert_true(out.overflow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_no_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
