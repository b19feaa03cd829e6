/*
 * The shim's functions by name, and tensors in terms of a trial.
 */
#include "smoke/torch_shim.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define N_DIMS 4

bool lk_torch_bind(void *library, struct lk_torch *ret, const char **ret_missing)
{
	*ret = (struct lk_torch){0};
	const struct {
		const char *name;
		void **slot;
		bool optional;
	} symbols[] = {
		{"aoti_torch_device_type_cpu", (void **)&ret->device_type_cpu, false},
		{"aoti_torch_device_type_cuda", (void **)&ret->device_type_cuda, false},
		{"aoti_torch_dtype_float32", (void **)&ret->dtype_float32, false},
		{"aoti_torch_dtype_bfloat16", (void **)&ret->dtype_bfloat16, false},
		{"aoti_torch_create_tensor_from_blob", (void **)&ret->from_blob, false},
		{"aoti_torch_delete_tensor_object", (void **)&ret->delete_tensor, false},
		{"aoti_torch_get_data_ptr", (void **)&ret->data_ptr, false},
		{"aoti_torch_get_dim", (void **)&ret->n_dims, false},
		{"aoti_torch_get_sizes", (void **)&ret->sizes, false},
		{"aoti_torch_get_strides", (void **)&ret->strides, false},
		{"aoti_torch_get_dtype", (void **)&ret->dtype, false},
		{"aoti_torch_get_device_type", (void **)&ret->device_type, false},
		{"aoti_torch_abi_version", (void **)&ret->abi_version, true},
		{"torch_exception_get_what_without_backtrace", (void **)&ret->exception_what, true},
	};
	for (size_t i = 0; i < LK_COUNTOF(symbols); i++) {
		*symbols[i].slot = dlsym(library, symbols[i].name);
		if (!*symbols[i].slot && !symbols[i].optional) {
			*ret_missing = symbols[i].name;
			return false;
		}
	}
	return true;
}

/* TORCH_ABI_VERSION has a byte for each part, the highest first (torch/headeronly/version.h). */
void lk_torch_version(const struct lk_torch *torch, char ret[LK_TORCH_VERSION_MAX])
{
	ret[0] = '\0';
	if (torch->abi_version) {
		uint64_t v = torch->abi_version();
		snprintf(ret, LK_TORCH_VERSION_MAX, "%u.%u.%u", (unsigned)(v >> 56),
			(unsigned)(v >> 48 & 0xff), (unsigned)(v >> 40 & 0xff));
	}
}

static int32_t dtype_of(const struct lk_torch *torch, enum lk_precision precision)
{
	return precision == LK_BFLOAT16 ? torch->dtype_bfloat16() : torch->dtype_float32();
}

static int32_t device_type_of(const struct lk_torch *torch, int device)
{
	return device < 0 ? torch->device_type_cpu() : torch->device_type_cuda();
}

static void sizes_of(const struct lk_attention_shape *shape, int64_t ret[N_DIMS])
{
	const size_t sizes[N_DIMS] = {shape->batch, shape->heads, shape->n, shape->d_k};
	for (size_t i = 0; i < N_DIMS; i++) {
		ret[i] = (int64_t)sizes[i];
	}
}

struct lk_torch_tensor *lk_torch_tensor(
	const struct lk_torch *torch, const struct lk_trial *trial, void *data, int device)
{
	int64_t sizes[N_DIMS];
	sizes_of(&trial->shape, sizes);
	const int64_t strides[N_DIMS] = {
		sizes[1] * sizes[2] * sizes[3], sizes[2] * sizes[3], sizes[3], 1};
	struct lk_torch_tensor *tensor = NULL;
	int32_t rc =
		torch->from_blob(data, N_DIMS, sizes, strides, 0, dtype_of(torch, trial->precision),
			device_type_of(torch, device), device < 0 ? 0 : device, &tensor);
	return rc == 0 ? tensor : NULL;
}

bool lk_torch_look(const struct lk_torch *torch, struct lk_torch_tensor *tensor,
	const struct lk_trial *trial, int device, struct lk_torch_view *ret,
	struct lk_level_report *report)
{
	int64_t wanted[N_DIMS];
	int64_t *sizes = NULL;
	int64_t *strides = NULL;
	int64_t n_dims = 0;
	int32_t dtype = -1;
	int32_t device_type = -1;
	sizes_of(&trial->shape, wanted);
	*ret = (struct lk_torch_view){0};
	if (!tensor || torch->n_dims(tensor, &n_dims) != 0 || torch->sizes(tensor, &sizes) != 0 ||
		torch->strides(tensor, &strides) != 0 || torch->dtype(tensor, &dtype) != 0 ||
		torch->device_type(tensor, &device_type) != 0 ||
		torch->data_ptr(tensor, &ret->data) != 0 || !ret->data) {
		lk_torch_say(torch, report, "torch does not give its output");
		return false;
	}
	if (n_dims != N_DIMS || memcmp(sizes, wanted, sizeof(wanted)) != 0) {
		lk_level_say(report, LK_SMOKE_FAILED, "torch's output has another shape");
		return false;
	}
	if (dtype != dtype_of(torch, trial->precision)) {
		lk_level_say(report, LK_SMOKE_FAILED, "torch's output has another precision");
		return false;
	}
	if (device_type != device_type_of(torch, device)) {
		lk_level_say(report, LK_SMOKE_FAILED, "torch's output lies on another device");
		return false;
	}
	memcpy(ret->strides, strides, sizeof(ret->strides));
	return true;
}

void lk_torch_gather(const struct lk_torch_view *view, struct lk_trial *trial)
{
	size_t size = lk_precision_size(trial->precision);
	const struct lk_attention_shape *s = &trial->shape;
	char *to = trial->out;
	for (size_t i = 0; i < trial->count; i++) {
		const size_t at[N_DIMS] = {i / (s->d_k * s->n * s->heads),
			i / (s->d_k * s->n) % s->heads, i / s->d_k % s->n, i % s->d_k};
		int64_t offset = 0;
		for (size_t d = 0; d < N_DIMS; d++) {
			offset += (int64_t)at[d] * view->strides[d];
		}
		memcpy(to + i * size, (const char *)view->data + offset * (int64_t)size, size);
	}
}

void lk_torch_say(const struct lk_torch *torch, struct lk_level_report *report, const char *what)
{
	const char *words = torch->exception_what ? torch->exception_what() : NULL;
	if (words && *words) {
		lk_level_say(report, LK_SMOKE_FAILED, "%s: %s", what, words);
	} else {
		lk_level_say(report, LK_SMOKE_FAILED, "%s", what);
	}
}
