/*
 * Shards: read from the cache or from a folder, else downloaded; held against their hash every
 * time.
 */
#include "fetch/shards_priv.h"

#include <unistd.h>

#include "base/fs.h"
#include "base/map.h"
#include "base/stream.h"
#include "base/workers.h"

#define CACHE_FOLDER "repodata/shards"

struct lk_shard {
	struct lk_shards *owner;
	lk_str name;
	struct lk_sha256 sha256;
	const char *url;
	struct lk_buf bytes; /* compressed, while it is being loaded */
	bool fetched;        /* bytes came just now, over the network */
	struct lk_repodata *repodata;
};

struct lk_shards {
	struct lk_shard_loader *loader;
	const struct lk_channel *channel;
	struct lk_shard_index *index;
	struct lk_arena arena;
	struct lk_map by_name; /* into asked; LK_MAP_NONE - 1 for a name that is not in the index */
	struct {
		struct lk_shard **items;
		size_t len, cap;
	} asked;
	bool local;
};

#define NO_SHARD (LK_MAP_NONE - 1)

int lk_shards_read_index(int fd, const struct lk_repodata_origin *origin,
	struct lk_shard_index **ret, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_FETCH_SHARD_MAX);
	struct lk_stream *stream LK_CLEANUP(lk_stream_free_p) =
		lk_stream_decode(lk_stream_from_fd(fd, origin->file), LK_CODEC_ZSTD);
	int rc = lk_stream_read_all(stream, &text, err);
	return rc < 0 ? rc : lk_shard_index_parse(lk_buf_view(&text), origin, ret, err);
}

struct lk_shards *lk_shards_new(struct lk_shard_loader *loader, const struct lk_channel *channel,
	struct lk_shard_index *index)
{
	struct lk_shards *shards = lk_calloc(1, sizeof(*shards));
	lk_str path;
	shards->loader = loader;
	shards->channel = channel;
	shards->index = index;
	lk_arena_init(&shards->arena);
	shards->local = lk_url_to_path(lk_shard_index_base(index), &shards->arena, &path);
	return shards;
}

void lk_shards_free(struct lk_shards *shards)
{
	if (!shards) {
		return;
	}
	for (size_t i = 0; i < shards->asked.len; i++) {
		lk_buf_done(&shards->asked.items[i]->bytes);
		lk_repodata_free(shards->asked.items[i]->repodata);
	}
	lk_vec_done(&shards->asked);
	lk_map_done(&shards->by_name);
	lk_shard_index_free(shards->index);
	lk_arena_done(&shards->arena);
	lk_free(shards);
}

const struct lk_shard_index *lk_shards_index(const struct lk_shards *shards)
{
	return shards->index;
}

void lk_shards_expect(void *ctx, lk_str name)
{
	struct lk_shards *shards = ctx;
	struct lk_sha256 sha256;
	char hex[LK_HEX_MAX];
	if (lk_map_get(&shards->by_name, name) != LK_MAP_NONE) {
		return;
	}
	name = lk_str_dup(&shards->arena, name);
	if (!lk_shard_index_find(shards->index, name, &sha256)) {
		lk_map_set(&shards->by_name, name, NO_SHARD);
		return;
	}
	lk_hex(sha256.bytes, LK_SHA256_LEN, hex);
	struct lk_shard *shard = lk_arena_calloc(&shards->arena, 1, sizeof(*shard));
	*shard = (struct lk_shard){
		.owner = shards,
		.name = name,
		.sha256 = sha256,
		.url = lk_arena_printf(&shards->arena, LK_STR_FMT "%s.msgpack.zst",
			LK_STR_ARG(lk_shard_index_base(shards->index)), hex),
		.bytes = LK_BUF_INIT(LK_FETCH_SHARD_MAX),
	};
	lk_map_set(&shards->by_name, name, (uint32_t)shards->asked.len);
	lk_vec_push(&shards->asked, shard);
	lk_vec_push(&shards->loader->expected, shard);
}

static lk_str file_name_of(const struct lk_shard *shard)
{
	return lk_path_basename(lk_str_of(shard->url));
}

static bool is_sound(const struct lk_shard *shard)
{
	struct lk_sha256 sha256 = lk_sha256_of(shard->bytes.ptr, shard->bytes.len);
	return lk_sha256_eq(&sha256, &shard->sha256);
}

static int fail_other_bytes(const struct lk_shard *shard, struct lk_error *err)
{
	lk_fail(err, LK_E_INTEGRITY,
		"the shard of '" LK_STR_FMT "' has not the sha256 that the channel's index says",
		LK_STR_ARG(shard->name));
	lk_error_file(err, shard->url);
	lk_error_hint(err, "%s",
		shard->owner->local ? "index the channel again"
				    : "the channel, or something on the way, changes files; try "
				      "again later");
	return LK_E_INTEGRITY;
}

static int fail_too_much(const struct lk_shard *shard, struct lk_error *err)
{
	lk_fail(err, LK_E_NETWORK,
		"the shards that the specs lead to hold more than %zu bytes, with that of "
		"'" LK_STR_FMT "'",
		LK_FETCH_SHARDS_MAX, LK_STR_ARG(shard->name));
	lk_error_file(err, shard->url);
	lk_error_hint(err,
		"no environment needs so many records; tell the channel's owner, or leave the "
		"channel out");
	return LK_E_NETWORK;
}

/* Decompressed, and read. Damage that the hash does not show is trouble of the channel. */
static int open_shard(struct lk_shard *shard, struct lk_error *err)
{
	size_t len = 0;
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_FETCH_SHARD_MAX);
	struct lk_stream *stream LK_CLEANUP(lk_stream_free_p) = lk_stream_decode(
		lk_stream_from_memory(shard->bytes.ptr, shard->bytes.len, shard->url),
		LK_CODEC_ZSTD);
	int rc = lk_stream_read_all(stream, &text, err);
	if (rc == 0) {
		rc = lk_shard_open(shard->owner->index, lk_buf_view(&text), shard->url,
			&shard->repodata, &len, err);
	}
	if (rc == LK_E_FORMAT || rc == LK_E_INTEGRITY) {
		err->code = LK_E_NETWORK;
		lk_error_hint(err, "the channel serves a damaged file; try again later");
		rc = lk_wrap(err, "the shard of '" LK_STR_FMT "'", LK_STR_ARG(shard->name));
	}
	if (rc < 0) {
		return rc;
	}
	size_t before = atomic_fetch_add(&shard->owner->loader->text, len);
	return before + len > LK_FETCH_SHARDS_MAX ? fail_too_much(shard, err) : 0;
}

static int read_local(struct lk_shard *shard, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	lk_str path;
	int fd;
	lk_arena_init(&arena);
	if (!lk_url_to_path(lk_str_of(shard->url), &arena, &path)) {
		return lk_fail(err, LK_E_BUG, "'%s' is no path", shard->url);
	}
	int rc = lk_fetch_open_local(path.ptr, &fd, err);
	if (rc == 0) {
		struct lk_stream *stream LK_CLEANUP(lk_stream_free_p) =
			lk_stream_from_fd(fd, path.ptr);
		rc = lk_stream_read_all(stream, &shard->bytes, err);
	}
	if (rc == LK_E_NOT_FOUND || rc == LK_E_INTEGRITY) {
		err->code = LK_E_NETWORK;
		lk_error_hint(err, "index the channel again");
	}
	if (rc < 0) {
		return lk_wrap(err, "the shard of '" LK_STR_FMT "'", LK_STR_ARG(shard->name));
	}
	return is_sound(shard) ? 0 : fail_other_bytes(shard, err);
}

/* Worker: what lies on this machine. A cached shard that is missing or damaged is none. */
static int load_here(void *ctx, size_t index, struct lk_error *err)
{
	const struct lk_shard_loader *loader = ctx;
	struct lk_shard *shard = loader->expected.items[index];
	if (shard->repodata) {
		return 0; /* a try before this one failed behind it */
	}
	if (shard->owner->local) {
		int rc = read_local(shard, err);
		return rc < 0 ? rc : open_shard(shard, err);
	}
	struct lk_error ignored = LK_ERROR_INIT;
	if (lk_fs_read_beneath(loader->dirfd, file_name_of(shard).ptr, &shard->bytes, &ignored) ==
			0 &&
		is_sound(shard)) {
		int rc = open_shard(shard, err);
		lk_buf_done(&shard->bytes);
		return rc;
	}
	lk_buf_clear(&shard->bytes);
	return 0;
}

/* Worker: what was downloaded. */
static int load_fetched(void *ctx, size_t index, struct lk_error *err)
{
	const struct lk_shard_loader *loader = ctx;
	struct lk_shard *shard = loader->expected.items[index];
	return shard->fetched ? open_shard(shard, err) : 0;
}

static int sink_begin(void *ctx, struct lk_error *err)
{
	struct lk_shard *shard = ctx;
	(void)err;
	lk_buf_clear(&shard->bytes);
	return 0;
}

static int sink_write(void *ctx, const void *bytes, size_t len, struct lk_error *err)
{
	struct lk_shard *shard = ctx;
	struct lk_shard_loader *loader = shard->owner->loader;
	loader->arriving += len;
	if (loader->arriving > LK_FETCH_SHARDS_MAX) {
		return fail_too_much(shard, err);
	}
	lk_buf_append(&shard->bytes, bytes, len);
	if (shard->bytes.overflow) {
		lk_fail(err, LK_E_NETWORK, "the shard of '" LK_STR_FMT "' is larger than %zu bytes",
			LK_STR_ARG(shard->name), shard->bytes.max);
		lk_error_file(err, shard->url);
		lk_error_hint(err, "no package has so many records; tell the channel's owner");
		return LK_E_NETWORK;
	}
	return 0;
}

static int sink_end(void *ctx, const struct lk_http_response *response, struct lk_error *err)
{
	struct lk_shard *shard = ctx;
	if (response->status != 200) {
		int rc = lk_http_fail_status(shard->url, response->status, err);
		if (response->status == 404 || response->status == 410) {
			shard->owner->loader->fetch->gone = true;
			lk_error_hint(err,
				"the channel may be in the middle of a change: try again later");
		}
		return rc;
	}
	shard->fetched = is_sound(shard);
	if (shard->fetched) {
		return 0;
	}
	fail_other_bytes(shard, err);
	if (lk_http_is_page(response)) {
		lk_error_hint(err, LK_HTTP_PAGE_HINT);
	}
	return err->code;
}

/* Not synced: a shard that a loss of power damages is seen by its hash. */
static int keep_in_cache(const struct lk_shard *shard, struct lk_error *err)
{
	const struct lk_shard_loader *loader = shard->owner->loader;
	int tmp_fd = lk_cache_tmp_fd(loader->fetch->cache);
	int fd LK_AUTO_CLOSE = -1;
	char *tmp;
	int rc = lk_fs_temp_file(tmp_fd, "shard", 0644, &shard->owner->arena, &tmp, &fd, err);
	if (rc < 0) {
		return rc;
	}
	rc = lk_fs_write_all(fd, shard->bytes.ptr, shard->bytes.len, tmp, err);
	if (rc == 0) {
		rc = lk_fs_rename(tmp_fd, tmp, loader->dirfd, file_name_of(shard).ptr, err);
	}
	if (rc < 0) {
		unlinkat(tmp_fd, tmp, 0);
	}
	return rc;
}

static void report_progress(void *ctx)
{
	const struct lk_shard_loader *loader = ctx;
	struct lk_progress progress = {.stage = "repodata", .total = loader->expected.len};
	for (size_t i = 0; i < loader->expected.len; i++) {
		const struct lk_shard *shard = loader->expected.items[i];
		progress.done += shard->repodata != NULL || shard->fetched;
		progress.bytes += shard->bytes.len;
		if (!shard->repodata && !shard->fetched && progress.item.len == 0) {
			progress.item = shard->name;
		}
	}
	lk_report_progress(loader->fetch->report, &progress);
}

static int fail_offline(const struct lk_shard_loader *loader, struct lk_error *err)
{
	size_t n = 0;
	for (size_t i = 0; i < loader->expected.len; i++) {
		const struct lk_shard *shard = loader->expected.items[i];
		if (!shard->repodata) {
			n++;
			lk_warn(loader->fetch->report,
				"not in the cache: repodata of '" LK_STR_FMT "' ('%s')",
				LK_STR_ARG(shard->name), shard->url);
		}
	}
	lk_fail(err, LK_E_OFFLINE, "offline, and the cache lacks the repodata of %zu package%s", n,
		n == 1 ? "" : "s");
	lk_error_hint(err, "run the command once with the network, without --offline");
	return LK_E_OFFLINE;
}

static int download(struct lk_shard_loader *loader, struct lk_error *err)
{
	static const struct lk_http_sink sink = {
		.begin = sink_begin, .write = sink_write, .end = sink_end};
	size_t n = 0;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	struct lk_http_request *requests LK_AUTO_FREE =
		lk_calloc(loader->expected.len, sizeof(*requests));
	lk_arena_init(&arena);
	for (size_t i = 0; i < loader->expected.len; i++) {
		struct lk_shard *shard = loader->expected.items[i];
		if (shard->repodata) {
			continue;
		}
		requests[n] = (struct lk_http_request){
			.small = true,
			.sink = &sink,
			.ctx = shard,
		};
		lk_fetch_route(loader->fetch, shard->owner->channel, 1, lk_str_of(shard->url),
			&arena, &requests[n++]);
	}
	if (n == 0) {
		return 0;
	}
	if (!loader->fetch->http) {
		return fail_offline(loader, err);
	}
	int rc = lk_http_run(loader->fetch->http, requests, n, report_progress, loader, err);
	if (rc == 0) {
		rc = lk_workers_run(0, loader->expected.len, load_fetched, loader, err);
	}
	for (size_t i = 0; rc == 0 && i < loader->expected.len; i++) {
		const struct lk_shard *shard = loader->expected.items[i];
		rc = shard->fetched ? keep_in_cache(shard, err) : 0;
	}
	if (rc == 0 && !loader->pruned) {
		loader->pruned = true;
		lk_shards_prune(loader->fetch, loader->dirfd);
	}
	return rc;
}

static int open_cache(struct lk_shard_loader *loader, struct lk_error *err)
{
	int cache_fd = lk_cache_dirfd(loader->fetch->cache);
	if (loader->dirfd >= 0) {
		return 0;
	}
	int rc = lk_cache_mkdir(loader->fetch->cache, CACHE_FOLDER, err);
	return rc < 0 ? rc
		      : lk_fs_open_beneath(cache_fd, CACHE_FOLDER, O_RDONLY | O_DIRECTORY, 0,
				&loader->dirfd, err);
}

/* All that is expected. */
static int load(struct lk_shard_loader *loader, struct lk_error *err)
{
	int rc = open_cache(loader, err);
	if (rc == 0) {
		rc = lk_workers_run(0, loader->expected.len, load_here, loader, err);
	}
	if (rc == 0) {
		rc = download(loader, err);
	}
	for (size_t i = 0; i < loader->expected.len; i++) {
		lk_buf_done(&loader->expected.items[i]->bytes);
		loader->expected.items[i]->fetched = false;
	}
	loader->arriving = 0;
	if (rc == 0) {
		lk_vec_clear(&loader->expected);
	}
	return rc;
}

int lk_shards_records(void *ctx, lk_str name, struct lk_arena *arena, struct lk_records *ret,
	struct lk_error *err)
{
	struct lk_shards *shards = ctx;
	lk_shards_expect(shards, name);
	uint32_t at = lk_map_get(&shards->by_name, name);
	if (at == NO_SHARD) {
		return 0;
	}
	struct lk_shard *shard = shards->asked.items[at];
	int rc = shard->repodata ? 0 : load(shards->loader, err);
	return rc < 0 ? rc : lk_repodata_records(shard->repodata, name, arena, ret, err);
}

struct lk_repodata *lk_shards_loaded(const struct lk_shards *shards, lk_str name)
{
	uint32_t at = lk_map_get(&shards->by_name, name);
	return at >= NO_SHARD ? NULL : shards->asked.items[at]->repodata;
}

void lk_shards_tell(struct lk_shards *shards, const struct lk_report *report)
{
	for (size_t i = 0; i < shards->asked.len; i++) {
		if (shards->asked.items[i]->repodata) {
			lk_repodata_tell(shards->asked.items[i]->repodata, report);
		}
	}
}

void lk_shard_loader_done(struct lk_shard_loader *loader)
{
	lk_vec_done(&loader->expected);
	lk_close_p(&loader->dirfd);
}
