/*
 * The new tree, entry by entry.
 */
#include "install/stage.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/workers.h"
#include "conda/subdir.h"
#include "install/dirs.h"
#include "install/entry_points.h"
#include "install/prefix_patch.h"
#include "install/relay.h"
#include "install/write.h"

#define ENTRIES_PER_ITEM 256
#define MAX_PATCHED_BYTES ((size_t)4 << 30)
#define MAX_LINK_TARGET 4096
/* Rewritten files are this much younger than the archive's, so that python uses no stale pyc. */
#define PATCHED_SECONDS 2

struct place {
	struct lk_stage *stage;
	struct lk_entry *entry;
	int dirfd;        /* where the entry goes */
	const char *name; /* its last component */
	int tree_fd;
	const struct lk_report *report;
};

static int stat_source(const struct place *place, struct stat *ret, struct lk_error *err)
{
	const char *path = place->entry->source->path.ptr;
	if (fstatat(place->tree_fd, path, ret, AT_SYMLINK_NOFOLLOW) < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s' of the package", path);
	}
	bool is_link = S_ISLNK(ret->st_mode);
	if (is_link != (place->entry->kind == LK_ENTRY_SOFTLINK) ||
		(!is_link && !S_ISREG(ret->st_mode))) {
		return lk_fail(
			err, LK_E_INTEGRITY, "'%s' is not of the type paths.json says", path);
	}
	return 0;
}

static unsigned mode_of(const struct stat *status)
{
	return status->st_mode & 0111 ? 0755 : 0644;
}

/* A new file with these bytes; the entry notes what it is. */
static int write_entry(const struct place *place, lk_str bytes, unsigned mode, struct timespec when,
	struct lk_error *err)
{
	struct lk_entry *entry = place->entry;
	entry->mode = mode;
	entry->size = bytes.len;
	entry->sha256 = lk_sha256_of(bytes.ptr, bytes.len);
	return lk_write_new(place->dirfd, place->name, bytes, mode, when, entry->path.ptr, err);
}

static int place_file(const struct place *place, struct lk_error *err)
{
	struct lk_entry *entry = place->entry;
	const struct lk_package_path *from = entry->source;
	struct stat status;
	int rc = stat_source(place, &status, err);
	if (rc < 0) {
		return rc;
	}
	entry->mode = mode_of(&status);
	entry->size = (uint64_t)status.st_size;
	entry->sha256 = from->sha256;
	if (!from->has_sha256) {
		int LK_AUTO_CLOSE fd = -1;
		rc = lk_fs_open_beneath(place->tree_fd, from->path.ptr, O_RDONLY, 0, &fd, err);
		if (rc == 0) {
			rc = lk_sha256_fd(fd, from->path.ptr, &entry->sha256, NULL, err);
		}
		if (rc < 0) {
			return rc;
		}
	}
	char *LK_AUTO_FREE store = lk_asprintf(
		"%s/%s", place->stage->trees_path, place->stage->trees[entry->package].name);
	const struct lk_link_source source = {place->tree_fd, from->path.ptr, store};
	return lk_link_file(
		place->stage->linker, &source, place->dirfd, place->name, from->no_link, err);
}

/* A Mach-O file whose bytes changed must be signed again before macOS runs it, which only a Mac can
 * do. */
static bool needs_signing(const struct place *place, lk_str bytes)
{
	static const char *const magics[] = {
		"\xcf\xfa\xed\xfe", "\xce\xfa\xed\xfe", "\xca\xfe\xba\xbe"};
	bool found = false;
	for (size_t i = 0; i < LK_COUNTOF(magics); i++) {
		found = found || lk_str_starts(bytes, lk_str_of(magics[i]));
	}
	return found && lk_str_is(lk_subdir_os(place->stage->layout->subdir), "osx");
}

static int place_patched(const struct place *place, struct lk_error *err)
{
	const struct lk_layout *layout = place->stage->layout;
	const struct lk_package_path *from = place->entry->source;
	const struct lk_prefix_patch patch = {
		from->prefix_mode, from->placeholder, layout->prefix, layout->subdir};
	struct lk_buf LK_CLEANUP(lk_buf_done) bytes = LK_BUF_INIT(MAX_PATCHED_BYTES);
	struct lk_buf LK_CLEANUP(lk_buf_done) patched = LK_BUF_INIT(MAX_PATCHED_BYTES);
	lk_str name = layout->packages[place->entry->package].record.name;
	struct stat status;
	size_t count = 0;
	int rc = stat_source(place, &status, err);
	if (rc == 0) {
		rc = lk_fs_read_file(place->tree_fd, from->path.ptr, &bytes, err);
	}
	if (rc == 0) {
		rc = lk_prefix_patch(
			&patch, lk_buf_view(&bytes), from->path.ptr, &patched, &count, err);
	}
	if (rc < 0) {
		return rc == LK_E_INTEGRITY
			? lk_wrap(err, "package '" LK_STR_FMT "'", LK_STR_ARG(name))
			: rc;
	}
	bool left_alone = from->prefix_mode == LK_PREFIX_BINARY &&
		lk_str_is(lk_subdir_os(layout->subdir), "win");
	if (count == 0 && !left_alone) {
		lk_warn(place->report,
			"'" LK_STR_FMT "' of package '" LK_STR_FMT
			"' does not hold its prefix placeholder: left as it is",
			LK_STR_ARG(from->path), LK_STR_ARG(name));
	}
	if (count > 0 && needs_signing(place, lk_buf_view(&bytes))) {
		atomic_fetch_add(&place->stage->unsigned_files, 1);
	}
	struct timespec when = status.st_mtim;
	when.tv_sec += count > 0 ? PATCHED_SECONDS : 0;
	return write_entry(place, lk_buf_view(&patched), mode_of(&status), when, err);
}

static int place_softlink(const struct place *place, struct lk_error *err)
{
	struct lk_entry *entry = place->entry;
	const char *path = entry->source->path.ptr;
	char target[MAX_LINK_TARGET];
	struct stat status;
	int rc = stat_source(place, &status, err);
	if (rc < 0) {
		return rc;
	}
	ssize_t len = readlinkat(place->tree_fd, path, target, sizeof(target));
	if (len < 0 || (size_t)len == sizeof(target)) {
		return lk_fail_errno(err, LK_E_FS, len < 0 ? errno : ENAMETOOLONG,
			"cannot read the symlink '%s' of the package", path);
	}
	target[len] = '\0';
	entry->target = lk_strndup(target, (size_t)len);
	const struct lk_link_source source = {place->tree_fd, path, place->stage->trees_path};
	return lk_link_softlink(
		place->stage->linker, &source, target, place->dirfd, place->name, err);
}

static int place_script(const struct place *place, struct lk_error *err)
{
	const struct lk_layout *layout = place->stage->layout;
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(1 << 20);
	lk_entry_point_script(
		place->entry->entry_point, &layout->python, layout->prefix, layout->subdir, &text);
	if (text.overflow) {
		return lk_fail(err, LK_E_INTEGRITY, "the entry point '%s' is too long",
			place->entry->path.ptr);
	}
	const struct timespec when = {.tv_sec = LK_WRITE_EPOCH};
	return write_entry(place, lk_buf_view(&text), 0755, when, err);
}

static int place_entry(struct lk_stage *stage, struct lk_entry *entry, struct lk_dirs *dirs,
	const struct lk_report *report, struct lk_error *err)
{
	bool is_dir = entry->kind == LK_ENTRY_DIRECTORY;
	struct place place = {.stage = stage, .entry = entry, .report = report};
	lk_str dir = is_dir ? entry->path : lk_path_dirname(entry->path);
	int rc = lk_dirs_enter(dirs, dir, &place.dirfd, err);
	if (rc < 0 || is_dir) {
		entry->mode = 0755;
		entry->present = rc == 0;
		return rc;
	}
	place.name = lk_path_basename(entry->path).ptr;
	place.tree_fd = stage->trees[entry->package].fd;
	switch (entry->kind) {
	case LK_ENTRY_FILE:
		rc = place_file(&place, err);
		break;
	case LK_ENTRY_PATCHED:
		rc = place_patched(&place, err);
		break;
	case LK_ENTRY_SOFTLINK:
		rc = place_softlink(&place, err);
		break;
	case LK_ENTRY_SCRIPT:
		rc = place_script(&place, err);
		break;
	case LK_ENTRY_DIRECTORY:
	case LK_ENTRY_PYC:
		break;
	}
	entry->present = rc == 0;
	return rc;
}

struct build {
	struct lk_stage *stage;
	struct lk_relay relay;
};

/* One run of entries; they are sorted, so that each directory is entered about once. */
static int build_item(void *ctx, size_t index, struct lk_error *err)
{
	struct build *build = ctx;
	struct lk_layout *layout = build->stage->layout;
	const struct lk_report *report = &build->relay.items[index].report;
	size_t from = index * ENTRIES_PER_ITEM;
	size_t to = from + ENTRIES_PER_ITEM;
	to = to < layout->n_entries ? to : layout->n_entries;
	struct lk_dirs LK_CLEANUP(lk_dirs_done) dirs;
	lk_dirs_init(&dirs, build->stage->fd);
	if (lk_report_stop(report)) {
		return lk_fail(err, LK_E_INTERRUPTED, "interrupted while linking");
	}
	for (size_t i = from; i < to; i++) {
		struct lk_entry *entry = &layout->entries[i];
		if (entry->lost || entry->kind == LK_ENTRY_PYC) {
			continue;
		}
		int rc = place_entry(build->stage, entry, &dirs, report, err);
		if (rc < 0) {
			return rc;
		}
	}
	lk_relay_step(&build->relay, "link");
	return 0;
}

int lk_stage_build(struct lk_stage *stage, const struct lk_report *report, struct lk_error *err)
{
	struct build build = {.stage = stage};
	size_t items = (stage->layout->n_entries + ENTRIES_PER_ITEM - 1) / ENTRIES_PER_ITEM;
	lk_relay_init(&build.relay, report, items);
	int rc = lk_workers_run(stage->jobs, items, build_item, &build, err);
	lk_relay_flush(&build.relay);
	size_t unsigned_files = atomic_load(&stage->unsigned_files);
	if (rc == 0 && unsigned_files > 0) {
		lk_warn(report,
			"%zu program(s) or libraries got the prefix written into them: sign them "
			"on a Mac (codesign -s - -f)",
			unsigned_files);
	}
	lk_relay_done(&build.relay);
	return rc;
}
