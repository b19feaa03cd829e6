/*
 * One archive on its way: its bytes hashed as they are written, beside the thread that receives
 * them, and published by lk_cache_commit; what is broken off stays for the next run.
 */
#include "fetch/packages_priv.h"

#include <errno.h>
#include <unistd.h>

#include "base/digest.h"

#define READ_BYTES ((size_t)1 << 20) /* of a file that is hashed between two looks at the user */

void lk_batch_report(void *ctx)
{
	struct lk_batch *batch = ctx;
	struct lk_progress progress = {
		.stage = "fetch",
		.total = batch->items.len,
		.bytes_all = batch->bytes_all,
	};
	lk_vec_clear(&batch->under_way);
	for (size_t i = 0; i < batch->items.len; i++) {
		const struct lk_item *item = &batch->items.items[i];
		const struct lk_record *record = item->record;
		progress.done += item->done;
		progress.bytes += item->size;
		if (item->open) {
			const struct lk_progress_file file = {
				record->fn, item->size, record->has_size ? record->size : 0};
			lk_vec_push(&batch->under_way, file);
		}
	}
	progress.files = batch->under_way.items;
	progress.n_files = batch->under_way.len;
	lk_report_progress(batch->fetch->report, &progress);
	if (progress.bytes != batch->bytes_told) {
		batch->bytes_told = progress.bytes;
		lk_claims_beat(batch->claims);
	}
}

static void item_abort(struct lk_item *item)
{
	if (item->open) {
		lk_cache_abort(item->batch->fetch->cache, &item->incoming);
		item->open = false;
	}
	item->size = 0;
}

/* ITEM has failed for good; the others may go on. */
void lk_item_failed(struct lk_item *item, const struct lk_error *error)
{
	if (!item->error) {
		item->error = lk_calloc(1, sizeof(*item->error));
	}
	*item->error = *error;
}

/* Leaves what has arrived for the next run, unless it is of no use. */
void lk_item_leave(struct lk_item *item)
{
	if (item->open && !item->bad) {
		lk_partial_release(item->batch->partials, &item->incoming);
		item->open = false;
	}
	item_abort(item);
}

/* Other bytes than were promised: says so with the address and what to do. */
int lk_item_fail(const struct lk_item *item, struct lk_error *err)
{
	if (err->code == LK_E_INTEGRITY) {
		lk_error_file(err, item->shown);
		lk_error_hint(err, "%s",
			item->record->has_sha256
				? "the channel serves another file than the lock names: try again, "
				  "and solve again if the file was replaced there on purpose"
				: "the address serves another file than was promised: try again, "
				  "or choose another build");
	}
	return err->code;
}

static void restart(struct lk_digest **digest, enum lk_digest_kind kind)
{
	if (*digest) {
		lk_digest_restart(*digest);
	} else {
		*digest = lk_digest_new(kind);
	}
}

/* `incoming` is there to be written. */
static void item_opened(struct lk_item *item)
{
	item->open = true;
	item->bad = false;
	item->file.fd = item->incoming.fd;
	item->file.name = item->incoming.name;
	restart(&item->file.digest, LK_DIGEST_SHA256);
}

static int sink_begin(void *ctx, struct lk_error *err)
{
	struct lk_item *item = ctx;
	struct lk_batch *batch = item->batch;
	if (lk_writer_drain(batch->writer, &item->file, err) < 0) {
		lk_error_clear(err); /* what a try before this one has left is void */
	}
	item_abort(item);
	int rc = item->record->has_sha256
		? lk_partial_begin(batch->partials, item->record, &item->incoming, err)
		: lk_cache_begin(batch->fetch->cache, &item->incoming, err);
	if (rc < 0) {
		return rc;
	}
	item_opened(item);
	if (!item->record->has_sha256) {
		restart(&item->file.second, LK_DIGEST_MD5);
	}
	return 0;
}

static int sink_write(void *ctx, const void *bytes, size_t len, struct lk_error *err)
{
	struct lk_item *item = ctx;
	const struct lk_record *record = item->record;
	uint64_t max = record->has_size ? record->size : LK_FETCH_ARCHIVE_MAX;
	if (len > max - item->size) {
		item->bad = true;
		lk_fail(err, LK_E_INTEGRITY, "larger than the %llu bytes expected",
			(unsigned long long)max);
		return lk_item_fail(item, err);
	}
	item->size += len;
	return lk_writer_put(item->batch->writer, &item->file, bytes, len, err);
}

void lk_item_free_digests(struct lk_item *item)
{
	lk_digest_free_p(&item->file.digest);
	lk_digest_free_p(&item->file.second);
}

/* Whoever waits for ITEM need not wait any longer. */
void lk_item_let_go(struct lk_item *item)
{
	if (item->ours && item->record->has_sha256) {
		lk_claim_release(item->batch->claims, LK_CLAIM_ARCHIVE, item->record);
	}
}

/* All has been written: into the cache with it, or away. */
static int item_commit(struct lk_item *item, struct lk_error *err)
{
	struct lk_record record;
	lk_digest_final(item->file.digest, item->sha256.bytes);
	int rc = lk_fetch_complete_record(
		item->record, &item->sha256, item->file.second, &record, err);
	if (rc == 0) {
		item->open = false; /* whatever comes of it */
		rc = lk_cache_commit(item->batch->fetch->cache, &item->incoming, &record,
			&item->sha256, item->size, err);
	}
	if (rc < 0) {
		item->bad = true;
		return lk_item_fail(item, err);
	}
	lk_item_free_digests(item);
	item->done = true;
	lk_item_let_go(item);
	return 0;
}

/* Its last bytes get to the file, as much as there is: their block belongs to all. */
static void sink_fail(void *ctx, const struct lk_error *error)
{
	struct lk_item *item = ctx;
	struct lk_error ignored = LK_ERROR_INIT;
	if (lk_writer_drain(item->batch->writer, &item->file, &ignored) < 0) {
		lk_error_clear(&ignored);
	}
	lk_item_failed(item, error);
}

/* The body's end, or an answer without one. What is wrong with this file alone does not keep the
 * others from being fetched. */
static int sink_end(void *ctx, const struct lk_http_response *response, struct lk_error *err)
{
	struct lk_item *item = ctx;
	int rc;
	if (response->status < 200 || response->status > 299) {
		rc = lk_http_fail_status(item->shown, response->status, err);
	} else {
		rc = lk_writer_drain(item->batch->writer, &item->file, err);
		rc = rc < 0 ? rc : item_commit(item, err);
	}
	if (rc == LK_E_INTEGRITY && lk_http_is_page(response)) {
		lk_error_hint(err, LK_HTTP_PAGE_HINT);
	}
	if (rc < 0) {
		lk_error_file(err, response->from);
	}
	bool again = rc == LK_E_INTEGRITY && (response->in_doubt || response->more);
	if ((rc != LK_E_NETWORK && rc != LK_E_INTEGRITY) || again) {
		return rc;
	}
	lk_item_failed(item, err);
	item->bad = rc == LK_E_INTEGRITY;
	lk_error_clear(err);
	return 0;
}

/* Neither here nor known to be impossible. */
bool lk_item_is_wanted(const struct lk_item *item)
{
	return !item->done && !item->error;
}

/* ... and to be brought in by us, now. */
bool lk_item_is_ours(const struct lk_item *item)
{
	return lk_item_is_wanted(item) && item->ours;
}

/* Hashes what an earlier run has left of ITEM. LK_E_INTERRUPTED, LK_E_FS. */
static int hash_claimed(
	struct lk_item *item, uint64_t size, unsigned char *buffer, struct lk_error *err)
{
	while (item->size < size) {
		ssize_t got = pread(item->incoming.fd, buffer, READ_BYTES, (off_t)item->size);
		if (got <= 0) {
			return lk_fail_errno(err, LK_E_FS, got < 0 ? errno : EIO,
				"cannot read '%s'", item->incoming.name);
		}
		lk_digest_update(item->file.digest, buffer, (size_t)got);
		item->size += (uint64_t)got;
		lk_batch_report(item->batch);
		if (lk_report_stop(item->batch->fetch->report)) {
			return lk_fail(err, LK_E_INTERRUPTED, "interrupted");
		}
	}
	return 0;
}

/* Takes up what earlier runs have left, and what of it is whole already is done. */
int lk_batch_claim_partials(struct lk_batch *batch, struct lk_error *err)
{
	unsigned char *LK_AUTO_FREE buffer = lk_calloc(1, READ_BYTES);
	for (size_t i = 0; i < batch->items.len; i++) {
		struct lk_item *item = &batch->items.items[i];
		struct lk_error none = LK_ERROR_INIT;
		uint64_t size;
		if (!lk_item_is_ours(item) || !item->record->has_sha256 ||
			lk_partial_claim(batch->partials, item->record, batch->fetch->options.now,
				&item->incoming, &size, &none) < 0) {
			continue;
		}
		lk_note(batch->fetch->report, 1, "going on after %llu bytes: '%s'",
			(unsigned long long)size, item->shown);
		item_opened(item);
		int rc = hash_claimed(item, size, buffer, err);
		if (rc == LK_E_INTERRUPTED) {
			return rc;
		}
		bool whole = item->record->has_size && size == item->record->size;
		if (rc < 0 || (whole && item_commit(item, err) < 0)) {
			lk_error_clear(err); /* then from the start */
			item_abort(item);
		}
	}
	return 0;
}

const struct lk_http_sink lk_item_sink = {
	.begin = sink_begin, .write = sink_write, .end = sink_end, .fail = sink_fail};
