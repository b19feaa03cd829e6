/*
 * Extraction: every name is resolved in our own table of what was made so far, then used relative
 * to the open directory it lies in. The directory is new and private, so what the table says is
 * true.
 */
#include "store/extract.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/map.h"
#include "store/claim.h"
#include "store/parent_priv.h"

#define COPY_SIZE ((size_t)256 * 1024)
#define SHOWN_MAX 200 /* bytes of a name in an error: the reason must not be lost behind it */

struct extract {
	struct lk_archive *archive;
	int root; /* -1: nothing is written */
	bool fold_case, is_windows;
	const struct lk_report *report;
	struct lk_claims *claims;
	mode_t dir_mode;
	struct lk_listing *listing;
	struct lk_map by_path;   /* index into the listing's entries */
	struct lk_parent parent; /* directory of the last member */
	/* Seen: what is made here has its mode at once, neither umask nor ACLs take of it; files of
	 * 0644 and 0755, directories. */
	bool exact_file[2], exact_dir;
	struct lk_digest *digest;
	char *bytes;
};

/* ---- names ---- */

/* Is FIRST, the first component of a member's path, taken by others? */
static const char *reserved(lk_str first)
{
	if (lk_str_eq_nocase(first, LK_STR("conda-meta"))) {
		return "lies in conda-meta, where only installers write";
	}
	if (lk_str_eq_nocase(first, LK_STR(LK_SEAL_NAME))) {
		return "has the name of the cache's seal";
	}
	return NULL;
}

static const char *check_component(lk_str part)
{
	if (lk_str_is(part, "..")) {
		return "climbs with '..'";
	}
	if (part.len > NAME_MAX) {
		return "has a name of more than 255 bytes";
	}
	return lk_str_has_control(part) ? "has a control character in its name" : NULL;
}

bool lk_member_path(lk_str raw, struct lk_arena *arena, lk_str *ret, const char **ret_why)
{
	*ret_why = NULL;
	if (raw.len == 0) {
		*ret_why = "has an empty name";
	} else if (raw.ptr[0] == '/') {
		*ret_why = "has an absolute name";
	} else if (raw.len >= 2 && lk_is_alpha(raw.ptr[0]) && raw.ptr[1] == ':') {
		*ret_why = "has a name that begins with a drive letter";
	} else if (raw.len > LK_MEMBER_PATH_MAX) {
		*ret_why = "has a name of more than 4095 bytes";
	}
	if (*ret_why) {
		return false;
	}
	char *path = lk_arena_strndup(arena, raw.ptr, raw.len);
	size_t len = 0;
	lk_str part;
	while (lk_str_split(&raw, '/', &part)) {
		if (part.len == 0 || lk_str_is(part, ".")) {
			continue;
		}
		*ret_why = check_component(part);
		if (!*ret_why && len == 0) {
			*ret_why = reserved(part);
		}
		if (*ret_why) {
			return false;
		}
		if (len > 0) {
			path[len++] = '/';
		}
		memcpy(path + len, part.ptr, part.len);
		len += part.len;
	}
	path[len] = '\0';
	*ret = lk_str_n(path, len);
	return true;
}

/* Device names, with whatever follows a dot, and the bytes that NTFS or its shells give a meaning.
 */
static bool is_windows_name(lk_str part)
{
	static const char *const devices[] = {"con", "prn", "aux", "nul", "com", "lpt"};
	for (size_t i = 0; i < part.len; i++) {
		if (strchr("<>:\"|?*\\", part.ptr[i])) {
			return false;
		}
	}
	char last = part.ptr[part.len - 1];
	if (last == '.' || last == ' ') {
		return false;
	}
	lk_str stem = lk_str_trim(lk_str_slice(part, 0, lk_str_find_char(part, '.')));
	for (size_t i = 0; i < LK_COUNTOF(devices); i++) {
		bool numbered = i >= 4 && stem.len == 4 && lk_is_digit(stem.ptr[3]);
		if (lk_str_eq_nocase(
			    numbered ? lk_str_slice(stem, 0, 3) : stem, lk_str_of(devices[i])) &&
			(numbered || i < 4)) {
			return false;
		}
	}
	return true;
}

/* Can a path that lk_member_path has made be one on the package's platform? */
static bool is_native(const struct extract *x, lk_str path)
{
	lk_str part;
	while (x->is_windows && lk_str_split(&path, '/', &part)) {
		if (!is_windows_name(part)) {
			return false;
		}
	}
	return true;
}

static int refuse(struct extract *x, lk_str name, const char *why, struct lk_error *err)
{
	name = lk_str_shorten(&x->listing->arena, name, SHOWN_MAX);
	return lk_fail(err, LK_E_INTEGRITY, "package '%s': member '" LK_STR_FMT "' %s",
		lk_archive_name(x->archive), LK_STR_ARG(name), why);
}

static int fail_write(struct extract *x, lk_str path, struct lk_error *err)
{
	return lk_fail_errno(err, LK_E_FS, errno, "cannot write '" LK_STR_FMT "' of '%s'",
		LK_STR_ARG(path), lk_archive_name(x->archive));
}

/* ---- what was made so far ---- */

/* What PATH counts as: on systems that ignore case all spellings are one. */
static lk_str path_key(struct extract *x, lk_str path)
{
	if (!x->fold_case) {
		return path;
	}
	return lk_str_lower(&x->listing->arena, path);
}

/* The entry that PATH already is, or NULL; an error when it is spelled otherwise. */
static int find_made(struct extract *x, lk_str path, struct lk_entry **ret, struct lk_error *err)
{
	uint32_t index = lk_map_get(&x->by_path, path_key(x, path));
	*ret = index == LK_MAP_NONE ? NULL : &x->listing->entries.items[index];
	if (*ret && !lk_str_eq((*ret)->path, path)) {
		return lk_fail(err, LK_E_INTEGRITY,
			"package '%s': members '" LK_STR_FMT "' and '" LK_STR_FMT
			"' differ only in case",
			lk_archive_name(x->archive), LK_STR_ARG((*ret)->path), LK_STR_ARG(path));
	}
	return 0;
}

static int add_made(struct extract *x, const struct lk_entry *entry, struct lk_error *err)
{
	if (x->listing->entries.len >= LK_ARCHIVE_MAX_MEMBERS ||
		x->listing->arena.total > LK_LISTING_MAX) {
		return lk_fail(err, LK_E_INTEGRITY,
			"package '%s' has too many members or too long names",
			lk_archive_name(x->archive));
	}
	lk_map_add(&x->by_path, path_key(x, entry->path), (uint32_t)x->listing->entries.len);
	lk_vec_push(&x->listing->entries, *entry);
	return 0;
}

/* ---- directories ---- */

static int open_parent(struct extract *x, lk_str path, int *ret_fd, struct lk_error *err)
{
	int rc = lk_parent_open(&x->parent, path, ret_fd, err);
	if (rc < 0) {
		err->code = LK_E_FS; /* we made it: somebody else is at work there */
		return lk_wrap(err, "extracting '%s'", lk_archive_name(x->archive));
	}
	return 0;
}

static const char *base_name(lk_str path)
{
	return lk_path_basename(path).ptr; /* NUL-ended as the path is */
}

/* -1 with errno. */
static int set_dir_mode(struct extract *x, int parent, const char *name)
{
	struct stat root;
	struct stat st;
	if (fstat(x->root, &root) != 0 || fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		return -1;
	}
	/* A set-group-ID bit of the root would come and go with chmod below it. */
	x->exact_dir = !(root.st_mode & S_ISGID) && (st.st_mode & 07777) == x->dir_mode;
	return x->exact_dir ? 0 : fchmodat(parent, name, x->dir_mode, 0);
}

static int make_dir(struct extract *x, lk_str path, struct lk_error *err)
{
	/* A copy of its own: as a part of a longer path it does not end in NUL. */
	path = lk_str_dup(&x->listing->arena, path);
	if (x->root >= 0) {
		int fd;
		int rc = open_parent(x, path, &fd, err);
		if (rc < 0) {
			return rc;
		}
		if (mkdirat(fd, base_name(path), x->dir_mode) != 0 ||
			(!x->exact_dir && set_dir_mode(x, fd, base_name(path)) != 0)) {
			return fail_write(x, path, err);
		}
	}
	return add_made(x, &(struct lk_entry){.path = path, .type = LK_PATH_DIRECTORY}, err);
}

/* Makes PATH a directory with all above it; MEMBER is whom it is for. */
static int need_dir(struct extract *x, lk_str path, lk_str member, struct lk_error *err)
{
	struct lk_entry *made;
	int rc = find_made(x, path, &made, err);
	if (rc < 0 || (made && made->type == LK_PATH_DIRECTORY)) {
		return rc;
	}
	for (size_t end = 0; end < path.len; end++) {
		while (end < path.len && path.ptr[end] != '/') {
			end++;
		}
		lk_str part = lk_str_slice(path, 0, end);
		rc = find_made(x, part, &made, err);
		if (rc == 0 && !made) {
			rc = make_dir(x, part, err);
		} else if (rc == 0 && made->type == LK_PATH_SOFTLINK) {
			rc = refuse(x, member, "goes through a symlink of the same archive", err);
		} else if (rc == 0 && made->type == LK_PATH_FILE) {
			rc = refuse(
				x, member, "needs a directory where another member is a file", err);
		}
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

/* ---- files ---- */

/* Takes the current member's bytes: hashed into ENTRY, and written to FD unless that is -1. */
static int take_bytes(struct extract *x, struct lk_entry *entry, int fd, struct lk_error *err)
{
	lk_digest_restart(x->digest);
	entry->size = 0;
	for (;;) {
		ssize_t got = lk_archive_read(x->archive, x->bytes, COPY_SIZE, err);
		if (got < 0) {
			return (int)got;
		}
		if (got == 0) {
			break;
		}
		lk_claims_beat(x->claims);
		lk_digest_update(x->digest, x->bytes, (size_t)got);
		entry->size += (uint64_t)got;
		int rc = fd < 0 ? 0
				: lk_fs_write_all(fd, x->bytes, (size_t)got, entry->path.ptr, err);
		if (rc < 0) {
			return rc;
		}
	}
	lk_digest_final(x->digest, entry->sha256.bytes);
	return 0;
}

static int create_file(struct extract *x, const struct lk_entry *entry, mode_t mode, int *ret_fd,
	struct lk_error *err)
{
	int parent;
	int rc = open_parent(x, entry->path, &parent, err);
	if (rc < 0) {
		return rc;
	}
	*ret_fd = openat(parent, base_name(entry->path),
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	return *ret_fd < 0 ? fail_write(x, entry->path, err) : 0;
}

/* -1 with errno. */
static int set_mode(struct extract *x, int fd, mode_t mode)
{
	bool *exact = &x->exact_file[mode == 0755];
	struct stat st;
	if (*exact) {
		return 0;
	}
	*exact = fstat(fd, &st) == 0 && (st.st_mode & 07777) == mode;
	return *exact ? 0 : fchmod(fd, mode);
}

static int write_file(struct extract *x, struct lk_entry *entry, struct lk_error *err)
{
	mode_t mode = lk_entry_mode(entry);
	int fd LK_AUTO_CLOSE = -1;
	int rc = create_file(x, entry, mode, &fd, err);
	if (rc == 0) {
		rc = take_bytes(x, entry, fd, err);
	}
	if (rc < 0) {
		return rc;
	}
	struct timespec times[2] = {{.tv_sec = entry->mtime}, {.tv_sec = entry->mtime}};
	if (set_mode(x, fd, mode) != 0 || futimens(fd, times) != 0) {
		return fail_write(x, entry->path, err);
	}
	return close(lk_fd_take(&fd)) == 0 ? 0 : fail_write(x, entry->path, err);
}

static int extract_file(struct extract *x, const struct lk_member *member, struct lk_entry *entry,
	struct lk_entry *made, struct lk_error *err)
{
	if (member->mode & (S_ISUID | S_ISGID)) {
		return refuse(x, member->name, "is set-user-ID or set-group-ID", err);
	}
	entry->type = LK_PATH_FILE;
	entry->executable = (member->mode & 0111) != 0;
	entry->mtime = member->mtime < LK_MTIME_MIN ? LK_MTIME_MIN
		: member->mtime > LK_MTIME_MAX      ? LK_MTIME_MAX
						    : member->mtime;
	int rc = made || x->root < 0 ? take_bytes(x, entry, -1, err) : write_file(x, entry, err);
	if (rc < 0) {
		return rc;
	}
	if (entry->size != member->size) {
		return refuse(x, member->name, "is shorter than its header says", err);
	}
	if (made &&
		(made->type != LK_PATH_FILE || made->executable != entry->executable ||
			!lk_sha256_eq(&made->sha256, &entry->sha256))) {
		return refuse(
			x, member->name, "comes twice with another type, mode or content", err);
	}
	return 0;
}

/* ---- links ---- */

static int extract_symlink(struct extract *x, const struct lk_member *member,
	struct lk_entry *entry, struct lk_entry *made, struct lk_error *err)
{
	entry->type = LK_PATH_SOFTLINK;
	entry->target = lk_str_dup(&x->listing->arena, member->link);
	const char *why = NULL;
	if (entry->target.len == 0 || entry->target.len > LK_MEMBER_PATH_MAX) {
		why = "is a symlink with an empty or too long target";
	} else if (lk_str_has_control(entry->target)) {
		why = "is a symlink with a control character in its target";
	}
	if (made && !why &&
		(made->type != LK_PATH_SOFTLINK || !lk_str_eq(made->target, entry->target))) {
		why = "comes twice with another type or target";
	}
	if (why) {
		return refuse(x, member->name, why, err);
	}
	if (made || x->root < 0) {
		return 0;
	}
	int dir;
	int rc = open_parent(x, entry->path, &dir, err);
	if (rc < 0) {
		return rc;
	}
	if (symlinkat(entry->target.ptr, dir, base_name(entry->path)) != 0) {
		return fail_write(x, entry->path, err);
	}
	return 0;
}

/* Another name for an earlier file; a copy where the file system has no hard links. */
static int link_file(struct extract *x, const struct lk_entry *to, const struct lk_entry *entry,
	struct lk_error *err)
{
	int dir;
	int rc = open_parent(x, entry->path, &dir, err);
	if (rc < 0 || linkat(x->root, to->path.ptr, dir, base_name(entry->path), 0) == 0) {
		return rc;
	}
	if (errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK) {
		return fail_write(x, entry->path, err);
	}
	rc = lk_fs_copy_file(
		x->root, to->path.ptr, dir, base_name(entry->path), lk_entry_mode(entry), err);
	struct timespec times[2] = {{.tv_sec = entry->mtime}, {.tv_sec = entry->mtime}};
	if (rc == 0 && utimensat(dir, base_name(entry->path), times, AT_SYMLINK_NOFOLLOW) != 0) {
		rc = fail_write(x, entry->path, err);
	}
	return rc;
}

static int extract_hardlink(struct extract *x, const struct lk_member *member,
	struct lk_entry *entry, struct lk_entry *made, struct lk_error *err)
{
	lk_str target;
	const char *why;
	struct lk_entry *to = NULL;
	if (lk_member_path(member->link, &x->listing->arena, &target, &why)) {
		int rc = find_made(x, target, &to, err);
		if (rc < 0) {
			return rc;
		}
	}
	if (!to || to->type != LK_PATH_FILE) {
		return refuse(x, member->name,
			"is a hard link to something that is no earlier file of the archive", err);
	}
	if (member->size > 0) {
		struct lk_entry own = {.path = entry->path};
		int rc = take_bytes(x, &own, -1, err);
		if (rc < 0) {
			return rc;
		}
		if (!lk_sha256_eq(&own.sha256, &to->sha256)) {
			return refuse(x, member->name, "is a hard link with other content", err);
		}
	}
	if (made) {
		bool same = made->type == LK_PATH_FILE && made->executable == to->executable &&
			lk_sha256_eq(&made->sha256, &to->sha256);
		return same
			? 0
			: refuse(x, member->name, "comes twice with another type or content", err);
	}
	lk_str path = entry->path;
	*entry = *to;
	entry->path = path;
	return x->root < 0 ? 0 : link_file(x, to, entry, err);
}

/* ---- members ---- */

static int extract_member(struct extract *x, const struct lk_member *member, struct lk_error *err)
{
	struct lk_entry entry = {0};
	const char *why;
	if (!lk_member_path(member->name, &x->listing->arena, &entry.path, &why)) {
		return refuse(x, member->name, why, err);
	}
	bool is_dir = member->type == LK_MEMBER_DIRECTORY;
	if (entry.path.len == 0) {
		return is_dir ? 0 : refuse(x, member->name, "names no file", err);
	}
	if (!is_native(x, entry.path)) {
		return refuse(x, member->name, "has a name that Windows cannot have", err);
	}
	int rc = need_dir(x, is_dir ? entry.path : lk_path_dirname(entry.path), member->name, err);
	if (rc < 0 || is_dir) {
		return rc;
	}
	struct lk_entry *made;
	rc = find_made(x, entry.path, &made, err);
	if (rc < 0) {
		return rc;
	}
	if (member->type == LK_MEMBER_FILE) {
		rc = extract_file(x, member, &entry, made, err);
	} else if (member->type == LK_MEMBER_SYMLINK) {
		rc = extract_symlink(x, member, &entry, made, err);
	} else if (member->type == LK_MEMBER_HARDLINK) {
		rc = extract_hardlink(x, member, &entry, made, err);
	} else {
		rc = refuse(x, member->name, "is a device, FIFO or socket", err);
	}
	return rc < 0 || made ? rc : add_made(x, &entry, err);
}

static int extract_all(struct extract *x, struct lk_error *err)
{
	for (;;) {
		if (lk_report_stop(x->report)) {
			return lk_fail(err, LK_E_INTERRUPTED, "interrupted while extracting '%s'",
				lk_archive_name(x->archive));
		}
		struct lk_member member;
		bool end;
		int rc = lk_archive_next(x->archive, &member, &end, err);
		if (rc < 0 || end) {
			return rc;
		}
		rc = extract_member(x, &member, err);
		if (rc < 0) {
			return rc;
		}
	}
}

int lk_extract(struct lk_archive *archive, int dirfd, const struct lk_extract_options *options,
	struct lk_listing *ret, struct lk_error *err)
{
	bool is_windows = lk_str_starts(options->subdir, LK_STR("win-"));
	struct extract x = {
		.archive = archive,
		.root = dirfd,
		.fold_case = is_windows || lk_str_starts(options->subdir, LK_STR("osx-")),
		.is_windows = is_windows,
		.report = options->report,
		.claims = options->claims,
		.dir_mode = options->dir_mode ? options->dir_mode : 0755,
		.listing = ret,
		.parent = {.root = dirfd},
		.digest = lk_digest_new(LK_DIGEST_SHA256),
		.bytes = lk_reallocarray(NULL, COPY_SIZE, 1),
	};
	int rc = extract_all(&x, err);
	lk_listing_sort(ret);
	lk_map_done(&x.by_path);
	lk_parent_done(&x.parent);
	lk_digest_free(x.digest);
	lk_free(x.bytes);
	return rc;
}
