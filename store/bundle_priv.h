/*
 * What the files about bundles share.
 */
#ifndef LK_STORE_BUNDLE_PRIV_H
#define LK_STORE_BUNDLE_PRIV_H

#include "store/bundle.h"
#include "store/bundle_layout.h"

struct lk_volumes LK_VEC_OF(struct lk_volume);

struct lk_bundle {
	char *path;                /* without a volume's number */
	bool is_cut;               /* into volumes */
	struct lk_volumes volumes; /* one for a file that is not; fd -1 where one is missing */
	struct lk_buf text;        /* of the manifest */
	struct lk_manifest manifest;
	struct lk_bundle_layout layout;
};

/* The name of volume NUMBER (from 1 on) of PATH, appended to RET. */
void lk_bundle_put_volume(const char *path, size_t number, struct lk_buf *ret);

/* Opens the files, reads the manifest and lays everything out, but does not ask whether all of it
 * is there: volumes that lack are left out at the end and have fd -1 and size 0 between others.
 * LK_E_OFFLINE when the manifest is not there yet. */
int lk_bundle_open_part(const char *path, struct lk_bundle **ret, struct lk_error *err) LK_MUST_USE;

/* Bytes FROM to FROM + SIZE of the files as they lie. */
struct lk_blob lk_bundle_blob(const struct lk_bundle *bundle, uint64_t from, uint64_t size);
/* Compares BYTES with those from FROM on. LK_E_INTEGRITY when WHAT is not as it must be. */
int lk_bundle_compare(const struct lk_bundle *bundle, uint64_t from, const void *bytes, size_t len,
	const char *what, struct lk_error *err) LK_MUST_USE;

#endif
