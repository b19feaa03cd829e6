/*
 * One transfer loop over libcurl's multi interface, and the only user of curl.
 *
 * A run takes requests and keeps up to `jobs` of them going (of small ones more, over no more
 * connections), started in their order as far as their servers get equal shares (fetch/turns.h):
 *
 *     http = lk_http_new(&settings, report);
 *     lk_http_run(http, requests, n, tick, ctx, err);
 *     lk_http_free(http);
 *
 * The body goes to the request's sink: begin (a try starts at byte 0), write, end (once, with the
 * final answer). A try that broke off is made again after a pause that doubles, from where it
 * stopped when the request is resumable and the server agrees, else with begin again. Tries that
 * got far count anew, so a large file survives many short breaks. A try ends: one that brings
 * less than `min_rate` for `stall_timeout_s` is broken off. A server that says when to come back
 * (Retry-After) is left alone until then by all requests, if that is within a minute.
 *
 * HTTP/1.1 and, over TLS, HTTP/2; proxies as the settings say, not as the environment does. The
 * credentials of a request go to the scheme, host and port of its URL alone: a redirect elsewhere
 * carries none, one from https to http is refused. TLS is verified.
 *
 * A request may have several places. What fails at one, by connection, status or (the sink says
 * LK_E_INTEGRITY) bytes, is asked of the next at once; when all have failed those whose trouble may
 * pass are tried again after the pause. A place where tries failed three times in a row is asked
 * last until one succeeds. The error tells the place that was tried last.
 *
 * Not thread-safe: one lk_http, one thread.
 */
#ifndef LK_FETCH_HTTP_H
#define LK_FETCH_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/report.h"
#include "fetch/proxy.h"

struct lk_http;

#define LK_HTTP_PLACES_MAX 16

/* Borrowed texts. */
struct lk_http_tls {
	bool no_verify;
	const char *ca_file, *ca_folder; /* whom to trust; both NULL: whom the system trusts */
	const char *client_cert;         /* PEM, shown to servers that ask for one; NULL: none */
	const char *client_key;          /* NULL: in the same file */
};

struct lk_http_settings {
	unsigned jobs;              /* transfers at a time, at least 1 */
	unsigned retries;           /* after a try that brought little; 0: none */
	unsigned backoff_ms;        /* pause before the first retry, then doubled */
	unsigned connect_timeout_s; /* at least 1 */
	unsigned stall_timeout_s;   /* slower than `min_rate` for so long: broken off; at least 1 */
	unsigned min_rate;          /* bytes a second, of one transfer; at least 1 */
	struct lk_http_tls tls;
	const struct lk_proxies *proxies; /* borrowed; NULL: none */
};

/* The final answer. Strings are the empty text when the header was not sent, or not as text. */
struct lk_http_response {
	long status;
	const char *etag;
	const char *last_modified;
	const char *cache_control;
	const char *from; /* the place that answered, as it is shown */
	bool more;        /* after LK_E_INTEGRITY from `end` another place is asked */
	const char *content_type;
	/* The body came in several parts, or nothing told its length: LK_E_INTEGRITY may be due to
	 * that. */
	bool in_doubt;
};

struct lk_http_sink {
	/* The body follows from its first byte; what was written before is void. */
	int (*begin)(void *ctx, struct lk_error *err);
	int (*write)(void *ctx, const void *bytes, size_t len, struct lk_error *err);
	/* Any answer that is not to be tried again: 2xx with the body written, or another status
	 * without body. LK_E_INTEGRITY of a body that is `in_doubt` has it fetched once more,
	 * with begin again. */
	int (*end)(void *ctx, const struct lk_http_response *response, struct lk_error *err);
	/* The request has failed for good, with ERROR. May be NULL; if not, LK_E_NETWORK ends only
	 * what waits at the same server, and the requests at others go on. */
	void (*fail)(void *ctx, const struct lk_error *error);
};

/* What lets a request in: a user with a password (Basic), or a bearer token; NULL: not this. */
struct lk_http_auth {
	const char *user;
	const char *password;
	const char *bearer;
};

/* An address that a file can be had from. */
struct lk_http_place {
	const char *url;   /* may hold a token, so it is never shown; no user in it */
	const char *shown; /* the same for messages */
	struct lk_http_auth auth;
	unsigned
		*trouble; /* tries in a row that failed there, of all requests; NULL: not counted */
};

struct lk_http_request {
	const struct lk_http_place *places; /* in the order they are tried */
	size_t n_places;                    /* 1 to LK_HTTP_PLACES_MAX */
	const char *if_none_match;          /* NULL or "": not sent */
	const char *if_modified_since;      /* the same */
	const char *validated; /* the place, as shown, that these came from; NULL: all places */
	uint64_t have;         /* bytes that the sink holds already, of one that is resumable */
	bool small;    /* the way costs more than the bytes: many more than `jobs` at a time */
	bool optional; /* that one place lacks it is an answer even when another does not answer */
	bool resumable;
	const struct lk_http_sink *sink;
	void *ctx; /* given to the sink */
};

/* REPORT's stop is asked at least ten times a second. It and the strings in SETTINGS are borrowed.
 */
struct lk_http *lk_http_new(
	const struct lk_http_settings *settings, const struct lk_report *report) LK_MUST_USE;
void lk_http_free(struct lk_http *http);
/* How many transfers go at a time. */
unsigned lk_http_jobs(const struct lk_http *http);

/* Ends when all requests have ended. After a failure only requests before it are started, all
 * before it are brought to their end, and the error is that of the first failed in the order of
 * REQUESTS.
 * LK_E_INTERRUPTED when REPORT says stop. TICK (may be NULL) is called a few times a second. */
int lk_http_run(struct lk_http *http, const struct lk_http_request *requests, size_t n,
	void (*tick)(void *ctx), void *ctx, struct lk_error *err) LK_MUST_USE;

/* Is the answer a page for people, which no file of a channel is? Something on the way may have
 * sent it. */
bool lk_http_is_page(const struct lk_http_response *response);
#define LK_HTTP_PAGE_HINT                                                                          \
	"a web page came in its place: look for a login page or a proxy on the way, and try again"

/* LK_E_NETWORK about the file SHOWN (err->file): what STATUS means, with a hint. */
int lk_http_fail_status(const char *shown, long status, struct lk_error *err);

#endif
