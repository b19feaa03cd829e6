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

/* LK_E_INTEGRITY "ARCHIVE: MEMBER: what". */
int lk_package_fail(const struct lk_package_reader *reader, const char *member, const char *fmt,
	...) LK_PRINTF(3, 4);
/* The parsed member; an object at its root. */
int lk_package_json(const struct lk_package_reader *reader, const char *member, lk_str text,
	struct lk_json_doc **ret) LK_MUST_USE;
/* paths.json, or files with has_prefix and no_link; sorted and checked, into the package. */
int lk_package_read_paths(
	const struct lk_package_reader *reader, const struct lk_package_texts *texts) LK_MUST_USE;

#endif
