/*
 * Configuration to fetch options.
 */
#include "cli/fetching.h"

#include <stdlib.h>
#include <time.h>

#include "cli/channels.h"
#include "cli/servers.h"

#define RETRIES_MAX 100
#define THREADS_MAX 64

/* VALUE, at most MAX; 0, which stands for the default, when no file says. */
static unsigned limited(uint64_t value, uint64_t max)
{
	value = value == LK_CONFIG_UNSET ? 0 : value;
	return (unsigned)(value < max ? value : max);
}

/* Whole seconds, at least one. */
static unsigned seconds(uint64_t ms)
{
	return ms == LK_CONFIG_UNSET ? 0 : (unsigned)((ms + 999) / 1000);
}

/* How many transfers, and how patient: --jobs, .condarc, LOCKENV_MIN_RATE. */
static int set_limits(const struct lk_app *app, const struct lk_config *config,
	struct lk_fetch_options *options, struct lk_error *err)
{
	const char *text = getenv("LOCKENV_MIN_RATE");
	uint64_t rate = 0;
	if (text && *text && (!lk_str_to_u64(lk_str_of(text), &rate) || rate == 0)) {
		lk_fail(err, LK_E_USAGE, "LOCKENV_MIN_RATE is '%s'", text);
		lk_error_hint(err, "give bytes a second, 1 or more");
		return LK_E_USAGE;
	}
	options->min_rate = limited(rate, INT32_MAX);
	options->jobs =
		limited(app->common.jobs ? app->common.jobs : config->fetch_threads, THREADS_MAX);
	options->retries = limited(config->remote_max_retries, RETRIES_MAX);
	options->no_retries = config->remote_max_retries == 0;
	options->backoff_ms = limited(config->remote_backoff_ms, INT32_MAX);
	options->connect_timeout_s = seconds(config->remote_connect_timeout_ms);
	options->stall_timeout_s = seconds(config->remote_read_timeout_ms);
	return 0;
}

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
		.repodata_ttl = (int64_t)config->local_repodata_ttl,
		.now = (int64_t)time(NULL),
		.no_shards = !config->repodata_use_shards,
		.no_zst = !config->repodata_use_zst,
	};
	rc = set_limits(app, config, &options, err);
	if (rc == 0 && !options.offline) {
		rc = lk_app_tls(app, config, &options.tls, err);
		rc = rc < 0 ? rc : lk_app_network(app, config, &options.network, err);
	}
	if (rc == 0) {
		*ret = lk_fetch_new(cache, &options, &app->report);
	}
	return rc;
}

int lk_app_fetch_locked(struct lk_app *app, struct lk_fetch *fetch, const struct lk_lock *lock,
	const struct lk_records *records, struct lk_fetch_stats *ret, struct lk_error *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < lock->n_channels; i++) {
		rc = lk_app_check_channel(app, &lock->channels[i], err);
	}
	return rc < 0 ? rc
		      : lk_fetch_packages(fetch, lock->channels, lock->n_channels, records->items,
				records->len, ret, err);
}
