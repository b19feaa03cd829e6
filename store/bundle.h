/*
 * Bundles (env.lockpack, docs/bundle.md): opened, and looked into without unpacking.
 *
 *     lk_bundle_open("env.lockpack", &bundle, err);
 *     manifest = lk_bundle_manifest(bundle);
 *     lk_bundle_read_lock(bundle, lk_manifest_find_lock(manifest, LK_STR("env")), &text, err);
 *     lk_bundle_open_archive(bundle, record, &blob, err);       a part of the bundle's files
 *     lk_blob_done(&blob);
 *     lk_bundle_free(bundle);
 *
 * A bundle is one file, or volumes: FILE.001, FILE.002 and so on in one folder, which `cat` joins.
 * Its manifest says where everything is (store/bundle_layout.h); nothing in it is searched for.
 *
 * An open bundle does not change: several threads may read from it at once.
 */
#ifndef LK_STORE_BUNDLE_H
#define LK_STORE_BUNDLE_H

#include "store/blob.h"
#include "store/manifest.h"

#define LK_BUNDLE_MAX_VOLUMES 999u

struct lk_bundle;

/* Is PATH a file that begins as bundles do, any volume of one, or what they are called without
 * their number? Tells bundles from locks and folders; says nothing about whether it is whole. */
bool lk_bundle_is(const char *path);

/* PATH is the file, the name of volumes without their number, or any one volume. Reads and checks
 * the manifest and the size of the whole. LK_E_NOT_FOUND when there is no such file; LK_E_INTEGRITY
 * for what is no bundle, a damaged or a truncated one; LK_E_FS. No signature is looked at. */
int lk_bundle_open(const char *path, struct lk_bundle **ret, struct lk_error *err) LK_MUST_USE;
void lk_bundle_free(struct lk_bundle *bundle);
void lk_bundle_free_p(struct lk_bundle **bundle);

/* The file's name without a volume's number. */
const char *lk_bundle_path(const struct lk_bundle *bundle);
const struct lk_manifest *lk_bundle_manifest(const struct lk_bundle *bundle);
/* The bytes of MANIFEST as they stand in the file: what a signature is made over. */
lk_str lk_bundle_manifest_text(const struct lk_bundle *bundle);
uint64_t lk_bundle_size(const struct lk_bundle *bundle); /* bytes of the whole */

/* The bytes of one member, for as long as BUNDLE is open. The header in front of it and the zeros
 * behind it are compared, its bytes are not hashed. LK_E_INTEGRITY; LK_E_NOT_FOUND for one that is
 * absent (a delta). ENTRY is the manifest's own. */
int lk_bundle_open_member(const struct lk_bundle *bundle, const struct lk_manifest_entry *entry,
	struct lk_blob *ret, struct lk_error *err) LK_MUST_USE;
/* The same for RECORD's archive. LK_E_NOT_FOUND when the bundle does not have it, or has it with
 * another size than RECORD says. */
int lk_bundle_open_archive(const struct lk_bundle *bundle, const struct lk_record *record,
	struct lk_blob *ret, struct lk_error *err) LK_MUST_USE;
bool lk_bundle_has_archive(const struct lk_bundle *bundle, const struct lk_record *record);
/* The text of a lock appended to RET, its hash checked: LK_E_INTEGRITY also when it does not fit.
 */
int lk_bundle_read_lock(const struct lk_bundle *bundle, const struct lk_manifest_entry *entry,
	struct lk_buf *ret, struct lk_error *err) LK_MUST_USE;

#endif
