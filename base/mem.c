/*
 * Checked allocation, and arenas as a list of blocks that grow with what was asked for before.
 */
#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EXIT_LOST 70

/* Blocks double from the first size to the last; what is larger than a quarter of the next block
 * gets one of its own, so that little of a block is ever left unused. */
#define BLOCK_FIRST ((size_t)4 * 1024)
#define BLOCK_LAST ((size_t)1024 * 1024)

struct lk_arena_block {
	struct lk_arena_block *next;
	size_t used; /* bytes of `bytes` handed out */
	size_t size;
	max_align_t bytes[];
};

void lk_die(const char *reason)
{
	/* One write and no allocation: this may be all that still works. */
	char line[256];
	int len = snprintf(line, sizeof(line), "lockenv: %s\n", reason);
	if (len > 0) {
		size_t shown = (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1;
		ssize_t ignored LK_UNUSED = write(STDERR_FILENO, line, shown);
	}
	_exit(EXIT_LOST);
}

void lk_mem_lost(void)
{
	lk_die("out of memory");
}

void *lk_calloc(size_t count, size_t size)
{
	void *ptr = calloc(count && size ? count : 1, count && size ? size : 1);
	if (!ptr) {
		lk_mem_lost();
	}
	return ptr;
}

void *lk_reallocarray(void *ptr, size_t count, size_t size)
{
	void *grown = reallocarray(ptr, count && size ? count : 1, count && size ? size : 1);
	if (!grown) {
		lk_mem_lost();
	}
	return grown;
}

char *lk_strndup(const char *text, size_t len)
{
	if (len == SIZE_MAX) {
		lk_mem_lost();
	}
	char *copy = lk_reallocarray(NULL, len + 1, 1);
	if (len > 0) {
		memcpy(copy, text, len);
	}
	copy[len] = '\0';
	return copy;
}

char *lk_strdup(const char *text)
{
	return lk_strndup(text, strlen(text));
}

char *lk_asprintf(const char *fmt, ...)
{
	char *text = NULL;
	va_list args;
	va_start(args, fmt);
	int len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len < 0) {
		lk_mem_lost();
	}
	return text;
}

void lk_free(void *ptr)
{
	free(ptr);
}

void lk_free_p(void *pointer_to_pointer)
{
	lk_free(lk_steal_voidp(pointer_to_pointer));
}

void lk_arena_init(struct lk_arena *arena)
{
	*arena = (struct lk_arena){0};
}

void lk_arena_done(struct lk_arena *arena)
{
	struct lk_arena_block *block = arena->blocks;
	while (block) {
		struct lk_arena_block *next = block->next;
		lk_free(block);
		block = next;
	}
	lk_arena_init(arena);
}

void lk_arena_take(struct lk_arena *into, struct lk_arena *from)
{
	struct lk_arena_block **end = &into->blocks;
	while (*end) {
		end = &(*end)->next;
	}
	*end = from->blocks;
	into->total += from->total;
	lk_arena_init(from);
}

static struct lk_arena_block *block_new(struct lk_arena *arena, size_t size)
{
	if (size > SIZE_MAX - sizeof(struct lk_arena_block)) {
		lk_mem_lost();
	}
	struct lk_arena_block *block = lk_calloc(1, sizeof(*block) + size);
	block->size = size;
	arena->total += sizeof(*block) + size;
	return block;
}

/* A block with room for SIZE bytes: a new head, or one behind the head made for this size alone. */
static struct lk_arena_block *block_for(struct lk_arena *arena, size_t size)
{
	struct lk_arena_block *head = arena->blocks;
	size_t next_size = head ? head->size * 2 : BLOCK_FIRST;
	if (next_size > BLOCK_LAST) {
		next_size = BLOCK_LAST;
	}
	if (head && size > next_size / 4) {
		struct lk_arena_block *own = block_new(arena, size);
		own->next = head->next;
		head->next = own;
		return own;
	}
	struct lk_arena_block *block = block_new(arena, size > next_size ? size : next_size);
	block->next = head;
	arena->blocks = block;
	return block;
}

static void *arena_alloc(struct lk_arena *arena, size_t size, size_t align)
{
	struct lk_arena_block *block = arena->blocks;
	size_t start = block ? (block->used + align - 1) & ~(align - 1) : 0;
	if (!block || start > block->size || size > block->size - start) {
		block = block_for(arena, size);
		start = 0;
	}
	block->used = start + size;
	return (char *)block->bytes + start;
}

void *lk_arena_calloc(struct lk_arena *arena, size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes)) {
		lk_mem_lost();
	}
	return arena_alloc(arena, bytes ? bytes : 1, _Alignof(max_align_t));
}

char *lk_arena_strndup(struct lk_arena *arena, const char *text, size_t len)
{
	if (len == SIZE_MAX) {
		lk_mem_lost();
	}
	char *copy = arena_alloc(arena, len + 1, 1);
	if (len > 0) {
		memcpy(copy, text, len);
	}
	return copy; /* blocks are zeroed, so the NUL is there */
}

char *lk_arena_vprintf(struct lk_arena *arena, const char *fmt, va_list args)
{
	va_list again;
	va_copy(again, args);
	/* Where the next text goes in any case, if it fits. */
	struct lk_arena_block *block = arena->blocks;
	size_t room = block ? block->size - block->used : 0;
	char *text = room > 0 ? (char *)block->bytes + block->used : NULL;
	int len = vsnprintf(text, room, fmt, args);
	if (len < 0) {
		lk_mem_lost();
	}
	if ((size_t)len < room) {
		block->used += (size_t)len + 1;
	} else {
		if (room > 0) {
			memset(text, 0, room);
		}
		text = arena_alloc(arena, (size_t)len + 1, 1);
		(void)vsnprintf(text, (size_t)len + 1, fmt, again);
	}
	va_end(again);
	return text;
}

char *lk_arena_printf(struct lk_arena *arena, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *text = lk_arena_vprintf(arena, fmt, args);
	va_end(args);
	return text;
}
