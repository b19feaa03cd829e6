/*
 * lockenv rollback: the environment as it was before the last install that kept it.
 */
#include "cli/app.h"

#include <string.h>

#include "base/fs.h"
#include "cli/registry.h"
#include "install/rollback.h"

struct context {
	const char *prefix, *name;
	unsigned wait;
	bool override_frozen;
};

static void put_side(struct lk_jw *w, const char *key, const struct lk_rollback_side *side)
{
	lk_jw_key(w, key);
	if (!side->is_there) {
		lk_jw_null(w);
		return;
	}
	lk_jw_object(w);
	lk_jw_opt_string(w, "lock_sha256", lk_str_of(side->lock[0] ? side->lock : NULL));
	lk_jw_key_uint(w, "packages", side->packages);
	lk_jw_end(w);
}

static const char *tell_side(struct lk_app *app, const struct lk_rollback_side *side)
{
	if (!side->is_there) {
		return "nothing";
	}
	return lk_arena_printf(&app->arena, "%s%s (%zu package%s)",
		side->lock[0] ? "lock sha256:" : "an environment of another tool", side->lock,
		side->packages, side->packages == 1 ? "" : "s");
}

static void tell(struct lk_app *app, const char *prefix, const struct lk_rollback_result *result)
{
	if (app->common.json) {
		struct lk_jw w;
		lk_jw_init(&w, &app->out, true);
		lk_jw_object(&w);
		lk_jw_key_string(&w, "prefix", lk_str_of(prefix));
		put_side(&w, "from", &result->from);
		put_side(&w, "to", &result->to);
		lk_jw_end(&w);
		lk_buf_putc(&app->out, '\n');
		return;
	}
	lk_note(&app->report, 0, "%s: from %s to %s", prefix, tell_side(app, &result->from),
		tell_side(app, &result->to));
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct context *c = context;
	char *LK_AUTO_FREE absolute = NULL;
	struct lk_rollback_result result;
	const char *prefix = NULL;
	int given = (args->len > 0) + (c->prefix != NULL) + (c->name != NULL);
	if (given != 1) {
		lk_fail(err, LK_E_USAGE, "%s environment given",
			given == 0 ? "no" : "more than one");
		lk_error_hint(err, "give PREFIX, -p PREFIX or -n NAME");
		return err->code;
	}
	int rc = lk_app_prefix(
		app, args->len > 0 ? args->items[0] : c->prefix, c->name, &prefix, err);
	if (rc == 0) {
		rc = lk_path_absolute(prefix, &absolute, err);
	}
	if (rc == 0) {
		rc = lk_rollback(absolute, c->wait, c->override_frozen, &app->report, &result, err);
	}
	if (rc == 0) {
		tell(app, absolute, &result);
		lk_app_register(app, absolute, true);
	}
	return rc;
}

#define FIELD(name) offsetof(struct context, name)

static const struct lk_opt options[] = {
	{"prefix", 'p', LK_OPT_STRING, FIELD(prefix), "PREFIX", "the environment", NULL},
	{"name", 'n', LK_OPT_STRING, FIELD(name), "NAME", "an environment of the envs folder",
		NULL},
	{"wait", 0, LK_OPT_UINT, FIELD(wait), "SECONDS",
		"how long to wait for an install into the prefix (default: not at all)", NULL},
	{"override-frozen", 0, LK_OPT_FLAG, FIELD(override_frozen), NULL,
		"change an environment that conda-meta/frozen marks as not to be changed", NULL},
};

const struct lk_cmd lk_cmd_rollback = {
	.name = "rollback",
	.arguments = "PREFIX",
	.summary = "go back to the environment that install --keep-previous kept",
	.description =
		"Exchanges the prefix with the tree that was there before the last install with "
		"--keep-previous, by one rename (name by name after an install --in-place); a "
		"second rollback goes forward again. Files that no package brought are those of "
		"the environment that goes: they come along. Works also where the prefix itself "
		"was removed meanwhile. Nothing is downloaded or linked anew.",
	.examples = {"lockenv rollback /opt/env", "lockenv rollback -n tools --wait 60"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 0,
	.max_args = 1,
	.run = run,
};
