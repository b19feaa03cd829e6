/*
 * Listings: order, look-up, and where a symlink leads.
 */
#include "store/listing.h"

#include <stdlib.h>

void lk_listing_done(struct lk_listing *listing)
{
	lk_vec_done(&listing->entries);
	lk_arena_done(&listing->arena);
}

static int entry_cmp(const void *a, const void *b)
{
	const struct lk_entry *left = a;
	const struct lk_entry *right = b;
	return lk_str_cmp(left->path, right->path);
}

void lk_listing_sort(struct lk_listing *listing)
{
	if (listing->entries.len > 1) {
		qsort(listing->entries.items, listing->entries.len, sizeof(*listing->entries.items),
			entry_cmp);
	}
}

const struct lk_entry *lk_listing_find(const struct lk_listing *listing, lk_str path)
{
	struct lk_entry key = {.path = path};
	if (listing->entries.len == 0) {
		return NULL;
	}
	return bsearch(&key, listing->entries.items, listing->entries.len, sizeof(key), entry_cmp);
}

bool lk_link_escapes(lk_str path, lk_str target)
{
	if (target.len == 0 || target.ptr[0] == '/') {
		return true;
	}
	size_t depth = 0;
	for (size_t i = 0; i < path.len; i++) {
		depth += path.ptr[i] == '/';
	}
	bool descended = false;
	lk_str part;
	while (lk_str_split(&target, '/', &part)) {
		if (part.len == 0 || lk_str_is(part, ".")) {
			continue;
		}
		if (!lk_str_is(part, "..")) {
			descended = true;
			continue;
		}
		/* After a name, which may itself be a link, nobody knows what ".." means. */
		if (descended || depth == 0) {
			return true;
		}
		depth--;
	}
	return false;
}
