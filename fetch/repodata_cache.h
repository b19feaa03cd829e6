/*
 * What the cache remembers of one subdir's repodata: a state file beside the file as it was served.
 *
 *     <cache>/repodata/<key>.json.zst or .json    the bytes of the channel
 *     <cache>/repodata/<key>.msgpack.zst          the same, when it is an index of shards
 *     <cache>/repodata/<key>.info.json            url, etag, mod, cache_control, size, mtime_ns,
 *                                                 has_zst, has_shards, content
 *     <cache>/repodata/<key>.index                the text and its index (conda/repodata_index.h);
 *                                                 of a file:// channel too
 *     <cache>/repodata/shards/<hex>.msgpack.zst   shards, named by the SHA-256 of these bytes
 *
 * The state file's fields are those of conda's caches (observed in conda, libmamba and rattler);
 * `absent` and `content` are ours: the channel had no such subdir; a random text for every
 * download, by which an index knows its data file. last_checked is in seconds since 1970. The data
 * file is published first, so a state that does not fit it (other size or mtime) tells that its
 * validators are void. Nothing is synced: what a power cut leaves torn does not fit or does not
 * parse, and is downloaded or made again. Text of a state is data: control characters, which could
 * not stand in a header, make it unreadable.
 */
#ifndef LK_FETCH_REPODATA_CACHE_H
#define LK_FETCH_REPODATA_CACHE_H

#include "base/err.h"
#include "base/fs.h"
#include "base/str.h"

#define LK_REPODATA_STATE_MAX ((size_t)64 << 10)
#define LK_REPODATA_KEY_LEN 8
#define LK_REPODATA_FILE_MAX 32 /* a file name in repodata/, NUL included */

#define LK_REPODATA_JSON "repodata.json"
#define LK_REPODATA_SHARDS "repodata_shards.msgpack.zst"

/* Whether a channel serves a form of its repodata, and when it was asked last (seconds since 1970;
 * 0: never). */
struct lk_availability {
	bool there;
	int64_t checked;
};

/* Strings are borrowed, NUL-ended, "" when unknown. */
struct lk_repodata_state {
	const char *url;    /* what was downloaded, without credentials */
	const char *mirror; /* the address that it and its validators came from; "": `url` */
	const char *etag;
	const char *modified;
	const char *cache_control;
	uint64_t size;    /* of the data file, bytes */
	int64_t mtime_ns; /* of the data file: when it was last known to be current */
	bool absent;      /* the channel has no such subdir; no data file */
	struct lk_availability has_zst, has_shards;
	const char *content; /* "" also when the data file is not the one that was published */
};

/* A new value for `content`; owned by ARENA. */
const char *lk_repodata_new_content(struct lk_arena *arena);

/* Need a form not be asked for, because it was not there at most seven days (as in conda) before
 * NOW (seconds; 0 when unknown: it must be)? */
bool lk_availability_rules_out(const struct lk_availability *form, int64_t now);

/* The first 8 hex digits of the MD5 of SUBDIR_URL (no trailing slash), a slash and FILE_NAME unless
 * that is repodata.json, as conda has it: https://conda.anaconda.org/conda-forge/linux-64 is
 * 497deca9. Short, so compare `url`. */
void lk_repodata_key(lk_str subdir_url, const char *file_name, char out[LK_REPODATA_KEY_LEN + 1]);
/* The name of its index. */
void lk_repodata_index_name(
	lk_str subdir_url, const char *file_name, char out[LK_REPODATA_FILE_MAX]);

/* LK_E_FORMAT for anything that is not a state file; strings are owned by ARENA. */
int lk_repodata_state_parse(lk_str text, const char *name, struct lk_arena *arena,
	struct lk_repodata_state *ret, struct lk_error *err) LK_MUST_USE;
void lk_repodata_state_print(const struct lk_repodata_state *state, struct lk_buf *out);

/* Seconds of max-age, 0 for no-cache and no-store, -1 when it says nothing. */
int64_t lk_cache_control_max_age(lk_str value);
/* Need the channel not be asked? TTL as in struct lk_fetch_options; NOW in seconds, 0 when unknown.
 */
bool lk_repodata_state_is_fresh(const struct lk_repodata_state *state, int64_t ttl, int64_t now);

/* Reads the state of FILE_NAME in the directory DIRFD, and opens its data file. LK_E_NOT_FOUND when
 * there is none that can be used for SUBDIR_URL (unreadable ones count as none); *ret_fd is -1 when
 * it is absent. Validators that do not fit the data file are left out. */
int lk_repodata_state_load(int dirfd, lk_str subdir_url, const char *file_name,
	struct lk_arena *arena, struct lk_repodata_state *ret, int *ret_fd,
	struct lk_error *err) LK_MUST_USE;
/* Publishes the file FD: with TMP, its name in the directory TMP_DIRFD, it becomes the data file of
 * STATE->url; without, it is the data file already and is marked as current. Then the state
 * follows, with that file's size and mtime. FD is -1 for an absent subdir. */
int lk_repodata_state_store(int dirfd, lk_str subdir_url, const char *file_name,
	const struct lk_repodata_state *state, int fd, int tmp_dirfd, const char *tmp,
	struct lk_error *err) LK_MUST_USE;

#endif
