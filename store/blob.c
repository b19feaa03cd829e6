/*
 * Bytes by position, over one file or several.
 */
#include "store/blob.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"

#define BLOCK_SIZE ((size_t)256 * 1024)

int lk_blob_from_fd(int fd, const char *name, struct lk_blob *ret, struct lk_error *err)
{
	struct stat st;
	if (fstat(fd, &st) != 0) {
		lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s'", name);
		lk_close_p(&fd);
		return err->code;
	}
	if (!S_ISREG(st.st_mode)) {
		lk_close_p(&fd);
		return lk_fail(err, LK_E_FS, "'%s' is not a file", name);
	}
	*ret = (struct lk_blob){.fd = fd, .size = (uint64_t)st.st_size};
	return 0;
}

void lk_blob_done(struct lk_blob *blob)
{
	lk_close_p(&blob->fd);
	*blob = LK_BLOB_NONE;
}

struct lk_blob lk_blob_take(struct lk_blob *blob)
{
	struct lk_blob taken = *blob;
	*blob = LK_BLOB_NONE;
	return taken;
}

/* The file that holds the byte AT of BLOB, where it is there, and how many follow in that file. */
static int find_file(const struct lk_blob *blob, uint64_t at, uint64_t *ret_at, uint64_t *ret_left)
{
	uint64_t from = blob->offset + at;
	*ret_left = blob->size - at;
	if (blob->fd >= 0) {
		*ret_at = from;
		return blob->fd;
	}
	size_t i = 0;
	while (i < blob->n_volumes && from >= blob->volumes[i].size) {
		from -= blob->volumes[i++].size;
	}
	if (i == blob->n_volumes) {
		return -1;
	}
	uint64_t rest = blob->volumes[i].size - from;
	*ret_left = *ret_left < rest ? *ret_left : rest;
	*ret_at = from;
	return blob->volumes[i].fd;
}

static int fail_short(const char *name, struct lk_error *err)
{
	return lk_fail(err, LK_E_INTEGRITY, "'%s' is cut short", name);
}

ssize_t lk_blob_read_at(const struct lk_blob *blob, uint64_t at, void *out, size_t len,
	const char *name, struct lk_error *err)
{
	if (at >= blob->size || len == 0) {
		return 0;
	}
	uint64_t from;
	uint64_t left;
	int fd = find_file(blob, at, &from, &left);
	if (fd < 0) {
		return fail_short(name, err);
	}
	len = len < left ? len : (size_t)left;
	ssize_t got = TEMP_FAILURE_RETRY(pread(fd, out, len, (off_t)from));
	if (got < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s'", name);
	}
	return got > 0 ? got : fail_short(name, err);
}

int lk_blob_copy(const struct lk_blob *blob, int fd, const char *name, struct lk_sha256 *ret,
	struct lk_error *err)
{
	struct lk_digest *LK_CLEANUP(lk_digest_free_p) digest = lk_digest_new(LK_DIGEST_SHA256);
	char *LK_AUTO_FREE block = lk_reallocarray(NULL, BLOCK_SIZE, 1);
	for (uint64_t at = 0; at < blob->size;) {
		ssize_t got = lk_blob_read_at(blob, at, block, BLOCK_SIZE, name, err);
		int rc = got < 0 ? (int)got : 0;
		if (rc == 0 && fd >= 0) {
			rc = lk_fs_write_all(fd, block, (size_t)got, name, err);
		}
		if (rc < 0) {
			return rc;
		}
		lk_digest_update(digest, block, (size_t)got);
		at += (uint64_t)got;
	}
	lk_digest_final(digest, ret->bytes);
	return 0;
}

int lk_blob_sha256(
	const struct lk_blob *blob, const char *name, struct lk_sha256 *ret, struct lk_error *err)
{
	return lk_blob_copy(blob, -1, name, ret, err);
}

static bool is_steady(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && (st.st_uid == 0 || st.st_uid == geteuid()) &&
		(st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

bool lk_blob_is_steady(const struct lk_blob *blob)
{
	bool steady = blob->fd < 0 || is_steady(blob->fd);
	for (size_t i = 0; steady && i < blob->n_volumes; i++) {
		steady = is_steady(blob->volumes[i].fd);
	}
	return steady;
}

/* ---- as a stream ---- */

struct reading {
	struct lk_blob blob;
	uint64_t at;
	char *name;
};

static ssize_t read_next(void *ctx, void *out, size_t len, struct lk_error *err)
{
	struct reading *reading = ctx;
	ssize_t got = lk_blob_read_at(&reading->blob, reading->at, out, len, reading->name, err);
	reading->at += got > 0 ? (uint64_t)got : 0;
	return got;
}

static void close_reading(void *ctx)
{
	struct reading *reading = ctx;
	lk_blob_done(&reading->blob);
	lk_free(reading->name);
	lk_free(reading);
}

struct lk_stream *lk_blob_stream(struct lk_blob *blob, const char *name)
{
	struct reading *reading = lk_calloc(1, sizeof(*reading));
	reading->blob = lk_blob_take(blob);
	reading->name = lk_strdup(name);
	return lk_stream_from_fn(read_next, close_reading, reading, name);
}
