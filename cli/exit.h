/*
 * The one mapping from error codes to exit codes (the table in docs/cli.md).
 */
#ifndef LK_CLI_EXIT_H
#define LK_CLI_EXIT_H

#include "base/err.h"

enum lk_exit {
	LK_EXIT_OK = 0,
	LK_EXIT_FINDING = 1,
	LK_EXIT_USAGE = 2,
	LK_EXIT_UNSAT = 3,
	LK_EXIT_NETWORK = 4,
	LK_EXIT_INTEGRITY = 5,
	LK_EXIT_OFFLINE = 6,
	LK_EXIT_HOST = 7,
	LK_EXIT_FS = 8,
	LK_EXIT_BUG = 70,
	LK_EXIT_NOTHING_RAN = 77,
	LK_EXIT_WRAPPER =
		125, /* run failed, not the command; it cannot be executed; it is not there */
	LK_EXIT_NOT_EXECUTABLE = 126,
	LK_EXIT_NO_COMMAND = 127,
	LK_EXIT_INTERRUPTED = 130,
};

/* The exit code for a result; NOT_FOUND that nobody translated is a file that is not there: usage.
 */
static inline enum lk_exit lk_exit_of(int code)
{
	switch ((enum lk_code)code) {
	case LK_OK:
		return LK_EXIT_OK;
	case LK_E_USAGE:
	case LK_E_FORMAT:
	case LK_E_NOT_FOUND:
		return LK_EXIT_USAGE;
	case LK_E_UNSAT:
		return LK_EXIT_UNSAT;
	case LK_E_NETWORK:
		return LK_EXIT_NETWORK;
	case LK_E_INTEGRITY:
		return LK_EXIT_INTEGRITY;
	case LK_E_OFFLINE:
		return LK_EXIT_OFFLINE;
	case LK_E_HOST:
		return LK_EXIT_HOST;
	case LK_E_FS:
		return LK_EXIT_FS;
	case LK_E_BUG:
		return LK_EXIT_BUG;
	case LK_E_INTERRUPTED:
		return LK_EXIT_INTERRUPTED;
	case LK_E_FINDING:
		return LK_EXIT_FINDING;
	}
	return LK_EXIT_BUG;
}

/* The word that stands for a code in --json errors; static. */
const char *lk_exit_kind(int code);
/* What to do about a code when the error gives no hint of its own; static. */
const char *lk_exit_hint(int code);

#endif
