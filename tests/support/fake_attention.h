/*
 * Attention for the fake libtorch and the fake python: honest, in double, rounded once.
 */
#ifndef LK_TESTS_FAKE_ATTENTION_H
#define LK_TESTS_FAKE_ATTENTION_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline double fake_get(const void *numbers, int bfloat16, int64_t at)
{
	float value;
	if (bfloat16) {
		uint32_t bits = (uint32_t)((const uint16_t *)numbers)[at] << 16;
		memcpy(&value, &bits, sizeof(value));
	} else {
		value = ((const float *)numbers)[at];
	}
	return value;
}

static inline void fake_put(void *numbers, int bfloat16, int64_t at, double number)
{
	float value = (float)number;
	uint32_t bits;
	memcpy(&bits, &value, sizeof(bits));
	if (bfloat16) {
		((uint16_t *)numbers)[at] = (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
	} else {
		((float *)numbers)[at] = value;
	}
}

static inline double *fake_wide(const void *numbers, int bfloat16, int64_t count)
{
	double *wide = malloc((size_t)count * sizeof(double));
	for (int64_t i = 0; i < count; i++) {
		wide[i] = fake_get(numbers, bfloat16, i);
	}
	return wide;
}

/* One row of N positions and D components into MIXED; no maximum is taken off, for the inputs are
 * below 1. */
static inline void fake_row(int64_t visible, int64_t d, const double *q, const double *k,
	const double *v, double *mixed)
{
	double sum = 0;
	memset(mixed, 0, (size_t)d * sizeof(double));
	for (int64_t j = 0; j < visible; j++) {
		double dot = 0;
		for (int64_t x = 0; x < d; x++) {
			dot += q[x] * k[j * d + x];
		}
		double weight = exp(dot / sqrt((double)d));
		sum += weight;
		for (int64_t x = 0; x < d; x++) {
			mixed[x] += weight * v[j * d + x];
		}
	}
	for (int64_t x = 0; x < d; x++) {
		mixed[x] /= sum;
	}
}

/* SIZES are batch, heads, n, d; inputs row-major, the output with STRIDES. */
static inline void fake_attention(const int64_t *sizes, int bfloat16, int causal, const void *q,
	const void *k, const void *v, void *out, const int64_t *strides)
{
	int64_t n = sizes[2];
	int64_t d = sizes[3];
	int64_t rows = sizes[0] * sizes[1] * n;
	double *wide[] = {fake_wide(q, bfloat16, rows * d), fake_wide(k, bfloat16, rows * d),
		fake_wide(v, bfloat16, rows * d), malloc((size_t)d * sizeof(double))};
	for (int64_t row = 0; row < rows; row++) {
		int64_t head = row / n * n * d;
		fake_row(causal ? row % n + 1 : n, d, wide[0] + row * d, wide[1] + head,
			wide[2] + head, wide[3]);
		int64_t at = row / n / sizes[1] * strides[0] + row / n % sizes[1] * strides[1] +
			row % n * strides[2];
		for (int64_t x = 0; x < d; x++) {
			fake_put(out, bfloat16, at + x * strides[3], wide[3][x]);
		}
	}
	for (int i = 0; i < 4; i++) {
		free(wide[i]);
	}
}

#endif
