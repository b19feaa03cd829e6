/*
 * Any lines as proxies, mirrors and addresses: no credentials in what is shown, none where they do
 * not belong, and one host for every reader of an address.
 */
#include <stdint.h>
#include <stdlib.h>

#include "fetch/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECRET "s3cret"

static void check_places(const struct lk_http_request *request)
{
	for (size_t i = 0; i < request->n_places; i++) {
		const struct lk_http_place *place = &request->places[i];
		struct lk_url_parts shown;
		struct lk_url_parts sent;
		if (!lk_url_split(lk_str_of(place->shown), &shown)) {
			continue;
		}
		struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
		lk_str host;
		lk_str port;
		lk_url_host(&shown, &arena, &host, &port);
		if (!lk_url_split(lk_str_of(place->url), &sent) || sent.has_userinfo ||
			shown.has_userinfo || lk_url_token_len(&shown) > 0 ||
			!lk_str_eq(shown.host, sent.host) ||
			(place->auth.bearer && !lk_str_is(host, "ours.example"))) {
			abort();
		}
	}
}

static void use_line(struct lk_network *network, lk_str line, struct lk_error *err)
{
	struct lk_arena *arena = &network->arena;
	struct lk_http_request request = {0};
	struct lk_channel channel = {.url = LK_STR("https://h.example/c"),
		.auth_url = LK_STR("https://me:pw@h.example/t/tk-1/c")};
	char kind = line.len > 0 ? line.ptr[0] : ' ';
	line = lk_str_skip(line, 1);
	int rc = 0;
	if (kind == 'p') {
		rc = lk_proxies_add(&network->proxies, 0, LK_STR("https"), line, "it", arena, err);
	} else if (kind == 'm') {
		lk_str url;
		lk_str prefix = line;
		(void)lk_str_split(&prefix, ' ', &url);
		rc = lk_mirrors_add(&network->mirrors, prefix, &url, 1, arena, err);
	} else {
		(void)lk_proxies_find(&network->proxies, line);
		lk_str bare = lk_url_without_credentials(line, arena);
		lk_route(network, NULL, &channel, 1, bare, arena, &request);
		check_places(&request);
	}
	if (rc < 0 && !*err->message) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_network *network = lk_network_new();
	lk_credentials_begin(&network->credentials, "it", false);
	if (lk_credentials_add_rattler(&network->credentials,
		    LK_STR("{\"ours.example\": {\"BearerToken\": \"" SECRET "\"}}"), &err) < 0) {
		abort();
	}
	lk_str rest = lk_str_n((const char *)data, size);
	lk_str line;
	while (size > 0 && lk_str_split(&rest, '\n', &line)) {
		use_line(network, line, &err);
	}
	lk_network_free(network);
	return 0;
}
