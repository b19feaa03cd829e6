/*
 * Addresses with the credentials that belong to them.
 */
#include "fetch/route.h"

/* The address that the first channel above URL has with its credentials, or URL. */
static lk_str with_channel(
	const struct lk_channel *channels, size_t n_channels, lk_str url, struct lk_arena *arena)
{
	for (size_t i = 0; i < n_channels; i++) {
		const struct lk_channel *channel = &channels[i];
		lk_str rest = lk_str_skip(url, channel->url.len);
		if (lk_str_starts(url, channel->url) && rest.len > 0 && rest.ptr[0] == '/') {
			return lk_str_printf(arena, LK_STR_FMT LK_STR_FMT,
				LK_STR_ARG(channel->auth_url), LK_STR_ARG(rest));
		}
	}
	return url;
}

static struct lk_http_auth auth_of_userinfo(lk_str userinfo, struct lk_arena *arena)
{
	lk_str user;
	lk_str password;
	lk_credentials_split_userinfo(userinfo, arena, &user, &password);
	return (struct lk_http_auth){.user = user.ptr, .password = password.ptr};
}

/* URL with "/t/TOKEN" before its path. */
static const char *with_token(lk_str url, const char *token, struct lk_arena *arena)
{
	struct lk_url_parts parts;
	(void)lk_url_split(url, &parts);
	lk_str head = lk_str_slice(url, 0, url.len - parts.path.len);
	return lk_arena_printf(arena, LK_STR_FMT "/t/%s" LK_STR_FMT, LK_STR_ARG(head), token,
		LK_STR_ARG(parts.path));
}

static void tell(struct lk_credentials *credentials, const struct lk_report *report,
	const struct lk_credential *credential)
{
	struct lk_credential_source *source = &credentials->sources.items[credential->source];
	bool unusable =
		credential->kind == LK_CREDENTIAL_S3 || credential->kind == LK_CREDENTIAL_OAUTH;
	if (source->told || (!source->open && !unusable)) {
		return;
	}
	source->told = true;
	if (unusable) {
		lk_warn(report,
			"'%s' has %s credentials for '" LK_STR_FMT "': not supported, not used",
			source->name, credential->kind == LK_CREDENTIAL_S3 ? "S3" : "OAuth",
			LK_STR_ARG(credential->host));
	} else {
		lk_warn(report, "others may read the credentials in '%s': chmod 600 it",
			source->name);
	}
}

/* The place WHOLE, an address with the credentials that were written into it, if any. */
static void set_place(struct lk_network *network, const struct lk_report *report, lk_str whole,
	struct lk_arena *arena, struct lk_http_place *place)
{
	struct lk_url_parts parts;
	lk_str shown = lk_url_without_credentials(whole, arena);
	place->shown = shown.ptr;
	place->url = shown.ptr;
	if (!lk_url_split(whole, &parts)) {
		return;
	}
	if (parts.has_userinfo || lk_url_token_len(&parts) > 0) {
		place->url = lk_arena_printf(arena, LK_STR_FMT "://" LK_STR_FMT LK_STR_FMT,
			LK_STR_ARG(parts.scheme), LK_STR_ARG(parts.host), LK_STR_ARG(parts.path));
		if (parts.has_userinfo) {
			place->auth = auth_of_userinfo(parts.userinfo, arena);
		}
		return;
	}
	const struct lk_credential *credential =
		network ? lk_credentials_find(&network->credentials, shown) : NULL;
	if (!credential) {
		return;
	}
	tell(&network->credentials, report, credential);
	switch (credential->kind) {
	case LK_CREDENTIAL_BASIC:
		place->auth = (struct lk_http_auth){
			.user = credential->user, .password = credential->secret};
		break;
	case LK_CREDENTIAL_BEARER:
		place->auth = (struct lk_http_auth){.bearer = credential->secret};
		break;
	case LK_CREDENTIAL_TOKEN:
		place->url = with_token(shown, credential->secret, arena);
		break;
	case LK_CREDENTIAL_S3:
	case LK_CREDENTIAL_OAUTH:
		break;
	}
}

void lk_route(struct lk_network *network, const struct lk_report *report,
	const struct lk_channel *channels, size_t n_channels, lk_str url, struct lk_arena *arena,
	struct lk_http_request *request)
{
	const struct lk_mirror_rule *rule =
		network ? lk_mirrors_find(&network->mirrors, url) : NULL;
	size_t n = rule ? rule->n : 1;
	struct lk_http_place *places = lk_arena_calloc(arena, n, sizeof(*places));
	for (size_t i = 0; i < n; i++) {
		lk_str whole = url;
		if (rule) {
			struct lk_mirror *mirror = rule->mirrors[i];
			lk_str rest = lk_str_skip(url, rule->prefix.len);
			bool itself = lk_str_eq(mirror->auth_url, rule->prefix);
			whole = itself ? url
				       : lk_str_printf(arena, LK_STR_FMT LK_STR_FMT,
						 LK_STR_ARG(mirror->auth_url), LK_STR_ARG(rest));
			places[i].trouble = n > 1 ? &mirror->trouble : NULL;
		}
		whole = with_channel(channels, n_channels, whole, arena);
		set_place(network, report, whole, arena, &places[i]);
	}
	request->places = places;
	request->n_places = n;
}
