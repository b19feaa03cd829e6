/*
 * Checking what an archive held against what it says of itself.
 */
#ifndef LK_STORE_TREE_PRIV_H
#define LK_STORE_TREE_PRIV_H

#include "store/listing.h"
#include "store/tree.h"

/* Parses info/ of the tree in DIRFD. NAME is the archive's, for errors. Of a tree whose owner may
 * change it at any time what was read is held against SEALED (LK_E_INTEGRITY); else that is NULL.
 */
int lk_tree_load_package(int dirfd, const char *name, const struct lk_listing *sealed,
	struct lk_package **ret, struct lk_error *err) LK_MUST_USE;

/*
 * Holds PACKAGE's paths against LISTING: each is there, has the type, size and sha256 that
 * info/paths.json gives (LK_E_INTEGRITY, or with safety_warn a warning; a missing file is always an
 * error), and no symlink leads outside (a warning, or with strict LK_E_INTEGRITY). Files of the
 * archive that info/paths.json does not list are left alone: real packages have them, nothing
 * installs them. Without paths.json the types come from LISTING; without info/files too, the paths
 * do. *RET_FILES is what lies under each of the paths that remain; owned by the package.
 */
int lk_tree_check_contents(struct lk_package *package, const struct lk_listing *listing,
	const char *name, const struct lk_tree_options *options, const struct lk_report *report,
	const struct lk_tree_file **ret_files, struct lk_error *err) LK_MUST_USE;

#endif
