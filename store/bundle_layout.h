/*
 * Where a bundle's members lie, and every byte of it that is not a member's own: all of that
 * follows from the manifest (docs/bundle.md).
 *
 * A bundle is a POSIX tar, byte for byte what GNU tar writes of the same files with --format=posix
 * and fixed owner, mode and time. Each member is its header (of 512 or, with a pax header before
 * it, 1536 bytes), its bytes, and zeros up to the next multiple of 512. Two blocks of zeros end the
 * file.
 */
#ifndef LK_STORE_BUNDLE_LAYOUT_H
#define LK_STORE_BUNDLE_LAYOUT_H

#include "store/manifest.h"

#define LK_BUNDLE_BLOCK ((size_t)512)
#define LK_BUNDLE_HEADER_MAX (3 * LK_BUNDLE_BLOCK)
#define LK_BUNDLE_END (2 * LK_BUNDLE_BLOCK) /* bytes of the end mark */

struct lk_bundle_header {
	unsigned char bytes[LK_BUNDLE_HEADER_MAX];
	size_t len;
};

/* The header of a member: EXECUTABLE ones have the mode 0755, others 0644. PATH has at most 264
 * bytes, as those of a manifest do. */
void lk_bundle_header_make(
	lk_str path, uint64_t size, bool executable, struct lk_bundle_header *ret);
/* The header of the manifest itself, and of a member. */
void lk_bundle_header_of_manifest(size_t manifest_size, struct lk_bundle_header *ret);
void lk_bundle_header_of(const struct lk_manifest_entry *entry, struct lk_bundle_header *ret);
/* How many zeros follow a member of SIZE bytes. */
size_t lk_bundle_padding(uint64_t size);

struct lk_bundle_layout {
	/* Offset of each entry's header in the bundle; of an absent one, and of the entry behind
	 * the last (the end mark), where that would be. n_entries + 1 of them. */
	uint64_t *offsets;
	uint64_t total; /* bytes of the whole bundle */
};

/* MANIFEST_SIZE: bytes of the manifest's text. */
void lk_bundle_layout_init(
	struct lk_bundle_layout *ret, const struct lk_manifest *manifest, size_t manifest_size);
void lk_bundle_layout_done(struct lk_bundle_layout *layout);

#endif
