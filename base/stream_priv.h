/*
 * Between stream.c and the files that know a codec.
 */
#ifndef LK_BASE_STREAM_PRIV_H
#define LK_BASE_STREAM_PRIV_H

#include <stdbool.h>

#include "base/stream.h"

/* The compressed side of a decoder: a window of the source that is refilled when used up. */
struct lk_input {
	struct lk_stream *source; /* owned */
	char *bytes;
	size_t pos; /* of the first byte not used yet */
	size_t len;
	bool ended; /* the source has no more */
};

void lk_input_init(struct lk_input *in, struct lk_stream *source /* taken */);
void lk_input_done(struct lk_input *in);
/* Refills an empty window; 0, with `ended` set at the end, or the source's error. */
int lk_input_fill(struct lk_input *in, struct lk_error *err);

struct lk_stream *lk_stream_zstd(struct lk_stream *source /* taken */, struct lk_gate *gate);
struct lk_stream *lk_stream_bzip2(struct lk_stream *source /* taken */);

int lk_compress_zstd(
	int level, const void *bytes, size_t len, struct lk_buf *out, struct lk_error *err);
int lk_compress_bzip2(const void *bytes, size_t len, struct lk_buf *out, struct lk_error *err);

#endif
