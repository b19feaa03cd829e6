/*
 * The parts that a diff is made of; lock_diff.c puts them together.
 */
#ifndef LK_LOCK_LOCK_DIFF_PRIV_H
#define LK_LOCK_LOCK_DIFF_PRIV_H

#include "base/map.h"
#include "lock/lock_diff.h"

struct lk_diff_maker {
	const struct lk_diff_options *options;
	struct lk_arena *arena; /* the diff's */
	const struct lk_lock *from, *to;
	struct lk_map channels_from, channels_to; /* names, to their index */
	struct lk_map scripts;                    /* sha256, to enum lk_scripts */
	size_t n_scripts_unknown;
};

/* Header and platform lines; FROM and TO are never NULL. */
struct lk_lock_edits lk_diff_headers(const struct lk_diff_maker *m);
struct lk_lock_edits lk_diff_edits(const struct lk_diff_maker *m,
	const struct lk_lock_platform *from, const struct lk_lock_platform *to);

/* Fills changes, counts and sizes from both sides' packages, which are never NULL. */
void lk_diff_packages(struct lk_diff_maker *m, const struct lk_lock_platform *from,
	const struct lk_lock_platform *to, struct lk_platform_diff *diff);

/* Fills requirements from both sides, which are never NULL; changes are there already. */
void lk_diff_requirements(const struct lk_diff_maker *m, const struct lk_lock_platform *from,
	const struct lk_lock_platform *to, struct lk_platform_diff *diff);

/* Fills way, edit and because of CHANGES, which are those of DIFF. */
void lk_diff_reasons(const struct lk_diff_maker *m, const struct lk_lock_platform *from,
	const struct lk_lock_platform *to, const struct lk_platform_diff *diff,
	struct lk_package_change *changes);

#endif
