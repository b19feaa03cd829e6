/*
 * What a library call tells while it runs: warnings, progress, and whether to stop.
 *
 * Library code prints nothing: it calls these. cli/progress.c draws. A zeroed struct is silent and
 * never stops. Callbacks may be called from one thread only, the one that called the function.
 */
#ifndef LK_BASE_REPORT_H
#define LK_BASE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

/* A file under way. */
struct lk_progress_file {
	lk_str name;
	uint64_t bytes; /* so far */
	uint64_t size;  /* in all; 0 while unknown */
};

struct lk_progress {
	const char *stage;  /* what is being done: "fetch", "extract", "link" … */
	lk_str item;        /* the file or package at hand where none is in `files`, or empty */
	uint64_t done;      /* items done */
	uint64_t total;     /* items in all; 0 while unknown */
	uint64_t bytes;     /* bytes done; 0 where bytes make no sense */
	uint64_t bytes_all; /* bytes in all; 0 while unknown */
	const struct lk_progress_file *files; /* under way, in an order that stays; borrowed */
	size_t n_files;
};

struct lk_report {
	void *ctx;
	void (*warn)(void *ctx, const char *message);
	/* level 1: -v, 2: -vv; -1: also with -q */
	void (*note)(void *ctx, int level, const char *message);
	void (*progress)(void *ctx, const struct lk_progress *progress);
	bool (*stop)(void *ctx); /* true once the user has interrupted */
};

void lk_warn(const struct lk_report *report, const char *fmt, ...) LK_PRINTF(2, 3);
void lk_note(const struct lk_report *report, int level, const char *fmt, ...) LK_PRINTF(3, 4);
void lk_report_progress(const struct lk_report *report, const struct lk_progress *progress);
bool lk_report_stop(const struct lk_report *report);

#endif
