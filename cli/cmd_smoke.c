/*
 * lockenv smoke: do the libraries of the environment really run here?
 */
#include "cli/app.h"

#include "base/fs.h"
#include "smoke/smoke.h"

struct context {
	const char *prefix, *name;
	struct lk_args require;
	unsigned limit;
};

static int two_prefixes(const char *argument, const char *option, struct lk_error *err)
{
	lk_fail(err, LK_E_USAGE, "two environments: '%s' and '%s'", argument, option);
	lk_error_hint(err, "give one of them");
	return LK_E_USAGE;
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct context *c = context;
	const char *prefix = NULL;
	char *LK_AUTO_FREE absolute = NULL;
	int rc = lk_app_prefix(app, c->prefix, c->name, &prefix, err);
	if (rc == 0 && args->len > 0) {
		rc = prefix ? two_prefixes(args->items[0], prefix, err) : 0;
		prefix = args->items[0];
	}
	if (rc == 0 && prefix) {
		rc = lk_path_absolute(prefix, &absolute, err);
	}
	struct lk_smoke_options options = {
		.prefix = absolute,
		.require = c->require.items,
		.n_require = c->require.len,
		.limit_seconds = c->limit,
	};
	struct lk_smoke_result result;
	if (rc == 0) {
		rc = lk_smoke_run(&options, &result, err);
	}
	if (rc < 0) {
		return rc;
	}
	if (app->common.json) {
		struct lk_jw w;
		lk_jw_init(&w, &app->out, true);
		lk_smoke_json(&result, &w);
		lk_buf_putc(&app->out, '\n');
	} else {
		lk_smoke_text(&result, app->color_out, &app->out);
	}
	app->status = lk_smoke_exit_code(&result);
	lk_smoke_result_done(&result);
	return 0;
}

static const struct lk_opt options[] = {
	{"prefix", 'p', LK_OPT_STRING, offsetof(struct context, prefix), "PREFIX",
		"the environment to test", NULL},
	{"name", 'n', LK_OPT_STRING, offsetof(struct context, name), "NAME",
		"an environment of the envs folder", NULL},
	{"require", 0, LK_OPT_LIST, offsetof(struct context, require), "LEVEL",
		"fail when this level (or 'gpu') cannot run here; repeatable", NULL},
	{"limit", 0, LK_OPT_UINT, offsetof(struct context, limit), "SECONDS",
		"time limit of each level (default: 120)", NULL},
};

const struct lk_cmd lk_cmd_smoke = {
	.name = "smoke",
	.arguments = "[PREFIX]",
	.summary = "compute attention with the environment's own libraries",
	.description =
		"Computes scaled dot-product attention with the libraries of the environment, each "
		"level in a child process of its own, and compares with a float64 reference. A "
		"library that comes from outside the prefix fails the level. Exits with 0 when "
		"every level that could run passed, 1 when one failed, 77 when none could run.",
	.examples = {"lockenv smoke ./env", "lockenv smoke ./env --require gpu --json"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 0,
	.max_args = 1,
	.run = run,
};
