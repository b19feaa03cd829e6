/*
 * Members out of a bundle, several at a time.
 */
#include "store/bundle_unpack.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/relay.h"
#include "base/workers.h"

#define CHUNK ((size_t)256 * 1024)

struct unpacking {
	const struct lk_bundle *bundle;
	struct lk_cache *cache; /* NULL: into the folder DIR, called PATH */
	const char *path;
	int dir;
	struct lk_u32s members;
	struct lk_relay relay;
	atomic_size_t written, present;
	atomic_uint_fast64_t bytes;
};

/* ---- one member's bytes ---- */

/* To FD; RET gets their hash. */
static int copy(struct unpacking *u, size_t index, const struct lk_blob *blob, int fd,
	struct lk_sha256 *ret, struct lk_error *err)
{
	const char *name = lk_bundle_path(u->bundle);
	struct lk_digest *LK_CLEANUP(lk_digest_free_p) digest = lk_digest_new(LK_DIGEST_SHA256);
	char *LK_AUTO_FREE chunk = lk_reallocarray(NULL, CHUNK, 1);
	for (uint64_t at = 0; at < blob->size;) {
		ssize_t got = lk_blob_read_at(blob, at, chunk, CHUNK, name, err);
		if (got < 0) {
			return (int)got;
		}
		lk_digest_update(digest, chunk, (size_t)got);
		int rc = lk_fs_write_all(fd, chunk, (size_t)got, u->path, err);
		if (rc < 0) {
			return rc;
		}
		if (lk_report_stop(&u->relay.items[index].report)) {
			return lk_fail(err, LK_E_INTERRUPTED, "interrupted while unpacking");
		}
		lk_relay_bytes(&u->relay, "unpack", (uint64_t)got);
		at += (uint64_t)got;
	}
	lk_digest_final(digest, ret->bytes);
	return 0;
}

static int fail_damaged(
	const struct unpacking *u, const struct lk_manifest_entry *entry, struct lk_error *err)
{
	lk_fail(err, LK_E_INTEGRITY,
		"bundle '%s' is damaged: '" LK_STR_FMT "' does not have its sha256",
		lk_bundle_path(u->bundle), LK_STR_ARG(entry->path));
	lk_error_hint(err,
		"see what to copy again with 'lockenv unpack --check' or 'lockenv-install "
		"--check'");
	return LK_E_INTEGRITY;
}

/* ---- into a cache ---- */

static int put_into_cache(struct unpacking *u, size_t index, const struct lk_manifest_entry *entry,
	bool *ret_present, struct lk_error *err)
{
	const struct lk_report *report = &u->relay.items[index].report;
	const struct lk_record record = {
		.fn = lk_manifest_name(entry),
		.has_sha256 = true,
		.sha256 = entry->sha256,
		.has_size = true,
		.size = entry->size,
	};
	struct lk_blob LK_CLEANUP(lk_blob_done) blob = LK_BLOB_NONE;
	struct lk_error ignored = LK_ERROR_INIT;
	if (lk_cache_open_hashed(u->cache, &record, report, &blob, &ignored) == 0) {
		*ret_present = true;
		return 0;
	}
	struct lk_cache_incoming incoming = {.fd = -1};
	struct lk_sha256 sha256 = {{0}};
	int rc = lk_bundle_open_member(u->bundle, entry, &blob, err);
	if (rc == 0) {
		rc = lk_cache_begin(u->cache, &incoming, err);
	}
	if (rc < 0) {
		return rc;
	}
	rc = copy(u, index, &blob, incoming.fd, &sha256, err);
	if (rc < 0) {
		lk_cache_abort(u->cache, &incoming);
		return rc;
	}
	rc = lk_cache_commit(u->cache, &incoming, &record, &sha256, blob.size, err);
	return rc == LK_E_INTEGRITY ? fail_damaged(u, entry, err) : rc;
}

/* ---- into a folder ---- */

/* Is the member there, a file with the right bytes? */
static bool is_present(const struct unpacking *u, const struct lk_manifest_entry *entry)
{
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_blob LK_CLEANUP(lk_blob_done) blob = LK_BLOB_NONE;
	struct lk_sha256 have = {{0}};
	int fd;
	int rc = lk_fs_open_beneath(
		u->dir, entry->path.ptr, O_RDONLY | O_NONBLOCK, 0, &fd, &ignored);
	if (rc == 0) {
		rc = lk_blob_from_fd(fd, entry->path.ptr, &blob, &ignored);
	}
	return rc == 0 && blob.size == entry->size &&
		lk_blob_sha256(&blob, entry->path.ptr, &have, &ignored) == 0 &&
		lk_sha256_eq(&have, &entry->sha256);
}

static int publish(const struct unpacking *u, int *fd, const char *temp, lk_str path, mode_t mode,
	struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	/* EPERM of one's own file: a file system without modes. */
	bool written = fchmod(*fd, mode) == 0 || errno == EPERM;
	written = close(lk_fd_take(fd)) == 0 && written;
	if (!written) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot write '%s/" LK_STR_FMT "'",
			u->path, LK_STR_ARG(path));
	}
	const char *folder = lk_str_dup(&arena, lk_path_dirname(path)).ptr;
	int LK_AUTO_CLOSE to = -1;
	int rc = lk_fs_mkdirs(u->dir, folder, 0, true, err);
	if (rc == 0) {
		rc = lk_fs_open_beneath(u->dir, folder, O_RDONLY | O_DIRECTORY, 0, &to, err);
	}
	if (rc == 0) {
		const char *name = lk_str_dup(&arena, lk_path_basename(path)).ptr;
		rc = lk_fs_rename(u->dir, temp, to, name, err);
	}
	return rc;
}

static int put_into_folder(struct unpacking *u, size_t index, const struct lk_manifest_entry *entry,
	bool *ret_present, struct lk_error *err)
{
	if (is_present(u, entry)) {
		*ret_present = true;
		return 0;
	}
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_blob LK_CLEANUP(lk_blob_done) blob = LK_BLOB_NONE;
	struct lk_sha256 sha256 = {{0}};
	char *temp = NULL;
	int LK_AUTO_CLOSE fd = -1;
	int rc = lk_bundle_open_member(u->bundle, entry, &blob, err);
	if (rc == 0) {
		rc = lk_fs_temp_file(u->dir, "tmp/incoming", 0600, &arena, &temp, &fd, err);
	}
	if (rc == 0) {
		rc = copy(u, index, &blob, fd, &sha256, err);
	}
	if (rc == 0 && !lk_sha256_eq(&sha256, &entry->sha256)) {
		rc = fail_damaged(u, entry, err);
	}
	if (rc == 0) {
		mode_t mode = lk_manifest_is_program(entry) ? 0755 : 0644;
		rc = publish(u, &fd, temp, entry->path, mode, err);
	}
	if (rc < 0 && temp) {
		(void)unlinkat(u->dir, temp, 0);
	}
	return rc;
}

/* What lies in the folder may have come from a bundle, this one or another, whose manifest came
 * last. A manifest of something else, or without one a lock that is not this bundle's, is
 * somebody's. */
static int check_folder(const struct unpacking *u, struct lk_error *err)
{
	static const char begin[] = "# lockpack ";
	char head[sizeof(begin) - 1];
	const struct lk_manifest *manifest = lk_bundle_manifest(u->bundle);
	struct lk_error ignored = LK_ERROR_INIT;
	int LK_AUTO_CLOSE fd = -1;
	int rc = lk_fs_open_beneath(u->dir, "MANIFEST", O_RDONLY | O_NONBLOCK, 0, &fd, &ignored);
	bool ours = rc == 0 && pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
		memcmp(head, begin, sizeof(head)) == 0;
	const char *foreign = rc == LK_E_NOT_FOUND || ours ? NULL : "MANIFEST";
	for (size_t i = 0; !ours && !foreign && i < manifest->n_locks; i++) {
		const char *path = manifest->entries[i].path.ptr;
		bool there = faccessat(u->dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
		foreign = there && !is_present(u, &manifest->entries[i]) ? path : NULL;
	}
	if (!foreign) {
		return 0;
	}
	lk_fail(err, LK_E_USAGE, "'%s/%s' is there, and is not of a bundle", u->path, foreign);
	lk_error_hint(err, "unpack into a folder of its own");
	return LK_E_USAGE;
}

/* ---- all of them ---- */

static int unpack_member(void *ctx, size_t index, struct lk_error *err)
{
	struct unpacking *u = ctx;
	const struct lk_manifest_entry *entry =
		&lk_bundle_manifest(u->bundle)->entries[u->members.items[index]];
	bool present = false;
	int rc = u->cache ? put_into_cache(u, index, entry, &present, err)
			  : put_into_folder(u, index, entry, &present, err);
	if (rc == 0) {
		atomic_fetch_add(present ? &u->present : &u->written, 1);
		atomic_fetch_add(&u->bytes, present ? 0 : entry->size);
		lk_relay_bytes(&u->relay, "unpack", present ? entry->size : 0);
	}
	lk_relay_step(&u->relay, "unpack");
	return rc;
}

/* Those that are there from FIRST on. */
static int unpack(struct unpacking *u, size_t first, unsigned jobs, const struct lk_report *report,
	struct lk_bundle_unpacked *ret, struct lk_error *err)
{
	const struct lk_manifest *manifest = lk_bundle_manifest(u->bundle);
	uint64_t bytes = 0;
	for (size_t i = first; i < manifest->n_entries; i++) {
		if (!manifest->entries[i].absent) {
			lk_vec_push(&u->members, (uint32_t)i);
			bytes += manifest->entries[i].size;
		}
	}
	lk_relay_init(&u->relay, report, u->members.len);
	u->relay.bytes_all = bytes;
	int rc = lk_workers_run(jobs, u->members.len, unpack_member, u, err);
	lk_relay_flush(&u->relay);
	lk_relay_done(&u->relay);
	lk_vec_done(&u->members);
	*ret = (struct lk_bundle_unpacked){
		atomic_load(&u->written), atomic_load(&u->present), atomic_load(&u->bytes)};
	return rc;
}

int lk_bundle_unpack_cache(const struct lk_bundle *bundle, struct lk_cache *cache, unsigned jobs,
	const struct lk_report *report, struct lk_bundle_unpacked *ret, struct lk_error *err)
{
	const struct lk_manifest *manifest = lk_bundle_manifest(bundle);
	struct unpacking u = {
		.bundle = bundle, .cache = cache, .path = lk_cache_path(cache), .dir = -1};
	return unpack(&u, manifest->n_locks + manifest->n_programs, jobs, report, ret, err);
}

int lk_bundle_unpack_folder(const struct lk_bundle *bundle, const char *path, unsigned jobs,
	const struct lk_report *report, struct lk_bundle_unpacked *ret, struct lk_error *err)
{
	struct unpacking u = {.bundle = bundle, .path = path, .dir = -1};
	int rc = lk_fs_mkdirs(AT_FDCWD, path, 0, false, err);
	int LK_AUTO_CLOSE dir = -1;
	if (rc == 0) {
		dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		rc = dir >= 0 ? 0 : lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s'", path);
		u.dir = dir;
	}
	if (rc == 0) {
		rc = check_folder(&u, err);
	}
	bool made = rc == 0 && mkdirat(dir, "tmp", 0777) == 0;
	if (rc == 0 && !made) {
		rc = lk_fs_mkdirs(dir, "tmp", 0, true, err);
	}
	if (rc == 0) {
		rc = unpack(&u, 0, jobs, report, ret, err);
	}
	if (rc == 0) {
		lk_str text = lk_bundle_manifest_text(bundle);
		rc = lk_fs_write_unsynced(dir, "MANIFEST", text.ptr, text.len, err);
	}
	if (made) { /* else it is a cache's, which others may be filling */
		(void)unlinkat(dir, "tmp", AT_REMOVEDIR);
	}
	return rc;
}
