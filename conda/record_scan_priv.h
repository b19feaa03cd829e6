/*
 * The one reader of a record's JSON object: in repodata, in info/index.json, in conda-meta.
 */
#ifndef LK_CONDA_RECORD_SCAN_PRIV_H
#define LK_CONDA_RECORD_SCAN_PRIV_H

#include "conda/json_scan_priv.h"
#include "conda/record.h"

/* What a record's object says. */
struct lk_record_scan {
	struct lk_record record; /* all but subdir, fn, channel and url */
	lk_str url;              /* as written */
	bool has_build_number;   /* a record of a channel needs one, an archive may lack it */
	const char *fault; /* NULL, or why it cannot be used, as "no 'version'" (static text) */
};

/* Reads the object at the cursor. Unknown keys and, in tolerable fields, values of the wrong kind
 * are passed over (conda-formats.md 3.1). Strings are views of the text or owned by ARENA. Negative
 * only for damaged text. */
int lk_record_scan(
	struct lk_scan *scan, struct lk_arena *arena, struct lk_record_scan *ret) LK_MUST_USE;

/* One path component without control characters, backslash or colon: what a name, version, build or
 * file name must be before it becomes part of a path. */
bool lk_is_safe_component(lk_str text);

#endif
