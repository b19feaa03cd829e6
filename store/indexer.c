/*
 * The indexer of one subdir: what lies there, what of it is known, what has to be read.
 */
#include "store/indexer.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/relay.h"
#include "base/workers.h"
#include "store/indexer_priv.h"

#define STEADY_NS ((int64_t)2 * 1000000000)

struct lk_indexer {
	struct lk_arena arena;
	struct lk_index_options options;
	char *path; /* of the subdir, for errors */
	lk_str subdir;
	int dirfd;      /* -1: not there, with dry_run */
	int64_t now_ns; /* by the clock of the file system */
	struct lk_index_past past;
	struct lk_index_archives archives;
	struct lk_u32s unknown; /* archives to be read */
	struct lk_relay relay;
	struct LK_VEC_OF(struct lk_index_item) items;
	struct lk_index_output output;
	struct lk_index_facts facts;
};

/* The clock by which this file system stamps its files. */
static int read_clock(struct lk_indexer *indexer, struct lk_error *err)
{
	char *name;
	struct stat st;
	int fd LK_AUTO_CLOSE = -1;
	int rc = lk_fs_temp_file(
		indexer->dirfd, ".lockenv-index", 0, &indexer->arena, &name, &fd, err);
	if (rc < 0) {
		return lk_wrap(err, "'%s'", indexer->path);
	}
	rc = fstat(fd, &st);
	(void)unlinkat(indexer->dirfd, name, 0);
	indexer->now_ns = rc == 0 ? lk_index_mark_of(&st).ctime_ns : 0;
	return 0;
}

static int open_folder(
	struct lk_indexer *indexer, const char *path, lk_str subdir, struct lk_error *err)
{
	int top LK_AUTO_CLOSE = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *name = lk_str_dup(&indexer->arena, subdir).ptr;
	if (top < 0) {
		return lk_fail_errno(err, errno == ENOENT ? LK_E_NOT_FOUND : LK_E_FS, errno,
			"cannot open the folder '%s'", path);
	}
	if (!indexer->options.dry_run && mkdirat(top, name, 0777) != 0 && errno != EEXIST) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot make '%s'", indexer->path);
	}
	/* A link to a folder is the user's own way to say where it lies. */
	indexer->dirfd = openat(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (indexer->dirfd < 0 && !(indexer->options.dry_run && errno == ENOENT)) {
		return lk_fail_errno(
			err, LK_E_FS, errno, "cannot open the folder '%s'", indexer->path);
	}
	return indexer->dirfd < 0 || indexer->options.dry_run ? 0 : read_clock(indexer, err);
}

int lk_indexer_open(const char *path, lk_str subdir, const struct lk_index_options *options,
	struct lk_indexer **ret, struct lk_error *err)
{
	struct lk_indexer *indexer = lk_calloc(1, sizeof(*indexer));
	lk_arena_init(&indexer->arena);
	indexer->options = *options;
	indexer->subdir = lk_str_dup(&indexer->arena, subdir);
	indexer->path =
		lk_arena_printf(&indexer->arena, "%s/" LK_STR_FMT, path, LK_STR_ARG(subdir));
	indexer->dirfd = -1;
	int rc = open_folder(indexer, path, subdir, err);
	if (rc < 0) {
		lk_indexer_free(indexer);
		return rc;
	}
	*ret = indexer;
	return 0;
}

void lk_indexer_free(struct lk_indexer *indexer)
{
	if (!indexer) {
		return;
	}
	for (size_t i = 0; i < indexer->archives.len; i++) {
		lk_free(indexer->archives.items[i].why);
		lk_arena_done(&indexer->archives.items[i].arena);
	}
	lk_vec_done(&indexer->archives);
	lk_vec_done(&indexer->unknown);
	lk_vec_done(&indexer->items);
	lk_vec_done(&indexer->output.written);
	lk_index_past_done(&indexer->past);
	lk_close_p(&indexer->dirfd);
	lk_arena_done(&indexer->arena);
	lk_free(indexer);
}

/* ---- what lies there ---- */

/* Names that begin with a point are other programs' work: downloads under way, resource forks. */
static void add_archives(struct lk_indexer *indexer, const struct lk_strs *names)
{
	size_t wheels = 0;
	for (size_t i = 0; i < names->len; i++) {
		lk_str fn = names->items[i];
		enum lk_archive_kind kind = lk_archive_kind_of(fn, NULL);
		if (kind == LK_ARCHIVE_UNKNOWN) {
			continue;
		}
		if (fn.ptr[0] == '.') {
			lk_note(indexer->options.report, 1,
				"'%s/" LK_STR_FMT "': hidden, passed over", indexer->path,
				LK_STR_ARG(fn));
		} else if (kind == LK_ARCHIVE_WHEEL) {
			wheels++;
		} else {
			lk_vec_push(&indexer->archives, (struct lk_index_archive){.fn = fn});
		}
	}
	if (wheels > 0) {
		lk_warn(indexer->options.report,
			"'%s': %zu wheels are left out: only .conda and "
			".tar.bz2 are indexed",
			indexer->path, wheels);
	}
}

static bool is_same(const struct lk_index_mark *a, const struct lk_index_mark *b)
{
	return a->size == b->size && a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns &&
		a->inode == b->inode;
}

/* Takes the record of the last run when the file is still the one it was made of. */
static bool use_known(struct lk_indexer *indexer, struct lk_index_archive *archive)
{
	const struct lk_index_known *known = lk_index_past_find(&indexer->past, archive->fn);
	struct stat st;
	if (indexer->options.verify || !known || !known->has_mark ||
		fstatat(indexer->dirfd, archive->fn.ptr, &st, 0) != 0 || !S_ISREG(st.st_mode)) {
		return false;
	}
	archive->mark = lk_index_mark_of(&st);
	archive->entry = known->entry;
	archive->sha256 = known->sha256;
	archive->steady = true;
	return is_same(&archive->mark, &known->mark);
}

/* ---- reading ---- */

static int read_one(void *ctx, size_t index, struct lk_error *err)
{
	struct lk_indexer *indexer = ctx;
	struct lk_index_archive *archive = &indexer->archives.items[indexer->unknown.items[index]];
	struct lk_error why = LK_ERROR_INIT;
	const struct lk_report *report = &indexer->relay.items[index].report;
	if (lk_report_stop(report)) {
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted");
	}
	int rc = lk_index_read_archive(
		indexer->dirfd, indexer->subdir, indexer->options.verify, report, archive, &why);
	if (rc == LK_E_INTERRUPTED || rc == LK_E_BUG) {
		*err = why;
		return rc;
	}
	if (rc < 0) {
		archive->why = lk_calloc(1, sizeof(why));
		*archive->why = why;
	}
	int64_t changed = archive->mark.ctime_ns > archive->mark.mtime_ns ? archive->mark.ctime_ns
									  : archive->mark.mtime_ns;
	archive->steady = changed < indexer->now_ns - STEADY_NS;
	lk_relay_step(&indexer->relay, "index");
	return 0;
}

static int read_unknown(struct lk_indexer *indexer, struct lk_error *err)
{
	for (uint32_t i = 0; i < indexer->archives.len; i++) {
		if (!use_known(indexer, &indexer->archives.items[i])) {
			lk_vec_push(&indexer->unknown, i);
		}
	}
	lk_relay_init(&indexer->relay, indexer->options.report, indexer->unknown.len);
	int rc =
		lk_workers_run(indexer->options.jobs, indexer->unknown.len, read_one, indexer, err);
	lk_relay_flush(&indexer->relay);
	lk_relay_done(&indexer->relay);
	return rc;
}

/* ---- what came out ---- */

static enum lk_index_change change_of(
	const struct lk_indexer *indexer, const struct lk_index_archive *archive)
{
	const struct lk_index_known *known = lk_index_past_find(&indexer->past, archive->fn);
	if (archive->why) {
		return LK_INDEX_BROKEN;
	}
	if (!known) {
		return LK_INDEX_ADDED;
	}
	return lk_str_eq(known->sha256, archive->sha256) ? LK_INDEX_SAME : LK_INDEX_CHANGED;
}

static int by_fn(const void *a, const void *b)
{
	const struct lk_index_item *left = a;
	const struct lk_index_item *right = b;
	return lk_str_cmp(left->fn, right->fn);
}

static void sum_up(struct lk_indexer *indexer)
{
	struct lk_index_facts *facts = &indexer->facts;
	struct lk_map LK_CLEANUP(lk_map_done) here = {0};
	for (size_t i = 0; i < indexer->archives.len; i++) {
		const struct lk_index_archive *archive = &indexer->archives.items[i];
		lk_vec_push(&indexer->items,
			(struct lk_index_item){
				archive->fn, change_of(indexer, archive), archive->why});
		lk_map_set(&here, archive->fn, 0);
		facts->n_broken += archive->why != NULL;
		facts->n_packages += archive->why == NULL;
		facts->n_read += archive->fresh;
		facts->bytes_read += archive->fresh ? archive->mark.size : 0;
	}
	for (size_t i = 0; i < indexer->past.known.len; i++) {
		lk_str fn = indexer->past.known.items[i].fn;
		if (lk_map_get(&here, fn) == LK_MAP_NONE) {
			lk_vec_push(&indexer->items,
				(struct lk_index_item){.fn = fn, .change = LK_INDEX_GONE});
		}
	}
	if (indexer->items.len > 0) {
		qsort(indexer->items.items, indexer->items.len, sizeof(*indexer->items.items),
			by_fn);
	}
	facts->subdir = indexer->subdir;
	facts->items = indexer->items.items;
	facts->n_items = indexer->items.len;
}

int lk_indexer_read(struct lk_indexer *indexer, struct lk_error *err)
{
	struct lk_strs names = {0};
	int rc = 0;
	if (indexer->dirfd >= 0) {
		rc = lk_fs_list(indexer->dirfd, ".", &indexer->arena, &names, err);
		rc = rc < 0 ? lk_wrap(err, "'%s'", indexer->path) : rc;
	}
	if (rc == 0) {
		add_archives(indexer, &names);
		if (indexer->dirfd >= 0) {
			lk_index_past_read(indexer->dirfd, &indexer->arena, indexer->options.report,
				&indexer->past);
		}
		rc = read_unknown(indexer, err);
	}
	if (rc == 0) {
		sum_up(indexer);
	}
	lk_vec_done(&names);
	return rc;
}

int lk_indexer_write(struct lk_indexer *indexer, struct lk_error *err)
{
	indexer->output.dirfd = indexer->dirfd;
	indexer->output.subdir = indexer->subdir;
	indexer->output.options = &indexer->options;
	indexer->output.archives = &indexer->archives;
	indexer->output.now = (time_t)(indexer->now_ns / 1000000000);
	indexer->output.arena = &indexer->arena;
	int rc = lk_index_output_write(&indexer->output, err);
	indexer->facts.written = indexer->output.written.items;
	indexer->facts.n_written = indexer->output.written.len;
	indexer->facts.n_names = indexer->output.n_names;
	return rc;
}

const struct lk_index_facts *lk_indexer_facts(const struct lk_indexer *indexer)
{
	return &indexer->facts;
}
