/*
 * What a package's tree holds: every file, symlink and directory with what is known of it.
 *
 * Made while an archive is extracted, written down as the tree's seal, read back at each later use.
 * Everything in it lives in its arena.
 */
#ifndef LK_STORE_LISTING_H
#define LK_STORE_LISTING_H

#include "base/digest.h"
#include "conda/package.h"

struct lk_entry {
	lk_str path; /* relative, contained, NUL-ended, no control characters */
	enum lk_path_type type;
	/* files */
	bool executable; /* mode 0755, else 0644 */
	int64_t mtime;   /* whole seconds since 1970, within LK_MTIME_MIN and LK_MTIME_MAX */
	uint64_t size;   /* bytes */
	struct lk_sha256 sha256;
	/* symlinks */
	lk_str target; /* as it is in the archive; NUL-ended */
};

struct lk_listing {
	struct lk_arena arena;
	struct lk_entries LK_VEC_OF(struct lk_entry) entries;
};

/* 1980-01-01, the oldest that zip files and pyc headers of all kinds can hold; and the last second
 * that every file system can: an mtime that does not come back as it was set would break the seal.
 */
#define LK_MTIME_MIN INT64_C(315532800)
#define LK_MTIME_MAX INT64_C(2147483647)

/* A zeroed struct is an empty listing. */
void lk_listing_done(struct lk_listing *listing);
/* Bytewise by path. Do it once, when it is complete. */
void lk_listing_sort(struct lk_listing *listing);
/* In a sorted listing; NULL when it is not there. */
const struct lk_entry *lk_listing_find(const struct lk_listing *listing, lk_str path);

/* The canonical permission bits of a file. */
static inline unsigned lk_entry_mode(const struct lk_entry *entry)
{
	return entry->executable ? 0755u : 0644u;
}

/* Can the symlink PATH -> TARGET, both relative to the tree's root, lead out of the tree? Decided
 * by name alone: only a target that climbs first and then descends, not above the root, stays
 * inside (when that holds for every link of the tree, following any of them stays inside). */
bool lk_link_escapes(lk_str path, lk_str target);

#endif
