/*
 * The MessagePack writer.
 */
#include "base/msgpack_write.h"

#include <string.h>

enum tag {
	TAG_FIXMAP = 0x80,
	TAG_FIXARRAY = 0x90,
	TAG_FIXSTR = 0xa0,
	TAG_NIL = 0xc0,
	TAG_FALSE = 0xc2,
	TAG_TRUE = 0xc3,
	TAG_BIN8 = 0xc4,
	TAG_FLOAT64 = 0xcb,
	TAG_UINT8 = 0xcc,
	TAG_INT8 = 0xd0,
	TAG_STR8 = 0xd9,
	TAG_ARRAY16 = 0xdc,
	TAG_MAP16 = 0xde,
};

static void put_tagged(struct lk_buf *out, unsigned tag, uint64_t value, unsigned bytes)
{
	lk_buf_putc(out, (char)tag);
	while (bytes > 0) {
		bytes--;
		lk_buf_putc(out, (char)(value >> (8 * bytes) & 0xff));
	}
}

/* VALUE behind the first of TAG, TAG + 1 ... whose width holds it; the width of TAG itself is
 * FIRST bytes, of each further one twice as many. */
static void put_sized(struct lk_buf *out, unsigned tag, uint64_t value, unsigned first)
{
	unsigned bytes = first;
	while (bytes < 8 && value >> (8 * bytes) != 0) {
		bytes *= 2;
		tag++;
	}
	put_tagged(out, tag, value, bytes);
}

void lk_msgpack_put_map(struct lk_buf *out, size_t n)
{
	if (n < 16) {
		lk_buf_putc(out, (char)(TAG_FIXMAP | n));
	} else {
		put_sized(out, TAG_MAP16, n, 2);
	}
}

void lk_msgpack_put_array(struct lk_buf *out, size_t n)
{
	if (n < 16) {
		lk_buf_putc(out, (char)(TAG_FIXARRAY | n));
	} else {
		put_sized(out, TAG_ARRAY16, n, 2);
	}
}

void lk_msgpack_put_str(struct lk_buf *out, lk_str text)
{
	if (text.len < 32) {
		lk_buf_putc(out, (char)(TAG_FIXSTR | text.len));
	} else {
		put_sized(out, TAG_STR8, text.len, 1);
	}
	lk_buf_put(out, text);
}

void lk_msgpack_put_bin(struct lk_buf *out, const void *bytes, size_t len)
{
	put_sized(out, TAG_BIN8, len, 1);
	lk_buf_append(out, bytes, len);
}

void lk_msgpack_put_int(struct lk_buf *out, int64_t value)
{
	if (value >= -32 && value < 128) {
		lk_buf_putc(out, (char)value);
	} else if (value >= 0) {
		put_sized(out, TAG_UINT8, (uint64_t)value, 1);
	} else {
		unsigned bytes = value >= INT8_MIN ? 1
			: value >= INT16_MIN       ? 2
			: value >= INT32_MIN       ? 4
						   : 8;
		unsigned step = bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3;
		put_tagged(out, TAG_INT8 + step, (uint64_t)value, bytes);
	}
}

static void put_real(struct lk_buf *out, double value)
{
	uint64_t bits;
	_Static_assert(sizeof(bits) == sizeof(value), "a double is IEEE 754's binary64");
	memcpy(&bits, &value, sizeof(bits));
	put_tagged(out, TAG_FLOAT64, bits, 8);
}

static int put_member(void *ctx, lk_str key, const struct lk_json *member)
{
	struct lk_buf *out = ctx;
	lk_msgpack_put_str(out, key);
	lk_msgpack_put_json(out, member);
	return 0;
}

void lk_msgpack_put_json(
	struct lk_buf *out, const struct lk_json *value) /* NOLINT(misc-no-recursion) */
{
	switch (lk_json_kind(value)) {
	case LK_JSON_OBJECT:
		lk_msgpack_put_map(out, lk_json_size(value));
		(void)lk_json_each(value, put_member, out);
		break;
	case LK_JSON_ARRAY:
		lk_msgpack_put_array(out, lk_json_size(value));
		for (size_t i = 0; i < lk_json_size(value); i++) {
			lk_msgpack_put_json(out, lk_json_at(value, i));
		}
		break;
	case LK_JSON_STRING:
		lk_msgpack_put_str(out, lk_json_string(value));
		break;
	case LK_JSON_INT:
		lk_msgpack_put_int(out, lk_json_int(value, 0));
		break;
	case LK_JSON_REAL:
		put_real(out, lk_json_real(value, 0));
		break;
	case LK_JSON_BOOL:
		lk_buf_putc(out, (char)(lk_json_bool(value, false) ? TAG_TRUE : TAG_FALSE));
		break;
	case LK_JSON_NULL:
	case LK_JSON_ABSENT:
		lk_buf_putc(out, (char)TAG_NIL);
		break;
	}
}
