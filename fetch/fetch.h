/*
 * The network: repodata and package archives. The only folder that links curl.
 */
#ifndef LK_FETCH_FETCH_H
#define LK_FETCH_FETCH_H

#include "base/report.h"
#include "conda/channel.h"
#include "conda/record.h"
#include "conda/repodata.h"
#include "store/cache.h"

struct lk_fetch_options {
	bool offline;	 /* use what is cached, however old; what is missing is LK_E_OFFLINE */
	unsigned jobs;	 /* parallel transfers; 0: 8 */
	unsigned retries; /* after the first try; default 3 when 0 and !no_retries */
	bool no_retries;
	bool no_verify_tls; /* ssl_verify: false; warned about each time */
	const char *ca_file; /* NULL: the system's */
	int64_t repodata_ttl; /* 0: always revalidate, 1: by Cache-Control, > 1: seconds */
};

struct lk_fetch;

/* CACHE is borrowed. */
int lk_fetch_new(struct lk_cache *cache, const struct lk_fetch_options *options,
		const struct lk_report *report, struct lk_fetch **ret, struct lk_error *err) LK_MUST_USE;
void lk_fetch_free(struct lk_fetch *fetch);

/* Repodata of CHANNELS × SUBDIRS (noarch is added by the caller), in parallel, cached with ETag and
 * Last-Modified: repodata.json.zst first, then repodata.json. A missing platform subdir is an empty
 * repodata, a missing noarch is LK_E_NETWORK. RET gets n_channels * n_subdirs pointers in
 * channel-major order, each to be freed with lk_repodata_free. */
int lk_fetch_repodata(struct lk_fetch *fetch, const struct lk_channel *channels, size_t n_channels,
		const lk_str *subdirs, size_t n_subdirs, struct lk_repodata **ret, struct lk_error *err)
		LK_MUST_USE;

/* Puts every record's archive into the cache, verified against its sha256 and size while written.
 * CHANNELS give credentials by URL prefix. Those already there are not touched. When several fail the
 * error is of the first in the order of RECORDS; offline, LK_E_OFFLINE and every missing file is told
 * to REPORT as a warning. */
struct lk_fetch_stats {
	size_t downloaded, present;
	uint64_t bytes;
};
int lk_fetch_packages(struct lk_fetch *fetch, const struct lk_channel *channels, size_t n_channels,
		const struct lk_record *records, size_t n_records, struct lk_fetch_stats *ret,
		struct lk_error *err) LK_MUST_USE;

#endif
