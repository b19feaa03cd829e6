/*
 * scaled_dot_product_attention on a GPU by the environment's libtorch_cuda, through its C
 * interface; where that torch is too old to have one, by the environment's python.
 */
#include <dlfcn.h>
#include <string.h>

#include "smoke/gpu_trial.h"
#include "smoke/torch_python.h"
#include "smoke/torch_shim.h"

/* generated/c_shim_cuda.h of PyTorch 2.4 and later: the kernels among which torch itself chooses.
 * SCALE NULL is 1/sqrt(d_k); the first result is the output, the others are for training. */
#define FLASH "aoti_torch_cuda__scaled_dot_product_flash_attention"
#define EFFICIENT "aoti_torch_cuda__scaled_dot_product_efficient_attention"
typedef struct lk_torch_tensor tensor;
typedef int32_t flash_fn(tensor *q, tensor *k, tensor *v, double dropout, int32_t causal,
	int32_t debug_mask, double *scale, tensor **ret, tensor **ret1, tensor **ret2,
	tensor **ret3, int64_t *ret4, int64_t *ret5, tensor **ret6, tensor **ret7, tensor **ret8);
typedef int32_t efficient_fn(tensor *q, tensor *k, tensor *v, tensor **bias, int32_t log_sum,
	double dropout, int32_t causal, double *scale, tensor **ret, tensor **ret1, tensor **ret2,
	tensor **ret3);

#define RESULTS 7

struct method {
	struct lk_gpu gpu;
	struct lk_torch torch;
	flash_fn *flash;
	efficient_fn *efficient;
	/* Of the last call: the output is read after it. */
	tensor *results[RESULTS];
};

static void drop_results(struct method *m)
{
	for (size_t i = 0; i < RESULTS; i++) {
		if (m->results[i]) {
			m->torch.delete_tensor(m->results[i]);
		}
		m->results[i] = NULL;
	}
}

/* The flash kernel computes in half precision, on devices of compute capability 8.0 and newer; for
 * float32 torch has the memory-efficient one. */
static int32_t attend(
	struct method *m, tensor *q, tensor *k, tensor *v, const struct lk_trial *like)
{
	tensor **r = m->results;
	int64_t longest[2];
	int32_t causal = like->shape.causal;
	if (like->precision == LK_BFLOAT16) {
		return m->flash(q, k, v, 0, causal, 0, NULL, &r[0], &r[1], &r[2], &r[3],
			&longest[0], &longest[1], &r[4], &r[5], &r[6]);
	}
	return m->efficient(q, k, v, NULL, 0, 0, causal, NULL, &r[0], &r[1], &r[2], &r[3]);
}

static tensor *tensor_at(const struct method *m, const struct lk_trial *like, lk_cuda_pointer at)
{
	void *data;
	memcpy(&data, &at, sizeof(data));
	return lk_torch_tensor(&m->torch, like, data, m->gpu.ordinal);
}

static bool enqueue(void *ctx, struct lk_gpu_work *work, struct lk_level_report *report)
{
	struct method *m = ctx;
	const struct lk_trial like = {.shape = work->shape, .precision = work->precision};
	struct lk_torch_view view;
	bool good = false;
	drop_results(m);
	tensor *q = tensor_at(m, &like, work->q);
	tensor *k = tensor_at(m, &like, work->k);
	tensor *v = tensor_at(m, &like, work->v);
	if (!q || !k || !v) {
		lk_torch_say(&m->torch, report, "torch makes no tensor");
	} else if (attend(m, q, k, v, &like) != 0) {
		lk_torch_say(&m->torch, report, "torch's attention fails");
	} else if (lk_torch_look(&m->torch, m->results[0], &like, m->gpu.ordinal, &view, report)) {
		work->out = (lk_cuda_pointer)(uintptr_t)view.data;
		memcpy(work->strides, view.strides, sizeof(work->strides));
		good = true;
	}
	tensor *const inputs[] = {q, k, v};
	for (size_t i = 0; i < LK_COUNTOF(inputs); i++) {
		if (inputs[i]) {
			m->torch.delete_tensor(inputs[i]);
		}
	}
	return good;
}

/* Rows of the flash kernel are read in pieces of 16 bytes; torch pads others before it calls it. */
static bool takes(const struct lk_attention_shape *shape, enum lk_precision precision)
{
	return precision != LK_BFLOAT16 || shape->d_k % 8 == 0;
}

/* Tensor cores, and torch's kernels with them, know bfloat16 since this compute capability. */
static bool has_bfloat16(const struct lk_gpu *gpu, struct lk_level_report *report)
{
	if (gpu->major < 8) {
		lk_level_fact(report, "bfloat16", "left out: needs compute capability 8.0");
	}
	return gpu->major >= 8;
}

static void run_here(struct method *m, struct lk_level_report *report)
{
	const struct lk_gpu_method method = {.ctx = m, .enqueue = enqueue, .takes = takes};
	char version[LK_TORCH_VERSION_MAX];
	lk_torch_version(&m->torch, version);
	if (version[0] != '\0') {
		lk_level_fact(report, "torch", "%s", version);
	}
	lk_level_fact(report, "interface", "C");
	bool flash = has_bfloat16(&m->gpu, report);
	bool good = lk_gpu_trials(&m->gpu, &method, LK_FLOAT32, report) &&
		(!flash || lk_gpu_trials(&m->gpu, &method, LK_BFLOAT16, report));
	drop_results(m);
	if (good) {
		lk_level_say(report, LK_SMOKE_PASSED,
			"attention by torch%s%s (memory-efficient kernel%s), on %s",
			version[0] ? " " : "", version, flash ? ", flash kernel in bfloat16" : "",
			m->gpu.name);
	}
}

static bool compute_all(struct lk_torch_python *python, const struct lk_gpu *gpu,
	enum lk_precision precision, struct lk_level_report *report)
{
	for (size_t i = 0; i < lk_attention_n_shapes; i++) {
		struct lk_trial trial;
		lk_trial_init(&trial, &lk_attention_shapes[i], precision, 500 + i);
		bool good = lk_torch_python_compute(python, &trial, gpu->ordinal, report) &&
			lk_trial_judge(&trial, report);
		lk_trial_done(&trial);
		if (!good) {
			return false;
		}
	}
	return true;
}

/* MISSING is what the C interface lacks. */
static void run_python(const struct lk_gpu *gpu, const char *prefix, const char *missing,
	struct lk_level_report *report)
{
	char path[PATH_MAX];
	struct lk_torch_python python;
	if (!lk_torch_python_find(prefix, path, sizeof(path))) {
		lk_level_say(report, LK_SMOKE_ABSENT,
			"libtorch_cuda has no %s, and without python there is no other way",
			missing);
		return;
	}
	lk_level_fact(report, "interface", "python");
	if (!lk_torch_python_start(path, &python, report)) {
		return;
	}
	lk_level_fact(report, "torch", "%s", python.version);
	bool good = compute_all(&python, gpu, LK_FLOAT32, report) &&
		(!has_bfloat16(gpu, report) || compute_all(&python, gpu, LK_BFLOAT16, report));
	if (lk_torch_python_end(&python, report) && good) {
		lk_level_say(report, LK_SMOKE_PASSED, "attention by torch %s through python, on %s",
			python.version, gpu->name);
	}
}

void lk_level_torch_cuda(const struct lk_level_context *context, struct lk_level_report *report)
{
	static const char *const stems[] = {"libtorch_cuda.so"};
	struct method m = {0};
	void *library =
		lk_level_open_library(context->prefix, stems, LK_COUNTOF(stems), NULL, report);
	if (!library || !lk_gpu_open_driver(&m.gpu, report) ||
		!lk_gpu_open_device(&m.gpu, context->device, report)) {
		return;
	}
	const char *missing = NULL;
	if (lk_torch_bind(library, &m.torch, &missing)) {
		const struct lk_gpu_symbol symbols[] = {
			{FLASH, (void **)&m.flash, false},
			{EFFICIENT, (void **)&m.efficient, false},
		};
		missing = lk_gpu_bind(library, symbols, LK_COUNTOF(symbols));
	}
	if (missing) {
		run_python(&m.gpu, context->prefix, missing, report);
	} else {
		run_here(&m, report);
	}
}
