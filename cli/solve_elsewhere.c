/*
 * Removed archives and other platforms, for specs that nothing matches.
 */
#include "cli/solve_elsewhere.h"

#include "cli/fetching.h"

#define MAX_REMOVED 3

struct looker {
	struct lk_app *app;
	const struct lk_task *task;
	struct lk_repodata_set *repodata;
	const lk_str *subdirs;
	size_t n_subdirs;
};

static void add_line(struct lk_app *app, lk_str text)
{
	lk_vec_push(&app->explanation, text);
}

static bool matches_file(const struct lk_matchspec *spec, lk_str fn, struct lk_arena *arena)
{
	const struct lk_version *version;
	struct lk_error err = LK_ERROR_INIT;
	lk_str dist;
	lk_str name;
	lk_str text;
	lk_str build;
	return lk_archive_kind_of(fn, &dist) != LK_ARCHIVE_UNKNOWN &&
		lk_dist_split(dist, &name, &text, &build) &&
		lk_version_parse(text, arena, &version, &err) == 0 &&
		lk_matchspec_matches_nvb(spec, name, version, build);
}

/* Archives that SPEC would match, had their channel not removed them. */
static void tell_removed(const struct looker *l, const struct lk_matchspec *spec)
{
	size_t n = 0;
	for (size_t c = 0; c < l->task->n_channels; c++) {
		for (size_t d = 0; d < l->n_subdirs; d++) {
			struct lk_strs removed = {0};
			lk_repodata_set_removed(l->repodata, c, d, spec->name, &removed);
			for (size_t i = 0; i < removed.len && n < MAX_REMOVED; i++) {
				if (matches_file(spec, removed.items[i], &l->app->arena)) {
					n++;
					add_line(l->app,
						lk_str_printf(&l->app->arena,
							"'" LK_STR_FMT
							"' was removed from " LK_STR_FMT,
							LK_STR_ARG(removed.items[i]),
							LK_STR_ARG(l->task->channels[c].name)));
				}
			}
			lk_vec_done(&removed);
		}
	}
}

static bool is_solved_for(const struct looker *l, lk_str platform)
{
	for (size_t i = 0; i < l->n_subdirs; i++) {
		if (lk_str_eq(l->subdirs[i], platform)) {
			return true;
		}
	}
	return false;
}

/* Does CHANNEL have NAME for PLATFORM, as far as is known without the network? */
static bool has_name(
	struct lk_fetch *fetch, const struct lk_channel *channel, lk_str platform, lk_str name)
{
	struct lk_repodata_set *set = NULL;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_strs names = {0};
	bool found = false;
	if (lk_fetch_repodata(fetch, channel, 1, &platform, 1, "repodata.json", &set, &err) < 0) {
		return false;
	}
	lk_repodata_set_names(set, &names);
	for (size_t i = 0; !found && i < names.len; i++) {
		found = lk_str_eq(names.items[i], name);
	}
	lk_vec_done(&names);
	lk_repodata_set_free(set);
	return found;
}

static void tell_platforms(const struct looker *l, struct lk_fetch *fetch, lk_str name)
{
	static const char *const platforms[] = {
		"linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64"};
	for (size_t c = 0; c < l->task->n_channels; c++) {
		const struct lk_channel *channel = &l->task->channels[c];
		struct lk_buf LK_CLEANUP(lk_buf_done) list = LK_BUF_INIT(256);
		for (size_t i = 0; i < LK_COUNTOF(platforms); i++) {
			lk_str platform = lk_str_of(platforms[i]);
			if (!is_solved_for(l, platform) &&
				has_name(fetch, channel, platform, name)) {
				lk_buf_appendf(&list, "%s%s", list.len ? ", " : "", platforms[i]);
			}
		}
		if (list.len > 0) {
			add_line(l->app,
				lk_str_printf(&l->app->arena,
					LK_STR_FMT " has '" LK_STR_FMT "' for " LK_STR_FMT,
					LK_STR_ARG(channel->name), LK_STR_ARG(name),
					LK_STR_ARG(lk_buf_view(&list))));
		}
	}
}

void lk_tell_elsewhere(struct lk_app *app, const struct lk_task *task,
	const struct lk_solution *solution, struct lk_repodata_set *repodata, const lk_str *subdirs,
	size_t n_subdirs)
{
	const struct looker l = {app, task, repodata, subdirs, n_subdirs};
	struct lk_cache *cache = NULL;
	struct lk_fetch *fetch = NULL;
	struct lk_error err = LK_ERROR_INIT;
	for (size_t i = 0; i < solution->n_culprits; i++) {
		const struct lk_culprit *culprit = &solution->culprits[i];
		if (culprit->is_pin || !culprit->is_alone) {
			continue;
		}
		const struct lk_matchspec *spec = task->specs[culprit->index];
		tell_removed(&l, spec);
		if (lk_reach_find(task->reach, spec->name) || lk_name_is_virtual(spec->name)) {
			continue;
		}
		if (fetch ||
			(lk_app_cache(app, &cache, &err) == 0 &&
				lk_app_fetch(app, cache, true, &fetch, &err) == 0)) {
			tell_platforms(&l, fetch, spec->name);
		}
	}
	lk_fetch_free(fetch);
	lk_cache_free(cache);
}
