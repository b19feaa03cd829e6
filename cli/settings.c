/*
 * Where configuration, cache and named environments are, and what the host offers.
 */
#include "cli/app.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"

#define UNFINISHED_AGE_S ((int64_t)24 * 60 * 60) /* work in the cache that nobody does any more */

static const char *env_value(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

static void push_path(struct lk_app *app, struct lk_strs *paths, const char *dir, const char *rest)
{
	if (dir) {
		lk_vec_push(paths, lk_str_printf(&app->arena, "%s%s", dir, rest));
	}
}

/* Every *.yml and *.yaml of a condarc.d folder, sorted. A folder that cannot be read has none. */
static void push_folder(
	struct lk_app *app, struct lk_strs *paths, const char *dir, const char *rest)
{
	if (!dir) {
		return;
	}
	const char *folder = lk_arena_printf(&app->arena, "%s%s", dir, rest);
	struct lk_strs names = {0};
	struct lk_error ignored = LK_ERROR_INIT;
	if (lk_fs_list(AT_FDCWD, folder, &app->arena, &names, &ignored) == 0) {
		for (size_t i = 0; i < names.len; i++) {
			if (lk_str_ends(names.items[i], LK_STR(".yml")) ||
				lk_str_ends(names.items[i], LK_STR(".yaml"))) {
				lk_vec_push(paths,
					lk_str_printf(&app->arena, "%s/" LK_STR_FMT, folder,
						LK_STR_ARG(names.items[i])));
			}
		}
	}
	lk_vec_done(&names);
}

/* conda's search path, weakest first (conda-formats: condarc). */
static void config_paths(struct lk_app *app, struct lk_strs *paths)
{
	static const char *const system_dirs[] = {"/etc/conda", "/var/lib/conda"};
	const char *home = env_value("HOME");
	const char *xdg = env_value("XDG_CONFIG_HOME");
	for (size_t i = 0; i < LK_COUNTOF(system_dirs); i++) {
		push_path(app, paths, system_dirs[i], "/.condarc");
		push_path(app, paths, system_dirs[i], "/condarc");
		push_folder(app, paths, system_dirs[i], "/condarc.d");
	}
	if (xdg) {
		push_path(app, paths, xdg, "/conda/.condarc");
		push_path(app, paths, xdg, "/conda/condarc");
		push_folder(app, paths, xdg, "/conda/condarc.d");
	}
	push_path(app, paths, home, "/.config/conda/.condarc");
	push_path(app, paths, home, "/.config/conda/condarc");
	push_folder(app, paths, home, "/.config/conda/condarc.d");
	push_path(app, paths, home, "/.conda/.condarc");
	push_path(app, paths, home, "/.conda/condarc");
	push_folder(app, paths, home, "/.conda/condarc.d");
	push_path(app, paths, home, "/.condarc");
	push_path(app, paths, env_value("CONDARC"), "");
}

int lk_app_config(struct lk_app *app, const struct lk_config **ret, struct lk_error *err)
{
	if (!app->config_read) {
		struct lk_strs paths = {0};
		const char *only =
			app->common.config ? app->common.config : env_value("LOCKENV_CONFIG");
		if (app->common.config && access(app->common.config, F_OK) != 0) {
			lk_fail(err, LK_E_USAGE, "there is no configuration '%s'", only);
			lk_error_hint(err, "check the path after --config");
			return LK_E_USAGE;
		}
		if (only) {
			push_path(app, &paths, only, "");
		} else {
			config_paths(app, &paths);
		}
		int rc = lk_config_read(
			paths.items, paths.len, (const char *const *)environ, &app->config, err);
		lk_vec_done(&paths);
		if (rc < 0) {
			return rc;
		}
		app->config_read = true;
		const char *offline = env_value("LOCKENV_OFFLINE");
		if (offline) {
			app->config.offline = strcmp(offline, "0") != 0;
		}
	}
	*ret = &app->config;
	return 0;
}

int lk_app_cache_path(struct lk_app *app, const char **ret, struct lk_error *err)
{
	const char *path = app->common.cache ? app->common.cache : env_value("LOCKENV_CACHE");
	const char *xdg = env_value("XDG_CACHE_HOME");
	const char *home = env_value("HOME");
	if (path) {
		*ret = path;
	} else if (xdg) {
		*ret = lk_arena_printf(&app->arena, "%s/lockenv", xdg);
	} else if (home) {
		*ret = lk_arena_printf(&app->arena, "%s/.cache/lockenv", home);
	} else {
		lk_fail(err, LK_E_USAGE, "no cache folder: neither HOME nor XDG_CACHE_HOME is set");
		lk_error_hint(err, "give --cache DIR or set LOCKENV_CACHE");
		return LK_E_USAGE;
	}
	return 0;
}

/* Where the caches that are only read are named: after the first colon of --cache or LOCKENV_CACHE.
 * *RET_OWN: the part before it; "" when there is none. */
static int cache_folders(
	struct lk_app *app, const char **ret_own, lk_str *ret_layers, struct lk_error *err)
{
	const char *path = "";
	int rc = lk_app_cache_path(app, &path, err);
	*ret_layers = LK_STR("");
	if (rc == 0 && (app->common.cache || env_value("LOCKENV_CACHE"))) {
		lk_str own;
		*ret_layers = lk_str_of(path);
		(void)lk_str_split(ret_layers, ':', &own);
		path = lk_str_dup(&app->arena, own).ptr;
	}
	*ret_own = path;
	return rc;
}

/* A folder that is not there is no reason to stop: not every node has all of a site's mounts. */
static int add_layers(
	struct lk_app *app, lk_str layers, struct lk_cache *cache, struct lk_error *err)
{
	lk_str part;
	while (lk_str_split(&layers, ':', &part)) {
		const char *path = lk_str_dup(&app->arena, part).ptr;
		int rc = part.len > 0 ? lk_cache_add_layer(cache, path, err) : 0;
		if (rc == LK_E_USAGE) {
			return rc;
		}
		if (rc < 0) {
			lk_warn(&app->report, "%s: passed over", err->message);
			lk_error_clear(err);
		}
	}
	return 0;
}

static int fail_no_folder(struct lk_error *err)
{
	lk_fail(err, LK_E_USAGE, "the cache has no folder that may be written");
	lk_error_hint(err, "name one before the first colon of --cache or LOCKENV_CACHE");
	return err->code;
}

int lk_app_cache_layers(struct lk_app *app, struct lk_cache **ret, struct lk_error *err)
{
	const char *own;
	lk_str layers;
	struct lk_cache *cache = NULL;
	int rc = cache_folders(app, &own, &layers, err);
	if (rc < 0) {
		return rc;
	}
	if (*own) {
		rc = lk_cache_open(own, true, &cache, err);
	} else {
		cache = lk_cache_new();
	}
	if (rc == 0 && *own) {
		lk_cache_sweep(cache, (int64_t)time(NULL) - UNFINISHED_AGE_S);
	}
	if (rc == 0) {
		rc = add_layers(app, layers, cache, err);
	}
	if (rc < 0) {
		lk_cache_free(cache);
		return rc;
	}
	*ret = cache;
	return 0;
}

int lk_app_cache_look(struct lk_app *app, struct lk_cache **ret, struct lk_error *err)
{
	const char *own;
	lk_str layers;
	struct lk_cache *cache = NULL;
	int rc = cache_folders(app, &own, &layers, err);
	if (rc == 0 && *own) {
		rc = lk_cache_open(own, false, &cache, err);
	}
	if (rc == LK_E_NOT_FOUND && layers.len > 0) {
		rc = 0;
	}
	if (rc == 0) {
		cache = cache ? cache : lk_cache_new();
		rc = add_layers(app, layers, cache, err);
	}
	if (rc < 0) {
		lk_cache_free(cache);
		return rc;
	}
	lk_error_clear(err);
	*ret = cache;
	return 0;
}

int lk_app_cache_existing(struct lk_app *app, struct lk_cache **ret, struct lk_error *err)
{
	const char *own;
	lk_str layers;
	struct lk_cache *cache = NULL;
	int rc = cache_folders(app, &own, &layers, err);
	if (rc == 0 && !*own) {
		return fail_no_folder(err);
	}
	if (rc == 0) {
		rc = lk_cache_open_existing(own, &cache, err);
	}
	if (rc == LK_E_NOT_FOUND) {
		err->code = LK_E_USAGE;
		lk_error_hint(err,
			"a cache has the folders archives, trees and tmp; name one with "
			"--cache DIR or LOCKENV_CACHE");
		return err->code;
	}
	if (rc == 0) {
		rc = add_layers(app, layers, cache, err);
	}
	if (rc < 0) {
		lk_cache_free(cache);
		return rc;
	}
	*ret = cache;
	return 0;
}

int lk_app_cache(struct lk_app *app, struct lk_cache **ret, struct lk_error *err)
{
	const char *own;
	lk_str layers;
	int rc = cache_folders(app, &own, &layers, err);
	if (rc == 0 && !*own) {
		return fail_no_folder(err);
	}
	return rc < 0 ? rc : lk_app_cache_layers(app, ret, err);
}

const char *lk_app_expand_home(struct lk_app *app, lk_str path)
{
	const char *home = env_value("HOME");
	if (home && (lk_str_is(path, "~") || lk_str_starts(path, LK_STR("~/")))) {
		return lk_arena_printf(
			&app->arena, "%s" LK_STR_FMT, home, LK_STR_ARG(lk_str_skip(path, 1)));
	}
	return lk_arena_strndup(&app->arena, path.ptr, path.len);
}

static int named_prefix(
	struct lk_app *app, const char *name, const char **ret, struct lk_error *err)
{
	const struct lk_config *config;
	int rc = lk_app_config(app, &config, err);
	if (rc < 0) {
		return rc;
	}
	if (!lk_path_is_component(lk_str_of(name)) || strpbrk(name, " :#")) {
		lk_fail(err, LK_E_USAGE, "'%s' is no name for an environment", name);
		lk_error_hint(err, "use --prefix for a path");
		return LK_E_USAGE;
	}
	const char *folder;
	if (config->envs_dirs.n > 0) {
		folder = lk_app_expand_home(app, config->envs_dirs.items[0]);
	} else if (env_value("HOME")) {
		folder = lk_arena_printf(&app->arena, "%s/.conda/envs", env_value("HOME"));
	} else {
		return lk_fail(err, LK_E_USAGE, "no envs folder: HOME is not set; use --prefix");
	}
	*ret = lk_arena_printf(&app->arena, "%s/%s", folder, name);
	return 0;
}

int lk_app_prefix(struct lk_app *app, const char *prefix, const char *name, const char **ret,
	struct lk_error *err)
{
	if (prefix && name) {
		lk_fail(err, LK_E_USAGE, "two environments: prefix '%s' and name '%s'", prefix,
			name);
		lk_error_hint(err, "give --prefix or --name, not both");
		return LK_E_USAGE;
	}
	*ret = prefix;
	return name ? named_prefix(app, name, ret, err) : 0;
}

const char *lk_app_find_program(struct lk_app *app, const char *name)
{
	lk_str rest = lk_str_of(getenv("PATH"));
	lk_str folder;
	while (lk_str_split(&rest, ':', &folder)) {
		const char *path =
			lk_arena_printf(&app->arena, LK_STR_FMT "/%s", LK_STR_ARG(folder), name);
		if (folder.len > 0 && access(path, X_OK) == 0) {
			return path;
		}
	}
	return NULL;
}

struct lk_host_overrides lk_app_overrides(void)
{
	/* Set but empty is not the same as unset: it removes the package. */
	return (struct lk_host_overrides){
		.cuda = getenv("CONDA_OVERRIDE_CUDA"),
		.cuda_arch = getenv("CONDA_OVERRIDE_CUDA_ARCH"),
		.glibc = getenv("CONDA_OVERRIDE_GLIBC"),
		.linux_ = getenv("CONDA_OVERRIDE_LINUX"),
		.osx = getenv("CONDA_OVERRIDE_OSX"),
		.win = getenv("CONDA_OVERRIDE_WIN"),
		.archspec = getenv("CONDA_OVERRIDE_ARCHSPEC"),
	};
}
