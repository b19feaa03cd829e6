/*
 * Scaled dot-product attention, softmax(Q K^T / sqrt(d_k)) V, for multi-head Q, K, V of shape
 * (batch, heads, n, d_k), row-major: the float64 reference, the inputs, and the distance.
 *
 * Source: Vaswani et al., "Attention Is All You Need", 2017, equation 1.
 */
#ifndef LK_SMOKE_ATTENTION_H
#define LK_SMOKE_ATTENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lk_attention_shape {
	size_t batch, heads, n, d_k;
	bool causal; /* row i sees only the columns 0 .. i */
};

/* Numbers in each of Q, K, V and the output. */
size_t lk_attention_count(const struct lk_attention_shape *shape);

/* The float64 reference: OUT gets lk_attention_count numbers. Numerically stable: the maximum of
 * each row of scores is taken off before the exponential. */
void lk_attention_reference(const struct lk_attention_shape *shape, const double *q,
	const double *k, const double *v, double *out);

/* Turns a row of N raw scores into probabilities in place, as the reference does, in float32.
 * VISIBLE is how many of the columns count; the rest become 0. */
void lk_attention_softmax(float *row, size_t n, size_t visible, double scale);
/* The same in float64. */
void lk_attention_softmax64(double *row, size_t n, size_t visible, double scale);

/* Fills OUT with COUNT numbers in [-1, 1) that depend on SEED alone and are exact in float32. */
void lk_attention_fill(double *out, size_t count, uint64_t seed);

/* ||out - reference|| / ||reference|| (Frobenius); NaN when any number of OUT is not finite. */
double lk_attention_distance(const double *out, const double *reference, size_t count);

/* The shapes that every computing level runs: odd ones, small ones, and one large. */
extern const struct lk_attention_shape lk_attention_shapes[];
extern const size_t lk_attention_n_shapes;

#endif
