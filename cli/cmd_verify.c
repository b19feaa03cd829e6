/*
 * lockenv verify: does a prefix still equal what was installed in it, and a lock?
 */
#include "cli/app.h"

#include <string.h>
#include <time.h>

#include "base/fs.h"
#include "cli/exit.h"
#include "cli/instant.h"
#include "cli/lock_arg.h"
#include "cli/sources.h"
#include "install/repair.h"
#include "install/verify.h"
#include "install/verify_path.h"

struct context {
	const char *prefix, *name, *platform;
	struct lk_args from;
	bool repair, strict, in_place, override_frozen;
};

/* What is asked for, read. */
struct asked {
	const char *prefix;                      /* absolute */
	const struct lk_lock_platform *platform; /* of the lock; NULL without one */
	struct lk_lock_arg lock;
};

static const char *const kind_names[] = {
	[LK_FINDING_CHANGED] = "changed",
	[LK_FINDING_MISSING] = "missing",
	[LK_FINDING_EXTRA] = "extra",
	[LK_FINDING_FOREIGN] = "foreign",
};

/* "PREFIX [LOCK]", or "[LOCK]" behind -p or -n. */
static int read_words(struct lk_app *app, const struct context *c, const struct lk_args *args,
	const char **ret_prefix, const char **ret_lock, struct lk_error *err)
{
	size_t used = 0;
	int rc = lk_app_prefix(app, c->prefix, c->name, ret_prefix, err);
	if (rc == 0 && *ret_prefix == NULL && args->len > 0) {
		*ret_prefix = args->items[used++];
	}
	if (rc < 0) {
		return rc;
	}
	if (*ret_prefix == NULL || args->len > used + 1) {
		lk_fail(err, LK_E_USAGE, "%s",
			*ret_prefix == NULL ? "no environment is given" : "too many arguments");
		lk_error_hint(err, "give the environment's folder, and the lock behind it");
		return LK_E_USAGE;
	}
	*ret_lock = args->len > used ? args->items[used] : NULL;
	return 0;
}

/* The platform that the environment was installed for; NULL when it does not tell. */
static const char *installed_platform(struct lk_app *app, const char *prefix)
{
	struct lk_stamp stamp;
	int LK_AUTO_CLOSE fd = open(prefix, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || !lk_stamp_read(fd, &app->arena, &stamp)) {
		return NULL;
	}
	return lk_arena_strndup(&app->arena, stamp.subdir.ptr, stamp.subdir.len);
}

static int read_asked(struct lk_app *app, const struct context *c, const struct lk_args *args,
	struct asked *ret, struct lk_error *err)
{
	const char *prefix = NULL;
	const char *lock = NULL;
	char *LK_AUTO_FREE absolute = NULL;
	int rc = read_words(app, c, args, &prefix, &lock, err);
	if (rc == 0) {
		rc = lk_path_absolute(prefix, &absolute, err);
	}
	if (rc < 0) {
		return rc;
	}
	ret->prefix = lk_arena_strndup(&app->arena, absolute, strlen(absolute));
	if (lock == NULL) {
		return lk_sources_check(&c->from, err);
	}
	const char *platform = c->platform ? c->platform : installed_platform(app, ret->prefix);
	rc = lk_lock_arg_read(app, lock, &ret->lock, err);
	if (rc == 0) {
		rc = lk_lock_arg_platform(&ret->lock, platform, true, &ret->platform, err);
	}
	return rc < 0 ? rc : lk_sources_check(&c->from, err);
}

static int verify(
	struct lk_app *app, const struct asked *asked, struct lk_verify *ret, struct lk_error *err)
{
	struct lk_verify_options options = {.jobs = app->common.jobs};
	if (asked->platform != NULL) {
		options.want = asked->platform->packages;
		options.n_want = asked->platform->n_packages;
	}
	return lk_verify_prefix(asked->prefix, &options, &app->report, ret, err);
}

/* ---- telling ---- */

static void put_what(unsigned what, struct lk_jw *w)
{
	static const struct {
		enum lk_difference bit;
		const char *name;
	} names[] = {
		{LK_DIFFERS_TYPE, "type"},
		{LK_DIFFERS_CONTENT, "content"},
		{LK_DIFFERS_MODE, "mode"},
		{LK_DIFFERS_LINK, "link"},
		{LK_DIFFERS_UNREADABLE, "unreadable"},
	};
	lk_jw_key(w, "what");
	lk_jw_array(w);
	for (size_t i = 0; i < LK_COUNTOF(names); i++) {
		if (what & (unsigned)names[i].bit) {
			lk_jw_string(w, lk_str_of(names[i].name));
		}
	}
	lk_jw_end(w);
}

static void put_findings(const char *key, const struct lk_verify *found, struct lk_jw *w)
{
	lk_jw_key(w, key);
	lk_jw_array(w);
	for (size_t i = 0; i < found->findings.len; i++) {
		const struct lk_finding *finding = &found->findings.items[i];
		lk_jw_object(w);
		lk_jw_key_string(w, "kind", lk_str_of(kind_names[finding->kind]));
		lk_jw_key_string(w, "path", finding->path);
		lk_jw_opt_string(w, "package", finding->package);
		if (finding->kind == LK_FINDING_CHANGED) {
			put_what(finding->what, w);
		}
		lk_jw_opt_string(w, "detail", finding->detail);
		lk_jw_end(w);
	}
	lk_jw_end(w);
}

/* AFTER: what is left once it was repaired; NULL when it was not. */
static void tell_json(struct lk_app *app, const struct asked *asked, const struct lk_verify *found,
	const struct lk_verify *after)
{
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_object(&w);
	lk_jw_key_string(&w, "prefix", lk_str_of(asked->prefix));
	lk_jw_key(&w, "installed_by_lockenv");
	lk_jw_bool(&w, found->state != LK_VERIFY_FOREIGN);
	lk_jw_opt_string(&w, "tree_digest", found->stamp.tree_digest);
	lk_jw_key_uint(&w, "paths", found->n_paths);
	lk_jw_key_uint(&w, "bytes", found->bytes);
	put_findings("findings", found, &w);
	lk_jw_key(&w, "repaired");
	lk_jw_bool(&w, after != NULL);
	if (after != NULL) {
		put_findings("remaining", after, &w);
	}
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

static void tell_lines(struct lk_app *app, const struct lk_verify *found)
{
	for (size_t i = 0; i < found->findings.len; i++) {
		const struct lk_finding *finding = &found->findings.items[i];
		lk_buf_appendf(&app->out, "%-7s  ", kind_names[finding->kind]);
		lk_app_text(app, finding->path, 0);
		if (finding->detail.len > 0) {
			lk_buf_puts(&app->out, ": ");
			lk_app_text(app, finding->detail, 0);
		}
		if (finding->package.len > 0) {
			lk_buf_puts(&app->out, " (");
			lk_app_text(app, finding->package, 0);
			lk_buf_puts(&app->out, ")");
		}
		lk_buf_putc(&app->out, '\n');
	}
}

static void tell_counts(
	struct lk_app *app, const struct asked *asked, const struct lk_verify *found)
{
	size_t counts[LK_COUNTOF(kind_names)] = {0};
	for (size_t i = 0; i < found->findings.len; i++) {
		counts[found->findings.items[i].kind]++;
	}
	if (found->state == LK_VERIFY_FOREIGN) {
		lk_note(&app->report, 0,
			"%s was not installed by lockenv: modes, and what its records do not tell, "
			"are not known",
			asked->prefix);
	}
	if (found->findings.len == found->n_foreign) {
		lk_note(&app->report, 0, "%s is as it was installed: %zu paths; %zu foreign",
			asked->prefix, found->n_paths, found->n_foreign);
		return;
	}
	lk_note(&app->report, 0, "%s: %zu changed, %zu missing, %zu extra, %zu foreign",
		asked->prefix, counts[LK_FINDING_CHANGED], counts[LK_FINDING_MISSING],
		counts[LK_FINDING_EXTRA], counts[LK_FINDING_FOREIGN]);
}

/* ---- repair ---- */

static int open_sources(struct lk_app *app, const struct context *c,
	const struct lk_record *records, size_t n, struct lk_cache **ret, struct lk_error *err)
{
	struct lk_records missing = {0};
	const struct lk_sources sources = {&c->from, NULL, false, false};
	int rc = lk_sources_open(app, &sources, ret, err);
	if (rc == 0) {
		rc = lk_sources_import(app, &sources, *ret, records, n, &missing, err);
	}
	lk_vec_done(&missing);
	return rc;
}

/* With a lock the prefix becomes what that says; else what it was. */
static int repair(struct lk_app *app, const struct context *c, const struct asked *asked,
	struct lk_verify *found, struct lk_error *err)
{
	const struct lk_lock_platform *platform = asked->platform;
	struct lk_cache *cache = NULL;
	struct lk_install_result result = {0};
	struct lk_install_options options = {
		.compile = found->state != LK_VERIFY_KNOWN || found->stamp.compile,
		.verify = true,
		.mend = true,
		.in_place = c->in_place,
		.override_frozen = c->override_frozen,
		.jobs = app->common.jobs,
		.now = (int64_t)time(NULL),
	};
	size_t n = 0;
	int rc = platform ? 0 : lk_repair_check(found, asked->prefix, err);
	rc = rc < 0 ? rc : lk_instant_now(&options.when, err);
	if (rc < 0) {
		return rc;
	}
	if (platform) {
		options.subdir = platform->subdir;
		options.specs = platform->specs;
		options.variables = lk_lock_arg_variables(app, &asked->lock.lock);
		options.n_variables = asked->lock.lock.n_variables;
		rc = open_sources(app, c, platform->packages, platform->n_packages, &cache, err);
	} else {
		const struct lk_record *damaged = lk_repair_records(found, false, &n);
		rc = open_sources(app, c, damaged, n, &cache, err);
	}
	if (rc == 0 && platform) {
		const struct lk_lock *lock = &asked->lock.lock;
		struct lk_sha256 digest =
			lk_sha256_of(lk_buf_cstr(&asked->lock.text), asked->lock.text.len);
		rc = lk_install(cache, asked->prefix, platform->packages, platform->n_packages,
			lock->channels, lock->n_channels, &digest, &options, &app->report, &result,
			err);
	} else if (rc == 0) {
		rc = lk_repair(cache, asked->prefix, found, &options, &app->report, &result, err);
	}
	lk_cache_free(cache);
	return rc;
}

static bool is_clean(const struct lk_verify *found)
{
	return found->findings.len == found->n_foreign;
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct context *c = context;
	struct asked asked = {0};
	struct lk_verify found = {0};
	struct lk_verify after = {0};
	const struct lk_verify *last = &found;
	int rc = read_asked(app, c, args, &asked, err);
	if (rc == 0) {
		rc = verify(app, &asked, &found, err);
	}
	if (rc == 0 && c->repair && !is_clean(&found)) {
		rc = repair(app, c, &asked, &found, err);
		rc = rc < 0 ? rc : verify(app, &asked, &after, err);
		last = &after;
	}
	if (rc == 0 && app->common.json) {
		tell_json(app, &asked, &found, last == &after ? &after : NULL);
	} else if (rc == 0) {
		tell_lines(app, last);
		tell_counts(app, &asked, last);
	}
	if (rc == 0 && (!is_clean(last) || (c->strict && last->n_foreign > 0))) {
		app->status = LK_EXIT_FINDING;
	}
	lk_verify_done(&after);
	lk_verify_done(&found);
	lk_lock_arg_done(&asked.lock);
	return rc;
}

#define FIELD(name) offsetof(struct context, name)

static const struct lk_opt options[] = {
	{"prefix", 'p', LK_OPT_STRING, FIELD(prefix), "PREFIX", "verify this environment", NULL},
	{"name", 'n', LK_OPT_STRING, FIELD(name), "NAME",
		"verify this environment of the envs folder", NULL},
	{"platform", 0, LK_OPT_STRING, FIELD(platform), "P",
		"hold it against this platform of the lock (default: the environment's)", NULL},
	{"strict", 0, LK_OPT_FLAG, FIELD(strict), NULL, "foreign files are findings too", NULL},
	{"repair", 0, LK_OPT_FLAG, FIELD(repair), NULL,
		"mend what is damaged, from the cache; with LOCK: make it equal to that", NULL},
	{"from", 0, LK_OPT_LIST, FIELD(from), "BUNDLE|DIR",
		"with --repair: take what the cache lacks from there; repeatable", NULL},
	{"in-place", 0, LK_OPT_FLAG, FIELD(in_place), NULL,
		"with --repair: exchange what is in the prefix, not the prefix", NULL},
	{"override-frozen", 0, LK_OPT_FLAG, FIELD(override_frozen), NULL,
		"with --repair: also an environment that conda-meta/frozen marks", NULL},
};

const struct lk_cmd lk_cmd_verify = {
	.name = "verify",
	.arguments = "PREFIX [LOCK]",
	.summary = "does an environment still equal what was installed?",
	.description =
		"Reads every file that was installed, and lists what differs, sorted by path: "
		"changed (content, mode, link, type), missing, extra (packages that came by other "
		"means), and foreign (files that no package brought). Each line names the package. "
		"With LOCK the packages are held against that too. Any byte, mode, link or name "
		"that changed is found, records and lockenv's own state among them; times and "
		"owners are not looked at. Needs no cache and no network.\n"
		"\n"
		"Foreign files are told and no findings, unless --strict is given; python's "
		"caches of installed sources are not told. Of environments that other programs "
		"made, what their records tell is verified: not modes, nor where links lead.\n"
		"\n"
		"--repair installs the damaged packages again, by one exchange as every install, "
		"and leaves the others alone; files that somebody wrote to are kept beside as "
		"NAME.lockenv-saved. It works from the cache and --from alone. When the records "
		"themselves are damaged, it needs the lock.\n"
		"\n"
		"Exit code 0: as it was installed; 1: there are findings; 6: --repair lacks "
		"packages, each of which is named.",
	.examples = {"lockenv verify /opt/env", "lockenv verify --repair -n work env.lock"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.max_args = 2,
	.run = run,
};
