/*
 * The transfer loop: slots that hold one curl handle each, filled in the order of the requests.
 */
#include "fetch/http.h"

#include <stdio.h>
#include <time.h>

#include "fetch/curl_lib_priv.h"
#include "fetch/failover.h"
#include "fetch/http_error_priv.h"
#include "fetch/turns.h"
#include "fetch/way_priv.h"

/* A try that brought this many new bytes gives the request its retries back. */
#define HTTP_GOOD_PROGRESS ((uint64_t)1 << 20)
/* A server that asks to wait longer than this is not waited for. */
#define HTTP_WAIT_MAX_S 60
#define HTTP_WAIT_MAX_MS ((int64_t)HTTP_WAIT_MAX_S * 1000)
#define HTTP_REDIRECTS_MAX 10
#define HTTP_POLL_MS 100
#define HTTP_BUFFER_BYTES (512 * 1024L)
#define HTTP_SMALL_BUFFER_BYTES (16 * 1024L)
#define HTTP_ETAG_MAX 256
/* Small requests for each connection. HTTP/2 answers them side by side; elsewhere those that wait
 * go out as soon as a connection is free. */
#define HTTP_SMALL_FACTOR 8
/* Spreads small numbers over 32 bits. */
#define HTTP_SPREAD 2654435769u

struct slot {
	CURL *easy;
	struct curl_slist *headers;
	struct run *run;
	const struct lk_http_request *request; /* NULL: idle */
	size_t index;                          /* of the request */
	struct lk_failover at;                 /* the place that is asked */
	bool running;                          /* in the multi handle, else waiting for `wake_ms` */
	int64_t wake_ms;
	unsigned tries;    /* that failed since the last good progress */
	uint64_t offset;   /* bytes the sink holds */
	uint64_t furthest; /* the largest offset of all tries */
	size_t head_bytes; /* of this try's headers */
	bool head_whole;   /* the headers of this try's last answer have come to their end */
	bool body_begun;   /* this try has given the sink bytes */
	bool asked_rest;   /* this try is for what follows the offset */
	bool resumed;      /* what the sink holds came in several tries */
	bool no_resume;
	int sink_rc;
	int socket_errno;      /* why the last socket of this try could not be made, or 0 */
	struct lk_error error; /* of the sink */
	char etag[HTTP_ETAG_MAX];
	char reason[CURL_ERROR_SIZE];
};

struct lk_http {
	struct lk_http_settings settings;
	const struct lk_report *report;
	struct lk_curl curl;
	CURLM *multi;
	struct slot *slots; /* the first `jobs` for requests of any size, all for small ones */
	size_t n_slots;
};

struct run {
	struct lk_http *http;
	const struct lk_http_request *requests;
	size_t n;
	struct lk_turns turns;
	size_t active; /* slots in use */
	size_t limit;  /* only requests below are started, or tried again */
	size_t failed; /* the lowest index that failed, or n */
	struct lk_error *error;
};

static int64_t monotonic_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct lk_http *lk_http_new(const struct lk_http_settings *settings, const struct lk_report *report)
{
	struct lk_http *http = lk_calloc(1, sizeof(*http));
	http->settings = *settings;
	http->report = report;
	http->n_slots = (size_t)settings->jobs * HTTP_SMALL_FACTOR;
	http->slots = lk_calloc(http->n_slots, sizeof(*http->slots));
	return http;
}

static int start(struct lk_http *http, struct lk_error *err)
{
	struct lk_curl *curl = &http->curl;
	int rc = http->multi ? 0 : lk_curl_start(curl, err);
	if (http->multi || rc < 0) {
		return rc;
	}
	http->multi = curl->multi_init();
	if (!http->multi) {
		lk_curl_stop(curl);
		return lk_fail(err, LK_E_BUG, "the transfer library does not start");
	}
	curl->multi_setopt(http->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)http->settings.jobs);
	curl->multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)http->settings.jobs);
	return 0;
}

void lk_http_free(struct lk_http *http)
{
	if (!http) {
		return;
	}
	if (http->multi) {
		const struct lk_curl *curl = &http->curl;
		for (size_t i = 0; i < http->n_slots; i++) {
			curl->easy_cleanup(http->slots[i].easy);
			curl->slist_free_all(http->slots[i].headers);
		}
		curl->multi_cleanup(http->multi);
		lk_curl_stop(curl);
	}
	lk_free(http->slots);
	lk_free(http);
}

unsigned lk_http_jobs(const struct lk_http *http)
{
	return http->settings.jobs;
}

static const struct lk_curl *curl_of(const struct slot *slot)
{
	return &slot->run->http->curl;
}

static long slot_status(const struct slot *slot)
{
	long status = 0;
	curl_of(slot)->easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* The last answer's header NAME, valid until the handle is used again; "" when it was not sent, or
 * with control characters in it. */
static const char *slot_header(const struct slot *slot, const char *name)
{
	struct curl_header *header = NULL;
	if (curl_of(slot)->easy_header(slot->easy, name, 0, CURLH_HEADER, -1, &header) !=
			CURLHE_OK ||
		lk_str_has_control(lk_str_of(header->value))) {
		return "";
	}
	return header->value;
}

/* Does the answer's Content-Range continue where the sink stopped? */
static bool slot_continues(const struct slot *slot)
{
	lk_str range = lk_str_of(slot_header(slot, "Content-Range"));
	lk_str unit = LK_STR("bytes ");
	if (!lk_str_starts(range, unit)) {
		return false;
	}
	range = lk_str_skip(range, unit.len);
	lk_str first;
	uint64_t offset;
	return lk_str_split(&range, '-', &first) && lk_str_to_u64(first, &offset) &&
		offset == slot->offset;
}

/* Makes the sink ready for this try's body. False: the answer cannot be used, try from the start.
 */
static bool slot_begin_body(struct slot *slot, long status)
{
	slot->body_begun = true;
	if (status == 206) {
		slot->resumed = true;
		slot->no_resume = slot->offset == 0 || !slot_continues(slot);
		return !slot->no_resume;
	}
	slot->offset = 0;
	slot->resumed = false;
	const char *etag = slot_header(slot, "ETag");
	bool usable = etag[0] == '"' && strlen(etag) < sizeof(slot->etag);
	memcpy(slot->etag, usable ? etag : "", usable ? strlen(etag) + 1 : 1);
	slot->sink_rc = slot->request->sink->begin(slot->request->ctx, &slot->error);
	return slot->sink_rc == 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
	struct slot *slot = ctx;
	size_t len = size * count;
	long status = slot_status(slot);
	if (status < 200 || status > 299) {
		return len; /* the text of an error page is of no use */
	}
	if (!slot->body_begun && !slot_begin_body(slot, status)) {
		return 0;
	}
	slot->sink_rc = slot->request->sink->write(slot->request->ctx, bytes, len, &slot->error);
	if (slot->sink_rc < 0) {
		return 0;
	}
	slot->offset += len;
	return len;
}

/* Each line of the headers. A header that ends with the connection is no whole one to curl. */
static size_t on_header(char *bytes, size_t size, size_t count, void *ctx)
{
	struct slot *slot = ctx;
	size_t len = size * count;
	lk_str line = lk_str_n(bytes, len);
	if (lk_str_starts(line, LK_STR("HTTP/"))) {
		slot->head_whole = false;
	} else if (lk_str_trim(line).len == 0) {
		slot->head_whole = true;
	}
	slot->head_bytes += len;
	return slot->head_bytes > LK_HTTP_HEADERS_MAX ? 0 : len;
}

/* Appends "NAME: VALUE" unless VALUE is empty or NULL. False: out of memory. */
static bool add_header(struct slot *slot, const char *name, const char *value)
{
	if (!value || value[0] == '\0') {
		return true;
	}
	char *line = lk_asprintf("%s: %s", name, value);
	struct curl_slist *headers = curl_of(slot)->slist_append(slot->headers, line);
	lk_free(line);
	if (headers) {
		slot->headers = headers;
	}
	return headers != NULL;
}

static bool slot_set_headers(struct slot *slot, bool resume)
{
	const struct lk_http_request *request = slot->request;
	bool known = !request->validated || strcmp(request->validated, slot->at.place->shown) == 0;
	curl_of(slot)->slist_free_all(slot->headers);
	slot->headers = NULL;
	return add_header(slot, "If-None-Match", known ? request->if_none_match : "") &&
		add_header(slot, "If-Modified-Since", known ? request->if_modified_since : "") &&
		add_header(slot, "If-Range", resume ? slot->etag : "");
}

/* curl sends them to the first scheme, host and port of a chain of redirects only. */
static CURLcode slot_set_auth(struct slot *slot)
{
	const struct lk_http_auth *auth = &slot->at.place->auth;
	const struct lk_curl *curl = curl_of(slot);
	CURL *easy = slot->easy;
	CURLcode rc = curl->easy_setopt(easy, CURLOPT_UNRESTRICTED_AUTH, 0L);
	rc |= curl->easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	if (auth->bearer) {
		rc |= curl->easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		rc |= curl->easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, auth->bearer);
	} else if (auth->user) {
		rc |= curl->easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		rc |= curl->easy_setopt(easy, CURLOPT_USERNAME, auth->user);
		rc |= curl->easy_setopt(easy, CURLOPT_PASSWORD, auth->password);
	}
	return rc;
}

static CURLcode slot_set_options(struct slot *slot, bool resume)
{
	const struct lk_http_settings *settings = &slot->run->http->settings;
	const char *url = slot->at.place->url;
	bool tls = lk_str_starts(lk_str_of(url), LK_STR("https:"));
	const struct lk_curl *curl = curl_of(slot);
	CURL *easy = slot->easy;
	CURLcode rc = CURLE_OK;
	curl->easy_reset(easy);
	curl->easy_setopt(easy, CURLOPT_PRIVATE, slot);
	curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->reason);
	curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl->easy_setopt(easy, CURLOPT_WRITEDATA, slot);
	curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl->easy_setopt(easy, CURLOPT_HEADERDATA, slot);
	curl->easy_setopt(easy, CURLOPT_BUFFERSIZE,
		slot->request->small ? HTTP_SMALL_BUFFER_BYTES : HTTP_BUFFER_BYTES);
	curl->easy_setopt(easy, CURLOPT_PIPEWAIT, slot->request->small ? 1L : 0L);
	curl->easy_setopt(easy, CURLOPT_HTTPHEADER, slot->headers);
	curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
	curl->easy_setopt(easy, CURLOPT_MAXREDIRS, (long)HTTP_REDIRECTS_MAX);
	rc |= curl->easy_setopt(easy, CURLOPT_URL, url);
	rc |= curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	rc |= curl->easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, tls ? "https" : "http,https");
	rc |= curl->easy_setopt(easy, CURLOPT_USERAGENT, "lockenv/" LOCKENV_VERSION);
	rc |= curl->easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	rc |= slot_set_auth(slot);
	rc |= lk_way_set(curl, easy, settings, url, &slot->socket_errno);
	if (resume) {
		char range[32];
		snprintf(range, sizeof(range), "%llu-", (unsigned long long)slot->offset);
		rc |= curl->easy_setopt(easy, CURLOPT_RANGE, range);
	}
	return rc;
}

/* Starts a try of the slot's request. */
static int slot_try(struct slot *slot, struct lk_error *err)
{
	bool resume = slot->request->resumable && !slot->no_resume && slot->offset > 0;
	slot->head_bytes = 0;
	slot->head_whole = false;
	slot->asked_rest = resume;
	slot->body_begun = false;
	slot->sink_rc = 0;
	slot->reason[0] = '\0';
	if (!slot->easy) {
		slot->easy = curl_of(slot)->easy_init();
	}
	if (!slot->easy || !slot_set_headers(slot, resume) ||
		slot_set_options(slot, resume) != CURLE_OK ||
		curl_of(slot)->multi_add_handle(slot->run->http->multi, slot->easy) != CURLM_OK) {
		return lk_fail(
			err, LK_E_BUG, "cannot set up the transfer of '%s'", slot->at.place->shown);
	}
	slot->running = true;
	return 0;
}

static bool code_is_transient(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return true;
	default:
		return false;
	}
}

static bool status_is_transient(long status)
{
	return status == 408 || status == 425 || status == 429 ||
		(status >= 500 && status != 501 && status != 505);
}

/* The pause before the next try: doubled each time, and up to half as much again by the place of
 * the request in its run, so that those that failed together do not come back together. */
static int64_t backoff_ms(const struct slot *slot)
{
	unsigned doublings = slot->tries < 10 ? slot->tries : 10;
	int64_t pause = (int64_t)slot->run->http->settings.backoff_ms << doublings;
	pause = pause > HTTP_WAIT_MAX_MS ? HTTP_WAIT_MAX_MS : pause;
	uint32_t spread = (uint32_t)slot->index * HTTP_SPREAD >> 22; /* 0 to 1023 */
	return pause + pause * spread / 2048;
}

/* Seconds that the answer asks to be waited (Retry-After, as seconds or as a date); 0: none. */
static int64_t slot_asked_s(const struct slot *slot)
{
	curl_off_t asked_s = 0;
	curl_of(slot)->easy_getinfo(slot->easy, CURLINFO_RETRY_AFTER, &asked_s);
	return asked_s;
}

/* Plans another try; false when there is none left or the server wants too long a pause. */
static bool slot_retry(struct slot *slot)
{
	struct run *run = slot->run;
	const struct lk_http_settings *settings = &run->http->settings;
	if (slot->offset >= slot->furthest + HTTP_GOOD_PROGRESS) {
		slot->tries = 0;
		slot->furthest = slot->offset;
	}
	if (slot->asked_rest && slot->no_resume) {
		lk_note(run->http->report, 1, "starting over: '%s'", slot->at.place->shown);
		slot->offset = 0;
		slot->wake_ms = 0;
		return true; /* once, and not the network's fault */
	}
	int64_t asked_s = slot_asked_s(slot);
	if (slot->tries >= settings->retries || slot->index > run->limit ||
		asked_s > HTTP_WAIT_MAX_S) {
		return false;
	}
	int64_t now = monotonic_ms();
	slot->wake_ms = now + backoff_ms(slot);
	if (asked_s > 0) {
		slot->wake_ms = now + asked_s * 1000;
		lk_turns_quiet(&run->turns, slot->index, slot->wake_ms);
	}
	slot->tries++;
	if (slot->no_resume || !slot->request->resumable) {
		slot->offset = 0;
	}
	lk_note(run->http->report, 1, "trying again: '%s'", slot->at.place->shown);
	return true;
}

static int slot_fail_try(struct slot *slot, CURLcode code, struct lk_error *err)
{
	const struct lk_http_failure failure = {
		.curl = curl_of(slot),
		.code = code,
		.status = slot_status(slot),
		.settings = &slot->run->http->settings,
		.socket_errno = slot->socket_errno,
		.head_bytes = slot->head_bytes,
		.head_whole = slot->head_whole,
		.reason = slot->reason,
		.url = slot->at.place->url,
		.shown = slot->at.place->shown,
	};
	return lk_http_fail_try(&failure, err);
}

/* May what the sink holds be wrong because it came in several tries, or because it broke off where
 * no length tells? Then it is asked for once more, from the start. */
static bool slot_in_doubt(const struct slot *slot)
{
	curl_off_t length = -1;
	curl_of(slot)->easy_getinfo(slot->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	return slot->resumed || (length < 0 && !slot->no_resume);
}

/* After a failure: goes on at another place, at once. False: there is none; *AGAIN tells whether
 * those that were tried may be tried again. */
static bool slot_fail_over(struct slot *slot, bool *again, const struct lk_error *error)
{
	const struct run *run = slot->run;
	const char *shown = slot->at.place->shown;
	bool starts_over = slot->asked_rest && slot->no_resume;
	if (starts_over || slot->index > run->limit ||
		!lk_failover_next(&slot->at, again, error->code)) {
		return false;
	}
	lk_note(run->http->report, 1, "'%s': %s; trying '%s'", shown, error->message,
		slot->at.place->shown);
	if (error->code == LK_E_INTEGRITY || !slot->request->resumable) {
		slot->offset = 0;
	}
	slot->no_resume = false;
	slot->wake_ms = 0;
	return true;
}

/* The final answer goes to the sink. *ret_again: it is to be asked for once more. */
static int slot_end(struct slot *slot, long status, bool *ret_again, struct lk_error *err)
{
	if (status >= 200 && status <= 299 && !slot->body_begun && !slot_begin_body(slot, status)) {
		if (slot->sink_rc < 0) {
			*err = slot->error;
			return slot->sink_rc;
		}
		*ret_again = true;
		return lk_http_fail_status(slot->at.place->shown, status, err);
	}
	if (lk_failover_passes_on(&slot->at, status)) {
		return lk_http_fail_status(slot->at.place->shown, status, err);
	}
	const struct lk_http_response response = {
		.status = status,
		.etag = slot_header(slot, "ETag"),
		.last_modified = slot_header(slot, "Last-Modified"),
		.cache_control = slot_header(slot, "Cache-Control"),
		.from = slot->at.place->shown,
		.more = lk_failover_has_more(&slot->at),
		.content_type = slot_header(slot, "Content-Type"),
		.in_doubt = slot_in_doubt(slot),
	};
	int rc = slot->request->sink->end(slot->request->ctx, &response, err);
	*ret_again = rc == LK_E_INTEGRITY && response.in_doubt;
	slot->no_resume = slot->no_resume || *ret_again;
	return rc;
}

/* A try is over: 0 with *ret_again false when the request is done. */
static int slot_conclude(struct slot *slot, CURLcode code, bool *ret_again, struct lk_error *err)
{
	if (slot->sink_rc < 0) {
		*err = slot->error;
		*ret_again = slot->sink_rc == LK_E_INTEGRITY && slot->resumed;
		slot->no_resume = slot->no_resume || *ret_again;
		return slot->sink_rc;
	}
	if (code == CURLE_OK && !slot->head_whole) {
		code = CURLE_PARTIAL_FILE;
	}
	if (code != CURLE_OK) {
		*ret_again = (code_is_transient(code) &&
				     !lk_way_is_refused(curl_of(slot), slot->easy)) ||
			(code == CURLE_WRITE_ERROR && slot->no_resume);
		return slot_fail_try(slot, code, err);
	}
	long status = slot_status(slot);
	if (status == 416 && slot->offset > 0) {
		slot->no_resume = true;
	}
	if (status_is_transient(status) || (status == 416 && slot->offset > 0)) {
		*ret_again = true;
		lk_http_fail_status(slot->at.place->shown, status, err);
		int64_t asked_s = slot_asked_s(slot);
		if (asked_s > HTTP_WAIT_MAX_S) {
			lk_error_hint(err, "it wants to be left alone for %lld s: try again then",
				(long long)asked_s);
		}
		return err->code;
	}
	return slot_end(slot, status, ret_again, err);
}

/* The slot's request has failed for good. */
static void run_failed(struct run *run, const struct slot *slot, const struct lk_error *error)
{
	const struct lk_http_request *request = slot->request;
	if (slot->index < run->failed) {
		run->failed = slot->index;
		*run->error = *error;
	}
	if (request->sink->fail) {
		request->sink->fail(request->ctx, error);
	}
	bool others_go_on = request->sink->fail && error->code == LK_E_NETWORK;
	if (others_go_on && lk_failover_is_hopeless(&slot->at)) {
		lk_turns_close(&run->turns, slot->index);
	} else if (!others_go_on && slot->index < run->limit) {
		run->limit = slot->index;
	}
}

static void slot_finish(struct slot *slot, CURLcode code)
{
	struct run *run = slot->run;
	struct lk_error error = LK_ERROR_INIT;
	bool again = false;
	int rc = slot_conclude(slot, code, &again, &error);
	run->http->curl.multi_remove_handle(run->http->multi, slot->easy);
	slot->running = false;
	if (rc < 0 && slot->request->n_places > 1) {
		lk_error_file(&error, slot->at.place->shown);
	}
	if (rc < 0 && (slot_fail_over(slot, &again, &error) || (again && slot_retry(slot)))) {
		return;
	}
	if (rc == 0) {
		lk_failover_succeeded(&slot->at);
	} else if (slot->at.absent && slot->request->optional) {
		const struct lk_http_response absent = {
			.status = slot->at.absent,
			.etag = "",
			.last_modified = "",
			.cache_control = "",
			.content_type = "",
			.from = slot->at.place->shown,
		};
		rc = slot->request->sink->end(slot->request->ctx, &absent, &error);
	}
	if (rc < 0) {
		run_failed(run, slot, &error);
	}
	slot->request = NULL;
	lk_turns_done_with(&run->turns, slot->index);
	run->active--;
}

/* Gives the next request to the idle slot AT, if there is one that may go there. After a failure
 * only those before it are started. */
static bool run_give(struct run *run, size_t at, int64_t now)
{
	struct slot *slot = &run->http->slots[at];
	bool small = at >= run->http->settings.jobs;
	size_t index = lk_turns_next(&run->turns, small, run->limit, now);
	if (index == LK_TURNS_NONE) {
		return false;
	}
	*slot = (struct slot){.easy = slot->easy, .headers = slot->headers};
	slot->run = run;
	slot->index = index;
	slot->request = &run->requests[index];
	lk_failover_init(&slot->at, slot->request);
	slot->offset = slot->furthest = slot->request->resumable ? slot->request->have : 0;
	run->active++;
	return true;
}

/* Fills idle slots and wakes those whose pause is over. *ret_wait_ms: until the next has to wake.
 */
static int run_start(struct run *run, int64_t *ret_wait_ms, struct lk_error *err)
{
	int64_t now = monotonic_ms();
	*ret_wait_ms = HTTP_POLL_MS;
	for (size_t i = 0; i < run->http->n_slots; i++) {
		struct slot *slot = &run->http->slots[i];
		if (slot->running || (!slot->request && !run_give(run, i, now))) {
			continue;
		}
		int64_t quiet = lk_turns_quiet_until(&run->turns, slot->index);
		int64_t wake = slot->wake_ms > quiet ? slot->wake_ms : quiet;
		if (wake > now) {
			int64_t left = wake - now;
			*ret_wait_ms = left < *ret_wait_ms ? left : *ret_wait_ms;
			continue;
		}
		int rc = slot_try(slot, err);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

/* Has a try ended? */
static bool run_reap(struct run *run)
{
	for (bool any = false;; any = true) {
		int left;
		const CURLMsg *message = run->http->curl.multi_info_read(run->http->multi, &left);
		if (!message) {
			return any;
		}
		void *slot = NULL;
		run->http->curl.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
		slot_finish(slot, message->data.result);
	}
}

static int run_loop(struct run *run, void (*tick)(void *ctx), void *ctx, struct lk_error *err)
{
	const struct lk_curl *curl = &run->http->curl;
	CURLM *multi = run->http->multi;
	int64_t ticked_ms = 0;
	for (;;) {
		if (lk_report_stop(run->http->report)) {
			return lk_fail(err, LK_E_INTERRUPTED, "interrupted");
		}
		int64_t wait_ms;
		int rc = run_start(run, &wait_ms, err);
		if (rc < 0 || (run->active == 0 && !lk_turns_any(&run->turns, run->limit))) {
			return rc;
		}
		int running;
		if (curl->multi_perform(multi, &running) != CURLM_OK) {
			return lk_fail(err, LK_E_BUG, "the transfer library failed");
		}
		bool reaped = run_reap(run);
		if (tick && monotonic_ms() - ticked_ms >= HTTP_POLL_MS) {
			tick(ctx);
			ticked_ms = monotonic_ms();
		}
		if (!reaped) {
			curl->multi_poll(multi, NULL, 0, (int)wait_ms, NULL);
		}
	}
}

int lk_http_run(struct lk_http *http, const struct lk_http_request *requests, size_t n,
	void (*tick)(void *ctx), void *ctx, struct lk_error *err)
{
	struct lk_error first = LK_ERROR_INIT;
	struct run run = {.http = http,
		.requests = requests,
		.n = n,
		.limit = n,
		.failed = n,
		.error = &first};
	int rc = n > 0 ? start(http, err) : 0;
	if (rc < 0) {
		return rc;
	}
	lk_turns_init(&run.turns, requests, n);
	rc = run_loop(&run, tick, ctx, err);
	lk_turns_done(&run.turns);
	for (size_t i = 0; i < http->n_slots; i++) {
		struct slot *slot = &http->slots[i];
		if (slot->running) {
			http->curl.multi_remove_handle(http->multi, slot->easy);
		}
		slot->running = false;
		slot->request = NULL;
	}
	if (rc == 0 && run.failed < n) {
		*err = first;
		rc = err->code;
	}
	if (rc == 0 && tick) {
		tick(ctx);
	}
	return rc;
}
