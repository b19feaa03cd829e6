/*
 * The file system: names relative to a directory descriptor, no link followed, nothing
 * half-written.
 *
 * Every function takes DIRFD (AT_FDCWD allowed) and a path relative to it. Errors are LK_E_FS with
 * the path and the reason unless stated; a missing file is LK_E_NOT_FOUND where the header says so.
 * File descriptors are close-on-exec.
 */
#ifndef LK_BASE_FS_H
#define LK_BASE_FS_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

/* Closes *FD when it is not negative; for LK_CLEANUP. */
void lk_close_p(int *fd);
#define LK_AUTO_CLOSE LK_CLEANUP(lk_close_p)

/* Takes the descriptor out of a variable that is closed on scope exit. */
static inline int lk_fd_take(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

/* Is PATH a plain relative name that cannot leave its directory: not empty, not absolute, no empty,
 * "." or ".." component, no NUL, no component above 255 bytes, at most 4095 bytes in all? */
bool lk_path_is_contained(lk_str path);
/* A single such component. */
bool lk_path_is_component(lk_str name);
/* The directory part ("" when there is none) and the last component. */
lk_str lk_path_dirname(lk_str path);
lk_str lk_path_basename(lk_str path);
/* Absolute form of PATH as NUL-ended heap text: joined to the working directory, "." and empty
 * components and trailing slashes removed, ".." resolved by name (no link is read). */
int lk_path_absolute(const char *path, char **ret, struct lk_error *err) LK_MUST_USE;

/* Opens PATH beneath DIRFD following no symlink at all (openat2 RESOLVE_BENEATH | NO_SYMLINKS, or a
 * walk by components where the kernel lacks it). LK_E_NOT_FOUND when it is not there. */
int lk_fs_open_beneath(int dirfd, const char *path, int flags, mode_t mode, int *ret_fd,
	struct lk_error *err) LK_MUST_USE;
/* The directory NAME, which is no symlink, open for reading; -1 with errno. */
int lk_fs_open_dir(int dirfd, const char *name);
/* Makes every directory of PATH (0777 & ~umask unless MODE is not 0: then exactly MODE). Existing
 * ones are fine. With NOFOLLOW a component that is a symlink or ".." is an error. */
int lk_fs_mkdirs(
	int dirfd, const char *path, mode_t mode, bool nofollow, struct lk_error *err) LK_MUST_USE;

/* Is another file system, or another part of this one, mounted at the directory PATH? By its device
 * alone where the kernel does not tell. */
bool lk_fs_is_mounted(int dirfd, const char *path);
/* What is mounted below the directory DIRFD, files too: paths relative to it, as the kernel lists
 * them, owned by ARENA; the vector is the caller's. None where the kernel does not tell (no /proc).
 */
void lk_fs_mounts_below(int dirfd, struct lk_arena *arena, struct lk_strs *ret);
/* Do both names lead, by links or not, to one file that is there? */
bool lk_fs_same_file(const char *path, const char *other);

/* The whole file appended to BUF; LK_E_INTERRUPTED by a signal while it waits, LK_E_FORMAT when it
 * does not fit into the buffer's maximum or is a directory, LK_E_NOT_FOUND when it is not there. */
int lk_fs_read_file(
	int dirfd, const char *path, struct lk_buf *buf, struct lk_error *err) LK_MUST_USE;
/* The same of a path that others may have prepared: LK_E_FORMAT also when the file is not a regular
 * one or a part of the path is a symlink; never waits for a FIFO. */
int lk_fs_read_beneath(
	int dirfd, const char *path, struct lk_buf *buf, struct lk_error *err) LK_MUST_USE;
/* LK_E_USAGE when PATH is a device, a FIFO or a socket, or leads to one, such as /dev/stdout: a
 * rename would put a file in its place. Folders are left to the rename. */
int lk_fs_check_replaceable(int dirfd, const char *path, struct lk_error *err) LK_MUST_USE;
/* Replaces PATH by LEN bytes: written beside it, synced, renamed over it; the old file stays whole
 * until then. A symlink at PATH is itself replaced, but for one to a device (see above). MODE 0:
 * 0666 & ~umask. */
int lk_fs_write_atomic(int dirfd, const char *path, const void *bytes, size_t len, mode_t mode,
	struct lk_error *err) LK_MUST_USE;
/* The same without syncing, MODE 0, for what can be made again: after a power cut the file may be
 * old, empty or torn. */
int lk_fs_write_unsynced(int dirfd, const char *path, const void *bytes, size_t len,
	struct lk_error *err) LK_MUST_USE;
/* write(2) until done; waits where a descriptor that does not block is full. NAME is for errors. */
int lk_fs_write_all(
	int fd, const void *bytes, size_t len, const char *name, struct lk_error *err) LK_MUST_USE;
/* The same with pwrite(2), from byte AT of a file on; leaves the descriptor's offset alone. */
int lk_fs_write_at(int fd, const void *bytes, size_t len, uint64_t at, const char *name,
	struct lk_error *err) LK_MUST_USE;

/* Removes PATH and all below it, following no link, changing modes of directories where that is
 * needed. A missing PATH is fine. */
int lk_fs_remove_tree(int dirfd, const char *path, struct lk_error *err) LK_MUST_USE;
/* The same for a tree that may be large, with JOBS workers (0: as many as there are processors). */
int lk_fs_remove_tree_with(
	unsigned jobs, int dirfd, const char *path, struct lk_error *err) LK_MUST_USE;
/* Names in a directory without "." and "..", sorted bytewise: NUL-ended, owned by ARENA; the vector
 * itself is the caller's (lk_vec_done). LK_E_NOT_FOUND when the directory is not there. */
int lk_fs_list(int dirfd, const char *path, struct lk_arena *arena, struct lk_strs *ret,
	struct lk_error *err) LK_MUST_USE;

/* Copies a regular file's content into a new file (O_EXCL) with MODE: reflink where the file system
 * can, else copy_file_range, else read and write. Neither name may be a symlink; on failure the new
 * file is removed. */
int lk_fs_copy_file(int src_dirfd, const char *src, int dst_dirfd, const char *dst, mode_t mode,
	struct lk_error *err) LK_MUST_USE;
/* FICLONE only: 0, or LK_E_NOT_FOUND where the file system cannot (nothing is left behind). */
int lk_fs_reflink(int src_dirfd, const char *src, int dst_dirfd, const char *dst, mode_t mode,
	struct lk_error *err) LK_MUST_USE;

/* Atomic exchange of two names; LK_E_NOT_FOUND where the kernel or file system has none. */
int lk_fs_exchange(
	int dirfd_a, const char *a, int dirfd_b, const char *b, struct lk_error *err) LK_MUST_USE;
/* Rename that never replaces: *ret_exists tells that the target was there (then 0 is returned and
 * nothing was done). Falls back to link+unlink for files, plain rename of directories onto
 * nothing. */
int lk_fs_rename_noreplace(int src_dirfd, const char *src, int dst_dirfd, const char *dst,
	bool *ret_exists, struct lk_error *err) LK_MUST_USE;
int lk_fs_rename(int src_dirfd, const char *src, int dst_dirfd, const char *dst,
	struct lk_error *err) LK_MUST_USE;
/* fsync of a directory; file systems that refuse it (EINVAL) are fine. */
int lk_fs_sync_dir(int dirfd, const char *path, struct lk_error *err) LK_MUST_USE;

/* A new directory PREFIX-xxxxxx (mode 0700) in DIRFD; the name, NUL-ended, owned by ARENA. */
int lk_fs_temp_dir(int dirfd, const char *prefix, struct lk_arena *arena, char **ret_name,
	struct lk_error *err) LK_MUST_USE;
/* The same for a file, opened for reading and writing with MODE (0: 0666 & ~umask). */
int lk_fs_temp_file(int dirfd, const char *prefix, mode_t mode, struct lk_arena *arena,
	char **ret_name, int *ret_fd, struct lk_error *err) LK_MUST_USE;
/* A new empty file without a name, open for reading and writing, gone when it is closed: in memory,
 * or in DIRFD where the kernel has no memfd_create. */
int lk_fs_scratch_file(int dirfd, int *ret_fd, struct lk_error *err) LK_MUST_USE;

#endif
