/*
 * Three locks made one: what changed since a common ancestor on either side, united.
 *
 *     lk_lock_merge_make(&base, &ours, &theirs, LK_MERGE_NEITHER, &merge);
 *     if (lk_lock_merge_is_clean(&merge))
 *             lk_lock_write(&merge.lock, &bytes, err);
 *     lk_lock_merge_done(&merge);
 *
 * By value, not by line: a header field, a spec, a pin, a virtual package, a package or a platform
 * that only one side changed, added or took out is as that side has it; one that both sides changed
 * differently collides. Orders are merged too, where they mean something: of channels strictly (two
 * sides that add a channel at the same place collide), of specs so that ours come first. `requires`
 * is computed again, and every platform must hold together afterwards
 * (lk_lock_each_fault).
 *
 * A package that a spec leads to on every side that has it, but that nothing leads to any more once
 * both sides are united, is left out, as solving would leave it out.
 *
 * merge(b, x, b), merge(b, b, x) and merge(b, x, x) are x; a merge is clean either way round or
 * neither. The value borrows from the three locks: they must outlive it. No file, no network, no
 * environment.
 */
#ifndef LK_LOCK_LOCK_MERGE_H
#define LK_LOCK_LOCK_MERGE_H

#include "base/json.h"
#include "lock/lockfile.h"

enum lk_merge_side {
	LK_MERGE_NEITHER, /* what collides is as ours has it, and the merge is not clean */
	LK_MERGE_OURS,    /* what collides is as this side has it */
	LK_MERGE_THEIRS,
};

/* What collides, in the order in which collisions are told. */
enum lk_merge_field {
	LK_MERGE_CHANNELS,
	LK_MERGE_CHANNEL_PRIORITY,
	LK_MERGE_EXCLUDE_NEWER,
	LK_MERGE_VARIABLES,
	LK_MERGE_PLATFORMS, /* taken out by one side, changed by the other */
	LK_MERGE_SPECS,
	LK_MERGE_PINS,
	LK_MERGE_SOLVED_WITH,
	LK_MERGE_PACKAGES,
};
#define LK_MERGE_N_FIELDS (LK_MERGE_PACKAGES + 1)

struct lk_merge_collision {
	enum lk_merge_field field;
	lk_str subdir;             /* empty in the header */
	lk_str key;                /* what it is about; empty for a single value or an order */
	lk_str base, ours, theirs; /* what stands there, for people; empty: nothing */
};

struct lk_merge_dropped {
	lk_str subdir;
	const struct lk_record *record;
};

struct lk_lock_merge {
	struct lk_lock lock;
	const struct lk_merge_collision *collisions;
	size_t n_collisions;
	/* At most 1,000, such as "linux-64: numpy depends on 'python >=3.13', but …": of the
	 * platforms without collisions; with a side chosen, of all. */
	struct lk_str_list unmet;
	const struct lk_merge_dropped *dropped;
	size_t n_dropped;
};

/* BASE is NULL where there is no common ancestor. */
void lk_lock_merge_make(const struct lk_lock *base, const struct lk_lock *ours,
	const struct lk_lock *theirs, enum lk_merge_side prefer, struct lk_lock_merge *ret);
void lk_lock_merge_done(struct lk_lock_merge *merge);

/* May the merged lock be written? Nothing collides, nothing is unmet. */
bool lk_lock_merge_is_clean(const struct lk_lock_merge *merge);

/* Words for people and JSON: "package" / "packages". */
const char *lk_merge_field_name(enum lk_merge_field field, size_t n);
/* One line of foreign text, not escaped: "linux-64: package 'numpy': ours …, theirs …, before …".
 */
void lk_merge_collision_text(const struct lk_merge_collision *collision, struct lk_buf *out);
/* An object of `collisions`, `unmet` and `dropped`. */
void lk_lock_merge_json(const struct lk_lock_merge *merge, struct lk_jw *w);

#endif
