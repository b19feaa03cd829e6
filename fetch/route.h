/*
 * From an address that a lock or a channel names to what is asked for, and as whom.
 */
#ifndef LK_FETCH_ROUTE_H
#define LK_FETCH_ROUTE_H

#include "conda/channel.h"
#include "fetch/http.h"
#include "fetch/network.h"

/* Fills the places of REQUEST for URL, which has no credentials: its mirrors', or its own. To each
 * place go the credentials written into its address, a mirror's or the first of CHANNELS that it
 * lies under, else what NETWORK (may be NULL) has for it. Strings are owned by ARENA, NETWORK or
 * the caller of old. What is worth a warning about the credentials used is told to REPORT once a
 * run. */
void lk_route(struct lk_network *network, const struct lk_report *report,
	const struct lk_channel *channels, size_t n_channels, lk_str url, struct lk_arena *arena,
	struct lk_http_request *request);

#endif
