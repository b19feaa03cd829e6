/*
 * Seals: their text, and the comparison of a tree with it.
 */
#include "store/seal.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <unistd.h>

#include "base/fs.h"
#include "store/extract.h"
#include "store/parent_priv.h"

#define FIRST_LINE "lockenv-seal 1"

/* ---- text ---- */

int lk_seal_format(const struct lk_listing *listing, struct lk_buf *buf, struct lk_error *err)
{
	size_t start = buf->len;
	lk_buf_puts(buf, FIRST_LINE "\n");
	for (size_t i = 0; i < listing->entries.len; i++) {
		const struct lk_entry *entry = &listing->entries.items[i];
		char hex[LK_HEX_MAX];
		switch (entry->type) {
		case LK_PATH_DIRECTORY:
			lk_buf_puts(buf, "d\t");
			break;
		case LK_PATH_SOFTLINK:
			lk_buf_puts(buf, "l\t");
			lk_buf_put(buf, entry->target);
			lk_buf_putc(buf, '\t');
			break;
		case LK_PATH_FILE:
			lk_hex(entry->sha256.bytes, LK_SHA256_LEN, hex);
			lk_buf_appendf(buf, "%c\t%" PRId64 "\t%" PRIu64 "\t%s\t",
				entry->executable ? 'x' : 'f', entry->mtime, entry->size, hex);
			break;
		}
		lk_buf_put(buf, entry->path);
		lk_buf_putc(buf, '\n');
	}
	if (!buf->overflow) {
		char hex[LK_HEX_MAX];
		struct lk_sha256 digest = lk_sha256_of(buf->ptr + start, buf->len - start);
		lk_hex(digest.bytes, LK_SHA256_LEN, hex);
		lk_buf_appendf(buf, "end\t%s\n", hex);
	}
	return buf->overflow ? lk_fail(err, LK_E_INTEGRITY, "too many files for a seal") : 0;
}

static bool parse_file(lk_str line, struct lk_entry *entry)
{
	lk_str mtime;
	lk_str size;
	lk_str hex;
	uint64_t seconds;
	if (!lk_str_split(&line, '\t', &mtime) || !lk_str_split(&line, '\t', &size) ||
		!lk_str_split(&line, '\t', &hex) || !lk_str_to_u64(mtime, &seconds) ||
		seconds > (uint64_t)LK_MTIME_MAX || !lk_str_to_u64(size, &entry->size) ||
		!lk_unhex(hex, entry->sha256.bytes, LK_SHA256_LEN)) {
		return false;
	}
	entry->mtime = (int64_t)seconds;
	entry->path = line;
	return true;
}

static bool parse_entry(lk_str line, struct lk_entry *entry)
{
	lk_str kind;
	if (!lk_str_split(&line, '\t', &kind) || kind.len != 1) {
		return false;
	}
	switch (kind.ptr[0]) {
	case 'd':
		entry->type = LK_PATH_DIRECTORY;
		entry->path = line;
		break;
	case 'l':
		entry->type = LK_PATH_SOFTLINK;
		if (!lk_str_split(&line, '\t', &entry->target)) {
			return false;
		}
		entry->path = line;
		break;
	case 'x':
	case 'f':
		entry->type = LK_PATH_FILE;
		entry->executable = kind.ptr[0] == 'x';
		if (!parse_file(line, entry)) {
			return false;
		}
		break;
	default:
		return false;
	}
	return lk_path_is_contained(entry->path);
}

/* The lines between the first and the end line, when both and the digest are right. */
static bool seal_body(lk_str text, lk_str *ret)
{
	static const size_t end_len = sizeof("end\t\n") - 1 + 2 * (size_t)LK_SHA256_LEN;
	lk_str first = LK_STR(FIRST_LINE "\n");
	struct lk_sha256 want;
	if (text.len < first.len + end_len || !lk_str_starts(text, first) ||
		text.ptr[text.len - 1] != '\n') {
		return false;
	}
	lk_str end = lk_str_skip(text, text.len - end_len);
	if (!lk_str_starts(end, LK_STR("end\t")) ||
		!lk_unhex(lk_str_slice(end, 4, end.len - 1), want.bytes, LK_SHA256_LEN)) {
		return false;
	}
	struct lk_sha256 have = lk_sha256_of(text.ptr, text.len - end_len);
	*ret = lk_str_slice(text, first.len, text.len - end_len);
	return lk_sha256_eq(&have, &want);
}

int lk_seal_parse(lk_str text, struct lk_listing *ret, struct lk_error *err)
{
	lk_str body;
	bool good = seal_body(text, &body);
	if (good) {
		/* One NUL-ended copy holds all paths and targets. */
		char *copy = lk_arena_strndup(&ret->arena, body.ptr, body.len);
		for (size_t i = 0; i < body.len; i++) {
			copy[i] = copy[i] == '\n' ? '\0' : copy[i];
		}
		body = lk_str_n(copy, body.len);
	}
	lk_str line;
	lk_str before = {0};
	while (good && body.len > 0 && lk_str_split(&body, '\0', &line)) {
		struct lk_entry entry = {0};
		good = parse_entry(line, &entry) && lk_str_cmp(before, entry.path) < 0;
		before = entry.path;
		if (good && entry.type == LK_PATH_SOFTLINK) {
			entry.target = lk_str_dup(&ret->arena, entry.target);
		}
		lk_vec_push(&ret->entries, entry);
	}
	return good ? 0 : lk_fail(err, LK_E_INTEGRITY, "its seal is damaged");
}

/* ---- file ---- */

int lk_seal_write(int dirfd, lk_str text, struct lk_error *err)
{
	int fd LK_AUTO_CLOSE =
		openat(dirfd, LK_SEAL_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || fchmod(fd, 0644) != 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot write '%s'", LK_SEAL_NAME);
	}
	int rc = lk_fs_write_all(fd, text.ptr, text.len, LK_SEAL_NAME, err);
	if (close(lk_fd_take(&fd)) != 0 && rc == 0) {
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot write '%s'", LK_SEAL_NAME);
	}
	return rc;
}

static bool is_foreign(const struct stat *st)
{
	return st->st_uid != 0 && st->st_uid != geteuid();
}

int lk_seal_read(int dirfd, struct lk_buf *buf, bool *ret_foreign, struct lk_error *err)
{
	struct stat dir;
	struct stat seal;
	if (fstat(dirfd, &dir) != 0 ||
		(fstatat(dirfd, LK_SEAL_NAME, &seal, AT_SYMLINK_NOFOLLOW) != 0 &&
			errno != ENOENT)) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s'", LK_SEAL_NAME);
	}
	int rc = lk_fs_read_beneath(dirfd, LK_SEAL_NAME, buf, err);
	if (rc == LK_E_NOT_FOUND) {
		return lk_fail(err, LK_E_INTEGRITY, "it has no seal");
	}
	if (rc == LK_E_FORMAT) {
		return lk_fail(err, LK_E_INTEGRITY, "its seal is damaged");
	}
	if (rc == 0) {
		*ret_foreign = is_foreign(&dir) || is_foreign(&seal);
	}
	return rc;
}

void lk_seal_settle(int dirfd)
{
	const struct timespec times[2] = {{.tv_sec = 0}, {.tv_sec = 0}};
	(void)utimensat(dirfd, LK_SEAL_NAME, times, AT_SYMLINK_NOFOLLOW);
}

bool lk_seal_is_settled(int dirfd)
{
	struct stat st;
	return fstatat(dirfd, LK_SEAL_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		st.st_mtim.tv_sec == 0 && st.st_mtim.tv_nsec == 0;
}

/* ---- comparison ---- */

struct check {
	struct lk_parent parent;
	bool hash;
	bool foreign; /* a file was another user's */
};

static int differs(lk_str path, const char *how, struct lk_error *err)
{
	return lk_fail(err, LK_E_INTEGRITY, "its file '" LK_STR_FMT "' %s", LK_STR_ARG(path), how);
}

static int open_parent(struct check *check, lk_str path, int *ret_fd, struct lk_error *err)
{
	int rc = lk_parent_open(&check->parent, path, ret_fd, err);
	bool gone = rc == LK_E_NOT_FOUND ||
		(rc < 0 && (err->sys_errno == ELOOP || err->sys_errno == ENOTDIR));
	return gone ? differs(path, "is no longer in its directory", err) : rc;
}

static int check_bytes(
	int dir, const char *base, const struct lk_entry *entry, struct lk_error *err)
{
	int fd LK_AUTO_CLOSE = openat(dir, base, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot read '" LK_STR_FMT "'",
			LK_STR_ARG(entry->path));
	}
	struct lk_sha256 have;
	int rc = lk_sha256_fd(fd, entry->path.ptr, &have, NULL, err);
	if (rc == 0 && !lk_sha256_eq(&have, &entry->sha256)) {
		rc = differs(entry->path, "has other bytes (sha256) than were extracted", err);
	}
	return rc;
}

static int check_file(struct check *check, int dir, const struct lk_entry *entry,
	const struct stat *st, struct lk_error *err)
{
	if (!S_ISREG(st->st_mode)) {
		return differs(entry->path, "is no longer a regular file", err);
	}
	if ((uint64_t)st->st_size != entry->size) {
		return lk_fail(err, LK_E_INTEGRITY,
			"its file '" LK_STR_FMT "' has %lld bytes instead of %" PRIu64,
			LK_STR_ARG(entry->path), (long long)st->st_size, entry->size);
	}
	if ((st->st_mode & 07777) != lk_entry_mode(entry)) {
		return lk_fail(err, LK_E_INTEGRITY,
			"its file '" LK_STR_FMT "' has mode %04o instead of %04o",
			LK_STR_ARG(entry->path), (unsigned)st->st_mode & 07777u,
			(unsigned)lk_entry_mode(entry));
	}
	if (st->st_mtim.tv_sec != entry->mtime || st->st_mtim.tv_nsec != 0) {
		return differs(entry->path, "was modified (mtime)", err);
	}
	check->foreign = check->foreign || is_foreign(st);
	if (check->hash || is_foreign(st)) {
		return check_bytes(dir, lk_path_basename(entry->path).ptr, entry, err);
	}
	return 0;
}

static int check_link(int dir, const struct lk_entry *entry, struct lk_error *err)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(dir, lk_path_basename(entry->path).ptr, target, sizeof(target));
	if (len < 0 || !lk_str_eq(lk_str_n(target, (size_t)len), entry->target)) {
		return differs(entry->path, "is no longer the symlink it was", err);
	}
	return 0;
}

static int check_entry(struct check *check, const struct lk_entry *entry, struct lk_error *err)
{
	int dir;
	int rc = open_parent(check, entry->path, &dir, err);
	if (rc < 0) {
		return rc;
	}
	if (entry->type == LK_PATH_SOFTLINK) {
		return check_link(dir, entry, err);
	}
	struct stat st;
	if (fstatat(dir, lk_path_basename(entry->path).ptr, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		return errno == ENOENT
			? differs(entry->path, "is missing", err)
			: lk_fail_errno(err, LK_E_FS, errno, "cannot read '" LK_STR_FMT "'",
				  LK_STR_ARG(entry->path));
	}
	if (entry->type == LK_PATH_FILE) {
		return check_file(check, dir, entry, &st, err);
	}
	return S_ISDIR(st.st_mode) ? 0 : differs(entry->path, "is no longer a directory", err);
}

int lk_seal_check(int dirfd, const struct lk_listing *listing, const bool *later, bool hash,
	bool *ret_foreign, struct lk_error *err)
{
	struct check check = {.parent = {.root = dirfd}, .hash = hash};
	int rc = 0;
	for (size_t i = 0; i < listing->entries.len && rc == 0; i++) {
		if (!later || !later[i]) {
			rc = check_entry(&check, &listing->entries.items[i], err);
		}
	}
	lk_parent_done(&check.parent);
	*ret_foreign = *ret_foreign || check.foreign;
	return rc;
}
