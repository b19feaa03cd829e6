/*
 * Proxies, read and chosen.
 */
#include "fetch/proxy.h"

#include "conda/url.h"
#include "fetch/credentials.h"

#define SCHEMES 6

void lk_proxies_done(struct lk_proxies *proxies)
{
	lk_vec_done(&proxies->items);
}

static bool is_scheme(lk_str scheme)
{
	static const char *const schemes[SCHEMES] = {
		"http",
		"https",
		"socks4",
		"socks4a",
		"socks5",
		"socks5h",
	};
	for (size_t i = 0; i < SCHEMES; i++) {
		if (lk_str_is(scheme, schemes[i])) {
			return true;
		}
	}
	return false;
}

/* Fills what ADDRESS says; false when it cannot be used. */
static bool read_address(lk_str address, struct lk_arena *arena, struct lk_proxy *ret)
{
	struct lk_url_parts parts;
	if (!lk_url_split(address, &parts)) {
		address = lk_str_printf(arena, "http://" LK_STR_FMT, LK_STR_ARG(address));
		(void)lk_url_split(address, &parts);
	}
	lk_str scheme = lk_str_lower(arena, parts.scheme);
	if (!is_scheme(scheme) || (parts.path.len > 0 && !lk_str_is(parts.path, "/")) ||
		!lk_url_host_is_plain(parts.host)) {
		return false;
	}
	ret->url = lk_arena_printf(
		arena, LK_STR_FMT "://" LK_STR_FMT, LK_STR_ARG(scheme), LK_STR_ARG(parts.host));
	if (parts.has_userinfo) {
		lk_str user;
		lk_str password;
		lk_credentials_split_userinfo(parts.userinfo, arena, &user, &password);
		ret->user = user.ptr;
		ret->password = password.ptr;
		return !lk_str_has_control(user) && !lk_str_has_control(password);
	}
	return true;
}

int lk_proxies_add(struct lk_proxies *proxies, unsigned source, lk_str where, lk_str address,
	const char *name, struct lk_arena *arena, struct lk_error *err)
{
	struct lk_proxy proxy = {
		.where = lk_str_trim_end(lk_str_lower(arena, lk_str_trim(where)), '/'),
		.source = source,
		.url = "",
	};
	address = lk_str_trim(address);
	if (address.len > 0 && !read_address(address, arena, &proxy)) {
		lk_fail(err, LK_E_FORMAT,
			"the proxy for '" LK_STR_FMT "' in %s is no address that can be used",
			LK_STR_ARG(proxy.where), name);
		lk_error_hint(err,
			"write it as http://host:port, or http://user:password@host:port with odd "
			"characters as %%XX");
		return err->code;
	}
	lk_vec_push(&proxies->items, proxy);
	return 0;
}

const struct lk_proxy *lk_proxies_find(const struct lk_proxies *proxies, lk_str url)
{
	struct lk_url_parts parts;
	if (proxies->items.len == 0 || !lk_url_split(url, &parts)) {
		return NULL;
	}
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	lk_str scheme = lk_str_lower(&arena, parts.scheme);
	lk_str host;
	lk_str port;
	lk_url_host(&parts, &arena, &host, &port);
	const lk_str wanted[] = {
		lk_str_printf(
			&arena, LK_STR_FMT "://" LK_STR_FMT, LK_STR_ARG(scheme), LK_STR_ARG(host)),
		scheme,
		lk_str_printf(&arena, "all://" LK_STR_FMT, LK_STR_ARG(host)),
		LK_STR("all"),
	};
	const struct lk_proxy *best = NULL;
	size_t best_at = 0;
	for (size_t i = 0; i < proxies->items.len; i++) {
		const struct lk_proxy *proxy = &proxies->items.items[i];
		size_t at = 0;
		while (at < LK_COUNTOF(wanted) && !lk_str_eq(proxy->where, wanted[at])) {
			at++;
		}
		if (at < LK_COUNTOF(wanted) &&
			(!best || proxy->source < best->source ||
				(proxy->source == best->source && at < best_at))) {
			best = proxy;
			best_at = at;
		}
	}
	return best;
}
