/*
 * lockenv info: this program, this host, this configuration; with --json also a node profile. Or a
 * lock, or an environment.
 */
#include "cli/app.h"

#include "base/json.h"
#include "cli/info_env.h"
#include "conda/subdir.h"

struct context {
	struct lk_env_options env;
};

/* Who told of it comes along: LD_LIBRARY_PATH may lead to another than the machine's own. */
static void put_driver(struct lk_jw *w, const struct lk_driver *driver)
{
	lk_jw_key(w, "driver");
	lk_jw_object(w);
	lk_jw_opt_string(w, "source", driver->source);
	lk_jw_opt_string(w, "cuda", driver->cuda);
	lk_jw_opt_string(w, "reason", driver->reason);
	lk_jw_key(w, "devices");
	lk_jw_array(w);
	for (size_t i = 0; i < driver->n_devices; i++) {
		lk_jw_object(w);
		lk_jw_key_string(w, "name", driver->devices[i].name);
		lk_jw_key_string(w, "compute_capability", driver->devices[i].capability);
		lk_jw_end(w);
	}
	lk_jw_end(w);
	lk_jw_end(w);
}

static void put_json(struct lk_app *app, const struct lk_virtuals *host,
	const struct lk_driver *driver, const struct lk_config *config, const char *cache)
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
	put_driver(&w, driver);
	lk_jw_key_string(&w, "cache", lk_str_of(cache));
	lk_jw_strings(&w, "channels", config->channels.items, config->channels.n);
	lk_jw_key_string(&w, "channel_alias", config->channel_alias);
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

static void tell_driver(struct lk_app *app, const struct lk_driver *driver)
{
	if (driver->source.len == 0) {
		lk_info_line(app, "GPU driver", LK_STR("none found"));
		return;
	}
	if (driver->cuda.len == 0) {
		lk_info_line(app, "GPU driver",
			lk_str_printf(&app->arena,
				"none that works: " LK_STR_FMT ", says " LK_STR_FMT,
				LK_STR_ARG(driver->reason), LK_STR_ARG(driver->source)));
		return;
	}
	lk_info_line(app, "GPU driver",
		lk_str_printf(&app->arena, "CUDA " LK_STR_FMT ", says " LK_STR_FMT,
			LK_STR_ARG(driver->cuda), LK_STR_ARG(driver->source)));
	for (size_t i = 0; i < driver->n_devices; i++) {
		lk_info_line(app, i ? "" : "GPUs",
			lk_str_printf(&app->arena, LK_STR_FMT ", compute capability " LK_STR_FMT,
				LK_STR_ARG(driver->devices[i].name),
				LK_STR_ARG(driver->devices[i].capability)));
	}
}

static void put_text(struct lk_app *app, const struct lk_virtuals *host,
	const struct lk_driver *driver, const struct lk_config *config, const char *cache)
{
	lk_info_line(app, "lockenv", LK_STR(LOCKENV_VERSION));
	lk_info_line(app, "platform", lk_str_of(lk_subdir_native()));
	for (size_t i = 0; i < host->len; i++) {
		const struct lk_virtual *v = &host->items[i];
		lk_info_line(app, i ? "" : "virtual packages",
			lk_str_printf(&app->arena, LK_STR_FMT "=" LK_STR_FMT "=" LK_STR_FMT,
				LK_STR_ARG(v->name), LK_STR_ARG(v->version), LK_STR_ARG(v->build)));
	}
	tell_driver(app, driver);
	for (size_t i = 0; i < config->channels.n; i++) {
		lk_info_line(app, i ? "" : "channels", config->channels.items[i]);
	}
	lk_info_line(app, "channel alias", config->channel_alias);
	lk_info_line(app, "cache", lk_str_of(cache));
}

static int tell_host(struct lk_app *app, struct lk_error *err)
{
	struct lk_virtuals host = {0};
	const struct lk_config *config;
	const struct lk_driver *driver;
	const char *cache;
	int rc = lk_app_config(app, &config, err);
	if (rc == 0) {
		rc = lk_app_cache_path(app, &cache, err);
	}
	if (rc == 0) {
		rc = lk_app_host(app, NULL, true, &host, NULL, err);
	}
	if (rc == 0) {
		rc = lk_app_driver(app, &driver, err);
	}
	if (rc == 0) {
		(app->common.json ? put_json : put_text)(app, &host, driver, config, cache);
	}
	lk_vec_done(&host);
	return rc;
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct context *c = context;
	if (args->len == 0 && !c->env.prefix && !c->env.name) {
		return tell_host(app, err);
	}
	const char *what;
	const char *name;
	bool is_prefix;
	int rc = lk_env_args(app, &c->env, args, false, &what, &is_prefix, &name, err);
	if (rc == 0 && name) {
		lk_fail(err, LK_E_USAGE, "there is no lock or environment '%s'", name);
		lk_error_hint(err, "give the path of one, or -n NAME");
		return LK_E_USAGE;
	}
	return rc < 0 ? rc : lk_info_env(app, what, is_prefix, err);
}

static const struct lk_opt options[] = {
	{"prefix", 'p', LK_OPT_STRING, offsetof(struct context, env.prefix), "PREFIX",
		"sum up this environment", NULL},
	{"name", 'n', LK_OPT_STRING, offsetof(struct context, env.name), "NAME",
		"sum up this environment of the envs folder", NULL},
};

const struct lk_cmd lk_cmd_info = {
	.name = "info",
	.arguments = "[LOCK|PREFIX]",
	.summary = "this program, this host, this configuration; a lock, an environment",
	.description =
		"Prints the version, the platform, the virtual packages that this host offers "
		"(CONDA_OVERRIDE_* applied), channels and cache. The JSON form is a node profile "
		"for --host of solve, install and check. Of a lock it tells digest, channels and, "
		"for each platform, specs, packages, size, and what the machine must offer; of an "
		"environment which lock it was installed from, and whether packages were changed "
		"since by other means.",
	.examples = {"lockenv info --json > node.json", "lockenv info env.lock"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 0,
	.max_args = 1,
	.run = run,
};
