/*
 * Decoders: the first byte names the codec, the rest is decoded as damaged data may come; the same
 * rest as a text is packed and comes back.
 */
#include <stdlib.h>

#include "base/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int decode(lk_str bytes, enum lk_codec codec, struct lk_buf *out, struct lk_error *err)
{
	struct lk_stream *LK_CLEANUP(lk_stream_free_p) stream =
		lk_stream_decode(lk_stream_from_memory(bytes.ptr, bytes.len, "input"), codec);
	return lk_stream_read_all(stream, out, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0) {
		return 0;
	}
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(1000000);
	struct lk_buf LK_CLEANUP(lk_buf_done) packed = LK_BUF_INIT(SIZE_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) back = LK_BUF_INIT(SIZE_MAX);
	enum lk_codec codec = data[0] % 2 ? LK_CODEC_ZSTD : LK_CODEC_BZIP2;
	lk_str rest = lk_str_n((const char *)data + 1, size - 1);
	int rc = decode(rest, codec, &out, &err);
	if (rc != LK_OK && rc != LK_E_INTEGRITY) {
		abort();
	}
	if (lk_compress(codec, 1, rest.ptr, rest.len, &packed, &err) != LK_OK ||
		decode(lk_buf_view(&packed), codec, &back, &err) != LK_OK ||
		!lk_str_eq(lk_buf_view(&back), rest)) {
		abort();
	}
	return 0;
}
