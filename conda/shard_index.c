/*
 * The index of sharded repodata, and shards as small repodata.
 */
#include "conda/shard_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/msgpack.h"
#include "conda/relations_scan_priv.h"

#define INDEX_VERSION_MAX 2

/* JSON text of what is in MessagePack: at most six bytes for one. */
#define TEXT_MAX ((size_t)1 << 30)

/* A name and its hash, where they lie in the index. */
struct entry {
	lk_str name;
	const char *hash;
};

struct lk_shard_index {
	struct lk_arena arena;
	struct lk_buf bytes; /* MessagePack */
	struct lk_buf info;  /* JSON */
	struct lk_repodata_origin origin;
	lk_str base;            /* of the shards */
	lk_str shards_base_url; /* as written */
	struct {
		struct entry *items;
		size_t len, cap;
	} entries; /* by name */
	struct lk_channel_relations relations;
	uint64_t version;
};

struct parser {
	struct lk_shard_index *index;
	struct lk_scan scan; /* of info */
	bool unsorted;
	struct lk_error *err;
};

static int fail(const struct parser *p, const char *what)
{
	lk_fail(p->err, LK_E_FORMAT, "%s", what);
	lk_error_file(p->err, p->index->origin.file);
	return LK_E_FORMAT;
}

static int read_info_member(void *ctx, struct lk_scan_text key)
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

static int read_info(struct parser *p, lk_str value)
{
	struct lk_buf *info = &p->index->info;
	const char *file = p->index->origin.file;
	if (info->len > 0) {
		return fail(p, "info stands there for the second time");
	}
	int rc = lk_msgpack_to_json(value, file, info, p->err);
	lk_scan_init(&p->scan, lk_buf_view(info), file, p->err);
	p->scan.transcribed = true;
	return rc < 0 ? rc : lk_scan_each(&p->scan, read_info_member, p);
}

static int read_version(struct parser *p, lk_str value)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) number = LK_BUF_INIT(TEXT_MAX);
	int rc = lk_msgpack_to_json(value, p->index->origin.file, &number, p->err);
	if (rc == 0) {
		(void)lk_str_to_u64(lk_buf_view(&number), &p->index->version);
	}
	return rc;
}

static int cmp_names(const void *a, const void *b)
{
	const struct entry *left = a;
	const struct entry *right = b;
	return lk_str_cmp(left->name, right->name);
}

/* Of one name, the order of the index. */
static int cmp_entries(const void *a, const void *b)
{
	const struct entry *left = a;
	const struct entry *right = b;
	int c = cmp_names(a, b);
	return c != 0 ? c : (left->name.ptr > right->name.ptr) - (left->name.ptr < right->name.ptr);
}

/* 32 bytes, or as many in hex. */
static int read_hash(void *ctx, lk_str name, lk_str value)
{
	struct parser *p = ctx;
	struct lk_shard_index *index = p->index;
	struct entry entry = {name, lk_msgpack_content(value).ptr};
	if (!lk_name_is_valid(name)) {
		return 0;
	}
	if (lk_msgpack_content(value).len != LK_SHA256_LEN) {
		struct lk_sha256 hash;
		if (!lk_unhex(lk_msgpack_content(value), hash.bytes, LK_SHA256_LEN)) {
			lk_fail(p->err, LK_E_FORMAT, "the hash of '" LK_STR_FMT "' is no SHA-256",
				LK_STR_ARG(name));
			lk_error_file(p->err, index->origin.file);
			return LK_E_FORMAT;
		}
		entry.hash = lk_arena_strndup(
			&index->arena, (const char *)hash.bytes, sizeof(hash.bytes));
	}
	size_t n = index->entries.len;
	p->unsorted |= n > 0 && cmp_names(&index->entries.items[n - 1], &entry) >= 0;
	lk_vec_push(&index->entries, entry);
	return 0;
}

/* Of a name that stands twice the last counts. */
static void sort_entries(struct lk_shard_index *index)
{
	struct entry *items = index->entries.items;
	size_t kept = 0;
	qsort(items, index->entries.len, sizeof(*items), cmp_entries);
	for (size_t i = 1; i < index->entries.len; i++) {
		kept += cmp_names(&items[kept], &items[i]) != 0;
		items[kept] = items[i];
	}
	index->entries.len = kept + 1;
}

static int read_section(void *ctx, lk_str key, lk_str value)
{
	struct parser *p = ctx;
	if (lk_str_is(key, "info") && lk_msgpack_is_map(value)) {
		return read_info(p, value);
	}
	if (lk_str_is(key, "shards") && lk_msgpack_is_map(value)) {
		return lk_msgpack_each(value, p->index->origin.file, read_hash, p, p->err);
	}
	if (lk_str_is(key, "version") || lk_str_is(key, "repodata_version")) {
		return read_version(p, value);
	}
	return 0;
}

/* Where the shards lie, and whether the packages may lie where info says. */
static int set_base(struct parser *p)
{
	struct lk_shard_index *index = p->index;
	const struct lk_repodata_origin *origin = &index->origin;
	lk_str directory = lk_str_printf(&index->arena, LK_STR_FMT "/" LK_STR_FMT,
		LK_STR_ARG(origin->channel_url), LK_STR_ARG(origin->subdir));
	lk_str packages;
	if (!lk_url_base(directory, index->shards_base_url, &index->arena, &index->base) ||
		!lk_url_base(directory, origin->base_url, &index->arena, &packages)) {
		return fail(p, "a base URL leads out of the network");
	}
	if (lk_url_loses_tls(directory, index->base) || lk_url_loses_tls(directory, packages)) {
		return fail(p, "a base URL leads from https to http");
	}
	return 0;
}

static int parse(struct parser *p)
{
	struct lk_shard_index *index = p->index;
	const char *file = index->origin.file;
	int rc = lk_msgpack_each(lk_buf_view(&index->bytes), file, read_section, p, p->err);
	if (rc < 0) {
		return rc;
	}
	if (index->version > INDEX_VERSION_MAX) {
		return lk_fail(
			p->err, LK_E_NOT_FOUND, "'%s' is of a version that is not known", file);
	}
	if (p->unsorted) {
		sort_entries(index);
	}
	return set_base(p);
}

int lk_shard_index_parse(lk_str msgpack, const struct lk_repodata_origin *origin,
	struct lk_shard_index **ret, struct lk_error *err)
{
	struct lk_shard_index *index = lk_calloc(1, sizeof(*index));
	lk_arena_init(&index->arena);
	lk_buf_init(&index->bytes, msgpack.len);
	lk_buf_put(&index->bytes, msgpack);
	lk_buf_init(&index->info, TEXT_MAX);
	index->origin = (struct lk_repodata_origin){
		.channel_name = lk_str_dup(&index->arena, origin->channel_name),
		.channel_url = lk_str_dup(&index->arena, origin->channel_url),
		.subdir = lk_str_dup(&index->arena, origin->subdir),
		.file = lk_str_dup(&index->arena, lk_str_of(origin->file)).ptr,
		.transcribed = true,
	};
	struct parser parser = {.index = index, .err = err};
	int rc = parse(&parser);
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
	lk_vec_done(&index->entries);
	lk_buf_done(&index->bytes);
	lk_buf_done(&index->info);
	lk_arena_done(&index->arena);
	lk_free(index);
}

bool lk_shard_index_find(const struct lk_shard_index *index, lk_str name, struct lk_sha256 *ret)
{
	const struct entry key = {.name = name};
	const struct entry *found = index->entries.len == 0
		? NULL
		: bsearch(&key, index->entries.items, index->entries.len, sizeof(key), cmp_names);
	if (found) {
		memcpy(ret->bytes, found->hash, LK_SHA256_LEN);
	}
	return found != NULL;
}

size_t lk_shard_index_n_names(const struct lk_shard_index *index)
{
	return index->entries.len;
}

lk_str lk_shard_index_name_at(const struct lk_shard_index *index, size_t at)
{
	return index->entries.items[at].name;
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
	struct lk_repodata **ret, size_t *ret_len, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(TEXT_MAX);
	struct lk_repodata_origin origin = index->origin;
	int rc = lk_msgpack_to_json(msgpack, file, &text, err);
	origin.file = file;
	if (ret_len) {
		*ret_len = text.len;
	}
	return rc < 0 ? rc : lk_repodata_open(&text, &origin, ret, err);
}
