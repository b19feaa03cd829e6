/*
 * What the last run of the indexer left: repodata.json, and which file each record is of.
 *
 *     {"files": {"a-1-0.conda": {"ctime_ns": 1, "inode": 2, "mtime_ns": 3, "size": 4}, ...},
 *      "repodata": "<sha256 of repodata.json>", "version": 1}
 */
#include "base/digest.h"
#include "base/fs.h"
#include "store/indexer_priv.h"

#define STATE_VERSION 1
#define STATE_DEPTH 4
#define REPODATA_DEPTH 64

struct past_reader {
	struct lk_index_past *past;
	struct lk_arena *arena;
	lk_str map;                  /* at hand: "packages", "v3/conda" ... */
	const struct lk_json *marks; /* of the state; NULL: none can be believed */
};

static bool read_mark(const struct lk_json *value, struct lk_index_mark *ret)
{
	int64_t size = lk_json_int(lk_json_get(value, "size"), -1);
	*ret = (struct lk_index_mark){
		.size = (uint64_t)size,
		.mtime_ns = lk_json_int(lk_json_get(value, "mtime_ns"), -1),
		.ctime_ns = lk_json_int(lk_json_get(value, "ctime_ns"), -1),
		.inode = lk_json_int(lk_json_get(value, "inode"), -1),
	};
	return lk_json_kind(value) == LK_JSON_OBJECT && size >= 0 && ret->inode >= 0;
}

static int add_record(void *ctx, lk_str key, const struct lk_json *record)
{
	struct past_reader *r = ctx;
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_INDEX_REPODATA_MAX);
	struct lk_jw w;
	lk_jw_init(&w, &text, false);
	lk_jw_value(&w, record);
	lk_str fn = lk_str_starts(r->map, LK_STR("v3/"))
		? lk_str_printf(r->arena, LK_STR_FMT "." LK_STR_FMT, LK_STR_ARG(key),
			  LK_STR_ARG(lk_str_skip(r->map, 3)))
		: lk_str_dup(r->arena, key);
	struct lk_index_known known = {
		.entry = {.name = lk_str_dup(r->arena, lk_json_string(lk_json_get(record, "name"))),
			.map = r->map,
			.key = lk_str_dup(r->arena, key),
			.record = lk_str_dup(r->arena, lk_buf_view(&text))},
		.fn = fn,
		.sha256 = lk_str_dup(r->arena, lk_json_string(lk_json_get(record, "sha256"))),
	};
	known.has_mark = read_mark(lk_json_get(r->marks, fn.ptr), &known.mark);
	uint32_t index = (uint32_t)r->past->known.len;
	if (lk_map_add(&r->past->by_fn, fn, index) == index) {
		lk_vec_push(&r->past->known, known);
	}
	return 0;
}

static int add_kind(void *ctx, lk_str key, const struct lk_json *records)
{
	struct past_reader *r = ctx;
	r->map = lk_str_printf(r->arena, "v3/" LK_STR_FMT, LK_STR_ARG(key));
	return lk_json_each(records, add_record, r);
}

/* A missing file is an empty document; so is a damaged one, which is told. */
static struct lk_json_doc *read_json(int dirfd, const char *name, size_t max, unsigned depth,
	const struct lk_report *report, struct lk_sha256 *ret_sha256)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(max);
	struct lk_json_doc *doc = NULL;
	struct lk_error err = LK_ERROR_INIT;
	int rc = lk_fs_read_beneath(dirfd, name, &text, &err);
	if (rc == 0) {
		*ret_sha256 = lk_sha256_of(text.ptr, text.len);
		rc = lk_json_parse(lk_buf_view(&text), name, depth, &doc, &err);
	}
	if (rc < 0 && rc != LK_E_NOT_FOUND) {
		lk_note(report, 1, "the '%s' of the last run is of no use: %s", name, err.message);
	}
	return doc;
}

void lk_index_past_read(int dirfd, struct lk_arena *arena, const struct lk_report *report,
	struct lk_index_past *ret)
{
	struct lk_sha256 sha256 = {0};
	struct lk_sha256 ignored;
	char hex[LK_HEX_MAX];
	struct lk_json_doc *repodata LK_CLEANUP(lk_json_doc_free_p) = read_json(
		dirfd, "repodata.json", LK_INDEX_REPODATA_MAX, REPODATA_DEPTH, report, &sha256);
	struct lk_json_doc *state LK_CLEANUP(lk_json_doc_free_p) = read_json(
		dirfd, LK_INDEX_STATE_NAME, LK_INDEX_REPODATA_MAX, STATE_DEPTH, report, &ignored);
	const struct lk_json *root = repodata ? lk_json_root(repodata) : NULL;
	const struct lk_json *marks = state ? lk_json_root(state) : NULL;
	lk_hex(sha256.bytes, LK_SHA256_LEN, hex);
	bool ours = lk_json_int(lk_json_get(marks, "version"), 0) == STATE_VERSION &&
		lk_str_is(lk_json_string(lk_json_get(marks, "repodata")), hex);
	struct past_reader r = {
		.past = ret, .arena = arena, .marks = ours ? lk_json_get(marks, "files") : NULL};
	static const char *const maps[] = {"packages", "packages.conda"};
	for (size_t i = 0; i < LK_COUNTOF(maps); i++) {
		r.map = lk_str_of(maps[i]);
		(void)lk_json_each(lk_json_get(root, maps[i]), add_record, &r);
	}
	(void)lk_json_each(lk_json_get(root, "v3"), add_kind, &r);
}

void lk_index_past_done(struct lk_index_past *past)
{
	lk_vec_done(&past->known);
	lk_map_done(&past->by_fn);
}

const struct lk_index_known *lk_index_past_find(const struct lk_index_past *past, lk_str fn)
{
	uint32_t index = lk_map_get(&past->by_fn, fn);
	return index == LK_MAP_NONE ? NULL : &past->known.items[index];
}

void lk_index_state_print(const struct lk_index_archives *archives,
	const struct lk_sha256 *repodata, struct lk_buf *out)
{
	struct lk_jw w;
	lk_jw_init(&w, out, false);
	lk_jw_object(&w);
	lk_jw_key(&w, "files");
	lk_jw_object(&w);
	for (size_t i = 0; i < archives->len; i++) {
		const struct lk_index_archive *archive = &archives->items[i];
		if (archive->why || !archive->steady) {
			continue;
		}
		lk_jw_key_str(&w, archive->fn);
		lk_jw_object(&w);
		lk_jw_key(&w, "ctime_ns");
		lk_jw_int(&w, archive->mark.ctime_ns);
		lk_jw_key(&w, "inode");
		lk_jw_int(&w, archive->mark.inode);
		lk_jw_key(&w, "mtime_ns");
		lk_jw_int(&w, archive->mark.mtime_ns);
		lk_jw_key_uint(&w, "size", archive->mark.size);
		lk_jw_end(&w);
	}
	lk_jw_end(&w);
	lk_jw_key_hex(&w, "repodata", repodata->bytes, LK_SHA256_LEN);
	lk_jw_key_uint(&w, "version", STATE_VERSION);
	lk_jw_end(&w);
	lk_buf_putc(out, '\n');
}
