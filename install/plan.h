/*
 * What has to change, as values: the packages a prefix has against those the lock wants. Touches
 * nothing; running a plan is install.c's matter, so a dry run is free.
 */
#ifndef LK_INSTALL_PLAN_H
#define LK_INSTALL_PLAN_H

#include "base/err.h"
#include "conda/prefix_record.h"

enum lk_plan_action {
	LK_PLAN_ADD,
	LK_PLAN_KEEP,    /* the very same archive is installed */
	LK_PLAN_RELINK,  /* the same, but its files come from the cache again; see lk_plan_relink */
	LK_PLAN_REPLACE, /* the name is installed, from another archive */
	LK_PLAN_REMOVE,
};

struct lk_plan_step {
	enum lk_plan_action action;
	const struct lk_prefix_record *have; /* NULL for ADD */
	const struct lk_record *want;        /* NULL for REMOVE */
};

struct lk_plan {
	struct lk_plan_step *steps; /* sorted by package name */
	size_t n_steps;
	size_t added, removed, kept, relinked, replaced;
};

struct lk_prefix_records LK_VEC_OF(struct lk_prefix_record);

/* HAVE in any order; WANT sorted by name. The plan borrows both; its own arrays are owned by ARENA.
 * LK_E_FORMAT when two wanted records have one name. */
int lk_plan_make(const struct lk_prefix_records *have, const struct lk_record *want, size_t n_want,
	struct lk_arena *arena, struct lk_plan *ret, struct lk_error *err) LK_MUST_USE;

/* What was to be kept and cannot stay as it is. */
void lk_plan_relink(struct lk_plan *plan, struct lk_plan_step *step);

#endif
