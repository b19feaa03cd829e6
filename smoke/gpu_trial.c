/*
 * Trials on a device, and who did the work.
 */
#include "smoke/gpu_trial.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* All bits set are a NaN in each precision. */
#define POISON 0xffffffffU

/* The long run: heads of this length and size, as many as keep the device busy. */
#define LONG_N 2048
#define SHORT_N 256 /* for devices with few multiprocessors */
#define LONG_D 64
#define LONG_HEADS_MAX 128
#define LONG_HEADS_SCORES_MAX 16 /* where each head has two n x n arrays in memory */
#define LONG_MS 40.0
#define LONG_REPEATS_MAX 200
/* More of the processor than this, and the device did not do the work. */
#define PROCESSOR_SHARE_MAX 0.5
/* A run that is over sooner says nothing about shares. */
#define JUDGED_MS 10.0

bool lk_gpu_wait(const struct lk_gpu *gpu, struct lk_level_report *report)
{
	return lk_gpu_ok(gpu, gpu->driver.synchronize(), "running on the device", report);
}

bool lk_gpu_owns(const struct lk_gpu *gpu, lk_cuda_pointer pointer, const char *what,
	struct lk_level_report *report)
{
	unsigned type = 0;
	int device = -1;
	int error = gpu->driver.pointer_attribute(&type, LK_CUDA_POINTER_MEMORY_TYPE, pointer);
	if (error == 0) {
		error = gpu->driver.pointer_attribute(&device, LK_CUDA_POINTER_DEVICE, pointer);
	}
	if (error != 0 || type != LK_CUDA_MEMORY_DEVICE) {
		lk_level_say(report, LK_SMOKE_FAILED, "%s lies in the processor's memory", what);
		return false;
	}
	if (device != gpu->ordinal) {
		lk_level_say(report, LK_SMOKE_FAILED, "%s lies on device %d instead of %d", what,
			device, gpu->ordinal);
		return false;
	}
	return true;
}

/* The device's memory for one work. */
struct memory {
	const struct lk_gpu *gpu;
	lk_cuda_pointer q, k, v, out, scores, weights;
};

static void memory_done(struct memory *m)
{
	const lk_cuda_pointer all[] = {m->q, m->k, m->v, m->out, m->scores, m->weights};
	for (size_t i = 0; i < LK_COUNTOF(all); i++) {
		if (all[i] != 0) {
			m->gpu->driver.free(all[i]);
		}
	}
}

/* Poisoned memory for COUNT numbers of SIZE bytes, rounded up to words. */
static bool take(const struct lk_gpu *gpu, size_t count, size_t size, lk_cuda_pointer *ret,
	struct lk_level_report *report)
{
	size_t words = (count * size + 3) / 4;
	int error = gpu->driver.alloc(ret, words * 4);
	if (error == LK_CUDA_OUT_OF_MEMORY) {
		size_t free_bytes = 0;
		size_t total = 0;
		gpu->driver.memory_info(&free_bytes, &total);
		lk_level_say(report, LK_SMOKE_FAILED,
			"device %d has no %zu KiB free: %zu MiB of %zu are", gpu->ordinal,
			words * 4 >> 10, free_bytes >> 20, total >> 20);
		return false;
	}
	return lk_gpu_ok(gpu, error, "cuMemAlloc", report) &&
		lk_gpu_ok(gpu, gpu->driver.fill32(*ret, POISON, words), "cuMemsetD32", report);
}

static bool memory_init(struct memory *m, const struct lk_attention_shape *shape, size_t size,
	bool with_scores, struct lk_level_report *report)
{
	size_t count = lk_attention_count(shape);
	size_t n_scores = shape->batch * shape->heads * shape->n * shape->n;
	const struct lk_gpu *gpu = m->gpu;
	return take(gpu, count, size, &m->q, report) && take(gpu, count, size, &m->k, report) &&
		take(gpu, count, size, &m->v, report) && take(gpu, count, size, &m->out, report) &&
		(!with_scores ||
			(take(gpu, n_scores, sizeof(float), &m->scores, report) &&
				take(gpu, n_scores, sizeof(float), &m->weights, report)));
}

/* Each of the COPIES heads of the device gets the trial's inputs. */
static bool upload(const struct memory *m, const struct lk_trial *trial, size_t copies,
	struct lk_level_report *report)
{
	const struct lk_cuda_driver *d = &m->gpu->driver;
	for (size_t i = 0; i < copies; i++) {
		size_t at = i * trial->bytes;
		if (!lk_gpu_ok(m->gpu, d->to_device(m->q + at, trial->q, trial->bytes),
			    "cuMemcpyHtoD", report) ||
			!lk_gpu_ok(m->gpu, d->to_device(m->k + at, trial->k, trial->bytes),
				"cuMemcpyHtoD", report) ||
			!lk_gpu_ok(m->gpu, d->to_device(m->v + at, trial->v, trial->bytes),
				"cuMemcpyHtoD", report)) {
			return false;
		}
	}
	return true;
}

static void work_init(struct lk_gpu_work *work, const struct memory *m,
	const struct lk_attention_shape *shape, enum lk_precision precision)
{
	int64_t n = (int64_t)shape->n;
	int64_t d = (int64_t)shape->d_k;
	*work = (struct lk_gpu_work){
		.shape = *shape,
		.precision = precision,
		.q = m->q,
		.k = m->k,
		.v = m->v,
		.out = m->out,
		.scores = m->scores,
		.weights = m->weights,
		.strides = {(int64_t)shape->heads * n * d, n * d, d, 1},
	};
}

/* Do the strides reach each of the numbers of a dense array once? Then they are in one piece. */
static bool is_dense(const struct lk_gpu_work *work)
{
	const size_t sizes[4] = {
		work->shape.batch, work->shape.heads, work->shape.n, work->shape.d_k};
	int64_t last = 0;
	for (size_t i = 0; i < 4; i++) {
		if (work->strides[i] < 0) {
			return false;
		}
		last += (int64_t)(sizes[i] - 1) * work->strides[i];
	}
	return last == (int64_t)lk_attention_count(&work->shape) - 1;
}

/* The last heads of the result, as many as the trial has, row-major into its output. */
static void gather(const char *from, const struct lk_gpu_work *work, struct lk_trial *trial)
{
	const struct lk_attention_shape *s = &trial->shape;
	size_t size = lk_precision_size(trial->precision);
	size_t skipped = work->shape.heads - s->heads;
	char *to = trial->out;
	for (size_t i = 0; i < trial->count; i++) {
		const size_t at[4] = {i / (s->d_k * s->n * s->heads),
			i / (s->d_k * s->n) % s->heads + skipped, i / s->d_k % s->n, i % s->d_k};
		size_t offset = 0;
		for (size_t k = 0; k < 4; k++) {
			offset += at[k] * (size_t)work->strides[k];
		}
		memcpy(to + i * size, from + offset * size, size);
	}
}

static bool download(const struct lk_gpu *gpu, const struct lk_gpu_work *work,
	struct lk_trial *trial, struct lk_level_report *report)
{
	if (!lk_gpu_owns(gpu, work->out, "the output", report)) {
		return false;
	}
	if (!is_dense(work)) {
		lk_level_say(report, LK_SMOKE_FAILED, "the output is not in one piece");
		return false;
	}
	size_t len = lk_attention_count(&work->shape) * lk_precision_size(work->precision);
	char *host = lk_calloc(len, 1);
	bool good =
		lk_gpu_ok(gpu, gpu->driver.to_host(host, work->out, len), "cuMemcpyDtoH", report);
	if (good) {
		gather(host, work, trial);
	}
	lk_free(host);
	return good;
}

static bool run_case(const struct lk_gpu *gpu, const struct lk_gpu_method *method,
	struct lk_trial *trial, struct lk_level_report *report)
{
	struct memory LK_CLEANUP(memory_done) m = {.gpu = gpu};
	struct lk_gpu_work work;
	if (!memory_init(&m, &trial->shape, lk_precision_size(trial->precision),
		    method->needs_scores, report) ||
		!upload(&m, trial, 1, report)) {
		return false;
	}
	work_init(&work, &m, &trial->shape, trial->precision);
	return method->enqueue(method->ctx, &work, report) && lk_gpu_wait(gpu, report) &&
		download(gpu, &work, trial, report) && lk_trial_judge(trial, report);
}

static double now_ms(clockid_t clock)
{
	struct timespec t = {0};
	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* What a run took. */
struct times {
	double wall, processor; /* ms; the processor's of all threads of this process */
	float device;           /* ms between two events on the device's own clock */
};

/* Sleeps until EVENT has come, so that waiting itself costs nothing. */
static int await(const struct lk_cuda_driver *d, lk_cuda_handle event)
{
	int error;
	while ((error = d->event_query(event)) == LK_CUDA_NOT_READY) {
		nanosleep(&(const struct timespec){0, 500000}, NULL);
	}
	return error;
}

static bool run_timed(const struct lk_gpu *gpu, const struct lk_gpu_method *method,
	struct lk_gpu_work *work, unsigned repeats, struct times *ret,
	struct lk_level_report *report)
{
	const struct lk_cuda_driver *d = &gpu->driver;
	lk_cuda_handle begin = NULL;
	lk_cuda_handle end = NULL;
	*ret = (struct times){0};
	bool good = lk_gpu_ok(gpu, d->event_new(&begin, 0), "cuEventCreate", report) &&
		lk_gpu_ok(gpu, d->event_new(&end, 0), "cuEventCreate", report);
	double wall = now_ms(CLOCK_MONOTONIC);
	double processor = now_ms(CLOCK_PROCESS_CPUTIME_ID);
	good = good && lk_gpu_ok(gpu, d->event_record(begin, NULL), "cuEventRecord", report);
	for (unsigned i = 0; good && i < repeats; i++) {
		good = method->enqueue(method->ctx, work, report);
	}
	good = good && lk_gpu_ok(gpu, d->event_record(end, NULL), "cuEventRecord", report) &&
		lk_gpu_ok(gpu, await(d, end), "running on the device", report);
	ret->wall = now_ms(CLOCK_MONOTONIC) - wall;
	ret->processor = now_ms(CLOCK_PROCESS_CPUTIME_ID) - processor;
	good = good &&
		lk_gpu_ok(gpu, d->event_elapsed(&ret->device, begin, end), "cuEventElapsedTime",
			report);
	if (begin) {
		d->event_free(begin);
	}
	if (end) {
		d->event_free(end);
	}
	return good;
}

static bool judge_times(const struct times *t, enum lk_precision precision, unsigned repeats,
	struct lk_level_report *report)
{
	char key[32];
	snprintf(key, sizeof(key), "long-%s", lk_precision_name(precision));
	lk_level_fact(report, key, "%.3f ms on the device, processor busy for %.0f %% of the time",
		(double)t->device / repeats, 100 * t->processor / t->wall);
	if (t->wall >= JUDGED_MS && t->processor > PROCESSOR_SHARE_MAX * t->wall) {
		lk_level_say(report, LK_SMOKE_FAILED,
			"%s: the processor was busy for %.0f of %.0f ms, so it was not the device "
			"that "
			"computed",
			lk_precision_name(precision), t->processor, t->wall);
		return false;
	}
	return true;
}

/* Once to warm up and to see how long it takes, then often enough to see who works. */
static bool run_long(const struct lk_gpu *gpu, const struct lk_gpu_method *method, struct memory *m,
	const struct lk_attention_shape *shape, struct lk_trial *trial,
	struct lk_level_report *report)
{
	struct lk_gpu_work work;
	struct times t;
	work_init(&work, m, shape, trial->precision);
	if (!run_timed(gpu, method, &work, 1, &t, report) || !download(gpu, &work, trial, report) ||
		!lk_trial_judge(trial, report) || !run_timed(gpu, method, &work, 1, &t, report)) {
		return false;
	}
	double wanted = t.device > 0 ? LONG_MS / (double)t.device : LONG_REPEATS_MAX;
	unsigned repeats = wanted < LONG_REPEATS_MAX ? (unsigned)wanted + 1 : LONG_REPEATS_MAX;
	return run_timed(gpu, method, &work, repeats, &t, report) &&
		judge_times(&t, trial->precision, repeats, report);
}

static bool prove_device(const struct lk_gpu *gpu, const struct lk_gpu_method *method,
	enum lk_precision precision, struct lk_level_report *report)
{
	size_t heads = (size_t)gpu->multiprocessors;
	size_t most = method->needs_scores ? LONG_HEADS_SCORES_MAX : LONG_HEADS_MAX;
	heads = heads < 1 ? 1 : heads > most ? most : heads;
	struct lk_attention_shape one = {
		1, 1, gpu->multiprocessors >= 8 ? LONG_N : SHORT_N, LONG_D, false};
	struct lk_attention_shape all = one;
	all.heads = heads;
	struct lk_trial LK_CLEANUP(lk_trial_done) trial;
	lk_trial_init(&trial, &one, precision, 300);
	struct memory LK_CLEANUP(memory_done) m = {.gpu = gpu};
	return memory_init(&m, &all, lk_precision_size(precision), method->needs_scores, report) &&
		upload(&m, &trial, heads, report) &&
		run_long(gpu, method, &m, &all, &trial, report);
}

bool lk_gpu_trials(const struct lk_gpu *gpu, const struct lk_gpu_method *method,
	enum lk_precision precision, struct lk_level_report *report)
{
	for (size_t i = 0; i < lk_attention_n_shapes; i++) {
		if (method->takes && !method->takes(&lk_attention_shapes[i], precision)) {
			continue;
		}
		struct lk_trial trial;
		lk_trial_init(&trial, &lk_attention_shapes[i], precision, 200 + i);
		bool good = run_case(gpu, method, &trial, report);
		lk_trial_done(&trial);
		if (!good) {
			return false;
		}
	}
	return prove_device(gpu, method, precision, report);
}
