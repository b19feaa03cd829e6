/*
 * New names nobody else has.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fs_priv.h"
#include "base/random.h"

#define SUFFIX_LEN 6
#define TRIES 100

/* PREFIX-xxxxxx with a random suffix; whether it is free is for the caller to find out. */
static char *random_name(const char *prefix, struct lk_arena *arena)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char random[SUFFIX_LEN];
	lk_random(random, sizeof(random));
	char suffix[SUFFIX_LEN + 1] = {0};
	for (size_t i = 0; i < SUFFIX_LEN; i++) {
		suffix[i] = letters[random[i] % (sizeof(letters) - 1)];
	}
	return lk_arena_printf(arena, "%s-%s", prefix, suffix);
}

int lk_fs_temp_dir(int dirfd, const char *prefix, struct lk_arena *arena, char **ret_name,
	struct lk_error *err)
{
	for (unsigned i = 0; i < TRIES; i++) {
		char *name = random_name(prefix, arena);
		if (mkdirat(dirfd, name, 0700) == 0) {
			*ret_name = name;
			return LK_OK;
		}
		if (errno != EEXIST) {
			return lk_fail_errno(
				err, LK_E_FS, errno, "cannot make directory '%s'", name);
		}
	}
	return lk_fail(err, LK_E_FS, "no free name like '%s-xxxxxx'", prefix);
}

int lk_fs_temp_file(int dirfd, const char *prefix, mode_t mode, struct lk_arena *arena,
	char **ret_name, int *ret_fd, struct lk_error *err)
{
	for (unsigned i = 0; i < TRIES; i++) {
		char *name = random_name(prefix, arena);
		int fd = lk_fs_openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL, mode ? mode : 0666);
		if (fd < 0 && errno == EEXIST) {
			continue;
		}
		if (fd < 0) {
			return lk_fail_errno(err, LK_E_FS, errno, "cannot make file '%s'", name);
		}
		/* EPERM of one's own file: a file system without modes. */
		if (mode && fchmod(fd, mode) != 0 && errno != EPERM) {
			lk_fail_errno(err, LK_E_FS, errno, "cannot set the mode of '%s'", name);
			close(fd);
			(void)unlinkat(dirfd, name, 0);
			return LK_E_FS;
		}
		*ret_name = name;
		*ret_fd = fd;
		return LK_OK;
	}
	return lk_fail(err, LK_E_FS, "no free name like '%s-xxxxxx'", prefix);
}

int lk_fs_scratch_file(int dirfd, int *ret_fd, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	char *name = NULL;
	int fd = memfd_create("lockenv", MFD_CLOEXEC);
	if (fd >= 0) {
		*ret_fd = fd;
		return LK_OK;
	}
	int rc = lk_fs_temp_file(dirfd, ".lockenv", 0600, &arena, &name, ret_fd, err);
	if (name) {
		(void)unlinkat(dirfd, name, 0);
	}
	return rc;
}
