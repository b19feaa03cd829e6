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
};

/* lk_route with what FETCH knows of the network. */
void lk_fetch_route(struct lk_fetch *fetch, const struct lk_channel *channels, size_t n_channels,
	lk_str url, struct lk_arena *arena, struct lk_http_request *request);

/* Opens a regular file of a file:// channel; never waits for a FIFO. LK_E_NOT_FOUND when it is not
 * there, LK_E_FS. */
int lk_fetch_open_local(const char *path, int *ret_fd, struct lk_error *err) LK_MUST_USE;

#endif
