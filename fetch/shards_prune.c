/*
 * Cached shards that nothing names any more.
 */
#include <errno.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/map.h"
#include "fetch/repodata_cache.h"
#include "fetch/shards_priv.h"

#define SHARD_AGE_S ((int64_t)30 * 24 * 3600)
#define SHARD_ENDING ".msgpack.zst"

/* The old shards, and which of them an index names. */
struct pruner {
	struct lk_arena arena;
	struct lk_strs old;   /* their names without the ending: the hash in hex */
	struct lk_map by_hex; /* into old */
	bool *named;          /* beside old */
};

static void find_old(struct pruner *p, int dirfd, int64_t now)
{
	struct lk_strs files = {0};
	struct lk_error ignored;
	struct stat st;
	int rc = lk_fs_list(dirfd, ".", &p->arena, &files, &ignored);
	for (size_t i = 0; rc == 0 && i < files.len; i++) {
		lk_str name = files.items[i];
		if (lk_str_ends(name, LK_STR(SHARD_ENDING)) &&
			fstatat(dirfd, name.ptr, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			st.st_mtim.tv_sec < now - SHARD_AGE_S) {
			lk_str hex = lk_str_slice(name, 0, name.len - strlen(SHARD_ENDING));
			lk_map_set(&p->by_hex, hex, (uint32_t)p->old.len);
			lk_vec_push(&p->old, hex);
		}
	}
	lk_vec_done(&files);
	p->named = lk_arena_calloc(&p->arena, p->old.len, sizeof(*p->named));
}

static int read_index(
	int dirfd, const char *file, struct lk_shard_index **ret, struct lk_error *err)
{
	/* Which channel it is of says nothing here. */
	const struct lk_repodata_origin origin = {
		.channel_url = LK_STR("http://localhost/c"),
		.subdir = LK_STR("noarch"),
		.file = file,
	};
	int fd;
	int rc = lk_fs_open_beneath(dirfd, file, O_RDONLY | O_NONBLOCK, 0, &fd, err);
	return rc < 0 ? rc : lk_shards_read_index(fd, &origin, ret, err);
}

static void mark_named(struct pruner *p, const struct lk_shard_index *index)
{
	for (size_t i = 0; i < lk_shard_index_n_names(index); i++) {
		struct lk_sha256 hash;
		char hex[LK_HEX_MAX];
		(void)lk_shard_index_find(index, lk_shard_index_name_at(index, i), &hash);
		lk_hex(hash.bytes, LK_SHA256_LEN, hex);
		uint32_t at = lk_map_get(&p->by_hex, lk_str_of(hex));
		if (at != LK_MAP_NONE) {
			p->named[at] = true;
		}
	}
}

/* False when an index cannot be read: then nothing is known to be without use. */
static bool mark_all_named(struct pruner *p, int repodata_fd)
{
	struct lk_strs files = {0};
	struct lk_error ignored;
	bool all = lk_fs_list(repodata_fd, ".", &p->arena, &files, &ignored) == 0;
	for (size_t i = 0; all && i < files.len; i++) {
		struct lk_shard_index *index = NULL;
		if (!lk_str_ends(files.items[i], LK_STR(SHARD_ENDING))) {
			continue;
		}
		all = read_index(repodata_fd, files.items[i].ptr, &index, &ignored) == 0;
		if (all) {
			mark_named(p, index);
		}
		lk_shard_index_free(index);
	}
	lk_vec_done(&files);
	return all;
}

void lk_shards_prune(const struct lk_fetch *fetch, int dirfd)
{
	struct pruner p = {0};
	struct lk_error ignored;
	int repodata_fd LK_AUTO_CLOSE = -1;
	lk_arena_init(&p.arena);
	find_old(&p, dirfd, fetch->options.now);
	if (p.old.len > 0 &&
		lk_fs_open_beneath(lk_cache_dirfd(fetch->cache), "repodata", O_RDONLY | O_DIRECTORY,
			0, &repodata_fd, &ignored) == 0 &&
		mark_all_named(&p, repodata_fd)) {
		for (size_t i = 0; i < p.old.len; i++) {
			if (!p.named[i]) {
				unlinkat(dirfd,
					lk_arena_printf(&p.arena, LK_STR_FMT SHARD_ENDING,
						LK_STR_ARG(p.old.items[i])),
					0);
			}
		}
	}
	lk_vec_done(&p.old);
	lk_map_done(&p.by_hex);
	lk_arena_done(&p.arena);
}
