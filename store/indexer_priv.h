/*
 * What the parts of the indexer share.
 */
#ifndef LK_STORE_INDEXER_PRIV_H
#define LK_STORE_INDEXER_PRIV_H

#include <sys/stat.h>

#include "base/map.h"
#include "store/indexer.h"

#define LK_INDEX_JSON_MAX ((size_t)16 << 20)    /* bytes of an info/index.json */
#define LK_INDEX_REPODATA_MAX ((size_t)1 << 30) /* bytes of a repodata.json */

/* By which a file is known again. */
struct lk_index_mark {
	uint64_t size; /* bytes */
	int64_t mtime_ns, ctime_ns;
	int64_t inode; /* 63 bits of it */
};
struct lk_index_mark lk_index_mark_of(const struct stat *st);

/* An archive of the last run. */
struct lk_index_known {
	struct lk_repodata_entry entry;
	lk_str fn;
	lk_str sha256; /* hex */
	struct lk_index_mark mark;
	bool has_mark;
};

/* What the last run left. */
struct lk_index_past {
	struct LK_VEC_OF(struct lk_index_known) known; /* of repodata.json, in its order */
	struct lk_map by_fn;
};

/* An archive that lies in the folder. */
struct lk_index_archive {
	lk_str fn;
	struct lk_index_mark mark;
	struct lk_repodata_entry entry; /* once read, or known */
	lk_str sha256;                  /* hex */
	bool fresh;                     /* was read in this run */
	bool steady;                    /* last changed long enough before this run */
	struct lk_error *why;           /* broken */
	struct lk_arena arena;
};
struct lk_index_archives LK_VEC_OF(struct lk_index_archive);

/* Reads one archive into it: hashes, record, and the mark again, which must not have changed. */
int lk_index_read_archive(int dirfd, lk_str subdir, bool whole, const struct lk_report *report,
	struct lk_index_archive *archive, struct lk_error *err) LK_MUST_USE;

/* What there is of the last run: nothing where a file is missing, damaged or not ours, and then no
 * marks where repodata.json is another one's. Strings are owned by ARENA. */
void lk_index_past_read(int dirfd, struct lk_arena *arena, const struct lk_report *report,
	struct lk_index_past *ret);
void lk_index_past_done(struct lk_index_past *past);
/* NULL when it had none. */
const struct lk_index_known *lk_index_past_find(const struct lk_index_past *past, lk_str fn);
/* The text of the state file: the archives that are not broken, and that repodata.json. */
void lk_index_state_print(const struct lk_index_archives *archives,
	const struct lk_sha256 *repodata, struct lk_buf *out);

/* The files of one run. */
struct lk_index_output {
	int dirfd; /* -1: with dry_run, there is no folder yet */
	lk_str subdir;
	const struct lk_index_options *options;
	struct lk_index_archives *archives;
	time_t now; /* by the clock of the file system */
	struct lk_strs written;
	struct lk_arena *arena;
	size_t n_names;
};
int lk_index_output_write(struct lk_index_output *output, struct lk_error *err) LK_MUST_USE;

#endif
