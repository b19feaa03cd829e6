/*
 * Bytes of rewritten files and entry points.
 */
#include "install/content.h"

#include "base/fs.h"
#include "conda/subdir.h"
#include "install/entry_points.h"
#include "install/prefix_patch.h"
#include "install/write.h"

#define MAX_PATCHED_BYTES ((size_t)4 << 30)
#define MAX_SCRIPT_BYTES ((size_t)1 << 20)
/* Rewritten files are this much younger than the archive's, so that python uses no stale pyc. */
#define PATCHED_SECONDS 2

int lk_content_fail_changed(const struct lk_tree *tree, const char *path, struct lk_error *err)
{
	lk_fail(err, LK_E_INTEGRITY, "'%s/%s' was changed while it was copied", tree->path, path);
	lk_error_hint(err, "its owner can do that: take a cache of your own with --cache");
	return err->code;
}

/* A Mach-O file whose bytes changed must be signed again before macOS runs it, which only a Mac can
 * do. */
static bool is_mach_o(const struct lk_layout *layout, lk_str bytes)
{
	static const char *const magics[] = {
		"\xcf\xfa\xed\xfe", "\xce\xfa\xed\xfe", "\xca\xfe\xba\xbe"};
	bool found = false;
	for (size_t i = 0; i < LK_COUNTOF(magics); i++) {
		found = found || lk_str_starts(bytes, lk_str_of(magics[i]));
	}
	return found && lk_str_is(lk_subdir_os(layout->subdir), "osx");
}

/* The bytes as shipped; what a stranger can change is held against the seal. */
static int read_source(const struct lk_content_source *source, const struct lk_entry *entry,
	const struct lk_tree_file *file, struct lk_buf *bytes, struct lk_error *err)
{
	int rc = lk_fs_read_file(source->dirfd, source->name, bytes, err);
	if (rc == 0 && source->tree->foreign) {
		struct lk_sha256 have = lk_sha256_of(bytes->ptr, bytes->len);
		if (!lk_sha256_eq(&have, &file->sha256)) {
			rc = lk_content_fail_changed(source->tree, entry->source->path.ptr, err);
		}
	}
	return rc;
}

static int make_patched(const struct lk_layout *layout, const struct lk_entry *entry,
	const struct lk_content_source *source, const struct lk_report *report,
	struct lk_content *ret, struct lk_error *err)
{
	const struct lk_package_path *from = entry->source;
	const struct lk_tree_file *file = &source->tree->files[from - source->tree->package->paths];
	const struct lk_prefix_patch patch = {
		from->prefix_mode, from->placeholder, layout->prefix, layout->subdir};
	struct lk_buf LK_CLEANUP(lk_buf_done) bytes = LK_BUF_INIT(MAX_PATCHED_BYTES);
	lk_str name = layout->packages[entry->package].record.name;
	size_t count = 0;
	int rc = read_source(source, entry, file, &bytes, err);
	if (rc < 0) {
		return rc;
	}
	(void)lk_buf_room(&ret->bytes, bytes.len); /* nearly always what it takes */
	rc = lk_prefix_patch(&patch, lk_buf_view(&bytes), from->path.ptr, &ret->bytes, &count, err);
	if (rc < 0) {
		return rc == LK_E_INTEGRITY
			? lk_wrap(err, "package '" LK_STR_FMT "'", LK_STR_ARG(name))
			: rc;
	}
	bool left_alone = from->prefix_mode == LK_PREFIX_BINARY &&
		lk_str_is(lk_subdir_os(layout->subdir), "win");
	if (count == 0 && !left_alone) {
		lk_warn(report,
			"'" LK_STR_FMT "' of package '" LK_STR_FMT
			"' does not hold its prefix placeholder: left as it is",
			LK_STR_ARG(from->path), LK_STR_ARG(name));
	}
	ret->needs_signing = count > 0 && is_mach_o(layout, lk_buf_view(&bytes));
	ret->mode = file->mode;
	ret->mtime = file->mtime + (count > 0 ? PATCHED_SECONDS : 0);
	return 0;
}

static int make_script(const struct lk_layout *layout, const struct lk_entry *entry,
	struct lk_content *ret, struct lk_error *err)
{
	lk_entry_point_script(
		entry->entry_point, &layout->python, layout->prefix, layout->subdir, &ret->bytes);
	if (ret->bytes.overflow || ret->bytes.len > MAX_SCRIPT_BYTES) {
		return lk_fail(
			err, LK_E_INTEGRITY, "the entry point '%s' is too long", entry->path.ptr);
	}
	ret->mode = 0755;
	ret->mtime = LK_WRITE_EPOCH;
	return 0;
}

int lk_content_make(const struct lk_layout *layout, const struct lk_entry *entry,
	const struct lk_content_source *source, const struct lk_report *report,
	struct lk_content *ret, struct lk_error *err)
{
	*ret = (struct lk_content){.bytes = LK_BUF_INIT(MAX_PATCHED_BYTES)};
	return entry->kind == LK_ENTRY_SCRIPT
		? make_script(layout, entry, ret, err)
		: make_patched(layout, entry, source, report, ret, err);
}

void lk_content_done(struct lk_content *content)
{
	lk_buf_done(&content->bytes);
}
