/*
 * lockenv fetch: every locked package into the cache, verified.
 */
#include "cli/app.h"
#include "cli/exit.h"
#include "cli/fetch_facts.h"
#include "cli/fetching.h"
#include "cli/lock_arg.h"

#include <limits.h>

struct context {
	struct lk_args platforms;
	bool offline, verify, facts, locked;
};

/* What is at work, and what came of it. */
struct run {
	struct lk_app *app;
	const struct context *c;
	struct lk_cache *cache;
	struct lk_fetch *fetch;
	struct lk_fetch_stats stats;
	size_t n_changed; /* locks that have other facts now, or would have */
};

static int record_facts(struct run *r, const char *path, const struct lk_records *records,
	struct lk_lock_arg *arg, struct lk_error *err)
{
	bool changed = false;
	int rc = lk_fetch_facts(r->app, r->cache, records, r->c->locked, arg, &changed, err);
	if (rc == 0 && changed) {
		r->n_changed++;
		lk_note(&r->app->report, 0, "%s %s", path,
			r->c->locked ? "has other facts than its archives" : "has their facts now");
	}
	return rc;
}

static int fetch_lock(struct run *r, const char *path, struct lk_error *err)
{
	struct lk_app *app = r->app;
	const struct context *c = r->c;
	struct lk_lock_arg LK_CLEANUP(lk_lock_arg_done) arg = {0};
	int rc = lk_lock_arg_read(app, path, &arg, err);
	if (rc < 0) {
		return rc;
	}
	struct lk_records records = {0};
	for (size_t i = 0; rc == 0 && i < c->platforms.len; i++) {
		const struct lk_lock_platform *platform;
		rc = lk_lock_arg_platform(&arg, c->platforms.items[i], false, &platform, err);
		for (size_t k = 0; rc == 0 && k < platform->n_packages; k++) {
			lk_vec_push(&records, platform->packages[k]);
		}
	}
	for (size_t i = 0; c->platforms.len == 0 && i < arg.lock.n_platforms; i++) {
		for (size_t k = 0; k < arg.lock.platforms[i].n_packages; k++) {
			lk_vec_push(&records, arg.lock.platforms[i].packages[k]);
		}
	}
	struct lk_fetch_stats stats = {0};
	if (rc == 0) {
		rc = lk_app_fetch_locked(app, r->fetch, &arg.lock, &records, &stats, err);
	}
	if (rc == 0 && c->facts) {
		rc = record_facts(r, path, &records, &arg, err);
	}
	r->stats.downloaded += stats.downloaded;
	r->stats.present += stats.present;
	r->stats.bytes += stats.bytes;
	lk_vec_done(&records);
	return rc;
}

/* Without a network what is missing of all of them is told, and the first is the error. */
static int fetch_locks(struct run *r, const struct lk_args *locks, struct lk_error *err)
{
	struct lk_error first = LK_ERROR_INIT;
	for (size_t i = 0; i < locks->len; i++) {
		int rc = fetch_lock(r, locks->items[i], err);
		if (rc < 0 && rc != LK_E_OFFLINE) {
			return rc;
		}
		if (rc < 0 && first.code == 0) {
			first = *err;
		}
	}
	*err = first;
	return first.code;
}

static void tell(const struct run *r)
{
	struct lk_app *app = r->app;
	const char *cache = lk_cache_path(r->cache);
	if (app->common.json) {
		struct lk_jw w;
		lk_jw_init(&w, &app->out, true);
		lk_jw_object(&w);
		lk_jw_key_uint(&w, "downloaded", r->stats.downloaded);
		lk_jw_key_uint(&w, "present", r->stats.present);
		lk_jw_key_uint(&w, "bytes", r->stats.bytes);
		lk_jw_key_string(&w, "cache", lk_str_of(cache));
		if (r->c->facts) {
			lk_jw_key_uint(&w, "locks_with_other_facts", r->n_changed);
		}
		lk_jw_end(&w);
		lk_buf_putc(&app->out, '\n');
	} else {
		lk_note(&app->report, 0, "fetched %zu packages (%.1f MB), %zu were in the cache %s",
			r->stats.downloaded, (double)r->stats.bytes / 1e6, r->stats.present, cache);
	}
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct context *c = context;
	struct run r = {.app = app, .c = c};
	if (c->locked && !c->facts) {
		lk_fail(err, LK_E_USAGE, "--locked says nothing without --facts");
		lk_error_hint(err, "fetch changes no lock unless --facts is given");
		return LK_E_USAGE;
	}
	int rc = lk_app_cache(app, &r.cache, err);
	if (rc == 0) {
		rc = lk_app_fetch(app, r.cache, c->offline, &r.fetch, err);
	}
	if (rc == 0 && c->verify) {
		lk_fetch_verify(r.fetch);
	}
	rc = rc < 0 ? rc : fetch_locks(&r, args, err);
	if (rc == 0 && c->locked && r.n_changed > 0) {
		app->status = LK_EXIT_FINDING;
	}
	if (rc == 0) {
		tell(&r);
	}
	lk_fetch_free(r.fetch);
	lk_cache_free(r.cache);
	return rc;
}

static const struct lk_opt options[] = {
	{"platform", 0, LK_OPT_LIST, offsetof(struct context, platforms), "P",
		"this platform of the lock only; repeatable (default: all)", NULL},
	{"offline", 0, LK_OPT_FLAG, offsetof(struct context, offline), NULL,
		"download nothing; list what is missing", NULL},
	{"verify", 0, LK_OPT_FLAG, offsetof(struct context, verify), NULL,
		"hash what the cache has; what is damaged is fetched again", NULL},
	{"facts", 0, LK_OPT_FLAG, offsetof(struct context, facts), NULL,
		"look into the archives and record in the locks what GPUs and glibc they are for",
		NULL},
	{"locked", 0, LK_OPT_FLAG, offsetof(struct context, locked), NULL,
		"with --facts: write nothing, exit 1 if a lock would change", NULL},
};

const struct lk_cmd lk_cmd_fetch = {
	.name = "fetch",
	.arguments = "LOCK...",
	.summary = "put every locked package into the cache, verified",
	.description =
		"Downloads the packages of one or several locks in parallel. Each file is hashed "
		"while it is written and enters the cache only when its size and SHA-256 are those "
		"of the lock. What is in the cache already is not fetched again, and what an "
		"interrupted run has got is where the next one goes on. Credentials, proxies, "
		"certificates and mirrors come from .condarc and the environment "
		"(docs/network.md).\n"
		"\n"
		"--facts finds in each archive which GPU architectures its libraries have code for "
		"and the oldest glibc that they run with, and writes both into the lock, from "
		"where "
		"diff tells what an upgrade loses. What a lock says already is checked: a fact "
		"that "
		"is not so is told and corrected (docs/lockfile.md).",
	.examples = {"lockenv fetch --platform linux-64 a.lock b.lock",
		"lockenv fetch --facts env.lock"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 1,
	.max_args = UINT_MAX,
	.run = run,
};
