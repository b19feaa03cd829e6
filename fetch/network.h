/*
 * What a user's surroundings say of the way to servers: one value, filled by cli/, owned by the
 * handle of fetch/ from then on.
 */
#ifndef LK_FETCH_NETWORK_H
#define LK_FETCH_NETWORK_H

#include "fetch/credentials.h"
#include "fetch/mirror.h"
#include "fetch/proxy.h"

struct lk_network {
	struct lk_arena arena; /* for what the members borrow */
	struct lk_credentials credentials;
	struct lk_proxies proxies;
	struct lk_mirrors mirrors;
};

struct lk_network *lk_network_new(void) LK_MUST_USE;
void lk_network_free(struct lk_network *network);
void lk_network_free_p(struct lk_network **network);

#endif
