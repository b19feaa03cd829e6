/*
 * Shards and their index (CEP 16).
 */
#include "base/msgpack_write.h"
#include "conda/package_priv.h"
#include "conda/repodata_write.h"

/* Hashes are stored as bytes. */
static int put_member(void *ctx, lk_str key, const struct lk_json *member)
{
	struct lk_buf *out = ctx;
	unsigned char bytes[LK_SHA256_LEN];
	lk_str text = lk_json_string(member);
	bool sha256 = lk_str_is(key, "sha256");
	size_t len = sha256 ? LK_SHA256_LEN : LK_MD5_LEN;
	lk_msgpack_put_str(out, key);
	if ((sha256 || lk_str_is(key, "md5")) && lk_unhex(text, bytes, len)) {
		lk_msgpack_put_bin(out, bytes, len);
	} else {
		lk_msgpack_put_json(out, member);
	}
	return 0;
}

static int put_entry(
	struct lk_buf *out, const struct lk_repodata_entry *entry, struct lk_error *err)
{
	struct lk_json_doc *doc LK_CLEANUP(lk_json_doc_free_p) = NULL;
	int rc = lk_json_parse(entry->record, "record", LK_PACKAGE_MAX_DEPTH + 1, &doc, err);
	if (rc < 0) {
		return lk_wrap(err, "'" LK_STR_FMT "'", LK_STR_ARG(entry->key));
	}
	lk_msgpack_put_str(out, entry->key);
	lk_msgpack_put_map(out, lk_json_size(lk_json_root(doc)));
	(void)lk_json_each(lk_json_root(doc), put_member, out);
	return 0;
}

static size_t count_in(const struct lk_repodata_entry *entries, size_t n, const char *map)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++) {
		count += lk_str_is(entries[i].map, map);
	}
	return count;
}

/* What stands in MAP, called KEY here. */
static int put_map(struct lk_buf *out, const struct lk_repodata_entry *entries, size_t n,
	const char *key, const char *map, struct lk_error *err)
{
	int rc = 0;
	lk_msgpack_put_str(out, lk_str_of(key));
	lk_msgpack_put_map(out, count_in(entries, n, map));
	for (size_t i = 0; i < n && rc == 0; i++) {
		if (lk_str_is(entries[i].map, map)) {
			rc = put_entry(out, &entries[i], err);
		}
	}
	return rc;
}

static int put_v3(
	struct lk_buf *out, const struct lk_repodata_entry *entries, size_t n, struct lk_error *err)
{
	static const char *const maps[] = {"v3/conda", "v3/tar.bz2", "v3/whl"};
	int rc = 0;
	lk_msgpack_put_str(out, LK_STR("v3"));
	lk_msgpack_put_map(out, LK_COUNTOF(maps));
	for (size_t i = 0; i < LK_COUNTOF(maps) && rc == 0; i++) {
		rc = put_map(out, entries, n, maps[i] + 3, maps[i], err);
	}
	return rc;
}

int lk_shard_print(
	const struct lk_repodata_entry *entries, size_t n, struct lk_buf *out, struct lk_error *err)
{
	size_t plain = count_in(entries, n, "packages") + count_in(entries, n, "packages.conda") +
		count_in(entries, n, "removed");
	lk_msgpack_put_map(out, plain < n ? 4 : 3);
	int rc = put_map(out, entries, n, "packages", "packages", err);
	rc = rc < 0 ? rc : put_map(out, entries, n, "packages.conda", "packages.conda", err);
	lk_msgpack_put_str(out, LK_STR("removed"));
	lk_msgpack_put_array(out, count_in(entries, n, "removed"));
	for (size_t i = 0; i < n; i++) {
		if (lk_str_is(entries[i].map, "removed")) {
			lk_msgpack_put_str(out, entries[i].key);
		}
	}
	if (rc == 0 && plain < n) {
		rc = put_v3(out, entries, n, err);
	}
	return rc < 0 || !out->overflow
		? rc
		: lk_fail(err, LK_E_FORMAT, "a shard is larger than %zu bytes", out->max);
}

static int put_info(void *ctx, lk_str key, const struct lk_json *member)
{
	struct lk_buf *out = ctx;
	lk_msgpack_put_str(out, key);
	lk_msgpack_put_json(out, member);
	return 0;
}

/* Clients ask for base_url even where it says nothing: that of the index itself. */
void lk_shard_index_print(
	const struct lk_json *info, const struct lk_shard_ref *shards, size_t n, struct lk_buf *out)
{
	bool has_base = lk_json_get(info, "base_url") != NULL;
	lk_msgpack_put_map(out, 3);
	lk_msgpack_put_str(out, LK_STR("version"));
	lk_msgpack_put_int(out, 1);
	lk_msgpack_put_str(out, LK_STR("info"));
	lk_msgpack_put_map(out, lk_json_size(info) + (has_base ? 1 : 2));
	(void)lk_json_each(info, put_info, out);
	if (!has_base) {
		lk_msgpack_put_str(out, LK_STR("base_url"));
		lk_msgpack_put_str(out, LK_STR("./"));
	}
	lk_msgpack_put_str(out, LK_STR("shards_base_url"));
	lk_msgpack_put_str(out, LK_STR("./shards/"));
	lk_msgpack_put_str(out, LK_STR("shards"));
	lk_msgpack_put_map(out, n);
	for (size_t i = 0; i < n; i++) {
		lk_msgpack_put_str(out, shards[i].name);
		lk_msgpack_put_bin(out, shards[i].sha256.bytes, LK_SHA256_LEN);
	}
}
