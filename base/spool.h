/*
 * Text on its way through a file: one thread appends, another reads what is there already.
 *
 *     lk_spool_new(fd, at, max, name, &spool, err);
 *     one thread:     lk_spool_append(spool, bytes, len, err) ...; lk_spool_end(spool, true);
 *     another thread: have = lk_spool_wait(spool, want, &state); text = lk_spool_text(spool);
 *     lk_spool_free(spool);
 *
 * The text never moves, and what is passed (lk_spool_pass) costs no memory, though it may still be
 * looked at. One thread may do both, one after the other.
 */
#ifndef LK_BASE_SPOOL_H
#define LK_BASE_SPOOL_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct lk_spool;

enum lk_spool_state {
	LK_SPOOL_OPEN,   /* more may come */
	LK_SPOOL_WHOLE,  /* that was all */
	LK_SPOOL_BROKEN, /* more was to come, but will not */
};

/* Appends go to FD (borrowed, open for reading and writing) from offset AT (a multiple of the page
 * size) on, MAX bytes at most. Nobody else may shorten that file. It may be given more room on the
 * disk than it is long: ftruncate to its length ends that. NAME (copied) is for errors. LK_E_FS
 * when the file cannot be mapped. */
int lk_spool_new(int fd, off_t at, size_t max, const char *name, struct lk_spool **ret,
	struct lk_error *err) LK_MUST_USE;
void lk_spool_free(struct lk_spool *spool);

/* LK_E_FS; LK_E_INTEGRITY "larger than N bytes" beyond the maximum. */
int lk_spool_append(
	struct lk_spool *spool, const void *bytes, size_t len, struct lk_error *err) LK_MUST_USE;
/* Nothing more comes; WHOLE: because all of it is there. */
void lk_spool_end(struct lk_spool *spool, bool whole);

/* Waits until WANT bytes are there or no more come; returns how many there are. */
size_t lk_spool_wait(struct lk_spool *spool, size_t want, enum lk_spool_state *ret_state);
/* The text from its start, for the reader; as much of it may be read as lk_spool_wait returned.
 * Where a limit on address space (RLIMIT_AS) keeps MAX bytes from being mapped, this waits for the
 * end. */
const char *lk_spool_text(struct lk_spool *spool);
/* The first LEN bytes are hardly needed any more. */
void lk_spool_pass(struct lk_spool *spool, size_t len);

#endif
