/*
 * Lines of requests, one for each server.
 */
#include "fetch/turns.h"

/* Host and port as URL has them. By them alone a server is known: one that answers two schemes is
 * the same machine. */
lk_str lk_turns_host(lk_str url)
{
	size_t scheme = lk_str_find(url, LK_STR("://"));
	lk_str rest = scheme == SIZE_MAX ? url : lk_str_skip(url, scheme + 3);
	size_t end = 0;
	while (end < rest.len && !strchr("/?#", rest.ptr[end])) {
		end++;
	}
	lk_str host = lk_str_slice(rest, 0, end);
	size_t at = lk_str_rfind_char(host, '@');
	return at == SIZE_MAX ? host : lk_str_skip(host, at + 1);
}

static uint32_t server_of(struct lk_turns *turns, struct lk_map *known, lk_str host)
{
	uint32_t next = (uint32_t)turns->servers.len;
	uint32_t server = lk_map_add(known, host, next);
	if (server == next) {
		lk_vec_push(&turns->servers,
			((struct lk_turns_server){LK_TURNS_NONE, LK_TURNS_NONE, 0, 0}));
	}
	return server;
}

void lk_turns_init(struct lk_turns *turns, const struct lk_http_request *requests, size_t n)
{
	struct lk_map LK_CLEANUP(lk_map_done) known = {0};
	*turns = (struct lk_turns){.requests = requests};
	turns->places = lk_calloc(n, sizeof(*turns->places));
	for (size_t i = 0; i < n; i++) {
		lk_str host = lk_turns_host(lk_str_of(requests[i].places[0].url));
		uint32_t at = server_of(turns, &known, host);
		struct lk_turns_server *server = &turns->servers.items[at];
		turns->places[i] = (struct lk_turns_place){at, LK_TURNS_NONE};
		if (server->first == LK_TURNS_NONE) {
			server->first = i;
		} else {
			turns->places[server->last].behind = i;
		}
		server->last = i;
	}
}

void lk_turns_done(struct lk_turns *turns)
{
	lk_vec_done(&turns->servers);
	lk_free(turns->places);
	turns->places = NULL;
}

size_t lk_turns_next(struct lk_turns *turns, bool small, size_t before, int64_t now_ms)
{
	struct lk_turns_server *best = NULL;
	for (size_t i = 0; i < turns->servers.len; i++) {
		struct lk_turns_server *server = &turns->servers.items[i];
		size_t first = server->first;
		if (first >= before || (small && !turns->requests[first].small) ||
			server->quiet_until_ms > now_ms) {
			continue;
		}
		if (!best || server->active < best->active ||
			(server->active == best->active && first < best->first)) {
			best = server;
		}
	}
	if (!best) {
		return LK_TURNS_NONE;
	}
	size_t index = best->first;
	best->first = turns->places[index].behind;
	best->active++;
	return index;
}

bool lk_turns_any(const struct lk_turns *turns, size_t before)
{
	size_t i = 0;
	while (i < turns->servers.len && turns->servers.items[i].first >= before) {
		i++;
	}
	return i < turns->servers.len;
}

void lk_turns_done_with(struct lk_turns *turns, size_t index)
{
	turns->servers.items[turns->places[index].server].active--;
}

void lk_turns_quiet(struct lk_turns *turns, size_t index, int64_t until_ms)
{
	struct lk_turns_server *server = &turns->servers.items[turns->places[index].server];
	if (until_ms > server->quiet_until_ms) {
		server->quiet_until_ms = until_ms;
	}
}

int64_t lk_turns_quiet_until(const struct lk_turns *turns, size_t index)
{
	return turns->servers.items[turns->places[index].server].quiet_until_ms;
}

void lk_turns_close(struct lk_turns *turns, size_t index)
{
	turns->servers.items[turns->places[index].server].first = LK_TURNS_NONE;
}
