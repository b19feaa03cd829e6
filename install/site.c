/*
 * Looking at a prefix and owning the place beside it.
 */
#include "install/site.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/owner.h"

#define OWN_TRIES 50
#define OWN_PAUSE_NS 10000000L
/* How often it is looked whether another install is through. */
#define WAIT_PAUSE_NS 100000000L
#define WAITS_PER_SECOND 10

/* PATH and its like cannot name a folder with ':' in it; conda refuses that too. */
int lk_site_check_prefix(const char *prefix, struct lk_error *err)
{
	const char *bad = prefix;
	while (*bad != '\0' && (unsigned char)*bad >= 0x20 && *bad != 0x7f && *bad != ':') {
		bad++;
	}
	if (prefix[0] != '/' || prefix[1] == '\0' || *bad != '\0') {
		lk_fail(err, LK_E_USAGE, "'%s' cannot be a prefix", prefix);
		lk_error_hint(
			err, "give a directory other than '/', without ':' and control characters");
		return err->code;
	}
	return 0;
}

static int refuse(
	const struct lk_site *site, const char *why, const char *hint, struct lk_error *err)
{
	lk_fail(err, LK_E_USAGE, "prefix '%s' %s", site->prefix, why);
	lk_error_hint(err, "%s", hint);
	return err->code;
}

static int open_prefix(struct lk_site *site, struct lk_error *err)
{
	struct stat here;
	struct stat parent;
	int fd = openat(
		site->parent_fd, site->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP)) {
		bool is_link =
			fstatat(site->parent_fd, site->name, &here, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISLNK(here.st_mode);
		return is_link
			? refuse(site, "is a symlink", "give the directory it points to", err)
			: refuse(site, "is not a directory", "choose another prefix", err);
	}
	if (fd < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open prefix '%s'", site->prefix);
	}
	site->old_fd = fd;
	if (fstat(fd, &here) < 0 || fstat(site->parent_fd, &parent) < 0) {
		return lk_fail_errno(
			err, LK_E_FS, errno, "cannot look at prefix '%s'", site->prefix);
	}
	site->mounted = here.st_dev != parent.st_dev;
	return 0;
}

/* What is at the prefix now: sets old_fd and state. */
static int look(struct lk_site *site, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_strs names = {0};
	struct stat status;
	lk_close_p(&site->old_fd);
	site->old_fd = -1;
	site->mounted = false;
	site->state = LK_SITE_ABSENT;
	if (site->parent_fd < 0 ||
		(fstatat(site->parent_fd, site->name, &status, AT_SYMLINK_NOFOLLOW) < 0 &&
			errno == ENOENT)) {
		return 0;
	}
	int rc = open_prefix(site, err);
	if (rc < 0) {
		return rc;
	}
	if (fstatat(site->old_fd, "conda-meta/history", &status, AT_SYMLINK_NOFOLLOW) == 0) {
		site->state = LK_SITE_ENVIRONMENT;
		return 0;
	}
	rc = lk_fs_list(site->old_fd, ".", &arena, &names, err);
	if (rc == 0 && names.len > 0) {
		rc = refuse(site, "exists and is not an environment",
			"choose another prefix, or move what is there out of the way", err);
	}
	lk_vec_done(&names);
	site->state = LK_SITE_EMPTY;
	return rc;
}

static int open_parent(struct lk_site *site, struct lk_error *err)
{
	site->parent_fd = open(site->parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (site->parent_fd < 0 && errno == ENOTDIR) {
		return refuse(site, "lies below something that is not a directory",
			"choose another prefix", err);
	}
	if (site->parent_fd < 0 && errno != ENOENT) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s'", site->parent);
	}
	return 0;
}

static void close_site(struct lk_site *site)
{
	lk_close_p(&site->parent_fd);
	lk_close_p(&site->old_fd);
	lk_close_p(&site->work_fd);
	lk_free(site->prefix);
	lk_free(site->parent);
	lk_free(site->name);
	lk_free(site->work);
	lk_free(site->owner);
}

int lk_site_open(const char *prefix, struct lk_site *ret, struct lk_error *err)
{
	int rc = lk_site_check_prefix(prefix, err);
	if (rc < 0) {
		return rc;
	}
	lk_str dir = lk_path_dirname(lk_str_of(prefix));
	lk_str name = lk_path_basename(lk_str_of(prefix));
	struct lk_site site = {.parent_fd = -1, .old_fd = -1, .work_fd = -1};
	site.prefix = lk_strdup(prefix);
	site.parent = dir.len > 0 ? lk_strndup(dir.ptr, dir.len) : lk_strdup("/");
	site.name = lk_strndup(name.ptr, name.len);
	site.work = lk_asprintf(".%s.lockenv", site.name);
	site.owner = lk_owner_self();
	rc = open_parent(&site, err);
	if (rc == 0) {
		rc = look(&site, err);
	}
	if (rc < 0) {
		close_site(&site);
		return rc;
	}
	*ret = site;
	return 0;
}

/* One look into the working folder: somebody else's owner file, if any, copied to RET. */
static int find_other(const struct lk_site *site, int work_fd, struct lk_buf *ret, bool *ret_self,
	struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_strs names = {0};
	*ret_self = false;
	lk_buf_clear(ret);
	int rc = lk_fs_list(work_fd, ".", &arena, &names, err);
	for (size_t i = 0; i < names.len; i++) {
		if (lk_str_is(names.items[i], site->owner)) {
			*ret_self = true;
		} else if (lk_owner_is_name(names.items[i])) {
			lk_buf_clear(ret);
			lk_buf_put(ret, names.items[i]);
		}
	}
	lk_vec_done(&names);
	return rc;
}

static int fail_owned(struct lk_site *site, lk_str owner, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) who = LK_BUF_INIT(512);
	site->busy = true;
	lk_owner_describe(owner, &who);
	lk_fail(err, LK_E_FS, "another install into '%s' is under way (%s)", site->prefix,
		lk_buf_cstr(&who));
	lk_error_hint(err, "wait for it; if that process is gone for good, remove '%s/%s'",
		site->parent, site->work);
	return err->code;
}

/* Puts our owner file into the folder, in place of a dead owner's. *ret_done is false when another
 * process was faster: try again. */
static int put_owner(struct lk_site *site, int work_fd, bool *ret_done, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) other = LK_BUF_INIT(256);
	bool self = false;
	int rc = find_other(site, work_fd, &other, &self, err);
	if (rc < 0) {
		return rc;
	}
	if (self || (other.len > 0 && !lk_owner_is_gone(lk_buf_view(&other)))) {
		return fail_owned(site, self ? lk_str_of(site->owner) : lk_buf_view(&other), err);
	}
	if (other.len > 0) {
		*ret_done = renameat(work_fd, lk_buf_cstr(&other), work_fd, site->owner) == 0;
	} else {
		int fd =
			openat(work_fd, site->owner, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		*ret_done = fd >= 0;
		lk_close_p(&fd);
	}
	if (!*ret_done && errno != ENOENT && errno != EEXIST) {
		return lk_fail_errno(
			err, LK_E_FS, errno, "cannot write into '%s/%s'", site->parent, site->work);
	}
	if (*ret_done) {
		/* Two may have come at once: then both step back. */
		rc = find_other(site, work_fd, &other, &self, err);
		if (rc < 0 || other.len > 0) {
			unlinkat(work_fd, site->owner, 0);
			*ret_done = false;
		}
	}
	return rc;
}

/* Is the folder that we hold still the one at its name? */
static bool is_linked(const struct lk_site *site, int work_fd)
{
	struct stat held;
	struct stat named;
	return fstat(work_fd, &held) == 0 &&
		fstatat(site->parent_fd, site->work, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
		held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

static int try_own(struct lk_site *site, struct lk_error *err)
{
	bool done = false;
	if (mkdirat(site->parent_fd, site->work, 0700) < 0 && errno != EEXIST) {
		return lk_fail_errno(
			err, LK_E_FS, errno, "cannot make '%s/%s'", site->parent, site->work);
	}
	int LK_AUTO_CLOSE fd = openat(
		site->parent_fd, site->work, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		return 0;
	}
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP)) {
		lk_fail(err, LK_E_FS, "'%s/%s' is in the way: it is not a directory", site->parent,
			site->work);
		lk_error_hint(err,
			"move it elsewhere: the new tree is built in a directory of that name");
		return err->code;
	}
	if (fd < 0) {
		return lk_fail_errno(
			err, LK_E_FS, errno, "cannot open '%s/%s'", site->parent, site->work);
	}
	int rc = put_owner(site, fd, &done, err);
	if (rc == 0 && done && is_linked(site, fd)) {
		site->work_fd = lk_fd_take(&fd);
	}
	return rc;
}

/* Is nothing at the prefix, or an empty directory, which somebody may have made since? A rename
 * onto either succeeds. */
static bool is_vacant(const struct lk_site *site)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_strs names = {0};
	struct lk_error ignored = LK_ERROR_INIT;
	int LK_AUTO_CLOSE fd = openat(
		site->parent_fd, site->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool vacant = fd < 0 ? errno == ENOENT
			     : lk_fs_list(fd, ".", &arena, &names, &ignored) == 0 && names.len == 0;
	lk_vec_done(&names);
	return vacant;
}

/* What a dead run left, or ours: a prefix that was moved aside comes back, trees are removed. */
static int tidy(struct lk_site *site, const struct lk_report *report, struct lk_error *err)
{
	struct stat status;
	int rc = 0;
	if (fstatat(site->work_fd, LK_SITE_OLD, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
		is_vacant(site)) {
		rc = lk_fs_rename(site->work_fd, LK_SITE_OLD, site->parent_fd, site->name, err);
		if (rc == 0) {
			lk_warn(report, "'%s' is back as it was before an install that did not end",
				site->prefix);
		}
	}
	static const char *const rest[] = {LK_SITE_NEW, LK_SITE_TREES, LK_SITE_OLD};
	for (size_t i = 0; rc == 0 && i < LK_COUNTOF(rest); i++) {
		rc = lk_fs_remove_tree(site->work_fd, rest[i], err);
	}
	return rc;
}

/* Tries for a moment: others may be at it at the same time. */
static int own_now(struct lk_site *site, struct lk_error *err)
{
	int rc = 0;
	site->busy = false;
	for (int i = 0; rc == 0 && site->work_fd < 0; i++) {
		const struct timespec pause = {
			.tv_nsec = i > 0 ? OWN_PAUSE_NS * (getpid() % 7 + 1) : 0};
		if (i == OWN_TRIES) {
			site->busy = true;
			return lk_fail(err, LK_E_FS, "other installs into '%s' do not let go of it",
				site->prefix);
		}
		nanosleep(&pause, NULL);
		rc = try_own(site, err);
	}
	return rc;
}

static int own_in_time(
	struct lk_site *site, unsigned wait, const struct lk_report *report, struct lk_error *err)
{
	const struct timespec pause = {.tv_nsec = WAIT_PAUSE_NS};
	int rc = own_now(site, err);
	for (uint64_t i = 0; rc < 0 && site->busy && i < (uint64_t)wait * WAITS_PER_SECOND; i++) {
		if (i == 0) {
			lk_note(report, 0, "%s: waiting for it", err->message);
		}
		nanosleep(&pause, NULL);
		if (lk_report_stop(report)) {
			return lk_fail(err, LK_E_INTERRUPTED,
				"interrupted while waiting for another install into '%s'",
				site->prefix);
		}
		lk_error_clear(err);
		rc = own_now(site, err);
	}
	return rc;
}

int lk_site_check(const struct lk_site *site, struct lk_error *err)
{
	return site->mounted ? refuse(site, "is a mount point, which cannot be replaced as a whole",
				       "choose a directory below it", err)
			     : 0;
}

int lk_site_own(
	struct lk_site *site, unsigned wait, const struct lk_report *report, struct lk_error *err)
{
	int rc = lk_site_check(site, err);
	if (rc == 0 && site->parent_fd < 0) {
		rc = lk_fs_mkdirs(AT_FDCWD, site->parent, 0, false, err);
		if (rc == 0) {
			rc = open_parent(site, err);
		}
	}
	if (rc == 0) {
		rc = own_in_time(site, wait, report, err);
	}
	if (rc == 0) {
		rc = tidy(site, report, err);
	}
	return rc < 0 ? rc : look(site, err);
}

int lk_site_make(struct lk_site *site, const char *name, int *ret_fd, struct lk_error *err)
{
	int fd = -1;
	if (mkdirat(site->work_fd, name, 0700) == 0) {
		fd = openat(site->work_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot make '%s/%s/%s'", site->parent,
			site->work, name);
	}
	*ret_fd = fd;
	return 0;
}

void lk_site_keep(struct lk_site *site, const char *name, struct lk_buf *path)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error ignored = LK_ERROR_INIT;
	char *kept = NULL;
	int rc = lk_fs_temp_dir(site->work_fd, "kept", &arena, &kept, &ignored);
	if (rc == 0) {
		rc = lk_fs_rename(site->work_fd, name, site->work_fd, kept, &ignored);
	}
	site->keep = rc < 0;
	lk_buf_appendf(path, "%s/%s/%s", site->parent, site->work, rc < 0 ? name : kept);
}

bool lk_site_has_leftover(const struct lk_site *site)
{
	struct stat status;
	return site->parent_fd >= 0 &&
		fstatat(site->parent_fd, site->work, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

void lk_site_done(struct lk_site *site)
{
	const struct lk_report silent = {0};
	struct lk_error ignored = LK_ERROR_INIT;
	if (site->work_fd >= 0 && !site->keep && tidy(site, &silent, &ignored) == 0) {
		/* Where this fails the next run takes the folder over. */
		(void)unlinkat(site->work_fd, site->owner, 0);
		(void)unlinkat(site->parent_fd, site->work, AT_REMOVEDIR);
	}
	close_site(site);
}
