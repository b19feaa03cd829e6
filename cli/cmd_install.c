/*
 * lockenv install: make a prefix equal to a lock, from the cache alone.
 *
 * The same command serves lockenv-install, which has no network: there LK_CLI_OFFLINE leaves out
 * --fetch.
 */
#include "cli/app.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "cli/bundle_tell.h"
#include "cli/digest_tell.h"
#include "cli/install_arg.h"
#include "cli/install_tell.h"
#include "cli/instant.h"
#include "cli/registry.h"
#include "cli/signing.h"
#include "cli/sources.h"
#include "conda/subdir.h"
#include "install/install.h"
#ifndef LK_CLI_OFFLINE
#include "cli/fetching.h"
#endif

struct context {
	const char *prefix, *name, *lock, *platform, *host, *link;
	struct lk_args from;
	bool in_place, keep_previous, override_frozen, no_register;
	struct lk_opt_names run_link_scripts;
	bool no_cache, no_compile, dry_run, verify, strict, fetch, safety_warn;
	bool require_signature;
	bool list, check; /* of a bundle; only where there is no unpack beside it */
	bool digest;      /* only where there is no command for it beside it */
	unsigned wait;
};

/* A lock cut between two packages reads well but leaves holes. Installing exactly what it names is
 * still what was asked for, so it is told; --strict refuses it. */
static int check_whole(struct lk_app *app, const struct context *c,
	const struct lk_lock_platform *platform, struct lk_error *err)
{
	int rc = lk_lock_check_consistent(platform, &app->report, err);
	if (rc == LK_E_FINDING && !c->strict) {
		lk_warn(&app->report, "%s; installing it as it is (--strict refuses)",
			err->message);
		lk_error_clear(err);
		return 0;
	}
	return rc == LK_E_FINDING ? LK_E_FORMAT : rc;
}

/* Against this host, or the profile of --host; a platform that is not this host's cannot be
 * checked. */
static int check_host(struct lk_app *app, const struct context *c,
	const struct lk_lock_platform *platform, struct lk_error *err)
{
	if (!c->host && !lk_str_is(platform->subdir, lk_subdir_native())) {
		lk_warn(&app->report,
			"installing for " LK_STR_FMT " on %s: the host is not checked",
			LK_STR_ARG(platform->subdir), lk_subdir_native());
		return 0;
	}
	struct lk_virtuals host = {0};
	int rc = lk_app_host(app, c->host, lk_lock_asks_for_driver(platform), &host, NULL, err);
	if (rc == 0) {
		rc = lk_lock_check_host(platform, &host, err);
	}
	lk_vec_done(&host);
	return rc;
}

#ifndef LK_CLI_OFFLINE
static int fetch_missing(struct lk_app *app, struct lk_cache *cache, const struct lk_lock *lock,
	const struct lk_records *missing, struct lk_error *err)
{
	struct lk_fetch *fetch = NULL;
	struct lk_fetch_stats stats;
	int rc = lk_app_fetch(app, cache, false, &fetch, err);
	if (rc == 0) {
		rc = lk_app_fetch_locked(app, fetch, lock, missing, &stats, err);
	}
	lk_fetch_free(fetch);
	return rc;
}
#else
static int fetch_missing(struct lk_app *app, struct lk_cache *cache, const struct lk_lock *lock,
	const struct lk_records *missing, struct lk_error *err)
{
	(void)app;
	(void)cache;
	(void)lock;
	(void)missing;
	return lk_fail(err, LK_E_USAGE, "this program has no network");
}
#endif

static enum lk_link_mode link_mode(const char *text)
{
	static const char *const names[] = {"auto", "hardlink", "reflink", "copy", "symlink"};
	for (unsigned i = 0; text && i < LK_COUNTOF(names); i++) {
		if (strcmp(text, names[i]) == 0) {
			return (enum lk_link_mode)i;
		}
	}
	return LK_LINK_AUTO;
}

/* What one install is about. */
struct job {
	struct lk_app *app;
	const struct context *c;
	const struct lk_lock_arg *arg;
	const struct lk_lock_platform *platform;
	const char *prefix;
	struct lk_sources sources;
	struct lk_cache *cache;
	struct lk_records missing;
	struct lk_install_result result;
};

static int install_once(struct job *job, bool dry_run, struct lk_error *err)
{
	const struct context *c = job->c;
	const struct lk_lock *lock = &job->arg->lock;
	struct lk_install_options options = {
		.link = link_mode(c->link),
		.compile = !c->no_compile,
		.run_link_scripts = c->run_link_scripts.given,
		.link_scripts = lk_opt_names_list(&c->run_link_scripts),
		.script_env = (const char *const *)environ,
		.variables = lk_lock_arg_variables(job->app, &job->arg->lock),
		.n_variables = job->arg->lock.n_variables,
		.strict = c->strict,
		.verify = c->verify,
		.safety_warn = c->safety_warn,
		.dry_run = dry_run,
		.in_place = c->in_place,
		.keep_previous = c->keep_previous,
		.override_frozen = c->override_frozen,
		.jobs = job->app->common.jobs,
		.wait = c->wait,
		.subdir = job->platform->subdir,
		.specs = job->platform->specs,
		.arena = &job->app->arena,
		.now = (int64_t)time(NULL),
	};
	struct lk_sha256 digest = lk_sha256_of(lk_buf_cstr(&job->arg->text), job->arg->text.len);
	int rc = lk_instant_now(&options.when, err);
	return rc < 0 ? rc
		      : lk_install(job->cache, job->prefix, job->platform->packages,
				job->platform->n_packages, lock->channels, lock->n_channels,
				&digest, &options, &job->app->report, &job->result, err);
}

/* Into the cache with what --from and --fetch have of what it lacks. A dry run tells what is
 * needed: what stays in the prefix is not. */
static int provide(struct job *job, struct lk_error *err)
{
	job->missing.len = 0;
	int rc = install_once(job, true, err);
	if (rc == 0) {
		rc = lk_sources_import(job->app, &job->sources, job->cache, job->result.needed,
			job->result.n_needed, &job->missing, err);
	}
	if (rc == 0 && job->c->fetch && !job->c->dry_run && job->missing.len > 0) {
		rc = fetch_missing(job->app, job->cache, &job->arg->lock, &job->missing, err);
	}
	return rc;
}

/* Of the lock's packages. */
static size_t count_archives(const struct job *job)
{
	size_t n = 0;
	for (size_t i = 0; i < job->platform->n_packages; i++) {
		n += lk_cache_has_archive(job->cache, &job->platform->packages[i]);
	}
	return n;
}

/* An archive that turns out to be damaged, such as after a loss of power, is taken out of the
 * cache: what --from or --fetch has of it takes its place. */
static int install_all(struct job *job, struct lk_error *err)
{
	bool provides = job->c->fetch || job->c->from.len > 0;
	int rc = provides || job->c->dry_run ? provide(job, err) : 0;
	bool again = rc == 0 && !job->c->dry_run;
	while (again) {
		size_t had = provides ? count_archives(job) : 0;
		rc = install_once(job, false, err);
		again = rc == LK_E_INTEGRITY && provides && count_archives(job) < had;
		if (again) {
			struct lk_error damage = *err;
			rc = provide(job, err);
			again = rc == 0 && count_archives(job) == had;
			if (again) {
				lk_warn(&job->app->report, "%s: taken anew", damage.message);
				lk_error_clear(err);
			} else if (rc == 0) {
				*err = damage;
				rc = damage.code;
			}
		}
	}
	return rc;
}

static int install(struct lk_app *app, const struct context *c, struct lk_lock_arg *arg,
	const struct lk_lock_platform *platform, const char *prefix, struct lk_error *err)
{
	struct job job = {
		.app = app,
		.c = c,
		.arg = arg,
		.platform = platform,
		.prefix = prefix,
		.sources = {&c->from, LK_STEAL(arg->bundle), c->no_cache, c->dry_run},
	};
	int rc = lk_sources_open(app, &job.sources, &job.cache, err);
	if (rc == 0) {
		rc = install_all(&job, err);
	}
	if (rc == 0) {
		const struct lk_install_telling telling = {
			prefix, job.cache, &job.missing, c->dry_run, c->fetch};
		lk_install_tell(app, &telling, &job.result);
	}
	if (rc == 0 && !c->dry_run && !c->no_register) {
		lk_app_register(app, prefix, true);
	}
	lk_vec_done(&job.missing);
	lk_cache_free(job.cache);
	return rc;
}

static int check_options(const struct lk_app *app, const struct context *c, struct lk_error *err)
{
	const char *other = app->common.cache ? "--cache" : c->link ? "--link" : NULL;
#ifndef LK_CLI_OFFLINE
	other = c->fetch ? "--fetch" : other;
#endif
	if (!c->no_cache || !other) {
		return 0;
	}
	lk_fail(err, LK_E_USAGE, "%s needs a cache, and --no-cache asks for none", other);
	lk_error_hint(err, "leave one of the two out");
	return err->code;
}

/* What lockenv unpack --list and --check do: lockenv-install may be all that the far side has. */
static int look_into(
	struct lk_app *app, const struct context *c, const char *path, struct lk_error *err)
{
	struct lk_bundle *LK_CLEANUP(lk_bundle_free_p) bundle = NULL;
	if (c->list && c->check) {
		lk_fail(err, LK_E_USAGE, "'--list' and '--check' exclude each other");
		lk_error_hint(err, "give one of them");
		return LK_E_USAGE;
	}
	if (c->check) {
		int rc = lk_bundle_tell_check(app, path, err);
		return rc == LK_E_NOT_FOUND ? LK_E_USAGE : rc;
	}
	int rc = lk_bundle_open(path, &bundle, err);
	if (rc == 0) {
		rc = lk_app_check_signature(app, c->require_signature, lk_bundle_path(bundle),
			lk_bundle_manifest_text(bundle), err);
	}
	if (rc == 0) {
		lk_bundle_tell_members(app, bundle);
	}
	return rc == LK_E_NOT_FOUND ? LK_E_USAGE : rc;
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct context *c = context;
	if (c->list || c->check) {
		return look_into(app, c, args->items[0], err);
	}
	struct lk_lock_arg LK_CLEANUP(lk_lock_arg_done) arg = {0};
	const struct lk_lock_platform *platform;
	const char *prefix;
	int rc = check_options(app, c, err);
	if (rc == 0) {
		rc = lk_install_arg_read(
			app, args->items[0], c->lock, c->require_signature, &arg, err);
	}
	if (rc == 0) {
		rc = lk_install_arg_prefix(app, c->prefix, c->name, &arg, &prefix, err);
	}
	if (rc == 0) {
		rc = lk_lock_arg_platform(&arg, c->platform, false, &platform, err);
	}
	if (rc == 0) {
		rc = lk_sources_check(&c->from, err);
	}
	if (rc == 0 && c->digest) {
		const struct lk_digest_request request = {
			&c->from, c->no_cache, c->verify, c->strict};
		lk_install_arg_check_packed(app, &arg, platform);
		return lk_digest_tell(app, &request, &arg, platform, prefix, err);
	}
	if (rc == 0) {
		rc = check_whole(app, c, platform, err);
	}
	if (rc == 0) {
		rc = check_host(app, c, platform, err);
	}
	if (rc == 0) {
		lk_install_arg_check_packed(app, &arg, platform);
		rc = install(app, c, &arg, platform, prefix, err);
	}
	return rc;
}

#define FIELD(name) offsetof(struct context, name)

static const struct lk_opt options[] = {
	{"prefix", 'p', LK_OPT_STRING, FIELD(prefix), "PREFIX",
		"where to install (default: the lock's name without .lock, beside it)", NULL},
	{"name", 'n', LK_OPT_STRING, FIELD(name), "NAME", "an environment of the envs folder",
		NULL},
	{"lock", 0, LK_OPT_STRING, FIELD(lock), "NAME",
		"the lock to take, of a bundle with several", NULL},
	{"from", 0, LK_OPT_LIST, FIELD(from), "BUNDLE|DIR",
		"take what is missing from this bundle, folder or cache; repeatable", NULL},
#ifdef LK_CLI_OFFLINE
	{"digest", 0, LK_OPT_FLAG, FIELD(digest), NULL,
		"install nothing; print the tree digest that an install would have", NULL},
	{"list", 0, LK_OPT_FLAG, FIELD(list), NULL, "install nothing; list what is in the bundle",
		NULL},
	{"check", 0, LK_OPT_FLAG, FIELD(check), NULL,
		"install nothing; is the bundle whole, and what has to be copied again?", NULL},
#else
	{"fetch", 0, LK_OPT_FLAG, FIELD(fetch), NULL,
		"download what is missing (otherwise no socket is ever opened)", NULL},
#endif
	{"no-cache", 0, LK_OPT_FLAG, FIELD(no_cache), NULL,
		"keep nothing: extract beside the prefix, straight from the bundle", NULL},
	{"platform", 0, LK_OPT_STRING, FIELD(platform), "P",
		"install this platform of the lock (default: this host's)", NULL},
	{"host", 0, LK_OPT_STRING, FIELD(host), "FILE",
		"check against this node profile (info --json) instead of this machine", NULL},
	{"link", 0, LK_OPT_STRING, FIELD(link), "HOW", "how files come from the cache",
		"auto|hardlink|reflink|copy|symlink"},
	{"no-compile", 0, LK_OPT_FLAG, FIELD(no_compile), NULL,
		"do not compile noarch python packages", NULL},
	{"run-link-scripts", 0, LK_OPT_NAMES, FIELD(run_link_scripts), "NAME,...",
		"run the link scripts of packages that come or go, or of these alone", NULL},
	{"dry-run", 0, LK_OPT_FLAG, FIELD(dry_run), NULL,
		"write nothing, fetch nothing; tell what would become of each package", NULL},
	{"in-place", 0, LK_OPT_FLAG, FIELD(in_place), NULL,
		"exchange what is in the prefix, name by name: for a mount point, and where the "
		"directory above cannot be written",
		NULL},
	{"keep-previous", 0, LK_OPT_FLAG, FIELD(keep_previous), NULL,
		"keep the environment as it was, for lockenv rollback", NULL},
	{"override-frozen", 0, LK_OPT_FLAG, FIELD(override_frozen), NULL,
		"change an environment that conda-meta/frozen marks as not to be changed", NULL},
	{"no-register", 0, LK_OPT_FLAG, FIELD(no_register), NULL,
		"do not note the prefix in ~/.conda/environments.txt, where conda finds it", NULL},
	{"wait", 0, LK_OPT_UINT, FIELD(wait), "SECONDS",
		"how long to wait for another install into the prefix (default: not at all)", NULL},
	{"verify", 0, LK_OPT_FLAG, FIELD(verify), NULL,
		"hash again every file that comes from the cache", NULL},
	{"require-signature", 0, LK_OPT_FLAG, FIELD(require_signature), NULL,
		"refuse what is not signed (FILE.sig) by a key that is trusted here", NULL},
	{"strict", 0, LK_OPT_FLAG, FIELD(strict), NULL,
		"refuse clobbered files, links that point outside and locks with holes", NULL},
};

#ifdef LK_CLI_OFFLINE
#define FIRST_EXAMPLE "lockenv-install env.lockpack -p /opt/env"
#define SECOND_EXAMPLE "lockenv-install env.lockpack --no-cache -p /local/env"
#else
#define FIRST_EXAMPLE "lockenv install env.lock"
#define SECOND_EXAMPLE "lockenv install env.lockpack --no-cache -p /opt/env"
#endif

const struct lk_cmd lk_cmd_install = {
	.name = "install",
	.arguments = "LOCK|BUNDLE",
	.summary = "make an environment equal to a lock, offline",
	.description =
		"Builds the environment beside the prefix and makes it current by one rename: the "
		"prefix is either the old or the new one. Foreign files in the prefix are carried "
		"over, packages that did not change stay as they are. The host is held against "
		"what the lock requires first.\n"
		"\n"
		"Packages come from the cache; from a bundle (made by lockenv pack), which is read "
		"in place and need not be unpacked, be it whole or in volumes; and from what "
		"--from names. Each archive is hashed against the lock before anything of it is "
		"used. The cache keeps what was extracted for the next install; --no-cache keeps "
		"nothing, needs no home folder and takes the room of one environment.\n"
		"\n"
		"A lock or bundle can be signed: FILE.sig beside it, by ssh-keygen -Y sign -n "
		"lockenv or openssl pkeyutl -sign -rawin. Trusted keys are the lines of "
		"/etc/lockenv/trusted_keys and ~/.config/lockenv/trusted_keys, or of the file "
		"LOCKENV_TRUSTED_KEYS; LOCKENV_REQUIRE_SIGNATURE=1 stands for --require-signature.",
	.examples = {FIRST_EXAMPLE, SECOND_EXAMPLE},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
