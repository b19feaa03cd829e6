/*
 * Filling a set of repodata.
 */
#ifndef LK_FETCH_REPODATA_SET_PRIV_H
#define LK_FETCH_REPODATA_SET_PRIV_H

#include "fetch/repodata_file_priv.h"
#include "fetch/shards_priv.h"

/* N parts in channel-major order; each has to be put. */
struct lk_repodata_set *lk_repodata_set_new(struct lk_fetch *fetch, size_t n, size_t n_subdirs);
/* One of WHOLE and INDEX is NULL. */
void lk_repodata_set_put(struct lk_repodata_set *set, size_t at, const struct lk_channel *channel,
	struct lk_repodata_file *whole /* taken */, struct lk_shard_index *index /* taken */);

#endif
