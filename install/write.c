/*
 * One new file.
 */
#include "install/write.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/fs.h"

int lk_write_open(int dirfd, const char *name, const char *shown, int *ret_fd, struct lk_error *err)
{
	*ret_fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return *ret_fd >= 0 ? 0 : lk_fail_errno(err, LK_E_FS, errno, "cannot make '%s'", shown);
}

int lk_write_finish(
	int fd, mode_t mode, struct timespec when, const char *shown, struct lk_error *err)
{
	const struct timespec times[2] = {when, when};
	return fchmod(fd, mode) == 0 && futimens(fd, times) == 0
		? 0
		: lk_fail_errno(err, LK_E_FS, errno, "cannot set mode and time of '%s'", shown);
}

int lk_write_new(int dirfd, const char *name, lk_str bytes, mode_t mode, struct timespec when,
	const char *shown, struct lk_error *err)
{
	int LK_AUTO_CLOSE fd = -1;
	int rc = lk_write_open(dirfd, name, shown, &fd, err);
	if (rc == 0) {
		rc = lk_fs_write_all(fd, bytes.ptr, bytes.len, shown, err);
	}
	return rc < 0 ? rc : lk_write_finish(fd, mode, when, shown, err);
}
