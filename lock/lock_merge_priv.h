/*
 * Inside a merge: the one rule of three, collisions, and lists whose order is merged.
 */
#ifndef LK_LOCK_LOCK_MERGE_PRIV_H
#define LK_LOCK_LOCK_MERGE_PRIV_H

#include "base/map.h"
#include "lock/lock_merge.h"

struct lk_merger {
	enum lk_merge_side prefer;
	struct lk_arena *arena; /* of the merged lock */
	const struct lk_lock *base, *ours, *theirs;
	struct LK_VEC_OF(struct lk_merge_collision) collisions;
	struct LK_VEC_OF(struct lk_merge_dropped) dropped;
	struct lk_strs unmet;
	struct lk_map lost; /* "PLATFORM/CHANNEL" that was told to be missing */
};

/* The rule of three: which side's value to take. NEITHER: both changed it, differently. */
static inline enum lk_merge_side lk_merge_rule(
	bool ours_is_theirs, bool ours_is_base, bool theirs_is_base)
{
	if (ours_is_theirs || theirs_is_base) {
		return LK_MERGE_OURS;
	}
	return ours_is_base ? LK_MERGE_THEIRS : LK_MERGE_NEITHER;
}

/* Notes the collision; the side that is taken all the same. */
enum lk_merge_side lk_merge_collide(struct lk_merger *m, struct lk_merge_collision collision);

/* A value that keeps its key while it changes. */
struct lk_merge_item {
	lk_str key;
	lk_str name; /* the key as people know it */
	lk_str value;
};
struct lk_merge_items {
	const struct lk_merge_item *items; /* keys are unique */
	size_t n;
};

enum lk_merge_order {
	LK_ORDER_FREE,    /* means nothing */
	LK_ORDER_TIES,    /* both sides may add at the same place: ours first */
	LK_ORDER_DECIDES, /* they may not */
};

/* The three lists made one, owned by the arena. WHAT says field and platform of collisions. */
struct lk_merge_items lk_merge_lists(struct lk_merger *m, struct lk_merge_collision what,
	enum lk_merge_order order, const struct lk_merge_items *base,
	const struct lk_merge_items *ours, const struct lk_merge_items *theirs);

/* Specs as items: keyed by the name of what they ask for, numbered where several ask for one. */
struct lk_merge_items lk_merge_items_of_specs(struct lk_merger *m, const struct lk_str_list *specs);

#endif
