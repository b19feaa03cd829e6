/*
 * A BLAS with one planted fault, for the smoke test: compiled once for each FAKE_* definition and
 * copied into a test's environment as libcblas.so.3.
 */
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#ifdef FAKE_ILP64 /* as OpenBLAS is built with 64-bit integers */
typedef long blas_int;
#define cblas_sgemm cblas_sgemm64_
#define cblas_dgemm cblas_dgemm64_
#else
typedef int blas_int;
#endif

void cblas_sgemm(int order, int trans_a, int trans_b, blas_int m, blas_int n, blas_int k,
	float alpha, const float *a, blas_int lda, const float *b, blas_int ldb, float beta,
	float *c, blas_int ldc);
void cblas_dgemm(int order, int trans_a, int trans_b, blas_int m, blas_int n, blas_int k,
	double alpha, const double *a, blas_int lda, const double *b, blas_int ldb, double beta,
	double *c, blas_int ldc);

#define REPORT_FD 3

static void compute(bool turned, blas_int m, blas_int n, blas_int k, float alpha, const float *a,
	blas_int lda, const float *b, blas_int ldb, float *c, blas_int ldc)
{
	for (blas_int i = 0; i < m; i++) {
		for (blas_int j = 0; j < n; j++) {
			double sum = 0;
			for (blas_int x = 0; x < k; x++) {
				sum += (double)a[i * lda + x] *
					(double)(turned ? b[j * ldb + x] : b[x * ldb + j]);
			}
			c[i * ldc + j] = (float)(alpha * sum);
		}
	}
}

#if defined(FAKE_GRANDCHILD) || defined(FAKE_HANG)
/* A process that outlives this one and holds the pipe; its number goes to $FAKE_PID_FILE. */
static void leave_grandchild(bool own_session)
{
	pid_t pid = fork();
	if (pid == 0) {
		if (own_session) {
			setsid();
		}
		sleep(300);
		_exit(0);
	}
	const char *path = getenv("FAKE_PID_FILE");
	FILE *file = path ? fopen(path, "w") : NULL;
	if (file) {
		fprintf(file, "%ld", (long)pid);
		fclose(file);
	}
}
#endif

#ifdef FAKE_CRASH_AT_EXIT
__attribute__((destructor)) static void crash_at_exit(void)
{
	raise(SIGSEGV);
}
#endif

#ifdef FAKE_STATUS_AT_EXIT
__attribute__((destructor)) static void status_at_exit(void)
{
	_exit(3);
}
#endif

#ifdef FAKE_NEEDS_DEPENDENCY
int fake_dependency(void);
#endif

/* What goes wrong before the first product. */
static void plant(void)
{
	static bool planted;
	if (planted) {
		return;
	}
	planted = true;
#if defined(FAKE_CRASH)
	raise(SIGSEGV);
#elif defined(FAKE_EXIT)
	exit(0);
#elif defined(FAKE_HANG)
	leave_grandchild(false);
	for (;;) {
		pause();
	}
#elif defined(FAKE_CLOSE_AND_HANG)
	close(REPORT_FD);
	for (;;) {
		pause();
	}
#elif defined(FAKE_GRANDCHILD)
	leave_grandchild(true);
#elif defined(FAKE_NOISE)
	for (int i = 0; i < 100000; i++) {
		puts("status passed\nend");
		fputs("noise\n", stderr);
	}
#elif defined(FAKE_LIAR)
	const char lie[] = "status passed\nreason a lie\nend\n";
	(void)!write(REPORT_FD, lie, sizeof(lie) - 1);
#elif defined(FAKE_LIAR_THAT_LEAVES)
	const char lie[] = "status passed\nreason a lie";
	(void)!write(REPORT_FD, lie, sizeof(lie) - 1);
	_exit(0);
#elif defined(FAKE_SPEW)
	static const char lines[4096];
	while (write(REPORT_FD, lines, sizeof(lines)) > 0) {
	}
#elif defined(FAKE_NEEDS_DEPENDENCY)
	(void)fake_dependency();
#endif
}

void cblas_sgemm(int order, int trans_a, int trans_b, blas_int m, blas_int n, blas_int k,
	float alpha, const float *a, blas_int lda, const float *b, blas_int ldb, float beta,
	float *c, blas_int ldc)
{
	(void)order, (void)trans_a, (void)beta;
	plant();
#ifdef FAKE_UNWRITTEN
	return;
#endif
	compute(trans_b == 112, m, n, k, alpha, a, lda, b, ldb, c, ldc);
#if defined(FAKE_WRONG)
	/* One wrong number in the last row, as large as the others. */
	c[(m - 1) * ldc] += 0.5F;
#elif defined(FAKE_ROUGH)
	/* Ten bits of the significand, as TF32 has: wrong for float32 without being wild. */
	for (int i = 0; i < m * n; i++) {
		unsigned bits;
		memcpy(&bits, &c[i], sizeof(bits));
		bits &= ~0x1fffU;
		memcpy(&c[i], &bits, sizeof(bits));
	}
#elif defined(FAKE_PARTLY_WRITTEN)
	c[(m - 1) * ldc + n - 1] = NAN;
#endif
}

/* The faults above are planted in float32, which is tested first; this one in float64 alone. */
void cblas_dgemm(int order, int trans_a, int trans_b, blas_int m, blas_int n, blas_int k,
	double alpha, const double *a, blas_int lda, const double *b, blas_int ldb, double beta,
	double *c, blas_int ldc)
{
	(void)order, (void)trans_a, (void)beta;
	for (blas_int i = 0; i < m; i++) {
		for (blas_int j = 0; j < n; j++) {
			double sum = 0;
			for (blas_int x = 0; x < k; x++) {
				sum += a[i * lda + x] *
					(trans_b == 112 ? b[j * ldb + x] : b[x * ldb + j]);
			}
			c[i * ldc + j] = alpha * sum;
#ifdef FAKE_SINGLE
			c[i * ldc + j] = (float)c[i * ldc + j];
#endif
		}
	}
}
