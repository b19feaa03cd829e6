/*
 * Channels: references resolved to canonical URLs, and the short names that a lock shows.
 */
#include "conda/channel.h"

#include "base/fs.h"
#include "conda/record_scan_priv.h"
#include "conda/subdir.h"
#include "conda/url.h"

#define REFERENCE_MAX 2048

/* Trailing slashes and trailing "/SUBDIR" off. */
static lk_str without_subdir(lk_str path)
{
	for (;;) {
		path = lk_str_trim_end(path, '/');
		size_t slash = lk_str_rfind_char(path, '/');
		if (slash == SIZE_MAX || !lk_subdir_is_known(lk_str_skip(path, slash + 1))) {
			return path;
		}
		path = lk_str_slice(path, 0, slash);
	}
}

static bool is_windows_path(lk_str s)
{
	return (s.len >= 2 && lk_is_alpha(s.ptr[0]) && s.ptr[1] == ':' &&
		       (s.len == 2 || s.ptr[2] == '/' || s.ptr[2] == '\\')) ||
		lk_str_find_char(s, '\\') != SIZE_MAX;
}

static bool is_path(lk_str s)
{
	return s.ptr[0] == '/' || lk_str_is(s, ".") || lk_str_is(s, "..") ||
		lk_str_starts(s, LK_STR("./")) || lk_str_starts(s, LK_STR("../"));
}

static int fail(struct lk_error *err, lk_str reference, struct lk_arena *arena, const char *why)
{
	lk_str shown = lk_url_without_credentials(reference, arena);
	return lk_fail(err, LK_E_USAGE, "channel '" LK_STR_FMT "': %s", LK_STR_ARG(shown), why);
}

static int fail_artifact(
	struct lk_error *err, lk_str reference, struct lk_arena *arena, const char *why)
{
	lk_str shown = lk_url_without_credentials(reference, arena);
	return lk_fail(err, LK_E_USAGE, "package '" LK_STR_FMT "': %s", LK_STR_ARG(shown), why);
}

/* The file:// URL of an absolute path, "." and ".." resolved by name. */
static int url_of_path(const char *path, struct lk_arena *arena, lk_str *ret, struct lk_error *err)
{
	char *LK_AUTO_FREE absolute = NULL;
	int rc = lk_path_absolute(path, &absolute, err);
	if (rc < 0) {
		return rc;
	}
	lk_str clean = without_subdir(lk_str_of(absolute));
	lk_str encoded = lk_url_encode_path(clean.len > 0 ? clean : LK_STR("/"), arena);
	*ret = lk_str_printf(arena, "file://" LK_STR_FMT, LK_STR_ARG(encoded));
	return 0;
}

static int resolve_path(
	lk_str reference, struct lk_arena *arena, struct lk_channel *ret, struct lk_error *err)
{
	lk_str url;
	int rc = url_of_path(lk_str_dup(arena, reference).ptr, arena, &url, err);
	if (rc < 0) {
		return rc;
	}
	ret->url = url;
	ret->auth_url = url;
	return 0;
}

static int resolve_file_url(
	lk_str reference, struct lk_arena *arena, struct lk_channel *ret, struct lk_error *err)
{
	lk_str path;
	if (!lk_url_to_path(reference, arena, &path)) {
		return fail(err, reference, arena,
			"a file URL must be file:///PATH, without another host");
	}
	return resolve_path(path, arena, ret, err);
}

/* The canonical URL of PARTS without credentials, and with them, PATH standing for its path. */
static void put_together(const struct lk_url_parts *parts, lk_str path, struct lk_arena *arena,
	lk_str *ret_url, lk_str *ret_auth_url)
{
	struct lk_url_parts clean = *parts;
	lk_str scheme = lk_str_lower(arena, parts->scheme);
	lk_str host = lk_str_lower(arena, parts->host);
	clean.path = path;
	lk_str open = lk_str_skip(path, lk_url_token_len(&clean));
	*ret_url = lk_str_printf(arena, LK_STR_FMT "://" LK_STR_FMT LK_STR_FMT, LK_STR_ARG(scheme),
		LK_STR_ARG(host), LK_STR_ARG(open));
	*ret_auth_url = lk_str_printf(arena, LK_STR_FMT "://" LK_STR_FMT "%s" LK_STR_FMT LK_STR_FMT,
		LK_STR_ARG(scheme), LK_STR_ARG(parts->userinfo), parts->has_userinfo ? "@" : "",
		LK_STR_ARG(host), LK_STR_ARG(path));
}

static lk_str clean_path(lk_str path, struct lk_arena *arena)
{
	return lk_url_encode_path_again(lk_url_remove_dots(path, arena), arena);
}

static int resolve_url(lk_str reference, const struct lk_url_parts *parts, struct lk_arena *arena,
	struct lk_channel *ret, struct lk_error *err)
{
	lk_str scheme = lk_str_lower(arena, parts->scheme);
	if (lk_str_is(scheme, "file")) {
		return resolve_file_url(reference, arena, ret, err);
	}
	if (!lk_str_is(scheme, "https") && !lk_str_is(scheme, "http") && !lk_str_is(scheme, "s3")) {
		return fail(
			err, reference, arena, "only http, https, s3 and file URLs are channels");
	}
	if (parts->host.len == 0) {
		return fail(err, reference, arena, "the URL has no host");
	}
	lk_str path = without_subdir(clean_path(parts->path, arena));
	put_together(parts, path, arena, &ret->url, &ret->auth_url);
	return 0;
}

/* Letters, digits and what channel and label names are made of; no empty, "." or ".." component. */
static bool is_channel_name(lk_str name)
{
	lk_str rest = name;
	lk_str part;
	while (lk_str_split(&rest, '/', &part)) {
		if (part.len == 0 || lk_str_is(part, ".") || lk_str_is(part, "..")) {
			return false;
		}
		for (size_t i = 0; i < part.len; i++) {
			if (!lk_is_alnum(part.ptr[i]) &&
				lk_str_find_char(LK_STR("._-+"), part.ptr[i]) == SIZE_MAX) {
				return false;
			}
		}
	}
	return name.len > 0;
}

static int resolve_name(lk_str reference, lk_str alias, struct lk_arena *arena,
	struct lk_channel *ret, struct lk_error *err)
{
	lk_str name = without_subdir(reference);
	if (!is_channel_name(name)) {
		fail(err, reference, arena, "neither a channel name, a URL nor a path");
		lk_error_hint(err,
			"write a name such as conda-forge, a URL, or a path that starts "
			"with / or ./");
		return err->code;
	}
	if (lk_str_is(name, "defaults")) {
		return fail(
			err, reference, arena, "stands for several channels; name those instead");
	}
	lk_str url = lk_str_printf(
		arena, LK_STR_FMT "/" LK_STR_FMT, LK_STR_ARG(alias), LK_STR_ARG(name));
	struct lk_url_parts parts;
	if (!lk_url_split(url, &parts)) {
		return fail(err, alias, arena, "the channel alias is not a URL");
	}
	return resolve_url(url, &parts, arena, ret, err);
}

/* Components of the channel's address that a name can be made of, as one text: for "https://h/a/b"
 * that is "h/a/b", for "file:///a/b" "a/b". */
static lk_str nameable(lk_str url)
{
	struct lk_url_parts parts;
	if (!lk_url_split(url, &parts)) {
		return url;
	}
	size_t head = parts.scheme.len + 3;
	return lk_str_skip(url, parts.host.len == 0 ? head + 1 : head);
}

/* The last N components of the URL's path and host; the whole URL when it has fewer. */
static lk_str name_of_url(lk_str url, size_t n)
{
	lk_str text = nameable(url);
	size_t start = text.len;
	for (size_t i = 0; i < n; i++) {
		if (start == 0) {
			return url;
		}
		size_t slash = lk_str_rfind_char(lk_str_slice(text, 0, start - (i > 0)), '/');
		start = slash == SIZE_MAX ? 0 : slash + 1;
	}
	return text.len > 0 ? lk_str_skip(text, start) : url;
}

/* The name under the alias, or an empty view. */
static lk_str name_under_alias(lk_str url, lk_str alias, struct lk_arena *arena)
{
	lk_str base = lk_url_without_credentials(lk_str_trim_end(alias, '/'), arena);
	bool under = lk_str_starts(url, base) && url.len > base.len + 1 && url.ptr[base.len] == '/';
	return under ? lk_str_skip(url, base.len + 1) : LK_STR("");
}

int lk_channel_resolve(lk_str reference, lk_str alias, struct lk_arena *arena,
	struct lk_channel *ret, struct lk_error *err)
{
	lk_str text = lk_str_trim(reference);
	if (text.len == 0) {
		return lk_fail(err, LK_E_USAGE, "a channel reference is empty");
	}
	if (text.len > REFERENCE_MAX || lk_str_has_control(text)) {
		return lk_fail(err, LK_E_USAGE,
			"a channel reference is too long or holds control characters");
	}
	struct lk_channel channel = {0};
	struct lk_url_parts parts;
	int rc;
	if (lk_url_split(text, &parts)) {
		if (lk_str_find_char(text, '?') != SIZE_MAX ||
			lk_str_find_char(text, '#') != SIZE_MAX ||
			lk_str_find_char(text, ' ') != SIZE_MAX) {
			return fail(
				err, text, arena, "a channel URL has no query, fragment or space");
		}
		rc = resolve_url(text, &parts, arena, &channel, err);
	} else if (is_path(text)) {
		rc = resolve_path(text, arena, &channel, err);
	} else if (text.ptr[0] == '~' || is_windows_path(text)) {
		fail(err, text, arena, "not a path that can be used as it stands");
		lk_error_hint(err, "write the full path, starting with /");
		return err->code;
	} else {
		rc = resolve_name(text, lk_str_trim_end(alias, '/'), arena, &channel, err);
	}
	if (rc < 0) {
		return rc;
	}
	if (channel.url.len > REFERENCE_MAX) { /* it must still be one when it is read again */
		return fail(err, text, arena, "it is too long");
	}
	lk_str name = name_under_alias(channel.url, alias, arena);
	channel.name = name.len > 0 ? name : name_of_url(channel.url, 1);
	*ret = channel;
	return 0;
}

/* The file that REFERENCE, no web address, names by path or file URL. */
static int resolve_local_artifact(
	lk_str reference, struct lk_arena *arena, struct lk_artifact *ret, struct lk_error *err)
{
	lk_str path = reference;
	if (lk_str_find(reference, LK_STR("://")) != SIZE_MAX &&
		!lk_url_to_path(reference, arena, &path)) {
		return fail_artifact(
			err, reference, arena, "only http, https and file:///PATH name a package");
	}
	char *LK_AUTO_FREE absolute = NULL;
	int rc = lk_path_absolute(lk_str_dup(arena, path).ptr, &absolute, err);
	if (rc < 0) {
		return rc;
	}
	lk_str encoded = lk_url_encode_path(lk_str_of(absolute), arena);
	ret->url = lk_str_printf(arena, "file://" LK_STR_FMT, LK_STR_ARG(encoded));
	ret->auth_url = ret->url;
	ret->fn = lk_str_dup(arena, lk_path_basename(lk_str_of(absolute)));
	return 0;
}

static int resolve_web_artifact(lk_str reference, const struct lk_url_parts *parts,
	struct lk_arena *arena, struct lk_artifact *ret, struct lk_error *err)
{
	if (parts->host.len == 0 || lk_str_find_char(reference, '?') != SIZE_MAX) {
		return fail_artifact(
			err, reference, arena, "the URL of a package has a host and no query");
	}
	struct lk_url_parts open = {0}; /* without a token, which may be all of the path */
	put_together(parts, clean_path(parts->path, arena), arena, &ret->url, &ret->auth_url);
	(void)lk_url_split(ret->url, &open);
	ret->fn = lk_url_decode(lk_path_basename(open.path), arena);
	return 0;
}

int lk_artifact_resolve(lk_str reference, lk_str alias, struct lk_arena *arena,
	struct lk_artifact *ret, struct lk_error *err)
{
	if (reference.len == 0 || reference.len > REFERENCE_MAX || lk_str_has_control(reference)) {
		return lk_fail(err, LK_E_USAGE,
			"the address of a package is empty, too long or holds control characters");
	}
	struct lk_url_parts parts;
	bool web = lk_url_split(reference, &parts) &&
		(lk_str_eq_nocase(parts.scheme, LK_STR("https")) ||
			lk_str_eq_nocase(parts.scheme, LK_STR("http")));
	struct lk_artifact artifact = {0};
	int rc = web ? resolve_web_artifact(reference, &parts, arena, &artifact, err)
		     : resolve_local_artifact(reference, arena, &artifact, err);
	if (rc < 0) {
		return rc;
	}
	if (!lk_is_safe_component(artifact.fn)) {
		return fail_artifact(err, reference, arena, "it ends in no file name");
	}
	if (artifact.url.len > REFERENCE_MAX) {
		return fail_artifact(err, reference, arena, "it is too long");
	}
	size_t slash = lk_str_rfind_char(artifact.auth_url, '/');
	rc = lk_channel_resolve(lk_str_slice(artifact.auth_url, 0, slash + 1), alias, arena,
		&artifact.channel, err);
	if (rc == 0) {
		*ret = artifact;
	}
	return rc;
}

static void drop_equal_urls(struct lk_channels *channels)
{
	size_t kept = 0;
	for (size_t i = 0; i < channels->len; i++) {
		bool seen = false;
		for (size_t k = 0; k < kept && !seen; k++) {
			seen = lk_str_eq(channels->items[k].url, channels->items[i].url);
		}
		if (!seen) {
			channels->items[kept++] = channels->items[i];
		}
	}
	channels->len = kept;
}

static bool name_is_taken(const struct lk_channels *channels, size_t index)
{
	for (size_t k = 0; k < channels->len; k++) {
		if (k != index && lk_str_eq(channels->items[k].name, channels->items[index].name)) {
			return true;
		}
	}
	return false;
}

void lk_channels_name(struct lk_channels *channels, lk_str alias, struct lk_arena *arena)
{
	drop_equal_urls(channels);
	/* How many components each name has; 0 for a name under the alias, which never changes. */
	size_t *parts = lk_arena_calloc(arena, channels->len, sizeof(*parts));
	bool *taken = lk_arena_calloc(arena, channels->len, sizeof(*taken));
	for (size_t i = 0; i < channels->len; i++) {
		struct lk_channel *channel = &channels->items[i];
		lk_str name = name_under_alias(channel->url, alias, arena);
		parts[i] = name.len > 0 ? 0 : 1;
		channel->name = name.len > 0 ? name : name_of_url(channel->url, 1);
	}
	/* All that share a name grow together, so the order of channels does not matter. A name
	 * that has become the whole URL is unique. */
	for (bool again = true; again;) {
		again = false;
		for (size_t i = 0; i < channels->len; i++) {
			taken[i] = parts[i] > 0 && name_is_taken(channels, i);
		}
		for (size_t i = 0; i < channels->len; i++) {
			if (taken[i] &&
				!lk_str_eq(channels->items[i].name, channels->items[i].url)) {
				parts[i]++;
				channels->items[i].name =
					name_of_url(channels->items[i].url, parts[i]);
				again = true;
			}
		}
	}
}
