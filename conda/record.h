/*
 * One package as a channel's repodata, a lock or conda-meta describes it.
 *
 * A record is a plain value whose strings are borrowed from whatever made it (a repodata, an
 * arena); it is never changed after that. Absent strings are empty views, absent lists have length
 * 0.
 */
#ifndef LK_CONDA_RECORD_H
#define LK_CONDA_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/str.h"

enum lk_noarch {
	LK_NOARCH_NO,
	LK_NOARCH_GENERIC,
	LK_NOARCH_PYTHON,
};

enum lk_archive_kind {
	LK_ARCHIVE_UNKNOWN,
	LK_ARCHIVE_CONDA,
	LK_ARCHIVE_TAR_BZ2,
	LK_ARCHIVE_WHEEL, /* recognised, not installable yet */
};

struct lk_str_list {
	const lk_str *items;
	size_t n;
};
/* The same texts in the same order. */
bool lk_str_list_eq(const struct lk_str_list *a, const struct lk_str_list *b);

/* What was found in an archive, as a lock has it (docs/lockfile.md); empty: not known. */
struct lk_facts {
	lk_str gpu;   /* "sm_75 sm_80 compute_80": code for GPUs, in the order of base/gpu_code.h */
	lk_str glibc; /* "2.28": the oldest C library that its programs and libraries run with */
};

struct lk_record {
	lk_str name;
	lk_str version;
	lk_str build;
	uint64_t build_number;
	lk_str subdir;  /* of the directory it was served from */
	lk_str fn;      /* file name with extension */
	lk_str channel; /* the channel's lock name (struct lk_channel.name) */
	lk_str url;     /* full canonical URL, without credentials */
	enum lk_noarch noarch;
	bool has_sha256, has_md5, has_size;
	struct lk_sha256 sha256;
	struct lk_md5 md5;
	uint64_t size;              /* bytes of the archive */
	uint64_t timestamp;         /* milliseconds since 1970, 0 when unknown */
	uint64_t indexed_timestamp; /* the same; CEP 47 */
	struct lk_str_list depends;
	struct lk_str_list constrains;
	struct lk_str_list track_features;
	struct lk_str_list flags;     /* CEP 45 */
	const struct lk_extra *extra; /* CEP 44: groups, n_extra of them, in text order */
	size_t n_extra;
	struct lk_str_list active_extras; /* of a locked record: groups that were asked for */
	struct lk_facts facts;            /* of a locked record */
	lk_str license;
	lk_str license_family;
	lk_str python_site_packages_path; /* CEP 17 */
};

struct lk_extra {
	lk_str group;
	struct lk_str_list depends;
};

/* Vector of borrowed records. */
struct lk_record_refs LK_VEC_OF(const struct lk_record *);
/* Vector of records by value. */
struct lk_records LK_VEC_OF(struct lk_record);

/* LOCKED with what a lock leaves to the archive, as TOLD by its index.json or by a record of its
 * install: build number, noarch kind, python's site-packages, time stamp, features, and a licence
 * where the lock has none. Borrows the strings of both. */
struct lk_record lk_record_complete(const struct lk_record *locked, const struct lk_record *told);
/* When the record became available, as far as it tells, in milliseconds: indexed_timestamp (CEP 47,
 * set by the channel), else timestamp (set by the builder); 0 when unknown. */
uint64_t lk_record_time(const struct lk_record *record);
/* The URL of its channel: `url` without subdir and file name; all of `url` when it is too short. */
lk_str lk_record_channel_url(const struct lk_record *record);
/* By the file name's extension; *ret_dist (may be NULL) gets the name without it. */
enum lk_archive_kind lk_archive_kind_of(lk_str fn, lk_str *ret_dist);
/* Can this version install archives of KIND? */
bool lk_archive_is_installable(enum lk_archive_kind kind);
/* Splits "name-version-build" from the right; false when there are not two dashes. */
bool lk_dist_split(lk_str dist, lk_str *ret_name, lk_str *ret_version, lk_str *ret_build);

/* CEP 26 identifiers. Virtual packages ("__cuda") pass only lk_name_is_virtual. */
bool lk_name_is_valid(lk_str name);
bool lk_name_is_virtual(lk_str name);
bool lk_build_is_valid(lk_str build);

#endif
