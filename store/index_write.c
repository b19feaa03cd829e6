/*
 * The files of a subdir's index, each replaced whole.
 */
#include <errno.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/stream.h"
#include "base/workers.h"
#include "conda/repodata.h"
#include "conda/shard_index.h"
#include "store/indexer_priv.h"

#define REPODATA "repodata.json"
#define SHARDS "repodata_shards.msgpack.zst"
#define SHARD_FOLDER "shards"
#define SHARD_SUFFIX ".msgpack.zst"
#define SHARD_MAX ((size_t)64 << 20) /* bytes, as docs/repodata.md bounds what is read */
#define ZSTD_WHOLE 16 /* conda-index's; above it the time grows faster than the gain */
#define ZSTD_SHARD 9
#define REPODATA_DEPTH 64
#define SHARD_KEPT_S ((time_t)7 * 24 * 60 * 60)

struct group {
	const struct lk_repodata_entry *entries;
	size_t n;
	lk_str file;        /* its name in the folder of shards */
	struct lk_buf made; /* to be written; empty where it lies there already */
};

struct writing {
	struct lk_index_output *output;
	struct lk_repodata_entries entries;
	struct LK_VEC_OF(struct group) groups;
	struct LK_VEC_OF(struct lk_shard_ref) shards; /* one for each group */
	struct lk_buf text;
	int shards_fd;
};

static void note_written(struct lk_index_output *o, lk_str name)
{
	lk_vec_push(&o->written, lk_str_dup(o->arena, name));
}

/* Has the file just these bytes? */
static bool holds(int dirfd, const char *name, const struct lk_buf *bytes)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) have = LK_BUF_INIT(bytes->len);
	struct lk_error ignored = LK_ERROR_INIT;
	return dirfd >= 0 && lk_fs_read_beneath(dirfd, name, &have, &ignored) == 0 &&
		lk_str_eq(lk_buf_view(&have), lk_buf_view(bytes));
}

static int replace(struct lk_index_output *o, const char *name, const struct lk_buf *bytes,
	struct lk_error *err)
{
	if (holds(o->dirfd, name, bytes)) {
		return 0;
	}
	note_written(o, lk_str_of(name));
	return o->options->dry_run
		? 0
		: lk_fs_write_atomic(o->dirfd, name, bytes->ptr, bytes->len, 0, err);
}

/* What would tell clients of what was there before: they would believe it. */
static int drop(struct lk_index_output *o, const char *name, struct lk_error *err)
{
	struct stat st;
	if (o->dirfd < 0 || fstatat(o->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		return 0;
	}
	lk_note(o->options->report, 1, "'" LK_STR_FMT "/%s' is not kept up: removed",
		LK_STR_ARG(o->subdir), name);
	return o->options->dry_run || unlinkat(o->dirfd, name, 0) == 0 || errno == ENOENT
		? 0
		: lk_fail_errno(err, LK_E_FS, errno, "cannot remove '" LK_STR_FMT "/%s'",
			  LK_STR_ARG(o->subdir), name);
}

/* ---- shards ---- */

static void group_entries(struct writing *w)
{
	lk_repodata_entries_group(w->entries.items, w->entries.len);
	for (size_t i = 0; i < w->entries.len; i++) {
		const struct lk_repodata_entry *entry = &w->entries.items[i];
		size_t n = w->groups.len;
		if (n == 0 || !lk_str_eq(w->groups.items[n - 1].entries->name, entry->name)) {
			lk_vec_push(&w->groups, (struct group){.entries = entry});
			lk_vec_push(&w->shards, (struct lk_shard_ref){.name = entry->name});
			n++;
		}
		w->groups.items[n - 1].n++;
	}
	w->output->n_names = w->groups.len;
}

/* Worker. */
static int make_shard(void *ctx, size_t index, struct lk_error *err)
{
	struct writing *w = ctx;
	struct group *group = &w->groups.items[index];
	struct lk_buf LK_CLEANUP(lk_buf_done) plain = LK_BUF_INIT(SHARD_MAX);
	lk_buf_init(&group->made, SHARD_MAX);
	int rc = lk_shard_print(group->entries, group->n, &plain, err);
	if (rc == 0) {
		rc = lk_compress(
			LK_CODEC_ZSTD, ZSTD_SHARD, plain.ptr, plain.len, &group->made, err);
	}
	if (rc < 0) {
		return lk_wrap(
			err, "shard of '" LK_STR_FMT "'", LK_STR_ARG(w->shards.items[index].name));
	}
	w->shards.items[index].sha256 = lk_sha256_of(group->made.ptr, group->made.len);
	return 0;
}

static lk_str shard_file(const struct lk_sha256 *sha256, struct lk_arena *arena)
{
	char hex[LK_HEX_MAX];
	lk_hex(sha256->bytes, LK_SHA256_LEN, hex);
	return lk_str_printf(arena, "%s" SHARD_SUFFIX, hex);
}

static int open_shards(struct writing *w, struct lk_error *err)
{
	const struct lk_index_output *o = w->output;
	if (o->dirfd < 0) {
		return 0;
	}
	if (!o->options->dry_run) {
		int rc = lk_fs_mkdirs(o->dirfd, SHARD_FOLDER, 0, true, err);
		if (rc < 0) {
			return rc;
		}
	}
	int rc = lk_fs_open_beneath(
		o->dirfd, SHARD_FOLDER, O_RDONLY | O_DIRECTORY, 0, &w->shards_fd, err);
	return rc == LK_E_NOT_FOUND ? 0 : rc;
}

static int write_shards(struct writing *w, struct lk_error *err)
{
	bool dry = w->output->options->dry_run;
	bool any = false;
	int rc = 0;
	for (size_t i = 0; i < w->groups.len && rc == 0; i++) {
		struct group *group = &w->groups.items[i];
		group->file = shard_file(&w->shards.items[i].sha256, w->output->arena);
		if (!holds(w->shards_fd, group->file.ptr, &group->made)) {
			lk_str name = lk_str_printf(w->output->arena, SHARD_FOLDER "/" LK_STR_FMT,
				LK_STR_ARG(group->file));
			note_written(w->output, name);
			rc = dry ? 0
				 : lk_fs_write_unsynced(w->shards_fd, group->file.ptr,
					   group->made.ptr, group->made.len, err);
			any = true;
		}
		lk_buf_done(&group->made);
	}
	/* They must be on the disk before the index that names them: all at once, not one by one.
	 */
	if (rc == 0 && any && !dry && syncfs(w->shards_fd) != 0 && errno != ENOSYS) {
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot sync '" LK_STR_FMT "/%s'",
			LK_STR_ARG(w->output->subdir), SHARD_FOLDER);
	}
	return rc;
}

static int write_shard_index(struct writing *w, const struct lk_json *info, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) plain = LK_BUF_INIT(SHARD_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) packed = LK_BUF_INIT(SHARD_MAX);
	lk_shard_index_print(info, w->shards.items, w->shards.len, &plain);
	if (plain.overflow) {
		return lk_fail(err, LK_E_FORMAT, "%s is larger than %zu bytes", SHARDS, plain.max);
	}
	int rc = lk_compress(LK_CODEC_ZSTD, ZSTD_SHARD, plain.ptr, plain.len, &packed, err);
	return rc < 0 ? rc : replace(w->output, SHARDS, &packed, err);
}

static bool is_shard(lk_str name)
{
	bool is = name.len == (size_t)2 * LK_SHA256_LEN + sizeof(SHARD_SUFFIX) - 1 &&
		lk_str_ends(name, LK_STR(SHARD_SUFFIX));
	for (size_t i = 0; is && i < (size_t)2 * LK_SHA256_LEN; i++) {
		is = lk_hex_digit(name.ptr[i]) >= 0;
	}
	return is;
}

/* The shards that the index which is there names, as file names; none where it cannot be read. */
static void read_old_names(const struct lk_index_output *o, struct lk_map *ret)
{
	const struct lk_repodata_origin origin = {
		.channel_url = LK_STR("file:///"), .subdir = o->subdir, .file = SHARDS};
	struct lk_buf LK_CLEANUP(lk_buf_done) packed = LK_BUF_INIT(SHARD_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) plain = LK_BUF_INIT(SHARD_MAX);
	struct lk_shard_index *index = NULL;
	struct lk_error ignored = LK_ERROR_INIT;
	if (o->dirfd < 0 || lk_fs_read_beneath(o->dirfd, SHARDS, &packed, &ignored) < 0) {
		return;
	}
	struct lk_stream *stream = lk_stream_decode(
		lk_stream_from_memory(packed.ptr, packed.len, SHARDS), LK_CODEC_ZSTD);
	int rc = lk_stream_read_all(stream, &plain, &ignored);
	lk_stream_free(stream);
	if (rc < 0 || lk_shard_index_parse(lk_buf_view(&plain), &origin, &index, &ignored) < 0) {
		return;
	}
	for (size_t i = 0; i < lk_shard_index_n_names(index); i++) {
		struct lk_sha256 sha256;
		if (lk_shard_index_find(index, lk_shard_index_name_at(index, i), &sha256)) {
			lk_map_set(ret, shard_file(&sha256, o->arena), 0);
		}
	}
	lk_shard_index_free(index);
}

/* Of the shards that the new index does not name, those that the OLD one did begin to age; the aged
 * go. What cannot be touched or removed stays. */
static void age_shards(struct writing *w, const struct lk_map *old)
{
	const struct lk_index_output *o = w->output;
	struct lk_strs names = {0};
	struct lk_map LK_CLEANUP(lk_map_done) named = {0};
	struct lk_error ignored = LK_ERROR_INIT;
	for (size_t i = 0; i < w->groups.len; i++) {
		lk_map_set(&named, w->groups.items[i].file, 0);
	}
	if (w->shards_fd >= 0 && lk_fs_list(w->shards_fd, ".", o->arena, &names, &ignored) < 0) {
		lk_vec_clear(&names);
	}
	for (size_t i = 0; i < names.len; i++) {
		const char *name = names.items[i].ptr;
		const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = o->now}};
		struct stat st;
		if (!is_shard(names.items[i]) ||
			lk_map_get(&named, names.items[i]) != LK_MAP_NONE ||
			fstatat(w->shards_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
			continue;
		}
		if (lk_map_get(old, names.items[i]) != LK_MAP_NONE) {
			(void)utimensat(w->shards_fd, name, times, AT_SYMLINK_NOFOLLOW);
		} else if (o->now - st.st_mtim.tv_sec > SHARD_KEPT_S) {
			(void)unlinkat(w->shards_fd, name, 0);
		}
	}
	lk_vec_done(&names);
}

static int put_shards(struct writing *w, struct lk_error *err)
{
	struct lk_index_output *o = w->output;
	struct lk_json_doc *doc LK_CLEANUP(lk_json_doc_free_p) = NULL;
	struct lk_map LK_CLEANUP(lk_map_done) old = {0};
	int rc = lk_json_parse(lk_buf_view(&w->text), REPODATA, REPODATA_DEPTH, &doc, err);
	rc = rc < 0 ? rc : lk_workers_run(o->options->jobs, w->groups.len, make_shard, w, err);
	rc = rc < 0 ? rc : open_shards(w, err);
	rc = rc < 0 ? rc : write_shards(w, err);
	if (rc < 0) {
		return rc;
	}
	size_t before = o->written.len;
	read_old_names(o, &old);
	rc = write_shard_index(w, lk_json_get(lk_json_root(doc), "info"), err);
	if (rc == 0 && o->written.len > before && !o->options->dry_run) {
		age_shards(w, &old);
	}
	return rc;
}

/* ---- all files ---- */

static int put_repodata(struct writing *w, struct lk_error *err)
{
	struct lk_index_output *o = w->output;
	struct lk_buf LK_CLEANUP(lk_buf_done) packed = LK_BUF_INIT(LK_INDEX_REPODATA_MAX);
	int rc = 0;
	if (!o->options->no_zst) {
		rc = lk_compress(LK_CODEC_ZSTD, ZSTD_WHOLE, w->text.ptr, w->text.len, &packed, err);
		rc = rc < 0 ? rc : replace(o, REPODATA ".zst", &packed, err);
	}
	return rc < 0 ? rc : replace(o, REPODATA, &w->text, err);
}

static int drop_stale(struct lk_index_output *o, struct lk_error *err)
{
	static const char *const others[] = {"repodata.json.bz2", "current_repodata.json",
		"current_repodata.json.bz2", "current_repodata.json.zst"};
	int rc = o->options->no_shards ? drop(o, SHARDS, err) : 0;
	if (rc == 0 && o->options->no_zst) {
		rc = drop(o, REPODATA ".zst", err);
	}
	for (size_t i = 0; i < LK_COUNTOF(others) && rc == 0; i++) {
		rc = drop(o, others[i], err);
	}
	return rc;
}

static int put_state(struct writing *w, struct lk_error *err)
{
	struct lk_index_output *o = w->output;
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_INDEX_REPODATA_MAX);
	struct lk_sha256 sha256 = lk_sha256_of(w->text.ptr, w->text.len);
	lk_index_state_print(o->archives, &sha256, &text);
	if (o->options->dry_run || holds(o->dirfd, LK_INDEX_STATE_NAME, &text)) {
		return 0;
	}
	return lk_fs_write_unsynced(o->dirfd, LK_INDEX_STATE_NAME, text.ptr, text.len, err);
}

/* What our own reader makes of it: it tells what it would leave out. */
static int check_readable(const struct writing *w, struct lk_error *err)
{
	const struct lk_index_output *o = w->output;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_records records = {0};
	struct lk_repodata *repodata = NULL;
	struct lk_buf copy = LK_BUF_INIT(LK_INDEX_REPODATA_MAX);
	lk_str file = lk_str_printf(&arena, LK_STR_FMT "/" REPODATA, LK_STR_ARG(o->subdir));
	const struct lk_repodata_origin origin = {
		.channel_url = LK_STR("file:///"), .subdir = o->subdir, .file = file.ptr};
	lk_buf_put(&copy, lk_buf_view(&w->text));
	int rc = lk_repodata_open(&copy, &origin, &repodata, err);
	for (size_t i = 0; rc == 0 && i < lk_repodata_n_names(repodata); i++) {
		rc = lk_repodata_records(
			repodata, lk_repodata_name_at(repodata, i), &arena, &records, err);
	}
	if (rc == 0) {
		lk_repodata_tell(repodata, o->options->report);
	}
	lk_vec_done(&records);
	lk_repodata_free(repodata);
	lk_buf_done(&copy);
	return rc < 0 ? lk_fail(err, LK_E_BUG, "the index of '" LK_STR_FMT "' cannot be read again",
				LK_STR_ARG(o->subdir))
		      : 0;
}

static int write_all(struct writing *w, struct lk_error *err)
{
	struct lk_index_output *o = w->output;
	for (size_t i = 0; i < o->archives->len; i++) {
		if (!o->archives->items[i].why) {
			lk_vec_push(&w->entries, o->archives->items[i].entry);
		}
	}
	lk_repodata_entries_sort(w->entries.items, w->entries.len);
	int rc = lk_repodata_print(o->subdir, w->entries.items, w->entries.len, &w->text, err);
	group_entries(w);
	rc = rc < 0 ? rc : check_readable(w, err);
	rc = rc < 0 ? rc : drop_stale(o, err);
	rc = rc < 0 ? rc : put_repodata(w, err);
	if (rc == 0 && !o->options->no_shards) {
		rc = put_shards(w, err);
	}
	return rc < 0 ? rc : put_state(w, err);
}

int lk_index_output_write(struct lk_index_output *output, struct lk_error *err)
{
	struct writing w = {.output = output, .shards_fd = -1};
	lk_buf_init(&w.text, LK_INDEX_REPODATA_MAX);
	int rc = write_all(&w, err);
	for (size_t i = 0; i < w.groups.len; i++) {
		lk_buf_done(&w.groups.items[i].made);
	}
	lk_close_p(&w.shards_fd);
	lk_buf_done(&w.text);
	lk_vec_done(&w.groups);
	lk_vec_done(&w.shards);
	lk_vec_done(&w.entries);
	return rc < 0 ? lk_wrap(err, "index of '" LK_STR_FMT "'", LK_STR_ARG(output->subdir)) : 0;
}
