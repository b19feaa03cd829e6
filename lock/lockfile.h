/*
 * env.lock version 1 as a value (docs/lockfile.md): what the reader gives and the writer takes.
 *
 * Packages are struct lk_record: channel is the lock's channel name, url is filled by the reader
 * (channel url / subdir / file, or the explicit `url`). Everything is owned by the lock's arena.
 */
#ifndef LK_LOCK_LOCKFILE_H
#define LK_LOCK_LOCKFILE_H

#include "base/report.h"
#include "conda/channel.h"
#include "conda/matchspec.h"
#include "conda/record.h"
#include "conda/virtual.h"

#define LK_LOCK_VERSION 1
#define LK_LOCK_MAX_BYTES ((size_t)64 << 20)
#define LK_LOCK_MAX_DEPTH 16

struct lk_lock_variable {
	lk_str name, value;
};

struct lk_lock_platform {
	lk_str subdir;
	struct lk_str_list specs;	/* in the order given */
	struct lk_str_list pins;
	struct lk_virtuals solved_with; /* sorted by name */
	struct lk_str_list requires_depends;	/* computed; sorted, unique */
	struct lk_str_list requires_constrains; /* computed; sorted, unique */
	const struct lk_record *packages;	/* sorted by name */
	size_t n_packages;
};

struct lk_lock {
	struct lk_arena arena;
	lk_str file; /* where it was read from, for messages; empty for a new one */
	struct lk_channel *channels; /* highest priority first */
	size_t n_channels;
	lk_str channel_priority; /* "strict", "flexible" or "disabled" */
	lk_str exclude_newer;	 /* "2026-01-31T00:00:00Z" or empty */
	struct lk_lock_variable *variables; /* of environment.yml, in its order */
	size_t n_variables;
	struct lk_lock_platform *platforms; /* sorted by subdir */
	size_t n_platforms;
};

/* Reads and checks everything that the file alone tells: format, hashes, duplicates, channel names,
 * `requires` equal to what the packages say. LK_E_FORMAT at file:line:column; unknown fields are
 * warned about. SOURCE is the text, NAME the file's name. */
int lk_lock_parse(lk_str source, const char *name, const struct lk_report *report,
		struct lk_lock *ret, struct lk_error *err) LK_MUST_USE;
/* The same from a file; LK_E_NOT_FOUND when it is not there. */
int lk_lock_read(const char *path, const struct lk_report *report, struct lk_lock *ret,
		struct lk_error *err) LK_MUST_USE;
void lk_lock_done(struct lk_lock *lock);

/* The file's bytes appended to OUT. Canonical: equal values give equal bytes. Writing them to disk is
 * lk_fs_write_atomic. */
int lk_lock_write(const struct lk_lock *lock, struct lk_buf *out, struct lk_error *err) LK_MUST_USE;

/* Fills requires_depends and requires_constrains from the packages; strings owned by ARENA. */
int lk_lock_requires(struct lk_lock_platform *platform, struct lk_arena *arena,
		struct lk_error *err) LK_MUST_USE;

const struct lk_lock_platform *lk_lock_find_platform(const struct lk_lock *lock, lk_str subdir);
const struct lk_record *lk_lock_find_package(const struct lk_lock_platform *platform, lk_str name);

/* Does HOST meet what the platform requires? 0, or LK_E_HOST naming each requirement and what the
 * host has instead. */
int lk_lock_check_host(const struct lk_lock_platform *platform, const struct lk_virtuals *host,
		struct lk_error *err) LK_MUST_USE;
/* Is every dependency met by a package of the platform or a virtual one, and every constraint kept,
 * every spec answered? 0, or LK_E_FINDING with each fault told to REPORT as a warning and the first in
 * err. */
int lk_lock_check_consistent(const struct lk_lock_platform *platform,
		const struct lk_report *report, struct lk_error *err) LK_MUST_USE;

#endif
