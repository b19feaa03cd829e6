/*
 * Claims: who is at what in a cache that many fill at once, so that one fetches or extracts a
 * package and the others wait for it.
 *
 *     <cache>/tmp/claims,OWNER-xxxxxx      a process that has claims; holds its own name, touched
 * as the work goes on <cache>/tmp/claim,KIND,<sha256>      the same file (a hard link) or a symlink
 * to its name
 *
 *     claims = lk_claims_new(cache);
 *     if (lk_claim_take(claims, LK_CLAIM_TREE, record, NULL)) {
 *         … look whether it is there by now, make it, lk_claims_beat(claims) now and then …
 *         lk_claim_release(claims, LK_CLAIM_TREE, record);
 *     } else {
 *         … do something else, or lk_claims_pause(claims, i) and try again …
 *     }
 *     lk_claims_free(claims);
 *
 * Nothing that is right depends on them: entries are published by rename, whoever makes them. A
 * claim only saves work, so it needs no lock: making a link fails where one is. It is void when
 * its process has ended (base/owner.h) or, where that cannot be known from here, when it was not
 * touched for LK_CLAIM_QUIET_S by the clock of the file system. Where none can be made or taken
 * over (read-only, other users' files in a sticky folder, no links of any kind) everything is free.
 * Whoever waits holds no claim, so nobody waits in a circle. Thread-safe but for _new and _free.
 */
#ifndef LK_STORE_CLAIM_H
#define LK_STORE_CLAIM_H

#include "store/cache.h"

#define LK_CLAIM_QUIET_S 60

enum lk_claim_kind {
	LK_CLAIM_ARCHIVE, /* is being fetched */
	LK_CLAIM_TREE,    /* is being extracted */
};

struct lk_claims;

/* For CACHE (borrowed). Nothing is made before the first claim is asked for. */
struct lk_claims *lk_claims_new(struct lk_cache *cache) LK_MUST_USE;
/* Gives back what is held. */
void lk_claims_free(struct lk_claims *claims);

/* True when the work is this process's now; false when somebody is at it, who is told in WHO (may
 * be NULL; appended). */
bool lk_claim_take(struct lk_claims *claims, enum lk_claim_kind kind,
	const struct lk_record *record, struct lk_buf *who);
void lk_claim_release(
	struct lk_claims *claims, enum lk_claim_kind kind, const struct lk_record *record);

/* The work goes on. Cheap; CLAIMS may be NULL. */
void lk_claims_beat(struct lk_claims *claims);
/* Sleeps for a moment, the longer the larger ROUND is, at most a second; what others made is seen
 * afterwards also where a network file system keeps names in mind. */
void lk_claims_pause(struct lk_claims *claims, unsigned round);

#endif
