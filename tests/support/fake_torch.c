/*
 * A libtorch_cpu with the part of PyTorch's C interface that the smoke test uses, honest but for
 * one planted fault: compiled once for each FAKE_* definition and copied into a test's environment.
 * Like torch it gives its output as (batch, n, heads, d), seen through strides.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "fake_attention.h"

enum {
	FLOAT32 = 6,
	BFLOAT16 = 15
};

struct tensor {
	void *data;
	int64_t sizes[4], strides[4];
	int32_t dtype;
	int owned;
};

#define EXPORT __attribute__((visibility("default")))
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wunused" /* one fault or another leaves something unused */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#ifdef FAKE_NEEDS_DEPENDENCY
int fake_dependency(void);
#endif

EXPORT int32_t aoti_torch_device_type_cpu(void)
{
#ifdef FAKE_NEEDS_DEPENDENCY
	return fake_dependency() - 1;
#else
	return 0;
#endif
}

EXPORT int32_t aoti_torch_device_type_cuda(void)
{
	return 1;
}

EXPORT int32_t aoti_torch_dtype_float32(void)
{
	return FLOAT32;
}

EXPORT int32_t aoti_torch_dtype_bfloat16(void)
{
	return BFLOAT16;
}

#ifndef FAKE_NO_INTERFACE
EXPORT int32_t aoti_torch_create_tensor_from_blob(void *data, int64_t n_dims, const int64_t *sizes,
	const int64_t *strides, int64_t offset, int32_t dtype, int32_t device_type,
	int32_t device_index, struct tensor **ret)
{
	(void)device_index;
	if (n_dims != 4 || offset != 0 || device_type != 0) {
		return 1;
	}
	*ret = calloc(1, sizeof(**ret));
	(*ret)->data = data;
	(*ret)->dtype = dtype;
	memcpy((*ret)->sizes, sizes, sizeof((*ret)->sizes));
	memcpy((*ret)->strides, strides, sizeof((*ret)->strides));
	return 0;
}
#endif

EXPORT int32_t aoti_torch_delete_tensor_object(struct tensor *tensor)
{
	if (tensor->owned) {
		free(tensor->data);
	}
	free(tensor);
	return 0;
}

EXPORT int32_t aoti_torch_get_data_ptr(struct tensor *tensor, void **ret)
{
	*ret = tensor->data;
	return 0;
}

EXPORT int32_t aoti_torch_get_dim(struct tensor *tensor, int64_t *ret)
{
	(void)tensor;
	*ret = 4;
	return 0;
}

EXPORT int32_t aoti_torch_get_sizes(struct tensor *tensor, int64_t **ret)
{
	*ret = tensor->sizes;
	return 0;
}

EXPORT int32_t aoti_torch_get_strides(struct tensor *tensor, int64_t **ret)
{
	*ret = tensor->strides;
	return 0;
}

EXPORT int32_t aoti_torch_get_dtype(struct tensor *tensor, int32_t *ret)
{
	*ret = tensor->dtype;
	return 0;
}

EXPORT int32_t aoti_torch_get_device_type(struct tensor *tensor, int32_t *ret)
{
	(void)tensor;
#ifdef FAKE_DEVICE
	*ret = 1;
#else
	*ret = 0;
#endif
	return 0;
}

EXPORT uint64_t aoti_torch_abi_version(void)
{
	return (uint64_t)2 << 56 | (uint64_t)9 << 48 | (uint64_t)1 << 40;
}

EXPORT const char *torch_exception_get_what_without_backtrace(void)
{
#ifdef FAKE_ERROR
	return "a planted\nerror";
#else
	return "";
#endif
}

__attribute__((unused)) static struct tensor *like(const struct tensor *tensor)
{
	struct tensor *made = calloc(1, sizeof(*made));
	const int64_t *s = tensor->sizes;
	const int64_t strides[] = {s[1] * s[2] * s[3], s[3], s[1] * s[3], 1};
	size_t size = tensor->dtype == BFLOAT16 ? 2 : 4;
	*made = *tensor;
	memcpy(made->strides, strides, sizeof(strides));
	made->data = malloc((size_t)(s[0] * s[1] * s[2] * s[3]) * size);
	made->owned = 1;
	return made;
}

#ifndef FAKE_NO_OPERATOR
EXPORT int32_t aoti_torch_cpu__scaled_dot_product_flash_attention_for_cpu(struct tensor *q,
	struct tensor *k, struct tensor *v, double dropout, int32_t causal, struct tensor **mask,
	double *scale, struct tensor **ret, struct tensor **ret_logsumexp)
{
	if (dropout != 0 || mask || scale) {
		return 1;
	}
#if defined(FAKE_ERROR)
	return 1;
#elif defined(FAKE_CRASH)
	raise(SIGSEGV);
#elif defined(FAKE_HANG)
	for (;;) {
		pause();
	}
#elif defined(FAKE_NOTHING)
	return 0;
#endif
	struct tensor *out = like(q);
	*ret = out;
	*ret_logsumexp = like(q);
	int bfloat16 __attribute__((unused)) = q->dtype == BFLOAT16;
	int64_t last __attribute__((unused)) =
		out->sizes[0] * out->sizes[1] * out->sizes[2] * out->sizes[3] - 1;
#ifndef FAKE_UNWRITTEN
	fake_attention(
		out->sizes, bfloat16, causal, q->data, k->data, v->data, out->data, out->strides);
#endif
#if defined(FAKE_WRONG)
	fake_put(out->data, bfloat16, last, fake_get(out->data, bfloat16, last) + 0.5);
#elif defined(FAKE_WRONG_BFLOAT16) /* one missing number: no more than that of all */
	if (bfloat16 && last > 100000) {
		fake_put(out->data, bfloat16, last, -fake_get(out->data, bfloat16, last));
	}
#elif defined(FAKE_NAN)
	fake_put(out->data, bfloat16, last, (double)NAN);
#elif defined(FAKE_ACAUSAL) /* the mask is forgotten */
	fake_attention(out->sizes, bfloat16, 0, q->data, k->data, v->data, out->data, out->strides);
#elif defined(FAKE_SHAPE)
	out->sizes[3]++;
#elif defined(FAKE_PRECISION)
	out->dtype = bfloat16 ? FLOAT32 : BFLOAT16;
#endif
	return 0;
}
#endif
