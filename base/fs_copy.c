/*
 * Copying one file: shared blocks where the file system has them, else inside the kernel, else by
 * hand.
 */
#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fs_priv.h"

#define CHUNK ((size_t)256 * 1024)

struct copy {
	int in;
	int out;
	uint64_t size; /* of the source when it was opened */
	int dst_dirfd;
	const char *src;
	const char *dst;
	mode_t mode;
};

static int copy_open(struct copy *copy, int src_dirfd, struct lk_error *err)
{
	struct stat st;
	copy->in = lk_fs_openat(
		src_dirfd, copy->src, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	if (copy->in < 0 || fstat(copy->in, &st) != 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s'", copy->src);
	}
	if (!S_ISREG(st.st_mode)) {
		return lk_fail(err, LK_E_FS, "cannot copy '%s': not a regular file", copy->src);
	}
	copy->size = (uint64_t)st.st_size;
	copy->out = lk_fs_openat(copy->dst_dirfd, copy->dst, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (copy->out < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot make file '%s'", copy->dst);
	}
	return LK_OK;
}

static bool clone_whole(const struct copy *copy)
{
	return TEMP_FAILURE_RETRY(ioctl(copy->out, FICLONE, copy->in)) == 0;
}

/* As far as the kernel copies; what is left (all, where it cannot at all) is for copy_by_hand. Both
 * go on from the offsets of the descriptors. */
static void copy_in_kernel(const struct copy *copy)
{
	uint64_t done = 0;
	while (done < copy->size) {
		ssize_t got = TEMP_FAILURE_RETRY(copy_file_range(
			copy->in, NULL, copy->out, NULL, (size_t)(copy->size - done), 0));
		if (got <= 0) {
			return;
		}
		done += (uint64_t)got;
	}
}

static int copy_by_hand(const struct copy *copy, struct lk_error *err)
{
	char *LK_AUTO_FREE chunk = lk_reallocarray(NULL, CHUNK, 1);
	for (;;) {
		ssize_t got = TEMP_FAILURE_RETRY(read(copy->in, chunk, CHUNK));
		if (got < 0) {
			return lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s'", copy->src);
		}
		if (got == 0) {
			return LK_OK;
		}
		int rc = lk_fs_write_all(copy->out, chunk, (size_t)got, copy->dst, err);
		if (rc < 0) {
			return rc;
		}
	}
}

/* Sets the mode and closes both; a file that failed (RC) or fails now is removed. */
static int copy_finish(struct copy *copy, int rc, struct lk_error *err)
{
	if (rc == LK_OK && fchmod(copy->out, copy->mode) != 0) {
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot set the mode of '%s'", copy->dst);
	}
	bool made = copy->out >= 0;
	if (made && close(copy->out) != 0 && errno != EINTR && rc == LK_OK) {
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot write '%s'", copy->dst);
	}
	if (made && rc < 0) {
		(void)unlinkat(copy->dst_dirfd, copy->dst, 0);
	}
	lk_close_p(&copy->in);
	return rc;
}

int lk_fs_copy_file(int src_dirfd, const char *src, int dst_dirfd, const char *dst, mode_t mode,
	struct lk_error *err)
{
	struct copy copy = {-1, -1, 0, dst_dirfd, src, dst, mode};
	int rc = copy_open(&copy, src_dirfd, err);
	if (rc == LK_OK && !clone_whole(&copy)) {
		copy_in_kernel(&copy);
		rc = copy_by_hand(&copy, err);
	}
	return copy_finish(&copy, rc, err);
}

int lk_fs_reflink(int src_dirfd, const char *src, int dst_dirfd, const char *dst, mode_t mode,
	struct lk_error *err)
{
	struct copy copy = {-1, -1, 0, dst_dirfd, src, dst, mode};
	int rc = copy_open(&copy, src_dirfd, err);
	if (rc == LK_OK && !clone_whole(&copy)) {
		bool full = errno == ENOSPC || errno == EDQUOT || errno == EIO;
		rc = lk_fail_errno(err, full ? LK_E_FS : LK_E_NOT_FOUND, errno,
			"cannot share blocks of '%s' with '%s'", src, dst);
	}
	return copy_finish(&copy, rc, err);
}
