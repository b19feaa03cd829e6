/*
 * The lock files of other tools as a lock (docs/exchange.md).
 *
 *     lk_import(text, "pixi.lock", &options, report, &imported, err);
 *     lk_lock_write(&imported.lock, …);
 *     lk_imported_done(&imported);
 *
 * What kind of file it is, its content says. The files are untrusted, like a lock: what
 * lk_lock_write accepts of the result is as safe as any lock. Read are conda-lock.yml version 1
 * (CEP 37) and pixi.lock versions 1 to 7; of those, 1 to 3 have conda-lock's shape. None of them
 * holds the specs that were solved: the packages that nothing else needs stand for them. Their
 * virtual packages are the platform's defaults unless the file states its own.
 */
#ifndef LK_LOCK_IMPORT_LOCK_H
#define LK_LOCK_IMPORT_LOCK_H

#include "base/report.h"
#include "lock/lockfile.h"

#define LK_IMPORT_MAX_BYTES LK_LOCK_MAX_BYTES

struct lk_import_options {
	lk_str environment;            /* of a pixi.lock; empty: "default" */
	struct lk_str_list platforms;  /* names as the file has them, or subdirs; none: all */
	struct lk_str_list categories; /* of a conda-lock.yml; none: "main" and "dev" */
	struct lk_str_list virtuals;   /* "NAME=VER[=BUILD]" or "NAME=", over the file's */
	bool without_pip;              /* leave out packages of PyPI, which else end the import */
	bool without_source;           /* the same for packages that pixi builds from source */
	lk_str alias;                  /* of channels; empty: LK_CHANNEL_ALIAS */
};

struct lk_imported {
	struct lk_lock lock;
	const char *format;     /* "pixi.lock version 6"; owned by the lock */
	struct lk_str_list pip; /* what was left out (without_pip); owned by the lock */
};

/* Is it an @EXPLICIT list (CEP 23)? Such a list has no metadata: lk_import refuses it. */
bool lk_import_is_explicit(lk_str text);

/* SOURCE is the text (not needed afterwards), NAME the file's name. LK_E_FORMAT at the file's line
 * and column for what cannot be read or locked; LK_E_INTEGRITY for a package without sha256;
 * LK_E_USAGE for an environment, platform or category that the file does not have. What a lock has
 * no place for is told as warnings. The result may be inconsistent (lk_lock_check_consistent). */
int lk_import(lk_str source, const char *name, const struct lk_import_options *options,
	const struct lk_report *report, struct lk_imported *ret, struct lk_error *err) LK_MUST_USE;
void lk_imported_done(struct lk_imported *imported);

#endif
