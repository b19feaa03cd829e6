/*
 * Making a folder of packages a channel: one subdir of it at a time.
 *
 *     lk_indexer_open("channel", "linux-64", &options, &indexer, err);
 *     lk_indexer_read(indexer, err);           every new archive, hashed and asked what it is
 *     facts = lk_indexer_facts(indexer);       what came out; facts->n_broken
 *     lk_indexer_write(indexer, err);          repodata.json, .zst, shards
 *     lk_indexer_free(indexer);
 *
 * An archive whose size, times and inode are those that `.lockenv-index.json` remembers is not read
 * again; its record is taken from the repodata.json beside it, whose hash that file has. Nothing is
 * remembered of an archive that changed within two seconds before the run: a second change might
 * not show. Every file is replaced whole, and left alone when its bytes stay the same. Old shards
 * stay for a week after they were last named, for clients that hold an older index (CEP 16).
 *
 * Not thread-safe: one indexer, one thread; it uses several itself.
 */
#ifndef LK_STORE_INDEXER_H
#define LK_STORE_INDEXER_H

#include "base/report.h"
#include "conda/repodata_write.h"

#define LK_INDEX_STATE_NAME ".lockenv-index.json"

struct lk_index_options {
	bool no_shards, no_zst;
	bool verify;  /* read every archive again, whole, with every check of an install */
	bool dry_run; /* write nothing */
	unsigned jobs;
	const struct lk_report *report; /* may be NULL */
};

enum lk_index_change {
	LK_INDEX_SAME,
	LK_INDEX_ADDED,
	LK_INDEX_CHANGED, /* other bytes under the same name */
	LK_INDEX_GONE,
	LK_INDEX_BROKEN, /* `why` says what is wrong */
};

struct lk_index_item {
	lk_str fn; /* any bytes, but for a slash and NUL */
	enum lk_index_change change;
	const struct lk_error *why; /* of a broken one */
};

/* Borrowed from the indexer. */
struct lk_index_facts {
	lk_str subdir;
	const struct lk_index_item *items; /* by file name; what was there before, too */
	size_t n_items;
	size_t n_packages, n_names;
	size_t n_read, n_broken;
	uint64_t bytes_read;   /* of archives */
	const lk_str *written; /* names of files written (or, with dry_run, that would be) */
	size_t n_written;
};

struct lk_indexer;

/* PATH/SUBDIR is made where it is missing, but with dry_run. LK_E_NOT_FOUND when PATH is not there;
 * LK_E_FS. */
int lk_indexer_open(const char *path, lk_str subdir, const struct lk_index_options *options,
	struct lk_indexer **ret, struct lk_error *err) LK_MUST_USE;
void lk_indexer_free(struct lk_indexer *indexer);
/* A broken archive is no error but a fact. LK_E_FS, LK_E_INTERRUPTED. */
int lk_indexer_read(struct lk_indexer *indexer, struct lk_error *err) LK_MUST_USE;
/* All that is not broken. */
int lk_indexer_write(struct lk_indexer *indexer, struct lk_error *err) LK_MUST_USE;
const struct lk_index_facts *lk_indexer_facts(const struct lk_indexer *indexer);

/* The subdir that the archive FN in the folder DIRFD says it belongs to (NUL-ended, owned by
 * ARENA), for one that lies outside of any. Errors as for a broken one. */
int lk_index_subdir_of(int dirfd, lk_str fn, struct lk_arena *arena, lk_str *ret,
	struct lk_error *err) LK_MUST_USE;

#endif
