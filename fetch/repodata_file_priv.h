/*
 * One subdir's whole repodata file as it was served, and the index beside it in the cache.
 *
 *     lk_repodata_file_new(&fetch, &place, &file, err);
 *     if (!lk_repodata_file_look_up(file)) {
 *             lk_repodata_file_begin(file, err);
 *             one thread: lk_repodata_file_decode(file, err);
 *             another one, later or at the same time: lk_repodata_file_scan(file, err);
 *             lk_repodata_file_publish(file);
 *     }
 *     lk_repodata_file_source(file, channel);
 *     lk_repodata_file_free(file);
 */
#ifndef LK_FETCH_REPODATA_FILE_PRIV_H
#define LK_FETCH_REPODATA_FILE_PRIV_H

#include "base/stream.h"
#include "conda/repodata_index.h"
#include "fetch/fetch_priv.h"

struct lk_repodata_file;

struct lk_repodata_place {
	struct lk_repodata_origin origin;
	int fd; /* the file as it was served (duplicated), or -1: there is none, it has no records
		 */
	enum lk_codec codec;
	int dirfd;              /* repodata/ of the cache (duplicated) */
	const char *index_name; /* there */
	bool no_disk;           /* the index is made in memory */
	/* Tells this content of the file from every other; empty: it cannot be told, no index is
	 * kept. */
	lk_str identity;
};

/* `identity` for the file FD at PATH of this machine; owned by ARENA. Empty where a further change
 * of it might not show, because it was changed only just before NOW (seconds; 0 when unknown). */
lk_str lk_repodata_file_identity(int fd, const char *path, int64_t now, struct lk_arena *arena);

/* LK_E_FS. */
int lk_repodata_file_new(struct lk_fetch *fetch, const struct lk_repodata_place *place,
	struct lk_repodata_file **ret, struct lk_error *err) LK_MUST_USE;
void lk_repodata_file_free(struct lk_repodata_file *file);

/* Opens the index in the cache: true when it is there and fits. */
bool lk_repodata_file_look_up(struct lk_repodata_file *file) LK_MUST_USE;
/* Prepares the making of an index: in the cache, or in memory where that cannot be written. */
int lk_repodata_file_begin(struct lk_repodata_file *file, struct lk_error *err) LK_MUST_USE;
/* LK_E_INTEGRITY, LK_E_FS. */
int lk_repodata_file_decode(struct lk_repodata_file *file, struct lk_error *err) LK_MUST_USE;
/* The same and LK_E_FORMAT. */
int lk_repodata_file_scan(struct lk_repodata_file *file, struct lk_error *err) LK_MUST_USE;
/* Keeps the index that was made, if it can be kept. */
void lk_repodata_file_publish(struct lk_repodata_file *file);

/* Its records; an index that proves damaged is made anew. */
struct lk_source lk_repodata_file_source(struct lk_repodata_file *file, unsigned channel);
/* After look_up or scan. */
struct lk_repodata *lk_repodata_file_get(const struct lk_repodata_file *file);

#endif
