/*
 * Searching repodata: names by the index of a channel, records of the names that are wanted.
 */
#include "cli/search.h"

#include <stdlib.h>

#include "base/map.h"
#include "cli/channels.h"
#include "cli/fetching.h"
#include "conda/subdir.h"
#include "resolver/why.h"

struct lk_hits LK_VEC_OF(struct lk_hit);

static int read_spec(struct lk_search *s, const char *text, struct lk_error *err)
{
	int rc = lk_matchspec_parse(lk_str_of(text), LK_SPEC_USER, &s->app->arena, &s->spec, err);
	if (rc < 0) {
		return rc;
	}
	if (s->spec->warning) {
		lk_warn(&s->app->report, "'%s': %s", text, s->spec->warning);
	}
	if (s->spec->url.len > 0) {
		lk_fail(err, LK_E_USAGE, "'%s' is the address of one archive", text);
		lk_error_hint(err, "search for its name, such as 'numpy >=2'");
		return LK_E_USAGE;
	}
	if (s->spec->name_kind == LK_PATTERN_EXACT && lk_name_is_virtual(s->spec->name)) {
		lk_fail(err, LK_E_FINDING, "'" LK_STR_FMT "' is virtual: no channel has it",
			LK_STR_ARG(s->spec->name));
		lk_error_hint(err,
			"'lockenv info' shows what this host offers, 'lockenv why " LK_STR_FMT
			"' who asks for it",
			LK_STR_ARG(s->spec->name));
		return LK_E_FINDING;
	}
	return 0;
}

static int gather_channels(
	struct lk_search *s, const struct lk_search_options *options, struct lk_error *err)
{
	struct lk_arena *arena = &s->app->arena;
	const struct lk_config *config;
	lk_str channel = s->spec->channel;
	bool names_one = channel.len > 0 && lk_str_find_char(channel, '*') == SIZE_MAX;
	int rc = lk_app_config(s->app, &config, err);
	if (rc == 0 && names_one && options->channels.len == 0) {
		rc = lk_app_add_channel(s->app, channel, arena, &s->channels, err);
	} else if (rc == 0) {
		rc = lk_app_channels(s->app, &options->channels, options->override_channels, arena,
			&s->channels, err);
	}
	if (rc == 0) {
		lk_channels_name(&s->channels, config->channel_alias, arena);
	}
	return rc;
}

static int add_subdir(struct lk_search *s, lk_str subdir, struct lk_error *err)
{
	if (!lk_subdir_is_valid(subdir)) {
		lk_fail(err, LK_E_USAGE, "'" LK_STR_FMT "' is no platform", LK_STR_ARG(subdir));
		lk_error_hint(err, "for example linux-64");
		return LK_E_USAGE;
	}
	for (size_t i = 0; i < s->subdirs.len; i++) {
		if (lk_str_eq(s->subdirs.items[i], subdir)) {
			return 0;
		}
	}
	lk_vec_push(&s->subdirs, subdir);
	return 0;
}

static int gather_subdirs(
	struct lk_search *s, const struct lk_search_options *options, struct lk_error *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < options->platforms.len; i++) {
		rc = add_subdir(s, lk_str_of(options->platforms.items[i]), err);
	}
	lk_str wanted = s->spec->subdir;
	if (rc == 0 && options->platforms.len == 0) {
		bool one = wanted.len > 0 && lk_str_find_char(wanted, '*') == SIZE_MAX;
		rc = add_subdir(s, one ? wanted : lk_str_of(lk_subdir_native()), err);
	}
	return rc < 0 ? rc : add_subdir(s, LK_STR("noarch"), err);
}

static int load(struct lk_search *s, struct lk_error *err)
{
	lk_repodata_set_free(s->set);
	s->set = NULL;
	return lk_fetch_repodata(s->fetch, s->channels.items, s->channels.len, s->subdirs.items,
		s->subdirs.len, "repodata.json", &s->set, err);
}

/* All names of the channels that PATTERN matches (ANY when EXACT is NULL), each once. */
static void find_names(struct lk_search *s)
{
	struct lk_strs all = {0};
	bool exact = s->spec->name_kind == LK_PATTERN_EXACT;
	lk_vec_clear(&s->names);
	lk_repodata_set_names(s->set, &all);
	for (size_t i = 0; i < all.len; i++) {
		if (exact ? lk_str_eq(all.items[i], s->spec->name)
			  : lk_pattern_matches(s->spec->name_pattern, all.items[i])) {
			lk_vec_push(&s->names, all.items[i]);
		}
	}
	lk_vec_done(&all);
	if (s->names.len > 0) {
		qsort(s->names.items, s->names.len, sizeof(*s->names.items), lk_str_cmp_qsort);
	}
	size_t n = 0;
	for (size_t i = 0; i < s->names.len; i++) {
		if (n == 0 || !lk_str_eq(s->names.items[i], s->names.items[n - 1])) {
			s->names.items[n++] = s->names.items[i];
		}
	}
	s->names.len = n;
}

int lk_search_open(struct lk_app *app, const struct lk_search_options *options, const char *spec,
	struct lk_search *ret, struct lk_error *err)
{
	ret->app = app;
	int rc = read_spec(ret, spec, err);
	if (rc == 0) {
		rc = gather_channels(ret, options, err);
	}
	if (rc == 0) {
		rc = gather_subdirs(ret, options, err);
	}
	if (rc == 0) {
		rc = lk_app_cache(app, &ret->cache, err);
	}
	if (rc == 0) {
		rc = lk_app_fetch(app, ret->cache, options->offline, &ret->fetch, err);
	}
	if (rc == 0) {
		rc = load(ret, err);
	}
	if (rc == 0) {
		find_names(ret);
	}
	return rc;
}

void lk_search_done(struct lk_search *search)
{
	lk_repodata_set_free(search->set);
	lk_fetch_free(search->fetch);
	lk_cache_free(search->cache);
	lk_vec_done(&search->channels);
	lk_vec_done(&search->subdirs);
	lk_vec_done(&search->names);
}

/* ---- the records of a name ---- */

static int cmp_hits(const void *left, const void *right)
{
	const struct lk_hit *a = left;
	const struct lk_hit *b = right;
	int c = lk_version_cmp(b->version, a->version);
	c = c ? c : (a->record->track_features.n > 0) - (b->record->track_features.n > 0);
	if (c == 0 && a->record->build_number != b->record->build_number) {
		c = a->record->build_number > b->record->build_number ? -1 : 1;
	}
	if (c == 0 && a->record->timestamp != b->record->timestamp) {
		c = a->record->timestamp > b->record->timestamp ? -1 : 1;
	}
	c = c ? c : lk_str_cmp(b->record->build, a->record->build);
	if (c == 0 && a->channel != b->channel) {
		c = a->channel < b->channel ? -1 : 1;
	}
	c = c ? c : lk_str_cmp(a->record->subdir, b->record->subdir);
	return c ? c : lk_str_cmp(a->record->fn, b->record->fn);
}

/* Versions seen, for the case that none matches. */
static void note_version(struct lk_search *s, const struct lk_version *version,
	const struct lk_version **lowest, const struct lk_version **highest)
{
	s->n_records++;
	if (!*lowest || lk_version_cmp(version, *lowest) < 0) {
		*lowest = version;
	}
	if (!*highest || lk_version_cmp(version, *highest) > 0) {
		*highest = version;
	}
}

static bool is_hit(const struct lk_search *s, const struct lk_hit *hit, lk_str alias)
{
	const struct lk_channel *channel = &s->channels.items[hit->channel];
	return lk_matchspec_matches(s->spec, hit->record, hit->version) &&
		lk_matchspec_channel_matches(s->spec, channel->name, channel->url, alias);
}

/* Among the hits of one source, from index FROM on. */
static void mark_doubles(struct lk_hits *hits, size_t from)
{
	struct lk_map LK_CLEANUP(lk_map_done) conda = {0};
	lk_str dist;
	for (size_t i = from; i < hits->len; i++) {
		if (lk_archive_kind_of(hits->items[i].record->fn, &dist) == LK_ARCHIVE_CONDA) {
			lk_map_add(&conda, dist, 0);
		}
	}
	for (size_t i = from; i < hits->len; i++) {
		hits->items[i].is_double = lk_archive_kind_of(hits->items[i].record->fn, &dist) ==
				LK_ARCHIVE_TAR_BZ2 &&
			lk_map_get(&conda, dist) != LK_MAP_NONE;
	}
}

static void sift(struct lk_search *s, const struct lk_records *records, unsigned channel,
	struct lk_arena *arena, struct lk_hits *hits, const struct lk_version *range[2])
{
	lk_str alias = s->app->config.channel_alias;
	size_t from = hits->len;
	for (size_t i = 0; i < records->len; i++) {
		struct lk_error ignored = LK_ERROR_INIT;
		struct lk_hit hit = {.record = &records->items[i], .channel = channel};
		if (lk_version_parse(hit.record->version, arena, &hit.version, &ignored) < 0 ||
			!lk_archive_is_installable(lk_archive_kind_of(hit.record->fn, NULL))) {
			continue;
		}
		note_version(s, hit.version, &range[0], &range[1]);
		if (is_hit(s, &hit, alias)) {
			lk_vec_push(hits, hit);
		}
	}
	mark_doubles(hits, from);
}

/* Every record of NAME that matches. LISTS: what they lie in, one for each source. */
static int find_hits(struct lk_search *s, lk_str name, struct lk_arena *arena,
	struct lk_records *lists, struct lk_hits *hits, struct lk_error *err)
{
	const struct lk_version *range[2] = {NULL, NULL};
	s->n_records = 0;
	for (size_t c = 0; c < s->channels.len; c++) {
		for (size_t d = 0; d < s->subdirs.len; d++) {
			struct lk_records *list = &lists[c * s->subdirs.len + d];
			struct lk_source source = lk_repodata_set_source(s->set, c, d);
			int rc = source.records(source.ctx, name, arena, list, err);
			if (rc < 0) {
				return rc;
			}
			sift(s, list, (unsigned)c, arena, hits, range);
		}
	}
	if (range[0]) {
		s->lowest = lk_str_dup(&s->app->arena, lk_version_text(range[0]));
		s->highest = lk_str_dup(&s->app->arena, lk_version_text(range[1]));
	}
	if (hits->len > 0) {
		qsort(hits->items, hits->len, sizeof(*hits->items), cmp_hits);
	}
	return 0;
}

/* Shards of all names are loaded together. */
static void expect_names(struct lk_search *s)
{
	for (size_t c = 0; c < s->channels.len; c++) {
		for (size_t d = 0; d < s->subdirs.len; d++) {
			struct lk_source source = lk_repodata_set_source(s->set, c, d);
			for (size_t i = 0; source.expect && i < s->names.len; i++) {
				source.expect(source.ctx, s->names.items[i]);
			}
		}
	}
}

static int run_name(struct lk_search *s, lk_str name,
	int (*each)(void *ctx, const struct lk_hit *hits, size_t n, struct lk_error *err),
	void *ctx, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	size_t n_lists = s->channels.len * s->subdirs.len;
	struct lk_records *lists = lk_arena_calloc(&arena, n_lists, sizeof(*lists));
	struct lk_hits hits = {0};
	int rc = find_hits(s, name, &arena, lists, &hits, err);
	if (rc == 0 && hits.len > 0) {
		rc = each(ctx, hits.items, hits.len, err);
	}
	lk_vec_done(&hits);
	for (size_t i = 0; i < n_lists; i++) {
		lk_vec_done(&lists[i]);
	}
	return rc;
}

/* A server without a shard that its index names may have a newer index: once. */
static int load_anew(struct lk_search *s, struct lk_error *err)
{
	lk_note(&s->app->report, 0, "%s%s%s: asking the channel anew", err->file,
		*err->file ? ": " : "", err->message);
	lk_error_clear(err);
	int rc = load(s, err);
	if (rc == 0) {
		find_names(s);
		expect_names(s);
	}
	return rc;
}

int lk_search_run(struct lk_search *search,
	int (*each)(void *ctx, const struct lk_hit *hits, size_t n, struct lk_error *err),
	void *ctx, struct lk_error *err)
{
	const struct lk_report *report = &search->app->report;
	int rc = 0;
	expect_names(search);
	for (size_t i = 0; rc == 0 && i < search->names.len; i++) {
		if (report->stop(report->ctx)) {
			return lk_fail(err, LK_E_INTERRUPTED, "interrupted");
		}
		rc = run_name(search, search->names.items[i], each, ctx, err);
		if (rc < 0 && i == 0 && lk_fetch_renew(search->fetch)) {
			rc = load_anew(search, err);
			i = rc == 0 ? (size_t)-1 : i;
		}
	}
	lk_repodata_set_tell(search->set, report);
	return rc;
}

/* ---- nothing found ---- */

static lk_str joined(struct lk_search *s, bool channels)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(4096);
	size_t n = channels ? s->channels.len : s->subdirs.len;
	for (size_t i = 0; i < n; i++) {
		lk_buf_puts(&text, i ? ", " : "");
		lk_buf_put(&text, channels ? s->channels.items[i].name : s->subdirs.items[i]);
	}
	return lk_str_dup(&s->app->arena, lk_buf_view(&text));
}

static void hint_near(struct lk_search *s, struct lk_error *err)
{
	struct lk_strs all = {0};
	lk_str near[LK_MAX_NEAR];
	struct lk_buf LK_CLEANUP(lk_buf_done) names = LK_BUF_INIT(1024);
	lk_repodata_set_names(s->set, &all);
	if (all.len > 0) {
		qsort(all.items, all.len, sizeof(*all.items), lk_str_cmp_qsort);
	}
	size_t kept = 0;
	for (size_t i = 0; i < all.len; i++) {
		if (kept == 0 || !lk_str_eq(all.items[i], all.items[kept - 1])) {
			all.items[kept++] = all.items[i];
		}
	}
	size_t n = lk_near_names(s->spec->name, all.items, kept, near);
	for (size_t i = 0; i < n; i++) {
		lk_buf_appendf(&names, "%s" LK_STR_FMT, i ? ", " : "", LK_STR_ARG(near[i]));
	}
	lk_vec_done(&all);
	if (n > 0) {
		lk_error_hint(err, "near it: %s", lk_buf_cstr(&names));
	} else {
		lk_error_hint(err,
			"search for a part of the name, '*" LK_STR_FMT
			"*', or elsewhere with --channel and --platform",
			LK_STR_ARG(s->spec->name));
	}
}

static void tell_pattern(
	struct lk_search *s, lk_str channels, lk_str platforms, struct lk_error *err)
{
	lk_fail(err, LK_E_FINDING,
		"nothing in " LK_STR_FMT " for " LK_STR_FMT " matches '" LK_STR_FMT "'",
		LK_STR_ARG(channels), LK_STR_ARG(platforms), LK_STR_ARG(s->spec->text));
	lk_error_hint(err, "search elsewhere with --channel and --platform");
}

static void tell_versions(
	struct lk_search *s, lk_str channels, lk_str platforms, struct lk_error *err)
{
	lk_str name = s->spec->name;
	lk_str range = s->lowest;
	if (!lk_str_eq(s->lowest, s->highest)) {
		range = lk_str_printf(&s->app->arena, LK_STR_FMT " to " LK_STR_FMT,
			LK_STR_ARG(s->lowest), LK_STR_ARG(s->highest));
	}
	lk_fail(err, LK_E_FINDING,
		LK_STR_FMT " has " LK_STR_FMT " " LK_STR_FMT " for " LK_STR_FMT
			   ", but none that '" LK_STR_FMT "' matches",
		LK_STR_ARG(channels), LK_STR_ARG(name), LK_STR_ARG(range), LK_STR_ARG(platforms),
		LK_STR_ARG(s->spec->text));
	lk_error_hint(err, "'lockenv search " LK_STR_FMT "' shows all", LK_STR_ARG(name));
}

int lk_search_tell_none(struct lk_search *search, struct lk_error *err)
{
	const struct lk_matchspec *spec = search->spec;
	lk_str channels = joined(search, true);
	lk_str platforms = joined(search, false);
	if (spec->name_kind != LK_PATTERN_EXACT) {
		tell_pattern(search, channels, platforms, err);
	} else if (search->names.len > 0 && search->n_records > 0) {
		tell_versions(search, channels, platforms, err);
	} else {
		lk_fail(err, LK_E_FINDING,
			"no package '" LK_STR_FMT "' in " LK_STR_FMT " for " LK_STR_FMT,
			LK_STR_ARG(spec->name), LK_STR_ARG(channels), LK_STR_ARG(platforms));
		hint_near(search, err);
	}
	return LK_E_FINDING;
}
