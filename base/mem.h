/*
 * Checked allocation and arenas.
 *
 * Lost memory ends the run: every function here either succeeds or prints one line and exits with
 * 70 (mem.c is the only place below cli/ that may). What was on disk survives that like any kill.
 * So every size that comes from input must have been held against a named limit before.
 *
 * An arena belongs to one parsed thing (a lock, a repodata, a solution) and is freed whole; what it
 * hands out is aligned for any type and lives until lk_arena_done. Not thread-safe: one arena, one
 * thread at a time.
 */
#ifndef LK_BASE_MEM_H
#define LK_BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "base/attr.h"

/* Prints "lockenv: REASON" and exits with 70: what is left where a function cannot fail. */
_Noreturn void lk_die(const char *reason);
/* The same for memory: where another library ran out of it, or a size cannot even be expressed. */
_Noreturn void lk_mem_lost(void);

/* Zeroed memory for COUNT items of SIZE bytes; free with lk_free. Zero bytes gives a unique
 * pointer. */
void *lk_calloc(size_t count, size_t size) LK_MUST_USE;

/* Grows or shrinks PTR (may be NULL) to COUNT items of SIZE bytes; new bytes are not zeroed. */
void *lk_reallocarray(void *ptr, size_t count, size_t size) LK_MUST_USE;

/* A heap copy of LEN bytes of TEXT with a NUL after them; free with lk_free. */
char *lk_strndup(const char *text, size_t len) LK_MUST_USE;
char *lk_strdup(const char *text) LK_MUST_USE;

/* A formatted heap string; free with lk_free. */
char *lk_asprintf(const char *fmt, ...) LK_PRINTF(1, 2) LK_MUST_USE;

void lk_free(void *ptr);

/* For LK_CLEANUP on any pointer variable: frees what it points to. */
void lk_free_p(void *pointer_to_pointer);
#define LK_AUTO_FREE LK_CLEANUP(lk_free_p)

/* Takes the pointer out of a variable that is freed on scope exit. */
static inline void *lk_steal_voidp(void *pointer_to_pointer)
{
	void *value;
	void *none = NULL;
	memcpy(&value, pointer_to_pointer, sizeof(value));
	memcpy(pointer_to_pointer, &none, sizeof(none));
	return value;
}
#define LK_STEAL(variable) ((__typeof__(variable))lk_steal_voidp(&(variable)))

struct lk_arena_block;

struct lk_arena {
	struct lk_arena_block *blocks;
	size_t total; /* bytes obtained from the heap */
};

void lk_arena_init(struct lk_arena *arena);
void lk_arena_done(struct lk_arena *arena); /* a zeroed arena is fine */

/* All that FROM owns is INTO's from now on; FROM is empty then. */
void lk_arena_take(struct lk_arena *into, struct lk_arena *from);

/* Zeroed memory for COUNT items of SIZE bytes; owned by the arena. */
void *lk_arena_calloc(struct lk_arena *arena, size_t count, size_t size) LK_MUST_USE;

/* A NUL-ended copy of LEN bytes; owned by the arena. */
char *lk_arena_strndup(struct lk_arena *arena, const char *text, size_t len) LK_MUST_USE;

/* Formatted text; owned by the arena. */
char *lk_arena_printf(struct lk_arena *arena, const char *fmt, ...) LK_PRINTF(2, 3) LK_MUST_USE;
char *lk_arena_vprintf(struct lk_arena *arena, const char *fmt, va_list args)
	LK_PRINTF(2, 0) LK_MUST_USE;

#endif
