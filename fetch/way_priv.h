/*
 * The way to a server, as options of a curl handle: sockets, patience, TLS and proxies.
 */
#ifndef LK_FETCH_WAY_PRIV_H
#define LK_FETCH_WAY_PRIV_H

#include "fetch/curl_lib_priv.h"
#include "fetch/http.h"

/* For the http or https URL. *RET_SOCKET_ERRNO, which must live as long as the try: why its last
 * socket could not be made, or 0. */
CURLcode lk_way_set(const struct lk_curl *curl, CURL *easy, const struct lk_http_settings *settings,
	const char *url, int *ret_socket_errno) LK_MUST_USE;
/* After a try that failed: did a proxy refuse to lead on for good? */
bool lk_way_is_refused(const struct lk_curl *curl, CURL *easy);
/* What to do about CODE and the reason that curl gave, on the way to URL; NULL when the way is not
 * to blame. Owned by ARENA. */
const char *lk_way_hint(const struct lk_http_settings *settings, const char *url, CURLcode code,
	const char *reason, struct lk_arena *arena);

#endif
