/*
 * Attention by the environment's python and its torch, where libtorch is too old for its C
 * interface (torch_shim.h).
 *
 * python runs a few lines that read a case, compute it and give the numbers back; the case, the
 * reference and the judgement stay here. What that process has mapped is judged like a library of
 * this one.
 */
#ifndef LK_SMOKE_TORCH_PYTHON_H
#define LK_SMOKE_TORCH_PYTHON_H

#include <sys/types.h>

#include "smoke/trial.h"

struct lk_torch_python {
	pid_t pid;
	int fd;           /* both ways */
	char version[64]; /* torch.__version__ */
};

/* PREFIX/bin/python, if there is one; its path into RET. */
bool lk_torch_python_find(const char *prefix, char *ret, size_t ret_len);

/* Starts PYTHON and waits until torch is imported. False, with the reason in REPORT, when that
 * fails. The process is in this one's group and ends with it. */
bool lk_torch_python_start(
	const char *python, struct lk_torch_python *ret, struct lk_level_report *report);
/* Computes TRIAL on GPU DEVICE, or on the CPU for -1; fills its output. False, with the reason in
 * REPORT, when that fails. */
bool lk_torch_python_compute(struct lk_torch_python *python, struct lk_trial *trial, int device,
	struct lk_level_report *report);
/* Takes the process's maps into REPORT, then ends it. False, with the reason in REPORT, when it
 * ends with an error. */
bool lk_torch_python_end(struct lk_torch_python *python, struct lk_level_report *report);

#endif
