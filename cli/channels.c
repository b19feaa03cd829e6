/*
 * From references to channels.
 */
#include "cli/channels.h"

static bool is_known(const struct lk_channels *channels, lk_str url)
{
	for (size_t i = 0; i < channels->len; i++) {
		if (lk_str_eq(channels->items[i].url, url)) {
			return true;
		}
	}
	return false;
}

/* Does LIST, of references, name CHANNEL? */
static int names(const struct lk_config *config, const struct lk_str_list *list,
	const struct lk_channel *channel, bool *ret, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_strs references = {0};
	int rc = 0;
	*ret = false;
	for (size_t i = 0; i < list->n; i++) {
		lk_config_expand_channel(config, list->items[i], &arena, &references);
	}
	for (size_t i = 0; rc == 0 && i < references.len; i++) {
		struct lk_channel other;
		rc = lk_channel_resolve(
			references.items[i], config->channel_alias, &arena, &other, err);
		*ret = *ret || (rc == 0 && lk_str_eq(other.url, channel->url));
	}
	lk_vec_done(&references);
	return rc;
}

int lk_app_check_channel(struct lk_app *app, const struct lk_channel *channel, struct lk_error *err)
{
	const struct lk_config *config;
	bool allowed = true;
	bool denied = false;
	int rc = lk_app_config(app, &config, err);
	if (rc == 0 && config->allowlist_channels.n > 0) {
		rc = names(config, &config->allowlist_channels, channel, &allowed, err);
	}
	if (rc == 0) {
		rc = names(config, &config->denylist_channels, channel, &denied, err);
	}
	if (rc == 0 && (denied || !allowed)) {
		rc = lk_fail(err, LK_E_USAGE,
			"channel '" LK_STR_FMT "' may not be used: %s of .condarc",
			LK_STR_ARG(channel->url),
			denied ? "denylist_channels" : "allowlist_channels");
		lk_error_hint(err, "use another channel, or ask who keeps .condarc");
	}
	return rc;
}

int lk_app_add_channel(struct lk_app *app, lk_str reference, struct lk_arena *arena,
	struct lk_channels *channels, struct lk_error *err)
{
	const struct lk_config *config;
	struct lk_strs expanded = {0};
	int rc = lk_app_config(app, &config, err);
	if (rc < 0) {
		return rc;
	}
	lk_config_expand_channel(config, reference, arena, &expanded);
	for (size_t i = 0; rc == 0 && i < expanded.len; i++) {
		struct lk_channel channel;
		lk_str full = lk_str_of(lk_app_expand_home(app, expanded.items[i]));
		rc = lk_channel_resolve(full, config->channel_alias, arena, &channel, err);
		rc = rc < 0 ? rc : lk_app_check_channel(app, &channel, err);
		if (rc == 0 && !is_known(channels, channel.url)) {
			lk_vec_push(channels, channel);
		}
	}
	lk_vec_done(&expanded);
	return rc;
}

int lk_app_no_channel(struct lk_error *err)
{
	lk_fail(err, LK_E_USAGE, "--override-channels without any --channel");
	lk_error_hint(err, "give at least one: -c conda-forge");
	return LK_E_USAGE;
}

int lk_app_channels(struct lk_app *app, const struct lk_args *given, bool override,
	struct lk_arena *arena, struct lk_channels *channels, struct lk_error *err)
{
	const struct lk_config *config;
	int rc = lk_app_config(app, &config, err);
	for (size_t i = 0; rc == 0 && i < given->len; i++) {
		rc = lk_app_add_channel(app, lk_str_of(given->items[i]), arena, channels, err);
	}
	if (rc < 0) {
		return rc;
	}
	if (override) {
		return channels->len > 0 ? 0 : lk_app_no_channel(err);
	}
	for (size_t i = 0; rc == 0 && i < config->channels.n; i++) {
		rc = lk_app_add_channel(app, config->channels.items[i], arena, channels, err);
	}
	if (rc == 0 && channels->len == 0) {
		rc = lk_app_add_channel(app, LK_STR("conda-forge"), arena, channels, err);
	}
	return rc;
}
