/*
 * The new tree, entry by entry.
 */
#include "install/stage.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/relay.h"
#include "base/workers.h"
#include "install/content.h"
#include "install/dirs.h"
#include "install/whole.h"
#include "install/write.h"

#define ENTRIES_PER_RUN 256
#define FEW 8 /* with fewer names in a directory it does not pay to open it */
#define HEAVY_BYTES ((uint64_t)1 << 20) /* written: as much work as a run of links */

/* Entries that one worker places, one after the other. */
struct run {
	size_t from, to; /* in the layout */
	size_t index;    /* among the runs, in the order of paths */
	uint64_t bytes;  /* to be written; links cost none */
	size_t whole;    /* the first of the directories that are moved, not before `from` */
};

struct runs LK_VEC_OF(struct run);

struct build {
	struct lk_stage *stage;
	struct lk_relay relay; /* an item for each run, in the order of paths */
	struct runs runs;      /* in the order of work */
	struct lk_wholes wholes;
};

/* One worker's way through a run of entries. */
struct walk {
	struct build *build;
	const struct lk_report *report;
	struct lk_dirs dirs;
	struct lk_dirs old_dirs; /* of the old prefix */
	struct lk_dirs sources;  /* of a tree */
};

struct place {
	struct lk_stage *stage;
	struct lk_entry *entry;
	int dirfd;                  /* where the entry goes */
	const char *name;           /* from there */
	bool few;                   /* others lie in the same directory */
	const struct lk_tree *tree; /* NULL for an entry point */
	const struct lk_tree_file *file;
	struct lk_link_source source;
	const struct lk_report *report;
};

/* A stranger's file can change between check and copy: the copy itself is held against the seal.
 * What is linked by symlink stays his. */
static int check_copy(const struct place *place, struct lk_error *err)
{
	const struct lk_entry *entry = place->entry;
	const struct timespec times[2] = {
		{.tv_sec = place->file->mtime}, {.tv_sec = place->file->mtime}};
	if (!place->source.foreign || place->stage->linker->mode == LK_LINK_SYMLINK) {
		return 0;
	}
	struct lk_sha256 have;
	int LK_AUTO_CLOSE fd = openat(place->dirfd, place->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, entry->mode) != 0 || futimens(fd, times) != 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot check '%s'", entry->path.ptr);
	}
	int rc = lk_sha256_fd(fd, entry->path.ptr, &have, NULL, err);
	return rc == 0 && !lk_sha256_eq(&have, &entry->sha256)
		? lk_content_fail_changed(place->tree, place->source.path, err)
		: rc;
}

static bool source_holds(const struct place *place)
{
	struct stat st;
	return !place->tree->unchecked || place->entry->source->type != LK_PATH_FILE ||
		(fstatat(place->source.dirfd, place->source.name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			lk_tree_file_holds(place->file, &st));
}

/* Is the source what was sealed? Of an unchecked tree that is looked at after it was linked: then
 * it is what lies in the new tree. */
static int check_sealed(const struct place *place, struct lk_error *err)
{
	return source_holds(place)
		? 0
		: lk_fail(err, LK_E_INTEGRITY, "'%s/%s' is not what was extracted",
			  place->source.tree, place->source.path);
}

static int place_file(const struct place *place, struct lk_error *err)
{
	struct lk_entry *entry = place->entry;
	entry->mode = place->file->mode;
	entry->size = place->file->size;
	entry->sha256 = place->file->sha256;
	if (place->tree->movable && !entry->source->no_link) {
		return lk_link_move(
			place->stage->linker, &place->source, 1, place->dirfd, place->name, err);
	}
	int rc = lk_link_file(place->stage->linker, &place->source, place->dirfd, place->name,
		entry->source->no_link, err);
	rc = rc < 0 ? rc : check_sealed(place, err);
	return rc < 0 ? rc : check_copy(place, err);
}

/* A file of our own making; the entry notes what it is. */
static int place_content(const struct place *place, struct lk_error *err)
{
	struct lk_entry *entry = place->entry;
	const struct lk_content_source source = {
		place->tree, place->source.dirfd, place->source.name};
	const char *shown = entry->path.ptr;
	struct lk_content content = {0};
	int LK_AUTO_CLOSE fd = -1;
	int rc = lk_write_open(place->dirfd, place->name, shown, &fd, err);
	if (rc == 0 && place->tree) {
		rc = check_sealed(place, err);
	}
	if (rc == 0) {
		rc = lk_content_write(
			place->stage->layout, entry, &source, fd, place->report, &content, err);
	}
	if (rc < 0) {
		return rc;
	}
	if (content.needs_signing) {
		atomic_fetch_add(&place->stage->unsigned_files, 1);
	}
	entry->mode = content.mode;
	entry->size = content.size;
	entry->sha256 = content.sha256;
	const struct timespec when = {.tv_sec = content.mtime};
	return lk_write_finish(fd, content.mode, when, shown, err);
}

static int place_softlink(const struct place *place, struct lk_error *err)
{
	place->entry->target = place->file->target;
	if (place->tree->movable) {
		return lk_link_move(
			place->stage->linker, &place->source, 1, place->dirfd, place->name, err);
	}
	return lk_link_softlink(place->stage->linker, &place->source, place->file->target.ptr,
		place->dirfd, place->name, err);
}

/* Where the entry's bytes lie; no symlink leads there. */
static int find_source(struct walk *walk, struct place *place, struct lk_error *err)
{
	const struct lk_tree *tree = place->tree;
	lk_str path = place->entry->source->path;
	struct lk_dirs *dirs = &walk->sources;
	place->source = (struct lk_link_source){
		tree->fd, path.ptr, tree->path, path.ptr, tree->layer, tree->foreign};
	if (dirs->root != tree->fd) {
		lk_dirs_done(dirs);
		lk_dirs_init(dirs, tree->fd);
		dirs->existing = true;
	}
	return lk_dirs_enter_for(
		dirs, path, place->few, &place->source.dirfd, &place->source.name, err);
}

static int place_one(struct place *place, struct lk_error *err)
{
	switch (place->entry->kind) {
	case LK_ENTRY_FILE:
		return place_file(place, err);
	case LK_ENTRY_PATCHED:
	case LK_ENTRY_SCRIPT:
		return place_content(place, err);
	case LK_ENTRY_SOFTLINK:
		return place_softlink(place, err);
	case LK_ENTRY_DIRECTORY:
	case LK_ENTRY_PYC:
		break;
	}
	return 0;
}

/* A file of the old prefix that stays. */
static int place_kept(struct walk *walk, const struct place *place, struct lk_error *err)
{
	struct lk_entry *entry = place->entry;
	const struct lk_prefix_path *kept = entry->kept;
	const char *name = lk_path_basename(kept->path).ptr;
	bool copied = false;
	struct stat status;
	int from;
	if (entry->mend && entry->kind == LK_ENTRY_SOFTLINK) {
		return symlinkat(kept->target.ptr, place->dirfd, place->name) == 0
			? 0
			: lk_fail_errno(err, LK_E_FS, errno, "cannot make the symlink '%s'",
				  entry->path.ptr);
	}
	int rc = lk_dirs_enter(&walk->old_dirs, lk_path_dirname(kept->path), &from, err);
	if (rc < 0) {
		return rc == LK_E_NOT_FOUND
			? lk_fail(err, LK_E_FS, "'%s' is gone from the prefix", kept->path.ptr)
			: rc;
	}
	if (!entry->mend) {
		rc = lk_link_carry(from, name, place->dirfd, place->name, &copied, err);
		if (copied) {
			atomic_store(&place->stage->copied, true);
		}
		return rc;
	}
	if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot carry '%s' over", kept->path.ptr);
	}
	rc = lk_fs_copy_file(from, name, place->dirfd, place->name, entry->mode, err);
	return rc < 0 ? rc : lk_link_set_mtime(place->dirfd, place->name, &status, err);
}

/* Does the source of ENTRY stay where it is when all went well? */
static bool is_copied(const struct lk_entry *entry)
{
	return entry->kind == LK_ENTRY_PATCHED || (entry->source != NULL && entry->source->no_link);
}

/* An entry of a package that was extracted. */
static int place_from_tree(struct walk *walk, struct place *place, struct lk_error *err)
{
	const struct lk_entry *entry = place->entry;
	const struct lk_tree *tree = &place->stage->trees[entry->package];
	place->tree = tree;
	place->file = &tree->files[entry->source - tree->package->paths];
	int rc = find_source(walk, place, err);
	bool found = rc == 0;
	if (found) {
		rc = entry->lost ? check_sealed(place, err) : place_one(place, err);
	}
	if (rc == 0 && tree->movable && is_copied(entry)) {
		/* No second copy is kept; the rest of the tree goes with the working folder. */
		(void)unlinkat(place->source.dirfd, place->source.name, 0);
	}
	if (rc < 0 && tree->unchecked && (!found || !source_holds(place))) {
		atomic_store(&place->stage->damaged, true);
	}
	return rc;
}

/* What is not in the new tree is looked at all the same: a damaged tree is found. */
static int pass_entry(struct walk *walk, struct lk_entry *entry, struct lk_error *err)
{
	struct lk_stage *stage = walk->build->stage;
	struct place place = {.stage = stage, .entry = entry, .few = true, .report = walk->report};
	bool has_source = entry->source != NULL && entry->kept == NULL &&
		entry->kind != LK_ENTRY_PYC && stage->trees[entry->package].unchecked;
	return has_source ? place_from_tree(walk, &place, err) : 0;
}

static int place_directory(struct walk *walk, struct lk_entry *entry, struct lk_error *err)
{
	int fd;
	int rc = lk_dirs_enter(&walk->dirs, entry->path, &fd, err);
	entry->mode = 0755;
	entry->present = rc == 0;
	return rc;
}

/* FEW: there are few others in its directory. */
static int place_entry(struct walk *walk, struct lk_entry *entry, bool few, struct lk_error *err)
{
	struct lk_stage *stage = walk->build->stage;
	struct place place = {.stage = stage, .entry = entry, .few = few, .report = walk->report};
	int rc = lk_dirs_enter_for(&walk->dirs, entry->path, few, &place.dirfd, &place.name, err);
	if (rc < 0) {
		return rc;
	}
	if (entry->kept != NULL) {
		rc = place_kept(walk, &place, err);
		entry->present = rc == 0;
		return rc;
	}
	rc = entry->source != NULL ? place_from_tree(walk, &place, err) : place_one(&place, err);
	entry->present = rc == 0;
	return rc;
}

/* ---- who places what ---- */

static uint64_t bytes_of(const struct lk_stage *stage, const struct lk_entry *entry)
{
	if (entry->kind != LK_ENTRY_PATCHED || entry->lost || entry->kept != NULL) {
		return 0;
	}
	const struct lk_tree *tree = &stage->trees[entry->package];
	return tree->files[entry->source - tree->package->paths].size;
}

/* What writes much, most of it first. */
static int cmp_heavy(const void *a, const void *b)
{
	const struct run *x = a;
	const struct run *y = b;
	if (x->bytes != y->bytes) {
		return x->bytes > y->bytes ? -1 : 1;
	}
	return x->index < y->index ? -1 : 1;
}

/* Heavy runs first, so that the workers end about together; the others from both ends in turn: two
 * workers in one directory would wait for each other at every name. */
static void order_runs(struct runs *runs, const struct runs *by_path)
{
	for (size_t i = 0; i < by_path->len; i++) {
		if (by_path->items[i].bytes >= HEAVY_BYTES) {
			lk_vec_push(runs, by_path->items[i]);
		}
	}
	if (runs->len > 0) {
		qsort(runs->items, runs->len, sizeof(*runs->items), cmp_heavy);
	}
	for (size_t front = 0, back = by_path->len; front < back;) {
		bool at_front = (front + back - by_path->len) % 2 == 0;
		size_t i = at_front ? front++ : --back;
		if (by_path->items[i].bytes < HEAVY_BYTES) {
			lk_vec_push(runs, by_path->items[i]);
		}
	}
}

static void make_runs(
	const struct lk_stage *stage, const struct lk_wholes *wholes, struct runs *ret)
{
	size_t n = stage->layout->n_entries;
	size_t whole = 0;
	size_t placed = 0; /* of the run; a directory that is moved counts as one */
	struct runs by_path = {0};
	struct run run = {0};
	while (run.to < n) {
		if (whole < wholes->len && wholes->items[whole].from == run.to) {
			run.to = wholes->items[whole++].to;
		} else {
			run.bytes += bytes_of(stage, &stage->layout->entries[run.to++]);
		}
		if (++placed == ENTRIES_PER_RUN || run.bytes >= HEAVY_BYTES || run.to == n) {
			run.index = by_path.len;
			lk_vec_push(&by_path, run);
			run = (struct run){.from = run.to, .to = run.to, .whole = whole};
			placed = 0;
		}
	}
	order_runs(ret, &by_path);
	lk_vec_done(&by_path);
}

/* Do fewer than FEW entries of the run follow in the directory of the one at I? */
static bool has_few_after(const struct lk_layout *layout, const struct run *run, size_t i)
{
	lk_str dir = lk_path_dirname(layout->entries[i].path);
	return i + FEW >= run->to ||
		!lk_str_eq(lk_path_dirname(layout->entries[i + FEW].path), dir);
}

/* Moves a directory to its place with all that is in it. */
static int place_whole(struct walk *walk, const struct lk_whole *whole, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const struct lk_stage *stage = walk->build->stage;
	const struct lk_tree *tree = &stage->trees[whole->package];
	lk_str from = lk_str_dup(&arena, whole->source_path);
	struct lk_link_source source = {
		tree->fd, from.ptr, tree->path, from.ptr, tree->layer, tree->foreign};
	lk_str to = lk_str_dup(&arena, whole->path);
	const char *name = NULL;
	int dirfd = -1;
	int rc = lk_dirs_enter_for(&walk->dirs, to, true, &dirfd, &name, err);
	if (rc == 0) {
		rc = lk_link_move(stage->linker, &source, whole->n, dirfd, name, err);
	}
	for (size_t i = whole->from; rc == 0 && i < whole->to; i++) {
		struct lk_entry *entry = &stage->layout->entries[i];
		if (entry->kind != LK_ENTRY_PYC) {
			const struct lk_tree_file *file =
				&tree->files[entry->source - tree->package->paths];
			entry->mode = file->mode;
			entry->size = file->size;
			entry->sha256 = file->sha256;
			entry->target = file->target;
			entry->present = true;
		}
	}
	return rc;
}

static int place_run(struct walk *walk, const struct run *run, struct lk_error *err)
{
	const struct lk_layout *layout = walk->build->stage->layout;
	const struct lk_wholes *wholes = &walk->build->wholes;
	size_t whole = run->whole;
	int rc = 0;
	for (size_t i = run->from; rc == 0 && i < run->to; i++) {
		struct lk_entry *entry = &layout->entries[i];
		if (whole < wholes->len && wholes->items[whole].from == i) {
			rc = place_whole(walk, &wholes->items[whole], err);
			i = wholes->items[whole++].to - 1;
		} else if (entry->lost) {
			rc = pass_entry(walk, entry, err);
		} else if (entry->kind == LK_ENTRY_DIRECTORY) {
			rc = place_directory(walk, entry, err);
		} else if (entry->kind != LK_ENTRY_PYC || entry->kept != NULL) {
			rc = place_entry(walk, entry, has_few_after(layout, run, i), err);
		}
	}
	return rc;
}

/* They are sorted, so that each directory is entered about once. */
static int build_run(void *ctx, size_t index, struct lk_error *err)
{
	struct build *build = ctx;
	const struct run *run = &build->runs.items[index];
	struct walk walk = {.build = build, .report = &build->relay.items[run->index].report};
	if (lk_report_stop(walk.report)) {
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted while linking");
	}
	lk_dirs_init(&walk.dirs, build->stage->fd);
	lk_dirs_init(&walk.old_dirs, build->stage->old_fd);
	lk_dirs_init(&walk.sources, -1);
	walk.old_dirs.existing = true;
	int rc = place_run(&walk, run, err);
	lk_dirs_done(&walk.dirs);
	lk_dirs_done(&walk.old_dirs);
	lk_dirs_done(&walk.sources);
	if (rc == 0) {
		lk_relay_step(&build->relay, "link");
	}
	return rc;
}

int lk_stage_build(struct lk_stage *stage, const struct lk_report *report, struct lk_error *err)
{
	struct build build = {.stage = stage};
	lk_wholes_find(stage->layout, stage->trees, &build.wholes);
	make_runs(stage, &build.wholes, &build.runs);
	lk_relay_init(&build.relay, report, build.runs.len);
	int rc = lk_workers_run(stage->jobs, build.runs.len, build_run, &build, err);
	lk_relay_flush(&build.relay);
	size_t unsigned_files = atomic_load(&stage->unsigned_files);
	if (rc == 0 && unsigned_files > 0) {
		lk_warn(report,
			"%zu program(s) or libraries got the prefix written into them: sign them "
			"on a Mac (codesign -s - -f)",
			unsigned_files);
	}
	lk_relay_done(&build.relay);
	lk_vec_done(&build.runs);
	lk_vec_done(&build.wholes);
	return rc;
}
