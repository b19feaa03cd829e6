/*
 * lockenv install: make a prefix equal to a lock, from the cache alone.
 *
 * The same command serves lockenv-install, which has no network: there LK_CLI_OFFLINE leaves out
 * --fetch.
 */
#include "cli/app.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/fs.h"
#include "base/json.h"
#include "cli/lock_arg.h"
#include "cli/signing.h"
#include "conda/subdir.h"
#include "install/install.h"
#ifndef LK_CLI_OFFLINE
#include "cli/fetching.h"
#endif

struct context {
	const char *prefix, *name, *platform, *host, *link;
	struct lk_args from;
	bool no_cache, no_compile, run_link_scripts, dry_run, verify, strict, fetch, safety_warn;
	bool require_signature;
	unsigned wait;
};

/* -p, -n, or the lock's file name without ".lock", beside it. */
static int choose_prefix(struct lk_app *app, const struct context *c, const char *lock,
	const char **ret, struct lk_error *err)
{
	const char *prefix;
	int rc = lk_app_prefix(app, c->prefix, c->name, &prefix, err);
	if (rc < 0) {
		return rc;
	}
	if (!prefix) {
		size_t len = strlen(lock);
		if (!lk_str_ends(lk_str_of(lock), LK_STR(".lock")) ||
			lk_path_basename(lk_str_of(lock)).len == strlen(".lock")) {
			lk_fail(err, LK_E_USAGE, "no prefix given, and '%s' does not end in .lock",
				lock);
			lk_error_hint(err, "say where to install with -p PREFIX");
			return LK_E_USAGE;
		}
		prefix = lk_arena_strndup(&app->arena, lock, len - strlen(".lock"));
	}
	char *LK_AUTO_FREE absolute = NULL;
	rc = lk_path_absolute(prefix, &absolute, err);
	if (rc == 0) {
		*ret = lk_arena_strndup(&app->arena, absolute, strlen(absolute));
	}
	return rc;
}

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
	int rc = lk_app_host(app, c->host, &host, NULL, err);
	if (rc == 0) {
		rc = lk_lock_check_host(platform, &host, err);
	}
	lk_vec_done(&host);
	return rc;
}

/* --no-cache, or no place for a cache while there are others to take archives from. */
static bool is_without_cache(struct lk_app *app, const struct context *c)
{
	const char *path;
	struct lk_error none = LK_ERROR_INIT;
	if (c->no_cache || c->from.len == 0 || lk_app_cache_path(app, &path, &none) == 0) {
		return c->no_cache;
	}
	lk_note(&app->report, 0, "no cache is used: %s", none.message);
	return true;
}

/* The cache itself; nothing is made for a dry run. */
static int open_own(
	struct lk_app *app, const struct context *c, struct lk_cache **ret, struct lk_error *err)
{
	int rc = LK_E_NOT_FOUND;
	if (!is_without_cache(app, c)) {
		rc = c->dry_run ? lk_app_cache_look(app, ret, err)
				: lk_app_cache_layers(app, ret, err);
	}
	if (rc == LK_E_NOT_FOUND) {
		*ret = lk_cache_new();
		return 0;
	}
	if (rc == LK_E_FS) {
		lk_error_hint(err,
			"name a folder that can be written with --cache DIR, or do without one: "
			"--no-cache");
	}
	return rc;
}

/* With one that nothing can be put into, the folders of --from are layers of it. */
static int open_cache(
	struct lk_app *app, const struct context *c, struct lk_cache **ret, struct lk_error *err)
{
	struct lk_cache *cache = NULL;
	int rc = open_own(app, c, &cache, err);
	for (size_t i = 0; rc == 0 && !lk_cache_is_writable(cache) && i < c->from.len; i++) {
		rc = lk_cache_add_folder(cache, c->from.items[i], err);
	}
	if (rc < 0) {
		lk_cache_free(cache);
		return rc;
	}
	*ret = cache;
	return 0;
}

/* A folder that is not there is a slip, also when nothing would be taken from it. */
static int check_from(const struct context *c, struct lk_error *err)
{
	for (size_t i = 0; i < c->from.len; i++) {
		int LK_AUTO_CLOSE fd = open(c->from.items[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
			lk_fail_errno(err, LK_E_USAGE, errno, "cannot take archives from '%s'",
				c->from.items[i]);
			lk_error_hint(err, "give --from a folder of archives, or a cache");
			return err->code;
		}
	}
	return 0;
}

/* Copies RECORD's archive from the first of the --from folders that has the right bytes.
 * LK_E_NOT_FOUND when none has it. */
static int import_archive(struct lk_app *app, const struct context *c, struct lk_cache *cache,
	const struct lk_record *record, struct lk_error *err)
{
	int rc = LK_E_NOT_FOUND;
	for (size_t i = 0; i < c->from.len && rc < 0; i++) {
		rc = lk_cache_import(cache, c->from.items[i], record, err);
		if (rc == LK_E_INTEGRITY && i + 1 < c->from.len) {
			lk_warn(&app->report, "%s", err->message);
		} else if (rc < 0 && rc != LK_E_NOT_FOUND) {
			break;
		}
	}
	return rc;
}

/* What the cache lacks it gets from the folders. RET_MISSING: what none of them has. */
static int import_archives(struct lk_app *app, const struct context *c, struct lk_cache *cache,
	const struct lk_lock_platform *platform, struct lk_records *ret_missing,
	struct lk_error *err)
{
	for (size_t i = 0; i < platform->n_packages; i++) {
		const struct lk_record *record = &platform->packages[i];
		struct lk_blob LK_CLEANUP(lk_blob_done) blob = LK_BLOB_NONE;
		int rc = lk_cache_open_archive(cache, record, &blob, err);
		if (rc == LK_E_NOT_FOUND && lk_cache_is_writable(cache)) {
			rc = import_archive(app, c, cache, record, err);
		}
		if (rc == LK_E_NOT_FOUND) {
			lk_vec_push(ret_missing, *record);
		} else if (rc < 0) {
			return rc;
		}
	}
	lk_error_clear(err);
	return 0;
}

#ifndef LK_CLI_OFFLINE
static int fetch_missing(struct lk_app *app, struct lk_cache *cache, const struct lk_lock *lock,
	const struct lk_records *missing, struct lk_error *err)
{
	struct lk_fetch *fetch = NULL;
	struct lk_fetch_stats stats;
	int rc = lk_app_fetch(app, cache, false, &fetch, err);
	if (rc == 0) {
		rc = lk_fetch_packages(fetch, lock->channels, lock->n_channels, missing->items,
			missing->len, &stats, err);
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

/* MISSING: what a dry run would fetch. */
static void tell(struct lk_app *app, const struct context *c, const char *prefix,
	const struct lk_records *missing, const struct lk_install_result *result)
{
	bool would_fetch = c->dry_run && c->fetch;
	if (app->common.json) {
		struct lk_jw w;
		lk_jw_init(&w, &app->out, true);
		lk_jw_object(&w);
		lk_jw_key_string(&w, "prefix", lk_str_of(prefix));
		lk_jw_key(&w, "dry_run");
		lk_jw_bool(&w, c->dry_run);
		lk_jw_key(&w, "unchanged");
		lk_jw_bool(&w, result->unchanged);
		lk_jw_key_uint(&w, "added", result->added);
		lk_jw_key_uint(&w, "removed", result->removed);
		lk_jw_key_uint(&w, "replaced", result->replaced);
		lk_jw_key_uint(&w, "kept", result->kept);
		lk_jw_key_uint(&w, "files", result->files);
		lk_jw_opt_string(&w, "link_mode", lk_str_of(result->link_mode));
		lk_jw_opt_string(&w, "tree_digest", lk_str_of(result->tree_digest));
		lk_jw_key_uint(&w, "skipped_scripts", result->skipped_scripts);
		if (would_fetch) {
			lk_jw_key(&w, "would_fetch");
			lk_jw_array(&w);
			for (size_t i = 0; i < missing->len; i++) {
				lk_jw_string(&w, missing->items[i].url);
			}
			lk_jw_end(&w);
		}
		lk_jw_end(&w);
		lk_buf_putc(&app->out, '\n');
		return;
	}
	for (size_t i = 0; would_fetch && i < missing->len; i++) {
		lk_note(&app->report, 0, "would fetch '" LK_STR_FMT "'",
			LK_STR_ARG(missing->items[i].url));
	}
	if (result->unchanged) {
		lk_note(&app->report, 0, "%s is up to date", prefix);
		return;
	}
	lk_note(&app->report, 0,
		"%s %s: %zu added, %zu replaced, %zu removed, %zu kept; %zu files%s%s",
		c->dry_run ? "would install" : "installed", prefix, result->added, result->replaced,
		result->removed, result->kept, result->files, result->link_mode ? ", by " : "",
		result->link_mode ? result->link_mode : "");
	if (result->tree_digest[0]) {
		lk_note(&app->report, 0, "tree digest sha256:%s", result->tree_digest);
	}
}

static int install(struct lk_app *app, const struct context *c, const struct lk_lock_arg *arg,
	const struct lk_lock_platform *platform, const char *prefix, struct lk_error *err)
{
	struct lk_cache *cache = NULL;
	struct lk_records missing = {0};
	int rc = open_cache(app, c, &cache, err);
	if (rc == 0) {
		rc = import_archives(app, c, cache, platform, &missing, err);
	}
	if (rc == 0 && c->fetch && !c->dry_run) {
		rc = fetch_missing(app, cache, &arg->lock, &missing, err);
	}
	struct lk_install_options options = {
		.link = link_mode(c->link),
		.compile = !c->no_compile,
		.run_link_scripts = c->run_link_scripts,
		.strict = c->strict,
		.verify = c->verify,
		.safety_warn = c->safety_warn,
		.dry_run = c->dry_run,
		.jobs = app->common.jobs,
		.wait = c->wait,
		.subdir = platform->subdir,
		.specs = platform->specs,
		.now = (int64_t)time(NULL),
	};
	struct lk_sha256 digest = lk_sha256_of(lk_buf_cstr(&arg->text), arg->text.len);
	struct lk_install_result result = {0};
	if (rc == 0) {
		rc = lk_install(cache, prefix, platform->packages, platform->n_packages,
			arg->lock.channels, arg->lock.n_channels, &digest, &options, &app->report,
			&result, err);
	}
	if (rc == 0) {
		tell(app, c, prefix, &missing, &result);
	}
	lk_vec_done(&missing);
	lk_cache_free(cache);
	return rc;
}

/* Nothing of the lock is looked at before its signature. */
static int read_lock(struct lk_app *app, const struct context *c, const char *path,
	struct lk_lock_arg *ret, struct lk_error *err)
{
	int rc = lk_lock_arg_load(path, ret, err);
	if (rc == 0) {
		rc = lk_app_check_signature(
			app, c->require_signature, path, lk_buf_view(&ret->text), err);
	}
	return rc < 0 ? rc : lk_lock_arg_parse(app, ret, err);
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

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct context *c = context;
	struct lk_lock_arg LK_CLEANUP(lk_lock_arg_done) arg = {0};
	const struct lk_lock_platform *platform;
	const char *prefix;
	int rc = check_options(app, c, err);
	if (rc == 0) {
		rc = read_lock(app, c, args->items[0], &arg, err);
	}
	if (rc == 0) {
		rc = choose_prefix(app, c, args->items[0], &prefix, err);
	}
	if (rc == 0) {
		rc = lk_lock_arg_platform(&arg, c->platform, false, &platform, err);
	}
	if (rc == 0) {
		rc = check_from(c, err);
	}
	if (rc == 0) {
		rc = check_whole(app, c, platform, err);
	}
	if (rc == 0) {
		rc = check_host(app, c, platform, err);
	}
	if (rc == 0) {
		rc = install(app, c, &arg, platform, prefix, err);
	}
	return rc;
}

#define FIELD(name) offsetof(struct context, name)

static const struct lk_opt options[] = {
	{"prefix", 'p', LK_OPT_STRING, FIELD(prefix), "PREFIX",
		"where to install (default: the lock's name without .lock)", NULL},
	{"name", 'n', LK_OPT_STRING, FIELD(name), "NAME", "an environment of the envs folder",
		NULL},
	{"from", 0, LK_OPT_LIST, FIELD(from), "DIR",
		"take missing archives from this folder or cache; repeatable", NULL},
#ifndef LK_CLI_OFFLINE
	{"fetch", 0, LK_OPT_FLAG, FIELD(fetch), NULL,
		"download what is missing (otherwise no socket is ever opened)", NULL},
#endif
	{"no-cache", 0, LK_OPT_FLAG, FIELD(no_cache), NULL,
		"use no cache: extract beside the prefix, straight from --from", NULL},
	{"platform", 0, LK_OPT_STRING, FIELD(platform), "P",
		"install this platform of the lock (default: this host's)", NULL},
	{"host", 0, LK_OPT_STRING, FIELD(host), "FILE",
		"check against this node profile (info --json) instead of this machine", NULL},
	{"link", 0, LK_OPT_STRING, FIELD(link), "HOW", "how files come from the cache",
		"auto|hardlink|reflink|copy|symlink"},
	{"no-compile", 0, LK_OPT_FLAG, FIELD(no_compile), NULL,
		"do not compile noarch python packages", NULL},
	{"run-link-scripts", 0, LK_OPT_FLAG, FIELD(run_link_scripts), NULL,
		"run the packages' link scripts after the exchange", NULL},
	{"dry-run", 0, LK_OPT_FLAG, FIELD(dry_run), NULL,
		"write nothing, fetch nothing; tell what would be done", NULL},
	{"wait", 0, LK_OPT_UINT, FIELD(wait), "SECONDS",
		"how long to wait for another install into the prefix (default: not at all)", NULL},
	{"verify", 0, LK_OPT_FLAG, FIELD(verify), NULL,
		"hash again every file that comes from the cache", NULL},
	{"require-signature", 0, LK_OPT_FLAG, FIELD(require_signature), NULL,
		"refuse what is not signed (LOCK.sig) by a key that is trusted here", NULL},
	{"strict", 0, LK_OPT_FLAG, FIELD(strict), NULL,
		"refuse clobbered files, links that point outside and locks with holes", NULL},
};

const struct lk_cmd lk_cmd_install = {
	.name = "install",
	.arguments = "LOCK",
	.summary = "make an environment equal to a lock, offline",
	.description =
		"Builds the environment beside the prefix from the cache and makes it current by "
		"one "
		"rename: the prefix is either the old or the new one. Foreign files in the prefix "
		"are carried over. The host is held against what the lock requires first. "
		"A lock can be signed: LOCK.sig beside it, by ssh-keygen -Y sign -n lockenv or "
		"openssl pkeyutl -sign -rawin. Trusted keys are the lines of "
		"/etc/lockenv/trusted_keys and ~/.config/lockenv/trusted_keys, or of the file "
		"LOCKENV_TRUSTED_KEYS; LOCKENV_REQUIRE_SIGNATURE=1 stands for --require-signature.",
	.examples = {"lockenv install env.lock",
		"lockenv install env.lock -p /opt/env --from /mnt/pkgs"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
