/*
 * Writing MessagePack: each call appends one value, in its shortest form, to a buffer whose
 * overflow flag tells when there was no room.
 *
 *     lk_msgpack_put_map(&out, 1); lk_msgpack_put_str(&out, key); lk_msgpack_put_json(&out, value);
 *
 * A map is followed by as many keys with their values as it was said to have, an array by its
 * elements. Source: the MessagePack specification (msgpack.org), with its 2013 types.
 */
#ifndef LK_BASE_MSGPACK_WRITE_H
#define LK_BASE_MSGPACK_WRITE_H

#include "base/json.h"
#include "base/str.h"

void lk_msgpack_put_map(struct lk_buf *out, size_t n);
void lk_msgpack_put_array(struct lk_buf *out, size_t n);
void lk_msgpack_put_str(struct lk_buf *out, lk_str text);
void lk_msgpack_put_bin(struct lk_buf *out, const void *bytes, size_t len);
void lk_msgpack_put_int(struct lk_buf *out, int64_t value);
/* A value of a parsed tree with all below it; members keep their order. */
void lk_msgpack_put_json(struct lk_buf *out, const struct lk_json *value);

#endif
