/*
 * conda-meta of the new tree: a record for each package, and the history.
 */
#ifndef LK_INSTALL_META_H
#define LK_INSTALL_META_H

#include "base/err.h"
#include "base/report.h"
#include "conda/channel.h"
#include "install/layout.h"
#include "install/plan.h"
#include "install/tree_digest.h"

/* conda-meta of an open prefix. LK_E_NOT_FOUND when there is none; LK_E_USAGE for a symlink, which
 * is neither followed nor replaced, and for a file. */
int lk_meta_open(int prefix_fd, int *ret, struct lk_error *err) LK_MUST_USE;
/* Reads every conda-meta/NAME.json of the prefix at PREFIX_FD, in order of name, with
 * JOBS workers. None when there is
 * no conda-meta. LK_E_FORMAT for one that is damaged. */
int lk_meta_read(unsigned jobs, int prefix_fd, struct lk_prefix_records *ret,
	struct lk_error *err) LK_MUST_USE;
/* The same, but one that is damaged is passed over, with a warning. */
int lk_meta_read_sound(unsigned jobs, int prefix_fd, const struct lk_report *report,
	struct lk_prefix_records *ret, struct lk_error *err) LK_MUST_USE;
/* The specs that RECORDS say were asked for, in their order, each once. The array is owned by
 * ARENA, the strings are the records'. */
struct lk_str_list lk_meta_asked(const struct lk_prefix_records *records, struct lk_arena *arena);
void lk_prefix_records_done(struct lk_prefix_records *records);

struct lk_meta_source {
	const struct lk_layout *layout; /* staged */
	const struct lk_channel *channels;
	size_t n_channels;
	int meta_fd;                     /* conda-meta of the new tree; -1: nothing is written */
	int old_meta_fd;                 /* of the old prefix, of which packages are kept; or -1 */
	const struct lk_str_list *specs; /* that the user asked for, noted in the history */
	unsigned jobs;
};

/* Writes the records and adds to LINES their lines for the tree digest (paths owned by ARENA), to
 * STAMP what lies there now (lk_stamp_add_record; may be NULL). For the digest a record has a
 * normal form: what is written, but without the entries of paths_data of type pyc_file and without
 * their paths in files; what a host could compile does not show in it. *RET_TEXT, made beside that:
 * the layout's own part of the digest, for lk_tree_text_done also after an error. */
int lk_meta_write_records(const struct lk_meta_source *source, struct lk_arena *arena,
	struct lk_tree_text *ret_text, struct lk_tree_lines *lines, struct lk_buf *stamp,
	struct lk_error *err) LK_MUST_USE;

/* Writes conda-meta/history: that of the old prefix (OLD_FD, -1: none), then what PLAN changes.
 * WHEN is the time of the revision, seconds since 1970. BEGAN becomes the file's mtime: what is
 * changed in the prefix from then on is the user's doing. *RET: what was written. */
int lk_meta_write_history(const struct lk_meta_source *source, int old_fd,
	const struct lk_plan *plan, uint64_t when, struct timespec began, struct lk_sha256 *ret,
	struct lk_error *err) LK_MUST_USE;

#endif
