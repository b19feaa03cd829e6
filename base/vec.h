/*
 * Typed growable vectors.
 *
 *     struct lk_u32s LK_VEC_OF(uint32_t);
 *     struct lk_u32s v = {0};
 *     lk_vec_push(&v, 7u);
 *     for (size_t i = 0; i < v.len; i++) use(v.items[i]);
 *     lk_vec_done(&v);
 *
 * A zeroed struct is an empty vector. The macros evaluate V more than once: pass a plain pointer.
 */
#ifndef LK_BASE_VEC_H
#define LK_BASE_VEC_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

#define LK_VEC_OF(T)                                                                               \
	{                                                                                          \
		T *items; /* NOLINT(bugprone-macro-parentheses): T is a type */                    \
		size_t len;                                                                        \
		size_t cap;                                                                        \
	}

/* The capacity that holds WANTED items, growing by half from CAP. */
size_t lk_vec_grown(size_t cap, size_t wanted);

#define lk_vec_reserve(v, wanted)                                                                  \
	((wanted) > (v)->cap ? (void)((v)->cap = lk_vec_grown((v)->cap, (wanted)),                 \
				       (v)->items = lk_reallocarray(                               \
					       (v)->items, (v)->cap, sizeof(*(v)->items)))         \
			     : (void)0)

#define lk_vec_push(v, ...)                                                                        \
	(lk_vec_reserve((v), (v)->len + 1), (void)((v)->items[(v)->len++] = (__VA_ARGS__)))

#define lk_vec_clear(v) ((void)((v)->len = 0))

#define lk_vec_done(v) (lk_free((v)->items), (v)->items = NULL, (void)((v)->len = (v)->cap = 0))

struct lk_u32s LK_VEC_OF(uint32_t);

#endif
