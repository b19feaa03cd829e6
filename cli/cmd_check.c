/*
 * lockenv check: is the lock consistent, and does the host meet it? Writes nothing.
 */
#include "cli/app.h"

#include "base/json.h"
#include "cli/lock_arg.h"
#include "conda/subdir.h"

struct context {
	const char *platform;
	const char *host;
};

static int check_platform(struct lk_app *app, const struct context *c,
	const struct lk_lock_platform *platform, struct lk_error *err)
{
	int rc = lk_lock_check_consistent(platform, &app->report, err);
	bool native = lk_str_is(platform->subdir, lk_subdir_native());
	if (rc < 0 || !(native || c->host)) {
		return rc;
	}
	struct lk_virtuals host = {0};
	rc = lk_app_host(app, c->host, &host, NULL, err);
	if (rc == 0) {
		rc = lk_lock_check_host(platform, &host, err);
	}
	lk_vec_done(&host);
	return rc;
}

static void put_json(struct lk_app *app, const struct lk_lock_arg *arg)
{
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_object(&w);
	lk_jw_key_string(&w, "lock", lk_str_of(arg->path));
	lk_jw_key(&w, "consistent");
	lk_jw_bool(&w, true);
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct context *c = context;
	struct lk_lock_arg LK_CLEANUP(lk_lock_arg_done) arg = {0};
	int rc = lk_lock_arg_read(app, args->items[0], &arg, err);
	if (rc == 0 && (c->platform || c->host)) {
		const struct lk_lock_platform *platform;
		rc = lk_lock_arg_platform(&arg, c->platform, true, &platform, err);
		if (rc == 0) {
			rc = check_platform(app, c, platform, err);
		}
	} else {
		for (size_t i = 0; rc == 0 && i < arg.lock.n_platforms; i++) {
			rc = check_platform(app, c, &arg.lock.platforms[i], err);
		}
	}
	if (rc == 0 && app->common.json) {
		put_json(app, &arg);
	} else if (rc == 0) {
		lk_note(&app->report, 0, "%s is consistent", arg.path);
	}
	return rc;
}

static const struct lk_opt options[] = {
	{"platform", 0, LK_OPT_STRING, offsetof(struct context, platform), "P",
		"check this platform only (default: all)", NULL},
	{"host", 0, LK_OPT_STRING, offsetof(struct context, host), "FILE",
		"check against this node profile (info --json) instead of this machine", NULL},
};

const struct lk_cmd lk_cmd_check = {
	.name = "check",
	.arguments = "LOCK",
	.summary = "is the lock consistent, and does this host meet it?",
	.description =
		"Reads the lock, recomputes what it requires, checks that every dependency and "
		"constraint holds among its packages and that the specs are answered, and holds "
		"this "
		"host (or a node profile) against the requirements of its platform.",
	.examples = {"lockenv check env.lock", "lockenv check env.lock --host node.json"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
