/*
 * Repodata of several channels and subdirs: looked up, downloaded where it is not current, loaded,
 * and only then published in the cache, so that a damaged download never replaces a good copy.
 */
#include "fetch/fetch.h"

#include <errno.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/stream.h"
#include "base/workers.h"
#include "fetch/fetch_priv.h"
#include "fetch/repodata_cache.h"

enum source {
	SOURCE_NONE, /* not known yet: to be downloaded */
	SOURCE_LOCAL,
	SOURCE_CACHED,    /* as it lies in the cache */
	SOURCE_CONFIRMED, /* the same, and the server has just said that it is current */
	SOURCE_DOWNLOADED,
	SOURCE_ABSENT, /* the channel has no such subdir */
};

/* One subdir of one channel. */
struct part {
	struct batch *batch;
	const struct lk_channel *channel;
	lk_str subdir;
	lk_str url;        /* of the directory, without credentials */
	lk_str local_path; /* the directory of a file:// channel, else empty */
	enum source source;
	const char *file; /* URL or path of what is loaded, for its ending and for errors */
	int fd;           /* to be loaded */
	int cached_fd;    /* the cached copy, or -1 */
	struct lk_repodata_state state; /* of the cached copy, later of what is loaded */
	char *tmp;                      /* the download's name in tmp/, or NULL */
	uint64_t bytes;
	bool forbidden; /* the server said 403, which object stores do for what they lack */
	bool again;     /* the cached copy was damaged */
	bool failed;    /* to load */
	struct lk_repodata *repodata;
};

struct batch {
	struct lk_fetch *fetch;
	struct lk_arena arena;
	struct part *parts;
	size_t n;
	int dirfd; /* repodata/ of the cache */
};

/* In the order they are tried. */
static const char *const file_names[] = {"repodata.json.zst", "repodata.json"};

static const char *file_url(struct part *part, const char *name)
{
	return lk_arena_printf(&part->batch->arena, LK_STR_FMT "/%s", LK_STR_ARG(part->url), name);
}

static bool is_noarch(const struct part *part)
{
	return lk_str_is(part->subdir, "noarch");
}

static int fail_no_noarch(const struct part *part, struct lk_error *err)
{
	lk_fail(err, LK_E_NETWORK,
		"channel '" LK_STR_FMT "' was not found: there is no '" LK_STR_FMT
		"/repodata.json'%s",
		LK_STR_ARG(part->channel->name), LK_STR_ARG(part->url),
		part->forbidden ? " for you (HTTP 403)" : "");
	lk_error_hint(err, "%s",
		part->forbidden ? "give credentials in the channel's URL or in ~/.netrc"
				: "check the channel's name or URL; each channel has a folder "
				  "'noarch' with a repodata.json");
	return err->code;
}

/* A missing subdir is an empty one, except noarch. */
static int part_absent(struct part *part, struct lk_error *err)
{
	if (is_noarch(part)) {
		return fail_no_noarch(part, err);
	}
	if (part->forbidden) {
		lk_warn(part->batch->fetch->report,
			"access denied (HTTP 403) to '" LK_STR_FMT "': taken as empty",
			LK_STR_ARG(part->url));
	}
	part->source = SOURCE_ABSENT;
	part->file = file_url(part, file_names[1]);
	return 0;
}

static int part_open_local(struct part *part, struct lk_error *err)
{
	for (size_t i = 0; i < LK_COUNTOF(file_names); i++) {
		part->file = lk_arena_printf(&part->batch->arena, LK_STR_FMT "/%s",
			LK_STR_ARG(part->local_path), file_names[i]);
		int rc = lk_fetch_open_local(part->file, &part->fd, err);
		if (rc == 0) {
			part->source = SOURCE_LOCAL;
		}
		if (rc != LK_E_NOT_FOUND) {
			return rc;
		}
	}
	return part_absent(part, err);
}

static void part_use_cached(struct part *part, enum source source)
{
	part->source = source;
	part->file = part->state.url;
	part->fd = lk_fd_take(&part->cached_fd);
}

/* Settles where the part comes from if that can be told without the network. */
static int part_look_up(struct part *part, struct lk_error *err)
{
	struct lk_fetch *fetch = part->batch->fetch;
	const struct lk_fetch_options *options = &fetch->options;
	if (part->local_path.len > 0) {
		return part_open_local(part, err);
	}
	int rc = lk_repodata_state_load(part->batch->dirfd, part->url, &part->batch->arena,
		&part->state, &part->cached_fd, err);
	if (rc < 0 && options->offline) {
		lk_fail(err, LK_E_OFFLINE,
			"offline, and the cache has no repodata of '" LK_STR_FMT "'",
			LK_STR_ARG(part->url));
		lk_error_hint(err, "run the command once with the network, without --offline");
		return err->code;
	}
	if (rc < 0) {
		return 0;
	}
	if (!options->offline &&
		(part->state.absent ||
			!lk_repodata_state_is_fresh(
				&part->state, options->repodata_ttl, options->now))) {
		return 0;
	}
	if (part->state.absent) {
		return part_absent(part, err);
	}
	part_use_cached(part, SOURCE_CACHED);
	return 0;
}

static int sink_begin(void *ctx, struct lk_error *err)
{
	struct part *part = ctx;
	part->bytes = 0;
	if (!part->tmp) {
		return lk_fs_temp_file(lk_cache_tmp_fd(part->batch->fetch->cache), "repodata", 0666,
			&part->batch->arena, &part->tmp, &part->fd, err);
	}
	if (ftruncate(part->fd, 0) != 0 || lseek(part->fd, 0, SEEK_SET) != 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot write '%s'", part->tmp);
	}
	return 0;
}

static int sink_write(void *ctx, const void *bytes, size_t len, struct lk_error *err)
{
	struct part *part = ctx;
	part->bytes += len;
	if (part->bytes > LK_FETCH_REPODATA_MAX) {
		return lk_fail(err, LK_E_NETWORK,
			"repodata of '" LK_STR_FMT "' is larger than %zu bytes",
			LK_STR_ARG(part->url), LK_FETCH_REPODATA_MAX);
	}
	return lk_fs_write_all(part->fd, bytes, len, part->tmp, err);
}

static int sink_end(void *ctx, const struct lk_http_response *response, struct lk_error *err)
{
	struct part *part = ctx;
	struct lk_arena *arena = &part->batch->arena;
	const char *file = part->file;
	switch (response->status) {
	case 200:
		part->source = SOURCE_DOWNLOADED;
		part->state = (struct lk_repodata_state){
			.url = file,
			.etag = lk_str_dup(arena, lk_str_of(response->etag)).ptr,
			.modified = lk_str_dup(arena, lk_str_of(response->last_modified)).ptr,
			.cache_control = lk_str_dup(arena, lk_str_of(response->cache_control)).ptr,
		};
		return 0;
	case 304:
		if (part->cached_fd < 0) {
			break;
		}
		part_use_cached(part, SOURCE_CONFIRMED);
		if (response->cache_control[0] != '\0') {
			part->state.cache_control =
				lk_str_dup(arena, lk_str_of(response->cache_control)).ptr;
		}
		return 0;
	case 403:
		part->forbidden = true;
		return 0;
	case 404:
	case 410:
		return 0;
	default:
		break;
	}
	return lk_http_fail_status(file, response->status, err);
}

static void report_progress(void *ctx)
{
	const struct batch *batch = ctx;
	struct lk_progress progress = {.stage = "repodata", .total = batch->n};
	for (size_t i = 0; i < batch->n; i++) {
		const struct part *part = &batch->parts[i];
		progress.done += part->source != SOURCE_NONE;
		progress.bytes += part->bytes;
		if (part->source == SOURCE_NONE && progress.item.len == 0) {
			progress.item = part->url;
		}
	}
	lk_report_progress(batch->fetch->report, &progress);
}

/* The cached copy helps against the file it came from only. */
static void set_validators(const struct part *part, struct lk_http_request *request)
{
	if (part->cached_fd >= 0 && lk_str_is(lk_str_of(part->state.url), request->shown)) {
		request->if_none_match = part->state.etag;
		request->if_modified_since = part->state.modified;
	}
}

/* Asks the channels for FILE_NAME of all parts that are not settled. */
static int download_round(struct batch *batch, const char *file_name, struct lk_error *err)
{
	static const struct lk_http_sink sink = {sink_begin, sink_write, sink_end};
	struct lk_http_request *requests LK_AUTO_FREE = lk_calloc(batch->n, sizeof(*requests));
	size_t n = 0;
	for (size_t i = 0; i < batch->n; i++) {
		struct part *part = &batch->parts[i];
		if (part->source != SOURCE_NONE) {
			continue;
		}
		part->file = file_url(part, file_name);
		requests[n] = (struct lk_http_request){
			.url = lk_fetch_auth_url(
				part->channel, 1, lk_str_of(part->file), &batch->arena),
			.shown = part->file,
			.sink = &sink,
			.ctx = part,
		};
		set_validators(part, &requests[n]);
		n++;
	}
	return n == 0 ? 0
		      : lk_http_run(batch->fetch->http, requests, n, report_progress, batch, err);
}

/* Is all that is not settled in the cache at least? */
static bool cached_would_do(const struct batch *batch)
{
	for (size_t i = 0; i < batch->n; i++) {
		const struct part *part = &batch->parts[i];
		if (part->source == SOURCE_NONE && part->cached_fd < 0 && !part->state.absent) {
			return false;
		}
	}
	return true;
}

static int download(struct batch *batch, struct lk_error *err)
{
	for (size_t i = 0; i < LK_COUNTOF(file_names); i++) {
		int rc = download_round(batch, file_names[i], err);
		if (rc == LK_E_NETWORK && cached_would_do(batch)) {
			lk_error_hint(err,
				"try again later, or use the copy in the cache with --offline");
		}
		if (rc < 0) {
			return rc;
		}
	}
	for (size_t i = 0; i < batch->n; i++) {
		struct part *part = &batch->parts[i];
		int rc = part->source == SOURCE_NONE ? part_absent(part, err) : 0;
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

/* Damaged repodata is trouble of the channel, whatever layer noticed it. */
static int fail_damaged(const struct part *part, struct lk_error *err)
{
	if (err->code != LK_E_FORMAT && err->code != LK_E_INTEGRITY) {
		return err->code;
	}
	const char *hint = "the channel serves a damaged file; try again later";
	if (part->source == SOURCE_LOCAL) {
		hint = "index the channel again";
	} else if (part->source == SOURCE_CACHED) {
		hint = "the copy in the cache is damaged; run again without --offline";
	}
	err->code = LK_E_NETWORK;
	lk_error_hint(err, "%s", hint);
	return lk_wrap(
		err, "repodata of channel '" LK_STR_FMT "'", LK_STR_ARG(part->channel->name));
}

static int load_text(const struct part *part, struct lk_buf *text, struct lk_error *err)
{
	if (part->source == SOURCE_ABSENT) {
		return 0;
	}
	/* A descriptor of its own: publishing needs the part's. */
	int fd = fcntl(part->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0 || lseek(fd, 0, SEEK_SET) != 0) {
		lk_close_p(&fd);
		return lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s'", part->file);
	}
	bool zst = lk_str_ends(lk_str_of(part->file), LK_STR(".zst"));
	struct lk_stream *stream LK_CLEANUP(lk_stream_free_p) = lk_stream_decode(
		lk_stream_from_fd(fd, part->file), zst ? LK_CODEC_ZSTD : LK_CODEC_NONE);
	return lk_stream_read_all(stream, text, err);
}

/* Worker: decodes and scans one part. */
static int part_load(void *ctx, size_t index, struct lk_error *err)
{
	const struct batch *batch = ctx;
	struct part *part = &batch->parts[index];
	if (part->repodata) {
		return 0;
	}
	const struct lk_repodata_origin origin = {
		.channel_name = part->channel->name,
		.channel_url = part->channel->url,
		.subdir = part->subdir,
		.file = part->file,
	};
	struct lk_buf text LK_CLEANUP(lk_buf_done) = LK_BUF_INIT(LK_FETCH_REPODATA_MAX);
	int rc = load_text(part, &text, err);
	if (rc == 0) {
		rc = lk_repodata_open(&text, &origin, &part->repodata, err);
	}
	part->failed = rc < 0;
	return rc < 0 ? fail_damaged(part, err) : 0;
}

/* After a failed load: shall a damaged copy in the cache be downloaded anew? */
static bool forget_damaged(struct batch *batch)
{
	for (size_t i = 0; i < batch->n; i++) {
		struct part *part = &batch->parts[i];
		bool cached = part->source == SOURCE_CACHED || part->source == SOURCE_CONFIRMED;
		if (!part->failed) {
			continue;
		}
		if (!cached || part->again || !batch->fetch->http) {
			return false;
		}
		lk_warn(batch->fetch->report, "damaged in the cache, downloading again: '%s'",
			part->file);
		lk_close_p(&part->fd);
		part->failed = false;
		part->again = true;
		part->source = SOURCE_NONE;
		return true;
	}
	return false;
}

static int part_publish(struct part *part, struct lk_error *err)
{
	const struct batch *batch = part->batch;
	lk_repodata_tell(part->repodata, batch->fetch->report);
	if (part->local_path.len > 0 || part->source == SOURCE_CACHED || !batch->fetch->http) {
		return 0;
	}
	if (part->source == SOURCE_ABSENT) {
		part->state = (struct lk_repodata_state){
			.url = part->file,
			.etag = "",
			.modified = "",
			.cache_control = "",
			.absent = true,
		};
	}
	int rc = lk_repodata_state_store(batch->dirfd, part->url, &part->state, part->fd,
		lk_cache_tmp_fd(batch->fetch->cache), part->tmp, err);
	if (rc == 0) {
		part->tmp = NULL;
	}
	/* Without a new mark the cached copy is merely asked about again. */
	return part->source == SOURCE_CONFIRMED ? 0 : rc;
}

static void batch_init(struct batch *batch, const struct lk_channel *channels, size_t n_channels,
	const lk_str *subdirs, size_t n_subdirs)
{
	batch->n = n_channels * n_subdirs;
	batch->parts = lk_calloc(batch->n, sizeof(*batch->parts));
	for (size_t i = 0; i < batch->n; i++) {
		struct part *part = &batch->parts[i];
		*part = (struct part){
			.batch = batch,
			.channel = &channels[i / n_subdirs],
			.subdir = subdirs[i % n_subdirs],
			.fd = -1,
			.cached_fd = -1,
		};
		part->url = lk_str_printf(&batch->arena, LK_STR_FMT "/" LK_STR_FMT,
			LK_STR_ARG(part->channel->url), LK_STR_ARG(part->subdir));
		if (!lk_url_to_path(part->url, &batch->arena, &part->local_path)) {
			part->local_path = (lk_str){0};
		}
	}
}

static void batch_done(struct batch *batch)
{
	for (size_t i = 0; i < batch->n; i++) {
		struct part *part = &batch->parts[i];
		if (part->tmp) {
			unlinkat(lk_cache_tmp_fd(batch->fetch->cache), part->tmp, 0);
		}
		lk_close_p(&part->fd);
		lk_close_p(&part->cached_fd);
		lk_repodata_free(part->repodata);
	}
	lk_free(batch->parts);
	lk_close_p(&batch->dirfd);
	lk_arena_done(&batch->arena);
}

static int batch_open_cache(struct batch *batch, struct lk_error *err)
{
	int cache_fd = lk_cache_dirfd(batch->fetch->cache);
	int rc = lk_fs_mkdirs(cache_fd, "repodata", 0, true, err);
	if (rc < 0) {
		return rc;
	}
	return lk_fs_open_beneath(
		cache_fd, "repodata", O_RDONLY | O_DIRECTORY, 0, &batch->dirfd, err);
}

static int batch_run(struct batch *batch, struct lk_error *err)
{
	int rc = batch_open_cache(batch, err);
	for (size_t i = 0; rc == 0 && i < batch->n; i++) {
		rc = part_look_up(&batch->parts[i], err);
	}
	if (rc < 0) {
		return rc;
	}
	do {
		rc = download(batch, err);
		if (rc < 0) {
			return rc;
		}
		rc = lk_workers_run(0, batch->n, part_load, batch, err);
	} while (rc < 0 && forget_damaged(batch));
	for (size_t i = 0; rc == 0 && i < batch->n; i++) {
		rc = part_publish(&batch->parts[i], err);
	}
	return rc;
}

int lk_fetch_repodata(struct lk_fetch *fetch, const struct lk_channel *channels, size_t n_channels,
	const lk_str *subdirs, size_t n_subdirs, struct lk_repodata **ret, struct lk_error *err)
{
	struct batch batch = {.fetch = fetch, .dirfd = -1};
	batch_init(&batch, channels, n_channels, subdirs, n_subdirs);
	int rc = batch_run(&batch, err);
	for (size_t i = 0; rc == 0 && i < batch.n; i++) {
		ret[i] = LK_STEAL(batch.parts[i].repodata);
	}
	batch_done(&batch);
	return rc;
}
