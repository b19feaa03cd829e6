/*
 * What channels have: the records that a spec matches, name by name.
 */
#ifndef LK_CLI_SEARCH_H
#define LK_CLI_SEARCH_H

#include "cli/app.h"
#include "conda/matchspec.h"
#include "fetch/fetch.h"

struct lk_search_options {
	struct lk_args channels, platforms;
	bool override_channels, offline;
};

/* A record that matches, and the channel it is of: an index into `channels` below. */
struct lk_hit {
	const struct lk_record *record;
	const struct lk_version *version;
	unsigned channel;
	bool is_double; /* a .tar.bz2 whose .conda is there too */
};

struct lk_search {
	struct lk_app *app;
	const struct lk_matchspec *spec;
	struct lk_channels channels; /* named as a lock would */
	struct lk_strs subdirs;      /* platforms, then noarch */
	struct lk_strs names; /* what the spec's name means, sorted; none that no channel has */
	/* Of the last name: how many records it has, matching or not, lowest and highest version.
	 */
	size_t n_records;
	lk_str lowest, highest;
	/* Behind the scenes. */
	struct lk_cache *cache;
	struct lk_fetch *fetch;
	struct lk_repodata_set *set;
};

/* Parses SPEC, resolves the channels, fetches their repodata and finds the names. A channel that
 * SPEC names and the command line does not stands alone. RET must be zeroed; pass it to done
 * whatever comes back. */
int lk_search_open(struct lk_app *app, const struct lk_search_options *options, const char *spec,
	struct lk_search *ret, struct lk_error *err) LK_MUST_USE;
void lk_search_done(struct lk_search *search);

/* Calls EACH for every name that has a hit, in order, with its hits: highest version first, then
 * without tracked features, build number, time stamp, build string, channel. They live until EACH
 * returns, and a negative value of it ends the search. */
int lk_search_run(struct lk_search *search,
	int (*each)(void *ctx, const struct lk_hit *hits, size_t n, struct lk_error *err),
	void *ctx, struct lk_error *err) LK_MUST_USE;

/* Fills ERR for a search without a hit: LK_E_FINDING, with what there is instead. */
int lk_search_tell_none(struct lk_search *search, struct lk_error *err);

#endif
