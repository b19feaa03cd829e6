/*
 * What a run did to its files, call by call, for what a power cut could make of it (see disk.py).
 *
 *     FAULT_RECORD=FILE   a line for each call that worked, in the order in which they did
 *
 * Fields are set apart by spaces; files are DEVICE:INODE, names and bytes in hexadecimal:
 *
 *     create DIR NAME FILE MODE     also of what was there as a directory: mkdir
 *     symlink DIR NAME FILE TARGET
 *     link DIR NAME FILE
 *     unlink DIR NAME               rmdir too
 *     rename DIR NAME DIR NAME      "exchange" in the same form
 *     write FILE OFFSET BYTES
 *     size FILE LEN
 *     mode FILE MODE
 *     time FILE NANOSECONDS
 *     fsync FILE
 *     syncfs
 *
 * Between record_begin and record_end no other thread's call comes. errno stays as it is.
 */
#ifndef FAULT_RECORD_H
#define FAULT_RECORD_H

#include <stdbool.h>
#include <sys/types.h>

void record_open(const char *path);
void record_begin(void);
void record_end(void);

void record_made(const char *what, int dirfd, const char *path, const char *target);
void record_gone(int dirfd, const char *path);
void record_moved(bool exchange, int from_fd, const char *from, int to_fd, const char *to);
/* What lies in OUT from AT on, of LEN bytes; -1: the LEN bytes before its offset. */
void record_bytes(int out, off_t at, size_t len);
void record_file(const char *what, int fd);
void record_named(const char *what, int dirfd, const char *path, int flags);
void record_syncfs(void);

#endif
