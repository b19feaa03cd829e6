/*
 * Carrying foreign files over.
 */
#include "install/foreign.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "install/changed.h"
#include "install/dirs.h"
#include "install/link.h"
#include "install/owned.h"

#define MAX_PATH_BYTES 4095
#define MAX_SAVED 100
#define TICK_NS 20000000L

struct carry {
	int new_fd;
	bool top_stays;
	struct lk_changed_since since;
	struct lk_owned owned;
	struct lk_dirs dirs; /* of the new tree */
	struct lk_buf path;  /* of the entry at hand */
	const struct lk_prefix_records *have;
	size_t last; /* of them, that a path belonged to */
	struct lk_foreign_seen *seen;
	bool late; /* directories that were seen are looked at by themselves */
	const struct lk_report *report;
	bool copied;
};

/* One directory of the old tree. */
struct level {
	int fd;
	lk_str path;   /* in the old tree; empty for its root */
	lk_str target; /* in the new one; differs below something that was saved aside */
};

static lk_str join(struct lk_arena *arena, lk_str dir, lk_str name)
{
	return dir.len == 0 ? lk_str_dup(arena, name)
			    : lk_str_printf(arena, LK_STR_FMT "/" LK_STR_FMT, LK_STR_ARG(dir),
				      LK_STR_ARG(name));
}

/* Did the user change what lies at this owned PATH (NULL: only its name is known)? What python
 * compiled is made again. */
static int is_changed(const struct carry *carry, const struct level *level, lk_str name,
	const struct stat *status, const struct lk_prefix_path *path, bool *ret,
	struct lk_error *err)
{
	enum lk_changed changed = LK_CHANGED_NOT;
	int rc = 0;
	if (path != NULL && path->type != LK_INSTALLED_PYC) {
		rc = lk_changed_path(
			&carry->since, level->fd, name.ptr, status, path, &changed, err);
	}
	*ret = changed == LK_CHANGED_CONTENT;
	return rc;
}

static int hash_file(int dirfd, lk_str name, struct lk_sha256 *ret, struct lk_error *err)
{
	int LK_AUTO_CLOSE fd = openat(dirfd, name.ptr, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s'", name.ptr);
	}
	return lk_sha256_fd(fd, name.ptr, ret, NULL, err);
}

static bool is_same_link(int dirfd_a, lk_str a, int dirfd_b, lk_str b)
{
	char target_a[LK_LINK_TEXT_MAX + 1];
	char target_b[LK_LINK_TEXT_MAX + 1];
	return lk_link_read(dirfd_a, a.ptr, target_a) && lk_link_read(dirfd_b, b.ptr, target_b) &&
		strcmp(target_a, target_b) == 0;
}

/* Is what lies at NAME in DIRFD the same file, link or content? */
static int is_same(const struct level *level, lk_str from, const struct stat *status, int dirfd,
	lk_str name, bool *ret_there, bool *ret_same, struct lk_error *err)
{
	struct stat there;
	struct lk_sha256 a;
	struct lk_sha256 b;
	*ret_same = false;
	*ret_there = fstatat(dirfd, name.ptr, &there, AT_SYMLINK_NOFOLLOW) == 0;
	if (!*ret_there) {
		return errno == ENOENT
			? 0
			: lk_fail_errno(err, LK_E_FS, errno, "cannot look at '%s'", name.ptr);
	}
	if (there.st_ino == status->st_ino && there.st_dev == status->st_dev) {
		*ret_same = true;
		return 0;
	}
	if (S_ISLNK(status->st_mode) && S_ISLNK(there.st_mode)) {
		*ret_same = is_same_link(level->fd, from, dirfd, name);
		return 0;
	}
	if (!S_ISREG(status->st_mode) || !S_ISREG(there.st_mode) ||
		there.st_size != status->st_size) {
		return 0;
	}
	int rc = hash_file(level->fd, from, &a, err);
	rc = rc < 0 ? rc : hash_file(dirfd, name, &b, err);
	*ret_same = rc == 0 && lk_sha256_eq(&a, &b);
	return rc;
}

/* The names under which NAME may be kept: itself, then NAME.lockenv-saved, NAME.lockenv-saved.2 …
 */
static lk_str saved_name(struct lk_arena *arena, lk_str name, unsigned i)
{
	if (i == 0) {
		return name;
	}
	return lk_str_printf(arena, LK_STR_FMT LK_FOREIGN_SUFFIX "%s", LK_STR_ARG(name),
		i == 1 ? "" : lk_arena_printf(arena, ".%u", i));
}

/* Carries one file to its path, or, where that is taken or SAVE says so, to a name beside it. */
static int carry_file(struct carry *carry, const struct level *level, lk_str name,
	const struct stat *status, bool save, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	int dirfd = -1;
	bool there = true;
	bool same = false;
	unsigned i = save ? 1 : 0;
	int rc = lk_dirs_enter(&carry->dirs, level->target, &dirfd, err);
	for (; rc == 0 && i <= MAX_SAVED; i++) {
		lk_str as = saved_name(&arena, name, i);
		rc = is_same(level, name, status, dirfd, as, &there, &same, err);
		if (rc < 0 || same || !there) {
			break;
		}
	}
	if (rc < 0 || same) {
		return rc;
	}
	if (there) {
		return lk_fail(err, LK_E_FS, "too many saved forms of '%s'", name.ptr);
	}
	lk_str as = saved_name(&arena, name, i);
	rc = lk_link_carry(level->fd, name.ptr, dirfd, as.ptr, &carry->copied, err);
	if (rc == 0 && i > 0) {
		lk_warn(carry->report, "'" LK_STR_FMT "' %s: kept as '" LK_STR_FMT "'",
			LK_STR_ARG(join(&arena, level->target, name)),
			save ? "was changed" : "is now brought by a package", LK_STR_ARG(as));
	}
	return rc;
}

static int carry_level(struct carry *carry, const struct level *level, struct lk_error *err);

/* Where a directory's content goes: its own path, unless something else is there now. */
static int dir_target(struct carry *carry, struct lk_arena *arena, const struct level *level,
	lk_str name, lk_str *ret, struct lk_error *err)
{
	lk_str target = join(arena, level->target, name);
	for (unsigned i = 0; i <= MAX_SAVED; i++) {
		struct stat status;
		lk_str as = saved_name(arena, target, i);
		bool there = fstatat(carry->new_fd, as.ptr, &status, AT_SYMLINK_NOFOLLOW) == 0;
		if (!there || S_ISDIR(status.st_mode)) {
			*ret = as;
			return 0;
		}
	}
	return lk_fail(err, LK_E_FS, "too many saved forms of '%s'", target.ptr);
}

/* Last, for what is carried into it may need a right that the mode takes away. */
static int set_dir_mode(
	struct carry *carry, const struct level *level, mode_t mode, struct lk_error *err)
{
	int dirfd;
	int rc = lk_dirs_enter(&carry->dirs, level->target, &dirfd, err);
	if (rc == 0 && fchmod(dirfd, mode & 07777) < 0) {
		rc = lk_fail_errno(
			err, LK_E_FS, errno, "cannot set the mode of '%s'", level->path.ptr);
	}
	return rc;
}

static int fail_mounted(const char *what, lk_str path, struct lk_error *err)
{
	lk_fail(err, LK_E_USAGE, "%s is mounted at '" LK_STR_FMT "' below the prefix", what,
		LK_STR_ARG(path));
	lk_error_hint(err, "unmount it first");
	return err->code;
}

static int carry_dir(struct carry *carry, const struct level *level, lk_str name,
	const struct stat *status, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	int dirfd;
	struct level below = {.path = join(&arena, level->path, name)};
	if (carry->late && lk_map_get(&carry->seen->by_path, below.path) != LK_MAP_NONE) {
		return 0;
	}
	if (lk_fs_is_mounted(level->fd, name.ptr)) {
		return fail_mounted("another file system", below.path, err);
	}
	if (below.path.len > MAX_PATH_BYTES) {
		return lk_fail(err, LK_E_FS, "the path '%s' is too long", below.path.ptr);
	}
	int LK_AUTO_CLOSE fd = lk_fs_open_dir(level->fd, name.ptr);
	if (fd < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s'", below.path.ptr);
	}
	below.fd = fd;
	int rc = dir_target(carry, &arena, level, name, &below.target, err);
	if (rc < 0) {
		return rc;
	}
	bool foreign = lk_owned_find(&carry->owned, below.path, NULL) == LK_OWNED_NOT &&
		!lk_str_is(below.path, "conda-meta") && !lk_str_is(name, "__pycache__");
	if (foreign) {
		rc = lk_dirs_enter(&carry->dirs, below.target, &dirfd, err);
	}
	if (rc == 0) {
		rc = carry_level(carry, &below, err);
	}
	return rc == 0 && foreign ? set_dir_mode(carry, &below, status->st_mode, err) : rc;
}

/* A name at the top that is no package's, of the old tree or of the new. */
static bool stays(const struct carry *carry, const struct level *level, lk_str name)
{
	struct stat status;
	return carry->top_stays && level->path.len == 0 && !lk_str_is(name, "conda-meta") &&
		lk_owned_find(&carry->owned, name, NULL) == LK_OWNED_NOT &&
		fstatat(carry->new_fd, name.ptr, &status, AT_SYMLINK_NOFOLLOW) < 0;
}

static bool is_of(const struct lk_prefix_record *record, const struct lk_prefix_path *path)
{
	return path >= record->paths && path < record->paths + record->n_paths;
}

/* Is PATH of a package that stays? That is in the new tree already, and was looked at a moment ago;
 * paths of one directory are mostly of one package. */
static bool stays_whole(struct carry *carry, const struct lk_prefix_path *path)
{
	const struct lk_foreign_seen *seen = carry->seen;
	if (seen == NULL || seen->stays == NULL || carry->late || path == NULL) {
		return false;
	}
	for (size_t i = 0; i < carry->have->len; i++) {
		size_t at = (carry->last + i) % carry->have->len;
		if (is_of(&carry->have->items[at], path)) {
			carry->last = at;
			return seen->stays[at];
		}
	}
	return false;
}

static int carry_entry(
	struct carry *carry, const struct level *level, lk_str name, struct lk_error *err)
{
	const struct lk_prefix_path *owned = NULL;
	struct stat status;
	if (lk_owned_is_state(level->path, name) || stays(carry, level, name)) {
		return 0;
	}
	lk_buf_clear(&carry->path);
	lk_buf_put(&carry->path, level->path);
	lk_buf_puts(&carry->path, level->path.len > 0 ? "/" : "");
	lk_buf_put(&carry->path, name);
	enum lk_owned_kind kind = lk_owned_find(&carry->owned, lk_buf_view(&carry->path), &owned);
	if (kind == LK_OWNED_PATH && owned != NULL && owned->type != LK_INSTALLED_DIRECTORY &&
		stays_whole(carry, owned)) {
		return 0;
	}
	if (fstatat(level->fd, name.ptr, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		return errno == ENOENT
			? 0
			: lk_fail_errno(err, LK_E_FS, errno, "cannot look at '%s'", name.ptr);
	}
	if (S_ISDIR(status.st_mode)) {
		return carry_dir(carry, level, name, &status, err);
	}
	if (kind == LK_OWNED_PATH) {
		bool changed = false;
		int rc = is_changed(carry, level, name, &status, owned, &changed, err);
		return rc < 0 || !changed ? rc : carry_file(carry, level, name, &status, true, err);
	}
	return lk_owned_derives(&carry->owned, level->path, name)
		? 0
		: carry_file(carry, level, name, &status, false, err);
}

/* Before its names are read: what comes later moves its time. */
static void note_seen(struct carry *carry, const struct level *level)
{
	struct lk_foreign_seen *seen = carry->seen;
	struct stat status;
	if (seen == NULL || carry->late || fstat(level->fd, &status) < 0) {
		return;
	}
	struct lk_foreign_dir dir = {lk_str_dup(&seen->arena, level->path),
		lk_str_dup(&seen->arena, level->target), status.st_mtim, status.st_ino};
	lk_map_add(&seen->by_path, dir.path, (uint32_t)seen->dirs.len);
	lk_vec_push(&seen->dirs, dir);
}

static int carry_level(struct carry *carry, const struct level *level, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_strs names = {0};
	if (lk_report_stop(carry->report)) {
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted while carrying files over");
	}
	note_seen(carry, level);
	int rc = lk_fs_list(level->fd, ".", &arena, &names, err);
	for (size_t i = 0; rc == 0 && i < names.len; i++) {
		rc = carry_entry(carry, level, names.items[i], err);
	}
	lk_vec_done(&names);
	return rc;
}

/* ---- again ---- */

/* Has nothing come into DIR or gone from it since it was seen? Its time says so where that is older
 * than what a file system's clock may round away: a tick, or two seconds. */
static bool is_quiet(const struct lk_foreign_seen *seen, const struct lk_foreign_dir *dir,
	const struct stat *now)
{
	struct timespec sure = seen->began;
	if (dir->mtime.tv_nsec != 0 && sure.tv_nsec >= TICK_NS) {
		sure.tv_nsec -= TICK_NS;
	} else {
		sure.tv_sec -= dir->mtime.tv_nsec != 0 ? 1 : 2;
	}
	return now->st_ino == dir->ino && now->st_mtim.tv_sec == dir->mtime.tv_sec &&
		now->st_mtim.tv_nsec == dir->mtime.tv_nsec &&
		lk_changed_is_before(dir->mtime, sure);
}

static int carry_dirs(struct carry *carry, struct lk_dirs *old, struct lk_error *err)
{
	const struct lk_foreign_seen *seen = carry->seen;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < seen->dirs.len; i++) {
		const struct lk_foreign_dir *dir = &seen->dirs.items[i];
		struct level level = {.path = dir->path, .target = dir->target};
		struct stat status;
		rc = lk_dirs_enter(old, dir->path, &level.fd, err);
		if (rc == LK_E_NOT_FOUND) {
			lk_error_clear(err);
			rc = 0;
			continue;
		}
		if (rc == 0 && (fstat(level.fd, &status) < 0 || !is_quiet(seen, dir, &status))) {
			rc = carry_level(carry, &level, err);
		}
	}
	return rc;
}

/* An owned file of the old tree that may have been written to by now. */
static int carry_changed(struct carry *carry, struct lk_dirs *old,
	const struct lk_prefix_path *path, struct lk_error *err)
{
	struct level level = {.path = lk_path_dirname(path->path)};
	lk_str name = lk_path_basename(path->path);
	struct stat status;
	bool changed = false;
	uint32_t at = lk_map_get(&carry->seen->by_path, level.path);
	level.target = at == LK_MAP_NONE ? level.path : carry->seen->dirs.items[at].target;
	int rc = lk_dirs_enter(old, level.path, &level.fd, err);
	if (rc == LK_E_NOT_FOUND ||
		(rc == 0 && fstatat(level.fd, name.ptr, &status, AT_SYMLINK_NOFOLLOW) < 0)) {
		lk_error_clear(err);
		return 0;
	}
	if (rc == 0 && !S_ISDIR(status.st_mode)) {
		rc = is_changed(carry, &level, name, &status, path, &changed, err);
	}
	return rc < 0 || !changed ? rc : carry_file(carry, &level, name, &status, true, err);
}

static int carry_seen(
	struct carry *carry, int old_fd, const struct lk_prefix_records *have, struct lk_error *err)
{
	struct lk_dirs old;
	lk_dirs_init(&old, old_fd);
	old.existing = true;
	int rc = carry_dirs(carry, &old, err);
	for (size_t r = 0; rc == 0 && r < have->len; r++) {
		const struct lk_prefix_record *record = &have->items[r];
		bool stays = carry->seen->stays != NULL && carry->seen->stays[r];
		for (size_t i = 0; rc == 0 && !stays && i < record->n_paths; i++) {
			rc = carry_changed(carry, &old, &record->paths[i], err);
		}
	}
	lk_dirs_done(&old);
	return rc;
}

/* A file that is a mount would go along with the tree that goes, and keep it from being removed;
 * directories are looked at one by one. */
static int check_mounts(struct carry *carry, int old_fd, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_strs mounts = {0};
	int rc = 0;
	lk_fs_mounts_below(old_fd, &arena, &mounts);
	for (size_t i = 0; rc == 0 && i < mounts.len; i++) {
		struct stat status;
		lk_str path = mounts.items[i];
		lk_str top = lk_str_dup(&arena, lk_str_slice(path, 0, lk_str_find_char(path, '/')));
		bool is_dir = fstatat(old_fd, path.ptr, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
			S_ISDIR(status.st_mode);
		const struct level level = {.fd = old_fd};
		if (!is_dir && !stays(carry, &level, top)) {
			rc = fail_mounted("something", path, err);
		}
	}
	lk_vec_done(&mounts);
	return rc;
}

static int run(struct carry *carry, int old_fd, const struct lk_prefix_records *have,
	bool *ret_copied, struct lk_error *err)
{
	carry->have = have;
	bool all = carry->seen != NULL && carry->seen->all && !carry->late;
	lk_changed_since_init(old_fd, all, &carry->since);
	lk_owned_load(&carry->owned, have);
	lk_dirs_init(&carry->dirs, carry->new_fd);
	lk_buf_init(&carry->path, SIZE_MAX / 2);
	const struct level level = {.fd = old_fd};
	int rc = carry->late ? carry_seen(carry, old_fd, have, err)
			     : check_mounts(carry, old_fd, err);
	if (rc == 0 && !carry->late) {
		rc = carry_level(carry, &level, err);
	}
	lk_dirs_done(&carry->dirs);
	lk_owned_done(&carry->owned);
	lk_buf_done(&carry->path);
	if (rc == 0) {
		*ret_copied = carry->copied;
	}
	return rc;
}

int lk_foreign_carry(int old_fd, int new_fd, const struct lk_prefix_records *have, bool top_stays,
	struct lk_foreign_seen *seen, const struct lk_report *report, bool *ret_copied,
	struct lk_error *err)
{
	struct carry carry = {
		.new_fd = new_fd, .top_stays = top_stays, .seen = seen, .report = report};
	int rc = run(&carry, old_fd, have, ret_copied, err);
	if (seen != NULL) {
		seen->copied = seen->copied || carry.copied;
	}
	return rc;
}

int lk_foreign_carry_late(int old_fd, int new_fd, const struct lk_prefix_records *have,
	struct lk_foreign_seen *seen, const struct lk_report *report, bool *ret_copied,
	struct lk_error *err)
{
	struct carry carry = {
		.new_fd = new_fd, .seen = seen, .late = !seen->copied, .report = report};
	return run(&carry, old_fd, have, ret_copied, err);
}

void lk_foreign_seen_done(struct lk_foreign_seen *seen)
{
	lk_vec_done(&seen->dirs);
	lk_map_done(&seen->by_path);
	lk_arena_done(&seen->arena);
}
