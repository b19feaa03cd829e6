/*
 * lockenv fetch: every locked package into the cache, verified.
 */
#include "cli/app.h"
#include "cli/fetching.h"
#include "cli/lock_arg.h"

#include <limits.h>

struct context {
	struct lk_args platforms;
	bool offline, verify;
};

static int fetch_lock(struct lk_app *app, const struct context *c, const char *path,
	struct lk_fetch *fetch, struct lk_fetch_stats *total, struct lk_error *err)
{
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
		rc = lk_app_fetch_locked(app, fetch, &arg.lock, &records, &stats, err);
	}
	total->downloaded += stats.downloaded;
	total->present += stats.present;
	total->bytes += stats.bytes;
	lk_vec_done(&records);
	return rc;
}

/* Without a network what is missing of all of them is told, and the first is the error. */
static int fetch_locks(struct lk_app *app, const struct context *c, const struct lk_args *locks,
	struct lk_fetch *fetch, struct lk_fetch_stats *total, struct lk_error *err)
{
	struct lk_error first = LK_ERROR_INIT;
	for (size_t i = 0; i < locks->len; i++) {
		int rc = fetch_lock(app, c, locks->items[i], fetch, total, err);
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

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	const struct context *c = context;
	struct lk_cache *cache = NULL;
	struct lk_fetch *fetch = NULL;
	struct lk_fetch_stats stats = {0};
	int rc = lk_app_cache(app, &cache, err);
	if (rc == 0) {
		rc = lk_app_fetch(app, cache, c->offline, &fetch, err);
	}
	if (rc == 0 && c->verify) {
		lk_fetch_verify(fetch);
	}
	rc = rc < 0 ? rc : fetch_locks(app, c, args, fetch, &stats, err);
	if (rc == 0 && app->common.json) {
		struct lk_jw w;
		lk_jw_init(&w, &app->out, true);
		lk_jw_object(&w);
		lk_jw_key_uint(&w, "downloaded", stats.downloaded);
		lk_jw_key_uint(&w, "present", stats.present);
		lk_jw_key_uint(&w, "bytes", stats.bytes);
		lk_jw_key_string(&w, "cache", lk_str_of(lk_cache_path(cache)));
		lk_jw_end(&w);
		lk_buf_putc(&app->out, '\n');
	} else if (rc == 0) {
		lk_note(&app->report, 0, "fetched %zu packages (%.1f MB), %zu were in the cache %s",
			stats.downloaded, (double)stats.bytes / 1e6, stats.present,
			lk_cache_path(cache));
	}
	lk_fetch_free(fetch);
	lk_cache_free(cache);
	return rc;
}

static const struct lk_opt options[] = {
	{"platform", 0, LK_OPT_LIST, offsetof(struct context, platforms), "P",
		"this platform of the lock only; repeatable (default: all)", NULL},
	{"offline", 0, LK_OPT_FLAG, offsetof(struct context, offline), NULL,
		"download nothing; list what is missing", NULL},
	{"verify", 0, LK_OPT_FLAG, offsetof(struct context, verify), NULL,
		"hash what the cache has; what is damaged is fetched again", NULL},
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
		"(docs/network.md).",
	.examples = {"lockenv fetch env.lock", "lockenv fetch --platform linux-64 a.lock b.lock"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 1,
	.max_args = UINT_MAX,
	.run = run,
};
