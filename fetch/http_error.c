/*
 * What a transfer that failed means, and what to do about it, in words.
 */
#include "fetch/http_error_priv.h"

#include <errno.h>
#include <stdio.h>

#include "fetch/way_priv.h"

#define TOO_SLOW "Operation too slow" /* how curl begins to say so */

bool lk_http_is_page(const struct lk_http_response *response)
{
	lk_str page = LK_STR("text/html");
	return lk_str_eq_nocase(lk_str_slice(lk_str_of(response->content_type), 0, page.len), page);
}

int lk_http_fail_status(const char *shown, long status, struct lk_error *err)
{
	switch (status) {
	case 401:
	case 403:
		lk_fail(err, LK_E_NETWORK, "access denied (HTTP %ld)", status);
		lk_error_hint(err, "give credentials for the host: docs/network.md has the ways");
		break;
	case 407:
		lk_fail(err, LK_E_NETWORK, "the proxy wants a user and password (HTTP 407)");
		lk_error_hint(err,
			"write them into the proxy's URL, in proxy_servers of .condarc or in "
			"http_proxy");
		break;
	case 404:
	case 410:
		lk_fail(err, LK_E_NETWORK, "the server does not have it (HTTP %ld)", status);
		lk_error_hint(err,
			"check the channel's name or URL; the file may have been removed there");
		break;
	case 429:
		lk_fail(err, LK_E_NETWORK, "the server limits requests (HTTP 429)");
		lk_error_hint(
			err, "wait a while and run the command again, perhaps with fewer --jobs");
		break;
	default:
		lk_fail(err, LK_E_NETWORK, "the server answers HTTP %ld", status);
		lk_error_hint(err,
			status >= 500 ? "the server is in trouble; try again later"
				      : "check the channel's URL");
		break;
	}
	lk_error_file(err, shown);
	return err->code;
}

static const char *hint_for(const struct lk_http_failure *failure)
{
	bool web = lk_str_starts(lk_str_of(failure->url), LK_STR("http"));
	switch (failure->code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
		return "check the channel's URL and the network, and http_proxy and https_proxy "
		       "where there must be a proxy";
	case CURLE_COULDNT_RESOLVE_PROXY:
		return "check proxy_servers in .condarc and the variables http_proxy and "
		       "https_proxy";
	case CURLE_TOO_MANY_REDIRECTS:
	case CURLE_WEIRD_SERVER_REPLY:
		return "the server is in trouble, or something on the way answers in its place";
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
		return web ? "the server is in trouble, or something on the way answers in its "
			     "place"
			   : "use an http, https or file URL";
	default:
		return "try again later";
	}
}

/* Why a try failed, where there are better words than curl's, or NULL. */
static const char *own_reason(const struct lk_http_failure *failure)
{
	bool https = lk_str_starts(lk_str_of(failure->url), LK_STR("https:"));
	if (failure->code == CURLE_WRITE_ERROR) {
		return failure->head_bytes > LK_HTTP_HEADERS_MAX
			? "the server sends headers without end"
			: "the server sends a part that was not asked for";
	}
	if (failure->code == CURLE_PARTIAL_FILE && !failure->head_whole) {
		return "the answer ends before its body";
	}
	if (failure->code == CURLE_OUT_OF_MEMORY && !failure->head_whole) {
		return "the server sends a header that is too long";
	}
	if (failure->code == CURLE_UNSUPPORTED_PROTOCOL && failure->status / 100 == 3) {
		return https ? "the server leads away from https, which is not followed"
			     : "the server leads to an address that is not of the web, which is "
			       "not followed";
	}
	return NULL;
}

/* curl starts its sentences with a capital; names such as SSL and OpenSSL stay. */
static bool starts_sentence(const char *text)
{
	size_t i = 1;
	while (lk_is_alpha(text[i]) && text[i] == lk_lower(text[i])) {
		i++;
	}
	return lk_is_alpha(text[0]) && (text[i] == ' ' || text[i] == ',');
}

int lk_http_fail_try(const struct lk_http_failure *failure, struct lk_error *err)
{
	const struct lk_http_settings *settings = failure->settings;
	if (failure->socket_errno == EMFILE || failure->socket_errno == ENFILE) {
		lk_fail_errno(err, LK_E_FS, failure->socket_errno, "cannot download");
		lk_error_hint(err, "let more files be open at once: ulimit -n");
		lk_error_file(err, failure->shown);
		return err->code;
	}
	const char *reason = own_reason(failure);
	char slow[128];
	if (!reason) {
		reason = failure->reason[0] != '\0' ? failure->reason
						    : failure->curl->easy_strerror(failure->code);
	}
	if (failure->code == CURLE_OPERATION_TIMEDOUT &&
		strncmp(reason, TOO_SLOW, strlen(TOO_SLOW)) == 0) {
		(void)snprintf(slow, sizeof(slow), "less than %u bytes a second for %u s",
			settings->min_rate, settings->stall_timeout_s);
		reason = slow;
	}
	lk_str rest = lk_str_trim(lk_str_of(reason + 1));
	lk_fail(err, LK_E_NETWORK, "cannot download: %c" LK_STR_FMT,
		starts_sentence(reason) ? lk_lower(reason[0]) : reason[0], LK_STR_ARG(rest));
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const char *hint = lk_way_hint(settings, failure->url, failure->code, reason, &arena);
	lk_error_hint(err, "%s", hint ? hint : hint_for(failure));
	lk_error_file(err, failure->shown);
	return err->code;
}
