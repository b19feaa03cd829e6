/*
 * MANIFEST, the first member of a bundle: what lies in it, with sizes and hashes (docs/bundle.md).
 *
 *     # lockpack 1
 *     # 8123 bytes for linux-64 linux-aarch64
 *     <sha256>  locks/env.lock
 *     # 5812344 bytes
 *     <sha256>  bin/linux-64/lockenv-install
 *     # 72528 bytes
 *     <sha256>  bin/linux-64/lockenv-smoke
 *     # 8325912 bytes
 *     <sha256>  archives/numpy-2.1.3-py312h58c1407_0.conda-<sha256>
 *     # absent 2562 bytes <sha256>  archives/_libgcc_mutex-0.1-conda_forge.tar.bz2-<sha256>
 *     # sum <sha256 of all lines above>
 *
 * Lines that are no comments are what `sha256sum -c` reads. Locks come first, then installers, then
 * smoke tests, then archives, each group sorted bytewise by path, no path twice. A lock tells the
 * platforms whose archives belong to it; an absent archive does too, but the receiver has it
 * already (a delta). There is one text for each value: what is read is written again byte for byte.
 * The sum at its end finds damage, as sizes and names would not; it says nothing about who wrote
 * it.
 *
 *     lk_manifest_parse(text, "env.lockpack", &manifest, err);
 *     entry = lk_manifest_find(&manifest, LK_STR("locks/env.lock"));
 *     lk_manifest_done(&manifest);
 */
#ifndef LK_STORE_MANIFEST_H
#define LK_STORE_MANIFEST_H

#include "base/map.h"
#include "conda/record.h"

#define LK_MANIFEST_MAX_BYTES ((size_t)64 << 20)
/* Of one member: no sum over a manifest's members overflows. */
#define LK_MANIFEST_MAX_SIZE (UINT64_C(1) << 40)

enum lk_manifest_kind {
	LK_MANIFEST_LOCK,      /* locks/NAME.lock */
	LK_MANIFEST_INSTALLER, /* bin/SUBDIR/lockenv-install */
	LK_MANIFEST_SMOKE,     /* bin/SUBDIR/lockenv-smoke */
	LK_MANIFEST_ARCHIVE,   /* archives/<fn>-<sha256>, as in a cache */
};

struct lk_manifest_entry {
	lk_str path;                  /* NUL-ended */
	uint64_t size;                /* bytes */
	struct lk_str_list platforms; /* of a lock: sorted bytewise, at least one */
	struct lk_sha256 sha256;
	enum lk_manifest_kind kind;
	bool absent; /* an archive that is not in the bundle */
};
struct lk_manifest_entries LK_VEC_OF(struct lk_manifest_entry);

struct lk_manifest {
	struct lk_arena arena;
	const struct lk_manifest_entry *entries; /* in the order of their kinds */
	size_t n_entries;
	size_t n_locks, n_programs; /* of installers and smoke tests */
	struct lk_map by_path;
};

/* A copy of the N ENTRIES (in any order), sorted. LK_E_FORMAT for what the grammar cannot say: a
 * path that is not of its kind, has a control character or a backslash or is no UTF-8, an archive's
 * name without its hash, a size beyond LK_MANIFEST_MAX_SIZE, a path twice. */
int lk_manifest_make(const struct lk_manifest_entry *entries, size_t n, struct lk_manifest *ret,
	struct lk_error *err) LK_MUST_USE;
/* The text appended to OUT; its overflow flag tells of more than OUT may hold. */
void lk_manifest_write(const struct lk_manifest *manifest, struct lk_buf *out);
/* Reads just what lk_manifest_write writes; LK_E_FORMAT at NAME:line:column for all else. RET owns
 * what it holds and keeps no view of TEXT. */
int lk_manifest_parse(
	lk_str text, const char *name, struct lk_manifest *ret, struct lk_error *err) LK_MUST_USE;
/* A zeroed struct is fine. */
void lk_manifest_done(struct lk_manifest *manifest);

/* Borrowed; NULL when there is none. */
const struct lk_manifest_entry *lk_manifest_find(const struct lk_manifest *manifest, lk_str path);
/* The lock called NAME, with or without ".lock"; NULL when there is none. */
const struct lk_manifest_entry *lk_manifest_find_lock(
	const struct lk_manifest *manifest, lk_str name);
/* RECORD's archive, by file name and sha256, absent ones too; NULL when there is none. */
const struct lk_manifest_entry *lk_manifest_find_archive(
	const struct lk_manifest *manifest, const struct lk_record *record);
/* NAME of locks/NAME.lock, SUBDIR of bin/SUBDIR/lockenv-install and its like, <fn> (which may have
 * lost its end, see lk_cache_archive_name) of archives/<fn>-<sha256>. */
lk_str lk_manifest_name(const struct lk_manifest_entry *entry);

/* Is it a program, with the mode 0755? */
bool lk_manifest_is_program(const struct lk_manifest_entry *entry);

#endif
