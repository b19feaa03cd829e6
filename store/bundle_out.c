/*
 * Bundles on their way to their final names.
 */
#include "store/bundle_out_priv.h"

#include <errno.h>
#include <unistd.h>

#include "base/fs.h"

#define PATH_MAX_BYTES ((size_t)4095)

/* ---- opening ---- */

static int open_folder(struct lk_bundle_out *out, struct lk_error *err)
{
	lk_str path = lk_str_of(out->path);
	lk_str folder = lk_path_dirname(path);
	out->base = lk_str_dup(&out->arena, lk_path_basename(path)).ptr;
	if (!lk_path_is_component(lk_str_of(out->base))) {
		return lk_fail(err, LK_E_USAGE, "'%s' is no name for a bundle", out->path);
	}
	const char *name = folder.len > 0 ? lk_str_dup(&out->arena, folder).ptr
		: out->path[0] == '/'     ? "/"
					  : ".";
	out->dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return out->dir >= 0
		? 0
		: lk_fail_errno(err, LK_E_FS, errno, "cannot write '%s': '%s'", out->path, name);
}

/* A device or a folder of that name is no bundle to be replaced. */
static int check_target(const struct lk_bundle_out *out, struct lk_error *err)
{
	struct stat st;
	bool there = fstatat(out->dir, out->base, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (there && !S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode)) {
		return lk_fail(err, LK_E_USAGE, "'%s' is there and is no file", out->path);
	}
	if (there && out->is_cut) {
		lk_fail(err, LK_E_USAGE,
			"'%s' is there: it would be taken for the bundle, not its volumes",
			out->path);
		lk_error_hint(err, "remove it, or give the volumes another name");
		return LK_E_USAGE;
	}
	return 0;
}

/* Room for all of it now, so that a full disk is told before the work; where the file system cannot
 * promise it, the writes will tell. */
static int reserve(int fd, uint64_t size, const char *path, struct lk_error *err)
{
	int failed = ftruncate(fd, (off_t)size) == 0 ? 0 : errno;
	if (failed == 0 && TEMP_FAILURE_RETRY(fallocate(fd, 0, 0, (off_t)size)) != 0 &&
		(errno == ENOSPC || errno == EDQUOT || errno == EFBIG)) {
		failed = errno;
	}
	if (failed == 0) {
		return 0;
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(32);
	lk_buf_put_size(&text, size);
	lk_fail_errno(err, LK_E_FS, failed, "cannot write '%s' (%s)", path, lk_buf_cstr(&text));
	if (failed == EFBIG) {
		lk_error_hint(err, "cut it into smaller files with --volume-size, such as 4G");
	}
	return err->code;
}

static int open_next(struct lk_bundle_out *out, uint64_t size, struct lk_error *err)
{
	int fd;
	char *name;
	int rc = lk_fs_temp_file(out->dir, ".lockpack", 0, &out->arena, &name, &fd, err);
	if (rc < 0) {
		return lk_wrap(err, "cannot write '%s'", out->path);
	}
	out->temps[out->files.len] = name;
	lk_vec_push(&out->files, (struct lk_volume){fd, size});
	return reserve(fd, size, out->path, err);
}

int lk_bundle_out_open(struct lk_bundle_out *ret, const char *path, uint64_t total,
	uint64_t volume_size, struct lk_error *err)
{
	*ret = (struct lk_bundle_out){
		.dir = -1, .is_cut = volume_size > 0, .volume_size = volume_size};
	ret->path = lk_arena_strndup(&ret->arena, path, strlen(path));
	if (!ret->is_cut) {
		ret->volume_size = total;
	}
	int rc = open_folder(ret, err);
	if (rc == 0) {
		rc = check_target(ret, err);
	}
	size_t n = lk_bundle_volumes_of(total, volume_size);
	ret->temps = lk_arena_calloc(&ret->arena, n, sizeof(*ret->temps));
	for (uint64_t at = 0; rc == 0 && at < total; at += ret->volume_size) {
		uint64_t rest = total - at;
		rc = open_next(ret, rest < ret->volume_size ? rest : ret->volume_size, err);
	}
	return rc;
}

/* ---- writing ---- */

int lk_bundle_out_write(const struct lk_bundle_out *out, uint64_t at, const void *bytes, size_t len,
	struct lk_error *err)
{
	const unsigned char *rest = bytes;
	while (len > 0) {
		const struct lk_volume *file = &out->files.items[at / out->volume_size];
		uint64_t from = at % out->volume_size;
		size_t part = len < file->size - from ? len : (size_t)(file->size - from);
		int rc = lk_fs_write_at(file->fd, rest, part, from, out->path, err);
		if (rc < 0) {
			return rc;
		}
		rest += part;
		at += part;
		len -= part;
	}
	return 0;
}

/* ---- publishing ---- */

static const char *final_name(struct lk_bundle_out *out, size_t number)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(PATH_MAX_BYTES);
	if (!out->is_cut) {
		return out->base;
	}
	lk_bundle_put_volume(out->base, number, &name);
	return lk_str_dup(&out->arena, lk_buf_view(&name)).ptr;
}

static bool is_there(const struct lk_bundle_out *out, const char *name)
{
	return faccessat(out->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int remove_old(struct lk_bundle_out *out, size_t number, struct lk_error *err)
{
	const char *name = final_name(out, number);
	if (unlinkat(out->dir, name, 0) != 0 && errno != ENOENT) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot replace '%s'", name);
	}
	return 0;
}

static int publish_one(struct lk_bundle_out *out, size_t index, struct lk_error *err)
{
	int rc = lk_fs_rename(
		out->dir, out->temps[index], out->dir, final_name(out, index + 1), err);
	if (rc == 0) {
		out->temps[index] = NULL;
	}
	return rc;
}

/* Where old bytes go, the new ones must have reached the disk; else a power cut could leave
 * neither. Network file systems tell of failed writes when a file is closed. */
static int finish_file(
	struct lk_bundle_out *out, struct lk_volume *file, bool replaces, struct lk_error *err)
{
	bool written = !replaces || fsync(file->fd) == 0;
	if (written) {
		written = close(lk_fd_take(&file->fd)) == 0;
	}
	return written ? 0 : lk_fail_errno(err, LK_E_FS, errno, "cannot write '%s'", out->path);
}

int lk_bundle_out_publish(struct lk_bundle_out *out, struct lk_error *err)
{
	bool replaces = is_there(out, final_name(out, 1));
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < out->files.len; i++) {
		rc = finish_file(out, &out->files.items[i], replaces, err);
	}
	if (rc == 0 && out->is_cut) {
		rc = remove_old(out, 1, err);
	}
	size_t number = out->files.len + 1;
	for (; rc == 0 && out->is_cut && number <= LK_BUNDLE_MAX_VOLUMES; number++) {
		rc = remove_old(out, number, err);
	}
	for (size_t i = out->files.len; rc == 0 && i-- > 0;) {
		rc = publish_one(out, i, err);
	}
	if (rc == 0 && replaces) {
		rc = lk_fs_sync_dir(out->dir, ".", err);
	}
	return rc;
}

void lk_bundle_out_done(struct lk_bundle_out *out)
{
	for (size_t i = 0; i < out->files.len; i++) {
		lk_close_p(&out->files.items[i].fd);
		if (out->temps[i]) {
			(void)unlinkat(out->dir, out->temps[i], 0);
		}
	}
	lk_vec_done(&out->files);
	lk_close_p(&out->dir);
	lk_arena_done(&out->arena);
}
