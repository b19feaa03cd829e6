/*
 * The cache folder: its parts, and how an archive gets into it.
 */
#include "store/cache.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"
#include "store/bundle.h"
#include "store/cache_priv.h"
#include "store/partial.h"

#define MAX_STALE 4

/* ---- layers ---- */

struct lk_cache *lk_cache_new(void)
{
	struct lk_cache *cache = lk_calloc(1, sizeof(*cache));
	cache->layers[0] = (struct lk_layer){.fd = -1, .archives = -1, .trees = -1, .tmp = -1};
	cache->names = lk_strdup("");
	return cache;
}

static int add_layer(
	struct lk_cache *cache, const struct lk_layer *layer /* taken */, struct lk_error *err)
{
	if (cache->n_layers == LK_CACHE_MAX_LAYERS) {
		struct lk_layer refused = *layer;
		lk_layer_done(&refused);
		return lk_fail(err, LK_E_USAGE, "more than %d caches", LK_CACHE_MAX_LAYERS);
	}
	char *before LK_AUTO_FREE = cache->names;
	cache->names = lk_asprintf("%s%s%s", before, cache->n_layers > 0 ? ":" : "", layer->path);
	cache->layers[cache->n_layers++] = *layer;
	return 0;
}

int lk_cache_open(const char *path, bool create, struct lk_cache **ret, struct lk_error *err)
{
	struct lk_layer layer;
	int rc = lk_layer_open(path, create, &layer, err);
	if (rc < 0) {
		return rc;
	}
	struct lk_cache *cache = lk_cache_new();
	rc = add_layer(cache, &layer, err);
	if (rc < 0) {
		lk_cache_free(cache);
		return rc;
	}
	cache->writable = create;
	*ret = cache;
	return 0;
}

int lk_cache_open_existing(const char *path, struct lk_cache **ret, struct lk_error *err)
{
	struct lk_cache *cache;
	int rc = lk_cache_open(path, false, &cache, err);
	if (rc < 0) {
		return rc;
	}
	const struct lk_layer *layer = &cache->layers[0];
	if (layer->archives < 0 || layer->trees < 0 || layer->tmp < 0) {
		rc = lk_fail(err, LK_E_NOT_FOUND, "'%s' is no cache", layer->path);
		lk_cache_free(cache);
		return rc;
	}
	cache->writable = true;
	*ret = cache;
	return 0;
}

int lk_cache_add_layer(struct lk_cache *cache, const char *path, struct lk_error *err)
{
	struct lk_layer layer;
	int rc = lk_layer_open(path, false, &layer, err);
	return rc < 0 ? rc : add_layer(cache, &layer, err);
}

int lk_cache_add_folder(struct lk_cache *cache, const char *path, struct lk_error *err)
{
	struct lk_layer layer;
	int rc = lk_layer_open_folder(path, &layer, err);
	return rc < 0 ? rc : add_layer(cache, &layer, err);
}

int lk_cache_add_bundle(
	struct lk_cache *cache, struct lk_bundle *bundle /* taken */, struct lk_error *err)
{
	const struct lk_layer layer = {
		.path = lk_strdup(lk_bundle_path(bundle)),
		.fd = -1,
		.archives = -1,
		.trees = -1,
		.tmp = -1,
		.bundle = bundle,
	};
	return add_layer(cache, &layer, err);
}

void lk_cache_free(struct lk_cache *cache)
{
	if (!cache) {
		return;
	}
	for (size_t i = 0; i < cache->n_layers; i++) {
		lk_layer_done(&cache->layers[i]);
	}
	lk_free(cache->names);
	lk_free(cache);
}

bool lk_cache_is_writable(const struct lk_cache *cache)
{
	return cache->writable;
}

const char *lk_cache_path(const struct lk_cache *cache)
{
	return cache->n_layers > 0 ? cache->layers->path : "";
}

const char *lk_cache_layer_path(const struct lk_cache *cache, size_t index)
{
	return index < cache->n_layers ? cache->layers[index].path : NULL;
}

const char *lk_cache_names(const struct lk_cache *cache)
{
	return cache->names;
}

int lk_cache_dirfd(const struct lk_cache *cache)
{
	return cache->layers->fd;
}

int lk_cache_archives_fd(const struct lk_cache *cache)
{
	return cache->layers->archives;
}

int lk_cache_trees_fd(const struct lk_cache *cache)
{
	return cache->layers->trees;
}

int lk_cache_tmp_fd(const struct lk_cache *cache)
{
	return cache->layers->tmp;
}

int lk_cache_mkdir(struct lk_cache *cache, const char *path, struct lk_error *err)
{
	return lk_layer_mkdir(&cache->layers[0], path, err);
}

void lk_cache_sweep(struct lk_cache *cache, int64_t before)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_strs names = {0};
	int rc = lk_fs_list(cache->layers->tmp, ".", &arena, &names, &ignored);
	for (size_t i = 0; rc == 0 && i < names.len; i++) {
		struct stat st;
		lk_str name = names.items[i];
		int64_t kept = lk_partial_is_name(name) ? LK_PARTIAL_KEPT_S : 0;
		if (fstatat(cache->layers->tmp, name.ptr, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			st.st_mtim.tv_sec < before - kept) {
			int removed = lk_fs_remove_tree(cache->layers->tmp, name.ptr, &ignored);
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

void lk_cache_tree_name(const struct lk_record *record, struct lk_buf *buf)
{
	lk_str dist;
	if (lk_archive_kind_of(record->fn, &dist) == LK_ARCHIVE_UNKNOWN) {
		dist = record->fn;
	}
	lk_cache_entry_name(dist, record, buf);
}

bool lk_cache_split_name(lk_str name, lk_str *ret_stem, struct lk_sha256 *ret)
{
	const size_t hex_len = 2 * (size_t)LK_SHA256_LEN;
	if (name.len < hex_len + 2 || lk_str_has_control(name)) {
		return false;
	}
	lk_str hex = lk_str_skip(name, name.len - hex_len);
	for (size_t i = 0; i < hex_len; i++) {
		if (hex.ptr[i] >= 'A' && hex.ptr[i] <= 'F') {
			return false;
		}
	}
	*ret_stem = lk_str_slice(name, 0, name.len - hex_len - 1);
	return name.ptr[ret_stem->len] == '-' && lk_unhex(hex, ret->bytes, LK_SHA256_LEN);
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

void lk_cache_hint_others(const struct lk_cache *cache, struct lk_error *err)
{
	if (err->sys_errno == EPERM || err->sys_errno == EACCES) {
		lk_error_hint(err,
			"what stands there may be another user's; put a cache of your own before "
			"it: --cache DIR:%s",
			cache->names);
	}
}

/* ---- looking up ---- */

static int fail_absent(
	const struct lk_cache *cache, const struct lk_record *record, struct lk_error *err)
{
	return lk_fail(err, LK_E_NOT_FOUND, "'" LK_STR_FMT "' is not in the cache '%s'",
		LK_STR_ARG(record->fn), cache->names);
}

/* Is it this process or machine that has no more to give? Then nothing is known of the file. */
static bool is_short(int errnum)
{
	return errnum == EMFILE || errnum == ENFILE || errnum == ENOMEM || errnum == EIO;
}

int lk_cache_open_archive(const struct lk_cache *cache, const struct lk_record *record,
	struct lk_blob *ret, struct lk_error *err)
{
	struct lk_error first = LK_ERROR_INIT; /* of what is there */
	int rc = lk_cache_check_record(record, err);
	if (rc < 0) {
		return rc;
	}
	for (size_t i = 0; i < cache->n_layers; i++) {
		rc = lk_layer_open_archive(&cache->layers[i], record, ret, err);
		if (rc == 0 || (rc != LK_E_NOT_FOUND && i == 0 && cache->writable)) {
			return rc;
		}
		bool tells = rc == LK_E_INTEGRITY || (rc == LK_E_FS && is_short(err->sys_errno));
		if (tells && first.code == 0) {
			first = *err;
		}
	}
	if (first.code < 0) {
		*err = first;
		return first.code;
	}
	return fail_absent(cache, record, err);
}

bool lk_cache_has_archive(const struct lk_cache *cache, const struct lk_record *record)
{
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_blob LK_CLEANUP(lk_blob_done) blob = LK_BLOB_NONE;
	return lk_cache_open_archive(cache, record, &blob, &ignored) == 0;
}

int lk_cache_find(
	const struct lk_cache *cache, const struct lk_record *record, struct lk_error *err)
{
	struct lk_blob LK_CLEANUP(lk_blob_done) blob = LK_BLOB_NONE;
	struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(NAME_MAX);
	int rc = lk_cache_check_record(record, err);
	if (rc < 0) {
		return rc;
	}
	lk_cache_tree_name(record, &name);
	for (size_t i = 0; i < cache->n_layers; i++) {
		int trees = cache->layers[i].trees;
		if (trees >= 0 && faccessat(trees, lk_buf_cstr(&name), F_OK, 0) == 0) {
			return 0;
		}
	}
	return lk_cache_open_archive(cache, record, &blob, err);
}

bool lk_cache_has_own_archive(const struct lk_cache *cache, const struct lk_record *record)
{
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_blob LK_CLEANUP(lk_blob_done) blob = LK_BLOB_NONE;
	return cache->writable && lk_cache_check_record(record, &ignored) == 0 &&
		lk_layer_open_archive(&cache->layers[0], record, &blob, &ignored) == 0;
}

bool lk_cache_use_archive(struct lk_cache *cache, const struct lk_record *record, int64_t now)
{
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_blob LK_CLEANUP(lk_blob_done) blob = LK_BLOB_NONE;
	struct stat st;
	if (!cache->writable || lk_cache_check_record(record, &ignored) < 0 ||
		lk_layer_open_archive(&cache->layers[0], record, &blob, &ignored) < 0) {
		return lk_cache_has_archive(cache, record);
	}
	if (blob.fd >= 0 && fstat(blob.fd, &st) == 0 && st.st_mtim.tv_sec < now - LK_CACHE_USE_S) {
		(void)futimens(blob.fd, NULL); /* where it is not ours to change it stays */
	}
	return true;
}

/* Takes the archive that was opened as BLOB out of the folder; not the one that somebody may have
 * put there meanwhile. */
static void drop_archive(
	struct lk_cache *cache, const struct lk_record *record, const struct lk_blob *blob)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(NAME_MAX);
	lk_cache_archive_name(record, &name);
	int dir = cache->layers->archives;
	struct stat opened;
	struct stat named;
	if (blob->fd >= 0 && fstat(blob->fd, &opened) == 0 &&
		fstatat(dir, lk_buf_cstr(&name), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
		opened.st_ino == named.st_ino && opened.st_dev == named.st_dev) {
		(void)unlinkat(dir, lk_buf_cstr(&name), 0);
	}
}

/* The archive FN in the layer INDEX has other bytes than the lock says. */
static int fail_bytes(const struct lk_cache *cache, size_t index, const char *fn,
	const struct lk_sha256 *sha256, const struct lk_sha256 *expected, struct lk_error *err)
{
	const struct lk_layer *layer = &cache->layers[index];
	char have[LK_HEX_MAX];
	char want[LK_HEX_MAX];
	lk_hex(sha256->bytes, LK_SHA256_LEN, have);
	lk_hex(expected->bytes, LK_SHA256_LEN, want);
	lk_fail(err, LK_E_INTEGRITY, "'%s' in the %s '%s' has sha256 %s, the lock says %s", fn,
		layer->bundle            ? "bundle"
			: layer->foreign ? "folder"
					 : "cache",
		layer->path, have, want);
	if (index == 0 && cache->writable) {
		lk_error_hint(err, "it was taken out of the cache; 'lockenv fetch' gets it again");
	} else if (layer->bundle) {
		lk_error_hint(err, "it was damaged on its way: copy the bundle again");
	} else if (layer->foreign) {
		lk_error_hint(err, "put a good one in its place");
	} else {
		lk_error_hint(err,
			"that cache is only read; 'lockenv fetch --verify' gets a good "
			"one into a cache of your own");
	}
	return err->code;
}

/* Opens RECORD's archive in the layer INDEX and hashes it. */
static int open_hashed_in(struct lk_cache *cache, size_t index, const struct lk_record *record,
	struct lk_blob *ret, struct lk_error *err)
{
	const struct lk_layer *layer = &cache->layers[index];
	struct lk_blob LK_CLEANUP(lk_blob_done) blob = LK_BLOB_NONE;
	struct lk_sha256 sha256;
	char *fn LK_AUTO_FREE = lk_strndup(record->fn.ptr, record->fn.len);
	int rc = lk_layer_open_archive(layer, record, &blob, err);
	if (rc == 0) {
		rc = lk_blob_sha256(&blob, fn, &sha256, err);
		rc = rc < 0 && layer->bundle ? lk_wrap(err, "bundle '%s'", layer->path) : rc;
	}
	if (rc < 0) {
		return rc;
	}
	if (lk_sha256_eq(&sha256, &record->sha256)) {
		*ret = lk_blob_take(&blob);
		return 0;
	}
	if (index == 0 && cache->writable) {
		drop_archive(cache, record, &blob);
	}
	return fail_bytes(cache, index, fn, &sha256, &record->sha256, err);
}

int lk_cache_open_hashed(struct lk_cache *cache, const struct lk_record *record,
	const struct lk_report *report, struct lk_blob *ret, struct lk_error *err)
{
	struct lk_error first = LK_ERROR_INIT; /* of what is there */
	int rc = lk_cache_check_record(record, err);
	if (rc < 0) {
		return rc;
	}
	for (size_t i = 0; i < cache->n_layers; i++) {
		unsigned tries = 0;
		do { /* another machine may replace it while it is read */
			rc = open_hashed_in(cache, i, record, ret, err);
		} while (rc == LK_E_FS && err->sys_errno == ESTALE && ++tries < MAX_STALE);
		if (rc == 0) {
			if (first.code < 0) {
				lk_warn(report, "%s: taken from '%s'", first.message,
					cache->layers[i].path);
			}
			return 0;
		}
		if (rc != LK_E_NOT_FOUND && first.code == 0) {
			first = *err;
		}
	}
	if (first.code < 0) {
		*err = first;
		return first.code;
	}
	return fail_absent(cache, record, err);
}

/* ---- taking in ---- */

int lk_cache_begin(struct lk_cache *cache, struct lk_cache_incoming *ret, struct lk_error *err)
{
	if (!cache->writable) {
		lk_fail(err, LK_E_USAGE, "the cache '%s' is only read", cache->names);
		lk_error_hint(err, "name a folder that may be written first: --cache DIR:...");
		return err->code;
	}
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	char *name;
	int fd;
	int rc = lk_fs_temp_file(cache->layers->tmp, "incoming", 0644, &arena, &name, &fd, err);
	if (rc < 0) {
		return lk_wrap(err, "cache '%s'", cache->layers->path);
	}
	ret->fd = fd;
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name);
	return 0;
}

void lk_cache_abort(struct lk_cache *cache, struct lk_cache_incoming *incoming)
{
	lk_close_p(&incoming->fd);
	(void)unlinkat(cache->layers->tmp, incoming->name, 0);
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
	/* EPERM of one's own file: a file system without modes. */
	bool written = fchmod(incoming->fd, 0644) == 0 || errno == EPERM;
	/* Network file systems tell of a failed write only now. */
	written = close(lk_fd_take(&incoming->fd)) == 0 && written;
	if (!written) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot write '%s/tmp/%s'",
			cache->layers->path, incoming->name);
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(NAME_MAX);
	lk_cache_archive_name(record, &name);
	/* Over one that may be there: it is the same, or damaged. */
	int rc = lk_fs_rename(cache->layers->tmp, incoming->name, cache->layers->archives,
		lk_buf_cstr(&name), err);
	if (rc < 0 && err->sys_errno == EISDIR) {
		rc = lk_fs_remove_tree(cache->layers->archives, lk_buf_cstr(&name), err);
		if (rc == 0) {
			rc = lk_fs_rename(cache->layers->tmp, incoming->name,
				cache->layers->archives, lk_buf_cstr(&name), err);
		}
	}
	if (rc < 0) {
		lk_cache_hint_others(cache, err);
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
