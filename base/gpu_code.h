/*
 * Device code and the GPUs that run it.
 *
 * Rules (CUDA Programming Guide, "Binary Compatibility", "PTX Compatibility", "Feature Set Compiler
 * Targets"):
 *
 * - A cubin (SASS) for X.Y runs on devices X.Z with Z >= Y, and on no other major version. Between
 *   Tegra and other GPUs, and between two Tegras, there is no binary compatibility.
 * - PTX for X.Y is compiled by the driver for every device of X.Y and above, if the driver knows
 *   that PTX's ISA: it is at least as new as the toolkit that wrote it.
 * - Code for "9.0a" runs on 9.0 alone. Code for "10.0f" runs on its family: the same major version,
 *   the same or a higher minor one.
 * - LTO code (NVVM IR) is no kernel until the program links it: it serves nothing by itself.
 *
 * Plain values; the library does not look at the machine.
 */
#ifndef LK_BASE_GPU_CODE_H
#define LK_BASE_GPU_CODE_H

#include "base/err.h"
#include "base/str.h"

enum lk_gpu_form {
	LK_GPU_SASS,
	LK_GPU_PTX,
	LK_GPU_LTO,
	LK_GPU_OTHER, /* known to be there, and no more; sm is 0 */
};

struct lk_gpu_code {
	enum lk_gpu_form form;
	unsigned sm;  /* major * 10 + minor: 75 of sm_75 and compute_75 */
	char variant; /* 'a', 'f' or 0 */
	unsigned isa; /* of PTX: its ISA's major * 10 + minor, the newest of what was added; else 0
		       */
};

/* A set of codes, sorted: SASS before PTX before LTO, then by number, then by variant. */
struct lk_gpu_codes LK_VEC_OF(struct lk_gpu_code);

/* Adds CODE unless it is there; of PTX the newest ISA is kept. Of LK_GPU_OTHER nothing is kept. */
void lk_gpu_codes_add(struct lk_gpu_codes *codes, const struct lk_gpu_code *code);
void lk_gpu_codes_add_all(struct lk_gpu_codes *codes, const struct lk_gpu_codes *more);
bool lk_gpu_codes_eq(const struct lk_gpu_codes *a, const struct lk_gpu_codes *b);
void lk_gpu_codes_done(struct lk_gpu_codes *codes);

/* "sm_90a", "compute_80", "lto_75"; false for other text. A number has two or three digits and
 * does not begin with 0. The ISA is 0. */
bool lk_gpu_code_parse(lk_str text, struct lk_gpu_code *ret);
void lk_gpu_put_code(const struct lk_gpu_code *code, struct lk_buf *out);
/* The names with single spaces between them. */
void lk_gpu_put_codes(const struct lk_gpu_codes *codes, struct lk_buf *out);

/* What a user calls a GPU: "sm_86", "86", "8.6", "compute_86"; a variant ("9.0a") may be told and
 * says no more, as the device has it. *RET_SM: 86. */
bool lk_gpu_parse_device(lk_str text, unsigned *ret_sm);

/* How code reaches a device, best last. */
enum lk_gpu_way {
	LK_GPU_NOT,
	LK_GPU_BY_JIT,    /* PTX, compiled when it is loaded */
	LK_GPU_BY_BINARY, /* SASS */
};
enum lk_gpu_way lk_gpu_code_serves(const struct lk_gpu_code *code, unsigned sm);
/* The best way of a set. By JIT *RET_ISA (may be NULL) gets the oldest ISA that does it. */
enum lk_gpu_way lk_gpu_codes_serve(
	const struct lk_gpu_codes *codes, unsigned sm, unsigned *ret_isa);

/* The first CUDA (1000 * major + 10 * minor, as base/cuda_version.h has it) whose driver compiles
 * PTX of this ISA (PTX ISA, "Release Notes"): of 87, 12080. Of an ISA newer than our table by the
 * rule that has held since CUDA 13; 0 for one older than 6.0. */
int lk_gpu_cuda_of_isa(unsigned isa);

#endif
