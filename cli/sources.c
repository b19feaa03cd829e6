/*
 * Opening the places that packages come from.
 */
#include "cli/sources.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "store/bundle.h"

static bool is_folder(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int lk_sources_check(const struct lk_args *from, struct lk_error *err)
{
	for (size_t i = 0; i < from->len; i++) {
		const char *path = from->items[i];
		struct stat st;
		if (is_folder(path) || lk_bundle_is(path)) {
			continue;
		}
		if (stat(path, &st) < 0) {
			lk_fail_errno(
				err, LK_E_USAGE, errno, "cannot take archives from '%s'", path);
		} else {
			lk_fail(err, LK_E_USAGE,
				"cannot take archives from '%s': no bundle and no folder", path);
		}
		lk_error_hint(err, "give --from a bundle, a folder of archives, or a cache");
		return err->code;
	}
	return 0;
}

/* --no-cache, or no place for a cache while there are others to take archives from. */
static bool is_without_cache(struct lk_app *app, const struct lk_sources *sources)
{
	const char *path;
	struct lk_error none = LK_ERROR_INIT;
	bool has_source = sources->bundle != NULL || sources->from->len > 0;
	if (sources->no_cache || !has_source || lk_app_cache_path(app, &path, &none) == 0) {
		return sources->no_cache;
	}
	lk_note(&app->report, 0, "no cache is used: %s", none.message);
	return true;
}

/* The cache itself; nothing is made for a dry run. */
static int open_own(struct lk_app *app, const struct lk_sources *sources, struct lk_cache **ret,
	struct lk_error *err)
{
	int rc = LK_E_NOT_FOUND;
	if (!is_without_cache(app, sources)) {
		rc = sources->dry_run ? lk_app_cache_look(app, ret, err)
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

/* What --from names, in its order: a bundle is read in place; so is a folder, where the cache is
 * none that its archives could be copied into. */
static int add_from(const struct lk_sources *sources, struct lk_cache *cache, struct lk_error *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sources->from->len; i++) {
		const char *path = sources->from->items[i];
		struct lk_bundle *bundle = NULL;
		if (!is_folder(path)) {
			rc = lk_bundle_open(path, &bundle, err);
			rc = rc < 0 ? rc : lk_cache_add_bundle(cache, bundle, err);
		} else if (!lk_cache_is_writable(cache)) {
			rc = lk_cache_add_folder(cache, path, err);
		}
	}
	return rc;
}

int lk_sources_open(struct lk_app *app, const struct lk_sources *sources, struct lk_cache **ret,
	struct lk_error *err)
{
	struct lk_cache *cache = NULL;
	struct lk_bundle *bundle = sources->bundle;
	int rc = open_own(app, sources, &cache, err);
	if (rc < 0) {
		lk_bundle_free(bundle);
		return rc;
	}
	rc = bundle ? lk_cache_add_bundle(cache, bundle, err) : 0;
	rc = rc < 0 ? rc : add_from(sources, cache, err);
	if (rc < 0) {
		lk_cache_free(cache);
		return rc;
	}
	*ret = cache;
	return 0;
}

/* Copies RECORD's archive from the first of the --from folders that has the right bytes.
 * LK_E_NOT_FOUND when none has it. */
static int import_archive(struct lk_app *app, const struct lk_sources *sources,
	struct lk_cache *cache, const struct lk_record *record, struct lk_error *err)
{
	int rc = LK_E_NOT_FOUND;
	for (size_t i = 0; i < sources->from->len && rc < 0; i++) {
		if (!is_folder(sources->from->items[i])) {
			continue;
		}
		rc = lk_cache_import(cache, sources->from->items[i], record, err);
		if (rc == LK_E_INTEGRITY && i + 1 < sources->from->len) {
			lk_warn(&app->report, "%s", err->message);
		} else if (rc < 0 && rc != LK_E_NOT_FOUND) {
			break;
		}
	}
	return rc;
}

int lk_sources_import(struct lk_app *app, const struct lk_sources *sources, struct lk_cache *cache,
	const struct lk_record *records, size_t n, struct lk_records *ret_missing,
	struct lk_error *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct lk_record *record = &records[i];
		struct lk_blob LK_CLEANUP(lk_blob_done) blob = LK_BLOB_NONE;
		int rc = lk_cache_open_archive(cache, record, &blob, err);
		if (rc == LK_E_NOT_FOUND && lk_cache_is_writable(cache)) {
			rc = import_archive(app, sources, cache, record, err);
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
