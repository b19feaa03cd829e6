/*
 * libtorch by its stable C interface, the AOTInductor shim: tensors that look at memory of ours,
 * and what an operator gave back.
 *
 * Names, signatures and their meaning are those of torch/csrc/inductor/aoti_torch/c/shim.h of
 * PyTorch, which promises to keep them; the operators are in generated/c_shim_cpu.h and
 * generated/c_shim_cuda.h beside it. Tensors since PyTorch 2.2, attention on the CPU since 2.4.
 */
#ifndef LK_SMOKE_TORCH_SHIM_H
#define LK_SMOKE_TORCH_SHIM_H

#include "smoke/trial.h"

/* AtenTensorHandle: owned by who got it, freed by `delete_tensor`. */
struct lk_torch_tensor;

/* Each function that returns a number returns 0 for success (AOTITorchError). */
struct lk_torch {
	int32_t (*device_type_cpu)(void);
	int32_t (*device_type_cuda)(void);
	int32_t (*dtype_float32)(void);
	int32_t (*dtype_bfloat16)(void);
	int32_t (*from_blob)(void *data, int64_t n_dims, const int64_t *sizes,
		const int64_t *strides, int64_t storage_offset, int32_t dtype, int32_t device_type,
		int32_t device_index, struct lk_torch_tensor **ret);
	int32_t (*delete_tensor)(struct lk_torch_tensor *tensor);
	int32_t (*data_ptr)(struct lk_torch_tensor *tensor, void **ret);
	int32_t (*n_dims)(struct lk_torch_tensor *tensor, int64_t *ret);
	int32_t (*sizes)(struct lk_torch_tensor *tensor, int64_t **ret);   /* views */
	int32_t (*strides)(struct lk_torch_tensor *tensor, int64_t **ret); /* in numbers */
	int32_t (*dtype)(struct lk_torch_tensor *tensor, int32_t *ret);
	int32_t (*device_type)(struct lk_torch_tensor *tensor, int32_t *ret);
	uint64_t (*abi_version)(void);       /* NULL before PyTorch 2.7 or so */
	const char *(*exception_what)(void); /* NULL before PyTorch 2.10 or so */
};

/* Looks the functions up in LIBRARY (of dlopen) and what it needs. False, and *RET_MISSING the name
 * of one that is not there, for a torch that is too old. */
bool lk_torch_bind(void *library, struct lk_torch *ret, const char **ret_missing);

/* The version that the library itself tells, "2.9.1"; "" when it does not. */
#define LK_TORCH_VERSION_MAX 32
void lk_torch_version(const struct lk_torch *torch, char ret[LK_TORCH_VERSION_MAX]);

/* A tensor of TRIAL's shape and precision over DATA (on the CPU for DEVICE -1, else on that GPU).
 * NULL when it fails. */
struct lk_torch_tensor *lk_torch_tensor(
	const struct lk_torch *torch, const struct lk_trial *trial, void *data, int device);

/* Where a tensor's numbers are: strides of batch, heads, n and d_k, in numbers. */
struct lk_torch_view {
	void *data;
	int64_t strides[4];
};
/* False, with the reason in REPORT, unless TENSOR has TRIAL's shape, its precision and lies where
 * DEVICE says. The view lives as long as the tensor. */
bool lk_torch_look(const struct lk_torch *torch, struct lk_torch_tensor *tensor,
	const struct lk_trial *trial, int device, struct lk_torch_view *ret,
	struct lk_level_report *report);
/* Copies the numbers at VIEW, which must lie in this process's memory, into the trial's output. */
void lk_torch_gather(const struct lk_torch_view *view, struct lk_trial *trial);

/* Fails the report: WHAT failed, and torch's own words where it has them. */
void lk_torch_say(const struct lk_torch *torch, struct lk_level_report *report, const char *what);

#endif
