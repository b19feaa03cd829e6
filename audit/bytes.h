/*
 * A file's bytes by position, wherever they lie: in memory, or in an open file of which only what
 * is asked for is read. What reads a format out of it is a function of its bytes alone.
 *
 *     lk_bytes_of_file(&bytes, fd, size);          or lk_bytes_of_memory(&bytes, memory, len)
 *     if (lk_bytes_read(&bytes, 0, header, sizeof(header))) ...
 *
 * Owns nothing. Not thread-safe: one thread at a time.
 */
#ifndef LK_AUDIT_BYTES_H
#define LK_AUDIT_BYTES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define LK_BYTES_WINDOW 8192

struct lk_bytes {
	const unsigned char *memory; /* all of it, or NULL: it lies in FD */
	int fd;
	uint64_t size; /* bytes */
	int failed;    /* errno of the first read that failed; 0: none did */
	uint64_t at;   /* of what was read last out of FD */
	size_t len;
	unsigned char window[LK_BYTES_WINDOW];
};

void lk_bytes_of_memory(struct lk_bytes *ret, const void *memory, size_t len);
/* SIZE bytes of the file FD, which is borrowed. */
void lk_bytes_of_file(struct lk_bytes *ret, int fd, uint64_t size);

/* Are LEN bytes from AT on inside? Both may be anything. */
bool lk_bytes_has(const struct lk_bytes *bytes, uint64_t at, uint64_t len);
/* LEN bytes from AT on into OUT; false, and OUT is undefined, when they are not all there. */
bool lk_bytes_read(struct lk_bytes *bytes, uint64_t at, void *out, size_t len) LK_MUST_USE;
/* The text at AT, which ends with a NUL before END: a NUL-ended copy owned by ARENA. False when
 * there is no NUL, or more than MAX bytes are before it. */
bool lk_bytes_text(struct lk_bytes *bytes, uint64_t at, uint64_t end, size_t max,
	struct lk_arena *arena, lk_str *ret) LK_MUST_USE;

#endif
