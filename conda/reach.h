/*
 * What a solve can reach: from the root names, transitively, through every source.
 *
 * A source is anything that gives the records of a name: a repodata, or its shards.
 * The result is plain values, so that solving needs no file, network or clock.
 */
#ifndef LK_CONDA_REACH_H
#define LK_CONDA_REACH_H

#include "base/map.h"
#include "conda/matchspec.h"
#include "conda/repodata.h"

struct lk_source {
	void *ctx;
	/* Records of NAME appended to RET (strings owned by ARENA or the source). */
	int (*records)(void *ctx, lk_str name, struct lk_arena *arena, struct lk_records *ret,
		struct lk_error *err);
	/* NULL, or: NAME will be asked for. Told of every name as soon as it is met, so that a
	 * source that has to fetch can do so for many at a time. */
	void (*expect)(void *ctx, lk_str name);
	unsigned channel; /* index into the channels of the solve: rank for channel priority */
};

struct lk_matchspecs LK_VEC_OF(const struct lk_matchspec *);

struct lk_reached {
	lk_str name;
	const struct lk_record *records; /* in source order, then in the source's order */
	const unsigned *channels;        /* beside them: the channel index of each */
	size_t n;
	bool has_doubles; /* a .tar.bz2 beside the newer .conda of the same distribution */
};

struct lk_reach {
	struct lk_arena arena;
	struct lk_reached *names; /* sorted by name; only names that have records */
	size_t n_names;
	size_t n_records;
	struct lk_map spec_index; /* texts of dependencies that were followed */
	struct lk_matchspecs specs;
};

/* Follows depends and extras (conditional ones too), not constrains. Virtual names are not looked
 * up; a spec with a name pattern (glob) is not followed. Unparsable dependencies are left for the
 * resolver to judge. A .tar.bz2 gives way to the .conda of the same distribution unless that is
 * newer: then exclude-newer may rule out only the one. Archives that this version cannot install
 * are there only for a name that has no others, so that the resolver can tell; they lead nowhere.
 */
int lk_reach_load(const struct lk_source *sources, size_t n_sources, const lk_str *roots,
	size_t n_roots, struct lk_reach *ret, struct lk_error *err) LK_MUST_USE;
void lk_reach_done(struct lk_reach *reach);
const struct lk_reached *lk_reach_find(const struct lk_reach *reach, lk_str name);
/* The dependency TEXT parsed, as of LK_SPEC_REPODATA, if it was followed; else, and if it does not
 * parse, NULL. Owned by the reach. */
const struct lk_matchspec *lk_reach_spec(const struct lk_reach *reach, lk_str text);

#endif
