/*
 * Who a process is, as a file name, and whether such a process still lives.
 *
 *     owner,HOST,BOOT,NAMESPACE,PID,START
 *
 * BOOT is the kernel's boot id, NAMESPACE the inode of the pid name space, START the process's
 * start time in clock ticks since boot: a pid that was given away again is not mistaken for its old
 * bearer.
 */
#ifndef LK_BASE_OWNER_H
#define LK_BASE_OWNER_H

#include "base/str.h"

/* This process's name, NUL-ended heap text. */
char *lk_owner_self(void) LK_MUST_USE;

bool lk_owner_is_name(lk_str file_name);

/* Is the process that NAME tells of surely gone? False where it cannot be known from here (another
 * machine, another pid name space, a process that /proc hides). */
bool lk_owner_is_gone(lk_str name);

/* "process 123 on host"; appended. */
void lk_owner_describe(lk_str name, struct lk_buf *out);

#endif
