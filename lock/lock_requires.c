/*
 * What a lock's packages ask of the host: their depends and constrains on virtual packages.
 */
#include "lock/lockfile.h"

#include <stdlib.h>

#include "lock/lock_rules_priv.h"

/* Sorts and drops what stands twice. */
static struct lk_str_list sorted_unique(struct lk_strs *texts, struct lk_arena *arena)
{
	if (texts->len == 0) {
		return (struct lk_str_list){NULL, 0};
	}
	qsort(texts->items, texts->len, sizeof(*texts->items), lk_str_cmp_qsort);
	lk_str *items = lk_arena_calloc(arena, texts->len, sizeof(*items));
	size_t n = 0;
	for (size_t i = 0; i < texts->len; i++) {
		if (n == 0 || !lk_str_eq(items[n - 1], texts->items[i])) {
			items[n++] = texts->items[i];
		}
	}
	return (struct lk_str_list){items, n};
}

static void collect(struct lk_strs *into, const struct lk_str_list *specs, struct lk_arena *arena)
{
	for (size_t i = 0; i < specs->n; i++) {
		if (lk_lock_spec_is_virtual(specs->items[i])) {
			lk_vec_push(into, lk_str_single_spaced(arena, specs->items[i]));
		}
	}
}

void lk_lock_requires(struct lk_lock_platform *platform, struct lk_arena *arena)
{
	struct lk_strs depends = {0};
	struct lk_strs constrains = {0};
	for (size_t i = 0; i < platform->n_packages; i++) {
		collect(&depends, &platform->packages[i].depends, arena);
		collect(&constrains, &platform->packages[i].constrains, arena);
	}
	platform->requires_depends = sorted_unique(&depends, arena);
	platform->requires_constrains = sorted_unique(&constrains, arena);
	lk_vec_done(&depends);
	lk_vec_done(&constrains);
}
