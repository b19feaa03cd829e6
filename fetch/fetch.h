/*
 * The network: repodata and package archives. The only folder that links curl.
 */
#ifndef LK_FETCH_FETCH_H
#define LK_FETCH_FETCH_H

#include "base/report.h"
#include "conda/channel.h"
#include "conda/reach.h"
#include "conda/record.h"
#include "fetch/http.h"
#include "fetch/network.h"
#include "store/cache.h"

struct lk_fetch_options {
	bool offline;     /* use what is cached, however old; what is missing is LK_E_OFFLINE */
	unsigned jobs;    /* parallel transfers; 0: 8 */
	unsigned retries; /* after the first try; default 3 when 0 and !no_retries */
	bool no_retries;
	struct lk_http_tls tls;     /* verification left out is warned about each time */
	unsigned backoff_ms;        /* pause before the first retry, then doubled; 0: 500 */
	unsigned connect_timeout_s; /* 0: 20 */
	unsigned stall_timeout_s;   /* a transfer below min_rate for so long is broken off; 0: 60 */
	unsigned min_rate;          /* bytes a second; 0: 1000 */
	int64_t repodata_ttl;       /* 0: always revalidate, 1: by Cache-Control, > 1: seconds */
	int64_t now; /* seconds since 1970, to tell how old cached repodata is; 0: too old */
	bool no_shards, no_zst;     /* forms of repodata that are not asked for */
	struct lk_network *network; /* taken, also by a call that fails; NULL: no credentials */
};

/* Decoded repodata of one subdir, an index of shards or one of them, and an archive whose size its
 * record does not tell. */
#define LK_FETCH_REPODATA_MAX ((size_t)2 << 30)
#define LK_FETCH_SHARD_MAX ((size_t)64 << 20)
/* Text of all shards that a solve holds, together, and what is on its way at a time. */
#define LK_FETCH_SHARDS_MAX ((size_t)256 << 20)
#define LK_FETCH_ARCHIVE_MAX ((uint64_t)64 << 30)

struct lk_fetch;

/* CACHE, REPORT (may be NULL) and the strings of OPTIONS are borrowed, but the network of OPTIONS
 * is taken. No transfer library is even started before the first transfer. */
struct lk_fetch *lk_fetch_new(struct lk_cache *cache, const struct lk_fetch_options *options,
	const struct lk_report *report) LK_MUST_USE;
void lk_fetch_free(struct lk_fetch *fetch);
bool lk_fetch_is_offline(const struct lk_fetch *fetch);
/* From now on archives that the cache has are hashed, and got again when they are damaged: into the
 * cache's own folder, also when it is one of a layer below it. */
void lk_fetch_verify(struct lk_fetch *fetch);
/* True once, after a server said that it does not have a shard: its index was an old one then. From
 * now on servers are asked about all that is cached, so fetching the repodata again may help. */
bool lk_fetch_renew(struct lk_fetch *fetch);

/* Repodata of CHANNELS × SUBDIRS (noarch is added by the caller), in parallel, cached with ETag and
 * Last-Modified: an index of shards (CEP 16) first, then repodata.json.zst, then repodata.json;
 * file:// channels are read where they are. Which forms a channel lacks is remembered for a week.
 * FILE_NAME stands for repodata.json: another one (current_repodata.json) has no shards, and is
 * LK_E_NOT_FOUND when a channel's noarch lacks it. A missing platform subdir is an empty repodata,
 * a missing noarch is LK_E_NETWORK. A channel that cannot be reached or serves damaged repodata is
 * LK_E_NETWORK, and what the cache held of it stays; offline, what the cache lacks is LK_E_OFFLINE.
 *
 * Shards are loaded when the records of their name are asked for: all that are expected by then
 * together, in parallel. Their bytes are held against the index (LK_E_INTEGRITY) and kept in the
 * cache, where those go after 30 days that no index there names. More than LK_FETCH_SHARDS_MAX is
 * LK_E_NETWORK. FETCH and CHANNELS must outlive the set. */
struct lk_repodata_set;
int lk_fetch_repodata(struct lk_fetch *fetch, const struct lk_channel *channels, size_t n_channels,
	const lk_str *subdirs, size_t n_subdirs, const char *file_name,
	struct lk_repodata_set **ret, struct lk_error *err) LK_MUST_USE;
void lk_repodata_set_free(struct lk_repodata_set *set);
/* The records of one subdir of one channel (indices into what was asked for); borrowed. */
struct lk_source lk_repodata_set_source(struct lk_repodata_set *set, size_t channel, size_t subdir);
/* Does that subdir list FN, an archive of the package NAME that was reached, as removed? */
bool lk_repodata_set_is_removed(
	struct lk_repodata_set *set, size_t channel, size_t subdir, lk_str name, lk_str fn);
/* The removed archives of the package NAME that it lists appended; borrowed from the set. */
void lk_repodata_set_removed(struct lk_repodata_set *set, size_t channel, size_t subdir,
	lk_str name, struct lk_strs *ret);
/* Relations to other channels that it declares (CEP 42). */
const struct lk_channel_relations *lk_repodata_set_relations(
	const struct lk_repodata_set *set, size_t channel, size_t subdir);
/* lk_repodata_tell for all that was loaded, in the order of channels and subdirs. */
void lk_repodata_set_tell(struct lk_repodata_set *set, const struct lk_report *report);
/* All package names appended, with repetitions; borrowed from the set. */
void lk_repodata_set_names(const struct lk_repodata_set *set, struct lk_strs *ret);

/* Puts every record's archive into the cache, verified against its sha256 and size while written.
 * CHANNELS give credentials by URL prefix. Those already there are not touched. When several fail
 * the error is of the first in the order of RECORDS, and what had arrived by then is kept:
 * LK_E_NETWORK, LK_E_INTEGRITY for other bytes than RECORDS say, LK_E_FS. Offline, LK_E_OFFLINE and
 * every missing file is told to REPORT as a warning; file:// URLs are read even then. */
struct lk_fetch_stats {
	size_t downloaded, present;
	uint64_t bytes;
};
int lk_fetch_packages(struct lk_fetch *fetch, const struct lk_channel *channels, size_t n_channels,
	const struct lk_record *records, size_t n_records, struct lk_fetch_stats *ret,
	struct lk_error *err) LK_MUST_USE;

/* For RECORDS whose sha256 nobody tells (docs/lockfile.md): brings their archives into the cache
 * under the hashes of their bytes, which are checked by md5 and size where those are known, and
 * tells these hashes, in the order of RECORDS. Errors as above; LK_E_OFFLINE without a network. */
int lk_fetch_hashes(struct lk_fetch *fetch, const struct lk_channel *channels, size_t n_channels,
	const struct lk_record *const *records, size_t n_records, struct lk_sha256 *ret,
	struct lk_error *err) LK_MUST_USE;

#endif
