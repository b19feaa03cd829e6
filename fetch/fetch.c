/*
 * The handle of fetch/: options with their defaults, the cache, the transfer loop.
 */
#include "fetch/fetch.h"

#include <errno.h>
#include <unistd.h>

#include "base/fs.h"
#include "fetch/fetch_priv.h"
#include "fetch/route.h"

#define DEFAULT_JOBS 8
#define DEFAULT_RETRIES 3
#define DEFAULT_BACKOFF_MS 500
#define DEFAULT_CONNECT_TIMEOUT_S 20
#define DEFAULT_STALL_TIMEOUT_S 60
#define DEFAULT_MIN_RATE 1000

static unsigned or_default(unsigned value, unsigned fallback)
{
	return value != 0 ? value : fallback;
}

struct lk_fetch *lk_fetch_new(struct lk_cache *cache, const struct lk_fetch_options *options,
	const struct lk_report *report)
{
	const struct lk_http_settings settings = {
		.jobs = or_default(options->jobs, DEFAULT_JOBS),
		.retries = options->no_retries ? 0 : or_default(options->retries, DEFAULT_RETRIES),
		.backoff_ms = or_default(options->backoff_ms, DEFAULT_BACKOFF_MS),
		.connect_timeout_s =
			or_default(options->connect_timeout_s, DEFAULT_CONNECT_TIMEOUT_S),
		.stall_timeout_s = or_default(options->stall_timeout_s, DEFAULT_STALL_TIMEOUT_S),
		.min_rate = or_default(options->min_rate, DEFAULT_MIN_RATE),
		.tls = options->tls,
		.proxies = options->network ? &options->network->proxies : NULL,
	};
	if (!options->offline && options->tls.no_verify) {
		lk_warn(report, "certificates are not verified (ssl_verify: false)");
	}
	struct lk_fetch *fetch = lk_calloc(1, sizeof(*fetch));
	*fetch = (struct lk_fetch){
		.cache = cache,
		.options = *options,
		.report = report,
		.http = options->offline ? NULL : lk_http_new(&settings, report),
	};
	return fetch;
}

void lk_fetch_free(struct lk_fetch *fetch)
{
	if (!fetch) {
		return;
	}
	lk_http_free(fetch->http);
	lk_network_free(fetch->options.network);
	lk_free(fetch);
}

void lk_fetch_verify(struct lk_fetch *fetch)
{
	fetch->verify = true;
}

bool lk_fetch_has(struct lk_fetch *fetch, const struct lk_record *record)
{
	struct lk_blob LK_CLEANUP(lk_blob_done) blob = LK_BLOB_NONE;
	struct lk_error why = LK_ERROR_INIT;
	if (!fetch->verify) {
		return lk_cache_use_archive(fetch->cache, record, fetch->options.now);
	}
	int rc = lk_cache_open_hashed(fetch->cache, record, fetch->report, &blob, &why);
	if (rc < 0 && rc != LK_E_NOT_FOUND) {
		lk_warn(fetch->report, "%s", why.message);
	}
	return rc == 0;
}

bool lk_fetch_is_offline(const struct lk_fetch *fetch)
{
	return fetch->options.offline;
}

bool lk_fetch_renew(struct lk_fetch *fetch)
{
	if (!fetch->gone || fetch->renewed) {
		return false;
	}
	fetch->renewed = true;
	fetch->options.repodata_ttl = 0;
	return true;
}

void lk_fetch_route(struct lk_fetch *fetch, const struct lk_channel *channels, size_t n_channels,
	lk_str url, struct lk_arena *arena, struct lk_http_request *request)
{
	lk_route(fetch->options.network, fetch->report, channels, n_channels, url, arena, request);
}

int lk_fetch_open_local(const char *path, int *ret_fd, struct lk_error *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		return lk_fail(err, LK_E_NOT_FOUND, "'%s' is not there", path);
	}
	if (fd < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s'", path);
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		lk_fail(err, LK_E_FS, "'%s' is not a file", path);
		lk_error_hint(err, "check the channel's folder");
		return err->code;
	}
	*ret_fd = fd;
	return 0;
}
