/*
 * Streams: every kind is a read function with a context; here are the end, sticky errors, and the
 * kinds that need no codec.
 */
#include "base/stream.h"

#include <errno.h>
#include <unistd.h>

#include "base/stream_priv.h"

#define CHUNK ((size_t)128 * 1024)

struct lk_stream {
	lk_stream_read_fn *read;
	void (*close)(void *ctx);
	void *ctx;
	char *name;
	bool ended;
	struct lk_error failed; /* code is LK_OK until a read fails */
};

struct lk_stream *lk_stream_from_fn(
	lk_stream_read_fn *read, void (*close)(void *ctx), void *ctx, const char *name)
{
	struct lk_stream *stream = lk_calloc(1, sizeof(*stream));
	stream->read = read;
	stream->close = close;
	stream->ctx = ctx;
	stream->name = lk_strdup(name);
	return stream;
}

void lk_stream_free(struct lk_stream *stream)
{
	if (stream) {
		if (stream->close) {
			stream->close(stream->ctx);
		}
		lk_free(stream->name);
		lk_free(stream);
	}
}

void lk_stream_free_p(struct lk_stream **stream)
{
	lk_stream_free(LK_STEAL(*stream));
}

const char *lk_stream_name(const struct lk_stream *stream)
{
	return stream->name;
}

ssize_t lk_stream_read(struct lk_stream *stream, void *out, size_t len, struct lk_error *err)
{
	if (stream->failed.code != LK_OK) {
		*err = stream->failed;
		return err->code;
	}
	if (stream->ended || len == 0) {
		return 0;
	}
	ssize_t got = stream->read(stream->ctx, out, len, err);
	if (got < 0) {
		stream->failed = *err;
	}
	stream->ended = got == 0;
	return got;
}

int lk_stream_read_all(struct lk_stream *stream, struct lk_buf *buf, struct lk_error *err)
{
	for (;;) {
		char beyond;
		size_t space = buf->max - buf->len;
		size_t len = space < CHUNK ? space : CHUNK;
		char *at = len > 0 ? lk_buf_room(buf, len) : NULL;
		ssize_t got = lk_stream_read(stream, at ? at : &beyond, at ? len : 1, err);
		if (got <= 0) {
			return (int)got;
		}
		if (!at) {
			return lk_fail(err, LK_E_INTEGRITY, "'%s' is larger than %zu bytes",
				stream->name, buf->max);
		}
		buf->len += (size_t)got;
		lk_buf_truncate(buf, buf->len);
	}
}

struct fd_source {
	int fd;
	char *name;
};

static ssize_t fd_read(void *ctx, void *out, size_t len, struct lk_error *err)
{
	struct fd_source *source = ctx;
	ssize_t got = read(source->fd, out, len);
	if (got < 0 && errno == EINTR) { /* a terminal or a pipe that may never say more */
		return lk_fail(
			err, LK_E_INTERRUPTED, "interrupted while reading '%s'", source->name);
	}
	if (got < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s'", source->name);
	}
	return got;
}

static void fd_close(void *ctx)
{
	struct fd_source *source = ctx;
	close(source->fd);
	lk_free(source->name);
	lk_free(source);
}

struct lk_stream *lk_stream_from_fd(int fd, const char *name)
{
	struct fd_source *source = lk_calloc(1, sizeof(*source));
	source->fd = fd;
	source->name = lk_strdup(name);
	return lk_stream_from_fn(fd_read, fd_close, source, name);
}

static ssize_t memory_read(void *ctx, void *out, size_t len, struct lk_error *err LK_UNUSED)
{
	lk_str *left = ctx;
	size_t part = len < left->len ? len : left->len;
	if (part > 0) {
		memcpy(out, left->ptr, part);
	}
	*left = lk_str_skip(*left, part);
	return (ssize_t)part;
}

struct lk_stream *lk_stream_from_memory(const void *bytes, size_t len, const char *name)
{
	lk_str *left = lk_calloc(1, sizeof(*left));
	*left = lk_str_n(bytes, len);
	return lk_stream_from_fn(memory_read, lk_free, left, name);
}

void lk_input_init(struct lk_input *in, struct lk_stream *source)
{
	*in = (struct lk_input){.source = source, .bytes = lk_reallocarray(NULL, CHUNK, 1)};
}

void lk_input_done(struct lk_input *in)
{
	lk_stream_free(in->source);
	lk_free(in->bytes);
}

int lk_input_fill(struct lk_input *in, struct lk_error *err)
{
	if (in->pos < in->len || in->ended) {
		return LK_OK;
	}
	ssize_t got = lk_stream_read(in->source, in->bytes, CHUNK, err);
	if (got < 0) {
		return (int)got;
	}
	in->pos = 0;
	in->len = (size_t)got;
	in->ended = got == 0;
	return LK_OK;
}

struct lk_stream *lk_stream_decode(struct lk_stream *source, enum lk_codec codec)
{
	return lk_stream_decode_gated(source, codec, NULL);
}

struct lk_stream *lk_stream_decode_gated(
	struct lk_stream *source, enum lk_codec codec, struct lk_gate *gate)
{
	switch (codec) {
	case LK_CODEC_ZSTD:
		return lk_stream_zstd(source, gate);
	case LK_CODEC_BZIP2:
		return lk_stream_bzip2(source);
	case LK_CODEC_NONE:
		break;
	}
	return source;
}

int lk_compress(enum lk_codec codec, int level, const void *bytes, size_t len, struct lk_buf *out,
	struct lk_error *err)
{
	switch (codec) {
	case LK_CODEC_ZSTD:
		return lk_compress_zstd(level, bytes, len, out, err);
	case LK_CODEC_BZIP2:
		return lk_compress_bzip2(bytes, len, out, err);
	case LK_CODEC_NONE:
		break;
	}
	lk_buf_append(out, bytes, len);
	return out->overflow ? lk_fail(err, LK_E_FORMAT, "larger than %zu bytes", out->max) : LK_OK;
}
