/*
 * What stays of an existing lock whatever is solved.
 */
#include "cli/solve_others.h"

#include "cli/instant.h"

static bool is_target(const struct lk_solve_request *r, lk_str subdir)
{
	for (size_t i = 0; i < r->n_targets; i++) {
		if (lk_str_eq(r->targets[i].subdir, subdir)) {
			return true;
		}
	}
	return false;
}

/* How many of the old lock's channels, from the first on, PLATFORM rests on. */
static size_t channels_used(const struct lk_lock *old, const struct lk_lock_platform *platform)
{
	size_t used = 0;
	for (size_t i = 0; i < platform->n_packages; i++) {
		for (size_t c = used; c < old->n_channels; c++) {
			if (lk_str_eq(old->channels[c].name, platform->packages[i].channel)) {
				used = c + 1;
			}
		}
	}
	return used;
}

static bool same_channels(const struct lk_solve_request *r, size_t n)
{
	for (size_t c = 0; c < n; c++) {
		if (c >= r->channels.len ||
			!lk_str_eq(r->channels.items[c].url, r->old.channels[c].url) ||
			!lk_str_eq(r->channels.items[c].name, r->old.channels[c].name)) {
			return false;
		}
	}
	return true;
}

/* What PLATFORM rests on and REQUEST has otherwise; NULL: nothing. */
static const char *changed_for(
	const struct lk_solve_request *r, const struct lk_lock_platform *platform)
{
	uint64_t newer = 0;
	struct lk_error ignored = LK_ERROR_INIT;
	if (!same_channels(r, channels_used(&r->old, platform))) {
		return "the channels";
	}
	if (!lk_str_is(r->old.channel_priority, lk_priority_text(r->priority))) {
		return "the channel priority";
	}
	if (r->old.exclude_newer.len > 0 &&
		lk_instant_parse(r->old.exclude_newer, &newer, &ignored) < 0) {
		newer = 0;
	}
	return newer == r->exclude_newer ? NULL : "exclude-newer";
}

int lk_solve_check_others(const struct lk_solve_request *request, struct lk_error *err)
{
	for (size_t i = 0; request->has_old && i < request->old.n_platforms; i++) {
		const struct lk_lock_platform *platform = &request->old.platforms[i];
		if (is_target(request, platform->subdir)) {
			continue;
		}
		const char *what = changed_for(request, platform);
		if (what) {
			lk_fail(err, LK_E_USAGE,
				"%s: this solve changes %s, and " LK_STR_FMT
				" in it, which is not solved for, rests on them as they are",
				request->output, what, LK_STR_ARG(platform->subdir));
			lk_error_hint(err,
				"solve for it too, by --platform, or write another lock with "
				"--output");
			return LK_E_USAGE;
		}
	}
	return 0;
}

int lk_solve_keep_others(
	const struct lk_solve_request *request, struct lk_lock *lock, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	for (size_t i = 0; request->has_old && i < request->old.n_platforms; i++) {
		const struct lk_lock_platform *old = &request->old.platforms[i];
		if (lk_lock_find_platform(lock, old->subdir)) {
			continue;
		}
		const struct lk_record **records =
			lk_arena_calloc(&arena, old->n_packages, sizeof(*records));
		for (size_t k = 0; k < old->n_packages; k++) {
			records[k] = &old->packages[k];
		}
		struct lk_lock_input input = {
			.subdir = old->subdir,
			.specs = old->specs,
			.pins = old->pins,
			.solved_with = &old->solved_with,
			.records = records,
			.n_records = old->n_packages,
		};
		int rc = lk_lock_add_platform(lock, &input, err);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}
