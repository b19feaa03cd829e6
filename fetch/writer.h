/*
 * Bytes to files and digests on another thread than the one that receives them.
 *
 *     int receive(void *ctx, struct lk_error *err)      calls lk_writer_put, lk_writer_drain
 *     writer = lk_writer_new(8);
 *     rc = lk_writer_run(writer, receive, ctx, err);
 *     lk_writer_free(writer);
 *
 * One queue of blocks of fixed size, worked off in order. The receiver waits when it is full and
 * then helps, so that it also works where no thread can be made. Memory is bounded by the number of
 * files.
 */
#ifndef LK_FETCH_WRITER_H
#define LK_FETCH_WRITER_H

#include "base/digest.h"
#include "base/err.h"

struct lk_writer;
struct lk_writer_block;

/* A file being written; zeroed before use, `fd`, `name` and the digests then set by the caller, who
 * may touch them (and close the file) only before the first put and after a drain or the end of the
 * run. */
struct lk_writer_file {
	int fd;
	const char *name; /* for errors */
	struct lk_digest *digest;
	struct lk_digest *second;        /* another digest of the same bytes, or NULL */
	struct lk_writer_block *filling; /* private, as what follows */
	size_t queued;
	int rc;
	struct lk_error error;
};

/* For up to MAX_FILES files between first put and drain at a time. */
struct lk_writer *lk_writer_new(size_t max_files) LK_MUST_USE;
void lk_writer_free(struct lk_writer *writer);

/* Calls RECEIVE in the calling thread and returns what it returns; what is still queued then is
 * dropped. */
int lk_writer_run(struct lk_writer *writer, int (*receive)(void *ctx, struct lk_error *err),
	void *ctx, struct lk_error *err) LK_MUST_USE;

/* Takes a copy of LEN bytes. The error may be that of an earlier put. */
int lk_writer_put(struct lk_writer *writer, struct lk_writer_file *file, const void *bytes,
	size_t len, struct lk_error *err) LK_MUST_USE;
/* Waits until all of FILE is written and hashed. The file can then be started anew. */
int lk_writer_drain(
	struct lk_writer *writer, struct lk_writer_file *file, struct lk_error *err) LK_MUST_USE;

#endif
