/*
 * A package archive as a stream of members: .conda (CEP 35) and .tar.bz2 (CEP 34).
 *
 *     lk_archive_open(&blob, "a-1-0.conda", LK_ARCHIVE_CONDA, &archive, err);
 *     while (lk_archive_next(archive, &member, &end, err) == 0 && !end)
 *             while ((n = lk_archive_read(archive, bytes, sizeof(bytes), err)) > 0) ...
 *     lk_archive_free(archive);
 *
 * A .conda gives the members of all its inner tarballs one after the other, in the order in which
 * they lie in it. Names and links come out as they are in the archive: nothing about them is
 * checked here (see store/extract.h). Bytes may only be read in order; what is not read is skipped.
 *
 * Every error is LK_E_INTEGRITY, names the archive and where there is one the member, and tells the
 * first cause (a bad checksum, not the short tar that follows from it); LK_E_FS when reading fails.
 * Not thread-safe; several archives may be read by several threads.
 */
#ifndef LK_STORE_ARCHIVE_H
#define LK_STORE_ARCHIVE_H

#include "base/stream.h"
#include "conda/record.h"
#include "store/blob.h"

/* Bounds (security.md 3). The largest packages known hold some 100,000 members and unpack to some
 * 10 GiB, twenty times their archive. */
#define LK_ARCHIVE_MAX_MEMBERS 1000000u
#define LK_ARCHIVE_MAX_UNPACKED (UINT64_C(64) << 30)   /* bytes, whatever the archive's size */
#define LK_ARCHIVE_FREE_UNPACKED (UINT64_C(256) << 20) /* bytes that need no ratio */
#define LK_ARCHIVE_MAX_RATIO UINT64_C(200) /* unpacked bytes above that per byte of archive */

enum lk_member_type {
	LK_MEMBER_FILE,
	LK_MEMBER_SYMLINK,
	LK_MEMBER_HARDLINK,
	LK_MEMBER_DIRECTORY,
	LK_MEMBER_OTHER, /* devices, FIFOs, sockets */
};

struct lk_member {
	lk_str name; /* raw bytes, NUL-ended; valid until the next member */
	lk_str link; /* what a symlink or hard link points to; the same */
	enum lk_member_type type;
	mode_t mode;   /* permission, set-id and sticky bits */
	int64_t mtime; /* whole seconds since 1970 */
	uint64_t size; /* bytes that a file has, or that come with a hard link */
};

struct lk_archive;

/* BLOB is taken, also on failure; NAME (copied) is for errors. */
int lk_archive_open(struct lk_blob *blob /* taken */, const char *name, enum lk_archive_kind kind,
	struct lk_archive **ret, struct lk_error *err) LK_MUST_USE;
/* A bare tar that unpacks to at most MAX_UNPACKED bytes. */
struct lk_archive *lk_archive_from_tar(
	struct lk_stream *tar /* taken */, const char *name, uint64_t max_unpacked) LK_MUST_USE;
void lk_archive_free(struct lk_archive *archive);
void lk_archive_free_p(struct lk_archive **archive);
const char *lk_archive_name(const struct lk_archive *archive);

/* Archives with one GATE (borrowed) share the memory for large windows: until this one is freed,
 * its thread must not wait for another of them. */
void lk_archive_set_gate(struct lk_archive *archive, struct lk_gate *gate);

/* How many bytes an archive of SIZE bytes may unpack to. */
uint64_t lk_archive_max_unpacked(uint64_t size);

int lk_archive_next(struct lk_archive *archive, struct lk_member *ret, bool *ret_end,
	struct lk_error *err) LK_MUST_USE;
/* Up to LEN bytes of the current file: the count, 0 at its end, or a negative enum lk_code. */
ssize_t lk_archive_read(
	struct lk_archive *archive, void *out, size_t len, struct lk_error *err) LK_MUST_USE;

/* Appends to RET (which has a maximum) the bytes of the file NAME, the first of that name; of an
 * archive just opened. For a name under info/ the payload of a .conda is not unpacked.
 * LK_E_INTEGRITY when there is no such file or it is larger than RET may be. */
int lk_archive_find(struct lk_archive *archive, const char *name, struct lk_buf *ret,
	struct lk_error *err) LK_MUST_USE;

#endif
