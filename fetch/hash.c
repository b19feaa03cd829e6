/*
 * Archives whose channel gives no sha256: fetched once for their bytes, checked by md5 where there is
 * one, hashed, and kept in the cache under the hash that the lock will name.
 */
#include "fetch/fetch.h"

#include <errno.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/fs.h"
#include "fetch/fetch_priv.h"

struct hashing {
	struct lk_fetch *fetch;
	const struct lk_record *record;
	const char *shown;
	struct lk_cache_incoming incoming;
	bool open;
	struct lk_digest *sha256, *md5;
	uint64_t size;
	struct lk_sha256 result;
};

static void hashing_abort(struct hashing *h)
{
	if (h->open) {
		lk_cache_abort(h->fetch->cache, &h->incoming);
		h->open = false;
	}
}

static int begin(void *ctx, struct lk_error *err)
{
	struct hashing *h = ctx;
	hashing_abort(h);
	lk_digest_restart(h->sha256);
	lk_digest_restart(h->md5);
	h->size = 0;
	int rc = lk_cache_begin(h->fetch->cache, &h->incoming, err);
	h->open = rc == 0;
	return rc;
}

static int take(void *ctx, const void *bytes, size_t len, struct lk_error *err)
{
	struct hashing *h = ctx;
	uint64_t max = h->record->has_size ? h->record->size : LK_FETCH_ARCHIVE_MAX;
	if (len > max - h->size) {
		return lk_fail(err, LK_E_INTEGRITY, "'%s' is larger than the %llu bytes expected", h->shown,
			(unsigned long long)max);
	}
	h->size += len;
	lk_digest_update(h->sha256, bytes, len);
	lk_digest_update(h->md5, bytes, len);
	return lk_fs_write_all(h->incoming.fd, bytes, len, h->incoming.name, err);
}

/* The md5 is all that ties the bytes to the channel's word; then the sha256 is what we trust. */
static int finish(struct hashing *h, struct lk_error *err)
{
	struct lk_md5 md5;
	lk_digest_final(h->sha256, h->result.bytes);
	lk_digest_final(h->md5, md5.bytes);
	if (h->record->has_md5 && memcmp(md5.bytes, h->record->md5.bytes, LK_MD5_LEN) != 0) {
		lk_fail(err, LK_E_INTEGRITY, "the md5 of '%s' is not the one the channel gives", h->shown);
		lk_error_hint(err, "try again; if it stays so, the channel is inconsistent");
		return err->code;
	}
	struct lk_record known = *h->record;
	known.sha256 = h->result;
	known.has_sha256 = true;
	h->open = false; /* whatever comes of it */
	return lk_cache_commit(h->fetch->cache, &h->incoming, &known, &h->result, h->size, err);
}

static int end(void *ctx, const struct lk_http_response *response, struct lk_error *err)
{
	struct hashing *h = ctx;
	if (response->status < 200 || response->status > 299) {
		return lk_http_fail_status(h->shown, response->status, err);
	}
	return finish(h, err);
}

static int hash_local(struct hashing *h, const char *path, struct lk_error *err)
{
	int LK_AUTO_CLOSE fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		lk_fail_errno(err, LK_E_NETWORK, errno, "cannot read '%s'", path);
		lk_error_hint(err, "the channel gives no sha256 for it, so the file itself is needed");
		return err->code;
	}
	char *bytes LK_AUTO_FREE = lk_calloc(1, 1 << 18);
	int rc = begin(h, err);
	while (rc == 0) {
		ssize_t got = read(fd, bytes, 1 << 18);
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s'", path);
		}
		if (got == 0) {
			return finish(h, err);
		}
		rc = take(h, bytes, (size_t)got, err);
	}
	return rc;
}

static int hash_remote(struct hashing *h, const char *url, struct lk_error *err)
{
	static const struct lk_http_sink sink = {begin, take, end};
	if (!h->fetch->http) {
		lk_fail(err, LK_E_OFFLINE, "the channel gives no sha256 for '%s'", h->shown);
		lk_error_hint(err, "solve once where there is a network: the file is fetched and hashed");
		return err->code;
	}
	const struct lk_http_request request = {.url = url, .shown = h->shown, .sink = &sink, .ctx = h};
	return lk_http_run(h->fetch->http, &request, 1, NULL, NULL, err);
}

int lk_fetch_hash(struct lk_fetch *fetch, const struct lk_channel *channels, size_t n_channels,
	const struct lk_record *record, struct lk_sha256 *ret, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	lk_arena_init(&arena);
	struct hashing h = {
		.fetch = fetch,
		.record = record,
		.shown = lk_str_dup(&arena, lk_url_without_credentials(record->url, &arena)).ptr,
		.sha256 = lk_digest_new(LK_DIGEST_SHA256),
		.md5 = lk_digest_new(LK_DIGEST_MD5),
	};
	lk_str path;
	int rc = lk_url_to_path(record->url, &arena, &path)
		? hash_local(&h, lk_str_dup(&arena, path).ptr, err)
		: hash_remote(&h, lk_fetch_auth_url(channels, n_channels, record->url, &arena), err);
	hashing_abort(&h);
	lk_digest_free(h.sha256);
	lk_digest_free(h.md5);
	if (rc == 0) {
		*ret = h.result;
	}
	return rc;
}
