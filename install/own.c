/*
 * Owning a working folder.
 */
#include "install/own.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/owner.h"

#define OWN_TRIES 50
#define OWN_PAUSE_NS 10000000L

/* One look into the working folder: somebody else's owner file, if any, copied to RET. */
static int find_other(const struct lk_own *own, int work_fd, struct lk_buf *ret, bool *ret_self,
	struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_strs names = {0};
	*ret_self = false;
	lk_buf_clear(ret);
	int rc = lk_fs_list(work_fd, ".", &arena, &names, err);
	for (size_t i = 0; i < names.len; i++) {
		if (lk_str_is(names.items[i], own->owner)) {
			*ret_self = true;
		} else if (lk_owner_is_name(names.items[i])) {
			lk_buf_clear(ret);
			lk_buf_put(ret, names.items[i]);
		}
	}
	lk_vec_done(&names);
	return rc;
}

static int fail_owned(struct lk_own *own, lk_str owner, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) who = LK_BUF_INIT(512);
	own->busy = true;
	lk_owner_describe(owner, &who);
	lk_fail(err, LK_E_FS, "another install into '%s' is under way (%s)", own->prefix,
		lk_buf_cstr(&who));
	lk_error_hint(err, "wait for it; if that process is gone for good, remove '%s/%s'",
		own->base, own->name);
	return err->code;
}

/* Puts our owner file into the folder, in place of a dead owner's. *ret_done is false when another
 * process was faster: try again. */
static int put_owner(struct lk_own *own, int work_fd, bool *ret_done, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) other = LK_BUF_INIT(256);
	bool self = false;
	int rc = find_other(own, work_fd, &other, &self, err);
	if (rc < 0) {
		return rc;
	}
	if (self || (other.len > 0 && !lk_owner_is_gone(lk_buf_view(&other)))) {
		return fail_owned(own, self ? lk_str_of(own->owner) : lk_buf_view(&other), err);
	}
	if (other.len > 0) {
		*ret_done = renameat(work_fd, lk_buf_cstr(&other), work_fd, own->owner) == 0;
	} else {
		int fd = openat(work_fd, own->owner, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		*ret_done = fd >= 0;
		lk_close_p(&fd);
	}
	if (!*ret_done && errno != ENOENT && errno != EEXIST) {
		return lk_fail_errno(
			err, LK_E_FS, errno, "cannot write into '%s/%s'", own->base, own->name);
	}
	if (*ret_done) {
		/* Two may have come at once: then both step back. */
		rc = find_other(own, work_fd, &other, &self, err);
		if (rc < 0 || other.len > 0) {
			unlinkat(work_fd, own->owner, 0);
			*ret_done = false;
		}
	}
	return rc;
}

/* Is the folder that we hold still the one at its name? */
static bool is_linked(const struct lk_own *own, int work_fd)
{
	struct stat held;
	struct stat named;
	return fstat(work_fd, &held) == 0 &&
		fstatat(own->base_fd, own->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
		held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

static int open_folder(const struct lk_own *own)
{
	return lk_fs_open_dir(own->base_fd, own->name);
}

static int fail_open(const struct lk_own *own, int errnum, struct lk_error *err)
{
	if (errnum == ENOTDIR || errnum == ELOOP) {
		lk_fail(err, LK_E_FS, "'%s/%s' is in the way: it is not a directory", own->base,
			own->name);
		lk_error_hint(err,
			"move it elsewhere: the new tree is built in a directory of that name");
		return err->code;
	}
	lk_fail_errno(err, LK_E_FS, errnum, "cannot open '%s/%s'", own->base, own->name);
	if (errnum == EACCES) {
		lk_error_hint(
			err, "it is of another user's install: when that is over, have it removed");
	}
	return err->code;
}

bool lk_own_is_trusted(int base_fd, int fd)
{
	struct stat base;
	struct stat status;
	return fstat(fd, &status) == 0 && fstat(base_fd, &base) == 0 &&
		(status.st_uid == geteuid() || status.st_uid == base.st_uid);
}

static int check_trusted(const struct lk_own *own, int fd, struct lk_error *err)
{
	if (lk_own_is_trusted(own->base_fd, fd)) {
		return 0;
	}
	lk_fail(err, LK_E_FS, "'%s/%s' belongs to another user", own->base, own->name);
	lk_error_hint(err, "have it removed: who owns it could exchange what is built in it");
	return err->code;
}

static int try_own(struct lk_own *own, struct lk_error *err)
{
	bool done = false;
	if (mkdirat(own->base_fd, own->name, 0700) < 0 && errno != EEXIST) {
		return lk_fail_errno(
			err, LK_E_FS, errno, "cannot make '%s/%s'", own->base, own->name);
	}
	int LK_AUTO_CLOSE fd = open_folder(own);
	if (fd < 0 && errno == ENOENT) {
		return 0;
	}
	int rc = fd < 0 ? fail_open(own, errno, err) : check_trusted(own, fd, err);
	if (rc == 0) {
		rc = put_owner(own, fd, &done, err);
	}
	if (rc == 0 && done && is_linked(own, fd)) {
		own->fd = lk_fd_take(&fd);
	}
	return rc;
}

/* Others may be at it at the same time. */
int lk_own_take(struct lk_own *own, struct lk_error *err)
{
	int rc = 0;
	own->busy = false;
	for (int i = 0; rc == 0 && own->fd < 0; i++) {
		const struct timespec pause = {
			.tv_nsec = i > 0 ? OWN_PAUSE_NS * (getpid() % 7 + 1) : 0};
		if (i == OWN_TRIES) {
			own->busy = true;
			return lk_fail(err, LK_E_FS, "other installs into '%s' do not let go of it",
				own->prefix);
		}
		nanosleep(&pause, NULL);
		rc = try_own(own, err);
	}
	return rc;
}

int lk_own_check(struct lk_own *own, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) other = LK_BUF_INIT(256);
	bool self = false;
	own->busy = false;
	int LK_AUTO_CLOSE fd = open_folder(own);
	if (fd < 0) {
		return errno == ENOENT ? 0 : fail_open(own, errno, err);
	}
	int rc = find_other(own, fd, &other, &self, err);
	return rc == 0 && other.len > 0 && !lk_owner_is_gone(lk_buf_view(&other))
		? fail_owned(own, lk_buf_view(&other), err)
		: rc;
}

bool lk_own_is_there(const struct lk_own *own)
{
	struct stat status;
	return own->base_fd >= 0 &&
		fstatat(own->base_fd, own->name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

void lk_own_release(struct lk_own *own)
{
	if (own->fd >= 0) {
		/* Where this fails the next run takes the folder over. */
		(void)unlinkat(own->fd, own->owner, 0);
		(void)unlinkat(own->base_fd, own->name, AT_REMOVEDIR);
	}
	lk_close_p(&own->fd);
	own->fd = -1;
}
