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

#include "base/stream.h"
#include "resolver/task.h"

struct real_index {
	lk_str key;                   /* CHANNEL/SUBDIR */
	struct lk_repodata *repodata; /* NULL: the channel has no such subdir */
};

struct real_channels {
	const char *folder;
	struct lk_arena arena;
	struct {
		struct real_index *items;
		size_t len, cap;
	} indexes;
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
	const struct lk_record *locked;
	size_t n_locked;

	struct lk_arena arena;
	struct lk_reach reach;
	struct lk_task task;
	struct lk_virtuals set;
	struct lk_solution solution;
	double load_ms, solve_ms;
};

static inline double real_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* NULL when there is no such file, or it cannot be read (then err says why). */
static inline struct lk_repodata *real_open(
	struct real_channels *all, lk_str channel, lk_str subdir, struct lk_error *err)
{
	struct lk_buf json = LK_BUF_INIT((size_t)1 << 30);
	struct real_index index = {0};
	struct lk_repodata_origin origin = {.channel_name = channel, .subdir = subdir};
	struct lk_stream *stream;
	char *path;
	int fd;

	index.key = lk_str_printf(
		&all->arena, LK_STR_FMT "/" LK_STR_FMT, LK_STR_ARG(channel), LK_STR_ARG(subdir));
	for (size_t i = 0; i < all->indexes.len; i++) {
		if (lk_str_eq(all->indexes.items[i].key, index.key)) {
			return all->indexes.items[i].repodata;
		}
	}
	origin.channel_name = lk_str_slice(index.key, 0, channel.len);
	origin.subdir = lk_str_skip(index.key, channel.len + 1);
	origin.channel_url =
		lk_str_printf(&all->arena, LK_CHANNEL_ALIAS "/" LK_STR_FMT, LK_STR_ARG(channel));
	path = lk_arena_printf(&all->arena, "%s/" LK_STR_FMT "/repodata.json.zst", all->folder,
		LK_STR_ARG(index.key));
	origin.file = path;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		stream = lk_stream_decode(lk_stream_from_fd(fd, path), LK_CODEC_ZSTD);
		if (lk_stream_read_all(stream, &json, err) == 0 &&
			lk_repodata_open(&json, &origin, &index.repodata, err) < 0) {
			index.repodata = NULL;
		}
		lk_stream_free(stream);
		lk_buf_done(&json);
	}
	lk_vec_push(&all->indexes, index);
	return index.repodata;
}

static inline void real_channels_done(struct real_channels *all)
{
	for (size_t i = 0; i < all->indexes.len; i++) {
		lk_repodata_free(all->indexes.items[i].repodata);
	}
	lk_vec_done(&all->indexes);
	lk_arena_done(&all->arena);
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
		.locked = solve->locked,
		.n_locked = solve->n_locked};
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
			struct lk_repodata *repodata =
				real_open(all, solve->channels[i], subdirs[k], err);

			if (repodata) {
				sources[n++] = lk_source_of_repodata(repodata, i);
			}
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

static inline void real_solve_done(struct real_solve *solve)
{
	lk_solution_done(&solve->solution);
	lk_reach_done(&solve->reach);
	lk_vec_done(&solve->set);
	lk_arena_done(&solve->arena);
}

#endif
