/*
 * Extracting an archive into an empty directory of ours, distrusting everything in it.
 *
 * Refused, with the member's name (security.md 2): absolute names, "..", drive letters, control
 * characters, names through a symlink or below a file, conda-meta/ and the seal's name, hard links
 * to anything but an earlier file of the archive, devices and FIFOs, set-user-ID and set-group-ID
 * files, a name that comes twice with another type or content; for Windows and macOS also names
 * that differ only in case (ASCII), for Windows those that it cannot have. Symlinks are made as
 * they are and never followed.
 *
 * Files get mode 0755 when any execute bit was set, else 0644; directories 0755; owners and the
 * umask count for nothing. Modification times are the archive's, clamped (store/listing.h).
 */
#ifndef LK_STORE_EXTRACT_H
#define LK_STORE_EXTRACT_H

#include "base/report.h"
#include "store/archive.h"
#include "store/listing.h"

/* A file in the root of every sealed tree; no package may have one of that name. */
#define LK_SEAL_NAME ".lockenv-seal"

#define LK_MEMBER_PATH_MAX 4095            /* bytes of a member's whole name */
#define LK_LISTING_MAX (UINT64_C(1) << 30) /* bytes of memory for all names of an archive */

struct lk_extract_options {
	lk_str subdir;                  /* the record's: "osx-…" and "win-…" make case count */
	const struct lk_report *report; /* asked whether to stop; may be NULL */
	struct lk_claims *claims;       /* kept alive meanwhile; may be NULL */
	mode_t dir_mode;                /* of folders; 0: 0755 */
};

/* Extracts into DIRFD, or with -1 only reads, hashes and checks. RET is sorted; it must be empty
 * and is to be freed also after an error. LK_E_INTEGRITY, LK_E_FS, LK_E_INTERRUPTED; what was
 * written until then stays. */
int lk_extract(struct lk_archive *archive, int dirfd, const struct lk_extract_options *options,
	struct lk_listing *ret, struct lk_error *err) LK_MUST_USE;

/* The name RAW of a member as a plain relative path (no "./", no "//", no "/" at the end), owned by
 * ARENA; empty for the root itself. When it may not be used: false and why in *RET_WHY (static). */
bool lk_member_path(lk_str raw, struct lk_arena *arena, lk_str *ret, const char **ret_why);

#endif
