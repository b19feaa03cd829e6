/*
 * The settings of the way to servers, made and freed.
 */
#include "fetch/network.h"

struct lk_network *lk_network_new(void)
{
	struct lk_network *network = lk_calloc(1, sizeof(*network));
	lk_arena_init(&network->arena);
	lk_credentials_init(&network->credentials);
	return network;
}

void lk_network_free(struct lk_network *network)
{
	if (!network) {
		return;
	}
	lk_credentials_done(&network->credentials);
	lk_proxies_done(&network->proxies);
	lk_mirrors_done(&network->mirrors);
	lk_arena_done(&network->arena);
	lk_free(network);
}

void lk_network_free_p(struct lk_network **network)
{
	lk_network_free(*network);
}
