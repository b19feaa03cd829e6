/*
 * Credentials kept, and found for an address.
 */
#include "fetch/credentials.h"

#include "conda/url.h"
#include "fetch/credentials_priv.h"

#define SECRET_MAX ((size_t)16 << 10) /* bytes; servers take less in a header */

void lk_credentials_init(struct lk_credentials *credentials)
{
	*credentials = (struct lk_credentials){0};
	lk_arena_init(&credentials->arena);
}

void lk_credentials_done(struct lk_credentials *credentials)
{
	lk_vec_done(&credentials->sources);
	lk_vec_done(&credentials->items);
	lk_arena_done(&credentials->arena);
}

void lk_credentials_begin(struct lk_credentials *credentials, const char *name, bool open)
{
	const struct lk_credential_source source = {
		.name = lk_arena_printf(&credentials->arena, "%s", name),
		.open = open,
	};
	lk_vec_push(&credentials->sources, source);
}

const char *lk_credentials_source(const struct lk_credentials *credentials)
{
	return credentials->sources.items[credentials->sources.len - 1].name;
}

static lk_str usual_port(lk_str scheme)
{
	return lk_str_is(scheme, "https") ? LK_STR("443") : LK_STR("80");
}

/* Fills what WHERE says; false when it names no host. */
static bool read_where(struct lk_credentials *credentials, lk_str where, struct lk_credential *ret)
{
	struct lk_url_parts parts;
	struct lk_arena *arena = &credentials->arena;
	if (!where.ptr) {
		ret->host = LK_STR("*");
		return true;
	}
	lk_str text = lk_str_trim(where);
	bool is_url = lk_url_split(text, &parts);
	if (!is_url) {
		text = lk_str_printf(arena, "any://" LK_STR_FMT, LK_STR_ARG(text));
		(void)lk_url_split(text, &parts);
	}
	ret->scheme = is_url ? lk_str_lower(arena, parts.scheme) : LK_STR("");
	ret->path = lk_str_trim_end(lk_str_dup(arena, parts.path), '/');
	lk_url_host(&parts, arena, &ret->host, &ret->port);
	if (is_url && ret->port.len == 0) {
		ret->port = usual_port(ret->scheme);
	}
	bool star = lk_str_starts(ret->host, LK_STR("*."));
	return !parts.has_userinfo &&
		lk_url_host_is_plain(star ? lk_str_skip(ret->host, 2) : ret->host);
}

/* Why TEXT cannot be a secret or user of KIND, or NULL. */
static const char *why_refused(enum lk_credential_kind kind, lk_str text, bool is_user)
{
	if (lk_str_has_control(text)) {
		return "holds a control character";
	}
	if (text.len > SECRET_MAX) {
		return "is too long";
	}
	if (is_user && lk_str_find_char(text, ':') != SIZE_MAX) {
		return "holds a colon";
	}
	if (kind == LK_CREDENTIAL_BASIC) {
		return NULL;
	}
	if (text.len == 0) {
		return "is empty";
	}
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		bool plain = lk_is_alnum(c) || lk_str_find_char(LK_STR("-._~"), c) != SIZE_MAX;
		bool more = kind == LK_CREDENTIAL_BEARER && c > ' ' && c < 0x7f;
		if (!plain && !more) {
			return "holds a character that no token has";
		}
	}
	return NULL;
}

static int check(const struct lk_credentials *credentials, const struct lk_credential *item,
	const lk_str *text, bool is_user, struct lk_error *err)
{
	const char *why = text ? why_refused(item->kind, *text, is_user) : NULL;
	if (!why) {
		return 0;
	}
	lk_fail_at(err, lk_credentials_source(credentials), 0, 0, "the %s for '" LK_STR_FMT "' %s",
		is_user                                     ? "user"
			: item->kind == LK_CREDENTIAL_BASIC ? "password"
							    : "token",
		LK_STR_ARG(item->host), why);
	lk_error_hint(err, "write it anew, in one line and without quotes around it");
	return err->code;
}

int lk_credentials_put(struct lk_credentials *credentials, enum lk_credential_kind kind,
	lk_str where, const lk_str *user, const lk_str *secret, struct lk_error *err)
{
	struct lk_credential item = {.kind = kind, .source = credentials->sources.len - 1};
	if (!read_where(credentials, where, &item)) {
		return 0;
	}
	int rc = check(credentials, &item, user, true, err);
	rc = rc < 0 ? rc : check(credentials, &item, secret, false, err);
	if (rc < 0) {
		return rc;
	}
	item.user = user ? lk_str_dup(&credentials->arena, *user).ptr : "";
	item.secret = secret ? lk_str_dup(&credentials->arena, *secret).ptr : "";
	lk_vec_push(&credentials->items, item);
	return 0;
}

/* Is PATH the folder or below it, and does it stay there? */
static bool is_under(lk_str path, lk_str folder)
{
	return folder.len == 0 ||
		(lk_str_starts(path, folder) &&
			(path.len == folder.len || path.ptr[folder.len] == '/'));
}

/* Is HOST PARENT or below it? Addresses, which end in a digit or a bracket, have no parents. */
static bool is_below(lk_str host, lk_str parent)
{
	char last = host.ptr[host.len - 1];
	return lk_str_eq(host, parent) ||
		(lk_str_ends(host, parent) && host.ptr[host.len - parent.len - 1] == '.' &&
			!lk_is_digit(last) && last != ']');
}

/* How close ITEM is to the address, 0 when it is not for it: bytes of the host that it names count
 * most, then what else it names. */
static size_t closeness(const struct lk_credential *item, const struct lk_credential *address)
{
	if ((item->scheme.len > 0 && !lk_str_eq(item->scheme, address->scheme)) ||
		(item->port.len > 0 && !lk_str_eq(item->port, address->port)) ||
		!is_under(address->path, item->path)) {
		return 0;
	}
	size_t named;
	if (lk_str_eq(item->host, address->host)) {
		named = (size_t)1 << 20;
	} else if (lk_str_is(item->host, "*")) {
		named = 1;
	} else if (lk_str_starts(item->host, LK_STR("*.")) &&
		is_below(address->host, lk_str_skip(item->host, 2))) {
		named = 1 + item->host.len;
	} else {
		return 0;
	}
	return (named << 20) + item->path.len * 4 + (item->port.len > 0 ? 2 : 0) +
		(item->scheme.len > 0 ? 1 : 0);
}

const struct lk_credential *lk_credentials_find(
	const struct lk_credentials *credentials, lk_str url)
{
	struct lk_url_parts parts;
	if (credentials->items.len == 0 || !lk_url_split(url, &parts) || parts.has_userinfo ||
		!lk_url_host_is_plain(parts.host)) {
		return NULL;
	}
	struct lk_arena arena = {0};
	struct lk_credential address = {
		.scheme = lk_str_lower(&arena, parts.scheme),
		.path = lk_url_remove_dots(parts.path, &arena),
	};
	lk_url_host(&parts, &arena, &address.host, &address.port);
	if (address.port.len == 0) {
		address.port = usual_port(address.scheme);
	}
	const struct lk_credential *best = NULL;
	size_t best_closeness = 0;
	for (size_t i = 0; i < credentials->items.len; i++) {
		const struct lk_credential *item = &credentials->items.items[i];
		if (best && item->source != best->source) {
			break;
		}
		size_t close = closeness(item, &address);
		if (close > best_closeness) {
			best = item;
			best_closeness = close;
		}
	}
	lk_arena_done(&arena);
	return best;
}
