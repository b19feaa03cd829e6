/*
 * Attention in three kernels, for the environment's NVRTC: softmax(Q K^T / sqrt(d)) V.
 *
 * Written in what CUDA C++ and C have in common, so that the tests can compile the same text for
 * the processor (which defines the four words below). No header, no shared memory: one thread
 * for each number of the result, or each row. A bfloat16 is the upper half of a float; it is read
 * and written as an integer, so that no header and no minimum device is needed.
 *
 * Row-major; `rows` is batch * heads * n. smoke/kernel.c has the table of parameters.
 */
#ifndef KERNEL
#define KERNEL extern "C" __global__ void
#define DEVICE static __device__ __forceinline__
#define ROLLED _Pragma("unroll 1") /* short PTX, which has a place in the repository */
#define INDEX (blockIdx.x * blockDim.x + threadIdx.x)
#endif

typedef unsigned int count_t; /* enough: no array has 2^32 numbers */

union lk_bits {
	float number;
	unsigned int bits;
};

/* The number at AT of a float32 or, when HALF, a bfloat16 array. */
DEVICE float lk_load(const void *from, count_t at, int half)
{
	union lk_bits u;
	if (!half) {
		return ((const float *)from)[at];
	}
	u.bits = (unsigned int)((const unsigned short *)from)[at] << 16;
	return u.number;
}

/* To the nearest, ties to even; a NaN stays one. */
DEVICE void lk_store(void *to, count_t at, int half, float value)
{
	union lk_bits u;
	if (!half) {
		((float *)to)[at] = value;
		return;
	}
	u.number = value;
	if (value != value) {
		u.bits = 0x7fffffffu;
	} else {
		u.bits += 0x7fffu + ((u.bits >> 16) & 1u);
	}
	((unsigned short *)to)[at] = (unsigned short)(u.bits >> 16);
}

/* scores[row][j] = q[row] . k[j of the same head]; float32 */
KERNEL lk_scores(const void *q, const void *k, float *scores, count_t rows, count_t n, count_t d,
	int half)
{
	count_t at = INDEX;
	if (at < rows * n) {
		count_t row = at / n;
		count_t key = row / n * n + at % n;
		float sum = 0.0f;
		count_t c;
		ROLLED
		for (c = 0; c < d; c++) {
			sum += lk_load(q, row * d + c, half) * lk_load(k, key * d + c, half);
		}
		scores[at] = sum;
	}
}

/* weights[row] = softmax(scale * scores[row]); of a causal row the columns 0 .. row count */
KERNEL lk_softmax(const float *scores, void *weights, count_t rows, count_t n, float scale,
	int causal, int half)
{
	count_t row = INDEX;
	if (row < rows) {
		count_t visible = causal ? row % n + 1 : n;
		const float *from = scores + row * n;
		float max = from[0];
		float sum = 0.0f;
		count_t j;
		ROLLED
		for (j = 1; j < visible; j++) {
			max = from[j] > max || from[j] != from[j] ? from[j] : max;
		}
		ROLLED
		for (j = 0; j < visible; j++) {
			sum += expf(scale * (from[j] - max));
		}
		ROLLED
		for (j = 0; j < n; j++) {
			float weight = j < visible ? expf(scale * (from[j] - max)) / sum : 0.0f;
			lk_store(weights, row * n + j, half, weight);
		}
	}
}

/* out[row][c] = sum over j of weights[row][j] * v[j of the same head][c] */
KERNEL lk_mix(const float *weights, const void *v, void *out, count_t rows, count_t n, count_t d,
	int half)
{
	count_t at = INDEX;
	if (at < rows * d) {
		count_t row = at / d;
		count_t head = row / n * n;
		float sum = 0.0f;
		count_t j;
		ROLLED
		for (j = 0; j < n; j++) {
			sum += weights[row * n + j] * lk_load(v, (head + j) * d + at % d, half);
		}
		lk_store(out, at, half, sum);
	}
}
