/*
 * The places of a request: which is asked next.
 */
#include "fetch/failover.h"

/* A place with so many failures in a row is asked last. */
#define TROUBLE_MAX 3

static uint32_t bit_of(const struct lk_failover *failover, const struct lk_http_place *place)
{
	return UINT32_C(1) << (place - failover->request->places);
}

/* The next place that is not among TRIED, one without trouble if there is one; or NULL. */
static const struct lk_http_place *choose(const struct lk_failover *failover, uint32_t tried)
{
	const struct lk_http_place *troubled = NULL;
	for (size_t i = 0; i < failover->request->n_places; i++) {
		const struct lk_http_place *place = &failover->request->places[i];
		if (tried & bit_of(failover, place)) {
			continue;
		}
		if (!place->trouble || *place->trouble < TROUBLE_MAX) {
			return place;
		}
		troubled = troubled ? troubled : place;
	}
	return troubled;
}

void lk_failover_init(struct lk_failover *failover, const struct lk_http_request *request)
{
	*failover = (struct lk_failover){.request = request};
	failover->place = choose(failover, 0);
}

bool lk_failover_has_more(const struct lk_failover *failover)
{
	return failover->transient ||
		choose(failover, failover->tried | bit_of(failover, failover->place));
}

bool lk_failover_is_hopeless(const struct lk_failover *failover)
{
	const struct lk_http_request *request = failover->request;
	size_t i = 0;
	while (i < request->n_places && request->places[i].trouble &&
		*request->places[i].trouble >= TROUBLE_MAX) {
		i++;
	}
	return i == request->n_places || request->n_places == 1;
}

bool lk_failover_passes_on(struct lk_failover *failover, long status)
{
	if (failover->request->n_places == 1 || status < 400) {
		return false;
	}
	bool absent = status == 404 || status == 410 || status == 501;
	failover->absent = absent ? status : failover->absent;
	return choose(failover, failover->tried | bit_of(failover, failover->place)) ||
		(absent && failover->transient && !failover->request->optional);
}

bool lk_failover_next(struct lk_failover *failover, bool *again, enum lk_code code)
{
	bool theirs = code == LK_E_NETWORK || code == LK_E_INTEGRITY;
	if (failover->request->n_places == 1 || !theirs) {
		return false;
	}
	uint32_t bit = bit_of(failover, failover->place);
	failover->tried |= bit;
	failover->transient |= *again ? bit : 0;
	if (failover->place->trouble && (*again || code == LK_E_INTEGRITY)) {
		++*failover->place->trouble;
	}
	const struct lk_http_place *next = choose(failover, failover->tried);
	if (next) {
		failover->place = next;
		return true;
	}
	*again = failover->transient != 0;
	failover->tried &= ~failover->transient;
	failover->transient = 0;
	next = choose(failover, failover->tried);
	failover->place = next ? next : failover->place;
	return false;
}

void lk_failover_succeeded(struct lk_failover *failover)
{
	if (failover->place->trouble) {
		*failover->place->trouble = 0;
	}
}
