/*
 * The cache folder: its parts, and how an archive gets into it.
 */
#include "store/cache.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"
#include "store/cache_priv.h"

struct lk_cache {
	char *path;
	int fd, archives, trees, tmp;
};

static int open_part(const struct lk_cache *cache, const char *name, bool create, int *ret_fd,
	struct lk_error *err)
{
	int rc = create ? lk_fs_mkdirs(cache->fd, name, 0, false, err) : 0;
	if (rc < 0) {
		return lk_wrap(err, "cache '%s'", cache->path);
	}
	*ret_fd = openat(cache->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd >= 0 || (!create && errno == ENOENT)
		? 0
		: lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s/%s'", cache->path, name);
}

static int open_root(struct lk_cache *cache, bool create, struct lk_error *err)
{
	int rc = create ? lk_fs_mkdirs(AT_FDCWD, cache->path, 0, false, err) : 0;
	if (rc < 0) {
		return lk_wrap(err, "cannot make the cache");
	}
	cache->fd = open(cache->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool is_cache =
		cache->fd >= 0 && (create || faccessat(cache->fd, "archives", F_OK, 0) == 0);
	if (is_cache) {
		return 0;
	}
	if (errno == ENOENT) {
		lk_fail(err, LK_E_NOT_FOUND, "there is no cache at '%s'", cache->path);
		return err->code;
	}
	return lk_fail_errno(err, LK_E_FS, errno, "cannot open the cache '%s'", cache->path);
}

int lk_cache_open(const char *path, bool create, struct lk_cache **ret, struct lk_error *err)
{
	struct lk_cache *cache = lk_calloc(1, sizeof(*cache));
	cache->fd = cache->archives = cache->trees = cache->tmp = -1;
	int rc = lk_path_absolute(path, &cache->path, err);
	if (rc == 0) {
		rc = open_root(cache, create, err);
	}
	if (rc == 0) {
		rc = open_part(cache, "archives", create, &cache->archives, err);
	}
	if (rc == 0) {
		rc = open_part(cache, "trees", create, &cache->trees, err);
	}
	if (rc == 0) {
		rc = open_part(cache, "tmp", create, &cache->tmp, err);
	}
	if (rc < 0) {
		lk_cache_free(cache);
		return rc;
	}
	*ret = cache;
	return 0;
}

void lk_cache_free(struct lk_cache *cache)
{
	if (!cache) {
		return;
	}
	lk_close_p(&cache->tmp);
	lk_close_p(&cache->trees);
	lk_close_p(&cache->archives);
	lk_close_p(&cache->fd);
	lk_free(cache->path);
	lk_free(cache);
}

const char *lk_cache_path(const struct lk_cache *cache)
{
	return cache->path;
}

int lk_cache_dirfd(const struct lk_cache *cache)
{
	return cache->fd;
}

int lk_cache_archives_fd(const struct lk_cache *cache)
{
	return cache->archives;
}

int lk_cache_trees_fd(const struct lk_cache *cache)
{
	return cache->trees;
}

int lk_cache_tmp_fd(const struct lk_cache *cache)
{
	return cache->tmp;
}

void lk_cache_sweep(struct lk_cache *cache, int64_t before)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_strs names = {0};
	int rc = lk_fs_list(cache->tmp, ".", &arena, &names, &ignored);
	for (size_t i = 0; rc == 0 && i < names.len; i++) {
		struct stat st;
		const char *name = names.items[i].ptr;
		if (fstatat(cache->tmp, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			st.st_mtim.tv_sec < before) {
			int removed = lk_fs_remove_tree(cache->tmp, name, &ignored);
			(void)removed;
		}
	}
	lk_vec_done(&names);
}

void lk_cache_entry_name(lk_str stem, const struct lk_record *record, struct lk_buf *buf)
{
	char hex[LK_HEX_MAX];
	lk_hex(record->sha256.bytes, LK_SHA256_LEN, hex);
	/* The digest makes it unique, so a very long name may lose its end. */
	size_t room = NAME_MAX - 1 - strlen(hex);
	lk_buf_put(buf, lk_str_slice(stem, 0, room));
	lk_buf_putc(buf, '-');
	lk_buf_puts(buf, hex);
}

void lk_cache_archive_name(const struct lk_record *record, struct lk_buf *buf)
{
	lk_cache_entry_name(record->fn, record, buf);
}

int lk_cache_check_record(const struct lk_record *record, struct lk_error *err)
{
	if (!lk_path_is_component(record->fn)) {
		return lk_fail(err, LK_E_INTEGRITY, "'" LK_STR_FMT "' is no file name of a package",
			LK_STR_ARG(record->fn));
	}
	if (!record->has_sha256) {
		return lk_fail(err, LK_E_INTEGRITY,
			"'" LK_STR_FMT "' has no sha256 to know its archive by",
			LK_STR_ARG(record->fn));
	}
	return 0;
}

int lk_cache_open_archive(const struct lk_cache *cache, const struct lk_record *record,
	struct lk_blob *ret, struct lk_error *err)
{
	int rc = lk_cache_check_record(record, err);
	if (rc < 0) {
		return rc;
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(NAME_MAX);
	lk_cache_archive_name(record, &name);
	int fd LK_AUTO_CLOSE = -1;
	rc = lk_fs_open_beneath(
		cache->archives, lk_buf_cstr(&name), O_RDONLY | O_NONBLOCK, 0, &fd, err);
	if (rc < 0) {
		return rc;
	}
	struct stat st;
	if (fstat(fd, &st) != 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s/archives/%s'",
			cache->path, lk_buf_cstr(&name));
	}
	if (!S_ISREG(st.st_mode) || (record->has_size && (uint64_t)st.st_size != record->size)) {
		return lk_fail(err, LK_E_NOT_FOUND, "'%s/archives/%s' is not whole", cache->path,
			lk_buf_cstr(&name));
	}
	*ret = (struct lk_blob){.fd = lk_fd_take(&fd), .size = (uint64_t)st.st_size};
	return 0;
}

bool lk_cache_has_archive(const struct lk_cache *cache, const struct lk_record *record)
{
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_blob LK_CLEANUP(lk_blob_done) blob = LK_BLOB_NONE;
	return lk_cache_open_archive(cache, record, &blob, &ignored) == 0;
}

/* ---- taking in ---- */

int lk_cache_begin(struct lk_cache *cache, struct lk_cache_incoming *ret, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	char *name;
	int fd;
	int rc = lk_fs_temp_file(cache->tmp, "incoming", 0644, &arena, &name, &fd, err);
	if (rc < 0) {
		return lk_wrap(err, "cache '%s'", cache->path);
	}
	ret->fd = fd;
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name);
	return 0;
}

void lk_cache_abort(struct lk_cache *cache, struct lk_cache_incoming *incoming)
{
	lk_close_p(&incoming->fd);
	(void)unlinkat(cache->tmp, incoming->name, 0);
}

static int check_incoming(const struct lk_record *record, const struct lk_sha256 *sha256,
	uint64_t size, struct lk_error *err)
{
	int rc = lk_cache_check_record(record, err);
	if (rc < 0) {
		return rc;
	}
	if (record->has_size && size != record->size) {
		return lk_fail(err, LK_E_INTEGRITY, "size is %llu bytes, expected are %llu",
			(unsigned long long)size, (unsigned long long)record->size);
	}
	if (!lk_sha256_eq(sha256, &record->sha256)) {
		char have[LK_HEX_MAX];
		char want[LK_HEX_MAX];
		lk_hex(sha256->bytes, LK_SHA256_LEN, have);
		lk_hex(record->sha256.bytes, LK_SHA256_LEN, want);
		return lk_fail(err, LK_E_INTEGRITY, "sha256 is %s, expected is %s", have, want);
	}
	return 0;
}

/* No sync for each file: a cache can be filled again, and waiting for the disk after every archive
 * would more than halve the rate. Power loss may leave a short or damaged archive under its name;
 * the size check of a look-up or the hash before extraction finds it, and it is fetched again. */
static int publish(struct lk_cache *cache, struct lk_cache_incoming *incoming,
	const struct lk_record *record, struct lk_error *err)
{
	bool written = fchmod(incoming->fd, 0644) == 0;
	/* Network file systems tell of a failed write only now. */
	written = close(lk_fd_take(&incoming->fd)) == 0 && written;
	if (!written) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot write '%s/tmp/%s'", cache->path,
			incoming->name);
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(NAME_MAX);
	lk_cache_archive_name(record, &name);
	/* Over one that may be there: it is the same, or damaged. */
	int rc = lk_fs_rename(cache->tmp, incoming->name, cache->archives, lk_buf_cstr(&name), err);
	if (rc < 0 && err->sys_errno == EISDIR) {
		rc = lk_fs_remove_tree(cache->archives, lk_buf_cstr(&name), err);
		if (rc == 0) {
			rc = lk_fs_rename(cache->tmp, incoming->name, cache->archives,
				lk_buf_cstr(&name), err);
		}
	}
	return rc;
}

int lk_cache_commit(struct lk_cache *cache, struct lk_cache_incoming *incoming,
	const struct lk_record *record, const struct lk_sha256 *sha256, uint64_t size,
	struct lk_error *err)
{
	int rc = check_incoming(record, sha256, size, err);
	if (rc == 0) {
		rc = publish(cache, incoming, record, err);
	}
	if (rc < 0) {
		lk_cache_abort(cache, incoming);
		return rc;
	}
	return 0;
}
