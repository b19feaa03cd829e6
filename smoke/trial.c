/*
 * Numbers in three precisions, and what a level made of them.
 */
#include "smoke/trial.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

/* A row may be this much farther off than the bound of all rows together. */
#define ROW_FACTOR 4

static const struct {
	const char *name;
	size_t size;
	double bound;
} precisions[] = {
	[LK_FLOAT64] = {"float64", sizeof(double), 1e-13},
	[LK_FLOAT32] = {"float32", sizeof(float), 1e-5},
	[LK_BFLOAT16] = {"bfloat16", sizeof(uint16_t), 1e-2},
};

const char *lk_precision_name(enum lk_precision precision)
{
	return precisions[precision].name;
}

size_t lk_precision_size(enum lk_precision precision)
{
	return precisions[precision].size;
}

double lk_precision_bound(enum lk_precision precision)
{
	return precisions[precision].bound;
}

/* bfloat16 is the upper half of a float32; to the nearest, ties to even. The inputs are finite. */
static uint16_t to_bfloat16(double value)
{
	float single = (float)value;
	uint32_t bits;
	memcpy(&bits, &single, sizeof(bits));
	return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static double from_bfloat16(uint16_t half)
{
	uint32_t bits = (uint32_t)half << 16;
	float single;
	memcpy(&single, &bits, sizeof(single));
	return single;
}

static void put(void *numbers, enum lk_precision precision, size_t at, double value)
{
	switch (precision) {
	case LK_FLOAT64:
		((double *)numbers)[at] = value;
		break;
	case LK_FLOAT32:
		((float *)numbers)[at] = (float)value;
		break;
	case LK_BFLOAT16:
		((uint16_t *)numbers)[at] = to_bfloat16(value);
		break;
	}
}

static double get(const void *numbers, enum lk_precision precision, size_t at)
{
	switch (precision) {
	case LK_FLOAT64:
		return ((const double *)numbers)[at];
	case LK_FLOAT32:
		return ((const float *)numbers)[at];
	case LK_BFLOAT16:
		return from_bfloat16(((const uint16_t *)numbers)[at]);
	}
	return NAN;
}

/* All bits set are a NaN in each of the precisions. */
void lk_trial_poison(void *numbers, enum lk_precision precision, size_t count)
{
	memset(numbers, 0xff, count * lk_precision_size(precision));
}

void lk_trial_init(struct lk_trial *trial, const struct lk_attention_shape *shape,
	enum lk_precision precision, uint64_t seed)
{
	size_t count = lk_attention_count(shape);
	*trial = (struct lk_trial){
		.shape = *shape,
		.precision = precision,
		.count = count,
		.bytes = count * lk_precision_size(precision),
		.exact = lk_calloc(3 * count, sizeof(double)),
	};
	lk_attention_fill(trial->exact, 3 * count, seed);
	void **all[] = {&trial->q, &trial->k, &trial->v, &trial->out};
	for (size_t t = 0; t < LK_COUNTOF(all); t++) {
		*all[t] = lk_calloc(count, lk_precision_size(precision));
	}
	for (size_t i = 0; i < 3 * count; i++) {
		void *numbers = *all[i / count];
		put(numbers, precision, i % count, trial->exact[i]);
		trial->exact[i] = get(numbers, precision, i % count);
	}
	lk_trial_poison(trial->out, precision, count);
	trial->begun = lk_level_seconds();
}

void lk_trial_done(struct lk_trial *trial)
{
	lk_free(trial->q);
	lk_free(trial->k);
	lk_free(trial->v);
	lk_free(trial->out);
	lk_free(trial->exact);
}

void lk_shape_text(const struct lk_attention_shape *shape, char ret[LK_SHAPE_TEXT_MAX])
{
	snprintf(ret, LK_SHAPE_TEXT_MAX, "batch %zu, heads %zu, n %zu, d_k %zu%s", shape->batch,
		shape->heads, shape->n, shape->d_k, shape->causal ? ", causal" : "");
}

/* The row that is farthest off, for a number that is wrong among hundreds of thousands. */
static bool judge_rows(const struct lk_trial *trial, const double *out, const double *reference,
	struct lk_level_report *report)
{
	size_t d = trial->shape.d_k;
	double bound = ROW_FACTOR * lk_precision_bound(trial->precision);
	size_t n_rows = trial->shape.batch * trial->shape.heads * trial->shape.n;
	for (size_t row = 0; row < n_rows; row++) {
		double error = lk_attention_distance(out + row * d, reference + row * d, d);
		if (!(error <= bound)) {
			char what[LK_SHAPE_TEXT_MAX];
			lk_shape_text(&trial->shape, what);
			lk_level_say(report, LK_SMOKE_FAILED,
				"%s, %s: error %.3g of row %zu alone is above %.3g",
				lk_precision_name(trial->precision), what, error, row, bound);
			return false;
		}
	}
	return true;
}

bool lk_trial_judge(const struct lk_trial *trial, struct lk_level_report *report)
{
	double took = lk_level_seconds() - trial->begun;
	double *both = lk_calloc(2 * trial->count, sizeof(*both));
	double *out = both + trial->count;
	lk_attention_reference(&trial->shape, trial->exact, trial->exact + trial->count,
		trial->exact + 2 * trial->count, both);
	for (size_t i = 0; i < trial->count; i++) {
		out[i] = get(trial->out, trial->precision, i);
	}
	char what[LK_SHAPE_TEXT_MAX];
	lk_shape_text(&trial->shape, what);
	double error = lk_attention_distance(out, both, trial->count);
	bool good = lk_level_measure(report, lk_precision_name(trial->precision), error,
			    lk_precision_bound(trial->precision), what) &&
		judge_rows(trial, out, both, report);
	lk_level_took(report, lk_precision_name(trial->precision), took);
	lk_free(both);
	return good;
}
