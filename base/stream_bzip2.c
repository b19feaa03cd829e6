/*
 * bzip2: any number of members, nothing after the last.
 */
#include <bzlib.h>
#include <limits.h>

#include "base/stream_priv.h"

#define BLOCK_SIZE_100K 9

struct bzip2 {
	struct lk_input in;
	bz_stream bz;
	bool in_member;   /* bz is set up */
	size_t members;   /* that have ended */
	const char *name; /* the source's */
};

static unsigned clamp(size_t len)
{
	return len < UINT_MAX ? (unsigned)len : UINT_MAX;
}

static void begin_member(struct bzip2 *b)
{
	b->bz = (bz_stream){0};
	if (BZ2_bzDecompressInit(&b->bz, 0, 0) != BZ_OK) {
		lk_mem_lost();
	}
	b->in_member = true;
}

static void end_member(struct bzip2 *b)
{
	if (b->in_member) {
		BZ2_bzDecompressEnd(&b->bz);
		b->in_member = false;
	}
}

static int decode_failed(const struct bzip2 *b, int code, struct lk_error *err)
{
	if (code == BZ_MEM_ERROR) {
		lk_mem_lost();
	}
	if (code == BZ_DATA_ERROR_MAGIC && b->members > 0) {
		return lk_fail(err, LK_E_INTEGRITY,
			"'%s' has trailing garbage after its bzip2 data", b->name);
	}
	if (code == BZ_DATA_ERROR_MAGIC) {
		return lk_fail(err, LK_E_INTEGRITY, "'%s' is not bzip2 data", b->name);
	}
	return lk_fail(err, LK_E_INTEGRITY, "the bzip2 data of '%s' is damaged", b->name);
}

/* One call of the decoder; returns the bytes written to OUT or an error. */
static ssize_t decode_some(struct bzip2 *b, char *out, size_t len, struct lk_error *err)
{
	if (!b->in_member) {
		begin_member(b);
	}
	b->bz.next_in = b->in.bytes + b->in.pos;
	b->bz.avail_in = clamp(b->in.len - b->in.pos);
	b->bz.next_out = out;
	b->bz.avail_out = clamp(len);
	int rc = BZ2_bzDecompress(&b->bz);
	b->in.pos = b->in.len - b->bz.avail_in;
	size_t got = clamp(len) - b->bz.avail_out;
	if (rc == BZ_STREAM_END) {
		end_member(b);
		b->members++;
	} else if (rc != BZ_OK) {
		return decode_failed(b, rc, err);
	}
	return (ssize_t)got;
}

static ssize_t bzip2_read(void *ctx, void *out, size_t len, struct lk_error *err)
{
	struct bzip2 *b = ctx;
	for (;;) {
		int rc = lk_input_fill(&b->in, err);
		if (rc < 0) {
			return rc;
		}
		bool at_end = b->in.ended;
		if (at_end && !b->in_member && b->members > 0) {
			return 0;
		}
		ssize_t got = at_end && !b->in_member ? 0 : decode_some(b, out, len, err);
		if (got != 0) {
			return got;
		}
		if (at_end && (b->in_member || b->members == 0)) {
			return lk_fail(
				err, LK_E_INTEGRITY, "'%s' ends within its bzip2 data", b->name);
		}
	}
}

static void bzip2_close(void *ctx)
{
	struct bzip2 *b = ctx;
	end_member(b);
	lk_input_done(&b->in);
	lk_free(b);
}

struct lk_stream *lk_stream_bzip2(struct lk_stream *source)
{
	struct bzip2 *b = lk_calloc(1, sizeof(*b));
	lk_input_init(&b->in, source);
	b->name = lk_stream_name(source);
	return lk_stream_from_fn(bzip2_read, bzip2_close, b, b->name);
}

int lk_compress_bzip2(const void *bytes, size_t len, struct lk_buf *out, struct lk_error *err)
{
	bz_stream bz = {0};
	if (BZ2_bzCompressInit(&bz, BLOCK_SIZE_100K, 0, 0) != BZ_OK) {
		lk_mem_lost();
	}
	char chunk[16 * 1024];
	lk_str left = lk_str_n(bytes, len);
	int rc = BZ_RUN_OK;
	while (rc != BZ_STREAM_END && !out->overflow) {
		unsigned part = clamp(left.len);
		bz.next_in = (char *)left.ptr; /* not const to bzlib, which only reads */
		bz.avail_in = part;
		bz.next_out = chunk;
		bz.avail_out = sizeof(chunk);
		rc = BZ2_bzCompress(&bz, part == left.len ? BZ_FINISH : BZ_RUN);
		left = lk_str_skip(left, part - bz.avail_in);
		lk_buf_append(out, chunk, sizeof(chunk) - bz.avail_out);
	}
	BZ2_bzCompressEnd(&bz);
	return out->overflow
		? lk_fail(err, LK_E_FORMAT, "larger than %zu bytes even compressed", out->max)
		: LK_OK;
}
