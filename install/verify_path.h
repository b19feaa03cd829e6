/*
 * Is what lies at one path of a prefix what was installed there? Follows no symlink (but see
 * may_lead), opens nothing but regular files, and waits for nothing.
 */
#ifndef LK_INSTALL_VERIFY_PATH_H
#define LK_INSTALL_VERIFY_PATH_H

#include <sys/types.h>

#include "base/digest.h"
#include "base/report.h"

enum lk_check_kind {
	LK_CHECK_FILE,
	LK_CHECK_LINK,
	LK_CHECK_DIRECTORY,
	LK_CHECK_ANY, /* whatever it is, it is there */
};

struct lk_check {
	lk_str path; /* in the prefix; NUL-ended */
	lk_str package;
	enum lk_check_kind kind;
	bool has_mode, has_sha256, has_size;
	bool may_lead; /* FILE: a symlink to a file is followed; without it, it is no file */
	bool optional; /* it may be missing */
	unsigned mode; /* of a directory set-gid is not looked at, which is inherited */
	struct lk_sha256 sha256;
	uint64_t size; /* bytes */
	lk_str target; /* LINK: its text; empty: not known */
};

/* What differs, as bits. */
enum lk_difference {
	LK_DIFFERS_MISSING = 1,
	LK_DIFFERS_TYPE = 2,
	LK_DIFFERS_CONTENT = 4,
	LK_DIFFERS_MODE = 8,
	LK_DIFFERS_LINK = 16,
	LK_DIFFERS_UNREADABLE = 32, /* so that the content is not known */
};

/* Looks at NAME in DIRFD. *RET: the differences; each is added to DETAIL in words. *RET_BYTES:
 * hashed. LK_E_INTERRUPTED. */
int lk_check_path(int dirfd, const char *name, const struct lk_check *check,
	const struct lk_report *report, unsigned *ret, struct lk_buf *detail, uint64_t *ret_bytes,
	struct lk_error *err) LK_MUST_USE;

/* Adds what MODE is, and should be, to DETAIL; true when they differ. */
bool lk_check_mode(mode_t mode, unsigned wanted, struct lk_buf *detail);

#endif
