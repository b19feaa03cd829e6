/*
 * lockenv remove: names out of environment.yml, and the lock that follows; or all out of a prefix.
 */
#include "cli/app.h"

#include <limits.h>
#include <unistd.h>

#include "base/fs.h"
#include "cli/install_tell.h"
#include "cli/registry.h"
#include "cli/solve_options.h"
#include "cli/solve_run.h"
#include "install/remove_all.h"

struct context {
	struct lk_solve_options solve; /* first: its rows count from here */
	const char *prefix, *name;
	bool all, in_place, override_frozen;
	struct lk_opt_names run_link_scripts;
	unsigned wait;
};

static void tell_removed(struct lk_app *app, const struct context *c, const char *prefix,
	const struct lk_remove_all_result *result)
{
	bool dry_run = c->solve.dry_run;
	if (app->common.json) {
		struct lk_jw w;
		lk_jw_init(&w, &app->out, true);
		lk_jw_object(&w);
		lk_jw_key_string(&w, "prefix", lk_str_of(prefix));
		lk_jw_key(&w, "dry_run");
		lk_jw_bool(&w, dry_run);
		lk_jw_key(&w, "removed");
		lk_jw_array(&w);
		for (size_t i = 0; i < result->packages.len; i++) {
			lk_jw_string(&w, result->packages.items[i]);
		}
		lk_jw_end(&w);
		lk_install_tell_scripts(&w, result->scripts, result->skipped_scripts);
		lk_jw_key(&w, "directory_stays");
		if (dry_run) {
			lk_jw_null(&w);
		} else {
			lk_jw_bool(&w, result->stays);
		}
		lk_jw_end(&w);
		lk_buf_putc(&app->out, '\n');
		return;
	}
	for (size_t i = 0; dry_run && i < result->packages.len; i++) {
		lk_app_text(app, result->packages.items[i], 0);
		lk_buf_putc(&app->out, '\n');
	}
	lk_note(&app->report, 0, "%s %s: %zu package%s%s", dry_run ? "would remove" : "removed",
		prefix, result->packages.len, result->packages.len == 1 ? "" : "s",
		dry_run                  ? ""
			: !result->stays ? ""
			: c->in_place    ? "; the directory stays"
					 : "; what no package brought stays");
}

static int remove_all(struct lk_app *app, const struct context *c, struct lk_error *err)
{
	const struct lk_remove_all_options options = {
		.dry_run = c->solve.dry_run,
		.in_place = c->in_place,
		.override_frozen = c->override_frozen,
		.run_link_scripts = c->run_link_scripts.given,
		.link_scripts = lk_opt_names_list(&c->run_link_scripts),
		.script_env = (const char *const *)environ,
		.wait = c->wait,
	};
	struct lk_remove_all_result result = {0};
	char *LK_AUTO_FREE absolute = NULL;
	const char *prefix = NULL;
	int rc = lk_app_prefix(app, c->prefix, c->name, &prefix, err);
	if (rc == 0) {
		rc = lk_path_absolute(prefix, &absolute, err);
	}
	if (rc == 0) {
		rc = lk_remove_all(absolute, &options, &app->report, &result, err);
	}
	if (rc == 0) {
		tell_removed(app, c, absolute, &result);
	}
	if (rc == 0 && !options.dry_run) {
		lk_app_register(app, absolute, false);
	}
	lk_remove_all_done(&result);
	return rc;
}

/* Names and a lock, or a prefix: not both. */
static int check_arguments(
	const struct context *c, const struct lk_args *args, struct lk_error *err)
{
	bool has_prefix = c->prefix || c->name;
	bool is_of_all =
		c->in_place || c->override_frozen || c->run_link_scripts.given || c->wait > 0;
	if (c->all && (args->len > 0 || !has_prefix)) {
		lk_fail(err, LK_E_USAGE, "--all takes an environment and no names");
		lk_error_hint(err, "lockenv remove --all -p PREFIX, or -n NAME");
		return err->code;
	}
	if (!c->all && (args->len == 0 || has_prefix || is_of_all)) {
		lk_fail(err, LK_E_USAGE, "%s",
			args->len == 0
				? "no name given"
				: "names are taken out of environment.yml, not out of a prefix");
		lk_error_hint(err,
			"give names, then install the lock; or --all and a prefix to take every "
			"package out of that");
		return err->code;
	}
	return 0;
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct context *c = context;
	const struct lk_args none = {0};
	struct lk_solve_edit LK_CLEANUP(lk_solve_edit_done) edit = {.remove = args};
	int rc = check_arguments(c, args, err);
	if (rc < 0 || c->all) {
		return rc < 0 ? rc : remove_all(app, c, err);
	}
	rc = lk_solve_edit_make(app, &c->solve, &edit, err);
	return rc < 0 ? rc : lk_solve_run(app, &c->solve, &none, &edit, err);
}

#define FIELD(name) offsetof(struct context, name)

static const struct lk_opt options[] = {
	{"all", 0, LK_OPT_FLAG, FIELD(all), NULL,
		"take every package out of an environment, and the environment away", NULL},
	{"prefix", 'p', LK_OPT_STRING, FIELD(prefix), "PREFIX", "the environment, with --all",
		NULL},
	{"name", 'n', LK_OPT_STRING, FIELD(name), "NAME",
		"an environment of the envs folder, with --all", NULL},
	{"in-place", 0, LK_OPT_FLAG, FIELD(in_place), NULL,
		"with --all: leave the directory itself, as install --in-place does", NULL},
	{"override-frozen", 0, LK_OPT_FLAG, FIELD(override_frozen), NULL,
		"with --all: also an environment that conda-meta/frozen marks", NULL},
	{"run-link-scripts", 0, LK_OPT_NAMES, FIELD(run_link_scripts), "NAME,...",
		"with --all: run the pre-unlink scripts of packages, or of these alone", NULL},
	{"wait", 0, LK_OPT_UINT, FIELD(wait), "SECONDS",
		"with --all: how long to wait for an install into the prefix (default: not at all)",
		NULL},
	LK_SOLVE_ROWS_EDIT};

const struct lk_cmd lk_cmd_remove = {
	.name = "remove",
	.arguments = "NAME... | --all -p PREFIX",
	.summary = "take packages out of environment.yml and solve with minimal change",
	.description =
		"Takes every line that asks for NAME out of the dependencies of environment.yml "
		"beside the lock (or of FILE), and nothing else. Then solves as solve does: what "
		"nothing needs any more goes, the rest stays. A package that others need cannot "
		"be removed: who needs it is told. Neither file changes unless there is an "
		"answer. Without such a file the lock's own specs are edited.\n"
		"\n"
		"--all takes an environment away instead, in one exchange as an install: every "
		"package, conda-meta and the tree kept for rollback. Files that no package "
		"brought stay where they are, and files of packages that were changed are kept as "
		"NAME.lockenv-saved; without any the directory goes too. Packages' pre-unlink "
		"scripts "
		"run only with --run-link-scripts. With --dry-run stdout "
		"has the packages.",
	.examples = {"lockenv remove scipy", "lockenv remove --all -n tools"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 0,
	.max_args = UINT_MAX,
	.run = run,
};
