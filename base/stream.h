/*
 * Byte streams to read from: a file, memory, or another stream decompressed.
 *
 * The first error sticks: every later read returns it again. Closing a stream closes what it took.
 * Not thread-safe.
 */
#ifndef LK_BASE_STREAM_H
#define LK_BASE_STREAM_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/gate.h"
#include "base/str.h"

struct lk_stream;

enum lk_codec {
	LK_CODEC_NONE,
	LK_CODEC_ZSTD,  /* any number of frames, windows up to 2^31 */
	LK_CODEC_BZIP2, /* any number of members */
};

/* Reads from FD (taken) at its current offset. NAME (copied) is for errors. */
struct lk_stream *lk_stream_from_fd(int fd, const char *name) LK_MUST_USE;
/* Reads LEN bytes that stay valid while the stream lives. */
struct lk_stream *lk_stream_from_memory(
	const void *bytes, size_t len, const char *name) LK_MUST_USE;
/* Decodes SOURCE (taken). With LK_CODEC_NONE returns SOURCE itself. Truncated or damaged data is
 * LK_E_INTEGRITY; trailing garbage after the last frame too. */
struct lk_stream *lk_stream_decode(
	struct lk_stream *source /* taken */, enum lk_codec codec) LK_MUST_USE;
/* The same, of streams that several threads have with one GATE (may be NULL; it outlives them).
 * What takes more memory than 8 MiB (a large window, LK_CODEC_ZSTD) goes through it; who waits
 * there does so in a read. */
struct lk_stream *lk_stream_decode_gated(struct lk_stream *source /* taken */, enum lk_codec codec,
	struct lk_gate *gate) LK_MUST_USE;
/* A stream over a caller's function: it returns bytes read, 0 at the end, negative enum lk_code. */
typedef ssize_t lk_stream_read_fn(void *ctx, void *out, size_t len, struct lk_error *err);
struct lk_stream *lk_stream_from_fn(
	lk_stream_read_fn *read, void (*close)(void *ctx), void *ctx, const char *name) LK_MUST_USE;

/* Up to LEN bytes into OUT: the count (> 0), 0 at the end, or a negative enum lk_code. */
ssize_t lk_stream_read(
	struct lk_stream *stream, void *out, size_t len, struct lk_error *err) LK_MUST_USE;
/* Everything that is left appended to BUF; LK_E_INTEGRITY "larger than N bytes" past its
 * maximum. */
int lk_stream_read_all(
	struct lk_stream *stream, struct lk_buf *buf, struct lk_error *err) LK_MUST_USE;
const char *lk_stream_name(const struct lk_stream *stream);

void lk_stream_free(struct lk_stream *stream);
void lk_stream_free_p(struct lk_stream **stream);

/* Compresses LEN bytes into BUF: zstd at LEVEL (1..19) with content size and checksum, or
 * bzip2 -9. Same input, same bytes with the same library. LK_E_FORMAT when BUF cannot hold it. */
int lk_compress(enum lk_codec codec, int level, const void *bytes, size_t len, struct lk_buf *out,
	struct lk_error *err) LK_MUST_USE;

#endif
