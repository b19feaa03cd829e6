/*
 * The reference against the definition, computed here another way, and its properties.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "smoke/attention.h"

struct tensors {
	struct lk_attention_shape shape;
	size_t count;
	double *q, *k, *v, *out;
};

static struct tensors make(struct lk_attention_shape shape, uint64_t seed)
{
	struct tensors t = {.shape = shape, .count = lk_attention_count(&shape)};
	double **all[] = {&t.q, &t.k, &t.v, &t.out};
	for (size_t i = 0; i < LK_COUNTOF(all); i++) {
		*all[i] = lk_calloc(t.count, sizeof(double));
		lk_attention_fill(*all[i], t.count, seed + i);
	}
	return t;
}

static void run(struct tensors *t)
{
	for (size_t i = 0; i < t->count; i++) {
		t->out[i] = NAN;
	}
	lk_attention_reference(&t->shape, t->q, t->k, t->v, t->out);
}

static void done(struct tensors *t)
{
	lk_free(t->q);
	lk_free(t->k);
	lk_free(t->v);
	lk_free(t->out);
}

/* The definition as it is written, element by element: no maximum is taken off, no loop is shared.
 */
static long double defined(const struct tensors *t, size_t head, size_t i, size_t c)
{
	const struct lk_attention_shape *s = &t->shape;
	size_t base = head * s->n * s->d_k;
	long double above = 0;
	long double below = 0;
	for (size_t j = 0; j < s->n; j++) {
		if (s->causal && j > i) {
			continue;
		}
		long double score = 0;
		for (size_t x = 0; x < s->d_k; x++) {
			score += (long double)t->q[base + i * s->d_k + x] *
				t->k[base + j * s->d_k + x];
		}
		long double weight = expl(score / sqrtl((long double)s->d_k));
		above += weight * t->v[base + j * s->d_k + c];
		below += weight;
	}
	return above / below;
}

static void assert_defined(const struct tensors *t, double tolerance)
{
	const struct lk_attention_shape *s = &t->shape;
	for (size_t e = 0; e < t->count; e++) {
		size_t head = e / (s->n * s->d_k);
		size_t i = e / s->d_k % s->n;
		long double expected = defined(t, head, i, e % s->d_k);
		if (!(fabsl(t->out[e] - expected) <= tolerance * (1 + fabsl(expected)))) {
			fail_msg("element %zu of n %zu, d_k %zu: %.17g, expected %.17Lg", e, s->n,
				s->d_k, t->out[e], expected);
		}
	}
}

static void follows_the_definition(void **state)
{
	(void)state;
	static const struct lk_attention_shape shapes[] = {
		{1, 1, 1, 1, false},
		{1, 1, 1, 1, true},
		{1, 1, 2, 1, false},
		{1, 1, 5, 4, true},
		{3, 2, 5, 7, false},
		{2, 3, 17, 64, true},
		{1, 1, 127, 3, true},
		{1, 1, 64, 128, false},
	};
	for (size_t i = 0; i < LK_COUNTOF(shapes); i++) {
		struct tensors t = make(shapes[i], i);
		run(&t);
		assert_defined(&t, 1e-14);
		done(&t);
	}
}

/* Q = K = V = [[1,2,3,4] .. [17,18,19,20]]. */
static void worked_example(void **state)
{
	(void)state;
	for (int causal = 0; causal < 2; causal++) {
		struct tensors t = make((struct lk_attention_shape){1, 1, 5, 4, causal}, 0);
		for (size_t i = 0; i < t.count; i++) {
			t.q[i] = t.k[i] = t.v[i] = (double)(i + 1);
		}
		/* S = Q K^T is 5 x 5; its first row is 30, 70, 110, 150, 190. */
		for (size_t j = 0; j < 5; j++) {
			double score = 0;
			for (size_t x = 0; x < 4; x++) {
				score += t.q[x] * t.k[4 * j + x];
			}
			assert_true(score == 30 + 40 * (double)j);
		}
		run(&t);
		assert_defined(&t, 1e-14);
		/* The first row sees scores of 30, 70, 110, 150 and 190, half of that after
		 * scaling: all but the last value weigh nothing, as far as ten digits show. */
		assert_true(causal || fabs(t.out[0] - 17) < 1e-7);
		assert_true(!causal || t.out[0] == 1);
		done(&t);
	}
}

/* Scores that overflow exp without the maximum taken off. */
static void large_scores(void **state)
{
	(void)state;
	struct tensors t = make((struct lk_attention_shape){1, 1, 4, 4, false}, 0);
	for (size_t i = 0; i < t.count; i++) {
		t.q[i] = t.k[i] = i / 4 == i % 4 ? 1e150 : 0;
	}
	run(&t);
	for (size_t i = 0; i < t.count; i++) {
		assert_true(t.out[i] == t.v[i]);
	}
	for (size_t i = 0; i < t.count; i++) {
		t.k[i] = -t.k[i];
	}
	run(&t);
	for (size_t e = 0; e < t.count; e++) { /* the mean of the other three */
		double mean = 0;
		for (size_t j = 0; j < 4; j++) {
			mean += j == e / 4 ? 0 : t.v[4 * j + e % 4] / 3;
		}
		assert_true(fabs(t.out[e] - mean) < 1e-15);
	}
	done(&t);
}

/* Heads do not see each other, and under a causal mask no row sees what comes after it. */
static void sees_what_it_may(void **state)
{
	(void)state;
	for (int causal = 0; causal < 2; causal++) {
		struct tensors t = make((struct lk_attention_shape){2, 2, 5, 4, causal}, 9);
		double before[80];
		run(&t);
		memcpy(before, t.out, sizeof(before));
		/* Position 3 of head 2. */
		for (size_t x = 0; x < 4; x++) {
			t.k[2 * 20 + 3 * 4 + x] = 1e3;
			t.v[2 * 20 + 3 * 4 + x] = 1e3;
		}
		run(&t);
		for (size_t e = 0; e < t.count; e++) {
			bool may_change = e / 20 == 2 && (!causal || e % 20 / 4 >= 3);
			assert_true((before[e] != t.out[e]) == may_change);
		}
		done(&t);
	}
}

/* A causal mask is a score of minus infinity, and so is a huge negative one: row by row, the hidden
 * keys get one by a component that is 1 in every query. */
static void mask_is_minus_infinity(void **state)
{
	(void)state;
	struct tensors masked = make((struct lk_attention_shape){2, 2, 5, 8, true}, 3);
	for (size_t i = 7; i < masked.count; i += 8) {
		masked.q[i] = 1;
		masked.k[i] = 0;
	}
	run(&masked);
	for (size_t row = 0; row < 5; row++) {
		struct tensors t = make((struct lk_attention_shape){2, 2, 5, 8, false}, 3);
		memcpy(t.q, masked.q, t.count * sizeof(double));
		memcpy(t.k, masked.k, t.count * sizeof(double));
		for (size_t j = 0; j < (size_t)4 * 5; j++) {
			t.k[8 * j + 7] = j % 5 > row ? -1e300 : 0;
		}
		run(&t);
		for (size_t e = 0; e < t.count; e++) {
			assert_true(e / 8 % 5 != row || t.out[e] == masked.out[e]);
		}
		done(&t);
	}
	done(&masked);
}

/* As long as the levels' shapes are: some elements by the definition; equal keys give the mean of
 * the values that are seen; keys and values in another order give the same. */
static void long_rows(void **state)
{
	(void)state;
	const size_t row = 16;
	const size_t head = 512 * row;
	for (int causal = 0; causal < 2; causal++) {
		struct tensors t = make((struct lk_attention_shape){1, 3, 512, 16, causal}, 11);
		run(&t);
		for (size_t e = 0; e < t.count; e += 397) {
			long double expected = defined(&t, e / head, e / row % 512, e % row);
			assert_true(fabsl(t.out[e] - expected) < 1e-14);
		}
		for (size_t i = 0; i < t.count; i++) {
			t.k[i] = 0.25;
		}
		run(&t);
		double seen = 0;
		for (size_t j = 0; j < 512; j++) {
			seen += t.v[head + j * row + 5];
			double mean = t.out[head + j * row + 5];
			assert_true(!causal || fabs(mean - seen / (double)(j + 1)) < 1e-14);
		}
		assert_true(fabs(t.out[head + 5] - seen / 512) < 1e-14 || causal);
		done(&t);
	}
	struct tensors t = make((struct lk_attention_shape){1, 3, 512, 16, false}, 11);
	struct tensors turned = make(t.shape, 11);
	for (size_t r = 0; r < (size_t)3 * 512; r++) {
		size_t to = r / 512 * 512 + (r * 5 + 3) % 512;
		memcpy(turned.k + to * row, t.k + r * row, row * sizeof(double));
		memcpy(turned.v + to * row, t.v + r * row, row * sizeof(double));
	}
	run(&t);
	run(&turned);
	assert_true(lk_attention_distance(turned.out, t.out, t.count) < 1e-13);
	done(&turned);
	done(&t);
}

/* Each number is between the smallest and the largest value of its column. */
static void mixes_values(void **state)
{
	(void)state;
	struct tensors t = make((struct lk_attention_shape){1, 1, 33, 8, false}, 5);
	run(&t);
	for (size_t e = 0; e < t.count; e++) {
		double least = INFINITY;
		double most = -INFINITY;
		for (size_t j = 0; j < t.shape.n; j++) {
			least = fmin(least, t.v[j * 8 + e % 8]);
			most = fmax(most, t.v[j * 8 + e % 8]);
		}
		assert_true(t.out[e] > least && t.out[e] < most);
	}
	done(&t);
}

/* Every input that is not a number shows. */
static void nan_inputs_show(void **state)
{
	(void)state;
	static const double bad[] = {NAN, INFINITY, -INFINITY};
	for (size_t i = 0; i < LK_COUNTOF(bad) * 3; i++) {
		struct tensors t = make((struct lk_attention_shape){1, 1, 3, 4, false}, 5);
		double *into[] = {t.q, t.k, t.v};
		run(&t);
		double *expected = lk_calloc(t.count, sizeof(*expected));
		memcpy(expected, t.out, t.count * sizeof(*expected));
		into[i % 3][7] = bad[i / 3];
		run(&t);
		double error = lk_attention_distance(t.out, expected, t.count);
		/* An infinite key may rightly get all the weight, or none: then the numbers move.
		 */
		assert_true(isnan(error) || error > 1e-3);
		lk_free(expected);
		done(&t);
	}
}

static void distances(void **state)
{
	(void)state;
	static const struct {
		double out[3], reference[3], expected;
		size_t count;
	} rows[] = {
		{{1, 2, 3}, {1, 2, 3}, 0, 3},
		{{0, 0, 0}, {3, 4, 0}, 1, 3},
		{{3, 4, 1e-3}, {3, 4, 0}, 2e-4, 3},
		{{6, 8, 0}, {3, 4, 0}, 1, 2},
		{{1, 0, 0}, {0, 0, 0}, 1, 3}, /* nothing to be relative to */
		{{0, 0, 0}, {0, 0, 0}, 0, 3},
		{{0, 0, 0}, {0, 0, 0}, 0, 0},
		{{1, 2, NAN}, {1, 2, 3}, NAN, 3},
		{{NAN, 2, 3}, {1, 2, 3}, NAN, 3},
		{{1, INFINITY, 3}, {1, 2, 3}, NAN, 3},
		{{1, -INFINITY, 3}, {1, 2, 3}, NAN, 3},
		{{1, INFINITY, 3}, {1, INFINITY, 3}, NAN, 3},
		{{1, 2, 3}, {1, NAN, 3}, NAN, 3},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		double got = lk_attention_distance(rows[i].out, rows[i].reference, rows[i].count);
		bool same =
			isnan(rows[i].expected) ? isnan(got) : fabs(got - rows[i].expected) < 1e-15;
		if (!same) {
			fail_msg("row %zu: %g", i, got);
		}
	}
}

static void softmax_rows(void **state)
{
	(void)state;
	static const struct {
		float row[4];
		double scale;
		size_t visible;
		float expected[4]; /* NAN stands for a number that is not finite */
	} rows[] = {
		{{1, 1, 1, 1}, 1, 4, {.25F, .25F, .25F, .25F}},
		{{5, 1, 1, 1}, 1, 1, {1, 0, 0, 0}},
		{{1, 1, 1e30F, NAN}, 1, 2, {.5F, .5F, 0, 0}}, /* what is hidden does not count */
		{{0, 0.69314718F, 0, 0}, 1, 2, {1 / 3.F, 2 / 3.F, 0, 0}},
		{{0, 1.38629436F, 0, 0}, .5, 2, {1 / 3.F, 2 / 3.F, 0, 0}},
		{{FLT_MAX, FLT_MAX, 0, 0}, 1, 4, {.5F, .5F, 0, 0}},
		{{-FLT_MAX, -FLT_MAX, 0, 0}, 1, 2, {.5F, .5F, 0, 0}},
		{{1e4F, 9e3F, -1e4F, 0}, 1, 4, {1, 0, 0, 0}},
		{{0, NAN, 0, 0}, 1, 2, {NAN, NAN, 0, 0}},
		{{NAN, 1, 2, 3}, 1, 4, {NAN, NAN, NAN, NAN}},
		{{1, 2, 3, NAN}, 1, 4, {NAN, NAN, NAN, NAN}},
		{{0, INFINITY, 0, 0}, 1, 2, {NAN, NAN, 0, 0}},
	};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		float row[4];
		memcpy(row, rows[i].row, sizeof(row));
		lk_attention_softmax(row, 4, rows[i].visible, rows[i].scale);
		bool finite = true;
		for (size_t j = 0; j < 4; j++) {
			bool wants_number = !isnan(rows[i].expected[j]);
			if (wants_number && !(fabsf(row[j] - rows[i].expected[j]) < 1e-6F)) {
				fail_msg("row %zu, column %zu: %g", i, j, (double)row[j]);
			}
			finite = finite && isfinite(row[j]);
		}
		assert_int_equal(finite, !isnan(rows[i].expected[0]));
	}
}

/* float64 gives what float32 gives, more exactly; what is hidden does not count. */
static void softmax_of_doubles(void **state)
{
	(void)state;
	double wide[127];
	float narrow[127];
	lk_attention_fill(wide, LK_COUNTOF(wide), 3);
	for (size_t i = 0; i < LK_COUNTOF(wide); i++) {
		narrow[i] = (float)(wide[i] *= 40);
	}
	wide[126] = NAN;
	lk_attention_softmax64(wide, 127, 126, 0.5);
	lk_attention_softmax(narrow, 127, 126, 0.5);
	double sum = 0;
	for (size_t i = 0; i < LK_COUNTOF(wide); i++) {
		sum += wide[i];
		assert_true(fabs(wide[i] - (double)narrow[i]) < 1e-6);
	}
	assert_true(wide[126] == 0 && fabs(sum - 1) < 1e-15);
	double large[2] = {1e300, 1e300};
	lk_attention_softmax64(large, 2, 2, 1e10);
	assert_true(!isfinite(large[0])); /* inf - inf: shows instead of passing */
	double not_finite[2] = {NAN, 1};
	lk_attention_softmax64(not_finite, 2, 2, 1);
	assert_true(isnan(not_finite[0]) && isnan(not_finite[1]));
}

/* splitmix64 from seed 0 begins with e220a8397b1dcdaf, 6e789e6aa1b965f4, 06c45d188009454f, as its
 * authors' program prints; the upper 24 bits of each are taken. */
static void fill_is_splitmix(void **state)
{
	(void)state;
	static const int32_t first[] = {0xe220a8, 0x6e789e, 0x06c45d};
	double numbers[LK_COUNTOF(first)];
	lk_attention_fill(numbers, LK_COUNTOF(first), 0);
	for (size_t i = 0; i < LK_COUNTOF(first); i++) {
		assert_true(numbers[i] == (first[i] - 0x800000) / (double)0x800000);
	}
}

static void fill_properties(void **state)
{
	(void)state;
	enum {
		COUNT = 100000
	};
	double *a = lk_calloc(COUNT, sizeof(*a));
	double *b = lk_calloc(COUNT, sizeof(*b));
	lk_attention_fill(a, COUNT, 42);
	lk_attention_fill(b, COUNT / 2, 42);
	assert_memory_equal(a, b, COUNT / 2 * sizeof(*a));
	lk_attention_fill(b, COUNT, 43);
	double sum = 0;
	double squares = 0;
	size_t same = 0;
	for (size_t i = 0; i < COUNT; i++) {
		assert_true(a[i] >= -1 && a[i] < 1 && a[i] == (double)(float)a[i]);
		sum += a[i];
		squares += a[i] * a[i];
		same += a[i] == b[i];
	}
	/* Uniform in [-1, 1): mean 0, variance 1/3, each within six standard deviations. */
	assert_true(fabs(sum / COUNT) < 6 * sqrt(1 / 3. / COUNT));
	assert_true(fabs(squares / COUNT - 1 / 3.) < 6 * sqrt(4 / 45. / COUNT));
	assert_true(same < 10);
	lk_free(a);
	lk_free(b);
}

/* What docs/smoke.md promises of the shapes. */
static void shapes_are_varied(void **state)
{
	(void)state;
	unsigned seen = 0;
	for (size_t i = 0; i < lk_attention_n_shapes; i++) {
		const struct lk_attention_shape *s = &lk_attention_shapes[i];
		seen |= s->n == 1 ? 1 : 0;
		seen |= s->n == 5 ? 2 : 0;
		seen |= s->n == 127 ? 4 : 0;
		seen |= s->d_k == 4 ? 8 : 0;
		seen |= s->d_k == 64 ? 16 : 0;
		seen |= s->d_k == 128 ? 32 : 0;
		seen |= s->causal ? 64 : 0;
		seen |= s->batch > 1 && s->heads > 1 ? 128 : 0;
		seen |= lk_attention_count(s) * s->n > 100000000 ? 256 : 0;
	}
	assert_int_equal(seen, 511);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_the_definition),
		cmocka_unit_test(worked_example),
		cmocka_unit_test(large_scores),
		cmocka_unit_test(sees_what_it_may),
		cmocka_unit_test(mask_is_minus_infinity),
		cmocka_unit_test(long_rows),
		cmocka_unit_test(mixes_values),
		cmocka_unit_test(nan_inputs_show),
		cmocka_unit_test(distances),
		cmocka_unit_test(softmax_rows),
		cmocka_unit_test(softmax_of_doubles),
		cmocka_unit_test(fill_is_splitmix),
		cmocka_unit_test(fill_properties),
		cmocka_unit_test(shapes_are_varied),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
