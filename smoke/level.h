/*
 * What a level is, inside the child process that runs it.
 *
 * A level fills its report and returns; it may crash or hang, which the runner sees. Levels know
 * nothing of processes, pipes or tables.
 */
#ifndef LK_SMOKE_LEVEL_H
#define LK_SMOKE_LEVEL_H

#include <limits.h>

#include "smoke/smoke.h"

/* No level has more. */
#define LK_LEVEL_MEASURES 4
#define LK_LEVEL_FACTS 96

/* What a level works on. */
struct lk_level_context {
	const char *prefix; /* absolute and without links, or NULL for none */
	int device;         /* ordinal of the GPU for the levels that use one */
	/* What a lock asks of the driver's CUDA version, ">=12.4"; NULL or "": nothing */
	const char *needs_cuda;
};

struct lk_level_measure {
	char precision[16];
	double error, bound;
	unsigned cases;
	double seconds; /* from inputs to outputs, all cases together; 0: not taken */
};

struct lk_level_fact {
	char key[32];
	char value[256];
};

struct lk_level_report {
	enum lk_smoke_status status;
	char reason[4096]; /* cut off where it is longer */
	struct lk_level_measure measures[LK_LEVEL_MEASURES];
	size_t n_measures;
	struct lk_level_fact facts[LK_LEVEL_FACTS];
	size_t n_facts;
	char driver_folder[PATH_MAX]; /* where libcuda.so.1 was resolved to; "" for nowhere */
	char *maps; /* /proc/PID/maps of a further process that computed, heap text; NULL for none
		     */
};

struct lk_level {
	const char *name;
	bool gpu;        /* `--require gpu` means it too */
	bool per_device; /* runs once for each device that is asked for */
	void (*run)(const struct lk_level_context *context, struct lk_level_report *report);
};

/* All levels in the order they run. */
extern const struct lk_level lk_levels[];
extern const size_t lk_n_levels;

void lk_level_reference(const struct lk_level_context *context, struct lk_level_report *report);
void lk_level_blas(const struct lk_level_context *context, struct lk_level_report *report);
void lk_level_torch_cpu(const struct lk_level_context *context, struct lk_level_report *report);
void lk_level_driver(const struct lk_level_context *context, struct lk_level_report *report);
void lk_level_nvrtc(const struct lk_level_context *context, struct lk_level_report *report);
void lk_level_cublas(const struct lk_level_context *context, struct lk_level_report *report);
void lk_level_cudnn(const struct lk_level_context *context, struct lk_level_report *report);
void lk_level_nccl(const struct lk_level_context *context, struct lk_level_report *report);
void lk_level_torch_cuda(const struct lk_level_context *context, struct lk_level_report *report);

/* Sets the status and its reason; a later call replaces an earlier one. */
void lk_level_say(struct lk_level_report *report, enum lk_smoke_status status, const char *fmt, ...)
	LK_PRINTF(3, 4);
/* Keeps the larger error of PRECISION (a NaN is the largest) and fails the report when it is above
 * BOUND. WHAT names the case. False when it failed. */
bool lk_level_measure(struct lk_level_report *report, const char *precision, double error,
	double bound, const char *what);
/* Adds to the time that computing in PRECISION took. */
void lk_level_took(struct lk_level_report *report, const char *precision, double seconds);
/* Of a clock that only goes forward. */
double lk_level_seconds(void);
/* Notes a fact for the receipt; cut off where it is longer than a fact can be, dropped when there
 * are LK_LEVEL_FACTS already. */
void lk_level_fact(struct lk_level_report *report, const char *key, const char *fmt, ...)
	LK_PRINTF(3, 4);
/* Finds the file numbered SKIP (from 0) whose name starts with one of STEMS, the first stem first,
 * then by folder and name; its absolute path into RET (RET_LEN bytes). Searched are PREFIX/lib,
 * targets/NAME/lib and, below lib/pythonX.Y/site-packages, torch/lib, nvidia/NAME/lib and
 * NAME.libs. */
bool lk_level_find_library(const char *prefix, const char *const *stems, size_t n_stems,
	size_t skip, char *ret, size_t ret_len);
/* Opens the library of the environment whose file name starts with one of STEMS, as a program of
 * the environment would; NULL, with the reason in REPORT, when it is not there (absent) or does not
 * load (failed).
 *
 * Packages made for pip keep libraries in folders of their own below site-packages, and rely on the
 * process that loads them: on what python has loaded from PREFIX/lib, and on PyTorch, whose RPATH
 * leads to all those folders. For a library there, these are opened first: the compiler's runtime
 * libraries and zlib from PREFIX/lib, and those that NEEDS names (stems, NULL-ended; or NULL). */
void *lk_level_open_library(const char *prefix, const char *const *stems, size_t n_stems,
	const char *const *needs, struct lk_level_report *report);

#endif
