/*
 * Bundles written: one file or volumes of a given size, by several threads at once.
 *
 *     lk_manifest_make(entries, n, &manifest, err);
 *     lk_bundle_write(&manifest, "env.lockpack", open_source, ctx, &options, report, err);
 *
 * The bytes depend on the manifest and the members alone. The members are written under a name of
 * their own and hashed on the way; the file appears under its final name when all of it is right.
 */
#ifndef LK_STORE_BUNDLE_WRITE_H
#define LK_STORE_BUNDLE_WRITE_H

#include "base/report.h"
#include "store/blob.h"
#include "store/manifest.h"

struct lk_bundle_source {
	struct lk_blob blob; /* owned; LK_BLOB_NONE when BYTES are the member */
	lk_str bytes;        /* borrowed */
	char *name;          /* of the file, for errors; heap, owned; NULL for the member's path */
};

/* Opens what the member ENTRY is copied from. Called from several threads, once for each member
 * that is not absent. */
typedef int lk_bundle_source_fn(void *ctx, const struct lk_manifest_entry *entry,
	struct lk_bundle_source *ret, struct lk_error *err);

struct lk_bundle_write_options {
	uint64_t volume_size; /* bytes of a volume; 0: one file */
	unsigned jobs;        /* 0: as many as processors */
};

/* Bytes of the bundle that MANIFEST gives, and how many volumes of VOLUME_SIZE that are. */
uint64_t lk_bundle_size_of(const struct lk_manifest *manifest);
size_t lk_bundle_volumes_of(uint64_t size, uint64_t volume_size);

/* Writes PATH, or PATH.001, PATH.002 and so on. What was there before under these names is replaced
 * (by one rename; of volumes, the first goes before and comes last, so that old and new are never
 * one bundle; volumes beyond the last new one are removed), unless it is no file. On failure it
 * stays as it was. LK_E_INTEGRITY for a member that has not the size and hash of the manifest,
 * which *RET_WRONG tells then (else NULL); LK_E_USAGE for more than LK_BUNDLE_MAX_VOLUMES, for
 * volumes where PATH itself is a file, and for a PATH that is no file; LK_E_FS; LK_E_INTERRUPTED;
 * what SOURCE returns. */
int lk_bundle_write(const struct lk_manifest *manifest, const char *path,
	lk_bundle_source_fn *source, void *ctx, const struct lk_bundle_write_options *options,
	const struct lk_report *report, const struct lk_manifest_entry **ret_wrong,
	struct lk_error *err) LK_MUST_USE;

#endif
