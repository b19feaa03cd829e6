/*
 * Rules of mirrors, kept and found.
 */
#include "fetch/mirror.h"

#include "conda/url.h"

void lk_mirrors_done(struct lk_mirrors *mirrors)
{
	lk_vec_done(&mirrors->rules);
	lk_vec_done(&mirrors->all);
}

/* TEXT with scheme and host in lower case and no slash at its end; false when it is no address that
 * http or https leads to. */
static bool read_url(lk_str text, struct lk_arena *arena, lk_str *ret_auth, lk_str *ret)
{
	struct lk_url_parts parts;
	text = lk_str_trim(text);
	if (!lk_url_split(text, &parts) || lk_str_has_control(text) ||
		!lk_url_host_is_plain(parts.host) || lk_str_find_char(text, '?') != SIZE_MAX ||
		lk_str_find_char(text, '#') != SIZE_MAX) {
		return false;
	}
	lk_str scheme = lk_str_lower(arena, parts.scheme);
	lk_str path = lk_url_encode_path_again(lk_url_remove_dots(parts.path, arena), arena);
	*ret_auth = lk_str_printf(arena, LK_STR_FMT "://" LK_STR_FMT "%s" LK_STR_FMT LK_STR_FMT,
		LK_STR_ARG(scheme), LK_STR_ARG(parts.userinfo), parts.has_userinfo ? "@" : "",
		LK_STR_ARG(lk_str_lower(arena, parts.host)),
		LK_STR_ARG(lk_str_trim_end(path, '/')));
	*ret = lk_url_without_credentials(*ret_auth, arena);
	return lk_str_is(scheme, "http") || lk_str_is(scheme, "https");
}

static struct lk_mirror *mirror_of(
	struct lk_mirrors *mirrors, lk_str auth_url, lk_str url, struct lk_arena *arena)
{
	for (size_t i = 0; i < mirrors->all.len; i++) {
		if (lk_str_eq(mirrors->all.items[i]->auth_url, auth_url)) {
			return mirrors->all.items[i];
		}
	}
	struct lk_mirror *mirror = lk_arena_calloc(arena, 1, sizeof(*mirror));
	*mirror = (struct lk_mirror){.url = url, .auth_url = auth_url};
	lk_vec_push(&mirrors->all, mirror);
	return mirror;
}

static int fail(lk_str url, const char *why, struct lk_arena *arena, struct lk_error *err)
{
	lk_str shown = lk_url_without_credentials(url, arena);
	lk_fail(err, LK_E_USAGE, "mirrored_channels: '" LK_STR_FMT "' %s", LK_STR_ARG(shown), why);
	lk_error_hint(err, "give each channel or http(s) URL a list of http(s) URLs");
	return err->code;
}

int lk_mirrors_add(struct lk_mirrors *mirrors, lk_str prefix, const lk_str *urls, size_t n,
	struct lk_arena *arena, struct lk_error *err)
{
	lk_str auth_url;
	struct lk_mirror_rule rule = {.n = n};
	if (!read_url(prefix, arena, &auth_url, &rule.prefix)) {
		return fail(prefix, "is no address that has mirrors", arena, err);
	}
	if (n == 0 || n > LK_MIRRORS_MAX) {
		return fail(prefix, n == 0 ? "has no mirror" : "has too many mirrors", arena, err);
	}
	rule.mirrors = lk_arena_calloc(arena, n, sizeof(struct lk_mirror *));
	for (size_t i = 0; i < n; i++) {
		lk_str url;
		if (!read_url(urls[i], arena, &auth_url, &url)) {
			return fail(urls[i], "is no address of a mirror", arena, err);
		}
		rule.mirrors[i] = mirror_of(mirrors, auth_url, url, arena);
	}
	for (size_t i = 0; i < mirrors->rules.len; i++) {
		if (lk_str_eq(mirrors->rules.items[i].prefix, rule.prefix)) {
			return 0;
		}
	}
	lk_vec_push(&mirrors->rules, rule);
	return 0;
}

const struct lk_mirror_rule *lk_mirrors_find(const struct lk_mirrors *mirrors, lk_str url)
{
	const struct lk_mirror_rule *best = NULL;
	for (size_t i = 0; i < mirrors->rules.len; i++) {
		const struct lk_mirror_rule *rule = &mirrors->rules.items[i];
		if (lk_str_starts(url, rule->prefix) &&
			(url.len == rule->prefix.len || url.ptr[rule->prefix.len] == '/') &&
			(!best || rule->prefix.len > best->prefix.len)) {
			best = rule;
		}
	}
	return best;
}
