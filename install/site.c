/*
 * Looking at a prefix.
 */
#include "install/site.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/owner.h"
#include "install/frozen.h"
#include "install/journal.h"
#include "install/owned.h"
#include "install/stamp.h"

/* mkfs makes it in each new file system. */
#define MKFS_DIR "lost+found"

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
	int fd = lk_fs_open_dir(site->parent_fd, site->name);
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
	site->inside.base_fd = fd;
	site->mounted = lk_fs_is_mounted(site->parent_fd, site->name);
	return 0;
}

bool lk_site_is_environment(int prefix_fd)
{
	struct stat status;
	return fstatat(prefix_fd, "conda-meta/history", &status, AT_SYMLINK_NOFOLLOW) == 0 ||
		fstatat(prefix_fd, "conda-meta/" LK_STAMP_NAME, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Nothing but what lies there without anybody's doing? */
static int check_empty(const struct lk_site *site, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_strs names = {0};
	int rc = lk_fs_list(site->old_fd, ".", &arena, &names, err);
	for (size_t i = 0; rc == 0 && i < names.len; i++) {
		lk_str name = names.items[i];
		if (!lk_owned_is_state(lk_str_n(NULL, 0), name) &&
			!(site->mounted && lk_str_is(name, MKFS_DIR))) {
			rc = refuse(site, "exists and is not an environment",
				"choose another prefix, or move what is there out of the way", err);
		}
	}
	lk_vec_done(&names);
	return rc;
}

int lk_site_look(struct lk_site *site, struct lk_error *err)
{
	struct stat status;
	lk_close_p(&site->old_fd);
	site->old_fd = -1;
	site->inside.base_fd = -1;
	site->mounted = false;
	site->interrupted = false;
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
	site->interrupted = fstatat(site->old_fd, LK_SITE_INSIDE "/" LK_JOURNAL_NAME, &status,
				    AT_SYMLINK_NOFOLLOW) == 0;
	if (lk_site_is_environment(site->old_fd) || site->interrupted) {
		site->state = LK_SITE_ENVIRONMENT;
		return 0;
	}
	site->state = LK_SITE_EMPTY;
	return check_empty(site, err);
}

int lk_site_open_parent(struct lk_site *site, struct lk_error *err)
{
	site->parent_fd = open(site->parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (site->parent_fd < 0 && errno == ENOTDIR) {
		return refuse(site, "lies below something that is not a directory",
			"choose another prefix", err);
	}
	if (site->parent_fd < 0 && errno != ENOENT) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s'", site->parent);
	}
	site->beside.base_fd = site->parent_fd;
	return 0;
}

void lk_site_close(struct lk_site *site)
{
	lk_close_p(&site->parent_fd);
	lk_close_p(&site->old_fd);
	lk_close_p(&site->beside.fd);
	lk_close_p(&site->inside.fd);
	lk_free(site->prefix);
	lk_free(site->parent);
	lk_free(site->name);
	lk_free(site->previous);
	lk_free(site->beside.name);
	lk_free(site->inside.name);
	lk_free(site->owner);
}

/* All names, and the parent. */
static void begin(const char *prefix, struct lk_site *ret)
{
	lk_str dir = lk_path_dirname(lk_str_of(prefix));
	lk_str name = lk_path_basename(lk_str_of(prefix));
	struct lk_site site = {.parent_fd = -1, .old_fd = -1, .base_fd = -1, .work_fd = -1};
	site.prefix = lk_strdup(prefix);
	site.parent = dir.len > 0 ? lk_strndup(dir.ptr, dir.len) : lk_strdup("/");
	site.name = lk_strndup(name.ptr, name.len);
	site.previous = lk_asprintf(".%s.lockenv-previous", site.name);
	site.owner = lk_owner_self();
	site.beside = (struct lk_own){.base_fd = -1,
		.base = site.parent,
		.prefix = site.prefix,
		.owner = site.owner,
		.name = lk_asprintf(".%s.lockenv", site.name),
		.fd = -1};
	site.inside = (struct lk_own){.base_fd = -1,
		.base = site.prefix,
		.prefix = site.prefix,
		.owner = site.owner,
		.name = lk_strdup(LK_SITE_INSIDE),
		.fd = -1};
	*ret = site;
}

static int open_site(const char *prefix, bool settle, const struct lk_report *report,
	bool *ret_settled, struct lk_site *ret, struct lk_error *err)
{
	struct lk_site site;
	int rc = lk_site_check_prefix(prefix, err);
	if (rc < 0) {
		return rc;
	}
	begin(prefix, &site);
	rc = lk_site_open_parent(&site, err);
	if (rc == 0) {
		rc = lk_site_look(&site, err);
	}
	if (rc == LK_E_USAGE && settle && site.old_fd >= 0 && lk_site_has_leftover(&site)) {
		lk_error_clear(err);
		rc = lk_site_settle(&site, report, err);
		*ret_settled = rc == 0;
		rc = rc < 0 ? rc : lk_site_look(&site, err);
	}
	if (rc < 0) {
		lk_site_close(&site);
		return rc;
	}
	*ret = site;
	return 0;
}

int lk_site_open(const char *prefix, struct lk_site *ret, struct lk_error *err)
{
	bool settled;
	return open_site(prefix, false, NULL, &settled, ret, err);
}

int lk_site_open_settled(const char *prefix, const struct lk_report *report, bool *ret_settled,
	struct lk_site *ret, struct lk_error *err)
{
	bool settled = false;
	int rc = open_site(prefix, true, report, &settled, ret, err);
	if (ret_settled) {
		*ret_settled = settled;
	}
	return rc;
}

void lk_site_use_in_place(struct lk_site *site)
{
	site->in_place = site->state != LK_SITE_ABSENT;
}

const char *lk_site_previous(const struct lk_site *site)
{
	return site->in_place ? LK_SITE_INSIDE_PREVIOUS : site->previous;
}

int lk_site_check(const struct lk_site *site, struct lk_error *err)
{
	return site->mounted && !site->in_place
		? refuse(site, "is a mount point, which cannot be replaced as a whole",
			  "let what is in it be exchanged with --in-place, or choose a directory "
			  "below it",
			  err)
		: 0;
}

int lk_site_check_frozen(const struct lk_site *site, struct lk_error *err)
{
	bool counts = site->state == LK_SITE_ENVIRONMENT && !site->override_frozen;
	return counts ? lk_frozen_check(site->old_fd, site->prefix, err) : 0;
}

char *lk_site_work_path(const struct lk_site *site)
{
	const struct lk_own *own = site->in_place ? &site->inside : &site->beside;
	return lk_asprintf("%s/%s", own->base[1] == '\0' ? "" : own->base, own->name);
}

bool lk_site_has_leftover(const struct lk_site *site)
{
	return lk_own_is_there(&site->beside) || lk_own_is_there(&site->inside);
}
