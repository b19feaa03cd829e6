/*
 * Cleaning: entries are chosen by value, then renamed and removed one by one.
 */
#include "store/clean.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "store/cache_priv.h"

struct cleaning {
	struct lk_cache *cache;
	const struct lk_clean_options *options;
	const struct lk_report *report;
	struct lk_usage usage;
	struct lk_map kept; /* names in archives/ and trees/ that stay */
	struct lk_arena arena;
};

/* ---- what goes ---- */

static void note_kept(struct cleaning *c)
{
	for (size_t i = 0; i < c->options->n_keep; i++) {
		const struct lk_record *record = &c->options->keep[i];
		struct lk_buf LK_CLEANUP(lk_buf_done) archive = LK_BUF_INIT(NAME_MAX);
		struct lk_buf LK_CLEANUP(lk_buf_done) tree = LK_BUF_INIT(NAME_MAX);
		if (record->has_sha256) {
			lk_cache_archive_name(record, &archive);
			lk_cache_tree_name(record, &tree);
			lk_map_add(&c->kept, lk_str_dup(&c->arena, lk_buf_view(&archive)), 0);
			lk_map_add(&c->kept, lk_str_dup(&c->arena, lk_buf_view(&tree)), 0);
		}
	}
}

static bool may_go(const struct cleaning *c, const struct lk_usage_entry *entry)
{
	if (entry->kind == LK_USAGE_TMP) {
		return entry->idle || entry->used < c->options->idle_before;
	}
	return lk_map_get(&c->kept, entry->name) == LK_MAP_NONE;
}

static int by_age(const void *a, const void *b)
{
	const struct lk_usage_entry *left = *(struct lk_usage_entry *const *)a;
	const struct lk_usage_entry *right = *(struct lk_usage_entry *const *)b;
	if (left->used != right->used) {
		return left->used < right->used ? -1 : 1;
	}
	return lk_str_cmp(left->path, right->path);
}

static int by_path(const void *a, const void *b)
{
	const struct lk_clean_entry *left = a;
	const struct lk_clean_entry *right = b;
	return lk_str_cmp(left->path, right->path);
}

static void drop(struct cleaning *c, struct lk_usage_entry *entry, struct lk_clean_result *result)
{
	struct lk_clean_entry removed = {
		.kind = entry->kind,
		.path = lk_str_dup(&result->arena, entry->path),
		.bytes = entry->bytes,
		.freed = lk_usage_drop(&c->usage, entry),
	};
	lk_vec_push(&result->removed, removed);
}

/* The oldest first, until what is left fits. What would free nothing stays. */
static void choose_by_size(
	struct cleaning *c, struct lk_usage_entry **sorted, struct lk_clean_result *result)
{
	uint64_t left = lk_usage_total(&c->usage);
	for (size_t i = 0; i < c->usage.entries.len && left > c->options->max_size; i++) {
		struct lk_usage_entry *entry = sorted[i];
		uint64_t gain =
			entry->dropped || !may_go(c, entry) ? 0 : lk_usage_gain(&c->usage, entry);
		if (gain > 0) {
			drop(c, entry, result);
			left -= gain < left ? gain : left;
		}
	}
}

static void choose(struct cleaning *c, struct lk_clean_result *result)
{
	const struct lk_clean_options *o = c->options;
	size_t n = c->usage.entries.len;
	struct lk_usage_entry **sorted LK_AUTO_FREE = lk_calloc(n, sizeof(*sorted));
	for (size_t i = 0; i < n; i++) {
		sorted[i] = &c->usage.entries.items[i];
	}
	if (n > 1) {
		qsort(sorted, n, sizeof(*sorted), by_age);
	}
	for (size_t i = 0; i < n; i++) {
		bool asked = o->by_age ? sorted[i]->used < o->before : !o->by_size;
		if (asked && may_go(c, sorted[i])) {
			drop(c, sorted[i], result);
		}
	}
	if (o->by_size) {
		choose_by_size(c, sorted, result);
	}
	if (result->removed.len > 1) {
		qsort(result->removed.items, result->removed.len, sizeof(*result->removed.items),
			by_path);
	}
	result->left = lk_usage_total(&c->usage);
	result->kept = n - result->removed.len;
}

/* ---- away with it ---- */

/* A name in tmp/ for what was PATH, and PATH moved there. Where tmp/ lies on another file system
 * PATH stays, and *RET_PATH is it. */
static int move_away(
	struct cleaning *c, const char *path, const char **ret_path, struct lk_error *err)
{
	int root = lk_cache_dirfd(c->cache);
	char *work;
	*ret_path = path;
	int rc = lk_fs_temp_dir(root, "tmp/clean", &c->arena, &work, err);
	if (rc < 0) {
		return rc;
	}
	char *moved = lk_arena_printf(&c->arena, "%s/entry", work);
	if (renameat(root, path, root, moved) == 0) {
		*ret_path = work;
		return 0;
	}
	int errnum = errno;
	(void)unlinkat(root, work, AT_REMOVEDIR);
	return errnum == EXDEV || errnum == ENOENT
		? 0
		: lk_fail_errno(err, LK_E_FS, errnum, "cannot remove '%s/%s'",
			  lk_cache_path(c->cache), path);
}

static int remove_entry(
	struct cleaning *c, const struct lk_clean_entry *entry, struct lk_error *err)
{
	const char *path = entry->path.ptr;
	int rc = entry->kind == LK_USAGE_TMP ? 0 : move_away(c, path, &path, err);
	return rc < 0 ? rc : lk_fs_remove_tree(lk_cache_dirfd(c->cache), path, err);
}

static int remove_all(struct cleaning *c, struct lk_clean_result *result, struct lk_error *err)
{
	size_t n = 0;
	for (size_t i = 0; i < result->removed.len; i++) {
		struct lk_clean_entry entry = result->removed.items[i];
		struct lk_error failed = LK_ERROR_INIT;
		if (lk_report_stop(c->report)) {
			return lk_fail(err, LK_E_INTERRUPTED, "interrupted");
		}
		if (remove_entry(c, &entry, &failed) < 0) {
			lk_warn(c->report, "%s", failed.message);
			result->failed++;
			result->kept++;
			continue;
		}
		result->freed += entry.freed;
		result->removed.items[n++] = entry;
	}
	result->removed.len = n;
	return 0;
}

int lk_cache_clean(struct lk_cache *cache, const struct lk_clean_options *options,
	const struct lk_report *report, struct lk_clean_result *ret, struct lk_error *err)
{
	struct cleaning c = {.cache = cache, .options = options, .report = report};
	struct lk_clean_result result = {0};
	int rc = lk_usage_read(cache, options->kinds, report, &c.usage, err);
	if (rc == 0) {
		note_kept(&c);
		choose(&c, &result);
	}
	if (rc == 0 && !options->dry_run) {
		rc = remove_all(&c, &result, err);
	}
	for (size_t i = 0; options->dry_run && i < result.removed.len; i++) {
		result.freed += result.removed.items[i].freed;
	}
	lk_usage_done(&c.usage);
	lk_map_done(&c.kept);
	lk_arena_done(&c.arena);
	if (rc < 0) {
		lk_clean_result_done(&result);
		return rc;
	}
	*ret = result;
	return 0;
}

void lk_clean_result_done(struct lk_clean_result *result)
{
	lk_vec_done(&result->removed);
	lk_arena_done(&result->arena);
}
