/*
 * Attention on the CPU with the environment's BLAS: both matrix products by cblas_sgemm.
 */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "smoke/attention.h"
#include "smoke/level.h"

/* See docs/smoke.md for where it comes from. */
#define BOUND 1e-5

/* cblas.h: CblasRowMajor 101, CblasNoTrans 111, CblasTrans 112; LP64 integers. */
#define ROW_MAJOR 101
#define NO_TRANS 111
#define TRANS 112
typedef void sgemm_fn(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
	const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);

static const char *const stems[] = {"libcblas.so", "libopenblas.so", "libmkl_rt.so", "libblas.so"};

static void narrow(const double *from, float *to, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		to[i] = (float)from[i];
	}
}

static void poison(float *out, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		out[i] = NAN;
	}
}

/* One head: scores = Q K^T, softmax of each row, out = P V. */
static void head(sgemm_fn *sgemm, const struct lk_attention_shape *s, const float *q,
	const float *k, const float *v, float *scores, float *out)
{
	int n = (int)s->n;
	int d = (int)s->d_k;
	poison(scores, s->n * s->n);
	sgemm(ROW_MAJOR, NO_TRANS, TRANS, n, n, d, 1.0F, q, d, k, d, 0.0F, scores, n);
	for (size_t i = 0; i < s->n; i++) {
		lk_attention_softmax(scores + i * s->n, s->n, s->causal ? i + 1 : s->n,
			1 / sqrt((double)s->d_k));
	}
	sgemm(ROW_MAJOR, NO_TRANS, NO_TRANS, n, d, n, 1.0F, scores, n, v, d, 0.0F, out, d);
}

static bool run_shape(sgemm_fn *sgemm, const struct lk_attention_shape *s, uint64_t seed,
	struct lk_level_report *report)
{
	size_t count = lk_attention_count(s);
	double *wide = lk_calloc(5 * count, sizeof(*wide));
	float *single = lk_calloc(4 * count + s->n * s->n, sizeof(*single));
	lk_attention_fill(wide, 3 * count, seed);
	narrow(wide, single, 3 * count);
	float *out = single + 3 * count;
	poison(out, count);
	for (size_t at = 0; at < count; at += s->n * s->d_k) {
		head(sgemm, s, single + at, single + count + at, single + 2 * count + at,
			single + 4 * count, out + at);
	}
	for (size_t i = 0; i < count; i++) {
		wide[4 * count + i] = out[i];
	}
	lk_attention_reference(s, wide, wide + count, wide + 2 * count, wide + 3 * count);
	double error = lk_attention_distance(wide + 4 * count, wide + 3 * count, count);
	char what[128];
	snprintf(what, sizeof(what), "batch %zu, heads %zu, n %zu, d_k %zu%s", s->batch, s->heads,
		s->n, s->d_k, s->causal ? ", causal" : "");
	lk_free(wide);
	lk_free(single);
	return lk_level_measure(report, "float32", error, BOUND, what);
}

/* The first library that has cblas_sgemm; one that is there but does not load is a failure. */
static sgemm_fn *open_blas(const char *prefix, struct lk_level_report *report)
{
	char path[PATH_MAX];
	for (size_t skip = 0;
		lk_level_find_library(prefix, stems, LK_COUNTOF(stems), skip, path, sizeof(path));
		skip++) {
		void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		if (!library) {
			lk_level_say(report, LK_SMOKE_FAILED, "cannot load: %s", dlerror());
			return NULL;
		}
		void *symbol = dlsym(library, "cblas_sgemm");
		if (symbol) {
			sgemm_fn *sgemm;
			*(void **)&sgemm = symbol;
			lk_level_say(report, LK_SMOKE_PASSED, "cblas_sgemm of %s, float32", path);
			return sgemm;
		}
		dlclose(library);
	}
	lk_level_say(report, LK_SMOKE_ABSENT,
		"no libcblas, libopenblas or libmkl_rt in the environment");
	return NULL;
}

void lk_level_blas(const struct lk_level_context *context, struct lk_level_report *report)
{
	if (!context->prefix) {
		lk_level_say(report, LK_SMOKE_ABSENT, "no environment given");
		return;
	}
	sgemm_fn *sgemm = open_blas(context->prefix, report);
	for (size_t i = 0; sgemm && i < lk_attention_n_shapes; i++) {
		if (!run_shape(sgemm, &lk_attention_shapes[i], 100 + i, report)) {
			return;
		}
	}
}
