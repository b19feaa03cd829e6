/*
 * Errors: a code to act on, one line for people, and a hint.
 *
 * A function that can fail returns 0 or one of enum lk_code (all negative) and fills the struct
 * lk_error that its caller keeps on the stack; `err` is never NULL. The struct owns nothing and
 * needs no cleanup. On failure out-parameters stay untouched unless a header says otherwise.
 *
 *     if (fd < 0)
 *             return lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s'", path);
 *     rc = lk_lock_read(...);
 *     if (rc < 0)
 *             return lk_wrap(err, "reading the lock of '%s'", prefix);
 *
 * Messages: lower case, subject in quotes, no full stop, no newline. The hint says what to do.
 * Foreign text in a message is escaped when printed (cli/out), not here.
 */
#ifndef LK_BASE_ERR_H
#define LK_BASE_ERR_H

#include "base/attr.h"
#include "base/str.h"

/* Few codes, mirroring the exit table of the command line contract; cli/exit.h has the mapping. */
enum lk_code {
	LK_OK = 0,
	LK_E_USAGE = -1,        /* bad option or argument: exit 2 */
	LK_E_FORMAT = -2,       /* unreadable input, with a position where there is one: exit 2 */
	LK_E_UNSAT = -3,        /* the specs cannot be satisfied: exit 3 */
	LK_E_NETWORK = -4,      /* network or channel trouble: exit 4 */
	LK_E_INTEGRITY = -5,    /* hash or size mismatch, corrupt or unsafe archive: exit 5 */
	LK_E_OFFLINE = -6,      /* offline and something needed is not in the cache: exit 6 */
	LK_E_HOST = -7,         /* this host does not meet what the lock requires: exit 7 */
	LK_E_FS = -8,           /* file system: no space, no permission, read-only: exit 8 */
	LK_E_BUG = -9,          /* a fault of lockenv itself: exit 70 */
	LK_E_INTERRUPTED = -10, /* exit 130 */
	LK_E_NOT_FOUND = -11,   /* a look-up found nothing; callers turn it into one of the above */
	LK_E_FINDING = -12,     /* a difference or finding, already printed: exit 1 */
};

struct lk_error {
	enum lk_code code;
	int sys_errno;   /* 0 or the errno behind it */
	unsigned line;   /* 1-based; 0 when there is no position */
	unsigned column; /* 1-based, in bytes; 0 when unknown */
	char file[1024]; /* file, URL or "" */
	char message[2048];
	char excerpt[256]; /* the source line that a caret under `column` should point into, or ""
			    */
	char hint[1024];
};

#define LK_ERROR_INIT                                                                              \
	{                                                                                          \
		LK_OK, 0, 0, 0, "", "", "", ""                                                     \
	}

/* Each sets err whole (clearing hint and position) and returns CODE. */
int lk_fail(struct lk_error *err, enum lk_code code, const char *fmt, ...) LK_PRINTF(3, 4);
/* Appends ": " and the text of ERRNUM. ENOSPC, EACCES, EROFS, EDQUOT get a hint. */
int lk_fail_errno(struct lk_error *err, enum lk_code code, int errnum, const char *fmt, ...)
	LK_PRINTF(4, 5);
/* LK_E_FORMAT at FILE:LINE:COLUMN; FILE may be NULL. */
int lk_fail_at(struct lk_error *err, const char *file, unsigned line, unsigned column,
	const char *fmt, ...) LK_PRINTF(5, 6);

/* The same at the byte OFFSET (clamped) of SOURCE, with its line as excerpt. */
int lk_fail_at_offset(struct lk_error *err, const char *file, lk_str source, size_t offset,
	const char *fmt, ...) LK_PRINTF(5, 6);

/* Set or replace one part of an error that was made before. */
void lk_error_hint(struct lk_error *err, const char *fmt, ...) LK_PRINTF(2, 3);
void lk_error_file(struct lk_error *err, const char *file);
void lk_error_excerpt(struct lk_error *err, lk_str source_line);
/* Takes the excerpt out of the whole SOURCE: its line err->line, when that fits. */
void lk_error_excerpt_from(struct lk_error *err, lk_str source);

/* Line LINE (1-based) of SOURCE without its LF or CR LF; empty past the last. */
lk_str lk_line_of(lk_str source, unsigned line);

/* Puts "STEP: " before the message and returns err->code. */
int lk_wrap(struct lk_error *err, const char *fmt, ...) LK_PRINTF(2, 3);

void lk_error_clear(struct lk_error *err);

#endif
