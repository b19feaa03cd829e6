/*
 * Real channels of shared/data for tests: opened on first use, kept open, solved with.
 *
 *     struct real_channels all = {.folder = LK_SHARED_DATA "/channels"};
 *     struct real_solve solve = {...names of channels, platform, specs, virtuals...};
 *     rc = real_solve_run(&all, &solve, &err);
 *     ... solve.solution ...
 *     real_solve_done(&solve); real_channels_done(&all);
 */
#ifndef TESTS_SUPPORT_REAL_CHANNELS_H
#define TESTS_SUPPORT_REAL_CHANNELS_H

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/map.h"
#include "base/stream.h"
#include "resolver/task.h"
#include "tests/support/pick.h"

struct real_record_lists LK_VEC_OF(struct lk_records);

/* One subdir of a channel; the records of a name are parsed once. */
struct real_index {
	struct real_channels *all;
	lk_str key;                   /* CHANNEL/SUBDIR */
	struct lk_repodata *repodata; /* NULL: the channel has no such subdir */
	struct lk_map by_name;
	struct real_record_lists lists;
};

struct real_indexes LK_VEC_OF(struct real_index *);

struct real_channels {
	const char *folder;
	uint64_t shuffle; /* not 0: a seed; records and subdirs then come in another order */
	struct lk_arena arena;
	struct real_indexes indexes;
};

struct real_solve {
	const lk_str *channels; /* names, highest priority first */
	size_t n_channels;
	const char *platform;
	const lk_str *specs;
	size_t n_specs;
	const lk_str *virtuals; /* NAME=VER[=BUILD], on top of the platform's defaults */
	size_t n_virtuals;
	enum lk_channel_priority priority;
	uint64_t exclude_newer; /* ms since 1970; 0: no limit */
	bool plain;             /* no presolve, and libsolv is told the order backwards */
	bool no_reasons;
	const struct lk_record *locked;
	size_t n_locked;

	struct lk_arena arena;
	struct lk_reach reach;
	struct lk_task task;
	struct lk_virtuals set;
	struct lk_solution solution;
	double load_ms, solve_ms; /* CPU time */
};

/* Milliseconds of this thread's CPU time. */
static inline double real_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static inline int real_scan(
	struct real_channels *all, struct real_index *index, lk_str channel, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) json = LK_BUF_INIT((size_t)1 << 30);
	struct lk_stream LK_CLEANUP(lk_stream_free_p) *stream = NULL;
	struct lk_repodata_origin origin = {
		.channel_name = lk_str_slice(index->key, 0, channel.len),
		.subdir = lk_str_skip(index->key, channel.len + 1),
		.channel_url = lk_str_printf(
			&all->arena, LK_CHANNEL_ALIAS "/" LK_STR_FMT, LK_STR_ARG(channel))};
	const char *path = lk_arena_printf(&all->arena, "%s/" LK_STR_FMT "/repodata.json.zst",
		all->folder, LK_STR_ARG(index->key));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0) {
		return 0;
	}
	origin.file = path;
	stream = lk_stream_decode(lk_stream_from_fd(fd, path), LK_CODEC_ZSTD);
	rc = lk_stream_read_all(stream, &json, err);
	return rc < 0 ? rc : lk_repodata_open(&json, &origin, &index->repodata, err);
}

/* Its `repodata` is NULL when there is no such file, or it cannot be read (then err says why). */
static inline struct real_index *real_open(
	struct real_channels *all, lk_str channel, lk_str subdir, struct lk_error *err)
{
	struct real_index *index = lk_arena_calloc(&all->arena, 1, sizeof(*index));

	index->all = all;
	index->key = lk_str_printf(
		&all->arena, LK_STR_FMT "/" LK_STR_FMT, LK_STR_ARG(channel), LK_STR_ARG(subdir));
	for (size_t i = 0; i < all->indexes.len; i++) {
		if (lk_str_eq(all->indexes.items[i]->key, index->key)) {
			return all->indexes.items[i];
		}
	}
	if (real_scan(all, index, channel, err) < 0) {
		index->repodata = NULL;
	}
	lk_vec_push(&all->indexes, index);
	return index;
}

/* The records of NAME, in the channel's order; they live as long as INDEX. */
static inline int real_records(
	struct real_index *index, lk_str name, const struct lk_records **ret, struct lk_error *err)
{
	static const struct lk_records none;
	uint32_t at = lk_map_get(&index->by_name, name);
	struct lk_records found = {0};
	int rc = 0;

	*ret = &none;
	if (!index->repodata) {
		return 0;
	}
	if (at == LK_MAP_NONE) {
		rc = lk_repodata_records(index->repodata, name, &index->all->arena, &found, err);
		at = (uint32_t)index->lists.len;
		lk_map_set(&index->by_name, lk_str_dup(&index->all->arena, name), at);
		lk_vec_push(&index->lists, found);
	}
	*ret = &index->lists.items[at];
	return rc;
}

static inline void real_channels_done(struct real_channels *all)
{
	for (size_t i = 0; i < all->indexes.len; i++) {
		struct real_index *index = all->indexes.items[i];

		lk_repodata_free(index->repodata);
		for (size_t k = 0; k < index->lists.len; k++) {
			lk_vec_done(&index->lists.items[k]);
		}
		lk_vec_done(&index->lists);
		lk_map_done(&index->by_name);
	}
	lk_vec_done(&all->indexes);
	lk_arena_done(&all->arena);
}

static inline int real_source_records(void *ctx, lk_str name, struct lk_arena *arena,
	struct lk_records *ret, struct lk_error *err)
{
	struct real_index *index = ctx;
	const struct lk_records *found;
	size_t start = ret->len;
	uint64_t seed = index->all->shuffle;
	int rc = real_records(index, name, &found, err);

	(void)arena;
	for (size_t i = 0; rc == 0 && i < found->len; i++) {
		lk_vec_push(ret, found->items[i]);
	}
	for (size_t n = ret->len - start; seed && n > 1; n--) {
		struct lk_record *last = &ret->items[start + n - 1];
		struct lk_record *other = &ret->items[start + pick_from(&seed, n)];
		struct lk_record moved = *last;

		*last = *other;
		*other = moved;
	}
	return rc;
}

static inline int real_task(struct real_solve *solve, struct lk_error *err)
{
	struct lk_channel *channels =
		lk_arena_calloc(&solve->arena, solve->n_channels, sizeof(*channels));
	const struct lk_matchspec **specs =
		lk_arena_calloc(&solve->arena, solve->n_specs, sizeof(const struct lk_matchspec *));
	int rc = 0;

	for (size_t i = 0; i < solve->n_channels; i++) {
		channels[i].name = solve->channels[i];
		channels[i].url = lk_str_printf(&solve->arena, LK_CHANNEL_ALIAS "/" LK_STR_FMT,
			LK_STR_ARG(solve->channels[i]));
		channels[i].auth_url = channels[i].url;
	}
	for (size_t i = 0; rc == 0 && i < solve->n_specs; i++) {
		rc = lk_matchspec_parse(
			solve->specs[i], LK_SPEC_REPODATA, &solve->arena, &specs[i], err);
	}
	lk_virtuals_default(lk_str_of(solve->platform), &solve->arena, &solve->set);
	for (size_t i = 0; rc == 0 && i < solve->n_virtuals; i++) {
		rc = lk_virtuals_set_text(&solve->set, solve->virtuals[i], &solve->arena, err);
	}
	solve->task = (struct lk_task){.reach = &solve->reach,
		.channels = channels,
		.n_channels = solve->n_channels,
		.alias = LK_STR(LK_CHANNEL_ALIAS),
		.specs = specs,
		.n_specs = solve->n_specs,
		.virtuals = &solve->set,
		.channel_priority = solve->priority,
		.exclude_newer = solve->exclude_newer,
		.locked = solve->locked,
		.n_locked = solve->n_locked,
		.no_reasons = solve->no_reasons,
		.no_presolve = solve->plain,
		.worst_first = solve->plain};
	return rc;
}

static inline int real_reach(
	struct real_channels *all, struct real_solve *solve, struct lk_error *err)
{
	lk_str subdirs[] = {lk_str_of(solve->platform), LK_STR("noarch")};
	struct lk_source *sources =
		lk_arena_calloc(&solve->arena, 2 * solve->n_channels, sizeof(*sources));
	lk_str *roots =
		lk_arena_calloc(&solve->arena, solve->n_specs + solve->n_locked, sizeof(*roots));
	size_t n = 0;

	for (unsigned i = 0; i < solve->n_channels; i++) {
		for (size_t k = 0; k < 2; k++) {
			struct real_index *index = real_open(
				all, solve->channels[i], subdirs[all->shuffle ? 1 - k : k], err);

			sources[n++] = (struct lk_source){
				.ctx = index, .records = real_source_records, .channel = i};
		}
	}
	for (size_t i = 0; i < solve->n_specs; i++) {
		roots[i] = solve->task.specs[i]->name;
	}
	for (size_t i = 0; i < solve->n_locked; i++) {
		roots[solve->n_specs + i] = solve->locked[i].name;
	}
	return lk_reach_load(
		sources, n, roots, solve->n_specs + solve->n_locked, &solve->reach, err);
}

static inline int real_solve_run(
	struct real_channels *all, struct real_solve *solve, struct lk_error *err)
{
	double start;
	int rc = real_task(solve, err);

	if (rc == 0) {
		/* Opening is not loading: do it first. */
		for (size_t i = 0; i < solve->n_channels; i++) {
			(void)real_open(all, solve->channels[i], lk_str_of(solve->platform), err);
			(void)real_open(all, solve->channels[i], LK_STR("noarch"), err);
		}
		start = real_now_ms();
		rc = real_reach(all, solve, err);
		solve->load_ms = real_now_ms() - start;
	}
	if (rc == 0) {
		start = real_now_ms();
		rc = lk_solve(&solve->task, NULL, &solve->solution, err);
		solve->solve_ms = real_now_ms() - start;
	}
	return rc;
}

/* Makes of a copy of a solve that was run one that was not. */
static inline void real_solve_again(struct real_solve *solve)
{
	solve->arena = (struct lk_arena){0};
	solve->reach = (struct lk_reach){0};
	solve->task = (struct lk_task){0};
	solve->set = (struct lk_virtuals){0};
	solve->solution = (struct lk_solution){0};
}

static inline void real_solve_done(struct real_solve *solve)
{
	lk_solution_done(&solve->solution);
	lk_reach_done(&solve->reach);
	lk_vec_done(&solve->set);
	lk_arena_done(&solve->arena);
}

#endif
