/*
 * Zstandard (RFC 8878): any number of frames, nothing after the last.
 */
#include <zstd.h>
#include <zstd_errors.h>

#include "base/stream_priv.h"

#define WINDOW_LOG_MAX 31
/* A window takes memory as far as it was filled: so much of one any stream may have without asking,
 * and all of a small one. */
#define FREE_BYTES ((uint64_t)2 << 20)
#define FREE_CONTEXT ((size_t)4 << 20)

struct zstd {
	struct lk_input in;
	ZSTD_DCtx *ctx;
	bool in_frame; /* between the first and the last byte of one */
	size_t frames; /* that have ended */
	struct lk_gate *gate;
	size_t inside;    /* bytes that it is inside the gate with */
	uint64_t filled;  /* bytes given out */
	const char *name; /* the source's */
};

static int decode_failed(const struct zstd *z, size_t code, struct lk_error *err)
{
	switch (ZSTD_getErrorCode(code)) {
	case ZSTD_error_memory_allocation:
		return lk_fail(err, LK_E_INTEGRITY,
			"'%s' asks for more memory to decompress than there is", z->name);
	case ZSTD_error_prefix_unknown:
		if (z->frames > 0) {
			return lk_fail(err, LK_E_INTEGRITY,
				"'%s' has trailing garbage after its zstd data", z->name);
		}
		return lk_fail(err, LK_E_INTEGRITY, "'%s' is not zstd data", z->name);
	default:
		return lk_fail(err, LK_E_INTEGRITY, "the zstd data of '%s' is damaged: %s", z->name,
			ZSTD_getErrorName(code));
	}
}

/* A window that grows large does so while no other does. */
static void wait_for_room(struct zstd *z)
{
	size_t size = ZSTD_sizeof_DCtx(z->ctx);
	if (z->gate && z->inside == 0 && z->filled >= FREE_BYTES && size > FREE_CONTEXT) {
		lk_gate_enter(z->gate, size);
		z->inside = size;
	}
}

/* One call of the decoder; what it wrote is added to OUT. */
static int decode_some(struct zstd *z, ZSTD_outBuffer *out, struct lk_error *err)
{
	ZSTD_inBuffer in = {z->in.bytes, z->in.len, z->in.pos};
	size_t rc = ZSTD_decompressStream(z->ctx, out, &in);
	if (ZSTD_isError(rc)) {
		return decode_failed(z, rc, err);
	}
	z->in.pos = in.pos;
	z->in_frame = rc != 0;
	z->frames += rc == 0;
	return LK_OK;
}

static ssize_t zstd_read(void *ctx, void *bytes, size_t len, struct lk_error *err)
{
	struct zstd *z = ctx;
	ZSTD_outBuffer out = {bytes, len, 0};
	while (out.pos == 0) {
		int rc = lk_input_fill(&z->in, err);
		if (rc < 0) {
			return rc;
		}
		if (z->in.ended && !z->in_frame && z->frames > 0) {
			return 0;
		}
		bool at_end = z->in.ended;
		if (!at_end || z->in_frame) { /* at the end too: the decoder may hold back output */
			wait_for_room(z);
			rc = decode_some(z, &out, err);
		}
		if (rc == LK_OK && at_end && out.pos == 0 && (z->in_frame || z->frames == 0)) {
			rc = lk_fail(
				err, LK_E_INTEGRITY, "'%s' ends within its zstd data", z->name);
		}
		if (rc < 0) {
			return rc;
		}
	}
	z->filled += out.pos;
	return (ssize_t)out.pos;
}

static void zstd_close(void *ctx)
{
	struct zstd *z = ctx;
	ZSTD_freeDCtx(z->ctx);
	if (z->inside > 0) {
		lk_gate_leave(z->gate, z->inside);
	}
	lk_input_done(&z->in);
	lk_free(z);
}

struct lk_stream *lk_stream_zstd(struct lk_stream *source, struct lk_gate *gate)
{
	struct zstd *z = lk_calloc(1, sizeof(*z));
	z->gate = gate;
	lk_input_init(&z->in, source);
	z->name = lk_stream_name(source);
	z->ctx = ZSTD_createDCtx();
	if (!z->ctx ||
		ZSTD_isError(ZSTD_DCtx_setParameter(z->ctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
		lk_mem_lost();
	}
	return lk_stream_from_fn(zstd_read, zstd_close, z, z->name);
}

int lk_compress_zstd(
	int level, const void *bytes, size_t len, struct lk_buf *out, struct lk_error *err)
{
	ZSTD_CCtx *ctx = ZSTD_createCCtx();
	if (!ctx || ZSTD_isError(ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, level)) ||
		ZSTD_isError(ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, 1)) ||
		ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(ctx, len))) {
		lk_mem_lost();
	}
	ZSTD_inBuffer in = {bytes, len, 0};
	size_t left = 1;
	while (left > 0 && !out->overflow) {
		char chunk[16 * 1024];
		ZSTD_outBuffer part = {chunk, sizeof(chunk), 0};
		left = ZSTD_compressStream2(ctx, &part, &in, ZSTD_e_end);
		if (ZSTD_isError(left)) {
			lk_mem_lost(); /* nothing else can fail here */
		}
		lk_buf_append(out, chunk, part.pos);
	}
	ZSTD_freeCCtx(ctx);
	return out->overflow
		? lk_fail(err, LK_E_FORMAT, "larger than %zu bytes even compressed", out->max)
		: LK_OK;
}
