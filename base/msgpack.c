/*
 * MessagePack to JSON, with libmsgpack. It allocates what a header claims before it has seen that
 * much, so the shape of the whole is checked first.
 */
#include "base/msgpack.h"

#include <math.h>
#include <msgpack/unpack.h>

#include "base/digest.h"
#include "base/json.h"

/* What follows a value's first byte. */
struct shape {
	unsigned char length; /* bytes of a length field */
	unsigned char fixed;  /* bytes of content besides what the length field says */
	unsigned char values; /* the length counts so many values each, not bytes */
};

/* Of the first bytes 0xc0 to 0xdf (0xc1 is not used). */
static const struct shape shapes[] = {
	{0, 0, 0}, {0, 0, 0}, {0, 0, 0}, {0, 0, 0},             /* nil, -, false, true */
	{1, 0, 0}, {2, 0, 0}, {4, 0, 0},                        /* bin */
	{1, 1, 0}, {2, 1, 0}, {4, 1, 0},                        /* ext */
	{0, 4, 0}, {0, 8, 0},                                   /* float */
	{0, 1, 0}, {0, 2, 0}, {0, 4, 0}, {0, 8, 0},             /* uint */
	{0, 1, 0}, {0, 2, 0}, {0, 4, 0}, {0, 8, 0},             /* int */
	{0, 2, 0}, {0, 3, 0}, {0, 5, 0}, {0, 9, 0}, {0, 17, 0}, /* fixext */
	{1, 0, 0}, {2, 0, 0}, {4, 0, 0},                        /* str */
	{2, 0, 1}, {4, 0, 1}, {2, 0, 2}, {4, 0, 2},             /* array, map */
};

struct checker {
	const unsigned char *start, *at, *end;
	const char *name;
	uint64_t open[LK_MSGPACK_DEPTH_MAX]; /* values that each level still wants */
	unsigned depth;
	size_t n_values; /* so far */
	struct lk_error *err;
};

static struct checker checker_of(lk_str bytes, const char *name, struct lk_error *err)
{
	const unsigned char *start = (const unsigned char *)(bytes.ptr ? bytes.ptr : "");
	return (struct checker){
		.start = start, .at = start, .end = start + bytes.len, .name = name, .err = err};
}

static int fail(const struct checker *c, const char *what)
{
	lk_fail(c->err, LK_E_FORMAT, "%s (byte %zu)", what, (size_t)(c->at - c->start));
	lk_error_file(c->err, c->name);
	return LK_E_FORMAT;
}

/* Reads a value's header: *ret_bytes of content follow, then *ret_values values. */
static int check_header(struct checker *c, uint64_t *ret_bytes, uint64_t *ret_values)
{
	unsigned char first = *c->at;
	*ret_bytes = 0;
	*ret_values = 0;
	if (first == 0xc1) {
		return fail(c, "not MessagePack");
	}
	c->at++;
	if (first >= 0x80 && first < 0xa0) {
		*ret_values = (uint64_t)(first & 0xf) * (first < 0x90 ? 2 : 1);
	} else if (first >= 0xa0 && first < 0xc0) {
		*ret_bytes = first & 0x1fu;
	} else if (first >= 0xc0 && first < 0xe0) {
		const struct shape *shape = &shapes[first - 0xc0];
		if (c->end - c->at < shape->length) {
			return fail(c, "the data ends in the middle");
		}
		uint64_t length = 0;
		for (unsigned i = 0; i < shape->length; i++) {
			length = length << 8 | *c->at++;
		}
		*ret_values = length * shape->values;
		*ret_bytes = shape->fixed + (shape->values ? 0 : length);
	}
	return 0;
}

/* By a value's first byte. */
static bool is_text(unsigned char first)
{
	return (first >= 0xa0 && first < 0xc0) || (first >= 0xd9 && first <= 0xdb);
}

static bool is_binary(unsigned char first)
{
	return first >= 0xc4 && first <= 0xc6;
}

static bool is_map(unsigned char first)
{
	return (first >= 0x80 && first < 0x90) || first == 0xde || first == 0xdf;
}

/* One value without those inside it. */
static int check_value(struct checker *c)
{
	uint64_t bytes;
	uint64_t values;
	if (c->at == c->end) {
		return fail(c, "the data ends in the middle");
	}
	if (c->n_values++ == LK_MSGPACK_VALUES_MAX) {
		return fail(c, "more values than can be meant");
	}
	unsigned char first = *c->at;
	int rc = check_header(c, &bytes, &values);
	if (rc < 0) {
		return rc;
	}
	/* Each value inside needs at least one byte. */
	if (bytes + values > (uint64_t)(c->end - c->at)) {
		return fail(c, "the data ends in the middle");
	}
	if (is_text(first) && bytes > 0 && memchr(c->at, '\0', (size_t)bytes)) {
		return fail(c, "a text with a NUL in it");
	}
	c->at += bytes;
	if (values > 0) {
		if (c->depth == LK_MSGPACK_DEPTH_MAX) {
			return fail(c, "nested too deep");
		}
		c->open[c->depth++] = values;
	}
	return 0;
}

/* One value with all that is inside. */
static int check_whole(struct checker *c)
{
	int rc = check_value(c);
	while (rc == 0 && c->depth > 0) {
		if (c->open[c->depth - 1] == 0) {
			c->depth--;
			continue;
		}
		c->open[c->depth - 1]--;
		rc = check_value(c);
	}
	return rc;
}

static int check_end(struct checker *c)
{
	return c->at == c->end ? 0 : fail(c, "something follows the document");
}

static void put_hex(struct lk_jw *w, const char *bytes, size_t len)
{
	char *LK_AUTO_FREE hex = lk_calloc(2, len + 1);
	lk_hex((const unsigned char *)bytes, len, hex);
	lk_jw_string(w, lk_str_of(hex));
}

static void put_real(struct lk_jw *w, double value)
{
	if (!isfinite(value)) {
		lk_jw_null(w);
	} else if (fabs(value) < 9e15 && value == (double)(int64_t)value) {
		lk_jw_int(w, (int64_t)value);
	} else {
		lk_jw_exact_real(w, value);
	}
}

/* Not deeper than the check allowed. */
static void put_value(struct lk_jw *w, const msgpack_object *value) /* NOLINT(misc-no-recursion) */
{
	switch (value->type) {
	case MSGPACK_OBJECT_BOOLEAN:
		lk_jw_bool(w, value->via.boolean);
		break;
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
		lk_jw_uint(w, value->via.u64);
		break;
	case MSGPACK_OBJECT_NEGATIVE_INTEGER:
		lk_jw_int(w, value->via.i64);
		break;
	case MSGPACK_OBJECT_FLOAT32:
	case MSGPACK_OBJECT_FLOAT64:
		put_real(w, value->via.f64);
		break;
	case MSGPACK_OBJECT_STR:
		lk_jw_string(w, lk_str_n(value->via.str.ptr, value->via.str.size));
		break;
	case MSGPACK_OBJECT_BIN:
		put_hex(w, value->via.bin.ptr, value->via.bin.size);
		break;
	case MSGPACK_OBJECT_ARRAY:
		lk_jw_array(w);
		for (uint32_t i = 0; i < value->via.array.size; i++) {
			put_value(w, &value->via.array.ptr[i]);
		}
		lk_jw_end(w);
		break;
	case MSGPACK_OBJECT_MAP:
		lk_jw_object(w);
		for (uint32_t i = 0; i < value->via.map.size; i++) {
			const msgpack_object_kv *member = &value->via.map.ptr[i];
			if (member->key.type == MSGPACK_OBJECT_STR) {
				lk_jw_key_str(w,
					lk_str_n(
						member->key.via.str.ptr, member->key.via.str.size));
				put_value(w, &member->val);
			}
		}
		lk_jw_end(w);
		break;
	default:
		lk_jw_null(w);
		break;
	}
}

int lk_msgpack_to_json(lk_str bytes, const char *name, struct lk_buf *out, struct lk_error *err)
{
	struct checker checker = checker_of(bytes, name, err);
	int rc = check_whole(&checker);
	if (rc == 0) {
		rc = check_end(&checker);
	}
	if (rc < 0) {
		return rc;
	}
	msgpack_unpacked unpacked;
	msgpack_unpacked_init(&unpacked);
	if (msgpack_unpack_next(&unpacked, bytes.ptr, bytes.len, NULL) == MSGPACK_UNPACK_SUCCESS) {
		struct lk_jw w;
		lk_jw_init(&w, out, false);
		put_value(&w, &unpacked.data);
		if (out->overflow) {
			rc = fail(&checker, "too large");
		}
	} else {
		rc = fail(&checker, "not MessagePack");
	}
	msgpack_unpacked_destroy(&unpacked);
	return rc;
}

bool lk_msgpack_is_map(lk_str value)
{
	return value.len > 0 && is_map((unsigned char)value.ptr[0]);
}

lk_str lk_msgpack_content(lk_str value)
{
	struct lk_error ignored;
	struct checker c = checker_of(value, "", &ignored);
	uint64_t bytes;
	uint64_t values;
	if (c.at == c.end || (!is_text(*c.at) && !is_binary(*c.at)) ||
		check_header(&c, &bytes, &values) < 0) {
		return LK_STR("");
	}
	return lk_str_n((const char *)c.at, (size_t)bytes);
}

/* The value at the cursor. */
static int next_value(struct checker *c, lk_str *ret)
{
	const unsigned char *from = c->at;
	int rc = check_whole(c);
	*ret = lk_str_n((const char *)from, (size_t)(c->at - from));
	return rc;
}

int lk_msgpack_each(
	lk_str bytes, const char *name, lk_msgpack_member_fn *one, void *ctx, struct lk_error *err)
{
	struct checker checker = checker_of(bytes, name, err);
	lk_str key;
	lk_str value;
	int rc = check_value(&checker);
	if (rc == 0 && !lk_msgpack_is_map(bytes)) {
		checker.at = checker.start;
		rc = fail(&checker, "expected a map");
	}
	uint64_t left = checker.depth > 0 ? checker.open[0] : 0;
	for (checker.depth = 0; rc == 0 && left > 0; left -= 2) {
		rc = next_value(&checker, &key);
		if (rc == 0) {
			rc = next_value(&checker, &value);
		}
		if (rc == 0 && is_text((unsigned char)key.ptr[0])) {
			rc = one(ctx, lk_msgpack_content(key), value);
		}
	}
	return rc < 0 ? rc : check_end(&checker);
}
