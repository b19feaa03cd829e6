/*
 * Bytes of rewritten files and entry points.
 */
#include "install/content.h"

#include <errno.h>

#include "base/fs.h"
#include "base/stream.h"
#include "conda/subdir.h"
#include "install/entry_points.h"
#include "install/prefix_patch.h"
#include "install/write.h"

#define MAX_PATCHED_BYTES ((size_t)4 << 30)
#define PART_SIZE ((size_t)256 * 1024) /* stays in the processor's cache */
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

/* Where the bytes go. */
struct sink {
	int fd; /* -1: nowhere, they are only hashed */
	const char *name;
	struct lk_digest *digest;
	struct lk_content *content;
};

static int put(struct sink *sink, lk_str bytes, struct lk_error *err)
{
	sink->content->size += bytes.len;
	lk_digest_update(sink->digest, bytes.ptr, bytes.len);
	return sink->fd < 0 ? 0 : lk_fs_write_all(sink->fd, bytes.ptr, bytes.len, sink->name, err);
}

/* A file of the package on its way into the prefix. */
struct patching {
	const struct lk_layout *layout;
	const struct lk_tree *tree;
	const struct lk_package_path *from;
	const struct lk_tree_file *file; /* what the seal says of it */
	struct lk_prefix_patch patch;
	size_t count; /* of placeholders replaced */
};

/* What a stranger can change is held against the seal. */
static int check_source(
	const struct patching *p, const struct lk_sha256 *have, struct lk_error *err)
{
	return p->tree->foreign && !lk_sha256_eq(have, &p->file->sha256)
		? lk_content_fail_changed(p->tree, p->from->path.ptr, err)
		: 0;
}

static int patch_whole(
	struct patching *p, struct lk_stream *in, struct sink *sink, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) bytes = LK_BUF_INIT(MAX_PATCHED_BYTES);
	struct lk_buf LK_CLEANUP(lk_buf_done) patched = LK_BUF_INIT(MAX_PATCHED_BYTES);
	int rc = lk_stream_read_all(in, &bytes, err);
	if (rc == 0 && p->tree->foreign) {
		struct lk_sha256 have = lk_sha256_of(bytes.ptr, bytes.len);
		rc = check_source(p, &have, err);
	}
	if (rc == 0) {
		(void)lk_buf_room(&patched, bytes.len); /* nearly always what it takes */
		rc = lk_prefix_patch(&p->patch, lk_buf_view(&bytes), p->from->path.ptr, &patched,
			&p->count, err);
	}
	sink->content->needs_signing = is_mach_o(p->layout, lk_buf_view(&bytes));
	return rc < 0 ? rc : put(sink, lk_buf_view(&patched), err);
}

/* In parts, however large the file is: BYTES begins with what was left of the part before. */
static int patch_parts(
	struct patching *p, struct lk_stream *in, struct sink *sink, struct lk_error *err)
{
	struct lk_digest *LK_CLEANUP(lk_digest_free_p) digest = lk_digest_new(LK_DIGEST_SHA256);
	struct lk_buf LK_CLEANUP(lk_buf_done) bytes = LK_BUF_INIT(2 * PART_SIZE);
	struct lk_buf LK_CLEANUP(lk_buf_done) patched = LK_BUF_INIT(MAX_PATCHED_BYTES);
	struct lk_binary_patch binary = {.patch = &p->patch, .file = p->from->path.ptr};
	int rc = lk_prefix_patch_check(&p->patch, binary.file, err);
	for (bool last = false, first = true; rc == 0 && !last; first = false) {
		char *at = lk_buf_room(&bytes, PART_SIZE);
		ssize_t got = lk_stream_read(in, at, PART_SIZE, err);
		if (got < 0) {
			return (int)got;
		}
		last = got == 0;
		lk_digest_update(digest, at, p->tree->foreign ? (size_t)got : 0);
		bytes.len += (size_t)got;
		if (first) {
			sink->content->needs_signing = is_mach_o(p->layout, lk_buf_view(&bytes));
		}
		lk_str rest = lk_buf_view(&bytes);
		lk_buf_truncate(&patched, 0);
		rc = lk_binary_patch_part(&binary, &rest, last, &patched, err);
		memmove(bytes.ptr, rest.ptr, rest.len);
		lk_buf_truncate(&bytes, rest.len);
		rc = rc < 0 ? rc : put(sink, lk_buf_view(&patched), err);
	}
	struct lk_sha256 have = {.bytes = {0}};
	lk_digest_final(digest, have.bytes);
	p->count = binary.count;
	return rc < 0 ? rc : check_source(p, &have, err);
}

static int write_patched(struct patching *p, const struct lk_content_source *source,
	struct sink *sink, const struct lk_report *report, struct lk_error *err)
{
	bool left_alone = p->patch.mode == LK_PREFIX_BINARY &&
		lk_str_is(lk_subdir_os(p->layout->subdir), "win");
	struct lk_content *content = sink->content;
	int fd = openat(source->dirfd, source->name, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s'", source->name);
	}
	struct lk_stream *LK_CLEANUP(lk_stream_free_p) in = lk_stream_from_fd(fd, source->name);
	int rc = p->patch.mode == LK_PREFIX_BINARY && !left_alone ? patch_parts(p, in, sink, err)
								  : patch_whole(p, in, sink, err);
	if (rc == 0 && p->count == 0 && !left_alone) {
		lk_warn(report,
			"'" LK_STR_FMT "' of package '" LK_STR_FMT
			"' does not hold its prefix placeholder: left as it is",
			LK_STR_ARG(p->from->path), LK_STR_ARG(p->tree->package->name));
	}
	content->needs_signing = content->needs_signing && p->count > 0;
	content->mode = p->file->mode;
	content->mtime = p->file->mtime + (p->count > 0 ? PATCHED_SECONDS : 0);
	return rc == LK_E_INTEGRITY
		? lk_wrap(err, "package '" LK_STR_FMT "'", LK_STR_ARG(p->tree->package->name))
		: rc;
}

static int write_script(const struct lk_layout *layout, const struct lk_entry *entry,
	struct sink *sink, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) bytes = LK_BUF_INIT(MAX_SCRIPT_BYTES);
	lk_entry_point_script(
		entry->entry_point, &layout->python, layout->prefix, layout->subdir, &bytes);
	if (bytes.overflow) {
		return lk_fail(
			err, LK_E_INTEGRITY, "the entry point '%s' is too long", entry->path.ptr);
	}
	sink->content->mode = 0755;
	sink->content->mtime = LK_WRITE_EPOCH;
	return put(sink, lk_buf_view(&bytes), err);
}

int lk_content_write(const struct lk_layout *layout, const struct lk_entry *entry,
	const struct lk_content_source *source, int fd, const struct lk_report *report,
	struct lk_content *ret, struct lk_error *err)
{
	struct lk_digest *LK_CLEANUP(lk_digest_free_p) digest = lk_digest_new(LK_DIGEST_SHA256);
	struct sink sink = {fd, entry->path.ptr, digest, ret};
	*ret = (struct lk_content){0};
	int rc;
	if (entry->kind == LK_ENTRY_SCRIPT) {
		rc = write_script(layout, entry, &sink, err);
	} else {
		const struct lk_package_path *from = entry->source;
		struct patching p = {
			.layout = layout,
			.tree = source->tree,
			.from = from,
			.file = &source->tree->files[from - source->tree->package->paths],
			.patch = {from->prefix_mode, from->placeholder, layout->prefix,
				layout->subdir},
		};
		rc = write_patched(&p, source, &sink, report, err);
	}
	lk_digest_final(digest, ret->sha256.bytes);
	return rc;
}
