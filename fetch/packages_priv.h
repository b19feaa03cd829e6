/*
 * Archives on their way into the cache: what fetch/packages.c, which knows what is wanted, and
 * fetch/package_item.c, which knows how one of them arrives, share.
 */
#ifndef LK_FETCH_PACKAGES_PRIV_H
#define LK_FETCH_PACKAGES_PRIV_H

#include "fetch/fetch_priv.h"
#include "fetch/writer.h"
#include "store/claim.h"
#include "store/partial.h"

/* One archive that is not in the cache yet. */
struct lk_item {
	struct lk_batch *batch;
	const struct lk_record *record; /* without sha256 only from lk_fetch_hashes */
	const char *shown;              /* its URL, without credentials should it have any */
	struct lk_cache_incoming incoming;
	bool open; /* `incoming` is */
	bool bad;  /* what has arrived is of no use */
	bool done;
	bool ours;      /* to bring in: nobody else is at it */
	bool by_others; /* done, but not by us */
	struct lk_writer_file file;
	uint64_t size;           /* bytes that have arrived */
	struct lk_error *error;  /* why it has failed, or NULL */
	struct lk_sha256 sha256; /* of them, once done */
};

struct lk_items LK_VEC_OF(struct lk_item);
struct lk_progress_files LK_VEC_OF(struct lk_progress_file);

struct lk_batch {
	struct lk_fetch *fetch;
	const struct lk_channel *channels;
	size_t n_channels;
	struct lk_arena arena;
	struct lk_items items; /* in the order of the records, each archive once */
	uint64_t bytes_all;
	uint64_t bytes_told; /* to those who wait for us */
	struct lk_claims *claims;
	struct lk_partials *partials;
	struct lk_writer *writer;
	struct lk_http_request *requests;
	size_t n_requests;
	struct lk_progress_files under_way; /* for the report of the moment */
};

/* Tells how far the batch CTX is; to be called often. */
void lk_batch_report(void *ctx);
/* Takes up what earlier runs have left of what is ours, and what of it is whole already is done.
 * LK_E_INTERRUPTED. */
int lk_batch_claim_partials(struct lk_batch *batch, struct lk_error *err) LK_MUST_USE;

/* How the bytes of an item, its context, arrive. */
extern const struct lk_http_sink lk_item_sink;

/* Neither here nor known to be impossible; and of those, for us to bring in. */
bool lk_item_is_wanted(const struct lk_item *item);
bool lk_item_is_ours(const struct lk_item *item);
/* ITEM has failed for good; the others may go on. */
void lk_item_failed(struct lk_item *item, const struct lk_error *error);
/* Other bytes than were promised: says so with the address and what to do. */
int lk_item_fail(const struct lk_item *item, struct lk_error *err);
/* Leaves what has arrived for the next run, unless it is of no use. */
void lk_item_leave(struct lk_item *item);
/* Others may be at it again. */
void lk_item_let_go(struct lk_item *item);
void lk_item_free_digests(struct lk_item *item);

#endif
