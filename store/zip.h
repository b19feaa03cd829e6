/*
 * The outer ZIP of a .conda (CEP 35; APPNOTE.TXT 6.3.10): its members, by the central directory.
 *
 *     lk_zip_open(&blob, "a-1-0.conda", &zip, err);
 *     for (size_t i = 0; i < zip.members.len; i++) zip.members.items[i].name ...
 *     struct lk_stream *bytes = lk_zip_stream(&zip, i);
 *     lk_zip_done(&zip);
 *
 * No two readers may see two different archives in one file. So members are stored, neither
 * compressed nor encrypted, of different names; their local headers say what the central directory
 * says; and the parts of the file follow one upon the other from its first byte to its last, with
 * nothing between, before or behind: members with their data descriptors, the central directory,
 * the zip64 end record where there is one, the end record and its comment. Anything else is
 * LK_E_INTEGRITY, which names the archive and where there is one the member. Touches no disk but
 * the blob; several threads may read several of them.
 */
#ifndef LK_STORE_ZIP_H
#define LK_STORE_ZIP_H

#include "base/vec.h"
#include "store/blob.h"

/* Real ones have three members; each is held against all others. */
#define LK_ZIP_DIRECTORY_MAX ((size_t)1 << 17) /* bytes of the central directory */

struct lk_zip_member {
	lk_str name;     /* relative, contained, no control characters and backslashes */
	uint64_t header; /* where its local header lies, in bytes from the file's start */
	uint64_t start;  /* where its bytes lie */
	uint64_t size;   /* bytes */
	uint32_t crc32;
	bool has_descriptor; /* the local header leaves sizes and checksum to what follows */
};

struct lk_zip {
	const struct lk_blob *blob; /* borrowed */
	const char *archive;        /* its name; borrowed */
	struct lk_arena arena;
	struct lk_zip_members LK_VEC_OF(struct lk_zip_member) members; /* as they lie in the file */
};

/* BLOB and ARCHIVE must outlive RET, which is to be freed also after an error. LK_E_FS when reading
 * fails. */
int lk_zip_open(const struct lk_blob *blob, const char *archive, struct lk_zip *ret,
	struct lk_error *err) LK_MUST_USE;
void lk_zip_done(struct lk_zip *zip);

/* The bytes of member I; their end is told only when the checksum is right. */
struct lk_stream *lk_zip_stream(const struct lk_zip *zip, size_t i) LK_MUST_USE;

#endif
