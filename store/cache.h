/*
 * The cache: archives as they came, named by file name and sha256, and extracted trees made from
 * them.
 *
 *     <cache>/archives/<fn>-<sha256>        for example numpy-2.1.3-py312h58c1407_0.conda-<64 hex>
 *     <cache>/trees/<dist>-<sha256>/        the extracted package (see store/tree.h)
 *     <cache>/repodata/...                  what fetch keeps
 *     <cache>/tmp/                          unfinished work, safe to delete
 *
 * One folder, shared by all: entries are immutable and published by rename, there are no lock files
 * and no flock. A copy of the folder on another path, machine or user works.
 *
 * Below it there may be layers that are only read: other such folders, folders of other tools, and
 * bundles, whose archives are used where they lie. Look-ups ask the folder
 * itself first, then the layers in the order in which they were added; what is new is made in the
 * folder. An entry of a layer that cannot be read or believed is passed over and left as it is.
 *
 *     lk_cache_open("/home/me/cache", true, &cache, err);    (or lk_cache_new: layers alone)
 *     lk_cache_add_layer(cache, "/site/cache", err);
 *     ...
 *     lk_cache_free(cache);
 */
#ifndef LK_STORE_CACHE_H
#define LK_STORE_CACHE_H

#include "base/err.h"
#include "base/report.h"
#include "conda/record.h"
#include "store/blob.h"

#define LK_CACHE_MAX_LAYERS 32 /* the folder itself counts */

/* Seconds. Of a use that is not that much later than the last one no note is taken. */
#define LK_CACHE_USE_S ((int64_t)24 * 60 * 60)

struct lk_bundle;
struct lk_cache;

/* Opens, making it when CREATE. Otherwise it is for looking only: nothing is made, LK_E_NOT_FOUND
 * when it is not there, and the descriptor of a part that is missing is -1. */
int lk_cache_open(
	const char *path, bool create, struct lk_cache **ret, struct lk_error *err) LK_MUST_USE;
/* Opens one that is there, to be changed. LK_E_NOT_FOUND when a part is missing. */
int lk_cache_open_existing(
	const char *path, struct lk_cache **ret, struct lk_error *err) LK_MUST_USE;
/* A cache without a folder of its own: nothing can be put into it. */
struct lk_cache *lk_cache_new(void) LK_MUST_USE;
/* A further folder that is only read. LK_E_NOT_FOUND when there is no cache; LK_E_USAGE when there
 * are too many layers. */
int lk_cache_add_layer(struct lk_cache *cache, const char *path, struct lk_error *err) LK_MUST_USE;
/* A folder of archives as lk_cache_import knows them, which are read where they lie. LK_E_NOT_FOUND
 * when it is not there, LK_E_USAGE as above. */
int lk_cache_add_folder(struct lk_cache *cache, const char *path, struct lk_error *err) LK_MUST_USE;
/* The archives of an open bundle, which is the cache's from now on, also on failure. LK_E_USAGE. */
int lk_cache_add_bundle(struct lk_cache *cache, struct lk_bundle *bundle /* taken */,
	struct lk_error *err) LK_MUST_USE;
void lk_cache_free(struct lk_cache *cache);
/* May the folder be changed: is there one, and was it opened for more than looking? */
bool lk_cache_is_writable(const struct lk_cache *cache);
/* The folder's absolute path, or the first layer's; "" when there is none. */
const char *lk_cache_path(const struct lk_cache *cache);
/* That of the layer INDEX, counted from the folder on; NULL where there is none. */
const char *lk_cache_layer_path(const struct lk_cache *cache, size_t index);
/* The paths of all layers, joined by colons, for messages. */
const char *lk_cache_names(const struct lk_cache *cache);
/* Descriptors of the first folder and its parts; owned by the cache. -1: not there. */
int lk_cache_dirfd(const struct lk_cache *cache);
int lk_cache_archives_fd(const struct lk_cache *cache);
int lk_cache_trees_fd(const struct lk_cache *cache);
int lk_cache_tmp_fd(const struct lk_cache *cache);

/* Makes the folder PATH in the writable folder, with those above it: where that is shared by a
 * group so are they, whatever the umask is. */
int lk_cache_mkdir(struct lk_cache *cache, const char *path, struct lk_error *err) LK_MUST_USE;

/* Removes from tmp/ what was last changed before BEFORE (seconds since 1970): work that a kill or a
 * loss of power left unfinished; partial downloads (store/partial.h) stay longer. What cannot be
 * removed (another user's) stays without a word. */
void lk_cache_sweep(struct lk_cache *cache, int64_t before);

/* The archive's name in archives/ for RECORD (needs its sha256), appended to BUF. */
void lk_cache_archive_name(const struct lk_record *record, struct lk_buf *buf);

/* Opens RECORD's archive for reading, from the first layer that has it with the right size (not
 * hashed here). LK_E_NOT_FOUND when none has; LK_E_INTEGRITY when a folder has it with another
 * size. */
int lk_cache_open_archive(const struct lk_cache *cache, const struct lk_record *record,
	struct lk_blob *ret, struct lk_error *err) LK_MUST_USE;
bool lk_cache_has_archive(const struct lk_cache *cache, const struct lk_record *record);
/* Has any layer RECORD's archive, with the right size, or a tree of its name? As above. */
int lk_cache_find(const struct lk_cache *cache, const struct lk_record *record,
	struct lk_error *err) LK_MUST_USE;
/* Has the writable folder itself it? */
bool lk_cache_has_own_archive(const struct lk_cache *cache, const struct lk_record *record);
/* As lk_cache_has_archive; where the folder itself has it, notes that it was used NOW (seconds
 * since 1970; 0: not noted), as its mtime: what was not used for long is cleaned away first
 * (store/clean.h). */
bool lk_cache_use_archive(struct lk_cache *cache, const struct lk_record *record, int64_t now);
/* As lk_cache_open_archive, from the first layer whose bytes hash to the record's sha256. What has
 * other bytes leaves the writable folder, so that it is fetched again, and is passed over in a
 * layer (a warning); LK_E_INTEGRITY or LK_E_FS when nothing else is found, else LK_E_NOT_FOUND. */
int lk_cache_open_hashed(struct lk_cache *cache, const struct lk_record *record,
	const struct lk_report *report, struct lk_blob *ret, struct lk_error *err) LK_MUST_USE;

/*
 * Taking a new archive in: begin gives a file to write, commit checks size and sha256 against
 * RECORD as hashed by the caller while writing, and renames it into place; abort removes it.
 * A mismatch is LK_E_INTEGRITY and leaves nothing under the final name; its message begins with
 * what differs ("sha256 is …, expected is …"): whose it is, only the caller can say well.
 */
struct lk_cache_incoming {
	int fd;
	char name[256]; /* in tmp/ */
};
int lk_cache_begin(
	struct lk_cache *cache, struct lk_cache_incoming *ret, struct lk_error *err) LK_MUST_USE;
int lk_cache_commit(struct lk_cache *cache, struct lk_cache_incoming *incoming,
	const struct lk_record *record, const struct lk_sha256 *sha256, uint64_t size,
	struct lk_error *err) LK_MUST_USE;
void lk_cache_abort(struct lk_cache *cache, struct lk_cache_incoming *incoming);

/* Copies RECORD's archive from another folder (a conda, mamba or pixi cache, a channel's subdir
 * tree, a plain folder of archives, another lockenv cache), verified by hash. LK_E_NOT_FOUND when
 * the folder has no file of that name; LK_E_INTEGRITY when it has one with other bytes. CACHE NULL
 * only looks: 0 when a file of that name and size is there. */
int lk_cache_import(struct lk_cache *cache, const char *from_dir, const struct lk_record *record,
	struct lk_error *err) LK_MUST_USE;

#endif
