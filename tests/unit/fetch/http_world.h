/*
 * A server that misbehaves on request, a transfer loop, and a sink that keeps what it gets. Include
 * it once in a test program.
 */
#ifndef LK_TESTS_FETCH_HTTP_WORLD_H
#define LK_TESTS_FETCH_HTTP_WORLD_H

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

static LK_UNUSED int got_begin(void *ctx, struct lk_error *err)
{
	(void)err;
	struct got *got = ctx;
	got->begun++;
	lk_buf_clear(&got->body);
	return 0;
}

static LK_UNUSED int got_write(void *ctx, const void *bytes, size_t len, struct lk_error *err)
{
	struct got *got = ctx;
	lk_buf_append(&got->body, bytes, len);
	return got->body.overflow ? lk_fail(err, LK_E_INTEGRITY, "too much") : 0;
}

static LK_UNUSED int got_end(
	void *ctx, const struct lk_http_response *response, struct lk_error *err)
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

static LK_UNUSED void got_fail(void *ctx, const struct lk_error *error)
{
	struct got *got = ctx;
	assert_int_equal(error->code, LK_E_NETWORK);
	got->failed++;
}

static const struct lk_http_sink sink = {.begin = got_begin, .write = got_write, .end = got_end};

static LK_UNUSED bool asked_to_stop(void *ctx)
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

static LK_UNUSED int setup(void **state)
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

static LK_UNUSED int teardown(void **state)
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
static LK_UNUSED int get_as(struct world *world, const char *url, struct lk_http_auth auth,
	bool resumable, const char *etag, struct got *got, struct lk_error *err)
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

static LK_UNUSED int get_url(struct world *world, const char *url, bool resumable, const char *etag,
	struct got *got, struct lk_error *err)
{
	return get_as(world, url, (struct lk_http_auth){0}, resumable, etag, got, err);
}

static LK_UNUSED int get(struct world *world, const char *path, bool resumable, struct got *got,
	struct lk_error *err)
{
	char url[256];
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/%s", world->server.port, path);
	return get_url(world, url, resumable, NULL, got, err);
}

static LK_UNUSED void assert_body(const struct world *world, const struct got *got)
{
	assert_int_equal(got->body.len, BODY_LEN);
	assert_memory_equal(got->body.ptr, world->body, BODY_LEN);
}

/* How many requests of PATH does the server remember, and is TEXT in its log? */
static LK_UNUSED unsigned log_count(struct world *world, const char *text)
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

#endif
