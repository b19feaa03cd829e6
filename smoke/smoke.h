/*
 * The attention smoke test: do the libraries of an installed environment compute
 * softmax(Q K^T / sqrt(d_k)) V correctly on this very machine (docs/smoke.md)?
 *
 * Each level runs in a child process of its own with a time limit: a crash or a hang fails that
 * level only. Nothing here links CUDA or BLAS: the environment's own libraries are opened at run
 * time, and every file they map must lie inside the prefix.
 */
#ifndef LK_SMOKE_SMOKE_H
#define LK_SMOKE_SMOKE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/report.h"

enum lk_smoke_status {
	LK_SMOKE_PASSED,
	LK_SMOKE_FAILED,
	LK_SMOKE_ABSENT, /* what the level needs is not here: no verdict */
};

struct lk_smoke_library {
	lk_str path;    /* as mapped, without ".." */
	lk_str version; /* from the file name or the library itself; empty when unknown */
	bool inside;    /* in the prefix; or of the driver, in the driver's folder */
	/* What the caller of lk_smoke_run knows of the file: the package that it came with, and its
	 * sha256 as that was installed. Empty for what it does not know. */
	lk_str package, sha256;
};

/* All that was computed in one precision. */
struct lk_smoke_measure {
	lk_str precision; /* "float64", "float32", "bfloat16" */
	double error;     /* the largest of ||out - ref|| / ||ref|| over all cases */
	double bound;
	unsigned cases; /* shapes computed */
	double seconds; /* from inputs to outputs, all cases together; 0 where that is not taken */
};

/* Something that a level found out, for the receipt: "cuda" is "12.4". */
struct lk_smoke_fact {
	lk_str key;
	lk_str value;
};

struct lk_smoke_level {
	lk_str name;
	int device; /* ordinal of the GPU; -1 for a level that uses none */
	enum lk_smoke_status status;
	lk_str reason;  /* why it failed or could not run; what was computed when it passed */
	double seconds; /* wall time of the child */
	const struct lk_smoke_measure *measures; /* in the order they were taken */
	size_t n_measures;
	const struct lk_smoke_fact *facts; /* in the order they were found */
	size_t n_facts;
	struct lk_smoke_library *libraries;
	size_t n_libraries;
};

/* For lk_smoke_options.device: once for each device that the driver finds. */
#define LK_SMOKE_ALL_DEVICES (-1)
/* No host has more. */
#define LK_SMOKE_DEVICES_MAX 256

struct lk_smoke_options {
	const char *prefix;         /* NULL: only the levels that need no environment */
	const char *const *require; /* level names, or "gpu": absent becomes failed */
	size_t n_require;
	int device;                     /* ordinal for the levels that use a GPU */
	const char *needs_cuda;         /* what the lock asks of __cuda, ">=12.4"; NULL: nothing */
	unsigned limit_seconds;         /* for each level; 0: 120 */
	const char *program;            /* lockenv-smoke; NULL: beside the running program */
	const struct lk_report *report; /* only asked whether to stop; NULL: nobody does */
};

struct lk_smoke_result {
	struct lk_arena arena;
	struct lk_smoke_level *levels; /* in the order they ran */
	size_t n_levels;
	lk_str prefix; /* absolute, links resolved; empty for none */
	lk_str needs_cuda;
	/* What the caller knows, for the receipt; empty for what it does not. */
	lk_str date;        /* "2026-01-31T12:00:00Z" */
	lk_str platform;    /* what was installed, "linux-64" */
	lk_str lock;        /* sha256 of the lock that it was installed from, hex */
	lk_str tree_digest; /* as the installer recorded it, hex */
};

/* "all", or an ordinal below LK_SMOKE_DEVICES_MAX. False for anything else. */
bool lk_smoke_device_parse(const char *text, int *ret);

/* Runs every level: those that use a GPU after the others, once for each device. LK_E_USAGE for a
 * prefix that is no directory or an unknown level in require, LK_E_FS when lockenv-smoke is not
 * there, LK_E_INTERRUPTED. RET is to be freed when 0 is returned. A level's failure is a result,
 * not an error. The environment and LD_LIBRARY_PATH reach the levels as they are: what they change
 * is to be seen. */
int lk_smoke_run(const struct lk_smoke_options *options, struct lk_smoke_result *ret,
	struct lk_error *err) LK_MUST_USE;
void lk_smoke_result_done(struct lk_smoke_result *result);

/* What LEVEL found out under KEY, of the first device that it ran on; empty for nothing. */
lk_str lk_smoke_fact(const struct lk_smoke_result *result, const char *level, const char *key);
/* Failed when a level failed, else passed when one passed, else absent. */
enum lk_smoke_status lk_smoke_verdict(const struct lk_smoke_result *result);
/* The exit code for that: 1 when a level failed, 77 when none passed because none could run, else
 * 0. */
int lk_smoke_exit_code(const struct lk_smoke_result *result);

/* A table for people (escaped); all libraries where VERBOSE, else those from outside. */
void lk_smoke_text(
	const struct lk_smoke_result *result, bool colour, bool verbose, struct lk_buf *out);
/* The receipt: one JSON object with everything (docs/smoke.md). */
void lk_smoke_json(const struct lk_smoke_result *result, struct lk_jw *w);

#endif
