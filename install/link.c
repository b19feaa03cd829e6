/*
 * One file, one link.
 */
#include "install/link.h"

#include <errno.h>
#include <unistd.h>

#include "base/fs.h"

void lk_linker_init(struct lk_linker *linker, enum lk_link_mode mode)
{
	linker->mode = mode;
	for (size_t i = 0; i < LK_CACHE_MAX_LAYERS; i++) {
		atomic_init(&linker->no_hard[i], false);
		atomic_init(&linker->no_reflink[i], false);
	}
	for (size_t i = 0; i < LK_CACHE_MAX_LAYERS; i++) {
		for (size_t way = 0; way < LK_LINK_WAYS; way++) {
			atomic_init(&linker->used[i][way], 0);
		}
	}
}

const char *lk_link_name(enum lk_link_mode mode)
{
	static const char *const names[LK_LINK_WAYS] = {
		"none", "hardlink", "reflink", "copy", "symlink", "move"};
	return names[mode];
}

enum lk_link_mode lk_linker_used(const struct lk_linker *linker)
{
	enum lk_link_mode best = LK_LINK_AUTO;
	size_t most = 0;
	for (enum lk_link_mode way = LK_LINK_HARD; way < LK_LINK_WAYS; way++) {
		size_t n = 0;
		for (size_t i = 0; i < LK_CACHE_MAX_LAYERS; i++) {
			n += atomic_load(&linker->used[i][way]);
		}
		best = n > most ? way : best;
		most = n > most ? n : most;
	}
	return best;
}

int lk_link_set_mtime(int dirfd, const char *name, const struct stat *status, struct lk_error *err)
{
	const struct timespec times[2] = {status->st_mtim, status->st_mtim};
	if (utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW) < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot set the time of '%s'", name);
	}
	return 0;
}

static int place_copy(const struct lk_link_source *source, bool reflink, int dst_dirfd,
	const char *name, struct lk_error *err)
{
	struct stat status;
	if (fstatat(source->dirfd, source->name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		return lk_fail_errno(
			err, LK_E_FS, errno, "cannot read '%s/%s'", source->tree, source->path);
	}
	int rc = (reflink ? lk_fs_reflink : lk_fs_copy_file)(
		source->dirfd, source->name, dst_dirfd, name, status.st_mode & 0777, err);
	return rc < 0 ? rc : lk_link_set_mtime(dst_dirfd, name, &status, err);
}

static int place_symlink(
	const struct lk_link_source *source, int dst_dirfd, const char *name, struct lk_error *err)
{
	char *LK_AUTO_FREE target = lk_asprintf("%s/%s", source->tree, source->path);
	if (symlinkat(target, dst_dirfd, name) < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot make the symlink '%s'", name);
	}
	return 0;
}

/* Errors of linkat after which another way may still work. */
static bool is_refusal(int errnum)
{
	return errnum == EXDEV || errnum == EPERM || errnum == EMLINK || errnum == EACCES ||
		errnum == EOPNOTSUPP || errnum == ENOSYS;
}

/* LK_E_NOT_FOUND when hard links do not work here. */
static int place_hard(struct lk_linker *linker, const struct lk_link_source *source, int dst_dirfd,
	const char *name, struct lk_error *err)
{
	if (!source->foreign && linkat(source->dirfd, source->name, dst_dirfd, name, 0) == 0) {
		return 0;
	}
	int errnum = source->foreign ? EPERM : errno;
	if (!is_refusal(errnum)) {
		return lk_fail_errno(
			err, LK_E_FS, errnum, "cannot link '%s/%s'", source->tree, source->path);
	}
	if (errnum == EXDEV) {
		atomic_store(&linker->no_hard[source->layer], true);
	}
	lk_fail_errno(err, LK_E_NOT_FOUND, errnum, "cannot hard-link '%s/%s'", source->tree,
		source->path);
	return LK_E_NOT_FOUND;
}

static int place_reflink(struct lk_linker *linker, const struct lk_link_source *source,
	int dst_dirfd, const char *name, struct lk_error *err)
{
	int rc = place_copy(source, true, dst_dirfd, name, err);
	if (rc == LK_E_NOT_FOUND) {
		atomic_store(&linker->no_reflink[source->layer], true);
	}
	return rc;
}

static int place_auto(struct lk_linker *linker, const struct lk_link_source *source, int dst_dirfd,
	const char *name, enum lk_link_mode *ret_used, struct lk_error *err)
{
	int rc = LK_E_NOT_FOUND;
	if (!atomic_load(&linker->no_hard[source->layer])) {
		*ret_used = LK_LINK_HARD;
		rc = place_hard(linker, source, dst_dirfd, name, err);
	}
	if (rc == LK_E_NOT_FOUND && !atomic_load(&linker->no_reflink[source->layer])) {
		*ret_used = LK_LINK_REFLINK;
		rc = place_reflink(linker, source, dst_dirfd, name, err);
	}
	if (rc == LK_E_NOT_FOUND) {
		*ret_used = LK_LINK_COPY;
		rc = place_copy(source, false, dst_dirfd, name, err);
	}
	return rc;
}

int lk_link_file(struct lk_linker *linker, const struct lk_link_source *source, int dst_dirfd,
	const char *name, bool copy_only, struct lk_error *err)
{
	enum lk_link_mode used = copy_only ? LK_LINK_COPY : linker->mode;
	int rc = LK_E_BUG;
	switch (used) {
	case LK_LINK_AUTO:
		rc = place_auto(linker, source, dst_dirfd, name, &used, err);
		break;
	case LK_LINK_HARD:
		rc = place_hard(linker, source, dst_dirfd, name, err);
		break;
	case LK_LINK_REFLINK:
		rc = place_reflink(linker, source, dst_dirfd, name, err);
		break;
	case LK_LINK_COPY:
		rc = place_copy(source, false, dst_dirfd, name, err);
		break;
	case LK_LINK_SYMLINK:
		rc = place_symlink(source, dst_dirfd, name, err);
		break;
	case LK_LINK_MOVE:
		break;
	}
	if (rc == LK_E_NOT_FOUND) {
		err->code = LK_E_FS;
		lk_error_hint(err, "choose --link auto or --link copy");
		return LK_E_FS;
	}
	if (rc == 0) {
		atomic_fetch_add(&linker->used[source->layer][used], 1);
	}
	return rc;
}

int lk_link_move(struct lk_linker *linker, const struct lk_link_source *source, size_t n,
	int dst_dirfd, const char *name, struct lk_error *err)
{
	bool exists = false;
	int rc = lk_fs_rename_noreplace(source->dirfd, source->name, dst_dirfd, name, &exists, err);
	if (rc == 0 && exists) {
		rc = lk_fail_errno(
			err, LK_E_FS, EEXIST, "cannot move '%s/%s'", source->tree, source->path);
	}
	if (rc == 0) {
		atomic_fetch_add(&linker->used[source->layer][LK_LINK_MOVE], n);
	}
	return rc;
}

int lk_link_softlink(struct lk_linker *linker, const struct lk_link_source *source,
	const char *target, int dst_dirfd, const char *name, struct lk_error *err)
{
	struct stat status;
	bool may_link = (linker->mode == LK_LINK_AUTO || linker->mode == LK_LINK_HARD) &&
		!atomic_load(&linker->no_hard[source->layer]);
	if (may_link && linkat(source->dirfd, source->name, dst_dirfd, name, 0) == 0) {
		return 0;
	}
	if (symlinkat(target, dst_dirfd, name) < 0 ||
		fstatat(source->dirfd, source->name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot make the symlink '%s'", name);
	}
	return lk_link_set_mtime(dst_dirfd, name, &status, err);
}

bool lk_link_read(int dirfd, const char *name, char target[LK_LINK_TEXT_MAX + 1])
{
	ssize_t len = readlinkat(dirfd, name, target, LK_LINK_TEXT_MAX + 1);
	bool whole = len > 0 && len <= LK_LINK_TEXT_MAX;
	target[whole ? len : 0] = '\0';
	return whole;
}

static int carry_copy(
	int from_dirfd, const char *name, int dst_dirfd, const char *dst, struct lk_error *err)
{
	char target[LK_LINK_TEXT_MAX + 1];
	struct stat status;
	int rc = 0;
	if (fstatat(from_dirfd, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot carry '%s' over", name);
	}
	if (!S_ISLNK(status.st_mode)) {
		rc = lk_fs_copy_file(from_dirfd, name, dst_dirfd, dst, status.st_mode & 07777, err);
	} else if (!lk_link_read(from_dirfd, name, target) ||
		symlinkat(target, dst_dirfd, dst) < 0) {
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot carry '%s' over", name);
	}
	return rc < 0 ? rc : lk_link_set_mtime(dst_dirfd, dst, &status, err);
}

int lk_link_carry(int from_dirfd, const char *name, int dst_dirfd, const char *dst,
	bool *ret_copied, struct lk_error *err)
{
	if (linkat(from_dirfd, name, dst_dirfd, dst, 0) == 0) {
		return 0;
	}
	if (!is_refusal(errno)) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot carry '%s' over", name);
	}
	*ret_copied = true;
	return carry_copy(from_dirfd, name, dst_dirfd, dst, err);
}
