/*
 * Environments as squashfs images.
 */
#include "cli/pack_image.h"

#include <time.h>

#include "base/fs.h"
#include "base/json.h"
#include "cli/fetching.h"
#include "cli/install_tell.h"
#include "cli/signing.h"
#include "cli/sources.h"
#include "conda/subdir.h"
#include "install/image.h"
#include "install/install.h"

struct making {
	struct lk_app *app;
	const struct lk_pack_options *options;
	struct lk_lock_arg lock;
	const struct lk_lock_platform *platform;
	const char *prefix, *output; /* absolute */
	struct lk_cache *cache;
	struct lk_install_result result;
	uint64_t size; /* bytes of the image */
};

static int absolute(struct making *m, const char *path, const char **ret, struct lk_error *err)
{
	char *LK_AUTO_FREE whole = NULL;
	int rc = lk_path_absolute(path, &whole, err);
	if (rc == 0) {
		*ret = lk_arena_strndup(&m->app->arena, whole, strlen(whole));
	}
	return rc;
}

static int read_paths(struct making *m, struct lk_error *err)
{
	if (!m->options->prefix) {
		lk_fail(err, LK_E_USAGE, "no prefix given for the image");
		lk_error_hint(
			err, "say with -p PREFIX where it will be mounted; nothing need be there");
		return LK_E_USAGE;
	}
	int rc = absolute(m, m->options->prefix, &m->prefix, err);
	if (rc == 0) {
		rc = lk_site_check_prefix(m->prefix, err);
	}
	return rc < 0 ? rc : absolute(m, m->options->output, &m->output, err);
}

/* What this host cannot compile is without pyc: said before the work. */
static void warn_of_others(const struct making *m)
{
	if (!lk_str_is(m->platform->subdir, lk_subdir_native()) && !m->options->no_compile) {
		lk_warn(&m->app->report,
			"an image for " LK_STR_FMT " made on %s: its python cannot run here, so "
			"that noarch packages stay uncompiled",
			LK_STR_ARG(m->platform->subdir), lk_subdir_native());
	}
}

/* ---- archives ---- */

static int fetch_missing(struct making *m, const struct lk_records *missing, struct lk_error *err)
{
	const struct lk_lock *lock = &m->lock.lock;
	struct lk_fetch *fetch = NULL;
	struct lk_fetch_stats stats;
	int rc = lk_app_fetch(m->app, m->cache, false, &fetch, err);
	if (rc == 0) {
		rc = lk_app_fetch_locked(m->app, fetch, lock, missing, &stats, err);
	}
	lk_fetch_free(fetch);
	return rc;
}

/* What is still missing then the install tells. */
static int open_cache(struct making *m, struct lk_error *err)
{
	const struct lk_sources sources = {
		&m->options->from, LK_STEAL(m->lock.bundle), false, false};
	struct lk_records missing = {0};
	int rc = lk_sources_open(m->app, &sources, &m->cache, err);
	if (rc == 0) {
		rc = lk_sources_import(m->app, &sources, m->cache, m->platform->packages,
			m->platform->n_packages, &missing, err);
	}
	if (rc == 0 && m->options->fetch && missing.len > 0) {
		rc = fetch_missing(m, &missing, err);
	}
	lk_vec_done(&missing);
	return rc;
}

/* ---- the image ---- */

static int build(struct making *m, const char *tree, struct lk_error *err)
{
	const struct lk_install_options how = {
		.compile = !m->options->no_compile &&
			lk_str_is(m->platform->subdir, lk_subdir_native()),
		.jobs = m->app->common.jobs,
		.subdir = m->platform->subdir,
		.specs = m->platform->specs,
		.variables = lk_lock_arg_variables(m->app, &m->lock.lock),
		.n_variables = m->lock.lock.n_variables,
		.arena = &m->app->arena,
		.final_prefix = m->prefix,
		.now = (int64_t)time(NULL),
	};
	struct lk_sha256 digest = lk_sha256_of(lk_buf_cstr(&m->lock.text), m->lock.text.len);
	return lk_install(m->cache, tree, m->platform->packages, m->platform->n_packages,
		m->lock.lock.channels, m->lock.lock.n_channels, &digest, &how, &m->app->report,
		&m->result, err);
}

static int find_program(struct making *m, const char **ret, struct lk_error *err)
{
	const char *found = lk_app_find_program(m->app, "mksquashfs");
	if (!found) {
		lk_fail(err, LK_E_USAGE, "mksquashfs is not on PATH");
		lk_error_hint(err, "install squashfs-tools");
		return LK_E_USAGE;
	}
	return absolute(m, found, ret, err);
}

static int squash(struct making *m, const struct lk_image_options *options, struct lk_error *err)
{
	struct lk_image image;
	int rc = lk_image_begin(m->output, &image, &m->app->report, err);
	if (rc < 0) {
		return rc;
	}
	rc = build(m, image.tree, err);
	if (rc == 0) {
		rc = lk_image_finish(&image, options, &m->app->report, &m->size, err);
	}
	lk_image_done(&image);
	return rc;
}

static int make(struct making *m, struct lk_error *err)
{
	struct lk_image_options options = {
		.compression = m->options->compress, .jobs = m->app->common.jobs};
	int rc = find_program(m, &options.mksquashfs, err);
	if (rc == 0) {
		rc = open_cache(m, err);
	}
	return rc < 0 ? rc : squash(m, &options, err);
}

/* ---- telling ---- */

static void tell_json(const struct making *m)
{
	struct lk_jw w;
	lk_jw_init(&w, &m->app->out, true);
	lk_jw_object(&w);
	lk_jw_key_string(&w, "image", lk_str_of(m->options->output));
	lk_jw_key(&w, "dry_run");
	lk_jw_bool(&w, m->options->dry_run);
	lk_jw_key_string(&w, "prefix", lk_str_of(m->prefix));
	lk_jw_key_string(&w, "platform", m->platform->subdir);
	if (!m->options->dry_run) {
		lk_jw_key_uint(&w, "size", m->size);
		lk_jw_key_uint(&w, "files", m->result.files);
		lk_jw_key_string(&w, "tree_digest", lk_str_of(m->result.tree_digest));
		lk_install_tell_scripts(&w, m->result.scripts, m->result.skipped_scripts);
	}
	lk_jw_end(&w);
	lk_buf_putc(&m->app->out, '\n');
}

static void tell(const struct making *m)
{
	const struct lk_report *report = &m->app->report;
	if (m->app->common.json) {
		tell_json(m);
		return;
	}
	if (m->options->dry_run) {
		lk_note(report, 0, "would make %s, to be mounted at %s: %zu packages",
			m->options->output, m->prefix, m->platform->n_packages);
		return;
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) size = LK_BUF_INIT(32);
	lk_buf_put_size(&size, m->size);
	lk_note(report, 0, "made %s, to be mounted at %s: %s, %zu files", m->options->output,
		m->prefix, lk_buf_cstr(&size), m->result.files);
	lk_note(report, 0, "tree digest sha256:%s", m->result.tree_digest);
}

/* What only bundles have, and what would be left open. */
static int check_options(
	const struct lk_pack_options *options, const struct lk_args *locks, struct lk_error *err)
{
	const char *other = options->volume_size ? "--volume-size"
		: options->delta.len > 0         ? "--delta-from"
		: options->installers.len > 0    ? "--installer"
		: options->sign                  ? "--sign"
						 : NULL;
	if (other) {
		lk_fail(err, LK_E_USAGE, "%s is for bundles, not for images", other);
		lk_error_hint(err, "leave it out, or make a bundle (no --format)");
		return LK_E_USAGE;
	}
	if (locks->len != 1 || options->platforms.len > 1) {
		lk_fail(err, LK_E_USAGE, "an image is of one lock and one platform");
		lk_error_hint(err, "make one image for each");
		return LK_E_USAGE;
	}
	return 0;
}

/* A lock, or a bundle of one. */
static int read_lock(struct making *m, const char *path, struct lk_error *err)
{
	const char *signed_path;
	int rc = lk_lock_arg_open(path, &m->lock, err);
	if (rc == 0) {
		lk_str text = lk_lock_arg_signed(&m->lock, &signed_path);
		rc = lk_app_check_signature(m->app, false, signed_path, text, err);
	}
	if (rc == 0) {
		rc = lk_lock_arg_choose(&m->lock, NULL, err);
	}
	return rc < 0 ? rc : lk_lock_arg_parse(m->app, &m->lock, err);
}

int lk_pack_image(struct lk_app *app, const struct lk_pack_options *options,
	const struct lk_args *locks, struct lk_error *err)
{
	struct making m = {.app = app, .options = options};
	int rc = check_options(options, locks, err);
	if (rc == 0) {
		rc = lk_sources_check(&options->from, err);
	}
	if (rc == 0) {
		rc = read_lock(&m, locks->items[0], err);
	}
	if (rc == 0) {
		rc = lk_lock_arg_platform(&m.lock,
			options->platforms.len > 0 ? options->platforms.items[0] : NULL, true,
			&m.platform, err);
	}
	if (rc == 0) {
		rc = read_paths(&m, err);
	}
	if (rc == 0) {
		warn_of_others(&m);
		rc = options->dry_run ? 0 : make(&m, err);
	}
	if (rc == 0) {
		tell(&m);
	}
	lk_cache_free(m.cache);
	lk_lock_arg_done(&m.lock);
	return rc;
}
