/*
 * Attention on the CPU with the environment's BLAS: both matrix products by its gemm, in float32
 * and float64. Every BLAS that the environment has is tested, for numpy and others may use each.
 */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "smoke/trial.h"

/* No environment has more files that may be a BLAS, links counted. */
#define LIBRARIES_MAX 32

/* cblas.h: CblasRowMajor 101, CblasNoTrans 111, CblasTrans 112. */
#define ROW_MAJOR 101
#define NO_TRANS 111
#define TRANS 112

/* Sizes are 32-bit integers (LP64) or 64-bit ones (ILP64), by how the library was built, and for
 * libmkl_rt by MKL_INTERFACE_LAYER at run time. Both are given 64 bits: on the little-endian 64-bit
 * machines that we run on (System V ABI of x86-64, AAPCS64, ELFv2) an integer argument has a
 * register or eight bytes of the stack of its own, and who wants 32 bits takes the lower half. */
typedef void sgemm_fn(int order, int trans_a, int trans_b, int64_t m, int64_t n, int64_t k,
	float alpha, const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
	int64_t ldc);
typedef void dgemm_fn(int order, int trans_a, int trans_b, int64_t m, int64_t n, int64_t k,
	double alpha, const double *a, int64_t lda, const double *b, int64_t ldb, double beta,
	double *c, int64_t ldc);

struct blas {
	sgemm_fn *sgemm;
	dgemm_fn *dgemm;
};

static const char *const stems[] = {"libcblas.so", "libopenblas", "libmkl_rt.so", "libblis.so",
	"libblas.so", "libscipy_openblas"};

/* OpenBLAS built with 64-bit integers adds 64_, Netlib's _64; the one that wheels of numpy bring
 * has a prefix too. */
static const struct {
	const char *before, *after;
} spellings[] = {{"", ""}, {"", "64_"}, {"", "_64"}, {"scipy_", ""}, {"scipy_", "64_"}};

static void *find_gemm(void *library, const char *name, size_t spelling)
{
	char symbol[64];
	snprintf(symbol, sizeof(symbol), "%s%s%s", spellings[spelling].before, name,
		spellings[spelling].after);
	return dlsym(library, symbol);
}

/* False when the library has no gemm by any name; RET_NAME is how it spells cblas_sgemm. */
static bool bind(void *library, struct blas *ret, char *ret_name, size_t name_len)
{
	for (size_t i = 0; i < LK_COUNTOF(spellings); i++) {
		void *sgemm = find_gemm(library, "cblas_sgemm", i);
		void *dgemm = find_gemm(library, "cblas_dgemm", i);
		if (sgemm && dgemm) {
			*(void **)&ret->sgemm = sgemm;
			*(void **)&ret->dgemm = dgemm;
			snprintf(ret_name, name_len, "%scblas_sgemm%s", spellings[i].before,
				spellings[i].after);
			return true;
		}
	}
	return false;
}

/* One head: scores = Q K^T, softmax of each row, out = P V. */
static void head32(const struct blas *blas, const struct lk_attention_shape *s, const float *q,
	const float *k, const float *v, float *scores, float *out)
{
	int64_t n = (int64_t)s->n;
	int64_t d = (int64_t)s->d_k;
	lk_trial_poison(scores, LK_FLOAT32, s->n * s->n);
	blas->sgemm(ROW_MAJOR, NO_TRANS, TRANS, n, n, d, 1, q, d, k, d, 0, scores, n);
	for (size_t i = 0; i < s->n; i++) {
		lk_attention_softmax(scores + i * s->n, s->n, s->causal ? i + 1 : s->n,
			1 / sqrt((double)s->d_k));
	}
	blas->sgemm(ROW_MAJOR, NO_TRANS, NO_TRANS, n, d, n, 1, scores, n, v, d, 0, out, d);
}

static void head64(const struct blas *blas, const struct lk_attention_shape *s, const double *q,
	const double *k, const double *v, double *scores, double *out)
{
	int64_t n = (int64_t)s->n;
	int64_t d = (int64_t)s->d_k;
	lk_trial_poison(scores, LK_FLOAT64, s->n * s->n);
	blas->dgemm(ROW_MAJOR, NO_TRANS, TRANS, n, n, d, 1, q, d, k, d, 0, scores, n);
	for (size_t i = 0; i < s->n; i++) {
		lk_attention_softmax64(scores + i * s->n, s->n, s->causal ? i + 1 : s->n,
			1 / sqrt((double)s->d_k));
	}
	blas->dgemm(ROW_MAJOR, NO_TRANS, NO_TRANS, n, d, n, 1, scores, n, v, d, 0, out, d);
}

static bool run_shape(const struct blas *blas, const struct lk_attention_shape *s,
	enum lk_precision precision, uint64_t seed, struct lk_level_report *report)
{
	struct lk_trial t;
	void *scores = lk_calloc(s->n * s->n, lk_precision_size(precision));
	lk_trial_init(&t, s, precision, seed);
	for (size_t at = 0; at < t.count; at += s->n * s->d_k) {
		if (precision == LK_FLOAT64) {
			head64(blas, s, (double *)t.q + at, (double *)t.k + at, (double *)t.v + at,
				scores, (double *)t.out + at);
		} else {
			head32(blas, s, (float *)t.q + at, (float *)t.k + at, (float *)t.v + at,
				scores, (float *)t.out + at);
		}
	}
	bool good = lk_trial_judge(&t, report);
	lk_trial_done(&t);
	lk_free(scores);
	return good;
}

static bool run_all(const struct blas *blas, struct lk_level_report *report)
{
	static const enum lk_precision precisions[] = {LK_FLOAT32, LK_FLOAT64};
	for (size_t i = 0; i < LK_COUNTOF(precisions) * lk_attention_n_shapes; i++) {
		const struct lk_attention_shape *s =
			&lk_attention_shapes[i % lk_attention_n_shapes];
		if (!run_shape(blas, s, precisions[i / lk_attention_n_shapes], 100 + i, report)) {
			return false;
		}
	}
	return true;
}

/* What the libraries tell of themselves. */
static void describe(void *library, const char *path, struct lk_level_report *report)
{
	static const char *const config[] = {"openblas_get_config", "openblas_get_config64_",
		"scipy_openblas_get_config", "scipy_openblas_get_config64_"};
	for (size_t i = 0; i < LK_COUNTOF(config); i++) {
		char *(*get)(void);
		*(void **)&get = dlsym(library, config[i]);
		if (get) {
			lk_level_fact(report, "openblas", "%s", get());
			return;
		}
	}
	void (*get)(char *text, int len);
	*(void **)&get = dlsym(library, "MKL_Get_Version_String");
	char text[200] = "";
	if (get && strstr(path, "libmkl")) {
		get(text, sizeof(text) - 1);
		lk_level_fact(report, "mkl", "%s", text);
	}
}

/* The libraries that were tested, by their real paths: libcblas.so.3 often is libopenblas.so.0. */
struct tested {
	char *paths[LIBRARIES_MAX];
	size_t n;
};

/* Takes REAL unless it is there already. */
static bool is_new(struct tested *tested, const char *real)
{
	for (size_t i = 0; i < tested->n; i++) {
		if (strcmp(tested->paths[i], real) == 0) {
			return false;
		}
	}
	tested->paths[tested->n++] = lk_strdup(real);
	return true;
}

/* False when the library failed; one without gemm is passed over. */
static bool test_library(const char *path, struct lk_buf *names, struct lk_level_report *report)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		lk_level_say(report, LK_SMOKE_FAILED, "cannot load: %s", dlerror());
		return false;
	}
	struct blas blas;
	char name[64];
	if (!bind(library, &blas, name, sizeof(name))) {
		dlclose(library);
		return true;
	}
	lk_level_fact(report, "blas", "%s of %s", name, path);
	describe(library, path, report);
	lk_buf_appendf(
		names, "%s%s of %s", names->len > 0 ? ", " : "", name, strrchr(path, '/') + 1);
	if (run_all(&blas, report)) {
		return true;
	}
	struct lk_level_report failed = *report;
	lk_level_say(report, LK_SMOKE_FAILED, "%s: %s", path, failed.reason);
	return false;
}

void lk_level_blas(const struct lk_level_context *context, struct lk_level_report *report)
{
	char path[PATH_MAX];
	char real[PATH_MAX];
	struct tested tested = {0};
	struct lk_buf LK_CLEANUP(lk_buf_done) names = LK_BUF_INIT(4096);
	if (!context->prefix) {
		lk_level_say(report, LK_SMOKE_ABSENT, "no environment given");
		return;
	}
	bool good = true;
	for (size_t skip = 0; good && tested.n < LIBRARIES_MAX &&
		lk_level_find_library(
			context->prefix, stems, LK_COUNTOF(stems), skip, path, sizeof(path));
		skip++) {
		if (is_new(&tested, realpath(path, real) ? real : path)) {
			good = test_library(path, &names, report);
		}
	}
	for (size_t i = 0; i < tested.n; i++) {
		lk_free(tested.paths[i]);
	}
	if (good && names.len > 0) {
		lk_level_say(report, LK_SMOKE_PASSED, "%s", lk_buf_cstr(&names));
	} else if (good) {
		lk_level_say(
			report, LK_SMOKE_ABSENT, "no BLAS with a C interface in the environment");
	}
}
