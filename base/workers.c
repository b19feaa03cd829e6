/*
 * Threads that take indices from one counter. The calling thread is one of the workers.
 */
#include "base/workers.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct pool {
	lk_worker_fn *fn;
	void *ctx;
	size_t n;
	pthread_mutex_t mutex;   /* guards what follows */
	size_t next;             /* the next index to start */
	size_t failed;           /* the lowest index that failed, or SIZE_MAX */
	int rc;                  /* what it returned */
	struct lk_error *result; /* its error */
};

/* The next index to work on; false when there is none or one has failed. */
static bool take(struct pool *pool, size_t *ret_index)
{
	pthread_mutex_lock(&pool->mutex);
	bool some = pool->next < pool->n && pool->failed == SIZE_MAX;
	if (some) {
		*ret_index = pool->next++;
	}
	pthread_mutex_unlock(&pool->mutex);
	return some;
}

/* Indices start in rising order, so every index below a failed one has been started and will
 * report: the lowest failure is always known in the end. */
static void note_failure(struct pool *pool, size_t index, int rc, const struct lk_error *err)
{
	pthread_mutex_lock(&pool->mutex);
	if (index < pool->failed) {
		pool->failed = index;
		pool->rc = rc;
		*pool->result = *err;
	}
	pthread_mutex_unlock(&pool->mutex);
}

static void *work(void *arg)
{
	struct pool *pool = arg;
	size_t index;
	while (take(pool, &index)) {
		struct lk_error err = LK_ERROR_INIT;
		int rc = pool->fn(pool->ctx, index, &err);
		if (rc < 0) {
			note_failure(pool, index, rc, &err);
		}
	}
	return NULL;
}

/* Signals stay with the calling thread: workers start with all of them blocked. */
static size_t start_threads(struct pool *pool, pthread_t *threads, size_t wanted)
{
	sigset_t all;
	sigset_t before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	size_t started = 0;
	while (started < wanted && pthread_create(&threads[started], NULL, work, pool) == 0) {
		started++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started; /* fewer than wanted (a limit on processes) only means slower */
}

int lk_workers_run(unsigned jobs, size_t n, lk_worker_fn *fn, void *ctx, struct lk_error *err)
{
	struct pool pool = {fn, ctx, n, PTHREAD_MUTEX_INITIALIZER, 0, SIZE_MAX, LK_OK, err};
	size_t workers = jobs ? jobs : lk_workers_default();
	if (workers > n) {
		workers = n;
	}
	size_t others = workers > 1 ? workers - 1 : 0;
	pthread_t *LK_AUTO_FREE threads = lk_calloc(others, sizeof(*threads));
	size_t started = start_threads(&pool, threads, others);
	work(&pool);
	for (size_t i = 0; i < started; i++) {
		pthread_join(threads[i], NULL);
	}
	pthread_mutex_destroy(&pool.mutex);
	return pool.rc;
}

unsigned lk_workers_default(void)
{
	/* The kernel refuses a set that is smaller than its own. */
	for (unsigned cpus = 1024; cpus <= 1024u * 1024; cpus *= 2) {
		cpu_set_t *set = CPU_ALLOC(cpus);
		if (!set) {
			lk_mem_lost();
		}
		size_t size = CPU_ALLOC_SIZE(cpus);
		int rc = sched_getaffinity(0, size, set);
		int count = rc == 0 ? CPU_COUNT_S(size, set) : 0;
		CPU_FREE(set);
		if (count > 0) {
			return (unsigned)count;
		}
	}
	return 1;
}
