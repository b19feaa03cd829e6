/*
 * The index of sharded repodata, and shards as small repodata.
 */
#include "conda/shard_index.h"

#include "base/map.h"
#include "base/msgpack.h"
#include "conda/relations_scan_priv.h"

#define INDEX_VERSION_MAX 2

/* JSON text of what is in MessagePack: at most six bytes for one. */
#define TEXT_MAX ((size_t)1 << 30)

struct lk_shard_index {
	struct lk_arena arena;
	struct lk_buf text; /* JSON */
	struct lk_repodata_origin origin;
	lk_str base;            /* of the shards */
	lk_str shards_base_url; /* as written */
	struct lk_strs names;
	struct lk_map by_name; /* into names and hashes */
	struct {
		struct lk_sha256 *items;
		size_t len, cap;
	} hashes; /* beside names */
	struct lk_channel_relations relations;
	uint64_t version;
};

struct parser {
	struct lk_shard_index *index;
	struct lk_scan scan;
};

static int read_info(void *ctx, struct lk_scan_text key)
{
	struct parser *p = ctx;
	if (lk_scan_is(key, "base_url")) {
		return lk_scan_text_or_none(&p->scan, &p->index->arena, &p->index->origin.base_url);
	}
	if (lk_scan_is(key, "shards_base_url")) {
		return lk_scan_text_or_none(&p->scan, &p->index->arena, &p->index->shards_base_url);
	}
	if (lk_scan_is(key, "channel_relations")) {
		return lk_channel_relations_scan(&p->scan, &p->index->arena, &p->index->relations);
	}
	return lk_scan_skip(&p->scan, NULL);
}

static int read_hash(void *ctx, struct lk_scan_text key)
{
	struct parser *p = ctx;
	struct lk_shard_index *index = p->index;
	struct lk_sha256 hash;
	lk_str text;
	lk_str name = lk_scan_decode(key, &index->arena);
	int rc = lk_scan_text_or_none(&p->scan, &p->index->arena, &text);
	if (rc < 0) {
		return rc;
	}
	if (!lk_unhex(text, hash.bytes, LK_SHA256_LEN)) {
		lk_fail(p->scan.err, LK_E_FORMAT, "the hash of '" LK_STR_FMT "' is no SHA-256",
			LK_STR_ARG(name));
		lk_error_file(p->scan.err, index->origin.file);
		return LK_E_FORMAT;
	}
	if (!lk_name_is_valid(name)) {
		return 0;
	}
	uint32_t next = (uint32_t)index->names.len;
	uint32_t at = lk_map_add(&index->by_name, name, next);
	if (at == next) {
		lk_vec_push(&index->names, name);
		lk_vec_push(&index->hashes, hash);
	}
	index->hashes.items[at] = hash;
	return 0;
}

static int read_section(void *ctx, struct lk_scan_text key)
{
	struct parser *p = ctx;
	lk_str text;
	bool object = lk_scan_peek(&p->scan) == '{';
	if (object && lk_scan_is(key, "info")) {
		return lk_scan_each(&p->scan, read_info, p);
	}
	if (object && lk_scan_is(key, "shards")) {
		return lk_scan_each(&p->scan, read_hash, p);
	}
	int rc = lk_scan_skip(&p->scan, &text);
	if (rc == 0 && (lk_scan_is(key, "version") || lk_scan_is(key, "repodata_version"))) {
		(void)lk_str_to_u64(text, &p->index->version);
	}
	return rc;
}

static int parse(struct parser *p, lk_str msgpack)
{
	struct lk_shard_index *index = p->index;
	struct lk_repodata_origin *origin = &index->origin;
	struct lk_error *err = p->scan.err;
	int rc = lk_msgpack_to_json(msgpack, origin->file, &index->text, err);
	if (rc < 0) {
		return rc;
	}
	lk_scan_init(&p->scan, lk_buf_view(&index->text), origin->file, err);
	p->scan.transcribed = true;
	rc = lk_scan_each(&p->scan, read_section, p);
	if (rc < 0) {
		return rc;
	}
	if (index->version > INDEX_VERSION_MAX) {
		return lk_fail(err, LK_E_NOT_FOUND, "'%s' is of a version that is not known",
			origin->file);
	}
	lk_str directory = lk_str_printf(&index->arena, LK_STR_FMT "/" LK_STR_FMT,
		LK_STR_ARG(origin->channel_url), LK_STR_ARG(origin->subdir));
	lk_str unused;
	if (!lk_url_base(directory, index->shards_base_url, &index->arena, &index->base) ||
		!lk_url_base(directory, origin->base_url, &index->arena, &unused)) {
		return lk_scan_fail(&p->scan, "a base URL leads out of the network");
	}
	return 0;
}

int lk_shard_index_parse(lk_str msgpack, const struct lk_repodata_origin *origin,
	struct lk_shard_index **ret, struct lk_error *err)
{
	struct lk_shard_index *index = lk_calloc(1, sizeof(*index));
	lk_arena_init(&index->arena);
	lk_buf_init(&index->text, TEXT_MAX);
	index->origin = (struct lk_repodata_origin){
		.channel_name = lk_str_dup(&index->arena, origin->channel_name),
		.channel_url = lk_str_dup(&index->arena, origin->channel_url),
		.subdir = lk_str_dup(&index->arena, origin->subdir),
		.file = lk_str_dup(&index->arena, lk_str_of(origin->file)).ptr,
		.transcribed = true,
	};
	struct parser parser = {.index = index, .scan = {.err = err}};
	int rc = parse(&parser, msgpack);
	if (rc < 0) {
		lk_shard_index_free(index);
		return rc;
	}
	*ret = index;
	return 0;
}

void lk_shard_index_free(struct lk_shard_index *index)
{
	if (!index) {
		return;
	}
	lk_vec_done(&index->names);
	lk_vec_done(&index->hashes);
	lk_map_done(&index->by_name);
	lk_buf_done(&index->text);
	lk_arena_done(&index->arena);
	lk_free(index);
}

bool lk_shard_index_find(const struct lk_shard_index *index, lk_str name, struct lk_sha256 *ret)
{
	uint32_t at = lk_map_get(&index->by_name, name);
	if (at == LK_MAP_NONE) {
		return false;
	}
	*ret = index->hashes.items[at];
	return true;
}

size_t lk_shard_index_n_names(const struct lk_shard_index *index)
{
	return index->names.len;
}

lk_str lk_shard_index_name_at(const struct lk_shard_index *index, size_t at)
{
	return index->names.items[at];
}

lk_str lk_shard_index_base(const struct lk_shard_index *index)
{
	return index->base;
}

const struct lk_channel_relations *lk_shard_index_relations(const struct lk_shard_index *index)
{
	return &index->relations;
}

int lk_shard_open(const struct lk_shard_index *index, lk_str msgpack, const char *file,
	struct lk_repodata **ret, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(TEXT_MAX);
	struct lk_repodata_origin origin = index->origin;
	int rc = lk_msgpack_to_json(msgpack, file, &text, err);
	origin.file = file;
	return rc < 0 ? rc : lk_repodata_open(&text, &origin, ret, err);
}
