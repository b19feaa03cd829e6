/*
 * Downloads that did not come to their end: what has arrived stays in the cache's tmp/, and the
 * next run, of whatever process or user, goes on from there.
 *
 *     <cache>/tmp/partial,<sha256>,owner,HOST,…-xxxxxx     being written by that process
 *     <cache>/tmp/partial,<sha256>,free-xxxxxx             left by one that stopped in order
 *
 *     lk_partials_read(cache, &partials, err);
 *     if (lk_partial_claim(partials, record, now, &incoming, &size, err) == LK_E_NOT_FOUND)
 *         lk_partial_begin(partials, record, &incoming, err);
 *     … the first `size` bytes hashed, the others written behind them and hashed …
 *     lk_cache_commit(…), lk_cache_abort(…) or lk_partial_release(partials, &incoming)
 *     lk_partials_free(partials);
 *
 * No lock is needed. A partial is taken over by renaming it to a name of one's own, which only one
 * process can do, and no two ever write to one file: what its owner left in order, or what belongs
 * to a process that is surely gone (base/owner.h), is written on. Where that cannot be known from
 * here (another machine), it counts as left after LK_PARTIAL_QUIET_S without a byte; its owner may
 * yet awake, so its bytes are then copied. So are those that belong to another user.
 *
 * Nothing about the bytes is trusted: they are hashed, and what does not hash to the promised
 * sha256 is fetched anew.
 */
#ifndef LK_STORE_PARTIAL_H
#define LK_STORE_PARTIAL_H

#include "store/cache.h"

/* Longer than a live download stays without a byte, its pauses between tries included. */
#define LK_PARTIAL_QUIET_S ((int64_t)15 * 60)
/* What has less is not worth a file that lies about. */
#define LK_PARTIAL_MIN_BYTES ((uint64_t)1 << 20)
/* lk_cache_sweep leaves a partial for so much longer than other unfinished work. */
#define LK_PARTIAL_KEPT_S ((int64_t)7 * 24 * 60 * 60)

struct lk_partials;

/* What lies in the tmp/ of CACHE (borrowed) now. */
int lk_partials_read(
	struct lk_cache *cache, struct lk_partials **ret, struct lk_error *err) LK_MUST_USE;
void lk_partials_free(struct lk_partials *partials);

/* Is another process, one that may be alive, at RECORD's archive? NOW: seconds since 1970, 0 when
 * not known (then no time is long). Tells of the moment of lk_partials_read. */
bool lk_partials_busy(
	const struct lk_partials *partials, const struct lk_record *record, int64_t now);

/* Takes over the first *RET_SIZE bytes of RECORD's archive (perhaps all of it, or none), to be
 * written on from there: `fd` reads and writes, its offset is at the end. LK_E_NOT_FOUND when there
 * is nothing to go on from. */
int lk_partial_claim(struct lk_partials *partials, const struct lk_record *record, int64_t now,
	struct lk_cache_incoming *ret, uint64_t *ret_size, struct lk_error *err) LK_MUST_USE;
/* lk_cache_begin under a name that tells what it is and whose. */
int lk_partial_begin(struct lk_partials *partials, const struct lk_record *record,
	struct lk_cache_incoming *ret, struct lk_error *err) LK_MUST_USE;
/* Closes it and leaves its bytes for whoever comes next; removes it when they are few. */
void lk_partial_release(struct lk_partials *partials, struct lk_cache_incoming *incoming);

/* Is this a name of a partial? */
bool lk_partial_is_name(lk_str name);

#endif
