/*
 * One archive for the index: its bytes hashed in one pass, its info/index.json read.
 */
#include <errno.h>
#include <unistd.h>

#include "base/fs.h"
#include "store/archive.h"
#include "store/extract.h"
#include "store/indexer_priv.h"
#include "store/tree_priv.h"

#define CHUNK ((size_t)1 << 20)
#define INFO_FILE_MAX ((size_t)128 << 20)

struct lk_index_mark lk_index_mark_of(const struct stat *st)
{
	return (struct lk_index_mark){
		.size = (uint64_t)st->st_size,
		.mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
		.ctime_ns = (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec,
		.inode = (int64_t)((uint64_t)st->st_ino & INT64_MAX),
	};
}

/* Links are followed: folders of packages are made of them. Never waits for a FIFO. */
static int open_file(int dirfd, const char *fn, int *ret, struct lk_error *err)
{
	int fd LK_AUTO_CLOSE = openat(dirfd, fn, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	if (fd < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s'", fn);
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		return lk_fail(err, LK_E_INTEGRITY, "'%s' is no regular file", fn);
	}
	*ret = lk_fd_take(&fd);
	return 0;
}

static int hash(const struct lk_blob *blob, const char *fn, const struct lk_report *report,
	struct lk_indexed_archive *ret, struct lk_error *err)
{
	struct lk_digest *sha256 LK_CLEANUP(lk_digest_free_p) = lk_digest_new(LK_DIGEST_SHA256);
	struct lk_digest *md5 LK_CLEANUP(lk_digest_free_p) = lk_digest_new(LK_DIGEST_MD5);
	char *LK_AUTO_FREE chunk = lk_reallocarray(NULL, CHUNK, 1);
	uint64_t at = 0;
	ssize_t got;
	while ((got = lk_blob_read_at(blob, at, chunk, CHUNK, fn, err)) > 0) {
		lk_digest_update(sha256, chunk, (size_t)got);
		lk_digest_update(md5, chunk, (size_t)got);
		at += (uint64_t)got;
		if (lk_report_stop(report)) {
			return lk_fail(err, LK_E_INTERRUPTED, "interrupted");
		}
	}
	if (got < 0) {
		return (int)got;
	}
	lk_digest_final(sha256, ret->sha256.bytes);
	lk_digest_final(md5, ret->md5.bytes);
	ret->size = at;
	return 0;
}

static int open_archive(int fd, const char *fn, struct lk_archive **ret, struct lk_error *err)
{
	struct lk_blob blob = LK_BLOB_NONE;
	int rc = lk_blob_from_fd(fd, fn, &blob, err);
	return rc < 0
		? rc
		: lk_archive_open(&blob, fn, lk_archive_kind_of(lk_str_of(fn), NULL), ret, err);
}

static int read_index(int fd, const char *fn, struct lk_buf *ret, struct lk_error *err)
{
	struct lk_archive *archive LK_CLEANUP(lk_archive_free_p) = NULL;
	int rc = open_archive(fcntl(fd, F_DUPFD_CLOEXEC, 0), fn, &archive, err);
	return rc < 0 ? rc : lk_archive_find(archive, "info/index.json", ret, err);
}

/* ---- the whole of it, as an install would take it ---- */

static int read_info(int fd, const char *fn, const struct lk_listing *listing, const char *path,
	struct lk_buf *buf, lk_str *ret, struct lk_error *err)
{
	struct lk_archive *archive LK_CLEANUP(lk_archive_free_p) = NULL;
	lk_buf_init(buf, INFO_FILE_MAX);
	if (!lk_listing_find(listing, lk_str_of(path))) {
		return 0;
	}
	int rc = open_archive(fcntl(fd, F_DUPFD_CLOEXEC, 0), fn, &archive, err);
	rc = rc < 0 ? rc : lk_archive_find(archive, path, buf, err);
	*ret = buf->len > 0 ? lk_buf_view(buf) : LK_STR("");
	return rc;
}

static int check_contents(
	int fd, const char *fn, const struct lk_listing *listing, struct lk_error *err)
{
	static const char *const files[] = {"info/index.json", "info/paths.json", "info/link.json",
		"info/files", "info/has_prefix", "info/no_link", "info/no_softlink"};
	static const struct lk_tree_options options = {0};
	struct lk_buf bufs[LK_COUNTOF(files)] = {0};
	lk_str texts[LK_COUNTOF(files)] = {0};
	struct lk_package *package = NULL;
	const struct lk_tree_file *ignored = NULL;
	int rc = 0;
	for (size_t i = 0; i < LK_COUNTOF(files) && rc == 0; i++) {
		rc = read_info(fd, fn, listing, files[i], &bufs[i], &texts[i], err);
	}
	if (rc == 0) {
		struct lk_package_texts all = {
			texts[0], texts[1], texts[2], texts[3], texts[4], texts[5], texts[6]};
		rc = lk_package_parse(&all, fn, &package, err);
	}
	if (rc == 0) {
		rc = lk_tree_check_contents(package, listing, fn, &options, NULL, &ignored, err);
	}
	lk_package_free(package);
	for (size_t i = 0; i < LK_COUNTOF(files); i++) {
		lk_buf_done(&bufs[i]);
	}
	return rc;
}

static int check_whole(
	int fd, const char *fn, lk_str subdir, const struct lk_report *report, struct lk_error *err)
{
	struct lk_archive *archive LK_CLEANUP(lk_archive_free_p) = NULL;
	struct lk_listing LK_CLEANUP(lk_listing_done) listing = {0};
	struct lk_extract_options options = {.subdir = subdir, .report = report};
	int rc = open_archive(fcntl(fd, F_DUPFD_CLOEXEC, 0), fn, &archive, err);
	rc = rc < 0 ? rc : lk_extract(archive, -1, &options, &listing, err);
	return rc < 0 ? rc : check_contents(fd, fn, &listing, err);
}

static bool same_mark(const struct lk_index_mark *a, const struct lk_index_mark *b)
{
	return a->size == b->size && a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns &&
		a->inode == b->inode;
}

static int check_unchanged(
	int fd, const struct lk_index_archive *archive, uint64_t size, struct lk_error *err)
{
	struct stat st;
	if (fstat(fd, &st) != 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s'", archive->fn.ptr);
	}
	struct lk_index_mark now = lk_index_mark_of(&st);
	return size == now.size && same_mark(&archive->mark, &now)
		? 0
		: lk_fail(err, LK_E_INTEGRITY, "'%s' was changed while it was read",
			  archive->fn.ptr);
}

int lk_index_read_archive(int dirfd, lk_str subdir, bool whole, const struct lk_report *report,
	struct lk_index_archive *archive, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_INDEX_JSON_MAX);
	struct lk_indexed_archive facts = {.fn = archive->fn, .subdir = subdir};
	struct lk_blob LK_CLEANUP(lk_blob_done) blob = LK_BLOB_NONE;
	const char *fn = archive->fn.ptr;
	int fd LK_AUTO_CLOSE = -1;
	struct stat st;
	int rc = open_file(dirfd, fn, &fd, err);
	if (rc == 0 && fstat(fd, &st) == 0) {
		archive->mark = lk_index_mark_of(&st);
		rc = lk_blob_from_fd(fcntl(fd, F_DUPFD_CLOEXEC, 0), fn, &blob, err);
	}
	rc = rc < 0 ? rc : hash(&blob, fn, report, &facts, err);
	rc = rc < 0 ? rc : read_index(fd, fn, &text, err);
	if (rc == 0) {
		rc = lk_repodata_entry_make(
			lk_buf_view(&text), &facts, &archive->arena, &archive->entry, err);
	}
	if (rc == 0 && whole) {
		rc = check_whole(fd, fn, subdir, report, err);
	}
	rc = rc < 0 ? rc : check_unchanged(fd, archive, facts.size, err);
	if (rc == 0) {
		char hex[LK_HEX_MAX];
		lk_hex(facts.sha256.bytes, LK_SHA256_LEN, hex);
		archive->sha256 = lk_str_dup(&archive->arena, lk_str_of(hex));
		archive->fresh = true;
	}
	return rc;
}

int lk_index_subdir_of(
	int dirfd, lk_str fn, struct lk_arena *arena, lk_str *ret, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_INDEX_JSON_MAX);
	struct lk_record record = {0};
	const char *name = lk_str_dup(arena, fn).ptr;
	int fd LK_AUTO_CLOSE = -1;
	int rc = open_file(dirfd, name, &fd, err);
	rc = rc < 0 ? rc : read_index(fd, name, &text, err);
	rc = rc < 0 ? rc : lk_package_read_index(lk_buf_view(&text), name, arena, &record, err);
	if (rc == 0 && record.subdir.len == 0) {
		rc = lk_fail(err, LK_E_INTEGRITY, "package '%s': info/index.json: has no 'subdir'",
			name);
	}
	if (rc == 0) {
		*ret = lk_str_dup(arena, record.subdir);
	}
	return rc;
}
