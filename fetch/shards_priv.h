/*
 * The shards of one subdir, loaded when they are asked for.
 *
 * A loader serves all subdirs of a set: what any of them expects is brought in together, by the
 * first that needs it.
 */
#ifndef LK_FETCH_SHARDS_PRIV_H
#define LK_FETCH_SHARDS_PRIV_H

#include <stdatomic.h>

#include "conda/reach.h"
#include "conda/shard_index.h"
#include "fetch/fetch_priv.h"

struct lk_shard;

struct lk_shard_loader {
	struct lk_fetch *fetch;
	struct {
		struct lk_shard **items;
		size_t len, cap;
	} expected;         /* and not loaded yet */
	int dirfd;          /* of the cached shards, or -1 */
	atomic_size_t text; /* of all that are loaded, bytes */
	size_t arriving;    /* bytes that came over the network and are not decoded yet */
	bool pruned;
};

struct lk_shards;

/* The index in the file FD, as served; errors as of lk_stream_read_all and lk_shard_index_parse. */
int lk_shards_read_index(int fd /* taken */, const struct lk_repodata_origin *origin,
	struct lk_shard_index **ret, struct lk_error *err) LK_MUST_USE;

/* LOADER and CHANNEL are borrowed. */
struct lk_shards *lk_shards_new(struct lk_shard_loader *loader, const struct lk_channel *channel,
	struct lk_shard_index *index /* taken */);
void lk_shards_free(struct lk_shards *shards);
const struct lk_shard_index *lk_shards_index(const struct lk_shards *shards);
/* As the members of struct lk_source; CTX is a struct lk_shards. */
void lk_shards_expect(void *ctx, lk_str name);
int lk_shards_records(void *ctx, lk_str name, struct lk_arena *arena, struct lk_records *ret,
	struct lk_error *err) LK_MUST_USE;
/* The shard of NAME if it is loaded, else NULL. */
struct lk_repodata *lk_shards_loaded(const struct lk_shards *shards, lk_str name);
/* lk_repodata_tell for each that is loaded, in the order they were asked for. */
void lk_shards_tell(struct lk_shards *shards, const struct lk_report *report);

void lk_shard_loader_done(struct lk_shard_loader *loader);

/* Removes from the cache the shards (DIRFD is their folder) that came more than 30 days ago and
 * that no index in the cache names. What cannot be told or removed stays without a word. */
void lk_shards_prune(const struct lk_fetch *fetch, int dirfd);

#endif
