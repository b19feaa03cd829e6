/*
 * Writing the final prefix into a file that was built for another one.
 *
 * Text: every occurrence, as UTF-8 and, as conda does, as UTF-16 and UTF-32 of either byte order; a
 * first line that the kernel could no longer run is rewritten (install/shebang.h). Binary: inside
 * each NUL-ended string every occurrence, what follows moves up, and NULs fill the room at the
 * string's end, so that no offset behind it changes; the last string may end with the file. Binary
 * files for Windows are left alone. conda-formats.md 6.2. Pure: bytes in, bytes out.
 */
#ifndef LK_INSTALL_PREFIX_PATCH_H
#define LK_INSTALL_PREFIX_PATCH_H

#include "base/err.h"
#include "conda/package.h"

struct lk_prefix_patch {
	enum lk_prefix_mode mode; /* TEXT or BINARY */
	lk_str placeholder;       /* the prefix the file was built for */
	lk_str prefix;            /* the final one, without trailing slash */
	lk_str subdir;            /* of the environment */
};

/* LK_E_INTEGRITY for a placeholder that is empty, has a NUL in it or is longer than any path. */
int lk_prefix_patch_check(
	const struct lk_prefix_patch *patch, const char *file, struct lk_error *err) LK_MUST_USE;

/* A binary file on its way, part by part. */
struct lk_binary_patch {
	const struct lk_prefix_patch *patch; /* checked */
	const char *file;                    /* for errors */
	size_t count;                        /* occurrences so far */
	/* zero at the beginning */
	bool in_string; /* the string at the cursor has an occurrence in it */
	size_t pad;     /* NULs that it is owed at its end */
};

/* Appends to OUT what the file's next BYTES become, and steps over them; less than a placeholder's
 * length may be left, to stand before the bytes that follow. Nothing is left of the LAST ones.
 * LK_E_INTEGRITY when there is no room. */
int lk_binary_patch_part(struct lk_binary_patch *b, lk_str *bytes, bool last, struct lk_buf *out,
	struct lk_error *err) LK_MUST_USE;

/* Appends the rewritten BYTES to OUT; *ret_count is the number of occurrences replaced (0: OUT got
 * BYTES as they are). FILE is for errors. LK_E_INTEGRITY when a binary string has no room for a
 * longer prefix, for an empty placeholder or one with a NUL, or past OUT's maximum. */
int lk_prefix_patch(const struct lk_prefix_patch *patch, lk_str bytes, const char *file,
	struct lk_buf *out, size_t *ret_count, struct lk_error *err) LK_MUST_USE;

#endif
