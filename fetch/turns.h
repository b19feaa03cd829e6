/*
 * Whose turn it is: requests wait in line at their servers, and of the servers where some wait the
 * one with the fewest transfers gets the next free place. One server gets all places as long as
 * nobody waits elsewhere, and a slow one never keeps the others from theirs.
 *
 *     lk_turns_init(&turns, requests, n);
 *     i = lk_turns_next(&turns, false, n, now);     requests[i] takes a place …
 *     lk_turns_done_with(&turns, i);                … and leaves it
 *     lk_turns_done(&turns);
 *
 * The order at one server is that of the requests. A server that asks to be left alone for a while
 * is, by all requests.
 */
#ifndef LK_FETCH_TURNS_H
#define LK_FETCH_TURNS_H

#include "base/map.h"
#include "base/vec.h"
#include "fetch/http.h"

#define LK_TURNS_NONE SIZE_MAX

struct lk_turns_server {
	size_t first, last; /* of those that wait, or LK_TURNS_NONE */
	size_t active;
	int64_t quiet_until_ms;
};

/* What a request waits for, and who is behind it. */
struct lk_turns_place {
	uint32_t server;
	size_t behind;
};

struct lk_turns {
	const struct lk_http_request *requests;
	struct lk_turns_place *places; /* one for each request */
	struct LK_VEC_OF(struct lk_turns_server) servers;
};

/* REQUESTS are borrowed; N may be 0. */
void lk_turns_init(struct lk_turns *turns, const struct lk_http_request *requests, size_t n);
void lk_turns_done(struct lk_turns *turns);

/* The request that starts next, of those below BEFORE and, if SMALL, of small ones;
 * LK_TURNS_NONE when there is none. NOW_MS: of the clock that lk_turns_quiet is told. */
size_t lk_turns_next(struct lk_turns *turns, bool small, size_t before, int64_t now_ms);
/* Does any of them wait, if only for its server's quiet to end? */
bool lk_turns_any(const struct lk_turns *turns, size_t before);
void lk_turns_done_with(struct lk_turns *turns, size_t index);

/* The server of request INDEX is to be left alone until then; and until when it is. */
void lk_turns_quiet(struct lk_turns *turns, size_t index, int64_t until_ms);
int64_t lk_turns_quiet_until(const struct lk_turns *turns, size_t index);

/* Nobody waits any more at the server of request INDEX. */
void lk_turns_close(struct lk_turns *turns, size_t index);

/* "https://user:word@host:81/path" → "host:81"; borrowed from URL. */
lk_str lk_turns_host(lk_str url);

#endif
