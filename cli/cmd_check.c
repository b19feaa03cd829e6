/*
 * lockenv check: what is wrong with locks, and which hosts they fit. Writes nothing.
 */
#include "cli/checked.h"

#include <limits.h>

#include "cli/exit.h"
#include "conda/subdir.h"

/* One run over all locks. */
struct run {
	struct lk_app *app;
	const struct lk_check_options *options;
	const struct lk_policy *policy; /* or NULL */
	struct lk_nodes nodes;
	struct lk_jw w;
	size_t n_locks;   /* given */
	size_t n_faulty;  /* with findings */
	size_t n_unfit;   /* with hosts that they do not fit */
	int failed;       /* the code of the first lock that could not be checked, or 0 */
	bool failed_host; /* ... and all such codes were LK_E_HOST */
	/* What to say at the end, each of the first lock that gives cause. */
	struct lk_error failure, finding, unfit;
};

/* Warnings while a lock is read are findings too. */
struct reading {
	struct lk_findings *findings;
};

static void on_read_warning(void *ctx, const char *message)
{
	const struct reading *reading = ctx;
	lk_findings_add(
		reading->findings, LK_FINDING_UNKNOWN, LK_STR(""), LK_STR(""), "%s", message);
}

static int read_lock(
	struct lk_app *app, const char *path, struct lk_checked *checked, struct lk_error *err)
{
	struct lk_report report = app->report;
	struct reading reading = {&checked->findings};
	app->report = (struct lk_report){.ctx = &reading, .warn = on_read_warning};
	int rc = lk_lock_arg_read(app, path, &checked->arg, err);
	app->report = report;
	return rc;
}

static int check_lock(
	struct run *r, const char *path, struct lk_checked *checked, struct lk_error *err)
{
	const struct lk_check_options *options = r->options;
	const struct lk_lock_platform *ignored;
	lk_str platform = lk_str_of(options->platform);
	int rc = read_lock(r->app, path, checked, err);
	if (rc == 0 && options->platform) {
		rc = lk_lock_arg_platform(&checked->arg, options->platform, false, &ignored, err);
	}
	if (rc < 0) {
		return rc;
	}
	const struct lk_lock *lock = &checked->arg.lock;
	lk_check_consistent(lock, platform, &checked->findings);
	rc = lk_check_file(r->app, options, checked, err);
	if (rc < 0) {
		return rc;
	}
	if (r->policy) {
		lk_check_policy(lock, platform, r->policy, &checked->findings);
	}
	lk_check_transport(lock, platform, &checked->findings);
	if (options->strict || r->app->common.verbose > 0) {
		lk_check_form(lock, lk_buf_view(&checked->arg.text), &checked->findings);
	}
	if (options->strict) {
		lk_findings_harden(&checked->findings);
	}
	return lk_check_nodes_judge(r->app, options, &r->nodes, checked, err);
}

/* The first finding, or how many there are and the first. */
static void say_finding(const struct lk_checked *checked, struct lk_error *ret)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT((size_t)16 << 20);
	const struct lk_finding *first = checked->findings.list.items;
	while (first->level != LK_LEVEL_FINDING) {
		first++;
	}
	if (checked->findings.n_findings > 1) {
		lk_buf_appendf(&text, "%zu findings, the first: ", checked->findings.n_findings);
	}
	lk_check_put_finding(first, 3, &text);
	lk_fail(ret, LK_E_FINDING, "%s", lk_buf_cstr(&text));
	lk_error_file(ret, checked->arg.path);
	lk_error_hint(ret, LK_STR_FMT, LK_STR_ARG(first->hint));
}

static void say_unfit(const struct run *r, const struct lk_checked *checked, struct lk_error *ret)
{
	const struct lk_verdict *first = checked->verdicts.items;
	while (first->fit != LK_FIT_NO) {
		first++;
	}
	if (r->nodes.fleet) {
		lk_fail(ret, LK_E_HOST,
			"%zu of %zu hosts do not meet what the lock requires, the first: "
			"%s: " LK_STR_FMT,
			checked->n_unfit, checked->verdicts.len, first->node->name,
			LK_STR_ARG(first->why));
	} else {
		lk_fail(ret, LK_E_HOST, "%s does not meet what the lock requires: " LK_STR_FMT,
			first->node->name, LK_STR_ARG(first->why));
	}
	lk_error_file(ret, checked->arg.path);
	lk_error_hint(ret, LK_STR_FMT, LK_STR_ARG(first->hint));
}

/* A lock that could not be checked, among others. */
static void tell_failure(struct run *r, const char *path, const struct lk_error *err)
{
	if (!r->app->common.json) {
		lk_app_text(r->app, lk_str_of(err->file[0] ? err->file : path), 0);
		if (err->line > 0) {
			lk_buf_appendf(&r->app->out, ":%u:%u", err->line, err->column);
		}
		lk_buf_puts(&r->app->out, ": ");
		lk_app_text(r->app, lk_str_of(err->message), 0);
		lk_buf_putc(&r->app->out, '\n');
		return;
	}
	lk_jw_object(&r->w);
	lk_jw_key_string(&r->w, "lock", lk_str_of(path));
	lk_jw_key(&r->w, "ok");
	lk_jw_bool(&r->w, false);
	lk_jw_key(&r->w, "error");
	lk_app_put_json_error(r->app, (int)err->code, err, &r->w);
	lk_jw_end(&r->w);
}

static void take_failure(struct run *r, const char *path, const struct lk_error *err)
{
	bool host = err->code == LK_E_HOST;
	if (r->failed == 0 || (r->failed_host && !host)) {
		r->failed = (int)err->code;
		r->failure = *err;
		r->failed_host = host;
	}
	if (r->n_locks > 1) {
		tell_failure(r, path, err);
	}
}

static void take_result(struct run *r, const struct lk_checked *checked)
{
	if (checked->findings.n_findings > 0 && r->n_faulty++ == 0) {
		say_finding(checked, &r->finding);
	}
	if (checked->n_unfit > 0 && r->n_unfit++ == 0) {
		say_unfit(r, checked, &r->unfit);
	}
	if (r->app->common.json) {
		lk_check_put_json(r->options, checked, &r->w);
	} else {
		lk_check_tell(r->app, r->options, &r->nodes, checked);
	}
}

static int check_one(struct run *r, const char *path)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_checked checked = {0};
	int rc = check_lock(r, path, &checked, &err);
	if (rc == LK_E_INTERRUPTED) {
		r->failure = err;
	} else if (rc < 0) {
		take_failure(r, path, &err);
	} else {
		take_result(r, &checked);
	}
	for (size_t i = 0; i < checked.verdicts.len; i++) {
		lk_vec_done(&checked.verdicts.items[i].lacks);
	}
	lk_vec_done(&checked.verdicts);
	lk_findings_done(&checked.findings);
	lk_lock_arg_done(&checked.arg);
	return rc == LK_E_INTERRUPTED ? rc : 0;
}

/* What could not be checked is worse than what was found, and that worse than a host. */
static int conclude(struct run *r, struct lk_error *err)
{
	const struct lk_error *said = r->failed != 0 && !r->failed_host ? &r->failure
		: r->n_faulty > 0                                       ? &r->finding
		: r->failed != 0                                        ? &r->failure
		: r->n_unfit > 0                                        ? &r->unfit
									: NULL;
	if (!said) {
		return 0;
	}
	if (said == &r->failure && r->n_locks == 1) {
		*err = r->failure;
		return r->failed;
	}
	r->app->status = (int)lk_exit_of((int)said->code);
	lk_app_tell_error(r->app, (int)said->code, said);
	return 0;
}

static int check_all(struct run *r, const struct lk_args *locks, struct lk_error *err)
{
	bool json = r->app->common.json;
	int rc = 0;
	if (json) {
		lk_jw_init(&r->w, &r->app->out, true);
		lk_jw_object(&r->w);
		lk_jw_key(&r->w, "locks");
		lk_jw_array(&r->w);
	}
	for (size_t i = 0; rc == 0 && i < locks->len; i++) {
		rc = check_one(r, locks->items[i]);
	}
	if (rc < 0) {
		*err = r->failure;
		return rc;
	}
	if (json) {
		lk_jw_end(&r->w);
		lk_jw_key(&r->w, "ok");
		lk_jw_bool(&r->w, r->failed == 0 && r->n_faulty == 0 && r->n_unfit == 0);
		lk_jw_end(&r->w);
		lk_buf_putc(&r->app->out, '\n');
	}
	return conclude(r, err);
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct lk_check_options *options = context;
	struct lk_policy policy = {0};
	struct run r = {.app = app, .options = options, .n_locks = args->len};
	int rc = lk_check_nodes_read(app, options, &r.nodes, err);
	if (rc == 0 && options->policy) {
		rc = lk_policy_read(options->policy, &policy, err);
		r.policy = &policy;
	}
	if (rc == 0) {
		rc = check_all(&r, args, err);
	}
	lk_policy_done(&policy);
	lk_check_nodes_done(&r.nodes);
	return rc;
}

#define FIELD(name) offsetof(struct lk_check_options, name)

static const struct lk_opt options[] = {
	{"platform", 0, LK_OPT_STRING, FIELD(platform), "P",
		"check this platform only (default: all)", NULL},
	{"host", 0, LK_OPT_LIST, FIELD(hosts), "FILE",
		"check against this node profile (info --json), a folder of them, 'this' host or "
		"'none'; repeatable",
		NULL},
	{"file", 'f', LK_OPT_LIST, FIELD(files), "FILE",
		"what the lock should answer, or 'none' (default: environment.yml beside env.lock, "
		"NAME.yml beside NAME.lock); repeatable",
		NULL},
	{"policy", 0, LK_OPT_STRING, FIELD(policy), "FILE",
		"what the lock may hold: channels, licences, packages, requirements", NULL},
	{"strict", 0, LK_OPT_FLAG, FIELD(strict), NULL,
		"warnings are findings, and so are bytes that lockenv would write otherwise", NULL},
};

const struct lk_cmd lk_cmd_check = {
	.name = "check",
	.arguments = "LOCK...",
	.summary = "is the lock consistent, up to date, allowed, and met by this host?",
	.description =
		"Reads each lock and tells all that is wrong with it, one line a finding: "
		"dependencies, constraints and specs that its packages do not satisfy, what "
		"differs "
		"from the environment file, what the policy does not let pass; then whether this "
		"host meets what its platform of the lock requires. With --host the nodes of the "
		"profiles take the place of this host, each named by its file; more than one, or a "
		"folder, gives a line for each. Nothing is written and no socket opened. Exits "
		"with 1 when there is a finding, else with 7 when a host does not meet a lock.",
	.examples = {"lockenv check --policy policy.yml --host none *.lock",
		"lockenv check env.lock --host nodes/"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct lk_check_options),
	.min_args = 1,
	.max_args = UINT_MAX,
	.run = run,
};
