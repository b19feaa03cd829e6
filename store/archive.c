/*
 * Archives as streams of members: store/zip reads a .conda's outer ZIP, base/stream decodes,
 * libarchive reads the tars.
 */
#include "store/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "store/zip.h"

#define BLOCK_SIZE ((size_t)256 * 1024) /* bytes handed to libarchive at once */
#define LIBARCHIVE_MISC (-1)            /* its ARCHIVE_ERRNO_MISC, which is in no public header */
#define SHOWN_MAX 200      /* bytes of a name in an error: the reason must not be lost behind it */
#define END_MARK_SIZE 1024 /* bytes of zeros at the end of a tar */
#define METADATA_MAX ((size_t)64 * 1024)
#define METADATA_DEPTH 8
#define CONDA_FORMAT_VERSION 2

struct lk_archive {
	char *name;
	struct lk_blob zip_blob;
	struct lk_zip *zip; /* a .conda's outer archive; NULL for others */
	size_t zip_next;    /* its member that comes next */
	bool has_info, has_pkg;
	bool info_only; /* the payload is passed over */
	struct lk_gate *gate;
	struct lk_stream *payload; /* the tar's bytes, decoded */
	struct archive *tar;       /* NULL between parts */
	char *block;
	uint64_t unpacked, max_unpacked; /* bytes that came out of decoding */
	uint64_t tar_start;              /* what was unpacked before this tar */
	uint64_t tar_used;               /* its bytes up to the last that is not zero */
	uint64_t contents;               /* bytes of files given out; holes make it differ */
	unsigned n_members;
	char *member;          /* the current member's name, for errors */
	struct lk_error cause; /* what failed below libarchive */
	locale_t c_locale;     /* libarchive converts names to the locale's charset: none wanted */
};

uint64_t lk_archive_max_unpacked(uint64_t size)
{
	uint64_t max = LK_ARCHIVE_MAX_UNPACKED;
	if (size < (max - LK_ARCHIVE_FREE_UNPACKED) / LK_ARCHIVE_MAX_RATIO) {
		max = LK_ARCHIVE_FREE_UNPACKED + size * LK_ARCHIVE_MAX_RATIO;
	}
	return max;
}

const char *lk_archive_name(const struct lk_archive *archive)
{
	return archive->name;
}

static int fail_too_large(const struct lk_archive *archive, struct lk_error *err)
{
	return lk_fail(err, LK_E_INTEGRITY,
		"package '%s' unpacks to more than %llu bytes, which its size does not justify",
		archive->name, (unsigned long long)archive->max_unpacked);
}

/* What libarchive says, unless the cause lies below it; WHERE it was about the current member. */
static int fail_reader(struct lk_archive *archive, const char *where, struct lk_error *err)
{
	if (archive->cause.code != LK_OK) {
		*err = archive->cause;
		return err->code;
	}
	if (archive_errno(archive->tar) == ENOMEM) {
		return lk_fail_errno(err, LK_E_FS, ENOMEM, "cannot read '%s'", archive->name);
	}
	const char *why = archive_error_string(archive->tar);
	if (!why) {
		why = "it is damaged";
	}
	if (archive->member) {
		return lk_fail(err, LK_E_INTEGRITY, "package '%s': %s '%.*s': %s", archive->name,
			where, SHOWN_MAX, archive->member, why);
	}
	return lk_fail(err, LK_E_INTEGRITY, "package '%s': %s", archive->name, why);
}

/* Where the last byte that is not zero ends; 0 where there is none. */
static size_t used_length(const char *bytes, size_t len)
{
	while (len > 0 && bytes[len - 1] == 0) {
		len--;
	}
	return len;
}

/* Bytes of the tar for libarchive, counted. */
static la_ssize_t read_block(struct archive *tar, void *ctx, const void **ret_bytes)
{
	struct lk_archive *archive = ctx;
	ssize_t got = lk_stream_read(archive->payload, archive->block, BLOCK_SIZE, &archive->cause);
	if (got > 0) {
		size_t used = used_length(archive->block, (size_t)got);
		if (used > 0) {
			archive->tar_used = archive->unpacked - archive->tar_start + used;
		}
		archive->unpacked += (uint64_t)got;
		if (archive->unpacked > archive->max_unpacked) {
			(void)fail_too_large(archive, &archive->cause);
			got = -1;
		}
	}
	if (got < 0) {
		archive_set_error(tar, EINVAL, "unreadable");
		return ARCHIVE_FATAL;
	}
	*ret_bytes = archive->block;
	return got;
}

static int open_tar(struct lk_archive *archive, struct lk_error *err)
{
	archive->tar_start = archive->unpacked;
	archive->tar_used = 0;
	archive->tar = archive_read_new();
	if (!archive->tar) {
		return lk_fail(err, LK_E_BUG, "cannot make a tar reader");
	}
	if (archive_read_support_format_tar(archive->tar) != ARCHIVE_OK ||
		archive_read_open2(archive->tar, archive, NULL, read_block, NULL, NULL) !=
			ARCHIVE_OK) {
		return archive->cause.code != LK_OK
			? fail_reader(archive, "member", err)
			: lk_fail(err, LK_E_INTEGRITY, "package '%s' holds no tar",
				  lk_stream_name(archive->payload));
	}
	return 0;
}

/* Reads what is left behind the last member, so that every checksum is seen: two blocks of zeros,
 * and then nothing but zeros. */
static int close_tar(struct lk_archive *archive, struct lk_error *err)
{
	uint64_t end = (uint64_t)archive_read_header_position(archive->tar);
	for (;;) {
		const void *bytes;
		la_ssize_t got = read_block(archive->tar, archive, &bytes);
		if (got < 0) {
			*err = archive->cause;
			return err->code;
		}
		if (got == 0) {
			break;
		}
	}
	if (archive->tar_used > end) {
		return lk_fail(err, LK_E_INTEGRITY,
			"package '%s' has bytes behind the end of its tar", archive->name);
	}
	if (archive->unpacked - archive->tar_start < end + END_MARK_SIZE) {
		return lk_fail(err, LK_E_INTEGRITY,
			"package '%s': its tar ends without an end mark", archive->name);
	}
	archive_read_free(archive->tar);
	archive->tar = NULL;
	lk_stream_free(archive->payload);
	archive->payload = NULL;
	return 0;
}

/* ---- the outer ZIP of a .conda ---- */

/* Where a metadata.json is, it must tell the version that we know. Real ones can be empty. */
static int check_metadata(struct lk_archive *archive, size_t member, struct lk_error *err)
{
	static const char name[] = "metadata.json";
	struct lk_stream *stream = lk_zip_stream(archive->zip, member);
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(METADATA_MAX);
	int rc = lk_stream_read_all(stream, &text, err);
	lk_stream_free(stream);
	if (rc < 0 || text.len == 0) {
		return rc;
	}
	struct lk_json_doc *doc LK_CLEANUP(lk_json_doc_free_p) = NULL;
	rc = lk_json_parse(lk_buf_view(&text), name, METADATA_DEPTH, &doc, err);
	if (rc < 0) {
		err->code = LK_E_INTEGRITY;
		return lk_wrap(err, "package '%s'", archive->name);
	}
	int64_t version = lk_json_int(
		lk_json_get(lk_json_root(doc), "conda_pkg_format_version"), CONDA_FORMAT_VERSION);
	if (version != CONDA_FORMAT_VERSION) {
		return lk_fail(err, LK_E_INTEGRITY,
			"package '%s': %s: conda_pkg_format_version %lld is not known",
			archive->name, name, (long long)version);
	}
	return 0;
}

/* Begins the tar in the ZIP's member when it is one of the two that count. */
static int begin_component(struct lk_archive *archive, size_t member, struct lk_error *err)
{
	lk_str name = archive->zip->members.items[member].name;
	bool *has = lk_str_starts(name, LK_STR("info-")) ? &archive->has_info
		: lk_str_starts(name, LK_STR("pkg-"))    ? &archive->has_pkg
							 : NULL;
	if (!has || !lk_str_ends(name, LK_STR(".tar.zst")) ||
		lk_str_find_char(name, '/') != SIZE_MAX) {
		return 0;
	}
	if (archive->info_only && has == &archive->has_pkg) {
		return 0;
	}
	if (*has) {
		return lk_fail(err, LK_E_INTEGRITY,
			"package '%s': '" LK_STR_FMT "' is a second tarball of its kind",
			archive->name, LK_STR_ARG(name));
	}
	*has = true;
	archive->payload = lk_stream_decode_gated(
		lk_zip_stream(archive->zip, member), LK_CODEC_ZSTD, archive->gate);
	return open_tar(archive, err);
}

/* The next inner tarball, opened; archive->tar stays NULL at the end. */
static int next_component(struct lk_archive *archive, struct lk_error *err)
{
	while (!archive->tar && archive->zip_next < archive->zip->members.len) {
		size_t member = archive->zip_next++;
		bool is_metadata =
			lk_str_is(archive->zip->members.items[member].name, "metadata.json");
		int rc = is_metadata ? check_metadata(archive, member, err)
				     : begin_component(archive, member, err);
		if (rc < 0) {
			return rc;
		}
	}
	if (!archive->tar && !archive->has_info) {
		return lk_fail(err, LK_E_INTEGRITY,
			"package '%s' has no info-*.tar.zst at its top level", archive->name);
	}
	return 0;
}

/* ---- opening and closing ---- */

static struct lk_archive *archive_new(const char *name, uint64_t max_unpacked)
{
	struct lk_archive *archive = lk_calloc(1, sizeof(*archive));
	archive->name = lk_strdup(name);
	archive->block = lk_reallocarray(NULL, BLOCK_SIZE, 1);
	archive->max_unpacked = max_unpacked;
	archive->zip_blob = LK_BLOB_NONE;
	archive->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	return archive;
}

int lk_archive_open(struct lk_blob *blob, const char *name, enum lk_archive_kind kind,
	struct lk_archive **ret, struct lk_error *err)
{
	if (kind != LK_ARCHIVE_CONDA && kind != LK_ARCHIVE_TAR_BZ2) {
		lk_blob_done(blob);
		return lk_fail(
			err, LK_E_INTEGRITY, "package '%s' is no .conda and no .tar.bz2", name);
	}
	uint64_t max_unpacked = lk_archive_max_unpacked(blob->size);
	if (kind == LK_ARCHIVE_TAR_BZ2) {
		struct lk_stream *tar =
			lk_stream_decode(lk_blob_stream(blob, name), LK_CODEC_BZIP2);
		*ret = lk_archive_from_tar(tar, name, max_unpacked);
		return 0;
	}
	struct lk_archive *archive LK_CLEANUP(lk_archive_free_p) = archive_new(name, max_unpacked);
	archive->zip_blob = lk_blob_take(blob);
	archive->zip = lk_calloc(1, sizeof(*archive->zip));
	int rc = lk_zip_open(&archive->zip_blob, archive->name, archive->zip, err);
	if (rc < 0) {
		return rc;
	}
	*ret = LK_STEAL(archive);
	return 0;
}

void lk_archive_set_gate(struct lk_archive *archive, struct lk_gate *gate)
{
	archive->gate = gate;
}

struct lk_archive *lk_archive_from_tar(
	struct lk_stream *tar, const char *name, uint64_t max_unpacked)
{
	struct lk_archive *archive = archive_new(name, max_unpacked);
	archive->payload = tar;
	return archive;
}

void lk_archive_free(struct lk_archive *archive)
{
	if (!archive) {
		return;
	}
	if (archive->tar) {
		archive_read_free(archive->tar);
	}
	lk_stream_free(archive->payload);
	if (archive->zip) {
		lk_zip_done(archive->zip);
		lk_free(archive->zip);
	}
	lk_blob_done(&archive->zip_blob);
	if (archive->c_locale) {
		freelocale(archive->c_locale);
	}
	lk_free(archive->member);
	lk_free(archive->block);
	lk_free(archive->name);
	lk_free(archive);
}

void lk_archive_free_p(struct lk_archive **archive)
{
	lk_archive_free(*archive);
	*archive = NULL;
}

/* ---- members ---- */

/* Makes the next tar current; archive->tar stays NULL when there is none. */
static int next_tar(struct lk_archive *archive, struct lk_error *err)
{
	if (archive->zip) {
		return next_component(archive, err);
	}
	return archive->payload ? open_tar(archive, err) : 0;
}

static enum lk_member_type member_type(struct archive_entry *entry)
{
	if (archive_entry_hardlink(entry)) {
		return LK_MEMBER_HARDLINK;
	}
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return LK_MEMBER_FILE;
	case AE_IFLNK:
		return LK_MEMBER_SYMLINK;
	case AE_IFDIR:
		return LK_MEMBER_DIRECTORY;
	default:
		return LK_MEMBER_OTHER;
	}
}

static int fill_member(struct lk_archive *archive, struct archive_entry *entry,
	struct lk_member *ret, struct lk_error *err)
{
	const char *name = archive_entry_pathname(entry);
	if (!name) {
		return lk_fail(err, LK_E_INTEGRITY,
			"package '%s' has a member whose name cannot be read", archive->name);
	}
	archive->member = lk_strdup(name);
	*ret = (struct lk_member){
		.name = lk_str_of(archive->member),
		.type = member_type(entry),
		.mode = archive_entry_perm(entry),
		.mtime = archive_entry_mtime(entry),
	};
	if (ret->type == LK_MEMBER_HARDLINK) {
		ret->link = lk_str_of(archive_entry_hardlink(entry));
	} else if (ret->type == LK_MEMBER_SYMLINK) {
		ret->link = lk_str_of(archive_entry_symlink(entry));
	}
	if (ret->type == LK_MEMBER_FILE || ret->type == LK_MEMBER_HARDLINK) {
		ret->size = (uint64_t)archive_entry_size(entry);
	}
	return 0;
}

/* Names are taken as bytes, whatever the locale. */
static int read_header(struct lk_archive *archive, struct archive_entry **ret)
{
	locale_t before = archive->c_locale ? uselocale(archive->c_locale) : (locale_t)0;
	int got = archive_read_next_header(archive->tar, ret);
	if (before) {
		(void)uselocale(before);
	}
	return got;
}

/* Is GOT about a name that the C locale cannot show? We take its bytes. Every other warning is of a
 * header that libarchive reads only in part. */
static bool is_charset_warning(struct lk_archive *archive, int got)
{
	return got == ARCHIVE_WARN && archive_errno(archive->tar) != LIBARCHIVE_MISC;
}

int lk_archive_next(
	struct lk_archive *archive, struct lk_member *ret, bool *ret_end, struct lk_error *err)
{
	for (;;) {
		if (!archive->tar) {
			int rc = next_tar(archive, err);
			if (rc < 0) {
				return rc;
			}
			if (!archive->tar) {
				*ret_end = true;
				return 0;
			}
		}
		struct archive_entry *entry;
		int got = read_header(archive, &entry);
		if (got != ARCHIVE_EOF && got != ARCHIVE_OK && !is_charset_warning(archive, got)) {
			return fail_reader(archive, "behind member", err);
		}
		lk_free(archive->member);
		archive->member = NULL;
		if (got != ARCHIVE_EOF) {
			if (++archive->n_members > LK_ARCHIVE_MAX_MEMBERS) {
				return lk_fail(err, LK_E_INTEGRITY,
					"package '%s' has more than %u members", archive->name,
					LK_ARCHIVE_MAX_MEMBERS);
			}
			*ret_end = false;
			return fill_member(archive, entry, ret, err);
		}
		int rc = close_tar(archive, err);
		if (rc < 0) {
			return rc;
		}
	}
}

ssize_t lk_archive_read(struct lk_archive *archive, void *out, size_t len, struct lk_error *err)
{
	la_ssize_t got = archive_read_data(archive->tar, out, len);
	if (got < 0) {
		return fail_reader(archive, "member", err);
	}
	archive->contents += (uint64_t)got;
	if (archive->contents > archive->max_unpacked) {
		return fail_too_large(archive, err);
	}
	return got;
}

int lk_archive_find(
	struct lk_archive *archive, const char *name, struct lk_buf *ret, struct lk_error *err)
{
	archive->info_only = lk_str_starts(lk_str_of(name), LK_STR("info/"));
	struct lk_member member = {0};
	bool end = false;
	int rc = lk_archive_next(archive, &member, &end, err);
	while (rc == 0 && !end &&
		!(member.type == LK_MEMBER_FILE &&
			lk_str_is(lk_str_starts(member.name, LK_STR("./"))
					? lk_str_skip(member.name, 2)
					: member.name,
				name))) {
		rc = lk_archive_next(archive, &member, &end, err);
	}
	if (rc == 0 && end) {
		rc = lk_fail(err, LK_E_INTEGRITY, "package '%s' has no '%s'", archive->name, name);
	}
	char bytes[4096];
	ssize_t got = 0;
	while (rc == 0 && (got = lk_archive_read(archive, bytes, sizeof(bytes), err)) > 0) {
		lk_buf_append(ret, bytes, (size_t)got);
		if (ret->overflow) {
			rc = lk_fail(err, LK_E_INTEGRITY, "package '%s': '%s' is too large",
				archive->name, name);
		}
	}
	return rc < 0 ? rc : got < 0 ? (int)got : 0;
}
