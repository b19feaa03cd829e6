/*
 * The files of locked packages as an audit wants them, without an install: out of the cache's
 * extracted trees, or out of archives as they are read.
 */
#ifndef LK_CLI_AUDIT_PACKAGES_H
#define LK_CLI_AUDIT_PACKAGES_H

#include "audit/survey.h"
#include "cli/app.h"
#include "conda/package.h"

struct lk_package_file {
	lk_str path; /* in the package */
	enum lk_survey_type type;
	lk_str target; /* LINK */
	struct lk_seen seen;
};

/* One package: its metadata, and each file that an install would place. */
struct lk_package_files {
	struct lk_arena arena;
	struct lk_package *package; /* owned */
	struct LK_VEC_OF(struct lk_package_file) files;
};

/* RECORD's package, from a tree of CACHE, which is not changed, or else from its archive, hashed
 * first. ELF files that are large pass through a file without a name in TMPDIR. LK_E_OFFLINE when
 * the cache has neither, LK_E_INTEGRITY, LK_E_FS. RET is safe to pass to done in any case. Thread
 * safe. */
int lk_package_files_read(struct lk_cache *cache, const struct lk_record *record,
	const struct lk_report *report, struct lk_package_files *ret,
	struct lk_error *err) LK_MUST_USE;
void lk_package_files_done(struct lk_package_files *files);

/* Adds the files of N RECORDS to SURVEY where an install would place them; settles it. JOBS as
 * lk_workers_run has it. LK_E_OFFLINE when packages are missing: each is warned about. */
int lk_audit_packages(struct lk_cache *cache, const struct lk_record *records, size_t n,
	lk_str subdir, unsigned jobs, const struct lk_report *report, struct lk_survey *survey,
	struct lk_error *err) LK_MUST_USE;

#endif
