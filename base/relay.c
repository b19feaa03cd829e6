/*
 * Reports from several threads, joined.
 */
#include "base/relay.h"

#include <unistd.h>

static void keep(struct lk_relay_item *item, int level, const char *message)
{
	lk_vec_push(&item->messages, (struct lk_relay_message){level, lk_strdup(message)});
}

static void item_warn(void *ctx, const char *message)
{
	keep(ctx, 0, message);
}

static void item_note(void *ctx, int level, const char *message)
{
	keep(ctx, level, message);
}

static bool item_stop(void *ctx)
{
	struct lk_relay *relay = ((struct lk_relay_item *)ctx)->relay;
	if (gettid() == relay->caller && lk_report_stop(relay->to)) {
		atomic_store(&relay->stopped, true);
	}
	return atomic_load(&relay->stopped);
}

void lk_relay_init(struct lk_relay *relay, const struct lk_report *to, size_t n)
{
	*relay = (struct lk_relay){.to = to, .caller = gettid(), .n = n};
	relay->items = lk_calloc(n, sizeof(*relay->items));
	for (size_t i = 0; i < n; i++) {
		struct lk_relay_item *item = &relay->items[i];
		item->relay = relay;
		item->report = (struct lk_report){
			.ctx = item, .warn = item_warn, .note = item_note, .stop = item_stop};
	}
}

void lk_relay_done(struct lk_relay *relay)
{
	for (size_t i = 0; i < relay->n; i++) {
		struct lk_relay_messages *messages = &relay->items[i].messages;
		for (size_t m = 0; m < messages->len; m++) {
			lk_free(messages->items[m].text);
		}
		lk_vec_done(messages);
	}
	lk_free(relay->items);
	relay->items = NULL;
	relay->n = 0;
}

static void tell(struct lk_relay *relay, const char *stage)
{
	if (gettid() == relay->caller) {
		const struct lk_progress progress = {
			.stage = stage,
			.done = atomic_load(&relay->done),
			.total = relay->n,
			.bytes = atomic_load(&relay->bytes),
			.bytes_all = relay->bytes_all,
		};
		lk_report_progress(relay->to, &progress);
	}
}

void lk_relay_step(struct lk_relay *relay, const char *stage)
{
	atomic_fetch_add(&relay->done, 1);
	atomic_store(&relay->stage, stage);
	tell(relay, stage);
}

void lk_relay_bytes(struct lk_relay *relay, const char *stage, uint64_t bytes)
{
	atomic_fetch_add(&relay->bytes, bytes);
	tell(relay, stage);
}

void lk_relay_flush(struct lk_relay *relay)
{
	const char *stage = atomic_load(&relay->stage);
	if (stage) {
		tell(relay, stage);
	}
	for (size_t i = 0; i < relay->n; i++) {
		const struct lk_relay_messages *messages = &relay->items[i].messages;
		for (size_t m = 0; m < messages->len; m++) {
			const struct lk_relay_message *message = &messages->items[m];
			if (message->level == 0) {
				lk_warn(relay->to, "%s", message->text);
			} else {
				lk_note(relay->to, message->level, "%s", message->text);
			}
		}
	}
}
