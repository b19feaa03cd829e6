/*
 * lockenv info: this program, this host, this configuration. With --json also a node profile.
 */
#include "cli/app.h"

#include "base/json.h"
#include "conda/subdir.h"

struct context {
	bool unused;
};

static void put_json(struct lk_app *app, const struct lk_virtuals *host,
	const struct lk_config *config, const char *cache)
{
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_object(&w);
	lk_jw_key_string(&w, "lockenv_version", LK_STR(LOCKENV_VERSION));
	lk_jw_key_string(&w, "platform", lk_str_of(lk_subdir_native()));
	lk_jw_key(&w, "virtual_packages");
	lk_jw_array(&w);
	for (size_t i = 0; i < host->len; i++) {
		lk_jw_object(&w);
		lk_jw_key_string(&w, "name", host->items[i].name);
		lk_jw_key_string(&w, "version", host->items[i].version);
		lk_jw_key_string(&w, "build", host->items[i].build);
		lk_jw_end(&w);
	}
	lk_jw_end(&w);
	lk_jw_key_string(&w, "cache", lk_str_of(cache));
	lk_jw_strings(&w, "channels", config->channels.items, config->channels.n);
	lk_jw_key_string(&w, "channel_alias", config->channel_alias);
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

static void put_line(struct lk_app *app, const char *label, lk_str value)
{
	lk_buf_appendf(&app->out, "%18s: ", label);
	lk_app_text(app, value, 0);
	lk_buf_putc(&app->out, '\n');
}

static void put_text(struct lk_app *app, const struct lk_virtuals *host,
	const struct lk_config *config, const char *cache)
{
	put_line(app, "lockenv", LK_STR(LOCKENV_VERSION));
	put_line(app, "platform", lk_str_of(lk_subdir_native()));
	for (size_t i = 0; i < host->len; i++) {
		const struct lk_virtual *v = &host->items[i];
		put_line(app, i ? "" : "virtual packages",
			lk_str_printf(&app->arena, LK_STR_FMT "=" LK_STR_FMT "=" LK_STR_FMT,
				LK_STR_ARG(v->name), LK_STR_ARG(v->version), LK_STR_ARG(v->build)));
	}
	if (!lk_virtuals_find(host, LK_STR("__cuda"))) {
		put_line(app, "GPU driver", LK_STR("none found"));
	}
	for (size_t i = 0; i < config->channels.n; i++) {
		put_line(app, i ? "" : "channels", config->channels.items[i]);
	}
	put_line(app, "channel alias", config->channel_alias);
	put_line(app, "cache", lk_str_of(cache));
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	(void)context;
	(void)args;
	struct lk_virtuals host = {0};
	const struct lk_config *config;
	const char *cache;
	int rc = lk_app_config(app, &config, err);
	if (rc == 0) {
		rc = lk_app_cache_path(app, &cache, err);
	}
	if (rc == 0) {
		rc = lk_app_host(app, NULL, &host, NULL, err);
	}
	if (rc == 0) {
		(app->common.json ? put_json : put_text)(app, &host, config, cache);
	}
	lk_vec_done(&host);
	return rc;
}

const struct lk_cmd lk_cmd_info = {
	.name = "info",
	.arguments = "",
	.summary = "this program, this host, this configuration",
	.description =
		"Prints the version, the platform, the virtual packages that this host offers "
		"(CONDA_OVERRIDE_* applied), channels and cache. The JSON form is a node profile "
		"for --host of solve, install and check.",
	.examples = {"lockenv info", "lockenv info --json > node.json"},
	.options = NULL,
	.n_options = 0,
	.context_size = sizeof(struct context),
	.min_args = 0,
	.max_args = 0,
	.run = run,
};
