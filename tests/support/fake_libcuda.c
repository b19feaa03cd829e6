/*
 * A libcuda.so.1 for machines without a GPU: its device is a process of its own.
 *
 * The memory of the device is shared with that process, work is queued and done there in order, and
 * the caller finds out by events: so that what the smoke test says about who computes can be
 * tested. The device runs the very text of smoke/kernel_attention.cu, compiled for the processor;
 * the other fake libraries hand it their work through fake_cuda_submit.
 *
 * $FAKE_CUDA plants faults, words with spaces between them:
 *
 * - no-device, zero-devices, init-999, hang, crash, old, stub: what cuInit and the versions say
 * - two, second-broken: two devices; the second gives no context
 * - cpu, host-memory: the caller's process does the work; memory is not the device's
 * - nan, unwritten, wrong, sticky: what the device does with its work
 * - old-gpu, new-gpu: compute capability 7.0 or 12.5 instead of 8.6
 * - full, bad-ptx: no memory is free; the driver cannot compile
 */
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "fake_cuda.h"

/* The kernels, one thread after the other. */
static unsigned thread_at;
#define KERNEL static void
#define DEVICE static
#define ROLLED
#define INDEX thread_at
#include "smoke/kernel_attention.cu"

#define EXPORT __attribute__((visibility("default")))
#define N_JOBS 4096
#define MEMORY ((size_t)1 << 30)
#define ALIGN 256

enum {
	SUCCESS = 0,
	INVALID_VALUE = 1,
	OUT_OF_MEMORY = 2,
	NO_DEVICE = 100,
	INVALID_DEVICE = 101,
	INVALID_IMAGE = 200,
	NO_BINARY = 209,
	UNSUPPORTED_PTX = 222,
	NOT_FOUND = 500,
	NOT_READY = 600,
	ILLEGAL_ADDRESS = 700,
	STUB = 34,
	LAUNCH_FAILED = 719,
	UNKNOWN = 999
};

/* Seen by both processes. */
struct shared {
	atomic_uint submitted, done;
	struct fake_job jobs[N_JOBS];
	double ended_ms[N_JOBS];
};

/* The state of the driver. One thread uses it. */
static struct {
	bool initialised;
	struct shared *shared;
	char *memory;
	size_t used;
	pid_t device;
	int current; /* ordinal of the device whose context is current, -1 for none */
	bool sticky;
} driver = {.current = -1};

bool fake_cuda_has(const char *fault)
{
	const char *text = getenv("FAKE_CUDA");
	size_t len = strlen(fault);
	while (text && *text) {
		size_t word = strcspn(text, " ");
		if (word == len && memcmp(text, fault, len) == 0) {
			return true;
		}
		text += word;
		text += strspn(text, " ");
	}
	return false;
}

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void run_kernel(const struct fake_job *job)
{
	const union fake_argument *a = job->arguments;
	for (thread_at = 0; thread_at < job->n_threads; thread_at++) {
		switch (job->kind) {
		case FAKE_SCORES:
			lk_scores(a[0].pointer, a[1].pointer, a[2].pointer, a[3].number,
				a[4].number, a[5].number, (int)a[6].number);
			break;
		case FAKE_SOFTMAX:
			lk_softmax(a[0].pointer, a[1].pointer, a[2].number, a[3].number, a[4].real,
				(int)a[5].number, (int)a[6].number);
			break;
		default:
			lk_mix(a[0].pointer, a[1].pointer, a[2].pointer, a[3].number, a[4].number,
				a[5].number, (int)a[6].number);
			break;
		}
	}
}

/* As cublasGemmStridedBatchedEx; types by half or not. */
static void run_gemm(const struct fake_gemm *g)
{
	for (int batch = 0; batch < g->batch; batch++) {
		for (int i = 0; i < g->m * g->n; i++) {
			int row = i % g->m;
			int column = i / g->m;
			float sum = 0;
			for (int x = 0; x < g->k; x++) {
				int a = g->trans_a ? x + row * g->lda : row + x * g->lda;
				int b = g->trans_b ? column + x * g->ldb : x + column * g->ldb;
				sum += lk_load(g->a, (count_t)(batch * g->stride_a + a),
					       g->half_in) *
					lk_load(g->b, (count_t)(batch * g->stride_b + b),
						g->half_in);
			}
			lk_store(g->c, (count_t)(batch * g->stride_c + row + column * g->ldc),
				g->half_out, sum);
		}
	}
}

/* What is wrong with the last number that a piece of work wrote. */
static void plant(const struct fake_job *job)
{
	if (fake_cuda_has("nan")) {
		lk_store(job->out, job->n_out - 1, job->out_half, NAN);
	}
	if (fake_cuda_has("wrong")) {
		float number = lk_load(job->out, job->n_out - 1, job->out_half);
		lk_store(job->out, job->n_out - 1, job->out_half, number + 0.5F);
	}
}

/* As the flash kernel leaves its output. */
static void run_turn(const struct fake_job *job)
{
	const union fake_argument *a = job->arguments;
	unsigned heads = a[2].number;
	unsigned n = a[3].number;
	unsigned d = a[4].number;
	for (unsigned i = 0; i < job->n_out; i++) {
		unsigned row = i / d % n;
		unsigned head = i / d / n % heads;
		unsigned batch = i / d / n / heads;
		lk_store(job->out, ((batch * n + row) * heads + head) * d + i % d, job->out_half,
			lk_load(a[0].pointer, i, job->out_half));
	}
}

static void run_job(const struct fake_job *job)
{
	if (fake_cuda_has("unwritten")) {
		return;
	}
	switch (job->kind) {
	case FAKE_GEMM:
		run_gemm(&job->gemm);
		break;
	case FAKE_COPY:
		memcpy(job->out, job->arguments[0].pointer, job->n_out * sizeof(float));
		break;
	case FAKE_TURN:
		run_turn(job);
		break;
	case FAKE_ROWS:
		for (thread_at = 0; thread_at < job->n_threads; thread_at++) {
			lk_softmax(job->arguments[0].pointer, job->out, job->n_threads,
				job->arguments[1].number, 1, 0, 0);
		}
		break;
	default:
		run_kernel(job);
	}
	plant(job);
}

static void serve(struct shared *shared)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(3); /* the report is not for the device */
	for (;;) {
		unsigned done = atomic_load(&shared->done);
		if (done == atomic_load(&shared->submitted)) {
			nanosleep(&(const struct timespec){0, 100000}, NULL);
			continue;
		}
		run_job(&shared->jobs[done % N_JOBS]);
		shared->ended_ms[done % N_JOBS] = now_ms();
		atomic_store(&shared->done, done + 1);
	}
}

static void start_device(void)
{
	char *all = mmap(NULL, sizeof(struct shared) + MEMORY, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (all == MAP_FAILED) {
		abort();
	}
	driver.shared = (struct shared *)all;
	driver.memory = all + ((sizeof(struct shared) + ALIGN - 1) / ALIGN) * ALIGN;
	driver.device = fork();
	if (driver.device == 0) {
		serve(driver.shared);
	}
}

static void wait_all(void)
{
	while (atomic_load(&driver.shared->done) != atomic_load(&driver.shared->submitted)) {
		nanosleep(&(const struct timespec){0, 100000}, NULL);
	}
}

EXPORT int fake_cuda_submit(const struct fake_job *job)
{
	if (driver.sticky || driver.current < 0) {
		return driver.sticky ? ILLEGAL_ADDRESS : INVALID_DEVICE;
	}
	if (fake_cuda_has("sticky")) {
		driver.sticky = true; /* told by the next call, as on a device */
		return SUCCESS;
	}
	unsigned at = atomic_load(&driver.shared->submitted);
	driver.shared->jobs[at % N_JOBS] = *job;
	if (fake_cuda_has("cpu")) {
		run_job(job);
		driver.shared->ended_ms[at % N_JOBS] = now_ms();
		atomic_store(&driver.shared->done, at + 1);
	}
	atomic_store(&driver.shared->submitted, at + 1);
	return SUCCESS;
}

EXPORT int cuInit(unsigned flags)
{
	(void)flags;
	if (fake_cuda_has("hang")) {
		for (;;) {
			pause();
		}
	}
	if (fake_cuda_has("crash")) {
		raise(SIGSEGV);
	}
	driver.initialised = true;
	return fake_cuda_has("no-device")   ? NO_DEVICE
		: fake_cuda_has("init-999") ? UNKNOWN
		: fake_cuda_has("stub")     ? STUB
					    : SUCCESS;
}

EXPORT int cuGetErrorName(int error, const char **ret)
{
	static const struct {
		int error;
		const char *name;
	} names[] = {{INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE"},
		{OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY"}, {STUB, "CUDA_ERROR_STUB_LIBRARY"},
		{NO_DEVICE, "CUDA_ERROR_NO_DEVICE"}, {INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE"},
		{INVALID_IMAGE, "CUDA_ERROR_INVALID_IMAGE"},
		{NO_BINARY, "CUDA_ERROR_NO_BINARY_FOR_GPU"},
		{UNSUPPORTED_PTX, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"},
		{NOT_FOUND, "CUDA_ERROR_NOT_FOUND"},
		{ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS"}, {UNKNOWN, "CUDA_ERROR_UNKNOWN"}};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (names[i].error == error) {
			*ret = names[i].name;
			return SUCCESS;
		}
	}
	*ret = NULL;
	return INVALID_VALUE;
}

EXPORT int cuGetErrorString(int error, const char **ret)
{
	*ret = error == ILLEGAL_ADDRESS ? "an illegal memory access was encountered"
					: "a fault that was planted";
	return SUCCESS;
}

EXPORT int cuDriverGetVersion(int *ret)
{
	*ret = fake_cuda_has("old") ? 11040 : 12040;
	return SUCCESS;
}

/* NVRTC asks a driver that is loaded for inner tables of it, and can do without. */
EXPORT int cuGetExportTable(const void **ret, const void *uuid)
{
	(void)uuid;
	*ret = NULL;
	return INVALID_VALUE;
}

EXPORT int cuDeviceGetCount(int *ret)
{
	*ret = fake_cuda_has("zero-devices")                             ? 0
		: fake_cuda_has("two") || fake_cuda_has("second-broken") ? 2
									 : 1;
	return SUCCESS;
}

EXPORT int cuDeviceGet(int *ret, int ordinal)
{
	*ret = ordinal;
	return driver.initialised ? SUCCESS : 3;
}

EXPORT int cuDeviceGetName(char *ret, int len, int device)
{
	snprintf(ret, (size_t)len, "Fake GPU %d", device);
	return SUCCESS;
}

EXPORT int cuDeviceTotalMem_v2(size_t *ret, int device)
{
	(void)device;
	*ret = MEMORY;
	return SUCCESS;
}

EXPORT int cuDeviceGetUuid_v2(unsigned char ret[16], int device)
{
	for (int i = 0; i < 16; i++) {
		ret[i] = (unsigned char)(i * 16 + device);
	}
	return SUCCESS;
}

/* One multiprocessor: the long run is made for the size of the device. */
EXPORT int cuDeviceGetAttribute(int *ret, int attribute, int device)
{
	(void)device;
	int major = fake_cuda_has("old-gpu") ? 7 : fake_cuda_has("new-gpu") ? 12 : 8;
	int minor = fake_cuda_has("old-gpu") ? 0 : fake_cuda_has("new-gpu") ? 5 : 6;
	*ret = attribute == 75 ? major : attribute == 76 ? minor : attribute == 16 ? 1 : 0;
	return attribute == 75 || attribute == 76 || attribute == 16 ? SUCCESS : INVALID_VALUE;
}

EXPORT int cuDevicePrimaryCtxRetain(void **ret, int device)
{
	if (device == 1 && fake_cuda_has("second-broken")) {
		return UNKNOWN;
	}
	if (!driver.shared) {
		start_device();
	}
	*ret = (void *)(uintptr_t)(device + 1);
	return SUCCESS;
}

EXPORT int cuCtxSetCurrent(void *context)
{
	driver.current = (int)(uintptr_t)context - 1;
	return SUCCESS;
}

EXPORT int cuCtxSynchronize(void)
{
	if (driver.sticky) {
		return ILLEGAL_ADDRESS;
	}
	wait_all();
	return SUCCESS;
}

EXPORT int cuMemGetInfo_v2(size_t *ret_free, size_t *ret_total)
{
	*ret_free = fake_cuda_has("full") ? 0 : MEMORY - driver.used;
	*ret_total = MEMORY;
	return SUCCESS;
}

/* Never given back: a test is over before the memory is. */
EXPORT int cuMemAlloc_v2(uint64_t *ret, size_t len)
{
	size_t rounded = (len + ALIGN - 1) / ALIGN * ALIGN;
	if (driver.sticky) {
		return ILLEGAL_ADDRESS;
	}
	if (fake_cuda_has("full") || rounded > MEMORY - ALIGN - driver.used) {
		return OUT_OF_MEMORY;
	}
	*ret = (uint64_t)(uintptr_t)(driver.memory + driver.used);
	driver.used += rounded;
	return SUCCESS;
}

EXPORT int cuMemFree_v2(uint64_t pointer)
{
	(void)pointer;
	return driver.sticky ? ILLEGAL_ADDRESS : SUCCESS;
}

static bool is_ours(uint64_t pointer, size_t len)
{
	uint64_t begin = (uint64_t)(uintptr_t)driver.memory;
	return pointer >= begin && pointer + len <= begin + driver.used;
}

EXPORT int cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t len)
{
	if (driver.sticky || !is_ours(to, len)) {
		return driver.sticky ? ILLEGAL_ADDRESS : INVALID_VALUE;
	}
	wait_all();
	memcpy((void *)(uintptr_t)to, from, len);
	return SUCCESS;
}

EXPORT int cuMemcpyDtoH_v2(void *to, uint64_t from, size_t len)
{
	if (driver.sticky || !is_ours(from, len)) {
		return driver.sticky ? ILLEGAL_ADDRESS : INVALID_VALUE;
	}
	wait_all();
	memcpy(to, (const void *)(uintptr_t)from, len);
	return SUCCESS;
}

EXPORT int cuMemsetD32_v2(uint64_t to, unsigned value, size_t n)
{
	if (driver.sticky || !is_ours(to, n * 4)) {
		return driver.sticky ? ILLEGAL_ADDRESS : INVALID_VALUE;
	}
	wait_all();
	for (size_t i = 0; i < n; i++) {
		((unsigned *)(uintptr_t)to)[i] = value;
	}
	return SUCCESS;
}

EXPORT int cuPointerGetAttribute(void *ret, int attribute, uint64_t pointer)
{
	if (!is_ours(pointer, 1)) {
		return INVALID_VALUE;
	}
	*(int *)ret = attribute == 2 ? (fake_cuda_has("host-memory") ? 1 : 2) : driver.current;
	return SUCCESS;
}

/* The device's capability in an image of the fake NVRTC, "FAKE sm_86"; or PTX; or what a real NVRTC
 * makes, which is taken as if it were run. */
EXPORT int cuModuleLoadDataEx(
	void **ret, const void *image, unsigned n_options, int *options, void **values)
{
	int major = 0;
	int minor = 0;
	char wanted[32];
	cuDeviceGetAttribute(&major, 75, 0);
	cuDeviceGetAttribute(&minor, 76, 0);
	snprintf(wanted, sizeof(wanted), "FAKE sm_%d\n", 10 * major + minor);
	*ret = (void *)(uintptr_t)1;
	if (strncmp(image, wanted, strlen(wanted)) == 0 || memcmp(image, "\177ELF", 4) == 0) {
		return SUCCESS;
	}
	if (strncmp(image, "FAKE sm_", 8) == 0) {
		return NO_BINARY;
	}
	if (!strstr(image, "\n.version ") || fake_cuda_has("bad-ptx")) {
		for (unsigned i = 0; i + 1 < n_options; i++) {
			if (options[i] == 5) {
				snprintf(values[i], 64, "ptxas fatal : it was planted");
			}
		}
		return 218;
	}
	return SUCCESS;
}

EXPORT int cuModuleGetFunction(void **ret, void *module, const char *name)
{
	static const char *const names[] = {"lk_scores", "lk_softmax", "lk_mix"};
	(void)module;
	for (uintptr_t i = 0; i < 3; i++) {
		if (strcmp(name, names[i]) == 0) {
			*ret = (void *)(i + FAKE_SCORES);
			return SUCCESS;
		}
	}
	return NOT_FOUND;
}

/* How long each parameter is, by the prototypes: p pointer, u unsigned, f float. */
static const char *const prototypes[] = {
	[FAKE_SCORES] = "pppuuuu", [FAKE_SOFTMAX] = "ppuufuu", [FAKE_MIX] = "pppuuuu"};

EXPORT int cuLaunchKernel(void *function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
	unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared_bytes, void *stream,
	void **parameters, void **extra)
{
	(void)shared_bytes, (void)stream, (void)extra;
	enum fake_kind kind = (enum fake_kind)(uintptr_t)function;
	if (grid_x == 0 || grid_y != 1 || grid_z != 1 || block_x == 0 || block_x > 1024 ||
		block_y != 1 || block_z != 1) {
		return INVALID_VALUE;
	}
	struct fake_job job = {.kind = kind, .n_threads = grid_x * block_x};
	for (size_t i = 0; prototypes[kind][i]; i++) {
		if (prototypes[kind][i] == 'p') {
			job.arguments[i].pointer = *(void **)parameters[i];
		} else {
			memcpy(&job.arguments[i].number, parameters[i], 4);
		}
	}
	const union fake_argument *a = job.arguments;
	job.out = a[kind == FAKE_SOFTMAX ? 1 : 2].pointer;
	job.n_out = kind == FAKE_MIX  ? a[3].number * a[5].number
		: kind == FAKE_SCORES ? a[3].number * a[4].number
				      : a[2].number * a[3].number;
	job.out_half = kind != FAKE_SCORES && a[6].number != 0;
	return fake_cuda_submit(&job);
}

struct event {
	unsigned after; /* this many pieces of work */
	double recorded_ms;
};

EXPORT int cuEventCreate(void **ret, unsigned flags)
{
	(void)flags;
	*ret = calloc(1, sizeof(struct event));
	return driver.sticky ? ILLEGAL_ADDRESS : SUCCESS;
}

EXPORT int cuEventDestroy_v2(void *event)
{
	free(event);
	return SUCCESS;
}

EXPORT int cuEventRecord(void *event, void *stream)
{
	(void)stream;
	struct event *e = event;
	e->after = atomic_load(&driver.shared->submitted);
	e->recorded_ms = now_ms();
	return driver.sticky ? ILLEGAL_ADDRESS : SUCCESS;
}

EXPORT int cuEventQuery(void *event)
{
	const struct event *e = event;
	if (driver.sticky) {
		return ILLEGAL_ADDRESS;
	}
	return atomic_load(&driver.shared->done) >= e->after ? SUCCESS : NOT_READY;
}

/* When the work before an event was done, or the event itself, whichever was later. */
static double time_of(const struct event *e)
{
	double work = e->after > 0 ? driver.shared->ended_ms[(e->after - 1) % N_JOBS] : 0;
	return work > e->recorded_ms ? work : e->recorded_ms;
}

EXPORT int cuEventElapsedTime(float *ret_ms, void *begin, void *end)
{
	*ret_ms = (float)(time_of(end) - time_of(begin));
	return SUCCESS;
}
