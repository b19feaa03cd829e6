/*
 * Configuration to fetch options.
 */
#include "cli/fetching.h"

#include <time.h>

#include "cli/servers.h"

int lk_app_fetch(struct lk_app *app, struct lk_cache *cache, bool offline, struct lk_fetch **ret,
	struct lk_error *err)
{
	const struct lk_config *config;
	int rc = lk_app_config(app, &config, err);
	if (rc < 0) {
		return rc;
	}
	struct lk_fetch_options options = {
		.offline = offline || config->offline,
		.no_verify_tls = !config->ssl_verify,
		.ca_file = config->ssl_ca_file.len ? config->ssl_ca_file.ptr : NULL,
		.repodata_ttl = (int64_t)config->local_repodata_ttl,
		.now = (int64_t)time(NULL),
		.no_shards = !config->repodata_use_shards,
		.no_zst = !config->repodata_use_zst,
	};
	if (!options.offline) {
		rc = lk_app_network(app, config, &options.network, err);
	}
	return rc < 0 ? rc : lk_fetch_new(cache, &options, &app->report, ret, err);
}
