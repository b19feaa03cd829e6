/*
 * scaled_dot_product_attention on the CPU by the environment's libtorch, through its C interface;
 * where that torch is too old to have one, by the environment's python.
 */
#include <dlfcn.h>

#include "smoke/torch_python.h"
#include "smoke/torch_shim.h"

static const char *const stem = "libtorch_cpu.so";

/* generated/c_shim_cpu.h of PyTorch 2.4 and later: the operator that torch itself chooses for
 * inputs like ours. SCALE NULL is 1/sqrt(d_k). The second result is the logarithm of the sums. */
#define FLASH "aoti_torch_cpu__scaled_dot_product_flash_attention_for_cpu"
typedef int32_t flash_fn(struct lk_torch_tensor *q, struct lk_torch_tensor *k,
	struct lk_torch_tensor *v, double dropout, int32_t causal, struct lk_torch_tensor **mask,
	double *scale, struct lk_torch_tensor **ret, struct lk_torch_tensor **ret_logsumexp);

static const enum lk_precision precisions[] = {LK_FLOAT32, LK_BFLOAT16};

/* How a trial is computed: by the C interface, or by python. */
struct way {
	struct lk_torch torch;
	flash_fn *flash;
	struct lk_torch_python python;
};

static bool compute_here(
	const struct way *way, struct lk_trial *trial, struct lk_level_report *report)
{
	const struct lk_torch *torch = &way->torch;
	struct lk_torch_tensor *q = lk_torch_tensor(torch, trial, trial->q, -1);
	struct lk_torch_tensor *k = lk_torch_tensor(torch, trial, trial->k, -1);
	struct lk_torch_tensor *v = lk_torch_tensor(torch, trial, trial->v, -1);
	struct lk_torch_tensor *out = NULL;
	struct lk_torch_tensor *logsumexp = NULL;
	struct lk_torch_view view;
	bool good = false;
	if (!q || !k || !v) {
		lk_torch_say(torch, report, "torch makes no tensor");
	} else if (way->flash(q, k, v, 0, trial->shape.causal, NULL, NULL, &out, &logsumexp) != 0) {
		lk_torch_say(torch, report, "torch's attention fails");
	} else if (lk_torch_look(torch, out, trial, -1, &view, report)) {
		lk_torch_gather(&view, trial);
		good = true;
	}
	struct lk_torch_tensor *const all[] = {q, k, v, out, logsumexp};
	for (size_t i = 0; i < LK_COUNTOF(all); i++) {
		if (all[i]) {
			torch->delete_tensor(all[i]);
		}
	}
	return good;
}

static bool run_all(struct way *way, struct lk_level_report *report)
{
	for (size_t i = 0; i < LK_COUNTOF(precisions) * lk_attention_n_shapes; i++) {
		struct lk_trial trial;
		lk_trial_init(&trial, &lk_attention_shapes[i % lk_attention_n_shapes],
			precisions[i / lk_attention_n_shapes], 200 + i);
		bool good = way->flash ? compute_here(way, &trial, report)
				       : lk_torch_python_compute(&way->python, &trial, -1, report);
		good = good && lk_trial_judge(&trial, report);
		lk_trial_done(&trial);
		if (!good) {
			return false;
		}
	}
	return true;
}

static void run_here(struct way *way, struct lk_level_report *report)
{
	char version[LK_TORCH_VERSION_MAX];
	lk_torch_version(&way->torch, version);
	if (version[0] != '\0') {
		lk_level_fact(report, "torch", "%s", version);
	}
	lk_level_fact(report, "interface", "C");
	if (run_all(way, report)) {
		lk_level_say(report, LK_SMOKE_PASSED, "attention by torch%s%s, CPU",
			version[0] ? " " : "", version);
	}
}

/* MISSING is what the C interface lacks. */
static void run_python(
	struct way *way, const char *prefix, const char *missing, struct lk_level_report *report)
{
	char python[PATH_MAX];
	if (!lk_torch_python_find(prefix, python, sizeof(python))) {
		lk_level_say(report, LK_SMOKE_ABSENT,
			"libtorch_cpu has no %s, and without python there is no other way",
			missing);
		return;
	}
	lk_level_fact(report, "interface", "python");
	if (!lk_torch_python_start(python, &way->python, report)) {
		return;
	}
	lk_level_fact(report, "torch", "%s", way->python.version);
	bool good = run_all(way, report);
	if (lk_torch_python_end(&way->python, report) && good) {
		lk_level_say(report, LK_SMOKE_PASSED, "attention by torch %s, CPU, through python",
			way->python.version);
	}
}

void lk_level_torch_cpu(const struct lk_level_context *context, struct lk_level_report *report)
{
	void *library = lk_level_open_library(context->prefix, &stem, 1, NULL, report);
	if (!library) {
		return;
	}
	struct way way = {0};
	const char *missing = FLASH;
	if (lk_torch_bind(library, &way.torch, &missing)) {
		*(void **)&way.flash = dlsym(library, FLASH);
	}
	if (way.flash) {
		run_here(&way, report);
	} else {
		run_python(&way, context->prefix, missing, report);
	}
}
