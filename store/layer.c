/*
 * One layer of the cache: a folder with its parts.
 */
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "base/fs.h"
#include "store/bundle.h"
#include "store/cache_priv.h"

/* ---- folders as shared as the cache's own ---- */

/* The mode of the parts of a folder with ST: that of the folder, and what is made in them belongs
 * to its group. 0 when it is nobody else's to write: then the umask decides. */
static mode_t part_mode(const struct stat *st)
{
	bool shared = st->st_mode & (S_IWGRP | S_IWOTH);
	return shared ? (st->st_mode & 01777) | (st->st_mode & S_IWGRP ? S_ISGID : 0) : 0;
}

/* Gives the new folder NAME group and mode, as far as this user may. */
static bool share(int dirfd, const char *name, const struct stat *root, mode_t mode)
{
	struct stat st;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		return false;
	}
	if (st.st_gid != root->st_gid &&
		fchownat(dirfd, name, (uid_t)-1, root->st_gid, AT_SYMLINK_NOFOLLOW) != 0) {
		mode &= (mode_t) ~(S_IWGRP | S_ISGID); /* another group's than was meant */
	}
	return fchmodat(dirfd, name, mode, 0) == 0;
}

/* Makes the folder NAME in DIRFD if it is missing: never there without its mode. */
static int make_shared(
	int dirfd, const char *name, const struct stat *root, mode_t mode, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	bool exists = false;
	char *work;
	if (faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		return 0;
	}
	int rc = lk_fs_temp_dir(dirfd, ".part", &arena, &work, err);
	if (rc < 0) {
		return rc;
	}
	if (!share(dirfd, work, root, mode)) {
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot make directory '%s'", name);
	}
	rc = rc < 0 ? rc : lk_fs_rename_noreplace(dirfd, work, dirfd, name, &exists, err);
	if (rc < 0 || exists) {
		(void)unlinkat(dirfd, work, AT_REMOVEDIR);
	}
	return rc;
}

int lk_layer_mkdir(const struct lk_layer *layer, const char *path, struct lk_error *err)
{
	struct stat root;
	if (fstat(layer->fd, &root) != 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s'", layer->path);
	}
	mode_t mode = part_mode(&root);
	if (mode == 0) {
		return lk_fs_mkdirs(layer->fd, path, 0, false, err);
	}
	int rc = 0;
	for (const char *slash = strchr(path, '/'); slash && rc == 0;
		slash = strchr(slash + 1, '/')) {
		char *above LK_AUTO_FREE = lk_strndup(path, (size_t)(slash - path));
		rc = make_shared(layer->fd, above, &root, mode, err);
	}
	return rc < 0 ? rc : make_shared(layer->fd, path, &root, mode, err);
}

/* What is made in tmp/ and moved from there is as shared as tmp/ itself; not where sticky folders
 * keep what everybody made apart. */
static mode_t dir_mode(int tmp)
{
	const mode_t group = S_IWGRP | S_ISGID;
	struct stat st;
	bool shared = tmp >= 0 && fstat(tmp, &st) == 0 && (st.st_mode & (group | S_ISVTX)) == group;
	return shared ? 0775 | S_ISGID : 0755;
}

/* ---- opening ---- */

static int open_part(const struct lk_layer *layer, const char *name, bool create, int *ret_fd,
	struct lk_error *err)
{
	int rc = create ? lk_layer_mkdir(layer, name, err) : 0;
	if (rc < 0) {
		return lk_wrap(err, "cache '%s'", layer->path);
	}
	*ret_fd = openat(layer->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd >= 0 || (!create && errno == ENOENT)
		? 0
		: lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s/%s'", layer->path, name);
}

static int open_root(struct lk_layer *layer, bool create, struct lk_error *err)
{
	int rc = create ? lk_fs_mkdirs(AT_FDCWD, layer->path, 0, false, err) : 0;
	if (rc < 0) {
		return lk_wrap(err, "cannot make the cache");
	}
	layer->fd = open(layer->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool is_cache =
		layer->fd >= 0 && (create || faccessat(layer->fd, "archives", F_OK, 0) == 0);
	if (is_cache) {
		return 0;
	}
	if (errno == ENOENT) {
		return lk_fail(err, LK_E_NOT_FOUND, "there is no cache at '%s'", layer->path);
	}
	return lk_fail_errno(err, LK_E_FS, errno, "cannot open the cache '%s'", layer->path);
}

int lk_layer_open(const char *path, bool create, struct lk_layer *ret, struct lk_error *err)
{
	struct lk_layer layer = {.fd = -1, .archives = -1, .trees = -1, .tmp = -1};
	const struct {
		const char *name;
		int *fd;
	} parts[] = {{"archives", &layer.archives}, {"trees", &layer.trees}, {"tmp", &layer.tmp}};
	int rc = lk_path_absolute(path, &layer.path, err);
	if (rc == 0) {
		rc = open_root(&layer, create, err);
	}
	for (size_t i = 0; rc == 0 && i < LK_COUNTOF(parts); i++) {
		rc = open_part(&layer, parts[i].name, create, parts[i].fd, err);
	}
	layer.dir_mode = dir_mode(layer.tmp);
	if (rc < 0) {
		lk_layer_done(&layer);
		return rc;
	}
	*ret = layer;
	return 0;
}

int lk_layer_open_folder(const char *path, struct lk_layer *ret, struct lk_error *err)
{
	struct lk_layer layer = {.archives = -1, .trees = -1, .tmp = -1, .foreign = true};
	int rc = lk_path_absolute(path, &layer.path, err);
	if (rc < 0) {
		return rc;
	}
	layer.fd = open(layer.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (layer.fd < 0) {
		enum lk_code code = errno == ENOENT || errno == ENOTDIR ? LK_E_NOT_FOUND : LK_E_FS;
		lk_fail_errno(err, code, errno, "cannot open the folder '%s'", layer.path);
		lk_layer_done(&layer);
		return code;
	}
	*ret = layer;
	return 0;
}

void lk_layer_done(struct lk_layer *layer)
{
	lk_close_p(&layer->tmp);
	lk_close_p(&layer->trees);
	lk_close_p(&layer->archives);
	lk_close_p(&layer->fd);
	lk_bundle_free(layer->bundle);
	layer->bundle = NULL;
	lk_free(layer->path);
	layer->path = NULL;
}

int lk_layer_open_archive(const struct lk_layer *layer, const struct lk_record *record,
	struct lk_blob *ret, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(NAME_MAX);
	if (layer->bundle) {
		return lk_bundle_open_archive(layer->bundle, record, ret, err);
	}
	if (layer->foreign) {
		return lk_import_open(layer->fd, layer->path, record, ret, err);
	}
	lk_cache_archive_name(record, &name);
	int fd LK_AUTO_CLOSE = -1;
	int rc = lk_fs_open_beneath(
		layer->archives, lk_buf_cstr(&name), O_RDONLY | O_NONBLOCK, 0, &fd, err);
	if (rc < 0) {
		return rc;
	}
	struct stat st;
	if (fstat(fd, &st) != 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s/archives/%s'",
			layer->path, lk_buf_cstr(&name));
	}
	if (!S_ISREG(st.st_mode) || (record->has_size && (uint64_t)st.st_size != record->size)) {
		return lk_fail(err, LK_E_NOT_FOUND, "'%s/archives/%s' is not whole", layer->path,
			lk_buf_cstr(&name));
	}
	*ret = (struct lk_blob){.fd = lk_fd_take(&fd), .size = (uint64_t)st.st_size};
	return 0;
}
