/*
 * One new file.
 */
#include "install/write.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/fs.h"

int lk_write_new(int dirfd, const char *name, lk_str bytes, mode_t mode, struct timespec when,
	const char *shown, struct lk_error *err)
{
	const struct timespec times[2] = {when, when};
	int LK_AUTO_CLOSE fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot make '%s'", shown);
	}
	int rc = lk_fs_write_all(fd, bytes.ptr, bytes.len, shown, err);
	if (rc == 0 && (fchmod(fd, mode) < 0 || futimens(fd, times) < 0)) {
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot set mode and time of '%s'", shown);
	}
	return rc;
}
