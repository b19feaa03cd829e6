/*
 * For the tests of sharded repodata: channels in shards.
 */
#ifndef LK_TESTS_SHARD_WORLD_H
#define LK_TESTS_SHARD_WORLD_H

#include "tests/support/shards.h"
#include "tests/unit/fetch/repodata_world.h"

/* The compressed BYTES under their hash in CHANNEL/SUBDIR/shards. */
static inline struct lk_sha256 put_shard(
	struct world *world, const char *where, const void *bytes, size_t len)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf zst LK_CLEANUP(lk_buf_done) = LK_BUF_INIT(1 << 24);
	char hex[LK_HEX_MAX];
	char name[256];
	assert_int_equal(lk_compress(LK_CODEC_ZSTD, 1, bytes, len, &zst, &err), 0);
	struct lk_sha256 hash = lk_sha256_of(zst.ptr, zst.len);
	lk_hex(hash.bytes, LK_SHA256_LEN, hex);
	snprintf(name, sizeof(name), "%s/shards/%s.msgpack.zst", where, hex);
	put_file(world->www, name, zst.ptr, zst.len);
	return hash;
}

static inline void put_index(struct world *world, const char *where, const char *package,
	const struct lk_sha256 *hash, unsigned version)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf index LK_CLEANUP(lk_buf_done) = LK_BUF_INIT(1 << 20);
	struct lk_buf zst LK_CLEANUP(lk_buf_done) = LK_BUF_INIT(1 << 20);
	char name[256];
	mp_index(&index, version, "./shards/", 1);
	mp_entry(&index, package, hash);
	assert_int_equal(lk_compress(LK_CODEC_ZSTD, 1, index.ptr, index.len, &zst, &err), 0);
	snprintf(name, sizeof(name), "%s/repodata_shards.msgpack.zst", where);
	put_file(world->www, name, zst.ptr, zst.len);
}

/* Channel sh: a in shards on linux-64, b in shards in noarch; the hash of the former. */
static inline struct lk_sha256 put_sharded(struct world *world, const char *version)
{
	static const char *const rows[][2] = {{"sh/noarch", "b"}, {"sh/linux-64", "a"}};
	struct lk_sha256 hash = {0};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		struct lk_buf shard LK_CLEANUP(lk_buf_done) = LK_BUF_INIT(1 << 20);
		mp_shard(&shard, rows[i][1], version, NULL);
		hash = put_shard(world, rows[i][0], shard.ptr, shard.len);
		put_index(world, rows[i][0], rows[i][1], &hash, 1);
	}
	return hash;
}

static inline void shard_path(const char *dir, const struct lk_sha256 *hash, char out[256])
{
	char hex[LK_HEX_MAX];
	lk_hex(hash->bytes, LK_SHA256_LEN, hex);
	snprintf(out, 256, "%s/%s.msgpack.zst", dir, hex);
}

#endif
