/*
 * A libtorch_cuda.so for machines without a GPU: what the smoke test calls of the AOTInductor shim.
 * Attention is computed by the device of fake_libcuda.c; with FAKE_LIBRARY=cpu the output lies in
 * the processor's memory and says so, with FAKE_LIBRARY=poser it says otherwise.
 */
#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fake_cuda.h"

#define EXPORT __attribute__((visibility("default")))

struct tensor {
	void *data;
	int64_t sizes[4];
	int64_t strides[4];
	int32_t dtype, device_type, device;
};

static bool has(const char *fault)
{
	const char *text = getenv("FAKE_LIBRARY");
	return text && strcmp(text, fault) == 0;
}

static void *driver_symbol(const char *name)
{
	void *driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
	return driver ? dlsym(driver, name) : NULL;
}

static void *device_memory(size_t len)
{
	int (*alloc)(uint64_t *, size_t);
	uint64_t pointer = 0;
	*(void **)&alloc = driver_symbol("cuMemAlloc_v2");
	return alloc && alloc(&pointer, len) == 0 ? (void *)(uintptr_t)pointer : NULL;
}

static bool submit(const struct fake_job *job)
{
	int (*to_device)(const struct fake_job *);
	*(void **)&to_device = driver_symbol("fake_cuda_submit");
	return to_device && to_device(job) == 0;
}

EXPORT int32_t aoti_torch_device_type_cpu(void)
{
	return 0;
}

EXPORT int32_t aoti_torch_device_type_cuda(void)
{
	return 1;
}

EXPORT int32_t aoti_torch_dtype_float32(void)
{
	return 6;
}

EXPORT int32_t aoti_torch_dtype_bfloat16(void)
{
	return 15;
}

EXPORT int32_t aoti_torch_create_tensor_from_blob(void *data, int64_t n_dims, const int64_t *sizes,
	const int64_t *strides, int64_t offset, int32_t dtype, int32_t device_type, int32_t device,
	struct tensor **ret)
{
	struct tensor *t = calloc(1, sizeof(*t));
	t->data = data;
	memcpy(t->sizes, sizes, sizeof(t->sizes));
	memcpy(t->strides, strides, sizeof(t->strides));
	t->dtype = dtype;
	t->device_type = device_type;
	t->device = device;
	*ret = t;
	return n_dims != 4 || offset != 0;
}

EXPORT int32_t aoti_torch_delete_tensor_object(struct tensor *t)
{
	free(t);
	return 0;
}

EXPORT int32_t aoti_torch_get_data_ptr(struct tensor *t, void **ret)
{
	*ret = t->data;
	return 0;
}

EXPORT int32_t aoti_torch_get_dim(struct tensor *t, int64_t *ret)
{
	(void)t;
	*ret = 4;
	return 0;
}

EXPORT int32_t aoti_torch_get_sizes(struct tensor *t, int64_t **ret)
{
	*ret = t->sizes;
	return 0;
}

EXPORT int32_t aoti_torch_get_strides(struct tensor *t, int64_t **ret)
{
	*ret = t->strides;
	return 0;
}

EXPORT int32_t aoti_torch_get_dtype(struct tensor *t, int32_t *ret)
{
	*ret = t->dtype;
	return 0;
}

EXPORT int32_t aoti_torch_get_device_type(struct tensor *t, int32_t *ret)
{
	*ret = t->device_type;
	return 0;
}

EXPORT uint64_t aoti_torch_abi_version(void)
{
	return (uint64_t)2 << 56 | (uint64_t)9 << 48;
}

EXPORT const char *torch_exception_get_what_without_backtrace(void)
{
	return has("no-kernel") ? "CUDA error: no kernel image is available" : "";
}

static struct fake_job job_of(enum fake_kind kind, void *out, unsigned n_out, int half)
{
	return (struct fake_job){
		.kind = kind, .n_threads = n_out, .out = out, .n_out = n_out, .out_half = half};
}

/* Scores, softmax, mix, and the turn that the flash kernel's output has. */
static bool attend(const struct tensor *q, const struct tensor *k, const struct tensor *v,
	int causal, void *out)
{
	unsigned heads = (unsigned)(q->sizes[0] * q->sizes[1]);
	unsigned n = (unsigned)q->sizes[2];
	unsigned d = (unsigned)q->sizes[3];
	unsigned rows = heads * n;
	int half = q->dtype == 15;
	void *scores = device_memory((size_t)rows * n * 4);
	void *weights = device_memory((size_t)rows * n * 4);
	void *mixed = device_memory((size_t)rows * d * 4);
	struct fake_job a = job_of(FAKE_SCORES, scores, rows * n, 0);
	struct fake_job b = job_of(FAKE_SOFTMAX, weights, rows * n, 0);
	struct fake_job c = job_of(FAKE_MIX, mixed, rows * d, half);
	struct fake_job e = job_of(FAKE_TURN, out, rows * d, half);
	void *const pointers[] = {
		q->data, k->data, scores, scores, weights, weights, v->data, mixed};
	memcpy(a.arguments, (union fake_argument[]){{pointers[0]}, {pointers[1]}, {pointers[2]}},
		3 * sizeof(union fake_argument));
	a.arguments[3].number = rows;
	a.arguments[4].number = n;
	a.arguments[5].number = d;
	a.arguments[6].number = (unsigned)half;
	b.n_threads = rows;
	b.arguments[0].pointer = scores;
	b.arguments[1].pointer = weights;
	b.arguments[2].number = rows;
	b.arguments[3].number = n;
	b.arguments[4].real = (float)(1 / sqrt(d));
	b.arguments[5].number = (unsigned)causal;
	b.arguments[6].number = 0;
	memcpy(c.arguments, (union fake_argument[]){{pointers[5]}, {pointers[6]}, {pointers[7]}},
		3 * sizeof(union fake_argument));
	memcpy(c.arguments + 3, a.arguments + 3, 4 * sizeof(union fake_argument));
	e.arguments[0].pointer = mixed;
	e.arguments[1].number = (unsigned)q->sizes[0];
	e.arguments[2].number = (unsigned)q->sizes[1];
	e.arguments[3].number = n;
	e.arguments[4].number = d;
	return scores && weights && mixed && submit(&a) && submit(&b) && submit(&c) && submit(&e);
}

static int32_t attention(const struct tensor *q, const struct tensor *k, const struct tensor *v,
	int32_t causal, struct tensor **ret)
{
	struct tensor *t = calloc(1, sizeof(*t));
	*t = *q;
	size_t size = q->dtype == 15 ? 2 : 4;
	size_t len = (size_t)(q->sizes[0] * q->sizes[1] * q->sizes[2] * q->sizes[3]) * size;
	bool on_device = !has("cpu") && !has("poser");
	t->data = on_device ? device_memory(len) : calloc(len, 1);
	t->device_type = has("cpu") ? 0 : 1;
	t->strides[1] = q->sizes[3];
	t->strides[2] = q->sizes[1] * q->sizes[3];
	*ret = t;
	return has("no-kernel") || (on_device && !attend(q, k, v, causal, t->data));
}

EXPORT int32_t aoti_torch_cuda__scaled_dot_product_flash_attention(struct tensor *q,
	struct tensor *k, struct tensor *v, double dropout, int32_t causal, int32_t debug_mask,
	double *scale, struct tensor **ret, struct tensor **ret1, struct tensor **ret2,
	struct tensor **ret3, int64_t *ret4, int64_t *ret5, struct tensor **ret6,
	struct tensor **ret7, struct tensor **ret8)
{
	*ret1 = *ret2 = *ret3 = *ret6 = *ret7 = *ret8 = NULL;
	*ret4 = *ret5 = q->sizes[2];
	if (dropout != 0 || debug_mask != 0 || scale || q->dtype != 15 || q->sizes[3] % 8 != 0) {
		return 1;
	}
	return attention(q, k, v, causal, ret);
}

EXPORT int32_t aoti_torch_cuda__scaled_dot_product_efficient_attention(struct tensor *q,
	struct tensor *k, struct tensor *v, struct tensor **bias, int32_t log_sum, double dropout,
	int32_t causal, double *scale, struct tensor **ret, struct tensor **ret1,
	struct tensor **ret2, struct tensor **ret3)
{
	*ret1 = *ret2 = *ret3 = NULL;
	if (bias || log_sum != 0 || dropout != 0 || scale) {
		return 1;
	}
	return attention(q, k, v, causal, ret);
}
