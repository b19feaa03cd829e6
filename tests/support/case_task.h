/*
 * A question of a case file as a task for the resolver, its records as the sources of a channel
 * give them.
 */
#ifndef TESTS_SUPPORT_CASE_TASK_H
#define TESTS_SUPPORT_CASE_TASK_H

#include <stdlib.h>

#include "base/json.h"
#include "tests/support/case_file.h"
#include "tests/support/pick.h"
#include "tests/support/repodata_source.h"

/* Stays where it is: the task points into it. */
struct case_task {
	struct lk_arena arena;
	struct lk_reach reach;
	struct lk_virtuals virtuals;
	struct {
		struct lk_repodata **items;
		size_t len, cap;
	} opened;
	struct lk_task task;
};

/* How the records come: SEED 0 is as written. NAMES: the names of the reach are shuffled too, for
 * questions with a solution: an explanation looks names up. */
struct case_order {
	uint64_t seed;
	bool names;
	bool json; /* by way of a repodata.json */
};

/* The repodata of one subdir of a channel, its records in some order. */
struct case_repodata {
	lk_str channel, subdir;
	const struct lk_record **records;
	size_t n;
};
struct case_repodatas LK_VEC_OF(struct case_repodata);

static inline int case_records_of(void *ctx, lk_str name, struct lk_arena *arena,
	struct lk_records *ret, struct lk_error *err)
{
	const struct case_repodata *repodata = ctx;

	(void)arena;
	(void)err;
	for (size_t i = 0; i < repodata->n; i++) {
		if (lk_str_eq(repodata->records[i]->name, name)) {
			lk_vec_push(ret, *repodata->records[i]);
		}
	}
	return 0;
}

static inline struct case_repodata *case_repodata_of(struct case_repodatas *all,
	const struct lk_record *record, size_t max, struct lk_arena *arena)
{
	for (size_t i = 0; i < all->len; i++) {
		if (lk_str_eq(all->items[i].channel, record->channel) &&
			lk_str_eq(all->items[i].subdir, record->subdir)) {
			return &all->items[i];
		}
	}
	lk_vec_push(all,
		(struct case_repodata){.channel = record->channel,
			.subdir = record->subdir,
			.records = lk_arena_calloc(arena, max, sizeof(const struct lk_record *))});
	return &all->items[all->len - 1];
}

/* An order of N things: as they are for a SEED of 0, else a random one. */
static inline size_t *case_some_order(struct lk_arena *arena, uint64_t *seed, size_t n)
{
	size_t *order = lk_arena_calloc(arena, n, sizeof(*order));

	for (size_t i = 0; i < n; i++) {
		order[i] = i;
	}
	if (*seed) {
		pick_order(seed, order, n);
	}
	return order;
}

/* n_channels when the question does not use that channel. */
static inline unsigned case_channel_index(const struct lk_task *task, lk_str name)
{
	unsigned at = 0;

	while (at < task->n_channels && !lk_str_eq(task->channels[at].name, name)) {
		at++;
	}
	return at;
}

/* The roots as a solve would give them: what the specs name and what the lock holds. */
static inline lk_str *case_root_names(
	const struct lk_task *task, struct lk_arena *arena, uint64_t *seed)
{
	size_t n = task->n_specs + task->n_locked;
	size_t *order = case_some_order(arena, seed, n);
	lk_str *names = lk_arena_calloc(arena, n, sizeof(*names));

	for (size_t i = 0; i < n; i++) {
		names[order[i]] = i < task->n_specs ? task->specs[i]->name
						    : task->locked[i - task->n_specs].name;
	}
	return names;
}

static inline void case_put_hex(
	struct lk_jw *w, const char *key, bool has, const unsigned char *bytes, size_t len)
{
	char hex[LK_HEX_MAX];

	lk_hex(bytes, len, hex);
	lk_jw_opt_string(w, key, has ? lk_str_of(hex) : LK_STR(""));
}

static inline void case_put_record(struct lk_jw *w, const struct lk_record *r)
{
	lk_jw_object(w);
	lk_jw_key_string(w, "name", r->name);
	lk_jw_key_string(w, "version", r->version);
	lk_jw_key_string(w, "build", r->build);
	lk_jw_key_uint(w, "build_number", r->build_number);
	lk_jw_key_string(w, "subdir", r->subdir);
	lk_jw_strings(w, "depends", r->depends.items, r->depends.n);
	lk_jw_strings(w, "constrains", r->constrains.items, r->constrains.n);
	lk_jw_strings(w, "track_features", r->track_features.items, r->track_features.n);
	lk_jw_strings(w, "flags", r->flags.items, r->flags.n);
	lk_jw_opt_string(w, "license", r->license);
	if (lk_archive_kind_of(r->fn, NULL) == LK_ARCHIVE_WHEEL) {
		lk_jw_key_string(w, "url", r->url);
	}
	case_put_hex(w, "md5", r->has_md5, r->md5.bytes, LK_MD5_LEN);
	case_put_hex(w, "sha256", r->has_sha256, r->sha256.bytes, LK_SHA256_LEN);
	lk_jw_key_uint(w, "timestamp", r->timestamp);
	lk_jw_key_uint(w, "indexed_timestamp", r->indexed_timestamp);
	lk_jw_key(w, "extra_depends");
	lk_jw_object(w);
	for (size_t i = 0; i < r->n_extra; i++) {
		lk_jw_key_str(w, r->extra[i].group);
		lk_jw_array(w);
		for (size_t k = 0; k < r->extra[i].depends.n; k++) {
			lk_jw_string(w, r->extra[i].depends.items[k]);
		}
		lk_jw_end(w);
	}
	lk_jw_end(w);
	lk_jw_end(w);
}

/* The records of a repodata that are of KIND, those that a map of CEP 48 must hold or the rest. */
static inline void case_put_map(struct lk_jw *w, const struct case_repodata *repodata,
	const char *key, enum lk_archive_kind kind, bool new)
{
	lk_jw_key(w, key);
	lk_jw_object(w);
	for (size_t i = 0; i < repodata->n; i++) {
		const struct lk_record *record = repodata->records[i];
		lk_str dist;

		if (lk_archive_kind_of(record->fn, &dist) == kind &&
			new ==
				(record->n_extra > 0 || record->flags.n > 0 ||
					kind == LK_ARCHIVE_WHEEL)) {
			lk_jw_key_str(w, new ? dist : record->fn);
			case_put_record(w, record);
		}
	}
	lk_jw_end(w);
}

static inline int case_open(const struct case_repodata *repodata, struct case_task *ret,
	unsigned channel, struct lk_source *ret_source, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) json = LK_BUF_INIT(1 << 20);
	const struct lk_repodata_origin origin = {.channel_name = repodata->channel,
		.channel_url = ret->task.channels[channel].url,
		.subdir = repodata->subdir,
		.file = "case"};
	struct lk_repodata *opened = NULL;
	struct lk_jw w;
	int rc;

	lk_jw_init(&w, &json, false);
	lk_jw_object(&w);
	case_put_map(&w, repodata, "packages", LK_ARCHIVE_TAR_BZ2, false);
	case_put_map(&w, repodata, "packages.conda", LK_ARCHIVE_CONDA, false);
	lk_jw_key(&w, "v3");
	lk_jw_object(&w);
	case_put_map(&w, repodata, "tar.bz2", LK_ARCHIVE_TAR_BZ2, true);
	case_put_map(&w, repodata, "conda", LK_ARCHIVE_CONDA, true);
	case_put_map(&w, repodata, "whl", LK_ARCHIVE_WHEEL, true);
	lk_jw_end(&w);
	lk_jw_end(&w);
	rc = lk_repodata_open(&json, &origin, &opened, err);
	if (rc == 0) {
		lk_vec_push(&ret->opened, opened);
		*ret_source = source_of_repodata(opened, channel);
	}
	return rc;
}

/* What the task reaches of the file's records. The seed decides the order of the records in each
 * repodata, of the repodata (not of the channels), of the roots and perhaps of the names: all that
 * could change the order in which libsolv comes to see things. */
static inline int case_reach(const struct case_file *file, const struct case_order *how,
	struct case_task *ret, struct lk_error *err)
{
	struct lk_arena *arena = &ret->arena;
	size_t n = file->records.len;
	uint64_t seed = how->seed;
	const size_t *order = case_some_order(arena, &seed, n);
	struct case_repodatas all = {0};
	struct lk_source *sources = lk_arena_calloc(arena, n, sizeof(*sources));
	size_t n_sources = 0;
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		const struct lk_record *record = &file->records.items[order[i]];
		struct case_repodata *repodata = case_repodata_of(&all, record, n, arena);

		repodata->records[repodata->n++] = record;
	}
	order = case_some_order(arena, &seed, all.len);
	for (size_t i = 0; rc == 0 && i < all.len; i++) {
		struct case_repodata *repodata = &all.items[order[i]];
		unsigned channel = case_channel_index(&ret->task, repodata->channel);

		if (channel < ret->task.n_channels && how->json) {
			rc = case_open(repodata, ret, channel, &sources[n_sources++], err);
		} else if (channel < ret->task.n_channels) {
			sources[n_sources++] = (struct lk_source){
				.ctx = repodata, .records = case_records_of, .channel = channel};
		}
	}
	if (rc == 0) {
		rc = lk_reach_load(sources, n_sources, case_root_names(&ret->task, arena, &seed),
			ret->task.n_specs + ret->task.n_locked, &ret->reach, err);
	}
	lk_vec_done(&all);
	if (rc == 0 && how->names) {
		struct lk_reach *reach = &ret->reach;
		struct lk_reached *names = lk_arena_calloc(arena, reach->n_names, sizeof(*names));

		order = case_some_order(arena, &seed, reach->n_names);
		for (size_t i = 0; i < reach->n_names; i++) {
			names[order[i]] = reach->names[i];
		}
		reach->names = names;
	}
	return rc;
}

static inline int case_specs(const struct case_strs *texts, struct lk_arena *arena,
	const struct lk_matchspec *const **ret, struct lk_error *err)
{
	const struct lk_matchspec **specs =
		lk_arena_calloc(arena, texts->len, sizeof(const struct lk_matchspec *));
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < texts->len; i++) {
		rc = lk_matchspec_parse(texts->items[i], LK_SPEC_USER, arena, &specs[i], err);
	}
	*ret = specs;
	return rc;
}

static inline struct lk_channel *case_channels(
	const struct case_strs *names, struct lk_arena *arena)
{
	struct lk_channel *channels = lk_arena_calloc(arena, names->len, sizeof(*channels));

	for (size_t i = 0; i < names->len; i++) {
		channels[i].name = names->items[i];
		channels[i].url =
			lk_str_printf(arena, "https://h/" LK_STR_FMT, LK_STR_ARG(names->items[i]));
	}
	return channels;
}

static inline void case_task_done(struct case_task *task)
{
	lk_reach_done(&task->reach);
	for (size_t i = 0; i < task->opened.len; i++) {
		lk_repodata_free(task->opened.items[i]);
	}
	lk_vec_done(&task->opened);
	lk_vec_done(&task->virtuals);
	lk_arena_done(&task->arena);
}

/* Negative when a spec, a pin or a virtual package does not parse; RET can be done with anyway. */
static inline int case_task_make(const struct case_file *file, const struct case_question *q,
	const struct case_order *how, struct case_task *ret, struct lk_error *err)
{
	const struct case_strs *channels = q->channels.len ? &q->channels : &file->channels;
	int rc;

	*ret = (struct case_task){0};
	lk_arena_init(&ret->arena);
	ret->task = (struct lk_task){.reach = &ret->reach,
		.channels = case_channels(channels, &ret->arena),
		.n_channels = channels->len,
		.alias = LK_STR("https://h"),
		.n_specs = q->specs.len,
		.n_pins = q->pins.len,
		.virtuals = &ret->virtuals,
		.channel_priority = q->priority,
		/* A repodata's small time stamps are seconds. */
		.exclude_newer = how->json ? q->newer * 1000 : q->newer,
		.locked = q->locked.items,
		.n_locked = q->locked.len,
		.update = q->update.items,
		.n_update = q->update_all ? 0 : q->update.len,
		.update_all = q->update_all,
		.known_names = q->known.items,
		.n_known_names = q->known.len};
	rc = case_specs(&q->specs, &ret->arena, &ret->task.specs, err);
	if (rc == 0) {
		rc = case_specs(&q->pins, &ret->arena, &ret->task.pins, err);
	}
	for (size_t i = 0; rc == 0 && i < q->virtuals.len; i++) {
		rc = lk_virtuals_set_text(&ret->virtuals, q->virtuals.items[i], &ret->arena, err);
	}
	return rc == 0 ? case_reach(file, how, ret, err) : rc;
}

#endif
