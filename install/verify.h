/*
 * Does a prefix still equal what was installed in it?
 *
 * What was installed is known from the prefix alone: its conda-meta records say what each package
 * put where, and lockenv-state has the sha256 of each record, of the history, and of itself. So any
 * byte, mode, link text or name that changed is found; times, owners and attributes are not looked
 * at. Of records that another program wrote, modes are not known, nor the link texts and compiled
 * files that they do not tell; two of these may name one path, and what lies there must then be
 * what either says.
 *
 * What no record owns is foreign: told, but no finding (a directory once, with a slash at its end,
 * not what is in it). Compiled forms of owned sources are not foreign. Reads only, by several
 * workers, and follows no link out of the prefix.
 */
#ifndef LK_INSTALL_VERIFY_H
#define LK_INSTALL_VERIFY_H

#include <sys/stat.h>

#include "base/report.h"
#include "install/meta.h"
#include "install/stamp.h"

enum lk_finding_kind {
	LK_FINDING_CHANGED,
	LK_FINDING_MISSING,
	LK_FINDING_EXTRA, /* a package that was not installed, or that the lock does not have */
	LK_FINDING_FOREIGN,
};

struct lk_finding {
	enum lk_finding_kind kind;
	lk_str path;    /* in the prefix; "." for the prefix itself */
	lk_str package; /* that it belongs to; or empty */
	unsigned what;  /* CHANGED: enum lk_difference of verify_path.h; 0: the package differs */
	lk_str detail;  /* in words; may be empty */
};

struct lk_findings LK_VEC_OF(struct lk_finding);

enum lk_verify_state {
	LK_VERIFY_FOREIGN, /* not installed by lockenv, or by an older one */
	LK_VERIFY_DAMAGED, /* the state file is not as it was written, or gone */
	LK_VERIFY_KNOWN,
};

struct lk_verify_options {
	unsigned jobs;
	/* Those of a lock, sorted by name: the records are held against them too. NULL: no lock. */
	const struct lk_record *want;
	size_t n_want;
};

struct lk_verify {
	struct lk_arena arena;
	struct lk_findings findings; /* sorted by path; each path once */
	size_t n_foreign;            /* of the findings */
	size_t n_paths;              /* looked at */
	uint64_t bytes;              /* hashed */
	enum lk_verify_state state;
	bool stateless;                   /* there is no state file */
	struct lk_stamp stamp;            /* where the state is known */
	struct lk_prefix_records records; /* those that can be read, by file name */
	bool records_changed;             /* some are missing, changed or extra */
	struct stat root;                 /* of the prefix */
};

/* PREFIX is a path as open takes it. *RET is to be given to lk_verify_done, also after an error.
 * LK_E_USAGE when it is no environment; LK_E_FS, also when another took its place meanwhile;
 * LK_E_INTERRUPTED. */
int lk_verify_prefix(const char *prefix, const struct lk_verify_options *options,
	const struct lk_report *report, struct lk_verify *ret, struct lk_error *err) LK_MUST_USE;
void lk_verify_done(struct lk_verify *verify);

#endif
