/*
 * Which proxy leads to an address.
 *
 * Proxies are given by source, the stronger first, each for "SCHEME://HOST", "SCHEME", "all://HOST"
 * or "all" (what requests has, and so conda's proxy_servers); within a source the first of these
 * that is given decides, and a stronger source decides before a weaker one.
 */
#ifndef LK_FETCH_PROXY_H
#define LK_FETCH_PROXY_H

#include "base/err.h"
#include "base/str.h"

struct lk_proxy {
	lk_str where;     /* lower case */
	unsigned source;  /* 0 is the strongest */
	const char *url;  /* scheme://host:port; "": no proxy, straight to the server */
	const char *user; /* NULL: none */
	const char *password;
};

struct lk_proxies {
	struct LK_VEC_OF(struct lk_proxy) items;
	const char *except; /* hosts to which no proxy leads, as in NO_PROXY; NULL: none */
};

void lk_proxies_done(struct lk_proxies *proxies);

/* ADDRESS: [SCHEME://][USER[:PASSWORD]@]HOST[:PORT][/], SCHEME http (also when there is none),
 * https, socks4, socks4a, socks5 or socks5h; empty: no proxy. LK_E_FORMAT, which quotes WHERE and
 * NAME, what gave the address, and not the address itself. Strings are owned by ARENA. */
int lk_proxies_add(struct lk_proxies *proxies, unsigned source, lk_str where, lk_str address,
	const char *name, struct lk_arena *arena, struct lk_error *err) LK_MUST_USE;

/* For the http or https URL; NULL when no proxy is given for it. */
const struct lk_proxy *lk_proxies_find(const struct lk_proxies *proxies, lk_str url);

#endif
