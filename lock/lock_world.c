/*
 * Specs judged among the packages of one platform of a lock.
 */
#include "lock/lock_world_priv.h"

#include "conda/channel.h"

void lk_lock_world_init(struct lk_lock_world *w, const struct lk_lock_platform *platform,
	const struct lk_virtuals *virtuals)
{
	*w = (struct lk_lock_world){.platform = platform, .virtuals = virtuals};
	w->versions = lk_arena_calloc(&w->arena, platform->n_packages, sizeof(*w->versions));
}

void lk_lock_world_done(struct lk_lock_world *w)
{
	lk_map_done(&w->parsed);
	lk_vec_done(&w->specs);
	lk_arena_done(&w->arena);
}

const struct lk_matchspec *lk_lock_world_spec(
	struct lk_lock_world *w, lk_str text, enum lk_spec_origin origin, struct lk_error *err)
{
	uint32_t index = lk_map_get(&w->parsed, text);
	if (index != LK_MAP_NONE) {
		return w->specs.items[index];
	}
	const struct lk_matchspec *parsed;
	if (lk_matchspec_parse(text, origin, &w->arena, &parsed, err) < 0) {
		return NULL;
	}
	struct lk_matchspec *known = lk_arena_calloc(&w->arena, 1, sizeof(*known));
	*known = *parsed;
	known->build_number_op = LK_NUMBER_ANY;
	known->track_features = (struct lk_str_list){NULL, 0};
	known->flags = (struct lk_str_list){NULL, 0};
	known->license_family = NULL;
	lk_map_set(&w->parsed, text, (uint32_t)w->specs.len);
	lk_vec_push(&w->specs, known);
	return known;
}

static bool channel_matches(const struct lk_matchspec *spec, const struct lk_record *record)
{
	if (spec->channel.len == 0 || lk_str_eq(spec->channel, record->channel)) {
		return true;
	}
	return lk_matchspec_channel_matches(spec, record->channel, lk_record_channel_url(record),
		lk_str_of(LK_CHANNEL_ALIAS));
}

bool lk_lock_world_matches(
	struct lk_lock_world *w, const struct lk_matchspec *spec, const struct lk_record *record)
{
	size_t index = (size_t)(record - w->platform->packages);
	if (!w->versions[index]) {
		struct lk_error ignored = LK_ERROR_INIT;
		if (lk_version_parse(record->version, &w->arena, &w->versions[index], &ignored) <
			0) {
			return false;
		}
	}
	return lk_matchspec_matches(spec, record, w->versions[index]) &&
		channel_matches(spec, record);
}

bool lk_lock_world_is_met(struct lk_lock_world *w, const struct lk_matchspec *spec)
{
	if (spec->name_kind == LK_PATTERN_EXACT) {
		const struct lk_record *record = lk_lock_find_package(w->platform, spec->name);
		const struct lk_virtual *virtual = lk_virtuals_find(w->virtuals, spec->name);
		return (record && lk_lock_world_matches(w, spec, record)) ||
			(lk_matchspec_matches_virtual(spec, virtual));
	}
	for (size_t i = 0; i < w->platform->n_packages; i++) {
		if (lk_lock_world_matches(w, spec, &w->platform->packages[i])) {
			return true;
		}
	}
	for (size_t i = 0; i < w->virtuals->len; i++) {
		if (lk_matchspec_matches_virtual(spec, &w->virtuals->items[i])) {
			return true;
		}
	}
	return false;
}

bool lk_lock_world_is_kept(struct lk_lock_world *w, const struct lk_matchspec *spec)
{
	if (spec->name_kind == LK_PATTERN_EXACT) {
		const struct lk_record *record = lk_lock_find_package(w->platform, spec->name);
		const struct lk_virtual *virtual = lk_virtuals_find(w->virtuals, spec->name);
		return (!record || lk_lock_world_matches(w, spec, record)) &&
			(!virtual || lk_matchspec_matches_virtual(spec, virtual));
	}
	const struct lk_matchspec name_only = {
		.text = spec->text, .name = spec->name, .name_kind = spec->name_kind};
	for (size_t i = 0; i < w->platform->n_packages; i++) {
		const struct lk_record *record = &w->platform->packages[i];
		if (lk_lock_world_matches(w, &name_only, record) &&
			!lk_lock_world_matches(w, spec, record)) {
			return false;
		}
	}
	return true;
}

static bool holds(void *ctx, const struct lk_matchspec *leaf)
{
	return lk_lock_world_is_met(ctx, leaf);
}

bool lk_lock_world_is_live(struct lk_lock_world *w, const struct lk_matchspec *spec)
{
	return !spec->when || lk_condition_eval(spec->when, holds, w);
}
