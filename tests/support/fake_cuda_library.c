/*
 * The CUDA libraries of an environment for machines without a GPU, one for each FAKE_LIBRARY_*
 * definition: the functions that the smoke test calls, with the signatures of the real ones. Their
 * work is done by the device of fake_libcuda.c. Faults are planted by $FAKE_CUDA and $FAKE_LIBRARY.
 */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_cuda.h"

#define EXPORT __attribute__((visibility("default")))

/* Does $FAKE_LIBRARY say so? */
__attribute__((unused)) static bool has(const char *fault)
{
	const char *text = getenv("FAKE_LIBRARY");
	return text && strcmp(text, fault) == 0;
}

/* As the real ones do, the driver is looked for when there is work for it. */
__attribute__((unused)) static int submit(const struct fake_job *job)
{
	int (*to_device)(const struct fake_job *job) = NULL;
	void *driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
	if (driver) {
		*(void **)&to_device = dlsym(driver, "fake_cuda_submit");
	}
	return to_device ? to_device(job) : 3;
}

#ifdef FAKE_LIBRARY_CUDART
EXPORT int cudaRuntimeGetVersion(int *ret)
{
	*ret = has("cuda-12.9") ? 12090 : has("cuda-13.0") ? 13000 : 12040;
	return 0;
}
#endif

#ifdef FAKE_LIBRARY_BUILTINS
EXPORT int fake_builtins;
int fake_builtins = 1;
#endif

#ifdef FAKE_LIBRARY_NVRTC
struct program {
	char architecture[32];
	bool compiled;
	char log[512];
};

EXPORT int nvrtcVersion(int *ret_major, int *ret_minor)
{
	*ret_major = 12;
	*ret_minor = 4;
	return 0;
}

EXPORT const char *nvrtcGetErrorString(int error)
{
	return error == 6    ? "NVRTC_ERROR_COMPILATION"
		: error == 7 ? "NVRTC_ERROR_BUILTIN_OPERATION_FAILURE"
		: error == 5 ? "NVRTC_ERROR_INVALID_OPTION"
			     : "NVRTC_ERROR_INTERNAL_ERROR";
}

EXPORT int nvrtcCreateProgram(void **ret, const char *source, const char *name, int n_headers,
	const char *const *headers, const char *const *names)
{
	(void)name, (void)headers, (void)names;
	struct program *program = calloc(1, sizeof(*program));
	*ret = program;
	return n_headers != 0 || !strstr(source, "KERNEL lk_mix(");
}

EXPORT int nvrtcDestroyProgram(void **program)
{
	free(*program);
	*program = NULL;
	return 0;
}

/* Beside this library, where its RUNPATH leads; or where LD_LIBRARY_PATH does. (The sanitizers'
 * dlopen does not know whose RUNPATH counts, hence the second way.) */
static bool open_builtins(void)
{
	Dl_info info;
	char path[4096];
	if (dlopen("libnvrtc-builtins.so.12.4", RTLD_NOW | RTLD_LOCAL)) {
		return true;
	}
	dladdr((void *)(uintptr_t)&nvrtcVersion, &info);
	const char *slash = strrchr(info.dli_fname, '/');
	snprintf(path, sizeof(path), "%.*s/libnvrtc-builtins.so.12.4",
		(int)(slash - info.dli_fname), info.dli_fname);
	return dlopen(path, RTLD_NOW | RTLD_LOCAL) != NULL;
}

EXPORT int nvrtcCompileProgram(void *program, int n_options, const char *const *options)
{
	struct program *p = program;
	if (n_options != 1 || sscanf(options[0], "--gpu-architecture=%31s", p->architecture) != 1) {
		return 5;
	}
	if (has("no-compile")) {
		snprintf(p->log, sizeof(p->log),
			"kernel_attention.cu(12): error: it was planted\n1 error detected\n");
		return 6;
	}
	if (!open_builtins()) {
		snprintf(p->log, sizeof(p->log),
			"nvrtc: error: failed to open libnvrtc-builtins.so.12.4.\n  Make sure that "
			"libnvrtc-builtins.so.12.4 is installed correctly.");
		return 7;
	}
	p->compiled = true;
	return 0;
}

EXPORT int nvrtcGetProgramLogSize(void *program, size_t *ret)
{
	*ret = strlen(((struct program *)program)->log) + 1;
	return 0;
}

EXPORT int nvrtcGetProgramLog(void *program, char *ret)
{
	const char *log = ((struct program *)program)->log;
	memcpy(ret, log, strlen(log) + 1);
	return 0;
}

EXPORT int nvrtcGetNumSupportedArchs(int *ret)
{
	*ret = 3;
	return 0;
}

EXPORT int nvrtcGetSupportedArchs(int *ret)
{
	memcpy(ret, (const int[]){75, 86, 90}, 3 * sizeof(int));
	return 0;
}

static int image(const struct program *p, const char *wanted, char *ret)
{
	char text[128];
	if (!p->compiled || strncmp(p->architecture, wanted, strlen(wanted)) != 0) {
		return -1;
	}
	int len = wanted[0] == 's' ? snprintf(text, sizeof(text), "FAKE %s\n", p->architecture)
				   : snprintf(text, sizeof(text),
					     "// PTX\n.version 8.4\n.target %s\n", p->architecture);
	if (ret) {
		memcpy(ret, text, (size_t)len + 1);
	}
	return len + 1;
}

EXPORT int nvrtcGetCUBINSize(void *program, size_t *ret)
{
	int len = image(program, "sm_", NULL);
	*ret = len > 0 ? (size_t)len : 0;
	return 0;
}

EXPORT int nvrtcGetCUBIN(void *program, char *ret)
{
	return image(program, "sm_", ret) < 0;
}

EXPORT int nvrtcGetPTXSize(void *program, size_t *ret)
{
	int len = image(program, "compute_", NULL);
	*ret = len > 0 ? (size_t)len : 0;
	return 0;
}

EXPORT int nvrtcGetPTX(void *program, char *ret)
{
	return image(program, "compute_", ret) < 0;
}
#endif

#ifdef FAKE_LIBRARY_CUBLAS
static int handle;
static int mode;

EXPORT int cublasCreate_v2(void **ret)
{
	*ret = &handle;
	return has("no-handle") ? 1 : 0;
}

EXPORT int cublasDestroy_v2(void *given)
{
	return given != &handle;
}

EXPORT int cublasGetVersion_v2(void *given, int *ret)
{
	*ret = 120405;
	return given != &handle;
}

EXPORT int cublasSetMathMode(void *given, int wanted)
{
	mode = wanted;
	return given != &handle;
}

EXPORT const char *cublasGetStatusString(int status)
{
	return status == 1 ? "CUBLAS_STATUS_NOT_INITIALIZED" : "CUBLAS_STATUS_EXECUTION_FAILED";
}

/* Types: CUDA_R_32F 0, CUDA_R_16BF 14. */
EXPORT int cublasGemmStridedBatchedEx(void *given, int trans_a, int trans_b, int m, int n, int k,
	const void *alpha, const void *a, int type_a, int lda, long long stride_a, const void *b,
	int type_b, int ldb, long long stride_b, const void *beta, void *c, int type_c, int ldc,
	long long stride_c, int batch, int compute, int algorithm)
{
	float alpha_is;
	float beta_is;
	memcpy(&alpha_is, alpha, sizeof(alpha_is));
	memcpy(&beta_is, beta, sizeof(beta_is));
	if (given != &handle || alpha_is != 1 || beta_is != 0 || compute != 68 || algorithm != -1 ||
		type_a != type_b || (trans_a | trans_b) > 1) {
		return 7;
	}
	struct fake_job job = {.kind = FAKE_GEMM,
		.gemm = {trans_a, trans_b, m, n, k, lda, ldb, ldc, batch, stride_a, stride_b,
			stride_c, (void *)(uintptr_t)a, (void *)(uintptr_t)b, c, type_a == 14,
			type_c == 14},
		.out = c,
		.n_out = (unsigned)(m * n * batch),
		.out_half = type_c == 14};
	return submit(&job) != 0 ? 13 : 0;
}

EXPORT int cublasSgemmStridedBatched(void *given, int trans_a, int trans_b, int m, int n, int k,
	const float *alpha, const float *a, int lda, long long stride_a, const float *b, int ldb,
	long long stride_b, const float *beta, float *c, int ldc, long long stride_c, int batch)
{
	/* Without CUBLAS_PEDANTIC_MATH it could be TF32. */
	return mode != 2
		? 7
		: cublasGemmStridedBatchedEx(given, trans_a, trans_b, m, n, k, alpha, a, 0, lda,
			  stride_a, b, 0, ldb, stride_b, beta, c, 0, ldc, stride_c, batch, 68, -1);
}
#endif

#ifdef FAKE_LIBRARY_CUDNN
struct descriptor {
	int n, c, h, w;
};
static int handle;

EXPORT size_t cudnnGetVersion(void)
{
	return has("cudnn-8") ? 8902 : 90201;
}

EXPORT const char *cudnnGetErrorString(int status)
{
	return status == 0 ? "CUDNN_STATUS_SUCCESS" : "CUDNN_STATUS_EXECUTION_FAILED";
}

EXPORT int cudnnCreate(void **ret)
{
	*ret = &handle;
	return 0;
}

EXPORT int cudnnDestroy(void *given)
{
	return given != &handle;
}

EXPORT int cudnnCreateTensorDescriptor(void **ret)
{
	*ret = calloc(1, sizeof(struct descriptor));
	return 0;
}

EXPORT int cudnnDestroyTensorDescriptor(void *descriptor)
{
	free(descriptor);
	return 0;
}

EXPORT int cudnnSetTensor4dDescriptor(
	void *descriptor, int format, int type, int n, int c, int h, int w)
{
	*(struct descriptor *)descriptor = (struct descriptor){n, c, h, w};
	return format != 0 || type != 0;
}

EXPORT int cudnnSoftmaxForward(void *given, int algorithm, int softmax_mode, const void *alpha,
	const void *from_is, const void *from, const void *beta, const void *to_is, void *to)
{
	const struct descriptor *d = from_is;
	if (given != &handle || algorithm != 1 || softmax_mode != 0 || *(const float *)alpha != 1 ||
		*(const float *)beta != 0 || from_is != to_is) {
		return 3;
	}
	struct fake_job job = {.kind = FAKE_ROWS,
		.n_threads = (unsigned)d->n,
		.out = to,
		.n_out = (unsigned)(d->n * d->c * d->h * d->w)};
	job.arguments[0].pointer = (void *)(uintptr_t)from;
	job.arguments[1].number = job.n_out / job.n_threads;
	return submit(&job) != 0 ? 8 : 0;
}
#endif

#ifdef FAKE_LIBRARY_NCCL
static int communicator;

EXPORT int ncclGetVersion(int *ret)
{
	*ret = 22105;
	return 0;
}

EXPORT const char *ncclGetErrorString(int result)
{
	return result == 2 ? "unhandled system error" : "unhandled cuda error";
}

EXPORT const char *ncclGetLastError(void *given)
{
	(void)given;
	return has("no-network") ? "Bootstrap : no socket interface found" : "";
}

EXPORT int ncclCommInitAll(void **ret, int n, const int *devices)
{
	*ret = &communicator;
	return has("no-network") ? 2 : n != 1 || devices[0] < 0;
}

EXPORT int ncclCommDestroy(void *given)
{
	return given != &communicator;
}

EXPORT int ncclAllReduce(
	const void *from, void *to, size_t count, int type, int op, void *given, void *stream)
{
	if (given != &communicator || type != 7 || op != 0 || stream) {
		return 4;
	}
	struct fake_job job = {.kind = FAKE_COPY, .out = to, .n_out = (unsigned)count};
	job.arguments[0].pointer = (void *)(uintptr_t)from;
	return submit(&job) != 0;
}
#endif
