/*
 * What is in a prefix that no record owns.
 */
#include "install/verify_priv.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "install/owned.h"

struct walk {
	const struct lk_report *report;
	struct lk_verify *verify;
	struct lk_owned owned;
};

static int walk_dir(
	struct walk *walk, int parent, const char *name, lk_str path, struct lk_error *err);

static bool is_dir(int dirfd, const char *name)
{
	struct stat status;
	return fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

static int walk_name(struct walk *walk, int dirfd, lk_str dir, lk_str name, struct lk_error *err)
{
	struct lk_arena *arena = &walk->verify->arena;
	const struct lk_prefix_path *known = NULL;
	if (lk_owned_is_state(dir, name) || lk_owned_derives(&walk->owned, dir, name)) {
		return 0;
	}
	lk_str path = dir.len == 0 ? lk_str_dup(arena, name)
				   : lk_str_printf(arena, LK_STR_FMT "/" LK_STR_FMT,
					     LK_STR_ARG(dir), LK_STR_ARG(name));
	enum lk_owned_kind kind = lk_owned_find(&walk->owned, path, &known);
	if (kind == LK_OWNED_PATH && (known == NULL || known->type != LK_INSTALLED_DIRECTORY)) {
		return 0;
	}
	bool enter = kind != LK_OWNED_NOT || lk_str_is(path, "conda-meta") ||
		lk_str_is(name, "__pycache__");
	if (enter) {
		int rc = walk_dir(walk, dirfd, name.ptr, path, err);
		if (rc == LK_E_FS) {
			lk_verify_find(walk->verify, LK_FINDING_CHANGED, path, LK_STR(""),
				LK_DIFFERS_UNREADABLE, lk_str_of(err->message));
			lk_error_clear(err);
			return 0;
		}
		if (rc != LK_E_NOT_FOUND) {
			return rc;
		}
		lk_error_clear(err);
		if (kind != LK_OWNED_NOT) {
			return 0; /* no directory: told of already */
		}
	}
	if (is_dir(dirfd, name.ptr)) {
		path = lk_str_printf(arena, LK_STR_FMT "/", LK_STR_ARG(path));
	}
	lk_verify_find(walk->verify, LK_FINDING_FOREIGN, path, LK_STR(""), 0, LK_STR(""));
	return 0;
}

/* LK_E_NOT_FOUND when NAME in PARENT is no directory. */
static int walk_dir(
	struct walk *walk, int parent, const char *name, lk_str path, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_strs names = {0};
	int LK_AUTO_CLOSE fd = lk_fs_open_dir(parent, name);
	if (lk_report_stop(walk->report)) {
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted while verifying");
	}
	if (fd < 0) {
		enum lk_code code = errno == ENOENT || errno == ENOTDIR || errno == ELOOP
			? LK_E_NOT_FOUND
			: LK_E_FS;
		return lk_fail_errno(err, code, errno, "cannot look into '%s'",
			path.len > 0 ? path.ptr : "the prefix");
	}
	int rc = lk_fs_list(fd, ".", &arena, &names, err);
	for (size_t i = 0; rc == 0 && i < names.len; i++) {
		rc = walk_name(walk, fd, path, names.items[i], err);
	}
	lk_vec_done(&names);
	return rc;
}

int lk_verify_foreign(
	int root_fd, const struct lk_report *report, struct lk_verify *verify, struct lk_error *err)
{
	struct walk walk = {.report = report, .verify = verify};
	lk_owned_load(&walk.owned, &verify->records);
	int rc = walk_dir(&walk, root_fd, ".", LK_STR(""), err);
	lk_owned_done(&walk.owned);
	return rc;
}
