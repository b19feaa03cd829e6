/*
 * Import: an archive from a folder that is not ours, believed by its hash alone.
 */
#include <errno.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "store/cache_priv.h"

#define NAME_MAX_BYTES ((size_t)4095)

/* Where other tools keep an archive, below the folder that the user named:
 *     <fn>                                  conda, libmamba, rattler, plain folders
 *     archives/<fn>-<sha256>                lockenv
 *     pkgs/<fn>                             the root of a conda installation
 *     <subdir>/<fn>                         a channel
 *     <channel>/<subdir>/<fn>               a mirror of channels
 *     <scheme>/<host>/<channel>/<subdir>/<fn>   libmamba's nested layout */
enum place {
	PLACE_FLAT,
	PLACE_LOCKENV,
	PLACE_PKGS,
	PLACE_SUBDIR,
	PLACE_CHANNEL,
	PLACE_URL,
	PLACE_COUNT,
};

/* "https://host:81/c/f" as "https/host_81/c/f". */
static void put_url_path(struct lk_buf *buf, lk_str url)
{
	size_t scheme = lk_str_find(url, LK_STR("://"));
	if (scheme == SIZE_MAX) {
		return;
	}
	lk_buf_put(buf, lk_str_slice(url, 0, scheme));
	lk_buf_putc(buf, '/');
	url = lk_str_skip(url, scheme + 3);
	for (size_t i = 0; i < url.len; i++) {
		char c = url.ptr[i];
		lk_buf_putc(buf, c == ':' || c == '\\' ? '_' : c);
	}
}

static void put_place(enum place place, const struct lk_record *record, struct lk_buf *buf)
{
	switch (place) {
	case PLACE_FLAT:
		break;
	case PLACE_LOCKENV:
		lk_buf_puts(buf, "archives/");
		lk_cache_archive_name(record, buf);
		return;
	case PLACE_PKGS:
		lk_buf_puts(buf, "pkgs/");
		break;
	case PLACE_CHANNEL:
		lk_buf_put(buf, record->channel);
		lk_buf_putc(buf, '/');
		/* fall through */
	case PLACE_SUBDIR:
		lk_buf_put(buf, record->subdir);
		lk_buf_putc(buf, '/');
		break;
	case PLACE_URL:
	case PLACE_COUNT:
		put_url_path(buf, record->url);
		return;
	}
	lk_buf_put(buf, record->fn);
}

/* Opens PATH (relative to DIR, which is named FROM). LK_E_NOT_FOUND when there is no such file;
 * LK_E_INTEGRITY when it has another size than RECORD's. */
static int open_file(int dir, const char *from, const char *path, const struct lk_record *record,
	struct lk_blob *ret, struct lk_error *err)
{
	/* Links are followed: folders of archives use them, and the hash decides. */
	int src LK_AUTO_CLOSE = openat(dir, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	if (src < 0 && errno != ENOENT && errno != ENOTDIR) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s/%s'", from, path);
	}
	if (src < 0 || fstat(src, &st) != 0 || !S_ISREG(st.st_mode)) {
		return lk_fail(err, LK_E_NOT_FOUND, "'%s/%s' is not there", from, path);
	}
	if (record->has_size && (uint64_t)st.st_size != record->size) {
		return lk_fail(err, LK_E_INTEGRITY,
			"'%s/%s': size is %lld bytes, expected are %llu", from, path,
			(long long)st.st_size, (unsigned long long)record->size);
	}
	*ret = (struct lk_blob){.fd = lk_fd_take(&src), .size = (uint64_t)st.st_size};
	return 0;
}

/* Takes the file PATH (relative to DIR, which is named FROM) in, unless CACHE is NULL.
 * LK_E_NOT_FOUND when there is none. */
static int import_file(struct lk_cache *cache, int dir, const char *from, const char *path,
	const struct lk_record *record, struct lk_error *err)
{
	struct lk_blob LK_CLEANUP(lk_blob_done) src = LK_BLOB_NONE;
	int rc = open_file(dir, from, path, record, &src, err);
	if (rc < 0 || !cache) {
		return rc;
	}
	struct lk_cache_incoming incoming;
	rc = lk_cache_begin(cache, &incoming, err);
	if (rc < 0) {
		return rc;
	}
	struct lk_sha256 sha256;
	rc = lk_blob_copy(&src, incoming.fd, path, &sha256, err);
	if (rc < 0) {
		lk_cache_abort(cache, &incoming);
		return rc;
	}
	rc = lk_cache_commit(cache, &incoming, record, &sha256, src.size, err);
	return rc == LK_E_INTEGRITY ? lk_wrap(err, "'%s/%s'", from, path) : rc;
}

int lk_cache_import(struct lk_cache *cache, const char *from_dir, const struct lk_record *record,
	struct lk_error *err)
{
	int rc = lk_cache_check_record(record, err);
	if (rc < 0) {
		return rc;
	}
	int dir LK_AUTO_CLOSE = open(from_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open the folder '%s'", from_dir);
	}
	bool mismatch = false;
	for (unsigned place = 0; place < PLACE_COUNT; place++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) path = LK_BUF_INIT(NAME_MAX_BYTES);
		put_place((enum place)place, record, &path);
		if (path.overflow || !lk_path_is_contained(lk_buf_view(&path))) {
			continue;
		}
		struct lk_error trial = LK_ERROR_INIT;
		rc = import_file(cache, dir, from_dir, lk_buf_cstr(&path), record, &trial);
		if (rc == LK_E_INTEGRITY && !mismatch) {
			mismatch = true;
			*err = trial;
		} else if (rc != LK_E_INTEGRITY && rc != LK_E_NOT_FOUND) {
			*err = trial;
			return rc;
		}
	}
	return mismatch ? LK_E_INTEGRITY
			: lk_fail(err, LK_E_NOT_FOUND, "'%s' has no '" LK_STR_FMT "'", from_dir,
				  LK_STR_ARG(record->fn));
}

/* Of two archives of RECORD's name and size: the one in BLOB stays when its bytes are right. */
static int choose(const char *from, const struct lk_record *record, struct lk_blob *blob,
	struct lk_blob *other, struct lk_error *err)
{
	struct lk_sha256 sha256;
	int rc = lk_blob_sha256(blob, from, &sha256, err);
	if (rc == 0 && !lk_sha256_eq(&sha256, &record->sha256)) {
		lk_blob_done(blob);
		*blob = lk_blob_take(other);
	}
	return rc;
}

int lk_import_open(int dir, const char *from, const struct lk_record *record, struct lk_blob *ret,
	struct lk_error *err)
{
	struct lk_blob LK_CLEANUP(lk_blob_done) best = LK_BLOB_NONE;
	bool mismatch = false;
	for (unsigned place = 0; place < PLACE_COUNT; place++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) path = LK_BUF_INIT(NAME_MAX_BYTES);
		struct lk_blob LK_CLEANUP(lk_blob_done) found = LK_BLOB_NONE;
		put_place((enum place)place, record, &path);
		if (path.overflow || !lk_path_is_contained(lk_buf_view(&path))) {
			continue;
		}
		struct lk_error trial = LK_ERROR_INIT;
		int rc = open_file(dir, from, lk_buf_cstr(&path), record, &found, &trial);
		if (rc == 0 && best.fd >= 0) {
			rc = choose(from, record, &best, &found, &trial);
		} else if (rc == 0) {
			best = lk_blob_take(&found);
		}
		if (rc < 0 && rc != LK_E_NOT_FOUND) {
			*err = mismatch ? *err : trial;
			mismatch = true;
		}
		if (rc < 0 && rc != LK_E_NOT_FOUND && rc != LK_E_INTEGRITY) {
			return rc;
		}
	}
	if (best.fd < 0) {
		return mismatch ? err->code
				: lk_fail(err, LK_E_NOT_FOUND, "'%s' has no '" LK_STR_FMT "'", from,
					  LK_STR_ARG(record->fn));
	}
	*ret = lk_blob_take(&best);
	return 0;
}
