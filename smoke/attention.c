/*
 * The reference. It is written to be read, not to be fast.
 */
#include "smoke/attention.h"

#include <math.h>

#include "base/mem.h"

const struct lk_attention_shape lk_attention_shapes[] = {
	{1, 1, 1, 4, false},
	{1, 1, 5, 4, false},
	{1, 1, 5, 4, true},
	{2, 3, 5, 64, false},
	{1, 2, 127, 64, true},
	{2, 2, 127, 128, false},
	{1, 4, 512, 64, false},
	{1, 4, 512, 128, true},
};
const size_t lk_attention_n_shapes = LK_COUNTOF(lk_attention_shapes);

size_t lk_attention_count(const struct lk_attention_shape *shape)
{
	return shape->batch * shape->heads * shape->n * shape->d_k;
}

/* One row of the output: query Q_ROW against the first VISIBLE keys and values of its head. */
static void reference_row(size_t visible, size_t d_k, const double *q_row, const double *k,
	const double *v, double *weights, double *out_row)
{
	double max = -INFINITY;
	for (size_t j = 0; j < visible; j++) {
		double dot = 0;
		for (size_t d = 0; d < d_k; d++) {
			dot += q_row[d] * k[j * d_k + d];
		}
		weights[j] = dot / sqrt((double)d_k);
		max = fmax(max, weights[j]);
	}
	double sum = 0;
	for (size_t j = 0; j < visible; j++) {
		weights[j] = exp(weights[j] - max);
		sum += weights[j];
	}
	for (size_t d = 0; d < d_k; d++) {
		out_row[d] = 0;
	}
	for (size_t j = 0; j < visible; j++) {
		for (size_t d = 0; d < d_k; d++) {
			out_row[d] += weights[j] * v[j * d_k + d];
		}
	}
	for (size_t d = 0; d < d_k; d++) {
		out_row[d] /= sum;
	}
}

void lk_attention_reference(const struct lk_attention_shape *shape, const double *q,
	const double *k, const double *v, double *out)
{
	double *weights = lk_calloc(shape->n, sizeof(*weights));
	size_t head = shape->n * shape->d_k;
	for (size_t h = 0; h < shape->batch * shape->heads; h++) {
		for (size_t i = 0; i < shape->n; i++) {
			size_t row = h * head + i * shape->d_k;
			reference_row(shape->causal ? i + 1 : shape->n, shape->d_k, q + row,
				k + h * head, v + h * head, weights, out + row);
		}
	}
	lk_free(weights);
}

void lk_attention_softmax(float *row, size_t n, size_t visible, double scale)
{
	float max = -INFINITY;
	for (size_t j = 0; j < visible; j++) {
		row[j] = (float)(row[j] * scale);
		max = row[j] > max || isnan(row[j]) ? row[j] : max;
	}
	double sum = 0;
	for (size_t j = 0; j < visible; j++) {
		row[j] = expf(row[j] - max);
		sum += row[j];
	}
	for (size_t j = 0; j < n; j++) {
		row[j] = j < visible ? (float)(row[j] / sum) : 0.0F;
	}
}

void lk_attention_softmax64(double *row, size_t n, size_t visible, double scale)
{
	double max = -INFINITY;
	for (size_t j = 0; j < visible; j++) {
		row[j] *= scale;
		max = row[j] > max || isnan(row[j]) ? row[j] : max;
	}
	double sum = 0;
	for (size_t j = 0; j < visible; j++) {
		row[j] = exp(row[j] - max);
		sum += row[j];
	}
	for (size_t j = 0; j < n; j++) {
		row[j] = j < visible ? row[j] / sum : 0;
	}
}

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void lk_attention_fill(double *out, size_t count, uint64_t seed)
{
	uint64_t state = seed;
	for (size_t i = 0; i < count; i++) {
		/* 24 bits: exact in float32, so that only the computation is compared. */
		int64_t bits = (int64_t)(next_random(&state) >> 40);
		out[i] = (double)(bits - (INT64_C(1) << 23)) / (double)(INT64_C(1) << 23);
	}
}

double lk_attention_distance(const double *out, const double *reference, size_t count)
{
	double difference = 0;
	double norm = 0;
	for (size_t i = 0; i < count; i++) {
		if (!isfinite(out[i])) {
			return NAN;
		}
		difference += (out[i] - reference[i]) * (out[i] - reference[i]);
		norm += reference[i] * reference[i];
	}
	return norm > 0 ? sqrt(difference / norm) : sqrt(difference);
}
