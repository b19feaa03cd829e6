/*
 * From place to place: where a request goes on after a try that failed.
 *
 *     lk_failover_init(&failover, request);                  failover.place is asked first …
 *     if (lk_failover_next(&failover, &again, err.code)) …   … and now this one, at once
 */
#ifndef LK_FETCH_FAILOVER_H
#define LK_FETCH_FAILOVER_H

#include "fetch/http.h"

struct lk_failover {
	const struct lk_http_request *request; /* borrowed */
	const struct lk_http_place *place;     /* of its places, the one that is asked */
	uint32_t tried;                        /* places that failed, a bit for each */
	uint32_t transient;                    /* those of them whose trouble may pass */
	long absent; /* status of a place that does not have it; 0: none said so */
};

void lk_failover_init(struct lk_failover *failover, const struct lk_http_request *request);

/* Is the answer with STATUS no news for the sink, because another place may have a better one? */
bool lk_failover_passes_on(struct lk_failover *failover, long status);

/* After a try that failed with CODE, for a reason that may pass if *AGAIN: true when another place
 * is to be asked now. Else *AGAIN tells whether places may be asked anew, from `place` on. */
bool lk_failover_next(struct lk_failover *failover, bool *again, enum lk_code code);

/* Is there another place to be asked, should this one fail? */
bool lk_failover_has_more(const struct lk_failover *failover);
/* Has every place so much trouble that other requests need not ask them either? */
bool lk_failover_is_hopeless(const struct lk_failover *failover);
void lk_failover_succeeded(struct lk_failover *failover);

#endif
