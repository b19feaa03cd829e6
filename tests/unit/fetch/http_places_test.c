/*
 * Requests with several places: which is asked, what one place's word is worth, what is remembered.
 */
#include "tests/unit/fetch/http_world.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_places_remember),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
