/*
 * Archives that lie in file:// channels.
 */
#include <errno.h>

#include "base/digest.h"
#include "base/fs.h"
#include "fetch/fetch_priv.h"

int lk_fetch_complete_record(const struct lk_record *record, const struct lk_sha256 *sha256,
	struct lk_digest *md5, struct lk_record *ret, struct lk_error *err)
{
	*ret = *record;
	if (record->has_sha256) {
		return 0;
	}
	ret->has_sha256 = true;
	ret->sha256 = *sha256;
	struct lk_md5 have;
	if (record->has_md5) {
		lk_digest_final(md5, have.bytes);
	}
	if (record->has_md5 && memcmp(have.bytes, record->md5.bytes, LK_MD5_LEN) != 0) {
		return lk_fail(err, LK_E_INTEGRITY, "md5 is not the one expected");
	}
	return 0;
}

/* The sha256, where the channel gives none, of the file PATH itself. */
static int hash_local(const char *path, const struct lk_record *record, struct lk_record *ret,
	struct lk_error *err)
{
	struct lk_digest *LK_CLEANUP(lk_digest_free_p) md5 = lk_digest_new(LK_DIGEST_MD5);
	struct lk_sha256 sha256;
	int LK_AUTO_CLOSE fd = -1;
	int rc = lk_fetch_open_local(path, &fd, err);
	if (rc == 0) {
		rc = lk_sha256_fd(fd, path, &sha256, NULL, err);
	}
	if (rc == 0) {
		rc = lk_digest_fd(md5, fd, path, NULL, err);
	}
	return rc < 0 ? rc : lk_fetch_complete_record(record, &sha256, md5, ret, err);
}

int lk_fetch_import_local(struct lk_fetch *fetch, const struct lk_record *record,
	struct lk_arena *arena, bool *ret_local, struct lk_sha256 *ret_sha256, struct lk_error *err)
{
	struct lk_record complete = *record;
	lk_str path;
	*ret_local = lk_url_to_path(record->url, arena, &path);
	if (!*ret_local) {
		return 0;
	}
	const char *dir = lk_str_dup(arena, lk_path_dirname(path)).ptr;
	int rc = record->has_sha256
		? 0
		: hash_local(lk_str_dup(arena, path).ptr, record, &complete, err);
	if (rc == 0) {
		rc = lk_cache_import(fetch->cache, dir, &complete, err);
	}
	if (rc == LK_E_NOT_FOUND || (rc == LK_E_FS && err->sys_errno == ENOENT)) {
		lk_fail(err, LK_E_NETWORK, "channel '" LK_STR_FMT "' has no '" LK_STR_FMT "'",
			LK_STR_ARG(record->channel), LK_STR_ARG(path));
		lk_error_hint(err, "check that the channel's folder is complete, or solve again");
		return err->code;
	}
	*ret_sha256 = complete.sha256;
	return rc;
}
