/*
 * Workers: each index once, the lowest failure wins.
 */
#include "base/workers.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "tests/unit/base/base_test.h"

#define N 500

struct job {
	atomic_int calls[N];
	unsigned results[N];
	size_t fail_from; /* indices from here fail */
	bool lowest_last; /* of the failures, the lowest is reported last, or else first */
	pthread_t caller;
	atomic_int strangers; /* calls outside the calling thread */
};

static int one(void *ctx, size_t index, struct lk_error *err)
{
	struct job *job = ctx;
	atomic_fetch_add(&job->calls[index], 1);
	atomic_fetch_add(&job->strangers, !pthread_equal(job->caller, pthread_self()));
	if (index % 3 == 0) {
		sched_yield();
	}
	job->results[index] = (unsigned)index * 2;
	if (index >= job->fail_from) {
		bool lowest = index == job->fail_from;
		usleep(lowest == job->lowest_last ? 20000 : 5000);
		return lk_fail(err, LK_E_INTEGRITY, "item %zu", index);
	}
	return LK_OK;
}

static void test_all_once(void **state)
{
	(void)state;
	for (unsigned jobs = 0; jobs < 9; jobs++) {
		struct job job = {.fail_from = N, .caller = pthread_self()};
		struct lk_error err = LK_ERROR_INIT;
		assert_ok(lk_workers_run(jobs, N, one, &job, &err), err);
		for (size_t i = 0; i < N; i++) {
			assert_int_equal(job.calls[i], 1);
			assert_int_equal(job.results[i], i * 2);
		}
		if (jobs == 1) {
			assert_int_equal(job.strangers, 0);
		}
		assert_int_equal(err.code, LK_OK);
	}
}

static void test_lowest_failure(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		struct job job = {
			.fail_from = 37, .caller = pthread_self(), .lowest_last = round % 2 == 0};
		struct lk_error err = LK_ERROR_INIT;
		unsigned jobs = 1 + round % 7;
		assert_int_equal(lk_workers_run(jobs, N, one, &job, &err), LK_E_INTEGRITY);
		assert_string_equal(err.message, "item 37");
		for (size_t i = 0; i < 37; i++) {
			assert_int_equal(job.calls[i], 1);
		}
		assert_int_equal(job.calls[N - 1], 0);
	}
}

static void test_nothing_to_do(void **state)
{
	(void)state;
	struct lk_error err = LK_ERROR_INIT;
	assert_ok(lk_workers_run(4, 0, one, NULL, &err), err);
	assert_true(lk_workers_default() >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_once),
		cmocka_unit_test(test_lowest_failure),
		cmocka_unit_test(test_nothing_to_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
