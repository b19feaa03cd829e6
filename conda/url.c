/*
 * URLs as far as channels need them: parts, joining, encoding, credentials (RFC 3986).
 */
#include "conda/url.h"

static bool is_scheme(lk_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (!lk_is_alnum(c) && c != '+' && c != '-' && c != '.') {
			return false;
		}
	}
	return text.len > 0 && lk_is_alpha(text.ptr[0]);
}

bool lk_url_split(lk_str url, struct lk_url_parts *ret)
{
	size_t colon = lk_str_find(url, LK_STR("://"));
	if (colon == SIZE_MAX || !is_scheme(lk_str_slice(url, 0, colon))) {
		return false;
	}
	*ret = (struct lk_url_parts){.scheme = lk_str_slice(url, 0, colon)};
	lk_str rest = lk_str_skip(url, colon + 3);
	size_t slash = lk_str_find_char(rest, '/');
	lk_str authority = slash == SIZE_MAX ? rest : lk_str_slice(rest, 0, slash);
	ret->path = slash == SIZE_MAX ? LK_STR("") : lk_str_skip(rest, slash);
	size_t at = lk_str_rfind_char(authority, '@');
	ret->has_userinfo = at != SIZE_MAX;
	ret->userinfo = ret->has_userinfo ? lk_str_slice(authority, 0, at) : LK_STR("");
	ret->host = ret->has_userinfo ? lk_str_skip(authority, at + 1) : authority;
	return true;
}

void lk_url_host(const struct lk_url_parts *parts, struct lk_arena *arena, lk_str *ret_name,
	lk_str *ret_port)
{
	lk_str host = lk_str_lower(arena, parts->host);
	size_t colon = lk_str_rfind_char(host, ':');
	bool port = colon != SIZE_MAX && !lk_str_ends(host, LK_STR("]"));
	*ret_name = port ? lk_str_slice(host, 0, colon) : host;
	*ret_port = port ? lk_str_skip(host, colon + 1) : LK_STR("");
}

bool lk_url_host_is_plain(lk_str host)
{
	for (size_t i = 0; i < host.len; i++) {
		char c = host.ptr[i];
		if (!lk_is_alnum(c) && lk_str_find_char(LK_STR(".-_:[]"), c) == SIZE_MAX) {
			return false;
		}
	}
	return host.len > 0;
}

size_t lk_url_token_len(const struct lk_url_parts *parts)
{
	if (!lk_str_eq_nocase(parts->scheme, LK_STR("https")) &&
		!lk_str_eq_nocase(parts->scheme, LK_STR("http"))) {
		return 0;
	}
	lk_str rest = parts->path;
	while (rest.len > 3 && lk_str_starts(rest, LK_STR("/t/")) && rest.ptr[3] != '/') {
		size_t slash = lk_str_find_char(lk_str_skip(rest, 3), '/');
		rest = lk_str_skip(rest, slash == SIZE_MAX ? rest.len : 3 + slash);
	}
	return parts->path.len - rest.len;
}

lk_str lk_url_without_credentials(lk_str url, struct lk_arena *arena)
{
	struct lk_url_parts parts;
	if (!lk_url_split(url, &parts)) {
		return lk_str_dup(arena, url);
	}
	lk_str path = lk_str_skip(parts.path, lk_url_token_len(&parts));
	return lk_str_printf(arena, LK_STR_FMT "://" LK_STR_FMT LK_STR_FMT,
		LK_STR_ARG(parts.scheme), LK_STR_ARG(parts.host), LK_STR_ARG(path));
}

/* In the authority of a URL, what stands before its last "@". */
static void hide_userinfo(char *authority, size_t len)
{
	size_t at = lk_str_rfind_char(lk_str_n(authority, len), '@');
	if (at != SIZE_MAX) {
		memset(authority, '*', at);
	}
}

void lk_url_hide_credentials(char *text)
{
	for (char *at = text; (at = strstr(at, "://"));) {
		at += 3;
		size_t len = strcspn(at, "/ \t\n");
		hide_userinfo(at, len);
		at += len;
		while (lk_str_starts(lk_str_of(at), LK_STR("/t/"))) {
			len = strcspn(at + 3, "/ \t\n'\"");
			memset(at + 3, '*', len);
			at += 3 + len;
		}
	}
}

/* The next component of *REST, and whether a slash follows it. */
static lk_str next_component(lk_str *rest, bool *ret_slash)
{
	size_t slash = lk_str_find_char(*rest, '/');
	*ret_slash = slash != SIZE_MAX;
	lk_str component = *ret_slash ? lk_str_slice(*rest, 0, slash) : *rest;
	*rest = lk_str_skip(*rest, *ret_slash ? slash + 1 : rest->len);
	return component;
}

lk_str lk_url_remove_dots(lk_str path, struct lk_arena *arena)
{
	char *out = lk_arena_calloc(arena, 1, path.len + 1);
	size_t len = 0;
	lk_str rest = path;
	bool more = path.len > 0;
	while (more) {
		lk_str component = next_component(&rest, &more);
		if (lk_str_is(component, ".")) {
			continue;
		}
		if (lk_str_is(component, "..")) {
			/* Back over the slash and then over the component before it. */
			size_t floor = path.ptr[0] == '/' ? 1 : 0;
			len = len > floor ? len - 1 : len;
			while (len > floor && out[len - 1] != '/') {
				len--;
			}
			continue;
		}
		if (component.len > 0) {
			memcpy(out + len, component.ptr, component.len);
			len += component.len;
		}
		if (more) {
			out[len++] = '/';
		}
	}
	out[len] = '\0';
	return lk_str_n(out, len);
}

lk_str lk_url_join(lk_str base, lk_str reference, struct lk_arena *arena)
{
	struct lk_url_parts parts;
	if (lk_url_split(reference, &parts)) {
		lk_str path = lk_url_remove_dots(parts.path, arena);
		size_t head = reference.len - parts.path.len;
		return lk_str_printf(arena, LK_STR_FMT LK_STR_FMT,
			LK_STR_ARG(lk_str_slice(reference, 0, head)), LK_STR_ARG(path));
	}
	bool is_url = lk_url_split(base, &parts);
	if (is_url && lk_str_starts(reference, LK_STR("//"))) {
		lk_str whole = lk_str_printf(arena, LK_STR_FMT ":" LK_STR_FMT,
			LK_STR_ARG(parts.scheme), LK_STR_ARG(reference));
		return lk_url_join(LK_STR(""), whole, arena);
	}
	lk_str path = is_url ? parts.path : base;
	lk_str head = lk_str_slice(base, 0, base.len - path.len);
	bool absolute = lk_str_starts(reference, LK_STR("/"));
	bool slash = absolute || reference.len == 0 || lk_str_ends(path, LK_STR("/"));
	lk_str joined = lk_str_printf(arena, LK_STR_FMT "%s" LK_STR_FMT,
		LK_STR_ARG(absolute ? LK_STR("") : path), slash ? "" : "/", LK_STR_ARG(reference));
	return lk_str_printf(arena, LK_STR_FMT LK_STR_FMT, LK_STR_ARG(head),
		LK_STR_ARG(lk_url_remove_dots(joined, arena)));
}

bool lk_url_base(lk_str directory, lk_str reference, struct lk_arena *arena, lk_str *ret)
{
	struct lk_url_parts from;
	struct lk_url_parts to;
	lk_str joined = lk_url_join(directory, reference, arena);
	lk_str base = lk_url_without_credentials(joined, arena);
	if (!lk_url_split(directory, &from) || !lk_url_split(base, &to)) {
		return false;
	}
	bool network = lk_str_eq_nocase(to.scheme, LK_STR("https")) ||
		lk_str_eq_nocase(to.scheme, LK_STR("http")) ||
		lk_str_eq_nocase(to.scheme, LK_STR("s3"));
	lk_str path;
	bool local =
		lk_str_eq_nocase(from.scheme, LK_STR("file")) && lk_url_to_path(base, arena, &path);
	if (!network && !local) {
		return false;
	}
	bool slash = !lk_str_ends(base, LK_STR("/"));
	*ret = lk_str_printf(arena, LK_STR_FMT "%s", LK_STR_ARG(base), slash ? "/" : "");
	return true;
}

static bool has_scheme(lk_str url, lk_str scheme)
{
	struct lk_url_parts parts;
	return lk_url_split(url, &parts) && lk_str_eq_nocase(parts.scheme, scheme);
}

bool lk_url_loses_tls(lk_str from, lk_str to)
{
	return has_scheme(from, LK_STR("https")) && has_scheme(to, LK_STR("http"));
}

static bool is_escape(lk_str s, size_t at)
{
	return s.len - at >= 3 && s.ptr[at] == '%' && lk_hex_digit(s.ptr[at + 1]) >= 0 &&
		lk_hex_digit(s.ptr[at + 2]) >= 0;
}

/* Letters, digits and -._~!$&'()*+,;=:@/ (RFC 3986, pchar and the slash): a bit for each. */
static bool is_path_char(char c)
{
	static const uint64_t path_chars[] = {
		UINT64_C(0x2fffffd200000000), UINT64_C(0x47fffffe87ffffff)};
	unsigned char byte = (unsigned char)c;
	return byte < 128 && (path_chars[byte / 64] >> byte % 64 & 1) != 0;
}

static lk_str encode_path(lk_str path, bool again, struct lk_arena *arena)
{
	size_t plain = 0;
	while (plain < path.len && is_path_char(path.ptr[plain])) {
		plain++;
	}
	if (plain == path.len) {
		return path;
	}
	char *out = lk_arena_calloc(arena, 3, path.len + 1);
	size_t len = 0;
	for (size_t i = 0; i < path.len; i++) {
		char c = path.ptr[i];
		if (is_path_char(c) || (again && is_escape(path, i))) {
			out[len++] = c;
		} else {
			static const char digits[] = "0123456789ABCDEF";
			out[len++] = '%';
			out[len++] = digits[(unsigned char)c >> 4];
			out[len++] = digits[(unsigned char)c & 15];
		}
	}
	return lk_str_n(out, len);
}

lk_str lk_url_encode_path(lk_str path, struct lk_arena *arena)
{
	return encode_path(path, false, arena);
}

lk_str lk_url_encode_path_again(lk_str path, struct lk_arena *arena)
{
	return encode_path(path, true, arena);
}

lk_str lk_url_decode(lk_str text, struct lk_arena *arena)
{
	char *out = lk_arena_calloc(arena, 1, text.len + 1);
	size_t len = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (is_escape(text, i)) {
			c = (char)(lk_hex_digit(text.ptr[i + 1]) * 16 +
				lk_hex_digit(text.ptr[i + 2]));
			i += 2;
		}
		out[len++] = c;
	}
	return lk_str_n(out, len);
}

bool lk_url_to_path(lk_str url, struct lk_arena *arena, lk_str *ret_path)
{
	struct lk_url_parts parts;
	if (!lk_url_split(url, &parts) || !lk_str_eq_nocase(parts.scheme, LK_STR("file"))) {
		return false;
	}
	if (parts.path.len == 0 || parts.has_userinfo ||
		(parts.host.len > 0 && !lk_str_eq_nocase(parts.host, LK_STR("localhost")))) {
		return false;
	}
	*ret_path = lk_url_decode(parts.path, arena);
	return lk_str_find_char(*ret_path, '\0') == SIZE_MAX;
}
