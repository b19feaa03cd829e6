/*
 * Shared by the fs_*.c files.
 */
#ifndef LK_BASE_FS_PRIV_H
#define LK_BASE_FS_PRIV_H

#include <dirent.h>

#include "base/fs.h"

/* openat, close-on-exec and again after EINTR; -1 with errno. MODE matters to O_CREAT only. */
int lk_fs_openat(int dirfd, const char *path, int flags, mode_t mode);

/* lk_fs_open_beneath component by component, for kernels without openat2. Returns the descriptor,
 * or -1 with errno: ELOOP when a component is a symlink. PATH is contained. */
int lk_fs_walk_beneath(int dirfd, const char *path, int flags, mode_t mode);

/* chmod that follows no link; -1 with errno. */
int lk_fs_chmod_nofollow(int dirfd, const char *name, mode_t mode);

/* Opens a directory for reading; NULL with errno. */
DIR *lk_fs_opendir(int dirfd, const char *path);
void lk_closedir_p(DIR **dir);
/* The next entry that is not "." or ".."; NULL at the end (errno 0) or on failure. */
struct dirent *lk_fs_readdir(DIR *dir);

#endif
