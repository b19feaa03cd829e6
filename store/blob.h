/*
 * A run of bytes that nobody changes: a file of its own, or a part of a bundle, which may be cut
 * into several files (volumes).
 *
 * Everything is read by position, so that several threads may read from one bundle at once.
 */
#ifndef LK_STORE_BLOB_H
#define LK_STORE_BLOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/stream.h"

struct lk_volume {
	int fd;
	uint64_t size; /* bytes */
};

struct lk_blob {
	int fd;                          /* the file; owned. -1: it lies in VOLUMES */
	const struct lk_volume *volumes; /* read as if one followed the other; borrowed */
	size_t n_volumes;
	uint64_t offset; /* of its first byte */
	uint64_t size;   /* bytes */
};

#define LK_BLOB_NONE ((struct lk_blob){.fd = -1})

/* All of the file FD (taken also on failure), as long as it is now. NAME is for errors: LK_E_FS. */
int lk_blob_from_fd(
	int fd, const char *name, struct lk_blob *ret, struct lk_error *err) LK_MUST_USE;
void lk_blob_done(struct lk_blob *blob);
/* The blob, leaving LK_BLOB_NONE in its place. */
struct lk_blob lk_blob_take(struct lk_blob *blob);

/* Up to LEN bytes from AT on into OUT: the count, 0 only at the blob's end, or a negative enum
 * lk_code: LK_E_FS, and LK_E_INTEGRITY when a file has become shorter. */
ssize_t lk_blob_read_at(const struct lk_blob *blob, uint64_t at, void *out, size_t len,
	const char *name, struct lk_error *err) LK_MUST_USE;
int lk_blob_sha256(const struct lk_blob *blob, const char *name, struct lk_sha256 *ret,
	struct lk_error *err) LK_MUST_USE;
/* The same, and all of it appended to the file FD (-1: nowhere). */
int lk_blob_copy(const struct lk_blob *blob, int fd, const char *name, struct lk_sha256 *ret,
	struct lk_error *err) LK_MUST_USE;
/* Can nobody but this user and root write to its files, so that what was hashed is what is read
 * after? Says nothing of others who may already have a file open. */
bool lk_blob_is_steady(const struct lk_blob *blob);
/* Its bytes in order. BLOB is taken, NAME copied. */
struct lk_stream *lk_blob_stream(struct lk_blob *blob /* taken */, const char *name) LK_MUST_USE;

#endif
