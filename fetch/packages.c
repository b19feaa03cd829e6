/*
 * Package archives into the cache: hashed as they are written, beside the thread that receives
 * them, and published by lk_cache_commit.
 */
#include "fetch/fetch.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/fs.h"
#include "base/map.h"
#include "fetch/fetch_priv.h"
#include "fetch/writer.h"
#include "store/claim.h"
#include "store/partial.h"

#define READ_BYTES ((size_t)1 << 20) /* of a file that is hashed between two looks at the user */

/* One archive that is not in the cache yet. */
struct item {
	struct batch *batch;
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

struct items LK_VEC_OF(struct item);
struct progress_files LK_VEC_OF(struct lk_progress_file);

struct batch {
	struct lk_fetch *fetch;
	const struct lk_channel *channels;
	size_t n_channels;
	struct lk_arena arena;
	struct items items; /* in the order of the records, each archive once */
	uint64_t bytes_all;
	uint64_t bytes_told; /* to those who wait for us */
	struct lk_claims *claims;
	struct lk_partials *partials;
	struct lk_writer *writer;
	struct lk_http_request *requests;
	size_t n_requests;
	struct progress_files under_way; /* for the report of the moment */
};

static void report_progress(void *ctx)
{
	struct batch *batch = ctx;
	struct lk_progress progress = {
		.stage = "fetch",
		.total = batch->items.len,
		.bytes_all = batch->bytes_all,
	};
	lk_vec_clear(&batch->under_way);
	for (size_t i = 0; i < batch->items.len; i++) {
		const struct item *item = &batch->items.items[i];
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

static void item_abort(struct item *item)
{
	if (item->open) {
		lk_cache_abort(item->batch->fetch->cache, &item->incoming);
		item->open = false;
	}
	item->size = 0;
}

/* ITEM has failed for good; the others may go on. */
static void item_failed(struct item *item, const struct lk_error *error)
{
	if (!item->error) {
		item->error = lk_calloc(1, sizeof(*item->error));
	}
	*item->error = *error;
}

/* Leaves what has arrived for the next run, unless it is of no use. */
static void item_leave(struct item *item)
{
	if (item->open && !item->bad) {
		lk_partial_release(item->batch->partials, &item->incoming);
		item->open = false;
	}
	item_abort(item);
}

/* Other bytes than were promised: says so with the address and what to do. */
static int item_fail(const struct item *item, struct lk_error *err)
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
static void item_opened(struct item *item)
{
	item->open = true;
	item->bad = false;
	item->file.fd = item->incoming.fd;
	item->file.name = item->incoming.name;
	restart(&item->file.digest, LK_DIGEST_SHA256);
}

static int sink_begin(void *ctx, struct lk_error *err)
{
	struct item *item = ctx;
	struct batch *batch = item->batch;
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
	struct item *item = ctx;
	const struct lk_record *record = item->record;
	uint64_t max = record->has_size ? record->size : LK_FETCH_ARCHIVE_MAX;
	if (len > max - item->size) {
		item->bad = true;
		lk_fail(err, LK_E_INTEGRITY, "larger than the %llu bytes expected",
			(unsigned long long)max);
		return item_fail(item, err);
	}
	item->size += len;
	return lk_writer_put(item->batch->writer, &item->file, bytes, len, err);
}

static void free_digests(struct item *item)
{
	lk_digest_free_p(&item->file.digest);
	lk_digest_free_p(&item->file.second);
}

/* Whoever waits for ITEM need not wait any longer. */
static void let_go(struct item *item)
{
	if (item->ours && item->record->has_sha256) {
		lk_claim_release(item->batch->claims, LK_CLAIM_ARCHIVE, item->record);
	}
}

/* All has been written: into the cache with it, or away. */
static int item_commit(struct item *item, struct lk_error *err)
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
		return item_fail(item, err);
	}
	free_digests(item);
	item->done = true;
	let_go(item);
	return 0;
}

static void sink_fail(void *ctx, const struct lk_error *error)
{
	item_failed(ctx, error);
}

/* The body's end, or an answer without one. What is wrong with this file alone does not keep the
 * others from being fetched. */
static int sink_end(void *ctx, const struct lk_http_response *response, struct lk_error *err)
{
	struct item *item = ctx;
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
	item_failed(item, err);
	item->bad = rc == LK_E_INTEGRITY;
	lk_error_clear(err);
	return 0;
}

/* Neither here nor known to be impossible. */
static bool is_wanted(const struct item *item)
{
	return !item->done && !item->error;
}

/* ... and to be brought in by us, now. */
static bool is_ours(const struct item *item)
{
	return is_wanted(item) && item->ours;
}

/* Hashes what an earlier run has left of ITEM. LK_E_INTERRUPTED, LK_E_FS. */
static int hash_claimed(
	struct item *item, uint64_t size, unsigned char *buffer, struct lk_error *err)
{
	while (item->size < size) {
		ssize_t got = pread(item->incoming.fd, buffer, READ_BYTES, (off_t)item->size);
		if (got <= 0) {
			return lk_fail_errno(err, LK_E_FS, got < 0 ? errno : EIO,
				"cannot read '%s'", item->incoming.name);
		}
		lk_digest_update(item->file.digest, buffer, (size_t)got);
		item->size += (uint64_t)got;
		report_progress(item->batch);
		if (lk_report_stop(item->batch->fetch->report)) {
			return lk_fail(err, LK_E_INTERRUPTED, "interrupted");
		}
	}
	return 0;
}

/* Takes up what earlier runs have left, and what of it is whole already is done. */
static int claim_partials(struct batch *batch, struct lk_error *err)
{
	unsigned char *LK_AUTO_FREE buffer = lk_calloc(1, READ_BYTES);
	for (size_t i = 0; i < batch->items.len; i++) {
		struct item *item = &batch->items.items[i];
		struct lk_error none = LK_ERROR_INIT;
		uint64_t size;
		if (!is_ours(item) || !item->record->has_sha256 ||
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

/* Copies the archive of a file:// channel. *ret_local: it is one. */
static int import_local(struct item *item, bool *ret_local, struct lk_error *err)
{
	struct batch *batch = item->batch;
	int rc = lk_fetch_import_local(
		batch->fetch, item->record, &batch->arena, ret_local, &item->sha256, err);
	if (rc < 0) {
		return item_fail(item, err);
	}
	if (*ret_local) {
		item->done = true;
		item->size = item->record->has_size ? item->record->size : 0;
		let_go(item);
	}
	return 0;
}

static bool is_local(const struct lk_record *record)
{
	return lk_str_starts(record->url, LK_STR("file:"));
}

static void add_item(struct batch *batch, const struct lk_record *record, lk_str shown)
{
	const struct item item = {
		.batch = batch,
		.record = record,
		.shown = lk_str_dup(&batch->arena, shown).ptr,
	};
	lk_vec_push(&batch->items, item);
	batch->bytes_all += record->has_size ? record->size : 0;
}

/* Notes the archives that are missing, each once. */
static int find_missing(struct batch *batch, const struct lk_record *records, size_t n_records,
	size_t *ret_present, struct lk_error *err)
{
	struct lk_map seen LK_CLEANUP(lk_map_done) = {0};
	for (size_t i = 0; i < n_records; i++) {
		const struct lk_record *record = &records[i];
		lk_str shown = lk_url_without_credentials(record->url, &batch->arena);
		if (!record->has_sha256) {
			lk_fail(err, LK_E_INTEGRITY,
				"'" LK_STR_FMT "' has no sha256 to be checked against",
				LK_STR_ARG(shown));
			lk_error_hint(
				err, "choose another build, or ask the channel to index it again");
			return err->code;
		}
		struct lk_buf name LK_CLEANUP(lk_buf_done) = LK_BUF_INIT(1024);
		lk_cache_archive_name(record, &name);
		lk_str key = lk_str_dup(&batch->arena, lk_buf_view(&name));
		uint32_t next = seen.len;
		if (lk_map_add(&seen, key, next) != next) {
			continue;
		}
		if (lk_fetch_has(batch->fetch, record)) {
			(*ret_present)++;
		} else {
			add_item(batch, record, shown);
		}
	}
	return 0;
}

static int check_offline(const struct batch *batch, struct lk_error *err)
{
	size_t missing = 0;
	const struct item *first = NULL;
	for (size_t i = 0; i < batch->items.len; i++) {
		const struct item *item = &batch->items.items[i];
		if (is_local(item->record)) {
			continue;
		}
		lk_warn(batch->fetch->report, "not in the cache: '%s'", item->shown);
		first = first ? first : item;
		missing++;
	}
	if (missing == 0) {
		return 0;
	}
	if (missing == 1) {
		lk_fail(err, LK_E_OFFLINE, "offline, and '" LK_STR_FMT "' is not in the cache",
			LK_STR_ARG(first->record->fn));
	} else {
		lk_fail(err, LK_E_OFFLINE,
			"offline, and '" LK_STR_FMT "' and %zu more are not in the cache",
			LK_STR_ARG(first->record->fn), missing - 1);
	}
	lk_error_hint(err, "run 'lockenv fetch' where there is a network, with this cache");
	return err->code;
}

/* Brings in what lies in file:// channels. LK_E_INTERRUPTED, LK_E_FS; what else is wrong with an
 * item is noted there. */
static int import_all(struct batch *batch, struct lk_error *err)
{
	for (size_t i = 0; i < batch->items.len; i++) {
		struct item *item = &batch->items.items[i];
		bool local;
		if (lk_report_stop(batch->fetch->report)) {
			return lk_fail(err, LK_E_INTERRUPTED, "interrupted");
		}
		if (!is_ours(item)) {
			continue;
		}
		int rc = import_local(item, &local, err);
		if (rc == LK_E_NETWORK || rc == LK_E_INTEGRITY) {
			item_failed(item, err);
			lk_error_clear(err);
		} else if (rc < 0) {
			return rc;
		}
		if (local) {
			report_progress(batch);
		}
	}
	return 0;
}

/* Runs the transfers. What has arrived of those that a failure broke off gets to their files. */
static int receive(void *ctx, struct lk_error *err)
{
	struct batch *batch = ctx;
	int rc = lk_http_run(batch->fetch->http, batch->requests, batch->n_requests,
		report_progress, batch, err);
	for (size_t i = 0; rc < 0 && i < batch->items.len; i++) {
		struct item *item = &batch->items.items[i];
		struct lk_error ignored = LK_ERROR_INIT;
		if (item->open && lk_writer_drain(batch->writer, &item->file, &ignored) < 0) {
			lk_error_clear(&ignored); /* as much as there is */
		}
	}
	return rc;
}

static uint64_t bytes_left(const struct item *item)
{
	const struct lk_record *record = item->record;
	return record->has_size && record->size > item->size ? record->size - item->size : 0;
}

/* The largest first: begun last, one would still be on its way when all others are done. */
static int compare_left(const void *a, const void *b)
{
	const struct item *left = ((const struct lk_http_request *)a)->ctx;
	const struct item *right = ((const struct lk_http_request *)b)->ctx;
	uint64_t bytes[] = {bytes_left(left), bytes_left(right)};
	if (bytes[0] != bytes[1]) {
		return bytes[0] > bytes[1] ? -1 : 1;
	}
	return left < right ? -1 : left > right;
}

static int request_all(struct batch *batch, struct lk_error *err)
{
	static const struct lk_http_sink sink = {
		.begin = sink_begin, .write = sink_write, .end = sink_end, .fail = sink_fail};
	batch->requests = lk_calloc(batch->items.len, sizeof(*batch->requests));
	for (size_t i = 0; i < batch->items.len; i++) {
		struct item *item = &batch->items.items[i];
		if (!is_ours(item)) {
			continue;
		}
		struct lk_http_request *request = &batch->requests[batch->n_requests++];
		*request = (struct lk_http_request){
			.resumable = true,
			.have = item->size,
			.sink = &sink,
			.ctx = item,
		};
		lk_fetch_route(batch->fetch, batch->channels, batch->n_channels, item->record->url,
			&batch->arena, request);
	}
	qsort(batch->requests, batch->n_requests, sizeof(*batch->requests), compare_left);
	batch->writer = lk_writer_new(lk_http_jobs(batch->fetch->http));
	return lk_writer_run(batch->writer, receive, batch, err);
}

/* Makes ITEM ours, or done when another process has brought it in meanwhile. False while one is at
 * it, who is told in WHO. */
static bool take_item(struct item *item, struct lk_buf *who)
{
	struct batch *batch = item->batch;
	item->ours = !item->record->has_sha256 ||
		lk_claim_take(batch->claims, LK_CLAIM_ARCHIVE, item->record, who);
	if (item->ours && item->record->has_sha256 &&
		lk_cache_has_own_archive(batch->fetch->cache, item->record)) {
		item->done = item->by_others = true;
		let_go(item);
	}
	return item->ours;
}

/* Takes what is wanted and free. *RET_OTHERS: the first that another process is at, or NULL. */
static size_t take_items(struct batch *batch, struct item **ret_others)
{
	size_t n = 0;
	*ret_others = NULL;
	for (size_t i = 0; i < batch->items.len; i++) {
		struct item *item = &batch->items.items[i];
		if (!is_wanted(item)) {
			continue;
		}
		if (take_item(item, NULL)) {
			n += !item->done;
		} else if (!*ret_others) {
			*ret_others = item;
		}
	}
	return n;
}

static int wait_for(struct item *item, struct lk_error *err)
{
	struct batch *batch = item->batch;
	struct lk_buf LK_CLEANUP(lk_buf_done) who = LK_BUF_INIT(1024);
	for (unsigned round = 0; !take_item(item, round == 0 ? &who : NULL); round++) {
		if (round == 0) {
			lk_note(batch->fetch->report, 1, "waiting for '%s': %s is fetching it",
				item->shown, lk_buf_cstr(&who));
		}
		if (lk_report_stop(batch->fetch->report)) {
			return lk_fail(err, LK_E_INTERRUPTED, "interrupted");
		}
		report_progress(batch);
		lk_claims_pause(batch->claims, round);
	}
	return 0;
}

/* Brings in what is ours. */
static int bring_ours(struct batch *batch, struct lk_error *err)
{
	size_t n = 0;
	int rc = import_all(batch, err);
	for (size_t i = 0; i < batch->items.len; i++) {
		n += is_ours(&batch->items.items[i]);
	}
	if (rc < 0 || n == 0) {
		return rc;
	}
	rc = lk_partials_read(batch->fetch->cache, &batch->partials, err);
	rc = rc < 0 ? rc : claim_partials(batch, err);
	return rc < 0 ? rc : request_all(batch, err);
}

/* Before another round: what the one before has left in order stays for whoever comes next. */
static void end_round(struct batch *batch)
{
	for (size_t i = 0; i < batch->items.len; i++) {
		struct item *item = &batch->items.items[i];
		if (item->ours && !item->done) {
			item_leave(item);
			let_go(item);
		}
	}
	lk_partials_free(batch->partials);
	lk_writer_free(batch->writer);
	lk_free(batch->requests);
	batch->partials = NULL;
	batch->writer = NULL;
	batch->requests = NULL;
	batch->n_requests = 0;
}

/* All that is wanted, with what other processes bring into the same cache just now. */
static int bring_all(struct batch *batch, struct lk_error *err)
{
	struct item *others;
	int rc = 0;
	batch->claims = lk_claims_new(batch->fetch->cache);
	do {
		size_t n = take_items(batch, &others);
		if (n > 0) {
			rc = bring_ours(batch, err);
			end_round(batch);
		} else if (others) {
			rc = wait_for(others, err);
		}
	} while (rc == 0 && others);
	return rc;
}

/* The first failed item's error is the batch's; those of others are told. */
static int judge(struct batch *batch, int rc, struct lk_error *err)
{
	const struct item *first = NULL;
	if (rc == LK_E_INTERRUPTED) {
		return rc;
	}
	for (size_t i = 0; i < batch->items.len; i++) {
		const struct item *item = &batch->items.items[i];
		if (item->error && first) {
			lk_warn(batch->fetch->report, "'%s': %s", item->shown,
				item->error->message);
		} else if (item->error) {
			first = item;
		}
	}
	if (first) {
		*err = *first->error;
	}
	return first ? first->error->code : rc;
}

static int bring_in(struct batch *batch, struct lk_error *err)
{
	int rc = batch->fetch->options.offline ? check_offline(batch, err) : 0;
	rc = rc < 0 ? rc : bring_all(batch, err);
	return judge(batch, rc, err);
}

static void batch_done(struct batch *batch)
{
	for (size_t i = 0; i < batch->items.len; i++) {
		struct item *item = &batch->items.items[i];
		item_leave(item);
		free_digests(item);
		lk_free(item->error);
	}
	lk_vec_done(&batch->items);
	lk_claims_free(batch->claims);
	lk_vec_done(&batch->under_way);
	lk_arena_done(&batch->arena);
}

static void count_done(const struct batch *batch, struct lk_fetch_stats *stats)
{
	for (size_t i = 0; i < batch->items.len; i++) {
		const struct item *item = &batch->items.items[i];
		bool by_us = item->done && !item->by_others;
		stats->present += item->by_others;
		stats->downloaded += by_us;
		stats->bytes += by_us ? item->size : 0;
	}
}

int lk_fetch_packages(struct lk_fetch *fetch, const struct lk_channel *channels, size_t n_channels,
	const struct lk_record *records, size_t n_records, struct lk_fetch_stats *ret,
	struct lk_error *err)
{
	struct batch batch = {.fetch = fetch, .channels = channels, .n_channels = n_channels};
	struct lk_fetch_stats stats = {0};
	int rc = find_missing(&batch, records, n_records, &stats.present, err);
	if (rc == 0) {
		rc = bring_in(&batch, err);
	}
	if (rc == 0) {
		count_done(&batch, &stats);
		*ret = stats;
	}
	batch_done(&batch);
	return rc;
}

/* Without a network only what lies in file:// channels can be hashed. */
static int check_unhashed(const struct batch *batch, struct lk_error *err)
{
	const struct item *item = batch->items.items;
	const struct item *end = item + batch->items.len;
	while (item < end && is_local(item->record)) {
		item++;
	}
	if (item == end) {
		return 0;
	}
	lk_fail(err, LK_E_OFFLINE, "offline, and nothing tells the sha256 of '%s'", item->shown);
	lk_error_hint(err, "solve once where there is a network: the file is fetched and hashed");
	return err->code;
}

int lk_fetch_hashes(struct lk_fetch *fetch, const struct lk_channel *channels, size_t n_channels,
	const struct lk_record *const *records, size_t n_records, struct lk_sha256 *ret,
	struct lk_error *err)
{
	struct batch batch = {.fetch = fetch, .channels = channels, .n_channels = n_channels};
	for (size_t i = 0; i < n_records; i++) {
		add_item(&batch, records[i],
			lk_url_without_credentials(records[i]->url, &batch.arena));
	}
	int rc = fetch->http ? 0 : check_unhashed(&batch, err);
	rc = rc < 0 ? rc : bring_in(&batch, err);
	for (size_t i = 0; rc == 0 && i < n_records; i++) {
		ret[i] = batch.items.items[i].sha256;
	}
	batch_done(&batch);
	return rc;
}
