/*
 * Repodata of several channels and subdirs: looked up, downloaded where it is not current, loaded,
 * and only then published in the cache, so that a damaged download never replaces a good copy.
 */
#include "fetch/fetch.h"

#include <errno.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/workers.h"
#include "fetch/repodata_cache.h"
#include "fetch/repodata_form_priv.h"
#include "fetch/repodata_set_priv.h"

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
	enum lk_form form;              /* of what is loaded */
	const char *file;               /* its URL or path, for errors */
	bool no_shards;                 /* they are there, but cannot be read */
	bool no_disk;                   /* an index cannot be written */
	int fd;                         /* to be loaded */
	int cached_fd;                  /* the cached copy, or -1 */
	struct lk_repodata_state state; /* of the cached copy, later of what is loaded */
	char *tmp;                      /* the download's name in tmp/, or NULL */
	uint64_t bytes;
	bool page;      /* a web page was sent in its place */
	bool forbidden; /* the server said 403, which object stores do for what they lack */
	bool again;     /* the cached copy was damaged */
	int failed[2];  /* to be decoded, to be scanned: enum lk_code */
	bool loaded;
	struct lk_repodata_file *whole; /* this, */
	struct lk_shard_index *index;   /* or this */
};

struct batch {
	struct lk_fetch *fetch;
	const char *file_name; /* repodata.json, or what stands for it */
	struct lk_arena arena;
	struct part *parts;
	size_t n;
	int dirfd; /* repodata/ of the cache */
};

static bool is_usual(const struct batch *batch)
{
	return strcmp(batch->file_name, LK_REPODATA_JSON) == 0;
}

/* What is known of a form that a channel need not have. */
static struct lk_availability *availability(struct part *part, enum lk_form form)
{
	switch (form) {
	case LK_FORM_SHARDS:
		return &part->state.has_shards;
	case LK_FORM_ZST:
		return &part->state.has_zst;
	default:
		return NULL;
	}
}

/* Is it of use to look for FORM? */
static bool form_allowed(struct part *part, enum lk_form form)
{
	const struct lk_fetch_options *options = &part->batch->fetch->options;
	const struct lk_availability *known = availability(part, form);
	if (form == LK_FORM_SHARDS &&
		(options->no_shards || part->no_shards || !is_usual(part->batch))) {
		return false;
	}
	if (form == LK_FORM_ZST && options->no_zst) {
		return false;
	}
	return !known || !lk_availability_rules_out(known, options->now);
}

static const char *form_url(struct part *part, enum lk_form form)
{
	struct batch *batch = part->batch;
	return lk_arena_printf(&batch->arena, LK_STR_FMT "/%s", LK_STR_ARG(part->url),
		lk_form_name(form, batch->file_name, &batch->arena));
}

static int fail_no_noarch(const struct part *part, struct lk_error *err)
{
	if (!is_usual(part->batch)) {
		return lk_fail(err, LK_E_NOT_FOUND, "channel '" LK_STR_FMT "' has no %s",
			LK_STR_ARG(part->channel->name), part->batch->file_name);
	}
	lk_fail(err, LK_E_NETWORK,
		"channel '" LK_STR_FMT "' was not found: there is no '" LK_STR_FMT
		"/repodata.json'%s",
		LK_STR_ARG(part->channel->name), LK_STR_ARG(part->url),
		part->forbidden ? " for you (HTTP 403)" : "");
	lk_error_hint(err, "%s",
		part->forbidden ? "give credentials for the host: docs/network.md has the ways"
				: "check the channel's name or URL; each channel has a folder "
				  "'noarch' with a repodata.json");
	return err->code;
}

/* A missing subdir is an empty one, except noarch. */
static int part_absent(struct part *part, struct lk_error *err)
{
	if (lk_str_is(part->subdir, "noarch")) {
		return fail_no_noarch(part, err);
	}
	if (part->forbidden) {
		lk_warn(part->batch->fetch->report,
			"access denied (HTTP 403) to '" LK_STR_FMT "': taken as empty",
			LK_STR_ARG(part->url));
	}
	part->source = SOURCE_ABSENT;
	part->form = LK_FORM_JSON;
	part->file = form_url(part, LK_FORM_JSON);
	return 0;
}

static int part_open_local(struct part *part, struct lk_error *err)
{
	for (enum lk_form form = 0; form < LK_N_FORMS; form++) {
		if (!form_allowed(part, form)) {
			continue;
		}
		part->form = form;
		part->file = lk_arena_printf(&part->batch->arena, LK_STR_FMT "/%s",
			LK_STR_ARG(part->local_path),
			lk_form_name(form, part->batch->file_name, &part->batch->arena));
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
	part->form = lk_form_of(part->file);
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
	int rc = lk_repodata_state_load(part->batch->dirfd, part->url, part->batch->file_name,
		&part->batch->arena, &part->state, &part->cached_fd, err);
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
	bool usable = !part->state.absent && form_allowed(part, lk_form_of(part->state.url)) &&
		lk_repodata_state_is_fresh(&part->state, options->repodata_ttl, options->now);
	if (!options->offline && !usable) {
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
		return lk_fs_temp_file(lk_cache_tmp_fd(part->batch->fetch->cache), "repodata", 0644,
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
	size_t max = lk_form_max(part->form);
	part->bytes += len;
	if (part->bytes > max) {
		lk_fail(err, LK_E_NETWORK, "larger than %zu bytes", max);
		lk_error_file(err, part->file);
		lk_error_hint(err, "no channel has so many records; tell its owner");
		return LK_E_NETWORK;
	}
	return lk_fs_write_all(part->fd, bytes, len, part->tmp, err);
}

/* No form of repodata is empty, although an empty text is taken for one without records. */
static int fail_empty(const struct part *part, struct lk_error *err)
{
	lk_fail(err, LK_E_NETWORK, "the server sends an empty file");
	lk_error_file(err, part->file);
	lk_error_hint(err, "the server is in trouble; try again later");
	return LK_E_NETWORK;
}

static int sink_end(void *ctx, const struct lk_http_response *response, struct lk_error *err)
{
	struct part *part = ctx;
	struct lk_arena *arena = &part->batch->arena;
	const char *file = part->file;
	switch (response->status) {
	case 200:
		if (part->bytes == 0) {
			return fail_empty(part, err);
		}
		part->page = lk_http_is_page(response);
		part->source = SOURCE_DOWNLOADED;
		part->state = (struct lk_repodata_state){
			.url = file,
			.mirror = lk_str_dup(arena, lk_str_of(response->from)).ptr,
			.etag = lk_str_dup(arena, lk_str_of(response->etag)).ptr,
			.modified = lk_str_dup(arena, lk_str_of(response->last_modified)).ptr,
			.cache_control = lk_str_dup(arena, lk_str_of(response->cache_control)).ptr,
			.has_zst = part->state.has_zst,
			.has_shards = part->state.has_shards,
			.content = lk_repodata_new_content(arena),
		};
		return 0;
	case 304:
		if (part->cached_fd < 0) {
			break;
		}
		part_use_cached(part, SOURCE_CONFIRMED);
		if (part->state.content[0] == '\0') {
			part->state.content = lk_repodata_new_content(arena);
		}
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
	case 501:
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
	if (part->cached_fd >= 0 && strcmp(part->state.url, part->file) == 0) {
		request->validated = *part->state.mirror ? part->state.mirror : part->file;
		request->if_none_match = part->state.etag;
		request->if_modified_since = part->state.modified;
	}
}

/* Notes for a while whether the channel has the form that it was asked for. */
static void remember(struct part *part, enum lk_form form)
{
	struct lk_availability *known = availability(part, form);
	if (known && part->form == form) {
		*known = (struct lk_availability){
			part->source != SOURCE_NONE, part->batch->fetch->options.now};
	}
}

/* Asks the channels for FORM of all parts that are not settled. */
static int download_round(struct batch *batch, enum lk_form form, struct lk_error *err)
{
	static const struct lk_http_sink sink = {
		.begin = sink_begin, .write = sink_write, .end = sink_end};
	struct lk_http_request *requests LK_AUTO_FREE = lk_calloc(batch->n, sizeof(*requests));
	size_t n = 0;
	for (size_t i = 0; i < batch->n; i++) {
		struct part *part = &batch->parts[i];
		if (part->source != SOURCE_NONE || !form_allowed(part, form)) {
			continue;
		}
		part->form = form;
		part->file = form_url(part, form);
		requests[n] = (struct lk_http_request){
			.optional = form != LK_FORM_JSON,
			.sink = &sink,
			.ctx = part,
		};
		lk_fetch_route(batch->fetch, part->channel, 1, lk_str_of(part->file), &batch->arena,
			&requests[n]);
		set_validators(part, &requests[n]);
		n++;
	}
	if (n == 0) {
		return 0;
	}
	int rc = lk_http_run(batch->fetch->http, requests, n, report_progress, batch, err);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		remember(requests[i].ctx, form);
	}
	return rc;
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

static void offer_cached(struct lk_error *err)
{
	char hint[sizeof(err->hint)];
	memcpy(hint, err->hint, sizeof(hint));
	lk_error_hint(err, "%s, or use the copy in the cache with --offline", hint);
}

static int download(struct batch *batch, struct lk_error *err)
{
	for (enum lk_form form = 0; form < LK_N_FORMS; form++) {
		int rc = download_round(batch, form, err);
		if (rc == LK_E_NETWORK && cached_would_do(batch)) {
			offer_cached(err);
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
	} else if (part->page) {
		hint = LK_HTTP_PAGE_HINT;
	}
	err->code = LK_E_NETWORK;
	lk_error_hint(err, "%s", hint);
	return lk_wrap(
		err, "repodata of channel '" LK_STR_FMT "'", LK_STR_ARG(part->channel->name));
}

static lk_str identity_of(const struct part *part)
{
	struct batch *batch = part->batch;
	if (part->source == SOURCE_LOCAL) {
		return lk_repodata_file_identity(
			part->fd, part->file, batch->fetch->options.now, &batch->arena);
	}
	return lk_str_of(part->source == SOURCE_ABSENT ? "" : part->state.content);
}

static struct lk_repodata_origin origin_of(const struct part *part)
{
	return (struct lk_repodata_origin){
		.channel_name = part->channel->name,
		.channel_url = part->channel->url,
		.subdir = part->subdir,
		.file = part->file,
	};
}

/* Opens the part by an index that is there already, or gets ready to make one. */
static int part_open(struct part *part, struct lk_error *err)
{
	const struct batch *batch = part->batch;
	char index_name[LK_REPODATA_FILE_MAX];
	if (part->loaded || part->form == LK_FORM_SHARDS) {
		return 0;
	}
	lk_repodata_index_name(part->url, batch->file_name, index_name);
	const struct lk_repodata_place place = {
		.origin = origin_of(part),
		.fd = part->source == SOURCE_ABSENT ? -1 : part->fd,
		.codec = part->form == LK_FORM_JSON ? LK_CODEC_NONE : LK_CODEC_ZSTD,
		.dirfd = batch->dirfd,
		.index_name = index_name,
		.identity = identity_of(part),
		.no_disk = part->no_disk,
	};
	lk_repodata_file_free(part->whole);
	part->whole = NULL;
	int rc = lk_repodata_file_new(batch->fetch, &place, &part->whole, err);
	part->loaded = rc == 0 && lk_repodata_file_look_up(part->whole);
	return rc < 0 || part->loaded ? rc : lk_repodata_file_begin(part->whole, err);
}

static int load_shard_index(struct part *part, struct lk_error *err)
{
	const struct lk_repodata_origin origin = origin_of(part);
	/* A descriptor of its own: publishing needs the part's. */
	int fd = fcntl(part->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0 || lseek(fd, 0, SEEK_SET) != 0) {
		lk_close_p(&fd);
		return lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s'", part->file);
	}
	return lk_shards_read_index(fd, &origin, &part->index, err);
}

/* Worker, twice for each part: the first time it is decoded, the second time it is scanned, which
 * may already go on beside the first. */
static int part_load(void *ctx, size_t index, struct lk_error *err)
{
	const struct batch *batch = ctx;
	struct part *part = &batch->parts[index / 2];
	bool first = index % 2 == 0;
	bool shards = part->form == LK_FORM_SHARDS;
	if (part->loaded || (shards && !first)) {
		return 0;
	}
	int rc = shards ? load_shard_index(part, err)
		: first ? lk_repodata_file_decode(part->whole, err)
			: lk_repodata_file_scan(part->whole, err);
	if (rc < 0) {
		part->failed[!first] = rc;
		return fail_damaged(part, err);
	}
	return 0;
}

static int load(struct batch *batch, struct lk_error *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < batch->n; i++) {
		memset(batch->parts[i].failed, 0, sizeof(batch->parts[i].failed));
		rc = part_open(&batch->parts[i], err);
	}
	if (rc == 0) {
		rc = lk_workers_run(0, 2 * batch->n, part_load, batch, err);
	}
	for (size_t i = 0; i < batch->n; i++) {
		struct part *part = &batch->parts[i];
		part->loaded = part->loaded || (part->whole && lk_repodata_file_get(part->whole)) ||
			part->index;
	}
	return rc;
}

/* What was about to be loaded is not: the part is looked for again. */
static void part_forget(struct part *part)
{
	if (part->tmp) {
		unlinkat(lk_cache_tmp_fd(part->batch->fetch->cache), part->tmp, 0);
		part->tmp = NULL;
	}
	lk_close_p(&part->fd);
	part->source = SOURCE_NONE;
}

/* An index of shards that this version does not know: the whole file may be there too. */
static bool forget_unknown(struct part *part)
{
	struct lk_fetch *fetch = part->batch->fetch;
	struct lk_error ignored = LK_ERROR_INIT;
	if (part->form != LK_FORM_SHARDS || part->failed[0] != LK_E_NOT_FOUND ||
		(!fetch->http && part->local_path.len == 0)) {
		return false;
	}
	part->no_shards = true;
	lk_note(fetch->report, 1, "'%s' is of a version that is not known: not used", part->file);
	part_forget(part);
	return part->local_path.len == 0 || part_open_local(part, &ignored) == 0;
}

/* A copy in the cache that was damaged: it is downloaded anew, once. */
static bool forget_damaged(struct part *part)
{
	struct lk_fetch *fetch = part->batch->fetch;
	bool cached = part->source == SOURCE_CACHED || part->source == SOURCE_CONFIRMED;
	if (!cached || part->again || !fetch->http) {
		return false;
	}
	lk_warn(fetch->report, "damaged in the cache, downloading again: '%s'", part->file);
	part_forget(part);
	part->again = true;
	return true;
}

/* An index that could not be written to the disk: it is made in memory, once. */
static bool avoid_disk(struct part *part)
{
	bool unwritten = part->failed[0] == LK_E_FS || part->failed[1] == LK_E_FS;
	if (part->form == LK_FORM_SHARDS || part->no_disk || !unwritten) {
		return false;
	}
	part->no_disk = true;
	return true;
}

/* After a failed load: is there another way? */
static bool try_otherwise(struct batch *batch)
{
	for (size_t i = 0; i < batch->n; i++) {
		struct part *part = &batch->parts[i];
		if (part->failed[0] || part->failed[1]) {
			return forget_unknown(part) || avoid_disk(part) || forget_damaged(part);
		}
	}
	return false;
}

static int part_publish(struct part *part, struct lk_error *err)
{
	const struct batch *batch = part->batch;
	if (part->local_path.len > 0 || part->source == SOURCE_CACHED || !batch->fetch->http) {
		return 0;
	}
	if (part->source == SOURCE_ABSENT) {
		part->state = (struct lk_repodata_state){
			.url = part->file,
			.mirror = "",
			.etag = "",
			.modified = "",
			.cache_control = "",
			.absent = true,
			.has_zst = part->state.has_zst,
			.has_shards = part->state.has_shards,
			.content = "",
		};
	}
	int rc = lk_repodata_state_store(batch->dirfd, part->url, batch->file_name, &part->state,
		part->fd, lk_cache_tmp_fd(batch->fetch->cache), part->tmp, err);
	if (rc == 0) {
		part->tmp = NULL;
	}
	/* Without a new mark the cached copy is merely asked about again. */
	return part->source == SOURCE_CONFIRMED ? 0 : rc;
}

/* After the data file, whose content it names. */
static int part_keep(struct part *part, struct lk_error *err)
{
	int rc = part_publish(part, err);
	if (rc == 0 && part->whole) {
		lk_repodata_file_publish(part->whole);
	}
	return rc;
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
		lk_repodata_file_free(part->whole);
		lk_shard_index_free(part->index);
	}
	lk_free(batch->parts);
	lk_close_p(&batch->dirfd);
	lk_arena_done(&batch->arena);
}

static int batch_open_cache(struct batch *batch, struct lk_error *err)
{
	int cache_fd = lk_cache_dirfd(batch->fetch->cache);
	int rc = lk_cache_mkdir(batch->fetch->cache, "repodata", err);
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
		rc = load(batch, err);
	} while (rc < 0 && try_otherwise(batch));
	for (size_t i = 0; rc == 0 && i < batch->n; i++) {
		rc = part_keep(&batch->parts[i], err);
	}
	return rc;
}

int lk_fetch_repodata(struct lk_fetch *fetch, const struct lk_channel *channels, size_t n_channels,
	const lk_str *subdirs, size_t n_subdirs, const char *file_name,
	struct lk_repodata_set **ret, struct lk_error *err)
{
	struct batch batch = {.fetch = fetch, .file_name = file_name, .dirfd = -1};
	batch_init(&batch, channels, n_channels, subdirs, n_subdirs);
	int rc = batch_run(&batch, err);
	if (rc == 0) {
		*ret = lk_repodata_set_new(fetch, batch.n, n_subdirs);
		for (size_t i = 0; i < batch.n; i++) {
			lk_repodata_set_put(*ret, i, batch.parts[i].channel,
				LK_STEAL(batch.parts[i].whole), LK_STEAL(batch.parts[i].index));
		}
	}
	batch_done(&batch);
	return rc;
}
