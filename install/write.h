/*
 * Writing a new file with exact mode and mtime.
 */
#ifndef LK_INSTALL_WRITE_H
#define LK_INSTALL_WRITE_H

#include <sys/types.h>
#include <time.h>

#include "base/err.h"

/* Files that have no time of their own bear this one: 1980-01-01, the first that a zip can hold.
 * Seconds since 1970. */
#define LK_WRITE_EPOCH ((time_t)315532800)

/* Makes NAME in DIRFD, which must not exist, to be written to and then finished with MODE (whatever
 * the umask) and mtime WHEN (tv_nsec UTIME_NOW: this moment). SHOWN is the name in errors
 * (LK_E_FS). Not synced. */
int lk_write_open(int dirfd, const char *name, const char *shown, int *ret_fd,
	struct lk_error *err) LK_MUST_USE;
int lk_write_finish(int fd, mode_t mode, struct timespec when, const char *shown,
	struct lk_error *err) LK_MUST_USE;

/* Both, and BYTES between. */
int lk_write_new(int dirfd, const char *name, lk_str bytes, mode_t mode, struct timespec when,
	const char *shown, struct lk_error *err) LK_MUST_USE;

#endif
