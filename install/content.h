/*
 * What the files hold that an install writes itself: files with the prefix written into them, and
 * the scripts of entry points. Apart from placing them, so that staging, predicting and mending
 * have the same bytes.
 */
#ifndef LK_INSTALL_CONTENT_H
#define LK_INSTALL_CONTENT_H

#include "base/err.h"
#include "base/report.h"
#include "install/layout.h"
#include "store/tree.h"

/* One file as it will lie in the prefix. */
struct lk_content {
	uint64_t size; /* bytes */
	struct lk_sha256 sha256;
	unsigned mode;      /* 0644 or 0755 */
	int64_t mtime;      /* seconds since 1970 */
	bool needs_signing; /* a Mach-O file whose bytes changed: macOS wants it signed again */
};

/* Where the source of a rewritten file lies. */
struct lk_content_source {
	const struct lk_tree *tree; /* the package's; NULL for an entry point */
	int dirfd;
	const char *name; /* in dirfd */
};

/* Writes the bytes of ENTRY, of kind PATCHED or SCRIPT in LAYOUT, to FD; to -1 it writes nothing.
 * *RET tells what they are: mode and time are the caller's to set. A binary file takes little
 * memory, however large it is. LK_E_INTEGRITY: a prefix that does not fit, a file that a stranger
 * changed meanwhile; some of it may be written by then. LK_E_FS. */
int lk_content_write(const struct lk_layout *layout, const struct lk_entry *entry,
	const struct lk_content_source *source, int fd, const struct lk_report *report,
	struct lk_content *ret, struct lk_error *err) LK_MUST_USE;

/* The error for a file of TREE whose bytes are not those that its seal promised a moment ago. */
int lk_content_fail_changed(const struct lk_tree *tree, const char *path, struct lk_error *err);

#endif
