/*
 * One path against what is known of it.
 */
#include "install/verify_path.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"

#define MAX_LINK_BYTES 4095
#define ALL_BITS 07777u

static void put(struct lk_buf *detail, const char *text)
{
	lk_buf_puts(detail, detail->len > 0 ? ", " : "");
	lk_buf_puts(detail, text);
}

static const char *type_name(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "a file";
	case S_IFDIR:
		return "a directory";
	case S_IFLNK:
		return "a symlink";
	case S_IFIFO:
		return "a FIFO";
	case S_IFSOCK:
		return "a socket";
	default:
		return "a device";
	}
}

bool lk_check_mode(mode_t mode, unsigned wanted, struct lk_buf *detail)
{
	unsigned bits = (unsigned)mode & ALL_BITS;
	if (bits == wanted) {
		return false;
	}
	put(detail, "");
	lk_buf_appendf(detail, "mode %o, not %o", bits, wanted);
	return true;
}

static unsigned unreadable(int errnum, struct lk_buf *detail)
{
	put(detail, "");
	lk_buf_appendf(detail, "cannot be read: %s", strerror(errnum));
	return LK_DIFFERS_UNREADABLE;
}

static int check_content(int dirfd, const char *name, const struct lk_check *check,
	const struct lk_report *report, unsigned *ret, struct lk_buf *detail, uint64_t *ret_bytes,
	struct lk_error *err)
{
	struct lk_sha256 have;
	struct stat status;
	int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int LK_AUTO_CLOSE fd = openat(dirfd, name, check->may_lead ? flags : flags | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &status) < 0) {
		*ret |= unreadable(errno, detail);
		return 0;
	}
	if (!S_ISREG(status.st_mode)) {
		*ret |= LK_DIFFERS_TYPE; /* exchanged since we looked */
		put(detail, "no file");
		return 0;
	}
	if (lk_report_stop(report)) {
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted while verifying");
	}
	int rc = lk_sha256_fd(fd, name, &have, ret_bytes, err);
	if (rc == LK_E_FS) {
		*ret |= unreadable(err->sys_errno, detail);
		lk_error_clear(err);
		return 0;
	}
	if (rc == 0 && !lk_sha256_eq(&have, &check->sha256)) {
		*ret |= LK_DIFFERS_CONTENT;
		put(detail, "content");
	}
	return rc;
}

static void check_link(int dirfd, const char *name, const struct lk_check *check, unsigned *ret,
	struct lk_buf *detail)
{
	char text[MAX_LINK_BYTES + 1];
	ssize_t len = readlinkat(dirfd, name, text, sizeof(text));
	if (len < 0) {
		*ret |= unreadable(errno, detail);
	} else if (check->target.len > 0 &&
		!lk_str_eq(lk_str_n(text, (size_t)len), check->target)) {
		put(detail, "");
		lk_buf_appendf(detail, "leads to '%.*s', not to '" LK_STR_FMT "'", (int)len, text,
			LK_STR_ARG(check->target));
		*ret |= LK_DIFFERS_LINK;
	}
}

static bool is_kind(mode_t mode, enum lk_check_kind kind)
{
	switch (kind) {
	case LK_CHECK_FILE:
		return S_ISREG(mode);
	case LK_CHECK_LINK:
		return S_ISLNK(mode);
	case LK_CHECK_DIRECTORY:
		return S_ISDIR(mode);
	case LK_CHECK_ANY:
		break;
	}
	return true;
}

int lk_check_path(int dirfd, const char *name, const struct lk_check *check,
	const struct lk_report *report, unsigned *ret, struct lk_buf *detail, uint64_t *ret_bytes,
	struct lk_error *err)
{
	static const mode_t types[] = {S_IFREG, S_IFLNK, S_IFDIR, 0};
	struct stat status;
	*ret = 0;
	*ret_bytes = 0;
	int rc = fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW);
	if (rc == 0 && check->may_lead && S_ISLNK(status.st_mode)) {
		rc = fstatat(dirfd, name, &status, 0);
	}
	if (rc < 0) {
		*ret = errno != ENOENT && errno != ELOOP ? unreadable(errno, detail)
			: check->optional                ? 0
							 : LK_DIFFERS_MISSING;
		return 0;
	}
	if (!is_kind(status.st_mode, check->kind)) {
		put(detail, "");
		lk_buf_appendf(detail, "%s, not %s", type_name(status.st_mode),
			type_name(types[check->kind]));
		*ret = LK_DIFFERS_TYPE;
		return 0;
	}
	mode_t mode = check->kind == LK_CHECK_DIRECTORY ? status.st_mode & ~(mode_t)S_ISGID
							: status.st_mode;
	if (check->has_mode && lk_check_mode(mode, check->mode, detail)) {
		*ret |= LK_DIFFERS_MODE;
	}
	if (check->kind == LK_CHECK_LINK) {
		check_link(dirfd, name, check, ret, detail);
		return 0;
	}
	if (check->has_size && (uint64_t)status.st_size != check->size) {
		put(detail, "content");
		*ret |= LK_DIFFERS_CONTENT;
		return 0;
	}
	return check->has_sha256 && check->kind == LK_CHECK_FILE
		? check_content(dirfd, name, check, report, ret, detail, ret_bytes, err)
		: 0;
}
