/*
 * A diff as people read it: what is the same change on several platforms stands there once, with
 * the platforms it is on.
 *
 *     lk_diff_groups_make(&diff, &groups);
 *     groups.sets[groups.packages[i].set].platforms have groups.packages[i].change
 *     lk_diff_groups_done(&groups);
 *
 * Two changes are the same when package, kinds and versions are, and where it is about them also
 * hashes, channels, licences or build numbers. Build strings, sizes and reasons may differ between
 * platforms: those of the first platform are shown. Borrows from the diff.
 */
#ifndef LK_LOCK_LOCK_DIFF_GROUP_H
#define LK_LOCK_LOCK_DIFF_GROUP_H

#include "lock/lock_diff.h"

/* Platforms, as indices into the diff's; ascending. */
struct lk_diff_set {
	const uint32_t *platforms;
	size_t n;
	bool is_all; /* every platform that both locks have */
};

struct lk_package_group {
	const struct lk_package_change *change; /* on the first of the platforms */
	uint32_t set;                           /* index into sets */
	bool same_build;                        /* build strings agree on all of them */
	bool has_growth;
	int64_t growth_min, growth_max; /* bytes, over the platforms */
};

struct lk_edit_group {
	const struct lk_lock_edit *edit;
	uint32_t set;
};

struct lk_requirement_group {
	const struct lk_requirement_change *requirement; /* on the first of the platforms */
	uint32_t set;
};

struct lk_diff_groups {
	struct lk_arena arena;
	const struct lk_diff_set *sets; /* the larger first, then by their platforms */
	size_t n_sets;
	const struct lk_package_group *packages; /* by kind, then set, then name */
	size_t n_packages;
	const struct lk_edit_group *edits; /* of platforms, not of the header: by field, then set */
	size_t n_edits;
	const struct lk_requirement_group *requirements; /* risen ones first, by set, then name */
	size_t n_requirements;
	size_t counts[LK_CHANGE_COUNT]; /* of packages, by leading kind: each group once */
};

void lk_diff_groups_make(const struct lk_lock_diff *diff, struct lk_diff_groups *ret);
void lk_diff_groups_done(struct lk_diff_groups *groups);

#endif
