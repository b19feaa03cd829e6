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
static int read_clock(struct lk_indexer *x, struct lk_error *err)
{
	char *name;
	struct stat st;
	int fd LK_AUTO_CLOSE = -1;
	int rc = lk_fs_temp_file(x->dirfd, ".lockenv-index", 0, &x->arena, &name, &fd, err);
	if (rc < 0) {
		return lk_wrap(err, "'%s'", x->path);
	}
	rc = fstat(fd, &st);
	(void)unlinkat(x->dirfd, name, 0);
	x->now_ns = rc == 0 ? lk_index_mark_of(&st).ctime_ns : 0;
	return 0;
}

static int open_folder(struct lk_indexer *x, const char *path, lk_str subdir, struct lk_error *err)
{
	int top LK_AUTO_CLOSE = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *name = lk_str_dup(&x->arena, subdir).ptr;
	if (top < 0) {
		return lk_fail_errno(err, errno == ENOENT ? LK_E_NOT_FOUND : LK_E_FS, errno,
			"cannot open the folder '%s'", path);
	}
	if (!x->options.dry_run && mkdirat(top, name, 0777) != 0 && errno != EEXIST) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot make '%s'", x->path);
	}
	/* A link to a folder is the user's own way to say where it lies. */
	x->dirfd = openat(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (x->dirfd < 0 && !(x->options.dry_run && errno == ENOENT)) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open the folder '%s'", x->path);
	}
	return x->dirfd < 0 || x->options.dry_run ? 0 : read_clock(x, err);
}

int lk_indexer_open(const char *path, lk_str subdir, const struct lk_index_options *options,
	struct lk_indexer **ret, struct lk_error *err)
{
	struct lk_indexer *x = lk_calloc(1, sizeof(*x));
	lk_arena_init(&x->arena);
	x->options = *options;
	x->subdir = lk_str_dup(&x->arena, subdir);
	x->path = lk_arena_printf(&x->arena, "%s/" LK_STR_FMT, path, LK_STR_ARG(subdir));
	x->dirfd = -1;
	int rc = open_folder(x, path, subdir, err);
	if (rc < 0) {
		lk_indexer_free(x);
		return rc;
	}
	*ret = x;
	return 0;
}

void lk_indexer_free(struct lk_indexer *x)
{
	if (!x) {
		return;
	}
	for (size_t i = 0; i < x->archives.len; i++) {
		lk_free(x->archives.items[i].why);
		lk_arena_done(&x->archives.items[i].arena);
	}
	lk_vec_done(&x->archives);
	lk_vec_done(&x->unknown);
	lk_vec_done(&x->items);
	lk_vec_done(&x->output.written);
	lk_index_past_done(&x->past);
	lk_close_p(&x->dirfd);
	lk_arena_done(&x->arena);
	lk_free(x);
}

/* ---- what lies there ---- */

/* Names that begin with a point are other programs' work: downloads under way, resource forks. */
static void add_archives(struct lk_indexer *x, const struct lk_strs *names)
{
	size_t wheels = 0;
	for (size_t i = 0; i < names->len; i++) {
		lk_str fn = names->items[i];
		enum lk_archive_kind kind = lk_archive_kind_of(fn, NULL);
		if (kind == LK_ARCHIVE_UNKNOWN) {
			continue;
		}
		if (fn.ptr[0] == '.') {
			lk_note(x->options.report, 1, "'%s/" LK_STR_FMT "': hidden, passed over",
				x->path, LK_STR_ARG(fn));
		} else if (kind == LK_ARCHIVE_WHEEL) {
			wheels++;
		} else {
			lk_vec_push(&x->archives, (struct lk_index_archive){.fn = fn});
		}
	}
	if (wheels > 0) {
		lk_warn(x->options.report,
			"'%s': %zu wheels are left out: only .conda and "
			".tar.bz2 are indexed",
			x->path, wheels);
	}
}

static bool is_same(const struct lk_index_mark *a, const struct lk_index_mark *b)
{
	return a->size == b->size && a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns &&
		a->inode == b->inode;
}

/* Takes the record of the last run when the file is still the one it was made of. */
static bool use_known(struct lk_indexer *x, struct lk_index_archive *archive)
{
	const struct lk_index_known *known = lk_index_past_find(&x->past, archive->fn);
	struct stat st;
	if (x->options.verify || !known || !known->has_mark ||
		fstatat(x->dirfd, archive->fn.ptr, &st, 0) != 0 || !S_ISREG(st.st_mode)) {
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
	struct lk_indexer *x = ctx;
	struct lk_index_archive *archive = &x->archives.items[x->unknown.items[index]];
	struct lk_error why = LK_ERROR_INIT;
	const struct lk_report *report = &x->relay.items[index].report;
	if (lk_report_stop(report)) {
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted");
	}
	int rc = lk_index_read_archive(
		x->dirfd, x->subdir, x->options.verify, report, archive, &why);
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
	archive->steady = changed < x->now_ns - STEADY_NS;
	lk_relay_step(&x->relay, "index");
	return 0;
}

static int read_unknown(struct lk_indexer *x, struct lk_error *err)
{
	for (uint32_t i = 0; i < x->archives.len; i++) {
		if (!use_known(x, &x->archives.items[i])) {
			lk_vec_push(&x->unknown, i);
		}
	}
	lk_relay_init(&x->relay, x->options.report, x->unknown.len);
	int rc = lk_workers_run(x->options.jobs, x->unknown.len, read_one, x, err);
	lk_relay_flush(&x->relay);
	lk_relay_done(&x->relay);
	return rc;
}

/* ---- what came out ---- */

static enum lk_index_change change_of(
	const struct lk_indexer *x, const struct lk_index_archive *archive)
{
	const struct lk_index_known *known = lk_index_past_find(&x->past, archive->fn);
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
	const struct lk_index_item *x = a;
	const struct lk_index_item *y = b;
	return lk_str_cmp(x->fn, y->fn);
}

static void sum_up(struct lk_indexer *x)
{
	struct lk_index_facts *facts = &x->facts;
	struct lk_map LK_CLEANUP(lk_map_done) here = {0};
	for (size_t i = 0; i < x->archives.len; i++) {
		const struct lk_index_archive *archive = &x->archives.items[i];
		lk_vec_push(&x->items,
			(struct lk_index_item){archive->fn, change_of(x, archive), archive->why});
		lk_map_set(&here, archive->fn, 0);
		facts->n_broken += archive->why != NULL;
		facts->n_packages += archive->why == NULL;
		facts->n_read += archive->fresh;
		facts->bytes_read += archive->fresh ? archive->mark.size : 0;
	}
	for (size_t i = 0; i < x->past.known.len; i++) {
		lk_str fn = x->past.known.items[i].fn;
		if (lk_map_get(&here, fn) == LK_MAP_NONE) {
			lk_vec_push(&x->items,
				(struct lk_index_item){.fn = fn, .change = LK_INDEX_GONE});
		}
	}
	if (x->items.len > 0) {
		qsort(x->items.items, x->items.len, sizeof(*x->items.items), by_fn);
	}
	facts->subdir = x->subdir;
	facts->items = x->items.items;
	facts->n_items = x->items.len;
}

int lk_indexer_read(struct lk_indexer *x, struct lk_error *err)
{
	struct lk_strs names = {0};
	int rc = 0;
	if (x->dirfd >= 0) {
		rc = lk_fs_list(x->dirfd, ".", &x->arena, &names, err);
		rc = rc < 0 ? lk_wrap(err, "'%s'", x->path) : rc;
	}
	if (rc == 0) {
		add_archives(x, &names);
		if (x->dirfd >= 0) {
			lk_index_past_read(x->dirfd, &x->arena, x->options.report, &x->past);
		}
		rc = read_unknown(x, err);
	}
	if (rc == 0) {
		sum_up(x);
	}
	lk_vec_done(&names);
	return rc;
}

int lk_indexer_write(struct lk_indexer *x, struct lk_error *err)
{
	x->output.dirfd = x->dirfd;
	x->output.subdir = x->subdir;
	x->output.options = &x->options;
	x->output.archives = &x->archives;
	x->output.now = (time_t)(x->now_ns / 1000000000);
	x->output.arena = &x->arena;
	int rc = lk_index_output_write(&x->output, err);
	x->facts.written = x->output.written.items;
	x->facts.n_written = x->output.written.len;
	x->facts.n_names = x->output.n_names;
	return rc;
}

const struct lk_index_facts *lk_indexer_facts(const struct lk_indexer *x)
{
	return &x->facts;
}
