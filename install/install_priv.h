/*
 * Between the files of install: one run, the making of its new tree, and its prediction.
 */
#ifndef LK_INSTALL_INSTALL_PRIV_H
#define LK_INSTALL_INSTALL_PRIV_H

#include <time.h>

#include "install/foreign.h"
#include "install/install.h"
#include "install/keep.h"
#include "install/layout.h"
#include "install/link.h"
#include "install/meta.h"
#include "install/plan.h"
#include "install/scripts.h"
#include "install/site.h"
#include "install/stamp.h"
#include "install/trees.h"

/* One install; what was not made yet is zero. */
struct lk_install_run {
	struct lk_arena arena;
	struct lk_cache *cache;
	const struct lk_record *records;
	size_t n_records;
	const struct lk_channel *channels;
	size_t n_channels;
	const struct lk_install_options *options;
	const struct lk_report *report;
	struct lk_site site;
	struct lk_stamp stamp;
	struct lk_keep keep;
	struct lk_record *from_cache; /* the records that do not stay */
	size_t n_from_cache;
	struct lk_trees trees;   /* of those */
	struct lk_tree *tree_of; /* one for each record; borrowed from `trees` */
	struct lk_layout_package *packages;
	bool has_layout;
	struct lk_layout layout;
	struct lk_linker linker;
	struct lk_prefix_records have;
	struct lk_foreign_seen seen;
	struct lk_plan plan;
	struct timespec began; /* when the prefix became ours, by its file system's clock */
	struct lk_scripts scripts;
	int new_fd, apart_fd;
	bool keep_nothing; /* what was to stay cannot: all comes from the cache */
	bool check_trees;  /* one is damaged: all are held against their seals before anything else
			    */
};

/* Does the package of the record INDEX stay, so that its files come from the old prefix? */
static inline bool lk_install_keeps(const struct lk_install_run *run, size_t index)
{
	return run->keep.packages != NULL && run->keep.packages[index].record != NULL;
}

/* Makes packages and layout from what stays and from the trees. LK_E_INTEGRITY and what
 * lk_layout_make and lk_clobber_resolve say; run->keep_nothing is set where it failed because what
 * stays does not fit. */
int lk_build_layout(struct lk_install_run *run, struct lk_error *err) LK_MUST_USE;

/* The records, and the digest over them and all else that the prefix owns. RECORDS: their lines for
 * the stamp; NULL when nothing is written. LK_E_INTEGRITY where the digest is not the one that the
 * options expect. */
int lk_build_records(struct lk_install_run *run, const struct lk_meta_source *source,
	struct lk_install_result *result, struct lk_buf *records, struct lk_error *err) LK_MUST_USE;

/* Makes the new tree in the working folder (run->new_fd): files, pyc, records, history, state, the
 * stamp last. Nothing of the prefix is touched. LK_E_FS, LK_E_INTEGRITY, LK_E_INTERRUPTED. */
int lk_build_tree(struct lk_install_run *run, struct lk_install_result *result,
	struct lk_error *err) LK_MUST_USE;

#endif
