/*
 * The reference against closed forms: what it must give by mathematics, not by an earlier run.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <gnu/libc-version.h>

#include "base/mem.h"
#include "base/str.h"
#include "smoke/attention.h"
#include "smoke/level.h"

/* Rounding of float64 in sums of a few hundred terms stays far below this. */
#define BOUND 1e-12

struct tensors {
	double *q, *k, *v, *out, *expected;
	size_t count;
};

static void tensors_init(struct tensors *t, const struct lk_attention_shape *shape, uint64_t seed)
{
	t->count = lk_attention_count(shape);
	double **all[] = {&t->q, &t->k, &t->v, &t->out, &t->expected};
	for (size_t i = 0; i < LK_COUNTOF(all); i++) {
		*all[i] = lk_calloc(t->count, sizeof(double));
		lk_attention_fill(*all[i], t->count, seed + i);
	}
	for (size_t i = 0; i < t->count; i++) {
		t->out[i] = NAN;
	}
}

static void tensors_done(struct tensors *t)
{
	lk_free(t->q);
	lk_free(t->k);
	lk_free(t->v);
	lk_free(t->out);
	lk_free(t->expected);
}

static bool check(struct lk_level_report *report, struct tensors *t, const char *what)
{
	double error = lk_attention_distance(t->out, t->expected, t->count);
	return lk_level_measure(report, "float64", error, BOUND, what);
}

/* Equal keys weigh every value the same: the output is the mean of V. */
static bool equal_keys(struct lk_level_report *report)
{
	const struct lk_attention_shape shape = {1, 1, 127, 64, false};
	struct tensors t;
	tensors_init(&t, &shape, 1);
	for (size_t i = 0; i < t.count; i++) {
		t.k[i] = t.k[i % shape.d_k];
	}
	for (size_t d = 0; d < shape.d_k; d++) {
		double mean = 0;
		for (size_t j = 0; j < shape.n; j++) {
			mean += t.v[j * shape.d_k + d] / (double)shape.n;
		}
		for (size_t i = 0; i < shape.n; i++) {
			t.expected[i * shape.d_k + d] = mean;
		}
	}
	lk_attention_reference(&shape, t.q, t.k, t.v, t.out);
	bool good = check(report, &t, "equal keys give the mean of V");
	tensors_done(&t);
	return good;
}

/* A single position sees itself alone: the output is V. The same for row 0 under a causal mask. */
static bool single_position(struct lk_level_report *report)
{
	const struct lk_attention_shape shape = {2, 3, 1, 128, true};
	struct tensors t;
	tensors_init(&t, &shape, 2);
	memcpy(t.expected, t.v, t.count * sizeof(double));
	lk_attention_reference(&shape, t.q, t.k, t.v, t.out);
	bool good = check(report, &t, "n = 1 gives V");
	tensors_done(&t);
	return good;
}

/* One-hot queries and keys with huge scores choose one value each. */
static bool one_hot(struct lk_level_report *report)
{
	const struct lk_attention_shape shape = {1, 1, 4, 4, false};
	struct tensors t;
	tensors_init(&t, &shape, 3);
	for (size_t i = 0; i < t.count; i++) {
		t.q[i] = t.k[i] = i / 4 == i % 4 ? 1e3 : 0;
	}
	memcpy(t.expected, t.v, t.count * sizeof(double));
	lk_attention_reference(&shape, t.q, t.k, t.v, t.out);
	bool good = check(report, &t, "one-hot scores choose one value");
	tensors_done(&t);
	return good;
}

/* The same number added to every score of a row changes nothing: add one vector to all keys. */
static bool shifted(struct lk_level_report *report)
{
	const struct lk_attention_shape shape = {1, 2, 5, 64, false};
	struct tensors t;
	tensors_init(&t, &shape, 4);
	lk_attention_reference(&shape, t.q, t.k, t.v, t.expected);
	for (size_t i = 0; i < t.count; i++) {
		t.k[i] += (double)(i % shape.d_k) / 64;
	}
	lk_attention_reference(&shape, t.q, t.k, t.v, t.out);
	bool good = check(report, &t, "softmax is invariant under shifts");
	tensors_done(&t);
	return good;
}

/* Keys and values in another order give the same; queries in another order give the rows in that
 * order. */
static bool permuted(struct lk_level_report *report)
{
	const struct lk_attention_shape shape = {1, 1, 127, 4, false};
	struct tensors t;
	tensors_init(&t, &shape, 5);
	double *first = lk_calloc(t.count, sizeof(double));
	double *turned = lk_calloc(3 * t.count, sizeof(double));
	size_t row = shape.d_k;
	lk_attention_reference(&shape, t.q, t.k, t.v, first);
	for (size_t i = 0; i < shape.n; i++) {
		size_t to = (i * 5 + 3) % shape.n;
		memcpy(turned + to * row, t.q + i * row, row * sizeof(double));
		memcpy(turned + t.count + to * row, t.k + i * row, row * sizeof(double));
		memcpy(turned + 2 * t.count + to * row, t.v + i * row, row * sizeof(double));
		memcpy(t.expected + to * row, first + i * row, row * sizeof(double));
	}
	lk_attention_reference(&shape, turned, turned + t.count, turned + 2 * t.count, t.out);
	bool good = check(report, &t, "permuted rows");
	lk_free(first);
	lk_free(turned);
	tensors_done(&t);
	return good;
}

/* Q = K = V = 1 .. 20 in five rows of four. Scores are 30, 70, 110, 150, 190 in the first row and
 * grow by steps of at least 20 after scaling: by the definition exp(-20 j) weighs the j-th value
 * from the end. */
static bool worked_example(struct lk_level_report *report)
{
	const struct lk_attention_shape shape = {1, 1, 5, 4, false};
	struct tensors t;
	tensors_init(&t, &shape, 6);
	for (size_t i = 0; i < t.count; i++) {
		t.q[i] = t.k[i] = t.v[i] = (double)(i + 1);
	}
	for (size_t i = 0; i < shape.n; i++) {
		/* Neighbouring keys differ by 4 in each component: scores step by 4 sum(q_i) / 2.
		 */
		double step = 2 * (t.q[4 * i] + t.q[4 * i + 1] + t.q[4 * i + 2] + t.q[4 * i + 3]);
		double sum = 0;
		double below = 0;
		for (size_t j = 0; j < shape.n; j++) {
			double weight = exp(-step * (double)j);
			sum += weight;
			below += weight * (double)(4 * j);
		}
		for (size_t d = 0; d < 4; d++) {
			t.expected[4 * i + d] = (double)(17 + d) - below / sum;
		}
	}
	lk_attention_reference(&shape, t.q, t.k, t.v, t.out);
	bool good = check(report, &t, "the worked example of 1 .. 20");
	tensors_done(&t);
	return good;
}

/* Where the numbers came about: this level runs everywhere. */
static void describe_host(struct lk_level_report *report)
{
	struct utsname host;
	if (uname(&host) == 0) {
		lk_level_fact(report, "machine", "%s", host.machine);
		lk_level_fact(report, "kernel", "%s %s", host.sysname, host.release);
	}
	lk_level_fact(report, "glibc", "%s", gnu_get_libc_version());
	char line[256];
	FILE *file = fopen("/proc/cpuinfo", "re");
	while (file && fgets(line, sizeof(line), file)) {
		lk_str rest = lk_str_of(line);
		lk_str key;
		if (lk_str_split(&rest, ':', &key) && lk_str_starts(key, LK_STR("model name"))) {
			lk_level_fact(
				report, "processor", LK_STR_FMT, LK_STR_ARG(lk_str_trim(rest)));
			break;
		}
	}
	if (file) {
		fclose(file);
	}
}

void lk_level_reference(const struct lk_level_context *context, struct lk_level_report *report)
{
	(void)context;
	bool (*const cases[])(struct lk_level_report *) = {
		equal_keys, single_position, one_hot, shifted, permuted, worked_example};
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		if (!cases[i](report)) {
			return;
		}
	}
	lk_level_say(report, LK_SMOKE_PASSED, "closed forms, float64 on the CPU");
	describe_host(report);
}
