/*
 * What the parts of fetch/ share.
 */
#ifndef LK_FETCH_FETCH_PRIV_H
#define LK_FETCH_FETCH_PRIV_H

#include "fetch/fetch.h"
#include "fetch/http.h"

struct lk_fetch {
	struct lk_cache *cache;
	struct lk_fetch_options options;
	const struct lk_report *report;
	struct lk_http *http; /* NULL while offline */
	bool gone;            /* a shard that the index names was not on the server */
	bool renewed;
	bool verify; /* what the cache has is hashed */
};

/* lk_route with what FETCH knows of the network. */
void lk_fetch_route(struct lk_fetch *fetch, const struct lk_channel *channels, size_t n_channels,
	lk_str url, struct lk_arena *arena, struct lk_http_request *request);

/* Has the cache RECORD's archive, so that it need not be brought in? */
bool lk_fetch_has(struct lk_fetch *fetch, const struct lk_record *record);

/* Opens a regular file of a file:// channel; never waits for a FIFO. LK_E_NOT_FOUND when it is not
 * there, LK_E_FS. */
int lk_fetch_open_local(const char *path, int *ret_fd, struct lk_error *err) LK_MUST_USE;

/* The record with SHA256, which is the channel's or, where that gives none, that of the bytes: then
 * their md5, where there is one, is all that ties them to the channel's word. */
int lk_fetch_complete_record(const struct lk_record *record, const struct lk_sha256 *sha256,
	struct lk_digest *md5, struct lk_record *ret, struct lk_error *err) LK_MUST_USE;

/* Copies RECORD's archive from a file:// channel. *RET_LOCAL: it is of one; then *RET_SHA256 is the
 * archive's. LK_E_NETWORK when the channel has no such file, LK_E_INTEGRITY, LK_E_FS. */
int lk_fetch_import_local(struct lk_fetch *fetch, const struct lk_record *record,
	struct lk_arena *arena, bool *ret_local, struct lk_sha256 *ret_sha256,
	struct lk_error *err) LK_MUST_USE;

#endif
