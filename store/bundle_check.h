/*
 * Is a bundle whole, and if not, what of it has to be copied again? Also for one that is still
 * being copied: cut short anywhere, or without some of its volumes.
 *
 * The manifest must be there and sound; all else follows from it. Members are the grain: a changed
 * byte condemns the member that it lies in, with its header and the zeros behind it.
 */
#ifndef LK_STORE_BUNDLE_CHECK_H
#define LK_STORE_BUNDLE_CHECK_H

#include "base/report.h"
#include "store/bundle.h"

enum lk_bundle_state {
	LK_BUNDLE_WHOLE,
	LK_BUNDLE_MISSING, /* some of its bytes are not there */
	LK_BUNDLE_DAMAGED, /* all are there, but not the right ones */
};

struct lk_bundle_part {
	const struct lk_manifest_entry *entry; /* NULL: the manifest's own end, or the bundle's */
	uint64_t from, size;                   /* bytes in the bundle */
	enum lk_bundle_state state;
};
struct lk_bundle_parts LK_VEC_OF(struct lk_bundle_part);

/* One of the bundle's files. */
struct lk_bundle_file {
	char *name;    /* its path; owned */
	uint64_t from; /* where it begins in the bundle */
	uint64_t must; /* bytes that it has to have */
	uint64_t has;  /* bytes that it has */
	bool is_there;
	bool is_surplus; /* no part of the bundle at all */
};
struct lk_bundle_files LK_VEC_OF(struct lk_bundle_file);

/* Bytes of one file that have to be copied again. */
struct lk_bundle_range {
	size_t file; /* index into files */
	uint64_t from, size;
};
struct lk_bundle_ranges LK_VEC_OF(struct lk_bundle_range);

struct lk_bundle_check {
	struct lk_bundle *bundle;
	struct lk_bundle_files files;
	struct lk_bundle_parts
		parts; /* in the order of the bundle: members that are not absent, then the end */
	struct lk_bundle_ranges ranges; /* in that order; neighbours joined */
	size_t n_missing, n_damaged;    /* of parts */
	uint64_t total, whole; /* bytes of the bundle; of its whole parts and the manifest */
	bool has_more;         /* a file has more bytes than it must, or is surplus */
};

/* Reads and hashes all that is there of the bundle PATH (as lk_bundle_open takes it). How large
 * volumes are is known when all are there, else taken from the largest one. JOBS 0: all processors.
 * LK_E_NOT_FOUND; LK_E_OFFLINE when not even the manifest is there, LK_E_INTEGRITY when it is
 * damaged or this is no bundle; LK_E_FS; LK_E_INTERRUPTED. */
int lk_bundle_check(const char *path, unsigned jobs, const struct lk_report *report,
	struct lk_bundle_check *ret, struct lk_error *err) LK_MUST_USE;
/* A zeroed struct is fine. */
void lk_bundle_check_done(struct lk_bundle_check *check);

#endif
