/*
 * From an address that a lock or a channel names to what is asked for, and as whom.
 */
#ifndef LK_FETCH_ROUTE_H
#define LK_FETCH_ROUTE_H

#include "conda/channel.h"
#include "fetch/credentials.h"
#include "fetch/http.h"

/* Fills the address and the credentials of REQUEST for URL: those written into the address of the
 * first of CHANNELS that URL lies under, else what CREDENTIALS (may be NULL) have for it. Strings
 * are owned by ARENA, CREDENTIALS or the caller of old. What is worth a warning about the
 * credentials used is told to REPORT once a run. */
void lk_route(struct lk_credentials *credentials, const struct lk_report *report,
	const struct lk_channel *channels, size_t n_channels, lk_str url, struct lk_arena *arena,
	struct lk_http_request *request);

#endif
