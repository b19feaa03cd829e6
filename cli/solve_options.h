/*
 * Options that several solving commands have, as rows for their tables; the context is a struct
 * lk_solve_options.
 */
#ifndef LK_CLI_SOLVE_OPTIONS_H
#define LK_CLI_SOLVE_OPTIONS_H

#include "cli/solve_request.h"

#define LK_SOLVE_FIELD(name) offsetof(struct lk_solve_options, name)

#define LK_SOLVE_ROW_WITHOUT_PIP                                                                   \
	{                                                                                          \
		"without-pip", 0, LK_OPT_FLAG, LK_SOLVE_FIELD(without_pip), NULL,                  \
			"leave what FILE wants of pip to pip, with a warning each", NULL           \
	}

#define LK_SOLVE_ROW_OUTPUT                                                                        \
	{                                                                                          \
		"output", 'o', LK_OPT_STRING, LK_SOLVE_FIELD(output), "LOCK",                      \
			"the lock to write (default: env.lock)", NULL                              \
	}

/* The target's machines. */
#define LK_SOLVE_ROWS_TARGET                                                                       \
	{"host", 0, LK_OPT_STRING, LK_SOLVE_FIELD(host), "FILE",                                   \
		"solve for the machine that 'info --json' told into FILE; 'this': this one",       \
		NULL},                                                                             \
		{"cuda", 0, LK_OPT_STRING, LK_SOLVE_FIELD(cuda), "V",                              \
			"CUDA version of the target's driver, or none", NULL},                     \
		{"cuda-arch", 0, LK_OPT_STRING, LK_SOLVE_FIELD(cuda_arch), "V",                    \
			"lowest compute capability of the target's GPUs", NULL},                   \
		{"glibc", 0, LK_OPT_STRING, LK_SOLVE_FIELD(glibc), "V",                            \
			"glibc version of the target", NULL},                                      \
		{"archspec", 0, LK_OPT_STRING, LK_SOLVE_FIELD(archspec), "A",                      \
			"microarchitecture of the target, such as x86_64_v3", NULL},               \
	{                                                                                          \
		"virtual", 0, LK_OPT_LIST, LK_SOLVE_FIELD(virtuals), "NAME=VER",                   \
			"a virtual package NAME=VER[=BUILD] of the target; NAME= removes it", NULL \
	}

#define LK_SOLVE_ROWS_LAST                                                                         \
	{"offline", 0, LK_OPT_FLAG, LK_SOLVE_FIELD(offline), NULL, "use cached repodata only",     \
		NULL},                                                                             \
	{                                                                                          \
		"dry-run", 0, LK_OPT_FLAG, LK_SOLVE_FIELD(dry_run), NULL,                          \
			"write nothing; print what would change", NULL                             \
	}

/* The options of the commands that edit FILE, but for --channel. */
#define LK_SOLVE_ROWS_EDIT                                                                         \
	{"file", 'f', LK_OPT_LIST, LK_SOLVE_FIELD(files), "FILE",                                  \
		"the file (default: environment.yml beside the lock)", NULL},                      \
		LK_SOLVE_ROW_WITHOUT_PIP, LK_SOLVE_ROW_OUTPUT, LK_SOLVE_ROWS_TARGET,               \
		LK_SOLVE_ROWS_LAST

#endif
