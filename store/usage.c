/*
 * Entries of a cache, measured.
 */
#include "store/usage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/owner.h"
#include "store/cache_priv.h"

#define BLOCK UINT64_C(512) /* unit of st_blocks */
#define MAX_DEPTH 128
#define SUFFIX_LEN 7 /* "-xxxxxx" */

const char *lk_usage_kind_name(enum lk_usage_kind kind)
{
	static const char *const names[] = {"archive", "tree", "repodata", "tmp"};
	return names[kind];
}

void lk_usage_done(struct lk_usage *usage)
{
	lk_vec_done(&usage->entries);
	lk_vec_done(&usage->inodes);
	lk_vec_done(&usage->shared);
	lk_map_done(&usage->by_inode);
	lk_arena_done(&usage->arena);
}

/* ---- measuring ---- */

struct scan {
	struct lk_usage *usage;
	const struct lk_report *report;
	struct lk_usage_entry *entry; /* at hand */
};

static void add_shared(struct scan *scan, const struct stat *st, uint64_t bytes)
{
	struct lk_usage *usage = scan->usage;
	lk_str key = lk_str_printf(
		&usage->arena, "%" PRIx64 ":%" PRIx64, (uint64_t)st->st_dev, (uint64_t)st->st_ino);
	uint32_t next = (uint32_t)usage->inodes.len;
	uint32_t at = lk_map_add(&usage->by_inode, key, next);
	if (at == next) {
		lk_vec_push(&usage->inodes,
			((struct lk_usage_inode){.bytes = bytes, .names = st->st_nlink}));
	}
	lk_vec_push(&usage->shared, at);
	scan->entry->n_shared++;
	scan->entry->bytes += usage->inodes.items[at].seen++ == 0 ? bytes : 0;
}

static void add_file(struct scan *scan, const struct stat *st)
{
	uint64_t bytes = (uint64_t)st->st_blocks * BLOCK;
	if (!S_ISDIR(st->st_mode) && st->st_nlink > 1) {
		add_shared(scan, st, bytes);
	} else {
		scan->entry->own += bytes;
		scan->entry->bytes += bytes;
	}
}

/* All below the directory NAME. What cannot be read is not counted: removing it tells. */
static int walk(
	struct scan *scan, int dirfd, const char *name, unsigned depth, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_strs names = {0};
	int fd LK_AUTO_CLOSE = lk_fs_open_dir(dirfd, name);
	if (lk_report_stop(scan->report)) {
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted");
	}
	int rc = 0;
	if (fd < 0 || depth > MAX_DEPTH || lk_fs_list(fd, ".", &arena, &names, err) < 0) {
		return 0;
	}
	for (size_t i = 0; i < names.len && rc == 0; i++) {
		struct stat st;
		if (fstatat(fd, names.items[i].ptr, &st, AT_SYMLINK_NOFOLLOW) == 0) {
			add_file(scan, &st);
			rc = S_ISDIR(st.st_mode)
				? walk(scan, fd, names.items[i].ptr, depth + 1, err)
				: 0;
		}
	}
	lk_vec_done(&names);
	return rc;
}

/* ---- whose names they are ---- */

static bool ends_in_suffix(lk_str name)
{
	return name.len > SUFFIX_LEN && name.ptr[name.len - SUFFIX_LEN] == '-';
}

/* Is NAME one that unfinished work has? */
static bool is_work(lk_str name)
{
	return ends_in_suffix(name) || lk_str_starts(name, LK_STR("claim,")) ||
		lk_str_starts(name, LK_STR("damaged-")) || lk_str_ends(name, LK_STR(".damaged"));
}

/* Does NAME tell that nobody is at it: that it was left in order, or that its process has ended? */
static bool is_left(lk_str name)
{
	lk_str free_part = LK_STR(",free-");
	lk_str owner_part = LK_STR("owner,");
	size_t at = lk_str_find(name, owner_part);
	if (lk_str_find(name, free_part) != SIZE_MAX || lk_str_starts(name, LK_STR("damaged-"))) {
		return true;
	}
	return at != SIZE_MAX && ends_in_suffix(name) &&
		lk_owner_is_gone(lk_str_slice(name, at, name.len - SUFFIX_LEN));
}

static bool is_ours(enum lk_usage_kind kind, lk_str name, const struct stat *st)
{
	lk_str stem;
	struct lk_sha256 sha256;
	switch (kind) {
	case LK_USAGE_ARCHIVE:
		return !S_ISDIR(st->st_mode) && lk_cache_split_name(name, &stem, &sha256);
	case LK_USAGE_TREE:
		return S_ISDIR(st->st_mode) && lk_cache_split_name(name, &stem, &sha256);
	case LK_USAGE_REPODATA:
		return S_ISREG(st->st_mode) &&
			(lk_str_ends(name, LK_STR(".json")) || lk_str_ends(name, LK_STR(".zst")) ||
				lk_str_ends(name, LK_STR(".index")));
	case LK_USAGE_TMP:
		return is_work(name);
	case LK_USAGE_KINDS:
		break;
	}
	return false;
}

/* ---- reading ---- */

static int add_entry(struct scan *scan, enum lk_usage_kind kind, const char *part, int dirfd,
	lk_str name, struct lk_error *err)
{
	struct lk_usage *usage = scan->usage;
	struct stat st;
	if (fstatat(dirfd, name.ptr, &st, AT_SYMLINK_NOFOLLOW) != 0 || !is_ours(kind, name, &st)) {
		return 0;
	}
	struct lk_usage_entry entry = {
		.kind = kind,
		.path = lk_str_printf(&usage->arena, "%s/" LK_STR_FMT, part, LK_STR_ARG(name)),
		.used = st.st_mtim.tv_sec,
		.idle = kind != LK_USAGE_TMP || is_left(name),
		.first_shared = usage->shared.len,
	};
	entry.name = lk_path_basename(entry.path);
	scan->entry = &entry;
	add_file(scan, &st);
	int rc = S_ISDIR(st.st_mode) ? walk(scan, dirfd, name.ptr, 0, err) : 0;
	scan->entry = NULL;
	lk_vec_push(&usage->entries, entry);
	return rc;
}

static int read_part(struct scan *scan, const struct lk_layer *layer, enum lk_usage_kind kind,
	const char *part, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_strs names = {0};
	int fd LK_AUTO_CLOSE = openat(layer->fd, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		return 0;
	}
	if (fd < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s/%s'", layer->path, part);
	}
	int rc = lk_fs_list(fd, ".", &arena, &names, err);
	for (size_t i = 0; i < names.len && rc == 0; i++) {
		rc = add_entry(scan, kind, part, fd, names.items[i], err);
	}
	lk_vec_done(&names);
	return rc;
}

int lk_usage_read(const struct lk_cache *cache, unsigned kinds, const struct lk_report *report,
	struct lk_usage *ret, struct lk_error *err)
{
	static const struct {
		enum lk_usage_kind kind;
		const char *part;
	} parts[] = {
		{LK_USAGE_ARCHIVE, "archives"},
		{LK_USAGE_REPODATA, "repodata"},
		{LK_USAGE_REPODATA, "repodata/shards"},
		{LK_USAGE_TMP, "tmp"},
		{LK_USAGE_TREE, "trees"},
	};
	struct lk_usage usage = {0};
	struct scan scan = {.usage = &usage, .report = report};
	int rc = 0;
	for (size_t i = 0; i < LK_COUNTOF(parts) && rc == 0; i++) {
		if (kinds & 1u << parts[i].kind) {
			rc = read_part(&scan, &cache->layers[0], parts[i].kind, parts[i].part, err);
		}
	}
	if (rc < 0) {
		lk_usage_done(&usage);
		return rc;
	}
	lk_error_clear(err); /* of what was not there any more */
	*ret = usage;
	return 0;
}

/* ---- what would go ---- */

/* Counts the shared files of ENTRY as gone, or takes that back; the bytes that go with it. */
static uint64_t drop_shared(struct lk_usage *usage, const struct lk_usage_entry *entry, bool back)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < entry->n_shared; i++) {
		uint32_t at = usage->shared.items[entry->first_shared + i];
		struct lk_usage_inode *inode = &usage->inodes.items[at];
		if (back) {
			inode->gone--;
		} else if (++inode->gone == inode->names) {
			bytes += inode->bytes;
		}
	}
	return bytes;
}

uint64_t lk_usage_gain(struct lk_usage *usage, const struct lk_usage_entry *entry)
{
	uint64_t bytes = drop_shared(usage, entry, false);
	(void)drop_shared(usage, entry, true);
	return entry->own + bytes;
}

uint64_t lk_usage_drop(struct lk_usage *usage, struct lk_usage_entry *entry)
{
	entry->dropped = true;
	return entry->own + drop_shared(usage, entry, false);
}

uint64_t lk_usage_total(const struct lk_usage *usage)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < usage->entries.len; i++) {
		const struct lk_usage_entry *entry = &usage->entries.items[i];
		bytes += entry->dropped ? 0 : entry->own;
	}
	for (size_t i = 0; i < usage->inodes.len; i++) {
		const struct lk_usage_inode *inode = &usage->inodes.items[i];
		bool ours = inode->seen == inode->names && inode->gone < inode->names;
		bytes += ours ? inode->bytes : 0;
	}
	return bytes;
}
