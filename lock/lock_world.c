/*
 * Specs judged among the packages of one platform of a lock.
 */
#include "lock/lock_world_priv.h"

#include "conda/channel.h"

#define PLAIN_MAX 1024 /* bytes of a spec */

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
	lk_map_done(&w->names);
	lk_map_done(&w->ranges);
	lk_vec_done(&w->version_specs);
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
	return lk_matchspec_channel_matches(
		spec, record->channel, lk_record_channel_url(record), lk_str_of(LK_CHANNEL_ALIAS));
}

/* Of the package at INDEX; NULL when it is none. */
static const struct lk_version *version_of(struct lk_lock_world *w, size_t index)
{
	const struct lk_version **version = &w->versions[index];
	lk_str text = w->platform->packages[index].version;
	bool known = *version || lk_version_parse(text, &w->arena, version, &w->ignored) == 0;
	return known ? *version : NULL;
}

bool lk_lock_world_matches(
	struct lk_lock_world *w, const struct lk_matchspec *spec, const struct lk_record *record)
{
	const struct lk_version *version = version_of(w, (size_t)(record - w->platform->packages));
	return version && lk_matchspec_matches(spec, record, version) &&
		channel_matches(spec, record);
}

/* The index of the package NAME, or LK_MAP_NONE. */
static uint32_t find_name(struct lk_lock_world *w, lk_str name)
{
	for (size_t i = w->names.len; i < w->platform->n_packages; i++) {
		lk_map_add(&w->names, w->platform->packages[i].name, (uint32_t)i);
	}
	return lk_map_get(&w->names, name);
}

static const struct lk_version_spec *range_of(struct lk_lock_world *w, lk_str text)
{
	uint32_t fresh = (uint32_t)w->version_specs.len;
	uint32_t index = lk_map_add(&w->ranges, text, fresh);
	if (index == fresh) {
		const struct lk_version_spec *spec = NULL;
		int rc = lk_version_spec_parse(
			text, LK_SPEC_REPODATA, &w->arena, &spec, &w->ignored);
		lk_vec_push(&w->version_specs, rc == 0 ? spec : NULL);
	}
	return w->version_specs.items[index];
}

/* Characters from the start of TEXT that a name in lower case is made of. */
static size_t name_length(lk_str text)
{
	size_t n = 0;
	while (n < text.len &&
		(lk_is_digit(text.ptr[n]) || (text.ptr[n] >= 'a' && text.ptr[n] <= 'z') ||
			text.ptr[n] == '-' || text.ptr[n] == '_' || text.ptr[n] == '.')) {
		n++;
	}
	return n;
}

/* Can TEXT, behind a name and a space, be nothing but a version range? It begins with a version or
 * an order, holds none of what a build, a key or an alternative needs, and '=' in ">=" and "<="
 * only. */
static bool is_plain_range(lk_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		bool order = c == '<' || c == '>';
		bool equal =
			c == '=' && i > 0 && (text.ptr[i - 1] == '<' || text.ptr[i - 1] == '>');
		bool inner = lk_is_alpha(c) || c == '.' || c == '_' || c == '*' || c == ',';
		if (!order && !equal && !lk_is_digit(c) && (!inner || i == 0)) {
			return false;
		}
	}
	return text.len > 0;
}

/* Would TEXT be the path of an archive, not a name? */
static bool is_file_name(lk_str text)
{
	return lk_str_find_char(text, '.') != SIZE_MAX &&
		lk_archive_kind_of(text, NULL) != LK_ARCHIVE_UNKNOWN;
}

bool lk_lock_world_plainly_met(struct lk_lock_world *w, lk_str text)
{
	lk_str name = lk_str_slice(text, 0, name_length(text));
	lk_str range = lk_str_skip(text, name.len + 1);
	bool plain = name.len == text.len || (text.ptr[name.len] == ' ' && is_plain_range(range));
	if (!plain || text.len > PLAIN_MAX || is_file_name(name) || !lk_name_is_valid(name)) {
		return false;
	}
	uint32_t index = find_name(w, name);
	const struct lk_version *version = index == LK_MAP_NONE ? NULL : version_of(w, index);
	if (!version || range.len == 0) {
		return version != NULL;
	}
	const struct lk_version_spec *spec = range_of(w, range);
	return spec && lk_version_spec_matches(spec, version);
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
