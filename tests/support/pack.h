/*
 * Archives for tests, byte by byte: tars whose headers say what the test wants (honest or not),
 * .tar.bz2 and .conda around them. Include it once in a test program.
 */
#ifndef LK_TESTS_SUPPORT_PACK_H
#define LK_TESTS_SUPPORT_PACK_H

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/fs.h"
#include "base/stream.h"
#include "conda/record.h"
#include "store/blob.h"

#define PACK_MAX ((size_t)256 * 1024 * 1024)
#define PACK_MTIME 1600000000

/* ---- tar ---- */

struct pack_member {
	const char *name; /* up to 99 bytes */
	const char *link; /* for symlinks ('2') and hard links ('1') */
	const char *text; /* content; NULL: empty */
	char type;       /* ustar's: '0' file, '1', '2', '3' char device, '5' directory, '6' FIFO */
	unsigned mode;   /* 0: 0644 */
	long long mtime; /* 0: PACK_MTIME; -1: 0 */
};

/* VALUE as DIGITS octal digits and a NUL. */
static LK_UNUSED void pack_octal(char *field, size_t digits, unsigned long long value)
{
	field[digits] = '\0';
	while (digits > 0) {
		field[--digits] = (char)('0' + (value & 7));
		value >>= 3;
	}
}

static LK_UNUSED void pack_header(struct lk_buf *tar, const struct pack_member *member, size_t size)
{
	char header[512] = {0};
	long long mtime = member->mtime == 0 ? PACK_MTIME : member->mtime < 0 ? 0 : member->mtime;
	memcpy(header, member->name, strnlen(member->name, 100));
	pack_octal(header + 100, 7, member->mode ? member->mode : 0644u);
	pack_octal(header + 108, 7, 0);
	pack_octal(header + 116, 7, 0);
	pack_octal(header + 124, 11, size);
	pack_octal(header + 136, 11, (unsigned long long)mtime);
	header[156] = member->type;
	if (member->link) {
		memcpy(header + 157, member->link, strnlen(member->link, 100));
	}
	static const char magic[8] = "ustar\00000";
	memcpy(header + 257, magic, sizeof(magic));
	memset(header + 148, ' ', 8);
	unsigned sum = 0;
	for (size_t i = 0; i < sizeof(header); i++) {
		sum += (unsigned char)header[i];
	}
	pack_octal(header + 148, 6, sum);
	lk_buf_append(tar, header, sizeof(header));
}

static LK_UNUSED void pack_content(struct lk_buf *tar, const void *bytes, size_t len)
{
	static const char zeros[512];
	lk_buf_append(tar, bytes, len);
	lk_buf_append(tar, zeros, (512 - len % 512) % 512);
}

static LK_UNUSED void pack_add(struct lk_buf *tar, const struct pack_member *member)
{
	size_t size = member->type == '0' && member->text ? strlen(member->text) : 0;
	pack_header(tar, member, size);
	pack_content(tar, member->text ? member->text : "", size);
}

static LK_UNUSED void pack_file(struct lk_buf *tar, const char *name, const char *text)
{
	pack_add(tar, &(struct pack_member){.name = name, .text = text, .type = '0'});
}

static LK_UNUSED void pack_end(struct lk_buf *tar)
{
	static const char zeros[1024];
	lk_buf_append(tar, zeros, sizeof(zeros));
}

/* ---- archives ---- */

static LK_UNUSED void pack_bz2(struct lk_str tar, struct lk_buf *out)
{
	struct lk_error err = LK_ERROR_INIT;
	if (lk_compress(LK_CODEC_BZIP2, 9, tar.ptr, tar.len, out, &err) < 0) {
		abort();
	}
}

/* A ZIP of N stored members. */
static LK_UNUSED void pack_zip(
	const char *const *names, const lk_str *contents, size_t n, struct lk_buf *out)
{
	size_t cap = 4096;
	for (size_t i = 0; i < n; i++) {
		cap += contents[i].len + 1024;
	}
	size_t used = 0;
	char *bytes = lk_buf_room(out, cap);
	struct archive *zip = archive_write_new();
	archive_write_set_format_zip(zip);
	archive_write_set_options(zip, "zip:compression=store");
	archive_write_set_bytes_per_block(zip, 0);
	if (archive_write_open_memory(zip, bytes, cap, &used) != ARCHIVE_OK) {
		abort();
	}
	for (size_t i = 0; i < n; i++) {
		struct archive_entry *entry = archive_entry_new();
		archive_entry_set_pathname(entry, names[i]);
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_perm(entry, 0644);
		archive_entry_set_size(entry, (la_int64_t)contents[i].len);
		if (archive_write_header(zip, entry) != ARCHIVE_OK ||
			archive_write_data(zip, contents[i].ptr, contents[i].len) !=
				(la_ssize_t)contents[i].len) {
			abort();
		}
		archive_entry_free(entry);
	}
	archive_write_close(zip);
	archive_write_free(zip);
	out->len += used;
}

static LK_UNUSED void pack_zstd(lk_str tar, struct lk_buf *out)
{
	struct lk_error err = LK_ERROR_INIT;
	if (lk_compress(LK_CODEC_ZSTD, 3, tar.ptr, tar.len, out, &err) < 0) {
		abort();
	}
}

static LK_UNUSED void pack_conda(lk_str info_tar, lk_str pkg_tar, struct lk_buf *out)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) info = LK_BUF_INIT(PACK_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) pkg = LK_BUF_INIT(PACK_MAX);
	pack_zstd(info_tar, &info);
	pack_zstd(pkg_tar, &pkg);
	const char *names[] = {"metadata.json", "pkg-a-1-0.tar.zst", "info-a-1-0.tar.zst"};
	lk_str contents[] = {
		LK_STR("{\"conda_pkg_format_version\": 2}"), lk_buf_view(&pkg), lk_buf_view(&info)};
	pack_zip(names, contents, 3, out);
}

/* ---- files and records ---- */

/* A descriptor of an unnamed file that holds BYTES, at its start. */
static LK_UNUSED int pack_fd(lk_str bytes)
{
	FILE *file = tmpfile();
	if (!file || fwrite(bytes.ptr, 1, bytes.len, file) != bytes.len || fflush(file) != 0) {
		abort();
	}
	int fd = dup(fileno(file));
	fclose(file);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static LK_UNUSED struct lk_blob pack_blob(lk_str bytes)
{
	return (struct lk_blob){.fd = pack_fd(bytes), .size = bytes.len};
}

/* An empty directory under the system's temporary one; free with pack_rmdir. */
static LK_UNUSED char *pack_tmpdir(void)
{
	char *path = lk_strdup("/tmp/lockenv-test-XXXXXX");
	if (!mkdtemp(path)) {
		abort();
	}
	return path;
}

static LK_UNUSED void pack_rmdir(char *path)
{
	struct lk_error err = LK_ERROR_INIT;
	if (lk_fs_remove_tree(AT_FDCWD, path, &err) < 0) {
		abort();
	}
	lk_free(path);
}

/* A record for the archive BYTES under the name FN. */
static LK_UNUSED struct lk_record pack_record(const char *fn, lk_str bytes)
{
	struct lk_record record = {
		.fn = lk_str_of(fn),
		.subdir = LK_STR("linux-64"),
		.has_sha256 = true,
		.has_size = true,
		.sha256 = lk_sha256_of(bytes.ptr, bytes.len),
		.size = bytes.len,
	};
	lk_str dist;
	if (lk_archive_kind_of(record.fn, &dist) == LK_ARCHIVE_UNKNOWN ||
		!lk_dist_split(dist, &record.name, &record.version, &record.build)) {
		abort();
	}
	return record;
}

#endif
