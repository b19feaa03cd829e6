/*
 * MessagePack, read as the JSON text that says the same, so that one reader serves both; or member
 * by member where it lies, for large maps of small values.
 */
#ifndef LK_BASE_MSGPACK_H
#define LK_BASE_MSGPACK_H

#include "base/err.h"
#include "base/str.h"

#define LK_MSGPACK_DEPTH_MAX 31
/* A value may be one byte of BYTES and takes 24 of memory while it is read: at most 96 MiB. A shard
 * has about 70 to a record. */
#define LK_MSGPACK_VALUES_MAX ((size_t)4 << 20)

/* Appends the one document in BYTES to OUT. LK_E_FORMAT, with NAME as the file and the byte where
 * it stands, for anything that is not exactly one whole document of at most LK_MSGPACK_DEPTH_MAX
 * levels and LK_MSGPACK_VALUES_MAX values, and when OUT cannot hold the text. Takes memory in
 * proportion to BYTES, whatever lengths they claim.
 *
 * Binary data becomes lower-case hex, invalid UTF-8 U+FFFD, extensions and numbers that JSON does
 * not have become null; members whose key is no text are left out. Keys keep their order,
 * duplicates too. */
int lk_msgpack_to_json(
	lk_str bytes, const char *name, struct lk_buf *out, struct lk_error *err) LK_MUST_USE;

/* Calls ONE for each member of the map that BYTES are, in order: its key if that is text (any
 * bytes), else it is left out, and its value as the MessagePack of just that. Both are views of
 * BYTES. Stops at the first negative result and returns it. LK_E_FORMAT as above, after the members
 * in front, and when BYTES are no map. */
typedef int lk_msgpack_member_fn(void *ctx, lk_str key, lk_str value);
int lk_msgpack_each(lk_str bytes, const char *name, lk_msgpack_member_fn *one, void *ctx,
	struct lk_error *err) LK_MUST_USE;
bool lk_msgpack_is_map(lk_str value);
/* What is in the text or binary data VALUE, a view of it; empty for all else. VALUE is whole, as
 * given by lk_msgpack_each. */
lk_str lk_msgpack_content(lk_str value);

#endif
