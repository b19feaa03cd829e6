/*
 * The transfer loop against a server that breaks off, lies, limits and redirects.
 */
#include "tests/unit/fetch/http_world.h"

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
