/*
 * lockenv diff: what changed between two locks, for a reviewer.
 */
#include "cli/app.h"

#include <string.h>

#include "cli/git.h"
#include "cli/git_diff.h"
#include "cli/git_driver.h"
#include "cli/known_scripts.h"
#include "cli/lock_arg.h"
#include "lock/lock_diff.h"
#include "lock/lock_diff_pages.h"
#include "lock/lock_diff_policy.h"

struct context {
	const char *format;
	const char *platform;
	const char *policy_file;
	bool stat;
	bool for_git;
	bool install;
	struct lk_git_driver_options driver;
	const struct lk_policy *policy; /* of policy_file, or NULL */
};

static void put_json(
	struct lk_app *app, const struct lk_lock_diff *diff, const struct lk_diff_verdict *verdict)
{
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_object(&w);
	lk_lock_diff_json_members(diff, &w);
	if (verdict) {
		lk_diff_verdict_json(verdict, &w);
	}
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

/* VERDICT is NULL without a policy. */
static void put(struct lk_app *app, const struct context *c, const struct lk_lock_arg *from,
	const struct lk_lock_arg *to, const struct lk_lock_diff *diff,
	const struct lk_diff_verdict *verdict)
{
	const char *format = app->common.json ? "json" : c->format ? c->format : "text";
	struct lk_diff_page_options page = {
		.old_name = lk_str_of(from->path),
		.new_name = lk_str_of(to->path),
		.stat = c->stat,
		.policy = c->policy,
	};
	if (strcmp(format, "markdown") == 0) {
		lk_lock_diff_markdown(diff, &page, &app->out);
		return;
	}
	if (strcmp(format, "html") == 0) {
		lk_lock_diff_html(diff, &page, &app->out);
		return;
	}
	if (strcmp(format, "json") == 0) {
		put_json(app, diff, verdict);
		return;
	}
	struct lk_diff_text_options options = {
		.colour = app->color_out,
		.stat = c->stat,
	};
	lk_lock_diff_text(diff, &options, &app->out);
	if (verdict && verdict->n > 0) {
		lk_diff_verdict_text(verdict, app->color_out, &app->out);
	}
}

/* The exit code: did anything change that matters? */
static int judge(struct lk_app *app, const struct context *c, const struct lk_lock_diff *diff,
	const struct lk_diff_verdict *verdict)
{
	size_t n = verdict->n_changes;
	if (!c->policy) {
		return lk_lock_diff_is_empty(diff) ? 0 : 1;
	}
	if (n > 0) {
		lk_note(&app->report, 0, "%zu change%s by the policy '%s'", n,
			n == 1 ? " fails" : "s fail", c->policy_file);
	}
	return n > 0 ? 1 : 0;
}

/* Puts out what changed; app->status tells whether anything did. */
static void compare(struct lk_app *app, const void *context, const struct lk_lock_arg *from,
	const struct lk_lock_arg *to)
{
	const struct context *c = context;
	struct lk_lock_diff diff;
	struct lk_known_scripts known;
	lk_known_scripts_init(&known, app);
	struct lk_diff_options wanted = {.platform = lk_str_of(c->platform),
		.no_reasons = c->stat && !c->format && !app->common.json, /* nothing shows them */
		.scripts = lk_known_scripts_of,
		.ctx = &known};
	lk_lock_diff_make(&from->lock, &to->lock, &wanted, &diff);
	lk_known_scripts_done(&known);
	struct lk_diff_verdict verdict = {0};
	if (c->policy) {
		lk_diff_verdict_make(c->policy, &diff, &verdict);
	}
	put(app, c, from, to, &diff, c->policy ? &verdict : NULL);
	app->status = judge(app, c, &diff, &verdict);
	lk_diff_verdict_done(&verdict);
	lk_lock_diff_done(&diff);
}

/* Two sides, but none for --install-git-driver; one form. */
static int check_arguments(const struct lk_app *app, const struct context *c,
	const struct lk_args *args, struct lk_error *err)
{
	size_t wanted = c->install ? 0 : 2;
	if (args->len > wanted) {
		lk_fail(err, LK_E_USAGE, "'diff' takes no further argument '%s'",
			args->items[wanted]);
	} else if (args->len < wanted) {
		lk_fail(err, LK_E_USAGE, "'diff' needs: OLD NEW");
	} else if (app->common.json && c->format && strcmp(c->format, "json") != 0) {
		lk_fail(err, LK_E_USAGE, "'--json' or '--format %s', not both", c->format);
	} else {
		return 0;
	}
	lk_error_hint(err, "see 'lockenv diff --help'");
	return LK_E_USAGE;
}

static int compare_sides(struct lk_app *app, const struct context *c, const struct lk_args *args,
	struct lk_error *err)
{
	struct lk_lock_arg LK_CLEANUP(lk_lock_arg_done) from = {0};
	struct lk_lock_arg LK_CLEANUP(lk_lock_arg_done) to = {0};
	int rc = lk_git_read_lock(app, args->items[0], &from, err);
	if (rc == 0) {
		rc = lk_git_read_lock(app, args->items[1], &to, err);
	}
	if (rc == 0 && c->platform && !lk_lock_find_platform(&from.lock, lk_str_of(c->platform)) &&
		!lk_lock_find_platform(&to.lock, lk_str_of(c->platform))) {
		rc = lk_fail(err, LK_E_USAGE, "neither lock has a platform '%s'", c->platform);
		lk_error_hint(err, "without --platform every platform is shown");
	}
	if (rc == 0) {
		compare(app, c, &from, &to);
	}
	return rc;
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	struct context *c = context;
	if (c->for_git) {
		return lk_git_diff(app, args, compare, c, err);
	}
	int rc = check_arguments(app, c, args, err);
	if (rc == 0 && c->install) {
		return lk_git_driver_install(app, LK_GIT_DRIVER_DIFF, &c->driver, err);
	}
	if (rc < 0) {
		return rc;
	}
	struct lk_policy policy = {0};
	if (c->policy_file) {
		rc = lk_policy_read(c->policy_file, &policy, err);
		c->policy = &policy;
	}
	if (rc == 0) {
		rc = compare_sides(app, c, args, err);
	}
	lk_policy_done(&policy);
	return rc;
}

static const struct lk_opt options[] = {
	{"format", 0, LK_OPT_STRING, offsetof(struct context, format), "FORMAT",
		"text (default), markdown, html or json", "text|markdown|html|json"},
	{"platform", 0, LK_OPT_STRING, offsetof(struct context, platform), "P",
		"this platform only", NULL},
	{"policy", 0, LK_OPT_STRING, offsetof(struct context, policy_file), "FILE",
		"exit with 1 only where a change fails by this file", NULL},
	{"stat", 0, LK_OPT_FLAG, offsetof(struct context, stat), NULL, "counts and sizes only",
		NULL},
	{"git-driver", 0, LK_OPT_FLAG, offsetof(struct context, for_git), NULL,
		"take the arguments that git gives to its external diff driver", NULL},
	{"install-git-driver", 0, LK_OPT_FLAG, offsetof(struct context, install), NULL,
		"make 'git diff' show locks with this", NULL},
	LK_GIT_DRIVER_OPTIONS(struct context, driver),
};

const struct lk_cmd lk_cmd_diff = {
	.name = "diff",
	.arguments = "OLD NEW | --install-git-driver",
	.summary = "what changed between two locks, most risky first",
	.description =
		"Compares two locks and tells what changed, grouped by kind, most risky "
		"first: same version with another hash; a CUDA build where there was none or "
		"the other way round; another channel; new link scripts, as far as the cache "
		"knows; more asked of the host; downgrades, removals, licences; upgrades, "
		"additions, rebuilds. Each change comes with its reason and the growth of "
		"its archive; what several platforms share stands there once. Each side is a "
		"file or REV:PATH of a git repository. Exits with 1 when they differ, with "
		"--policy only when a difference is one that the policy names, as git's diff "
		"driver always with 0.",
	.examples = {"lockenv diff HEAD:env.lock env.lock",
		"lockenv diff --format markdown --policy policy.yml origin/main:env.lock env.lock"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 0,
	.max_args = 9, /* of a renamed file in git's diff */
	.run = run,
};
