/*
 * Package archives into the cache: which of them are missing, whose they are to bring in, and in
 * what order. How one arrives: fetch/package_item.c.
 */
#include "fetch/fetch.h"

#include <stdlib.h>

#include "base/fs.h"
#include "base/map.h"
#include "fetch/packages_priv.h"

/* Copies the archive of a file:// channel. *ret_local: it is one. */
static int import_local(struct lk_item *item, bool *ret_local, struct lk_error *err)
{
	struct lk_batch *batch = item->batch;
	int rc = lk_fetch_import_local(
		batch->fetch, item->record, &batch->arena, ret_local, &item->sha256, err);
	if (rc < 0) {
		return lk_item_fail(item, err);
	}
	if (*ret_local) {
		item->done = true;
		item->size = item->record->has_size ? item->record->size : 0;
		lk_item_let_go(item);
	}
	return 0;
}

static bool is_local(const struct lk_record *record)
{
	return lk_str_starts(record->url, LK_STR("file:"));
}

static void add_item(struct lk_batch *batch, const struct lk_record *record, lk_str shown)
{
	const struct lk_item item = {
		.batch = batch,
		.record = record,
		.shown = lk_str_dup(&batch->arena, shown).ptr,
	};
	lk_vec_push(&batch->items, item);
	batch->bytes_all += record->has_size ? record->size : 0;
}

/* Notes the archives that are missing, each once. */
static int find_missing(struct lk_batch *batch, const struct lk_record *records, size_t n_records,
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

static int check_offline(const struct lk_batch *batch, struct lk_error *err)
{
	size_t missing = 0;
	const struct lk_item *first = NULL;
	for (size_t i = 0; i < batch->items.len; i++) {
		const struct lk_item *item = &batch->items.items[i];
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
static int import_all(struct lk_batch *batch, struct lk_error *err)
{
	for (size_t i = 0; i < batch->items.len; i++) {
		struct lk_item *item = &batch->items.items[i];
		bool local;
		if (lk_report_stop(batch->fetch->report)) {
			return lk_fail(err, LK_E_INTERRUPTED, "interrupted");
		}
		if (!lk_item_is_ours(item)) {
			continue;
		}
		int rc = import_local(item, &local, err);
		if (rc == LK_E_NETWORK || rc == LK_E_INTEGRITY) {
			lk_item_failed(item, err);
			lk_error_clear(err);
		} else if (rc < 0) {
			return rc;
		}
		if (local) {
			lk_batch_report(batch);
		}
	}
	return 0;
}

/* Runs the transfers. What has arrived of those that a failure broke off gets to their files. */
static int receive(void *ctx, struct lk_error *err)
{
	struct lk_batch *batch = ctx;
	int rc = lk_http_run(batch->fetch->http, batch->requests, batch->n_requests,
		lk_batch_report, batch, err);
	for (size_t i = 0; rc < 0 && i < batch->items.len; i++) {
		struct lk_item *item = &batch->items.items[i];
		struct lk_error ignored = LK_ERROR_INIT;
		if (item->open && lk_writer_drain(batch->writer, &item->file, &ignored) < 0) {
			lk_error_clear(&ignored); /* as much as there is */
		}
	}
	return rc;
}

static uint64_t bytes_left(const struct lk_item *item)
{
	const struct lk_record *record = item->record;
	return record->has_size && record->size > item->size ? record->size - item->size : 0;
}

/* The largest first: begun last, one would still be on its way when all others are done. */
static int compare_left(const void *a, const void *b)
{
	const struct lk_item *left = ((const struct lk_http_request *)a)->ctx;
	const struct lk_item *right = ((const struct lk_http_request *)b)->ctx;
	uint64_t bytes[] = {bytes_left(left), bytes_left(right)};
	if (bytes[0] != bytes[1]) {
		return bytes[0] > bytes[1] ? -1 : 1;
	}
	return left < right ? -1 : left > right;
}

static int request_all(struct lk_batch *batch, struct lk_error *err)
{
	batch->requests = lk_calloc(batch->items.len, sizeof(*batch->requests));
	for (size_t i = 0; i < batch->items.len; i++) {
		struct lk_item *item = &batch->items.items[i];
		if (!lk_item_is_ours(item)) {
			continue;
		}
		struct lk_http_request *request = &batch->requests[batch->n_requests++];
		*request = (struct lk_http_request){
			.resumable = true,
			.have = item->size,
			.sink = &lk_item_sink,
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
static bool take_item(struct lk_item *item, struct lk_buf *who)
{
	struct lk_batch *batch = item->batch;
	item->ours = !item->record->has_sha256 ||
		lk_claim_take(batch->claims, LK_CLAIM_ARCHIVE, item->record, who);
	if (item->ours && item->record->has_sha256 &&
		lk_cache_has_own_archive(batch->fetch->cache, item->record)) {
		item->done = item->by_others = true;
		lk_item_let_go(item);
	}
	return item->ours;
}

/* Takes what is wanted and free. *RET_OTHERS: the first that another process is at, or NULL. */
static size_t take_items(struct lk_batch *batch, struct lk_item **ret_others)
{
	size_t n = 0;
	*ret_others = NULL;
	for (size_t i = 0; i < batch->items.len; i++) {
		struct lk_item *item = &batch->items.items[i];
		if (!lk_item_is_wanted(item)) {
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

static int wait_for(struct lk_item *item, struct lk_error *err)
{
	struct lk_batch *batch = item->batch;
	struct lk_buf LK_CLEANUP(lk_buf_done) who = LK_BUF_INIT(1024);
	for (unsigned round = 0; !take_item(item, round == 0 ? &who : NULL); round++) {
		if (round == 0) {
			lk_note(batch->fetch->report, 1, "waiting for '%s': %s is fetching it",
				item->shown, lk_buf_cstr(&who));
		}
		if (lk_report_stop(batch->fetch->report)) {
			return lk_fail(err, LK_E_INTERRUPTED, "interrupted");
		}
		lk_batch_report(batch);
		lk_claims_pause(batch->claims, round);
	}
	return 0;
}

/* Brings in what is ours. */
static int bring_ours(struct lk_batch *batch, struct lk_error *err)
{
	size_t n = 0;
	int rc = import_all(batch, err);
	for (size_t i = 0; i < batch->items.len; i++) {
		n += lk_item_is_ours(&batch->items.items[i]);
	}
	if (rc < 0 || n == 0) {
		return rc;
	}
	rc = lk_partials_read(batch->fetch->cache, &batch->partials, err);
	rc = rc < 0 ? rc : lk_batch_claim_partials(batch, err);
	return rc < 0 ? rc : request_all(batch, err);
}

/* Before another round: what the one before has left in order stays for whoever comes next. */
static void end_round(struct lk_batch *batch)
{
	for (size_t i = 0; i < batch->items.len; i++) {
		struct lk_item *item = &batch->items.items[i];
		if (item->ours && !item->done) {
			lk_item_leave(item);
			lk_item_let_go(item);
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
static int bring_all(struct lk_batch *batch, struct lk_error *err)
{
	struct lk_item *others;
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
static int judge(struct lk_batch *batch, int rc, struct lk_error *err)
{
	const struct lk_item *first = NULL;
	if (rc == LK_E_INTERRUPTED) {
		return rc;
	}
	for (size_t i = 0; i < batch->items.len; i++) {
		const struct lk_item *item = &batch->items.items[i];
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

static int bring_in(struct lk_batch *batch, struct lk_error *err)
{
	int rc = batch->fetch->options.offline ? check_offline(batch, err) : 0;
	rc = rc < 0 ? rc : bring_all(batch, err);
	return judge(batch, rc, err);
}

static void batch_done(struct lk_batch *batch)
{
	for (size_t i = 0; i < batch->items.len; i++) {
		struct lk_item *item = &batch->items.items[i];
		lk_item_leave(item);
		lk_item_free_digests(item);
		lk_free(item->error);
	}
	lk_vec_done(&batch->items);
	lk_claims_free(batch->claims);
	lk_vec_done(&batch->under_way);
	lk_arena_done(&batch->arena);
}

static void count_done(const struct lk_batch *batch, struct lk_fetch_stats *stats)
{
	for (size_t i = 0; i < batch->items.len; i++) {
		const struct lk_item *item = &batch->items.items[i];
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
	struct lk_batch batch = {.fetch = fetch, .channels = channels, .n_channels = n_channels};
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
static int check_unhashed(const struct lk_batch *batch, struct lk_error *err)
{
	const struct lk_item *item = batch->items.items;
	const struct lk_item *end = item + batch->items.len;
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
	struct lk_batch batch = {.fetch = fetch, .channels = channels, .n_channels = n_channels};
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
