/*
 * The transfer loop against a server that breaks off, lies, limits and redirects.
 */
#include "fetch/http.h"

#include "tests/unit/fetch/fetch_support.h"

#define BODY_LEN (6u << 20)

struct world {
	struct scratch scratch;
	struct server server;
	unsigned char *body;
	bool stop;
	struct lk_report report;
	struct lk_http *http;
};

/* A request and what came of it. */
struct got {
	struct lk_buf body;
	long status;
	unsigned begun;
	unsigned ended;
	unsigned failed;
	bool reject_first; /* the first end finds damage */
	char etag[64];
};

static int got_begin(void *ctx, struct lk_error *err)
{
	(void)err;
	struct got *got = ctx;
	got->begun++;
	lk_buf_clear(&got->body);
	return 0;
}

static int got_write(void *ctx, const void *bytes, size_t len, struct lk_error *err)
{
	struct got *got = ctx;
	lk_buf_append(&got->body, bytes, len);
	return got->body.overflow ? lk_fail(err, LK_E_INTEGRITY, "too much") : 0;
}

static int got_end(void *ctx, const struct lk_http_response *response, struct lk_error *err)
{
	struct got *got = ctx;
	got->ended++;
	got->status = response->status;
	snprintf(got->etag, sizeof(got->etag), "%s", response->etag);
	if (got->reject_first && got->ended == 1) {
		return lk_fail(err, LK_E_INTEGRITY, "damaged");
	}
	if (response->status != 200 && response->status != 206 && response->status != 304) {
		return lk_http_fail_status("the file", response->status, err);
	}
	return 0;
}

static void got_fail(void *ctx, const struct lk_error *error)
{
	struct got *got = ctx;
	assert_int_equal(error->code, LK_E_NETWORK);
	got->failed++;
}

static const struct lk_http_sink sink = {.begin = got_begin, .write = got_write, .end = got_end};

static bool asked_to_stop(void *ctx)
{
	return ((struct world *)ctx)->stop;
}

static const struct lk_http_settings quick = {
	.jobs = 4,
	.retries = 3,
	.backoff_ms = 5,
	.connect_timeout_s = 5,
	.stall_timeout_s = 1,
	.min_rate = 1000,
};

static int setup(void **state)
{
	struct world *world = lk_calloc(1, sizeof(*world));
	scratch_init(&world->scratch);
	world->body = lk_calloc(1, BODY_LEN);
	fill(world->body, BODY_LEN, 1);
	put_file(world->scratch.path, "f", world->body, BODY_LEN);
	put_file(world->scratch.path, "empty", "", 0);
	fault_server_start(&world->server, world->scratch.path);
	world->report = (struct lk_report){.ctx = world, .stop = asked_to_stop};
	world->http = lk_http_new(&quick, &world->report);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;
	lk_http_free(world->http);
	server_stop(&world->server);
	scratch_done(&world->scratch);
	lk_free(world->body);
	lk_free(world);
	return 0;
}

/* Gets /PATH. The caller frees got->body. */
static int get_as(struct world *world, const char *url, struct lk_http_auth auth, bool resumable,
	const char *etag, struct got *got, struct lk_error *err)
{
	const struct lk_http_place place = {.url = url, .shown = "http://shown/f", .auth = auth};
	const struct lk_http_request request = {
		.places = &place,
		.n_places = 1,
		.if_none_match = etag,
		.resumable = resumable,
		.sink = &sink,
		.ctx = got,
	};
	got->body = (struct lk_buf)LK_BUF_INIT(BODY_LEN + 16);
	return lk_http_run(world->http, &request, 1, NULL, NULL, err);
}

static int get_url(struct world *world, const char *url, bool resumable, const char *etag,
	struct got *got, struct lk_error *err)
{
	return get_as(world, url, (struct lk_http_auth){0}, resumable, etag, got, err);
}

static int get(struct world *world, const char *path, bool resumable, struct got *got,
	struct lk_error *err)
{
	char url[256];
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/%s", world->server.port, path);
	return get_url(world, url, resumable, NULL, got, err);
}

static void assert_body(const struct world *world, const struct got *got)
{
	assert_int_equal(got->body.len, BODY_LEN);
	assert_memory_equal(got->body.ptr, world->body, BODY_LEN);
}

/* How many requests of PATH does the server remember, and is TEXT in its log? */
static unsigned log_count(struct world *world, const char *text)
{
	struct lk_error err = LK_ERROR_INIT;
	struct got got = {0};
	assert_int_equal(get(world, "log", false, &got, &err), 0);
	unsigned n = 0;
	lk_str rest = lk_buf_view(&got.body);
	for (size_t at; (at = lk_str_find(rest, lk_str_of(text))) != SIZE_MAX; n++) {
		rest = lk_str_skip(rest, at + strlen(text));
	}
	lk_buf_done(&got.body);
	return n;
}

static void test_arrives(void **state)
{
	static const struct {
		const char *path;
		bool resumable;
		unsigned begun;
		unsigned requests;
	} rows[] = {
		{"ok/f", true, 1, 1},
		{"break-once/f", true, 1, 2},
		{"break-once/f?2", false, 2, 2},
		{"break-often/f", true, 1, 4},
		{"break-then-change/f", true, 2, 2},
		{"break-then-no-range/f", true, 2, 2},
		{"break-then-wrong-range/f", true, 2, 3},
		{"break-then-416/f", true, 2, 3},
		{"flaky/f", true, 1, 2},
		{"limit/f", true, 1, 2},
		{"limit-date/f", true, 1, 2},
		{"redirect/f", true, 1, 1},
	};
	struct world *world = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct got got = {0};
		int rc = get(world, rows[i].path, rows[i].resumable, &got, &err);
		if (rc != 0 || got.begun != rows[i].begun) {
			print_error("%s: %d %s\n", rows[i].path, rc, err.message);
		}
		assert_int_equal(rc, 0);
		assert_body(world, &got);
		assert_int_equal(got.begun, rows[i].begun);
		assert_int_equal(got.ended, 1);
		lk_buf_done(&got.body);
		char logged[128];
		snprintf(logged, sizeof(logged), "/%s range=", rows[i].path);
		assert_int_equal(log_count(world, logged), rows[i].requests);
	}
}

/* Each fails with LK_E_NETWORK, this text and a hint, after so many requests. */
static void test_fails(void **state)
{
	static const struct {
		const char *path;
		const char *message;
		unsigned requests;
	} rows[] = {
		{"truncate/f", "bytes remaining", 4},
		{"hang-up/f", "empty reply", 0 /* curl itself tries a kept connection again */},
		{"garbage/f", "HTTP/0.9", 1},
		{"part-unasked/f", "not asked for", 4},
		{"missing/f", "does not have it (HTTP 404)", 1},
		{"statuses/403/f", "access denied (HTTP 403)", 1},
		{"statuses/410/f", "does not have it (HTTP 410)", 1},
		{"statuses/501/f", "HTTP 501", 1},
		{"statuses/503/f", "HTTP 503", 4},
		{"limit-long/f", "limits requests", 1},
		{"auth/f", "access denied (HTTP 401)", 1},
		{"redirect-file/f", "not of the web, which is not followed", 1},
		{"redirect-loop/f", "maximum (10) redirects", 11},
	};
	struct world *world = *state;
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct got got = {0};
		int rc = get(world, rows[i].path, false, &got, &err);
		if (!strcasestr(err.message, rows[i].message)) {
			print_error("%s: %d %s\n", rows[i].path, rc, err.message);
		}
		assert_int_equal(rc, LK_E_NETWORK);
		assert_non_null(strcasestr(err.message, rows[i].message));
		assert_true(err.hint[0] != '\0');
		lk_buf_done(&got.body);
		char logged[128];
		snprintf(logged, sizeof(logged), "/%s range=", rows[i].path);
		if (rows[i].requests > 0) {
			assert_int_equal(log_count(world, logged), rows[i].requests);
		}
	}
}

static void test_sink_errors_are_final(void **state)
{
	struct world *world = *state;
	struct lk_error err = LK_ERROR_INIT;
	struct got got = {0};
	char url[256];
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/ok/f", world->server.port);
	const struct lk_http_place place = {.url = url, .shown = "f"};
	const struct lk_http_request request = {
		.places = &place, .n_places = 1, .resumable = true, .sink = &sink, .ctx = &got};
	got.body = (struct lk_buf)LK_BUF_INIT(BODY_LEN / 2);
	assert_int_equal(lk_http_run(world->http, &request, 1, NULL, NULL, &err), LK_E_INTEGRITY);
	assert_string_equal(err.message, "too much");
	assert_int_equal(got.begun, 1);
	lk_buf_done(&got.body);
}

/* What was put together from two tries and is wrong is fetched once more, as a whole. */
static void test_resumed_damage(void **state)
{
	struct world *world = *state;
	struct lk_error err = LK_ERROR_INIT;
	struct got got = {.reject_first = true};
	assert_int_equal(get(world, "damage-then-break/f", true, &got, &err), 0);
	assert_body(world, &got);
	assert_int_equal(got.ended, 2);
	lk_buf_done(&got.body);

	got = (struct got){.reject_first = true};
	assert_int_equal(get(world, "ok/f", true, &got, &err), LK_E_INTEGRITY);
	assert_int_equal(got.ended, 1);
	lk_buf_done(&got.body);
}

static void test_empty_body(void **state)
{
	struct world *world = *state;
	struct lk_error err = LK_ERROR_INIT;
	struct got got = {0};
	assert_int_equal(get(world, "ok/empty", true, &got, &err), 0);
	assert_int_equal(got.begun, 1);
	assert_int_equal(got.body.len, 0);
	lk_buf_done(&got.body);
}

static void test_not_modified(void **state)
{
	struct world *world = *state;
	struct lk_error err = LK_ERROR_INIT;
	struct got got = {0};
	char url[256];
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/ok/f", world->server.port);
	assert_int_equal(get_url(world, url, false, NULL, &got, &err), 0);
	lk_buf_done(&got.body);
	char etag[64];
	snprintf(etag, sizeof(etag), "%s", got.etag);
	assert_int_equal(strlen(etag), 34);
	assert_int_equal(get_url(world, url, false, etag, &got, &err), 0);
	assert_int_equal(got.status, 304);
	assert_int_equal(got.body.len, 0);
	assert_int_equal(get_url(world, url, false, "\"other\"", &got, &err), 0);
	assert_int_equal(got.status, 200);
	lk_buf_done(&got.body);
}

/* Gets /PATH from the first server as AUTH says; 0 and the right bytes are expected. */
static void get_path_as(struct world *world, const char *path, struct lk_http_auth auth)
{
	struct lk_error err = LK_ERROR_INIT;
	struct got got = {0};
	char url[256];
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/%s", world->server.port, path);
	assert_int_equal(get_as(world, url, auth, false, NULL, &got, &err), 0);
	assert_body(world, &got);
	lk_buf_done(&got.body);
}

static void test_credentials(void **state)
{
	struct world *world = *state;
	struct lk_error err = LK_ERROR_INIT;
	struct got got = {0};
	char url[256];
	const struct lk_http_auth auths[] = {
		{.user = "user", .password = "s3cret"},
		{.bearer = "t0ken"},
	};
	static const char *const logged[] = {"auth=Basic dXNlcjpzM2NyZXQ=", "auth=Bearer t0ken"};

	for (unsigned i = 0; i < LK_COUNTOF(auths); i++) {
		get_path_as(world, i == 0 ? "auth/f" : "bearer/f", auths[i]);
		/* A redirect on the same host carries them, to another host or port it does not. */
		unsigned before = log_count(world, logged[i]);
		get_path_as(world, i == 0 ? "redirect-same/f" : "redirect-bearer/f", auths[i]);
		assert_int_equal(log_count(world, logged[i]), before + 2);
		for (unsigned k = 0; k < 2; k++) {
			unsigned open = log_count(world, "auth= port=1");
			before = log_count(world, logged[i]);
			snprintf(url, sizeof(url), "%s/f?%u", k == 0 ? "redirect" : "redirect-port",
				i + 2);
			get_path_as(world, url, auths[i]);
			assert_int_equal(log_count(world, logged[i]), before + 1);
			assert_int_equal(log_count(world, "auth= port=1"), open + 1);
		}
	}

	/* Netrc files are read by others, never here: they would be for redirects too. */
	put_text(world->scratch.path, ".netrc", "machine 127.0.0.1 login user password s3cret\n");
	assert_int_equal(get(world, "auth/f?2", false, &got, &err), LK_E_NETWORK);
	lk_buf_done(&got.body);

	/* Nothing of them in a message. */
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/t/s3cret/statuses/403/f",
		world->server.port);
	assert_int_equal(get_as(world, url, auths[0], false, NULL, &got, &err), LK_E_NETWORK);
	assert_null(strstr(err.message, "s3cret"));
	snprintf(url, sizeof(url), "http://no.such.host.invalid/t/s3cret/f");
	assert_int_equal(get_as(world, url, auths[0], false, NULL, &got, &err), LK_E_NETWORK);
	assert_non_null(strstr(err.message, "no.such.host.invalid"));
	assert_null(strstr(err.message, "s3cret"));
	lk_buf_done(&got.body);
}

/* Gets what the faults PATHS of the first server, or free ports (NULL), have between them. */
static int get_from(struct world *world, const char *const *paths, size_t n, unsigned *trouble,
	bool optional, struct got *got, struct lk_error *err)
{
	char urls[4][256];
	struct lk_http_place places[4] = {0};
	for (size_t i = 0; i < n; i++) {
		snprintf(urls[i], sizeof(urls[i]), "http://127.0.0.1:%d/%s",
			paths[i] ? world->server.port : free_port(), paths[i] ? paths[i] : "f");
		places[i] = (struct lk_http_place){urls[i], urls[i], {0}, &trouble[i]};
	}
	const struct lk_http_request request = {
		.places = places,
		.n_places = n,
		.optional = optional,
		.resumable = true,
		.sink = &sink,
		.ctx = got,
	};
	*got = (struct got){.body = LK_BUF_INIT(BODY_LEN + 16), .reject_first = got->reject_first};
	return lk_http_run(world->http, &request, 1, NULL, NULL, err);
}

static void test_places(void **state)
{
	struct world *world = *state;
	static const struct {
		const char *paths[3];
		const char *asked; /* of these, the log's line */
		unsigned n, requests;
		int code;
	} rows[] = {
		{{NULL, "ok/f?p1"}, "ok/f?p1", 2, 1, 0},
		{{"missing/f?p2", "ok/f?p2"}, "missing/f?p2", 2, 1, 0},
		{{"statuses/503/f?p3", "ok/f?p3"}, "statuses/503/f?p3", 2, 1, 0},
		{{"statuses/403/f?p4", "statuses/404/f?p4", "ok/f?p4"}, "ok/f?p4", 3, 1, 0},
		{{"truncate/f?p5", "ok/f?p5"}, "truncate/f?p5", 2, 1, 0},
		{{"garbage/f?p6", NULL, "ok/f?p6"}, "ok/f?p6", 3, 1, 0},
		/* All fail: only what may pass is asked again. */
		{{"missing/f?p7", "statuses/503/f?p7"}, "missing/f?p7", 2, 1, LK_E_NETWORK},
		{{"missing/f?p8", "statuses/503/f?p8"}, "statuses/503/f?p8", 2, 4, LK_E_NETWORK},
		{{"flaky/f?p9", "missing/f?p9"}, "flaky/f?p9", 2, 2, 0},
		{{"missing/f?pa", "statuses/403/f?pa"}, "statuses/403/f?pa", 2, 1, LK_E_NETWORK},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct got got = {0};
		unsigned trouble[3] = {0};
		int rc = get_from(world, rows[i].paths, rows[i].n, trouble, false, &got, &err);
		if (rc != rows[i].code) {
			fail_msg("%zu: %d %s: %s", i, rc, err.file, err.message);
		}
		if (rc == 0) {
			assert_body(world, &got);
			assert_true(got.ended == 1);
		}
		lk_buf_done(&got.body);
		char logged[128];
		snprintf(logged, sizeof(logged), "/%s range=", rows[i].asked);
		assert_int_equal(log_count(world, logged), rows[i].requests);
	}
}

/* What trouble leaves behind, wrong bytes, and what one place lacks. */
static void test_places_remember(void **state)
{
	struct world *world = *state;
	struct lk_error err = LK_ERROR_INIT;
	struct got got = {0};
	unsigned trouble[2] = {0};
	static const char *const paths[] = {"statuses/503/f?q1", "ok/f?q1"};
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(get_from(world, paths, 2, trouble, false, &got, &err), 0);
		lk_buf_done(&got.body);
	}
	assert_int_equal(trouble[0], 3);
	assert_int_equal(log_count(world, "/statuses/503/f?q1 range="), 3);
	assert_int_equal(log_count(world, "/ok/f?q1 range="), 5);

	/* Bytes that the sink refuses are another place's turn. */
	static const char *const damaged[] = {"ok/f?q2", "ok/f?q3"};
	trouble[0] = 0;
	got.reject_first = true;
	assert_int_equal(get_from(world, damaged, 2, trouble, false, &got, &err), 0);
	assert_body(world, &got);
	assert_int_equal(trouble[0], 1);
	assert_int_equal(trouble[1], 0);
	assert_int_equal(log_count(world, "/ok/f?q2 range="), 1);
	assert_int_equal(log_count(world, "/ok/f?q3 range="), 1);
	lk_buf_done(&got.body);

	/* Of an optional file one word is enough, of another not as long as a place is silent. */
	static const char *const absent[] = {"missing/f?q4", NULL};
	got.reject_first = false;
	assert_int_equal(get_from(world, absent, 2, trouble, false, &got, &err), LK_E_NETWORK);
	assert_int_equal(got.ended, 0);
	assert_non_null(strstr(err.message, "failed to connect"));
	lk_buf_done(&got.body);
	assert_int_equal(get_from(world, absent, 2, trouble, true, &got, &err), LK_E_NETWORK);
	assert_int_equal(got.ended, 1);
	assert_int_equal(got.status, 404);
	lk_buf_done(&got.body);
}

static void test_unreachable(void **state)
{
	struct world *world = *state;
	struct lk_error err = LK_ERROR_INIT;
	struct got got = {0};
	char url[256];
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/f", free_port());
	assert_int_equal(get_url(world, url, false, NULL, &got, &err), LK_E_NETWORK);
	assert_non_null(strstr(err.message, "cannot download: failed to connect"));
	assert_string_equal(err.file, "http://shown/f");
	assert_int_equal(get_url(world, "s3://bucket/f", false, NULL, &got, &err), LK_E_NETWORK);
	assert_int_equal(
		get_url(world, "http://127.0.0.1:99999/f", false, NULL, &got, &err), LK_E_NETWORK);
	assert_int_equal(
		get_url(world, "file:///etc/passwd", false, NULL, &got, &err), LK_E_NETWORK);
	assert_int_equal(get_url(world, "http://127.0.0.1/a\r\nX-A: b", false, NULL, &got, &err),
		LK_E_NETWORK);
	assert_int_equal(get_url(world, "", false, NULL, &got, &err), LK_E_NETWORK);
	assert_int_equal(got.begun, 0);
	lk_buf_done(&got.body);
}

/* Of many, the error is the first one's in order, though a later one fails sooner. */
static void test_first_error_in_order(void **state)
{
	struct world *world = *state;
	struct lk_error err = LK_ERROR_INIT;
	struct got gots[12] = {0};
	struct lk_http_request requests[12];
	char urls[12][128];
	char names[12][32];
	struct lk_http_place places[12] = {0};
	for (int i = 0; i < 12; i++) {
		const char *path = i == 2 ? "hang-up/f?2" : i == 3 ? "missing/g" : "ok/f";
		snprintf(urls[i], sizeof(urls[i]), "http://127.0.0.1:%d/%s", world->server.port,
			path);
		snprintf(names[i], sizeof(names[i]), "file %d", i);
		gots[i].body = (struct lk_buf)LK_BUF_INIT(BODY_LEN);
		places[i] = (struct lk_http_place){.url = urls[i], .shown = names[i]};
		requests[i] = (struct lk_http_request){
			.places = &places[i], .n_places = 1, .sink = &sink, .ctx = &gots[i]};
	}
	assert_int_equal(lk_http_run(world->http, requests, 12, NULL, NULL, &err), LK_E_NETWORK);
	assert_string_equal(err.file, "file 2");
	assert_int_equal(gots[0].ended, 1);
	assert_int_equal(gots[1].ended, 1);
	assert_int_equal(gots[11].ended, 0);
	for (int i = 0; i < 12; i++) {
		lk_buf_done(&gots[i].body);
	}
}

static void stop_now(void *ctx)
{
	((struct world *)ctx)->stop = true;
}

static void test_interrupt(void **state)
{
	struct world *world = *state;
	struct lk_error err = LK_ERROR_INIT;
	struct got got = {.body = LK_BUF_INIT(BODY_LEN)};
	char url[256];
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/stall/f?stop", world->server.port);
	const struct lk_http_place place = {.url = url, .shown = "f"};
	const struct lk_http_request request = {
		.places = &place, .n_places = 1, .sink = &sink, .ctx = &got};
	assert_int_equal(
		lk_http_run(world->http, &request, 1, stop_now, world, &err), LK_E_INTERRUPTED);
	world->stop = false;
	lk_buf_done(&got.body);
	/* The handle serves on. */
	assert_int_equal(get(world, "ok/f", false, &got, &err), 0);
	assert_body(world, &got);
	lk_buf_done(&got.body);
}

static void test_no_retries(void **state)
{
	struct world *world = *state;
	struct lk_error err = LK_ERROR_INIT;
	struct got got = {0};
	struct lk_http_settings settings = quick;
	settings.retries = 0;
	struct lk_http *patient = world->http;
	world->http = lk_http_new(&settings, &world->report);
	assert_int_equal(get(world, "flaky/f?2", true, &got, &err), LK_E_NETWORK);
	lk_buf_done(&got.body);
	lk_http_free(world->http);
	world->http = patient;
}

/* One stalls once and goes on where it stopped, one stalls for good, one sends a byte now and then.
 * curl needs a few seconds to be sure. */
static void test_stall(void **state)
{
	static const char *const faults[] = {"stall-once", "stall", "drip"};
	enum {
		N = LK_COUNTOF(faults)
	};
	struct world *world = *state;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_http_settings settings = quick;
	settings.retries = 1;
	struct lk_http *http = NULL;
	http = lk_http_new(&settings, &world->report);
	struct got gots[N] = {0};
	struct lk_http_request requests[N];
	struct lk_http_place places[N] = {0};
	struct lk_http_sink failing = sink;
	char urls[N][128];
	failing.fail = got_fail;
	for (int i = 0; i < N; i++) {
		snprintf(urls[i], sizeof(urls[i]), "http://127.0.0.1:%d/%s/f", world->server.port,
			faults[i]);
		gots[i].body = (struct lk_buf)LK_BUF_INIT(BODY_LEN);
		places[i] = (struct lk_http_place){.url = urls[i], .shown = urls[i]};
		requests[i] = (struct lk_http_request){
			.places = &places[i],
			.n_places = 1,
			.resumable = i == 0,
			.sink = &failing,
			.ctx = &gots[i],
		};
	}
	assert_int_equal(lk_http_run(http, requests, N, NULL, NULL, &err), LK_E_NETWORK);
	assert_non_null(
		strstr(err.message, "cannot download: less than 1000 bytes a second for 1 s"));
	assert_string_equal(err.file, urls[1]);
	assert_body(world, &gots[0]);
	for (int i = 0; i < N; i++) {
		assert_int_equal(gots[i].begun, i == 0 ? 1 : 2);
		assert_int_equal(gots[i].failed, i > 0);
		lk_buf_done(&gots[i].body);
	}
	lk_http_free(http);
}

#define N_SMALL 20
#define SMALL_LEN (64u << 10)

/* Of small ones many go at a time, over one connection where the server can. */
static void test_small(void **state)
{
	if (!have_program("nginx") || !have_program("openssl")) {
		skip();
	}
	struct world *world = *state;
	struct lk_error err = LK_ERROR_INIT;
	struct server nginx = {0};
	char www[128];
	char ca[128];
	snprintf(www, sizeof(www), "%s/www", world->scratch.path);
	put_file(www, "s", world->body, SMALL_LEN);
	nginx_start(&nginx, &world->scratch);
	snprintf(ca, sizeof(ca), "%s/cert.pem", world->scratch.path);
	struct lk_http_settings settings = quick;
	settings.tls.ca_file = ca;
	for (int tls = 0; tls < 2; tls++) {
		struct lk_http *http = NULL;
		struct got gots[N_SMALL] = {0};
		struct lk_http_request requests[N_SMALL];
		char url[128];
		http = lk_http_new(&settings, &world->report);
		snprintf(url, sizeof(url), "%s://127.0.0.1:%d/s", tls ? "https" : "http",
			tls ? nginx.other_port : nginx.port);
		const struct lk_http_place place = {.url = url, .shown = "s"};
		for (size_t i = 0; i < N_SMALL; i++) {
			gots[i].body = (struct lk_buf)LK_BUF_INIT(SMALL_LEN);
			requests[i] = (struct lk_http_request){.places = &place,
				.n_places = 1,
				.small = true,
				.sink = &sink,
				.ctx = &gots[i]};
		}
		assert_int_equal(lk_http_run(http, requests, N_SMALL, NULL, NULL, &err), 0);
		for (size_t i = 0; i < N_SMALL; i++) {
			assert_int_equal(gots[i].body.len, SMALL_LEN);
			assert_memory_equal(gots[i].body.ptr, world->body, SMALL_LEN);
			lk_buf_done(&gots[i].body);
		}
		lk_http_free(http);
	}
	server_stop(&nginx);
	struct lk_buf LK_CLEANUP(lk_buf_done) log = LK_BUF_INIT(1 << 20);
	snprintf(www, sizeof(www), "%s/access.log", world->scratch.path);
	assert_int_equal(lk_fs_read_file(AT_FDCWD, www, &log, &err), 0);
	/* nginx numbers its connections: those of HTTP/1.1, then the one of HTTP/2. */
	lk_str rest = lk_buf_view(&log);
	lk_str line;
	size_t n_other = 0;
	lk_str first = {0};
	while (lk_str_split(&rest, '\n', &line)) {
		size_t at = lk_str_rfind_char(line, ' ');
		if (lk_str_find(line, LK_STR("HTTP/2.0")) == SIZE_MAX) {
			continue;
		}
		first = first.len > 0 ? first : lk_str_skip(line, at);
		n_other += !lk_str_eq(first, lk_str_skip(line, at));
	}
	assert_true(first.len > 0);
	assert_int_equal(n_other, 0);
}

static void test_tls(void **state)
{
	if (!have_program("nginx") || !have_program("openssl")) {
		skip();
	}
	struct world *world = *state;
	struct lk_error err = LK_ERROR_INIT;
	struct server nginx = {0};
	char www[128];
	snprintf(www, sizeof(www), "%s/www", world->scratch.path);
	put_file(www, "f", world->body, BODY_LEN);
	nginx_start(&nginx, &world->scratch);
	char url[256];
	char ca[128];
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/f", nginx.other_port);
	snprintf(ca, sizeof(ca), "%s/cert.pem", world->scratch.path);
	struct got got = {0};
	assert_int_equal(get_url(world, url, false, NULL, &got, &err), LK_E_NETWORK);
	assert_non_null(strstr(err.message, "certificate"));
	assert_non_null(strstr(err.hint, "ssl_verify"));

	struct lk_http *strict = world->http;
	struct lk_http_settings settings = quick;
	settings.tls.ca_file = ca;
	world->http = lk_http_new(&settings, &world->report);
	assert_int_equal(get_url(world, url, false, NULL, &got, &err), 0);
	assert_body(world, &got);
	lk_buf_done(&got.body);
	/* Trusted, but another name than the certificate's. */
	snprintf(url, sizeof(url), "https://localhost:%d/f", nginx.other_port);
	assert_int_equal(get_url(world, url, false, NULL, &got, &err), LK_E_NETWORK);
	lk_http_free(world->http);

	settings.tls.ca_file = NULL;
	settings.tls.no_verify = true;
	world->http = lk_http_new(&settings, &world->report);
	assert_int_equal(get_url(world, url, false, NULL, &got, &err), 0);
	lk_buf_done(&got.body);
	lk_http_free(world->http);
	world->http = strict;

	struct lk_buf log = LK_BUF_INIT(1 << 20);
	snprintf(ca, sizeof(ca), "%s/access.log", world->scratch.path);
	assert_int_equal(lk_fs_read_file(AT_FDCWD, ca, &log, &err), 0);
	assert_non_null(strstr(lk_buf_cstr(&log), "GET /f HTTP/2.0"));
	lk_buf_done(&log);
	server_stop(&nginx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arrives),
		cmocka_unit_test(test_fails),
		cmocka_unit_test(test_sink_errors_are_final),
		cmocka_unit_test(test_resumed_damage),
		cmocka_unit_test(test_empty_body),
		cmocka_unit_test(test_not_modified),
		cmocka_unit_test(test_credentials),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_places_remember),
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_first_error_in_order),
		cmocka_unit_test(test_interrupt),
		cmocka_unit_test(test_no_retries),
		cmocka_unit_test(test_stall),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_tls),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
