/*
 * What lies in the writable folder of a cache, entry by entry: size on disk, age, and what taking
 * some of it away would free.
 *
 *     lk_usage_read(cache, kinds, report, &usage, err);
 *     ... usage.entries ...
 *     bytes = lk_usage_gain(&usage, entry);        what goes with the entry, as things stand
 *     bytes = lk_usage_drop(&usage, entry);        from now on it counts as gone
 *     lk_usage_done(&usage);
 *
 * Sizes are those of the blocks that files occupy. A file with several names (hard links) is freed
 * with its last one: names outside the cache, as environments have them, keep it.
 *
 * Only entries that are a cache's own count: <stem>-<sha256> in archives/ and trees/, the files
 * that repodata/ has, and in tmp/ the names that unfinished work has. Whatever else lies there is
 * no entry. No link is followed.
 */
#ifndef LK_STORE_USAGE_H
#define LK_STORE_USAGE_H

#include "base/map.h"
#include "store/cache.h"

enum lk_usage_kind {
	LK_USAGE_ARCHIVE,
	LK_USAGE_TREE,
	LK_USAGE_REPODATA,
	LK_USAGE_TMP,
	LK_USAGE_KINDS,
};
const char *lk_usage_kind_name(enum lk_usage_kind kind); /* "archive", …; static */

struct lk_usage_entry {
	enum lk_usage_kind kind;
	lk_str path;    /* in the cache: "trees/…"; NUL-ended */
	lk_str name;    /* its last component */
	int64_t used;   /* seconds since 1970 when it was last made or used: its mtime */
	uint64_t bytes; /* on disk, each file once */
	uint64_t own;   /* bytes of the files with one name */
	bool idle;      /* of tmp/: nobody is at it any more, as far as its name tells */
	bool dropped;
	size_t first_shared, n_shared; /* of `shared` */
};

/* A file with several names. */
struct lk_usage_inode {
	uint64_t bytes;
	uint64_t names; /* that it has */
	uint64_t gone;  /* of them, those in entries that were dropped */
	uint64_t seen;  /* of them, those in entries */
};

struct lk_usage {
	struct lk_arena arena;
	struct LK_VEC_OF(struct lk_usage_entry) entries; /* sorted by path */
	struct LK_VEC_OF(struct lk_usage_inode) inodes;
	struct LK_VEC_OF(uint32_t) shared; /* indices into inodes, entry by entry */
	struct lk_map by_inode;
};

/* KINDS: a bit 1 << kind each. LK_E_FS, LK_E_INTERRUPTED. */
int lk_usage_read(const struct lk_cache *cache, unsigned kinds, const struct lk_report *report,
	struct lk_usage *ret, struct lk_error *err) LK_MUST_USE;
void lk_usage_done(struct lk_usage *usage);

/* Bytes that go when ENTRY goes, after those that were dropped already. */
uint64_t lk_usage_gain(struct lk_usage *usage, const struct lk_usage_entry *entry);
/* ENTRY goes: the same bytes. */
uint64_t lk_usage_drop(struct lk_usage *usage, struct lk_usage_entry *entry);
/* Bytes that would go if all entries went that are left. */
uint64_t lk_usage_total(const struct lk_usage *usage);

#endif
