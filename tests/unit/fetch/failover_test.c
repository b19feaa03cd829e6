/*
 * From place to place: order, rounds, what one place's word is worth.
 */
#include "fetch/failover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct fixture {
	unsigned trouble[3];
	struct lk_http_place places[3];
	struct lk_http_request request;
	struct lk_failover at;
};

static void init(struct fixture *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		f->places[i].trouble = &f->trouble[i];
	}
	f->request = (struct lk_http_request){.places = f->places, .n_places = n};
	lk_failover_init(&f->at, &f->request);
}

static size_t at(const struct fixture *f)
{
	return (size_t)(f->at.place - f->places);
}

/* A try fails: is another place next, and may those that were asked be asked again? */
static bool next(struct fixture *f, bool may_pass, bool *again)
{
	*again = may_pass;
	return lk_failover_next(&f->at, again, LK_E_NETWORK);
}

static void test_rounds(void **state)
{
	(void)state;
	struct fixture f = {0};
	bool again;
	init(&f, 3);
	assert_int_equal(at(&f), 0);
	assert_true(lk_failover_has_more(&f.at));
	assert_true(next(&f, true, &again));
	assert_int_equal(at(&f), 1);
	assert_true(next(&f, false, &again));
	assert_int_equal(at(&f), 2);
	assert_true(lk_failover_has_more(&f.at)); /* the first may come back */
	assert_false(next(&f, true, &again));
	assert_true(again);
	/* Of the next round only those whose trouble may pass are. */
	assert_int_equal(at(&f), 0);
	assert_true(next(&f, false, &again));
	assert_int_equal(at(&f), 2);
	assert_false(lk_failover_has_more(&f.at));
	assert_false(next(&f, false, &again));
	assert_false(again);
	assert_int_equal(at(&f), 2);
}

static void test_one_place(void **state)
{
	(void)state;
	struct fixture f = {0};
	bool again;
	init(&f, 1);
	assert_false(lk_failover_passes_on(&f.at, 404));
	assert_false(next(&f, true, &again));
	assert_true(again);
	assert_false(next(&f, false, &again));
	assert_false(again);
	assert_true(lk_failover_is_hopeless(&f.at));
	assert_int_equal(f.trouble[0], 0);
}

static void test_trouble(void **state)
{
	(void)state;
	struct fixture f = {0};
	bool again;
	for (unsigned i = 0; i < 3; i++) {
		init(&f, 2);
		assert_int_equal(at(&f), 0);
		assert_true(next(&f, true, &again));
		lk_failover_succeeded(&f.at);
	}
	init(&f, 2); /* now it is asked last */
	assert_int_equal(at(&f), 1);
	assert_false(lk_failover_is_hopeless(&f.at));
	f.trouble[1] = 3;
	assert_true(lk_failover_is_hopeless(&f.at));
	init(&f, 2); /* all have it: in their order again */
	assert_int_equal(at(&f), 0);
	lk_failover_succeeded(&f.at);
	assert_int_equal(f.trouble[0], 0);
	/* That a file is not there, or that a disk is full, is no trouble of the place. */
	assert_true(next(&f, false, &again));
	assert_int_equal(f.trouble[0], 0);
	again = false;
	assert_false(lk_failover_next(&f.at, &again, LK_E_FS));
	assert_int_equal(f.trouble[1], 3);
}

static void test_absent(void **state)
{
	(void)state;
	struct fixture f = {0};
	bool again;
	init(&f, 2);
	assert_false(lk_failover_passes_on(&f.at, 200));
	assert_false(lk_failover_passes_on(&f.at, 304));
	assert_true(lk_failover_passes_on(&f.at, 404));
	assert_int_equal(f.at.absent, 404);
	assert_true(next(&f, false, &again));
	assert_false(lk_failover_passes_on(&f.at, 404)); /* the last one's word */
	/* As long as one may still answer the other's word is not enough, unless it is optional. */
	init(&f, 2);
	assert_true(next(&f, true, &again));
	assert_true(lk_failover_passes_on(&f.at, 404));
	f.request.optional = true;
	assert_false(lk_failover_passes_on(&f.at, 404));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rounds),
		cmocka_unit_test(test_one_place),
		cmocka_unit_test(test_trouble),
		cmocka_unit_test(test_absent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
