/*
 * The outer ZIP of a .conda: found from its end, held against its local headers.
 */
#include "store/zip.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/fs.h"

#define LOCAL_MAGIC 0x04034b50u
#define CENTRAL_MAGIC 0x02014b50u
#define DESCRIPTOR_MAGIC 0x08074b50u
#define END_MAGIC 0x06054b50u
#define END64_MAGIC 0x06064b50u
#define LOCATOR_MAGIC 0x07064b50u

/* bytes */
#define LOCAL_SIZE 30
#define CENTRAL_SIZE 46
#define END_SIZE 22
#define END64_SIZE 56
#define LOCATOR_SIZE 20
#define COMMENT_MAX 65535
#define HEADER_MAX (LOCAL_SIZE + 2 * 65535)
#define DESCRIPTOR_MAX 24

#define FLAG_DESCRIPTOR (1u << 3)
/* APPNOTE 4.4.4: speed of compression, names in UTF-8. */
#define FLAGS_KNOWN (1u << 1 | 1u << 2 | FLAG_DESCRIPTOR | 1u << 11)
#define FLAGS_ENCRYPTED (1u | 1u << 6 | 1u << 13) /* plainly, strongly, its header */
#define FLAG_PATCH (1u << 5)
#define EXTRA_ZIP64 1u

struct end {
	uint64_t at; /* where the central directory must end */
	uint64_t entries, size, offset;
};

/* The 64-bit fields that an extra field has for those that are all ones, in their order. */
struct extra64 {
	lk_str left;
	bool there;
};

static uint32_t le16(const char *bytes)
{
	const unsigned char *b = (const unsigned char *)bytes;
	return (uint32_t)b[0] | (uint32_t)b[1] << 8;
}

static uint32_t le32(const char *bytes)
{
	return le16(bytes) | le16(bytes + 2) << 16;
}

static uint64_t le64(const char *bytes)
{
	return le32(bytes) | (uint64_t)le32(bytes + 4) << 32;
}

static int fail_zip(const struct lk_zip *zip, const char *what, struct lk_error *err)
{
	return lk_fail(err, LK_E_INTEGRITY, "package '%s': %s", zip->archive, what);
}

static int fail_member(
	const struct lk_zip *zip, lk_str name, const char *what, struct lk_error *err)
{
	return lk_fail(err, LK_E_INTEGRITY, "package '%s': member '" LK_STR_FMT "' of its ZIP %s",
		zip->archive, LK_STR_ARG(name), what);
}

/* Just LEN bytes from AT on. */
static int read_at(
	const struct lk_zip *zip, uint64_t at, char *out, size_t len, struct lk_error *err)
{
	while (len > 0) {
		ssize_t got = lk_blob_read_at(zip->blob, at, out, len, zip->archive, err);
		if (got < 0) {
			return (int)got;
		}
		if (got == 0) {
			return fail_zip(zip, "its ZIP is cut short", err);
		}
		at += (uint64_t)got;
		out += got;
		len -= (size_t)got;
	}
	return 0;
}

/* ---- the end ---- */

/* The end record in the last bytes TAIL of the file: its position there, or SIZE_MAX. */
static size_t find_end(lk_str tail)
{
	for (size_t at = tail.len < END_SIZE ? 0 : tail.len - END_SIZE + 1; at-- > 0;) {
		if (le32(tail.ptr + at) == END_MAGIC &&
			at + END_SIZE + le16(tail.ptr + at + 20) == tail.len) {
			return at;
		}
	}
	return SIZE_MAX;
}

/* A value of the end record: all ones mean the one of the zip64 end record, which may say no other
 * in any case. */
static bool end_value(uint64_t small, uint64_t ones, uint64_t large, uint64_t *ret)
{
	*ret = large;
	return small == ones || small == large;
}

static int read_end64(const struct lk_zip *zip, const char *record, const char *locator, lk_str end,
	struct end *ret, struct lk_error *err)
{
	uint64_t entries;
	if (le32(record) != END64_MAGIC || le64(record + 4) != END64_SIZE - 12 ||
		le64(locator + 8) != ret->at - END64_SIZE || le32(locator + 4) != 0 ||
		le32(locator + 16) > 1 || le32(record + 16) != 0 || le32(record + 20) != 0 ||
		!end_value(le16(end.ptr + 8), UINT16_MAX, le64(record + 24), &entries) ||
		!end_value(le16(end.ptr + 10), UINT16_MAX, le64(record + 32), &ret->entries) ||
		!end_value(le32(end.ptr + 12), UINT32_MAX, le64(record + 40), &ret->size) ||
		!end_value(le32(end.ptr + 16), UINT32_MAX, le64(record + 48), &ret->offset) ||
		entries != ret->entries) {
		return fail_zip(zip, "the end records of its ZIP contradict each other", err);
	}
	ret->at -= END64_SIZE;
	return 0;
}

/* TAIL is the end of the file, BEFORE the bytes of the file before it. */
static int read_end(const struct lk_zip *zip, lk_str tail, uint64_t before, struct end *ret,
	struct lk_error *err)
{
	size_t at = find_end(tail);
	if (at == SIZE_MAX) {
		bool cut = lk_str_find(tail, LK_STR("PK\5\6")) == SIZE_MAX;
		return fail_zip(zip,
			cut ? "is no ZIP, or cut short" : "has bytes behind the end of its ZIP",
			err);
	}
	lk_str end = lk_str_skip(tail, at);
	*ret = (struct end){.at = before + at,
		.entries = le16(end.ptr + 10),
		.size = le32(end.ptr + 12),
		.offset = le32(end.ptr + 16)};
	if (le16(end.ptr + 4) != 0 || le16(end.ptr + 6) != 0 ||
		(le16(end.ptr + 8) != ret->entries)) {
		return fail_zip(zip, "its ZIP lies on several disks", err);
	}
	const char *locator = at >= LOCATOR_SIZE ? end.ptr - LOCATOR_SIZE : NULL;
	if (!locator || le32(locator) != LOCATOR_MAGIC) {
		return 0;
	}
	ret->at -= LOCATOR_SIZE;
	return at < LOCATOR_SIZE + END64_SIZE
		? fail_zip(zip, "its ZIP is cut short", err)
		: read_end64(zip, locator - END64_SIZE, locator, end, ret, err);
}

static int find_directory(const struct lk_zip *zip, struct end *ret, struct lk_error *err)
{
	size_t len = END_SIZE + COMMENT_MAX + LOCATOR_SIZE + END64_SIZE;
	if (zip->blob->size < len) {
		len = (size_t)zip->blob->size;
	}
	uint64_t before = zip->blob->size - len;
	char *tail LK_AUTO_FREE = lk_reallocarray(NULL, len + 1, 1);
	int rc = read_at(zip, before, tail, len, err);
	if (rc == 0) {
		rc = read_end(zip, lk_str_n(tail, len), before, ret, err);
	}
	if (rc < 0) {
		return rc;
	}
	if (ret->size > ret->at || ret->offset != ret->at - ret->size) {
		return fail_zip(
			zip, "the central directory of its ZIP is not where its end says", err);
	}
	return ret->size > LK_ZIP_DIRECTORY_MAX ? fail_zip(zip, "its ZIP has too many members", err)
						: 0;
}

/* ---- members ---- */

static bool find_extra64(lk_str extra, struct extra64 *ret)
{
	*ret = (struct extra64){0};
	while (extra.len >= 4) {
		size_t len = le16(extra.ptr + 2);
		if (len > extra.len - 4) {
			return false;
		}
		if (le16(extra.ptr) == EXTRA_ZIP64) {
			if (ret->there) {
				return false;
			}
			*ret = (struct extra64){lk_str_slice(extra, 4, 4 + len), true};
		}
		extra = lk_str_skip(extra, 4 + len);
	}
	return extra.len == 0;
}

/* The field whose 32 bits are SMALL. False when they are all ones and there is no more to it. */
static bool value64(struct extra64 *extra, uint32_t small, uint64_t *ret)
{
	*ret = small;
	if (small != UINT32_MAX) {
		return true;
	}
	if (extra->left.len < 8) {
		return false;
	}
	*ret = le64(extra->left.ptr);
	extra->left = lk_str_skip(extra->left, 8);
	return true;
}

/* Tells what is wrong with the header of a member of either kind: FLAGS and METHOD. */
static const char *kind_fault(uint32_t flags, uint32_t method)
{
	if (flags & FLAGS_ENCRYPTED) {
		return "is encrypted";
	}
	if (flags & ~FLAGS_KNOWN) {
		return flags & FLAG_PATCH ? "is a patch of another file"
					  : "has a flag set that the ZIP format reserves";
	}
	return method != 0 ? "is compressed, members of a .conda are stored" : NULL;
}

static const char *name_fault(lk_str name)
{
	if (lk_str_ends(name, LK_STR("/"))) {
		name = lk_str_slice(name, 0, name.len - 1);
	}
	bool plain = lk_path_is_contained(name) && !lk_str_has_control(name) &&
		lk_str_find_char(name, '\\') == SIZE_MAX;
	return plain ? NULL : "has a name that leads out of it or is malformed";
}

/* The member whose central header, with all that follows it, begins at CENTRAL. */
static int read_central(struct lk_zip *zip, const char *central, struct lk_error *err)
{
	size_t name_len = le16(central + 28);
	lk_str name = lk_str_dup(&zip->arena, lk_str_n(central + CENTRAL_SIZE, name_len));
	struct lk_zip_member member = {.name = name,
		.crc32 = le32(central + 16),
		.has_descriptor = le16(central + 8) & FLAG_DESCRIPTOR};
	const char *fault = name_fault(name);
	if (!fault) {
		fault = kind_fault(le16(central + 8), le16(central + 10));
	}
	struct extra64 extra;
	uint64_t packed;
	if (!fault &&
		(!find_extra64(
			 lk_str_n(central + CENTRAL_SIZE + name_len, le16(central + 30)), &extra) ||
			!value64(&extra, le32(central + 24), &member.size) ||
			!value64(&extra, le32(central + 20), &packed) ||
			!value64(&extra, le32(central + 42), &member.header) ||
			packed != member.size || le16(central + 34) != 0)) {
		fault = "has a malformed entry in the central directory";
	}
	for (size_t i = 0; !fault && i < zip->members.len; i++) {
		if (lk_str_eq(zip->members.items[i].name, name)) {
			fault = "comes twice";
		}
	}
	if (fault) {
		return fail_member(zip, name, fault, err);
	}
	lk_vec_push(&zip->members, member);
	return 0;
}

static int read_directory(struct lk_zip *zip, const struct end *end, struct lk_error *err)
{
	size_t len = (size_t)end->size;
	char *bytes LK_AUTO_FREE = lk_reallocarray(NULL, len + 1, 1);
	int rc = read_at(zip, end->offset, bytes, len, err);
	size_t at = 0;
	while (rc == 0 && at < len) {
		size_t left = len - at;
		size_t need = CENTRAL_SIZE;
		if (left >= need && le32(bytes + at) == CENTRAL_MAGIC) {
			need += le16(bytes + at + 28) + le16(bytes + at + 30) +
				le16(bytes + at + 32);
		} else {
			need = SIZE_MAX;
		}
		if (need > left) {
			return fail_zip(zip, "the central directory of its ZIP is damaged", err);
		}
		rc = read_central(zip, bytes + at, err);
		at += need;
	}
	if (rc == 0 && zip->members.len != end->entries) {
		rc = fail_zip(zip, "its ZIP has another number of members than its end says", err);
	}
	return rc;
}

/* ---- local headers ---- */

/* Does the local header, whose extra field is EXTRA, say what the central one of MEMBER says? */
static bool local_agrees(const char *local, lk_str extra, const struct lk_zip_member *member)
{
	struct extra64 large;
	uint64_t size;
	uint64_t packed;
	if (((le16(local + 6) & FLAG_DESCRIPTOR) != 0) != member->has_descriptor ||
		!find_extra64(extra, &large) || !value64(&large, le32(local + 22), &size) ||
		!value64(&large, le32(local + 18), &packed)) {
		return false;
	}
	bool unknown = member->has_descriptor && size == 0 && packed == 0;
	bool same_sizes = size == member->size && packed == member->size;
	bool no_crc = member->has_descriptor && le32(local + 14) == 0;
	return (unknown || same_sizes) && (no_crc || le32(local + 14) == member->crc32);
}

static int check_local(
	struct lk_zip *zip, struct lk_zip_member *member, uint64_t limit, struct lk_error *err)
{
	static const char differs[] = "has a local header that contradicts the central directory";
	uint64_t room = member->header < limit ? limit - member->header : 0;
	size_t len = room < HEADER_MAX ? (size_t)room : HEADER_MAX;
	size_t want = LOCAL_SIZE + member->name.len;
	if (len < want) {
		return fail_member(zip, member->name, "overlaps what follows it", err);
	}
	char *local LK_AUTO_FREE = lk_reallocarray(NULL, HEADER_MAX, 1);
	int rc = read_at(zip, member->header, local, want, err);
	if (rc < 0) {
		return rc;
	}
	size_t extra_len = le16(local + 28);
	if (le32(local) != LOCAL_MAGIC || le16(local + 26) != member->name.len ||
		!lk_str_eq(lk_str_n(local + LOCAL_SIZE, member->name.len), member->name) ||
		extra_len > len - want) {
		return fail_member(zip, member->name, differs, err);
	}
	rc = read_at(zip, member->header + want, local + want, extra_len, err);
	if (rc < 0) {
		return rc;
	}
	const char *fault = kind_fault(le16(local + 6), le16(local + 8));
	if (!fault && !local_agrees(local, lk_str_n(local + want, extra_len), member)) {
		fault = differs;
	}
	member->start = member->header + want + extra_len;
	if (!fault && member->size > limit - member->start) {
		fault = "overlaps what follows it";
	}
	return fault ? fail_member(zip, member->name, fault, err) : 0;
}

/* The GAP bytes between MEMBER's and what follows are its data descriptor or none? */
static int check_gap(
	struct lk_zip *zip, const struct lk_zip_member *member, uint64_t gap, struct lk_error *err)
{
	static const char stray[] = "is followed by bytes that belong to no member";
	if (!member->has_descriptor) {
		return gap == 0 ? 0 : fail_member(zip, member->name, stray, err);
	}
	char bytes[DESCRIPTOR_MAX];
	if (gap != 12 && gap != 16 && gap != 20 && gap != 24) {
		return fail_member(zip, member->name, stray, err);
	}
	int rc = read_at(zip, member->start + member->size, bytes, (size_t)gap, err);
	if (rc < 0) {
		return rc;
	}
	bool magic = gap == 16 || gap == 24;
	const char *crc = bytes + (magic ? 4 : 0);
	uint64_t size = gap < 20 ? le32(crc + 4) : le64(crc + 4);
	uint64_t packed = gap < 20 ? le32(crc + 8) : le64(crc + 12);
	bool good = (!magic || le32(bytes) == DESCRIPTOR_MAGIC) && le32(crc) == member->crc32 &&
		size == member->size && packed == member->size;
	return good ? 0 : fail_member(zip, member->name, stray, err);
}

static int cmp_members(const void *a, const void *b)
{
	const struct lk_zip_member *x = a;
	const struct lk_zip_member *y = b;
	return x->header < y->header ? -1 : x->header > y->header;
}

static int check_members(struct lk_zip *zip, const struct end *end, struct lk_error *err)
{
	size_t n = zip->members.len;
	struct lk_zip_member *items = zip->members.items;
	if (n > 0) {
		qsort(items, n, sizeof(*items), cmp_members);
	}
	if ((n > 0 ? items[0].header : end->offset) != 0) {
		return fail_zip(zip, "has bytes before its ZIP", err);
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t next = i + 1 < n ? items[i + 1].header : end->offset;
		int rc = check_local(zip, &items[i], next, err);
		if (rc == 0) {
			rc = check_gap(zip, &items[i], next - items[i].start - items[i].size, err);
		}
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

int lk_zip_open(
	const struct lk_blob *blob, const char *archive, struct lk_zip *ret, struct lk_error *err)
{
	*ret = (struct lk_zip){.blob = blob, .archive = archive};
	struct end end = {0};
	int rc = find_directory(ret, &end, err);
	if (rc == 0) {
		rc = read_directory(ret, &end, err);
	}
	return rc < 0 ? rc : check_members(ret, &end, err);
}

void lk_zip_done(struct lk_zip *zip)
{
	lk_vec_done(&zip->members);
	lk_arena_done(&zip->arena);
}

/* ---- bytes ---- */

struct reader {
	const struct lk_zip *zip;
	const struct lk_zip_member *member;
	uint64_t done; /* bytes */
	uLong crc;
};

static ssize_t read_member(void *ctx, void *out, size_t len, struct lk_error *err)
{
	struct reader *reader = ctx;
	const struct lk_zip_member *member = reader->member;
	uint64_t left = member->size - reader->done;
	if (left == 0) {
		return reader->crc == member->crc32
			? 0
			: fail_member(reader->zip, member->name,
				  "is damaged: its checksum is wrong", err);
	}
	ssize_t got = lk_blob_read_at(reader->zip->blob, member->start + reader->done, out,
		len < left ? len : (size_t)left, reader->zip->archive, err);
	if (got > 0) {
		reader->crc = crc32_z(reader->crc, out, (size_t)got);
		reader->done += (uint64_t)got;
	}
	return got != 0 ? got : fail_zip(reader->zip, "its ZIP is cut short", err);
}

static void close_member(void *ctx)
{
	struct reader *reader = ctx;
	lk_free(reader);
}

struct lk_stream *lk_zip_stream(const struct lk_zip *zip, size_t i)
{
	struct reader *reader = lk_calloc(1, sizeof(*reader));
	reader->zip = zip;
	reader->member = &zip->members.items[i];
	reader->crc = crc32_z(0, NULL, 0);
	char *shown LK_AUTO_FREE =
		lk_asprintf("%s: " LK_STR_FMT, zip->archive, LK_STR_ARG(reader->member->name));
	return lk_stream_from_fn(read_member, close_member, reader, shown);
}
