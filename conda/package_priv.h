/*
 * Reading an archive's info files: what package.c and package_paths.c share.
 */
#ifndef LK_CONDA_PACKAGE_PRIV_H
#define LK_CONDA_PACKAGE_PRIV_H

#include "base/json.h"
#include "base/map.h"
#include "conda/package.h"

#define LK_PACKAGE_MAX_DEPTH 32

struct lk_package_reader {
	const char *archive;
	struct lk_package *package;
	struct lk_error *err;
};

struct lk_package_paths LK_VEC_OF(struct lk_package_path);

/* An entry of paths.json as it stands there. Texts are empty where another kind of value is. */
struct lk_package_path_fields {
	lk_str path, type, placeholder, mode, sha256;
	int64_t size; /* negative: no such number */
	bool has_placeholder, has_mode, has_sha256, has_size;
	bool no_link;
};

/* LK_E_INTEGRITY "ARCHIVE: MEMBER: what". */
int lk_package_fail(const struct lk_package_reader *reader, const char *member, const char *fmt,
	...) LK_PRINTF(3, 4);
/* TEXT of the archive for an error: not longer than leaves room for the reason. */
lk_str lk_package_shown(const struct lk_package_reader *reader, lk_str text);
/* The parsed member; an object at its root. */
int lk_package_json(const struct lk_package_reader *reader, const char *member, lk_str text,
	struct lk_json_doc **ret) LK_MUST_USE;
/* The entry INDEX, checked, into RET. */
int lk_package_read_entry(const struct lk_package_reader *reader,
	const struct lk_package_path_fields *fields, size_t index,
	struct lk_package_path *ret) LK_MUST_USE;
/* All entries of a paths.json as builders write them, in a tenth of the time that a tree of it
 * takes. False, and nothing in PATHS or reader->err, for any other text, also one that is to be
 * refused: what is wrong is for the reader of trees to say. */
bool lk_package_scan_paths(const struct lk_package_reader *reader, lk_str text,
	struct lk_package_paths *paths) LK_MUST_USE;
/* paths.json, or files with has_prefix and no_link; sorted and checked, into the package. */
int lk_package_read_paths(
	const struct lk_package_reader *reader, const struct lk_package_texts *texts) LK_MUST_USE;

#endif
