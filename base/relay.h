/*
 * A report for work that is spread over threads: what each item tells is kept and handed on in
 * input order afterwards; progress and the question whether to stop reach the caller's report from
 * the caller's own thread only (base/workers runs items there too).
 *
 *     struct lk_relay relay; lk_relay_init(&relay, report, n);
 *     lk_workers_run(jobs, n, fn, ...);        fn uses &relay.items[index].report
 *     lk_relay_flush(&relay); lk_relay_done(&relay);
 */
#ifndef LK_BASE_RELAY_H
#define LK_BASE_RELAY_H

#include <stdatomic.h>
#include <sys/types.h>

#include "base/report.h"

struct lk_relay_message {
	int level; /* 0: a warning */
	char *text;
};

struct lk_relay_messages LK_VEC_OF(struct lk_relay_message);

struct lk_relay_item {
	struct lk_relay *relay;
	struct lk_report report;
	struct lk_relay_messages messages;
};

struct lk_relay {
	const struct lk_report *to;
	pid_t caller; /* thread id */
	atomic_bool stopped;
	_Atomic(const char *) stage; /* of the last step */
	atomic_size_t done;
	atomic_uint_fast64_t bytes;
	uint64_t bytes_all; /* may be set after init; 0: unknown, or bytes make no sense */
	struct lk_relay_item *items;
	size_t n;
};

/* TO may be NULL. The relay must not move afterwards. */
void lk_relay_init(struct lk_relay *relay, const struct lk_report *to, size_t n);
void lk_relay_done(struct lk_relay *relay);

/* One item of STAGE is done: tells the caller's report when this is its thread. */
void lk_relay_step(struct lk_relay *relay, const char *stage);
/* BYTES more are done, somewhere within an item: tells likewise. */
void lk_relay_bytes(struct lk_relay *relay, const char *stage, uint64_t bytes);
/* Tells how far it has come, the steps of other threads included, and hands on what the items told,
 * in input order. For the caller's thread. */
void lk_relay_flush(struct lk_relay *relay);

#endif
