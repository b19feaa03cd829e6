/*
 * Bundles unpacked: their archives into a cache, or all of them into a folder. Every member is
 * hashed on the way and published whole; one that is there already with the right bytes stays, so
 * that unpacking again goes on where it was broken off.
 */
#ifndef LK_STORE_BUNDLE_UNPACK_H
#define LK_STORE_BUNDLE_UNPACK_H

#include "base/report.h"
#include "store/bundle.h"
#include "store/cache.h"

struct lk_bundle_unpacked {
	size_t written, present; /* members; of these that were there already */
	uint64_t bytes;          /* that were written */
};

/* The archives into CACHE, which must be writable. Errors as below. */
int lk_bundle_unpack_cache(const struct lk_bundle *bundle, struct lk_cache *cache, unsigned jobs,
	const struct lk_report *report, struct lk_bundle_unpacked *ret,
	struct lk_error *err) LK_MUST_USE;

/* MANIFEST (last) and every member into the folder PATH, which is made, with modes 0644 and 0755.
 * What lies there under other names stays. No link below PATH is followed. LK_E_INTEGRITY for a
 * damaged member: nothing of it is left; LK_E_USAGE for a folder that has a MANIFEST of something
 * else, or without one another lock of the same name; LK_E_FS; LK_E_INTERRUPTED. */
int lk_bundle_unpack_folder(const struct lk_bundle *bundle, const char *path, unsigned jobs,
	const struct lk_report *report, struct lk_bundle_unpacked *ret,
	struct lk_error *err) LK_MUST_USE;

#endif
