/*
 * Bundles read in place: volumes, the manifest, and the bytes of members.
 */
#include <errno.h>
#include <unistd.h>

#include "base/fs.h"
#include "store/bundle_priv.h"
#include "store/cache_priv.h"

#define PATH_MAX_BYTES ((size_t)4095)
#define VOLUME_DIGITS 3u
#define MAGIC "MANIFEST"

/* ---- the files ---- */

void lk_bundle_put_volume(const char *path, size_t number, struct lk_buf *ret)
{
	lk_buf_appendf(ret, "%s.%03zu", path, number);
}

/* LK_E_NOT_FOUND when it is not there. Links are followed: the user named it. */
static int open_file(const char *path, struct lk_volume *ret, struct lk_error *err)
{
	int LK_AUTO_CLOSE fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		return lk_fail(err, LK_E_NOT_FOUND, "there is no bundle '%s'", path);
	}
	if (fd < 0 || fstat(fd, &st) != 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open the bundle '%s'", path);
	}
	if (!S_ISREG(st.st_mode)) {
		lk_fail(err, LK_E_INTEGRITY, "'%s' is no bundle: it is not a file", path);
		lk_error_hint(err, "name the file that 'lockenv pack' wrote, or a copy of it");
		return LK_E_INTEGRITY;
	}
	*ret = (struct lk_volume){lk_fd_take(&fd), (uint64_t)st.st_size};
	return 0;
}

static int open_volume(const char *path, size_t number, struct lk_volume *ret, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(PATH_MAX_BYTES);
	lk_bundle_put_volume(path, number, &name);
	return name.overflow ? lk_fail(err, LK_E_NOT_FOUND, "there is no bundle '%s'", path)
			     : open_file(lk_buf_cstr(&name), ret, err);
}

/* PATH without the number of a volume; all of it when there is none. */
static lk_str stem(lk_str path)
{
	size_t len = path.len - VOLUME_DIGITS - 1;
	bool numbered = path.len > VOLUME_DIGITS + 1 && path.ptr[len] == '.';
	for (size_t i = len + 1; numbered && i < path.len; i++) {
		numbered = lk_is_digit(path.ptr[i]);
	}
	return numbered ? lk_str_slice(path, 0, len) : path;
}

/* All volumes that there are; a gap before the last of them is an empty one. */
static int open_volumes(struct lk_bundle *bundle, struct lk_error *err)
{
	size_t n = 0;
	for (size_t number = 1; number <= LK_BUNDLE_MAX_VOLUMES; number++) {
		struct lk_volume volume = {-1, 0};
		int rc = open_volume(bundle->path, number, &volume, err);
		if (rc < 0 && rc != LK_E_NOT_FOUND) {
			return rc;
		}
		lk_vec_push(&bundle->volumes, volume);
		n = rc == 0 ? number : n;
	}
	bundle->volumes.len = n;
	lk_error_clear(err);
	return n > 0 ? 0 : lk_fail(err, LK_E_NOT_FOUND, "there is no bundle '%s'", bundle->path);
}

/* Does FILE begin as bundles do? */
static bool has_magic(const struct lk_volume *file)
{
	char head[sizeof(MAGIC)];
	return TEMP_FAILURE_RETRY(pread(file->fd, head, sizeof(head), 0)) == sizeof(head) &&
		memcmp(head, MAGIC, sizeof(head)) == 0;
}

/* Opens PATH if it is a whole bundle: every file is but those that are called as volumes are, and
 * of these one that has the beginning yet is not the first, as of release 1.2.345. */
static int open_whole(const char *path, struct lk_volume *ret, struct lk_error *err)
{
	lk_str name = lk_str_of(path);
	int rc = open_file(path, ret, err);
	bool whole = rc == 0 &&
		(stem(name).len == name.len ||
			(!lk_str_ends(name, LK_STR(".001")) && has_magic(ret)));
	if (rc == 0 && !whole) {
		lk_close_p(&ret->fd);
		rc = lk_fail(err, LK_E_NOT_FOUND, "'%s' is a volume", path);
	}
	return rc;
}

static int open_files(struct lk_bundle *bundle, const char *path, struct lk_error *err)
{
	struct lk_volume file = {-1, 0};
	int rc = open_whole(path, &file, err);
	lk_str name = rc == 0 ? lk_str_of(path) : stem(lk_str_of(path));
	bundle->path = lk_strndup(name.ptr, name.len);
	if (rc == 0) {
		lk_vec_push(&bundle->volumes, file);
	}
	if (rc != LK_E_NOT_FOUND) {
		return rc;
	}
	bundle->is_cut = true;
	return open_volumes(bundle, err);
}

static uint64_t bytes_there(const struct lk_bundle *bundle)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < bundle->volumes.len; i++) {
		sum += bundle->volumes.items[i].size;
	}
	return sum;
}

struct lk_blob lk_bundle_blob(const struct lk_bundle *bundle, uint64_t from, uint64_t size)
{
	return (struct lk_blob){
		.fd = -1,
		.volumes = bundle->volumes.items,
		.n_volumes = bundle->volumes.len,
		.offset = from,
		.size = size,
	};
}

/* LEN bytes from FROM on. */
static int read_exactly(const struct lk_bundle *bundle, uint64_t from, unsigned char *out,
	size_t len, struct lk_error *err)
{
	struct lk_blob blob = lk_bundle_blob(bundle, from, len);
	size_t at = 0;
	while (at < len) {
		ssize_t got = lk_blob_read_at(&blob, at, out + at, len - at, bundle->path, err);
		if (got < 0) {
			return (int)got;
		}
		at += (size_t)got;
	}
	return 0;
}

int lk_bundle_compare(const struct lk_bundle *bundle, uint64_t from, const void *bytes, size_t len,
	const char *what, struct lk_error *err)
{
	unsigned char have[LK_BUNDLE_HEADER_MAX];
	int rc = read_exactly(bundle, from, have, len, err);
	if (rc == 0 && memcmp(have, bytes, len) != 0) {
		rc = lk_fail(err, LK_E_INTEGRITY, "bundle '%s' is damaged: %s is not as it must be",
			bundle->path, what);
	}
	return rc;
}

static int compare_padding(const struct lk_bundle *bundle, uint64_t from, size_t len,
	const char *what, struct lk_error *err)
{
	static const unsigned char zeros[LK_BUNDLE_END];
	return lk_bundle_compare(bundle, from, zeros, len, what, err);
}

/* ---- opening ---- */

static int fail_no_bundle(const struct lk_bundle *bundle, struct lk_error *err)
{
	return lk_fail(err, LK_E_INTEGRITY, "'%s' is no bundle, or its beginning is damaged",
		bundle->path);
}

static int fail_short(const struct lk_bundle *bundle, struct lk_error *err)
{
	lk_fail(err, LK_E_OFFLINE, "bundle '%s' is cut short within its manifest", bundle->path);
	lk_error_hint(err, "copy the rest of it");
	return LK_E_OFFLINE;
}

/* The size of the manifest as its header tells it: found by trying what size gives this header. */
static int read_manifest_size(
	const struct lk_bundle *bundle, size_t *ret_size, struct lk_error *err)
{
	enum {
		SIZE_AT = 124,
		SIZE_DIGITS = 11
	};
	unsigned char head[LK_BUNDLE_BLOCK];
	if (bundle->volumes.items[0].fd < 0) {
		lk_fail(err, LK_E_OFFLINE, "volume '%s.001', which has the manifest, is not there",
			bundle->path);
		lk_error_hint(err, "put it beside the others");
		return LK_E_OFFLINE;
	}
	uint64_t there = bytes_there(bundle);
	size_t len = there < sizeof(head) ? (size_t)there : sizeof(head);
	int rc = read_exactly(bundle, 0, head, len, err);
	if (rc == 0 && memcmp(head, MAGIC, len < sizeof(MAGIC) ? len : sizeof(MAGIC)) != 0) {
		rc = fail_no_bundle(bundle, err);
	}
	if (rc == 0 && len < sizeof(head)) {
		rc = fail_short(bundle, err);
	}
	if (rc < 0) {
		return rc;
	}
	size_t size = 0;
	for (size_t i = SIZE_AT; i < SIZE_AT + SIZE_DIGITS; i++) {
		size = 8 * size + ((size_t)head[i] & 7);
	}
	struct lk_bundle_header must;
	lk_bundle_header_of_manifest(size, &must);
	if (memcmp(head, must.bytes, sizeof(head)) != 0) {
		return fail_no_bundle(bundle, err);
	}
	if (size > LK_MANIFEST_MAX_BYTES) {
		return lk_fail(err, LK_E_INTEGRITY,
			"bundle '%s': the manifest is larger than %zu bytes", bundle->path,
			LK_MANIFEST_MAX_BYTES);
	}
	*ret_size = size;
	return 0;
}

static int read_manifest(struct lk_bundle *bundle, struct lk_error *err)
{
	size_t size;
	int rc = read_manifest_size(bundle, &size, err);
	if (rc < 0) {
		return rc;
	}
	if (bytes_there(bundle) < LK_BUNDLE_BLOCK + size) {
		return fail_short(bundle, err);
	}
	char *room = lk_buf_room(&bundle->text, size);
	if (!room) {
		return lk_fail(err, LK_E_BUG, "no room for the manifest of '%s'", bundle->path);
	}
	rc = read_exactly(bundle, LK_BUNDLE_BLOCK, (unsigned char *)room, size, err);
	if (rc < 0) {
		return rc;
	}
	bundle->text.len = size;
	struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(PATH_MAX_BYTES);
	lk_buf_appendf(&name, "%s:MANIFEST", bundle->path);
	rc = lk_manifest_parse(
		lk_buf_view(&bundle->text), lk_buf_cstr(&name), &bundle->manifest, err);
	if (rc == LK_E_FORMAT) {
		err->code = LK_E_INTEGRITY;
		return LK_E_INTEGRITY;
	}
	lk_bundle_layout_init(&bundle->layout, &bundle->manifest, size);
	return rc;
}

int lk_bundle_open_part(const char *path, struct lk_bundle **ret, struct lk_error *err)
{
	struct lk_bundle *LK_CLEANUP(lk_bundle_free_p) bundle = lk_calloc(1, sizeof(*bundle));
	lk_buf_init(&bundle->text, LK_MANIFEST_MAX_BYTES);
	int rc = open_files(bundle, path, err);
	if (rc == 0) {
		rc = read_manifest(bundle, err);
	}
	if (rc == 0) {
		*ret = LK_STEAL(bundle);
	}
	return rc;
}

static int check_size(const struct lk_bundle *bundle, struct lk_error *err)
{
	uint64_t have = bytes_there(bundle);
	uint64_t total = bundle->layout.total;
	for (size_t i = 0; i < bundle->volumes.len; i++) {
		if (bundle->volumes.items[i].fd < 0) {
			lk_fail(err, LK_E_INTEGRITY, "volume '%s.%03zu' is not there", bundle->path,
				i + 1);
			lk_error_hint(err, "put it beside the others");
			return LK_E_INTEGRITY;
		}
	}
	if (have == total) {
		return 0;
	}
	lk_fail(err, LK_E_INTEGRITY, "bundle '%s' %s: it has %llu bytes, its manifest says %llu",
		bundle->path, have < total ? "is not whole" : "has more behind its end",
		(unsigned long long)have, (unsigned long long)total);
	lk_error_hint(err,
		"see what is wrong with 'lockenv unpack --check' or 'lockenv-install --check'");
	return LK_E_INTEGRITY;
}

int lk_bundle_open(const char *path, struct lk_bundle **ret, struct lk_error *err)
{
	struct lk_bundle *LK_CLEANUP(lk_bundle_free_p) bundle = NULL;
	int rc = lk_bundle_open_part(path, &bundle, err);
	if (rc == LK_E_OFFLINE) {
		err->code = LK_E_INTEGRITY;
		return LK_E_INTEGRITY;
	}
	if (rc == 0) {
		rc = check_size(bundle, err);
	}
	if (rc == 0) {
		size_t size = bundle->text.len;
		rc = compare_padding(bundle, LK_BUNDLE_BLOCK + size, lk_bundle_padding(size),
			"what follows the manifest", err);
	}
	if (rc == 0) {
		rc = compare_padding(bundle, bundle->layout.total - LK_BUNDLE_END, LK_BUNDLE_END,
			"its end", err);
	}
	if (rc == 0) {
		*ret = LK_STEAL(bundle);
	}
	return rc;
}

void lk_bundle_free(struct lk_bundle *bundle)
{
	if (!bundle) {
		return;
	}
	for (size_t i = 0; i < bundle->volumes.len; i++) {
		lk_close_p(&bundle->volumes.items[i].fd);
	}
	lk_vec_done(&bundle->volumes);
	lk_bundle_layout_done(&bundle->layout);
	lk_manifest_done(&bundle->manifest);
	lk_buf_done(&bundle->text);
	lk_free(bundle->path);
	lk_free(bundle);
}

void lk_bundle_free_p(struct lk_bundle **bundle)
{
	lk_bundle_free(*bundle);
}

bool lk_bundle_is(const char *path)
{
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_volume file = {-1, 0};
	int rc = open_whole(path, &file, &ignored);
	if (rc == LK_E_NOT_FOUND) {
		lk_str name = stem(lk_str_of(path));
		char *LK_AUTO_FREE whole = lk_strndup(name.ptr, name.len);
		rc = open_volume(whole, 1, &file, &ignored);
	}
	bool is = rc == 0 && has_magic(&file);
	lk_close_p(&file.fd);
	return is;
}

/* ---- what is in it ---- */

const char *lk_bundle_path(const struct lk_bundle *bundle)
{
	return bundle->path;
}

const struct lk_manifest *lk_bundle_manifest(const struct lk_bundle *bundle)
{
	return &bundle->manifest;
}

lk_str lk_bundle_manifest_text(const struct lk_bundle *bundle)
{
	return lk_buf_view(&bundle->text);
}

uint64_t lk_bundle_size(const struct lk_bundle *bundle)
{
	return bundle->layout.total;
}

int lk_bundle_open_member(const struct lk_bundle *bundle, const struct lk_manifest_entry *entry,
	struct lk_blob *ret, struct lk_error *err)
{
	if (entry->absent) {
		return lk_fail(err, LK_E_NOT_FOUND,
			"bundle '%s' was packed without '" LK_STR_FMT "'", bundle->path,
			LK_STR_ARG(entry->path));
	}
	uint64_t at = bundle->layout.offsets[entry - bundle->manifest.entries];
	struct lk_bundle_header header;
	lk_bundle_header_of(entry, &header);
	struct lk_buf LK_CLEANUP(lk_buf_done) what = LK_BUF_INIT(PATH_MAX_BYTES);
	lk_buf_appendf(&what, "the header of '" LK_STR_FMT "'", LK_STR_ARG(entry->path));
	int rc = lk_bundle_compare(bundle, at, header.bytes, header.len, lk_buf_cstr(&what), err);
	if (rc == 0) {
		lk_buf_clear(&what);
		lk_buf_appendf(&what, "what follows '" LK_STR_FMT "'", LK_STR_ARG(entry->path));
		rc = compare_padding(bundle, at + header.len + entry->size,
			lk_bundle_padding(entry->size), lk_buf_cstr(&what), err);
	}
	if (rc == 0) {
		*ret = lk_bundle_blob(bundle, at + header.len, entry->size);
	}
	return rc;
}

static const struct lk_manifest_entry *find_archive(
	const struct lk_bundle *bundle, const struct lk_record *record)
{
	const struct lk_manifest_entry *entry = lk_manifest_find_archive(&bundle->manifest, record);
	bool fits = entry && !entry->absent && (!record->has_size || record->size == entry->size);
	return fits ? entry : NULL;
}

int lk_bundle_open_archive(const struct lk_bundle *bundle, const struct lk_record *record,
	struct lk_blob *ret, struct lk_error *err)
{
	const struct lk_manifest_entry *entry = find_archive(bundle, record);
	if (!entry) {
		return lk_fail(err, LK_E_NOT_FOUND, "bundle '%s' has no '" LK_STR_FMT "'",
			bundle->path, LK_STR_ARG(record->fn));
	}
	return lk_bundle_open_member(bundle, entry, ret, err);
}

bool lk_bundle_has_archive(const struct lk_bundle *bundle, const struct lk_record *record)
{
	return find_archive(bundle, record) != NULL;
}

int lk_bundle_read_lock(const struct lk_bundle *bundle, const struct lk_manifest_entry *entry,
	struct lk_buf *ret, struct lk_error *err)
{
	struct lk_blob blob = LK_BLOB_NONE;
	int rc = lk_bundle_open_member(bundle, entry, &blob, err);
	if (rc < 0) {
		return rc;
	}
	char *room = entry->size <= SIZE_MAX ? lk_buf_room(ret, (size_t)entry->size) : NULL;
	if (!room) {
		return lk_fail(err, LK_E_INTEGRITY,
			"bundle '%s': '" LK_STR_FMT "' is larger than a lock may be", bundle->path,
			LK_STR_ARG(entry->path));
	}
	size_t len = (size_t)entry->size;
	rc = read_exactly(bundle, blob.offset, (unsigned char *)room, len, err);
	struct lk_sha256 have = lk_sha256_of(room, rc == 0 ? len : 0);
	if (rc == 0 && !lk_sha256_eq(&have, &entry->sha256)) {
		rc = lk_fail(err, LK_E_INTEGRITY,
			"bundle '%s' is damaged: '" LK_STR_FMT "' does not have its sha256",
			bundle->path, LK_STR_ARG(entry->path));
	}
	ret->len += rc == 0 ? len : 0;
	return rc;
}
