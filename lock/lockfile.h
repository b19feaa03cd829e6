/*
 * env.lock version 1 as a value (docs/lockfile.md): what the reader gives and the writer takes.
 *
 * Packages are struct lk_record: channel is the lock's channel name, url is filled by the reader
 * (channel url / subdir / file, or the explicit `url`). What the format does not hold is zero:
 * build number, noarch kind, time stamp, track_features, flags. Everything is owned by the lock's
 * arena; what was read borrows its texts from the file's text.
 *
 *     lk_lock_parse(text, "env.lock", report, &lock, err);
 *     lk_lock_find_platform(&lock, LK_STR("linux-64"));
 *     lk_lock_done(&lock);
 *
 *     lk_lock_init(&lock, channels, n, priority);
 *     lk_lock_add_platform(&lock, &input, err);
 *     lk_lock_write(&lock, &bytes, err);
 *     lk_lock_done(&lock);
 *
 * What is read is untrusted: names, file names and URLs that could lead out of their place are
 * refused here, so users of a lock need not look again.
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
	struct lk_str_list specs; /* in the order given */
	struct lk_str_list pins;
	struct lk_virtuals solved_with;         /* sorted by name */
	struct lk_str_list requires_depends;    /* computed; sorted, unique */
	struct lk_str_list requires_constrains; /* computed; sorted, unique */
	const struct lk_record *packages;       /* sorted by name */
	size_t n_packages;
};

struct lk_lock {
	struct lk_arena arena;
	lk_str file;                 /* where it was read from, for messages; empty for a new one */
	struct lk_channel *channels; /* highest priority first */
	size_t n_channels;
	lk_str channel_priority;            /* "strict", "flexible" or "disabled" */
	lk_str exclude_newer;               /* "2026-01-31T00:00:00Z" or empty */
	struct lk_lock_variable *variables; /* of environment.yml, in its order */
	size_t n_variables;
	struct lk_lock_platform *platforms; /* sorted by subdir */
	size_t n_platforms;
};

/* Reads and checks everything that the file alone tells: format, hashes, duplicates, channel names,
 * `requires` equal to what the packages say. LK_E_FORMAT at file:line:column; unknown fields are
 * warned about. SOURCE is the text, which must stay as it is while the lock lives (texts of the
 * lock are views into it, not NUL-ended), NAME the file's name. Packages and platforms that stand
 * out of order are put in order. Text with credentials in a URL is refused without being shown. */
int lk_lock_parse(lk_str source, const char *name, const struct lk_report *report,
	struct lk_lock *ret, struct lk_error *err) LK_MUST_USE;
void lk_lock_done(struct lk_lock *lock);

/* An empty lock for CHANNELS (highest priority first; names and `url` are copied, never
 * `auth_url`). PRIORITY is "strict", "flexible" or "disabled". exclude_newer and variables may be
 * set afterwards; their text must live in the lock's arena. */
void lk_lock_init(
	struct lk_lock *ret, const struct lk_channel *channels, size_t n_channels, lk_str priority);

/* The answer for one platform, all borrowed. */
struct lk_lock_input {
	lk_str subdir;
	struct lk_str_list specs; /* in the order given */
	struct lk_str_list pins;
	const struct lk_virtuals *solved_with;  /* sorted by name */
	const struct lk_record *const *records; /* any order, one a name */
	const struct lk_str_list *extras; /* beside them, or NULL: the records' own active_extras */
	size_t n_records;
};

/* Copies the platform into the lock, `requires` computed. The dependencies that a package's active
 * extras bring are appended to its `depends`, so that the lock explains itself. LK_E_INTEGRITY for
 * a record without sha256, LK_E_USAGE when the platform is there already. */
int lk_lock_add_platform(
	struct lk_lock *lock, const struct lk_lock_input *input, struct lk_error *err) LK_MUST_USE;

/* The file's bytes appended to OUT. Canonical: equal values give equal bytes. LK_E_FORMAT, and OUT
 * as it was, for a value that the reader would refuse. Writing to disk is lk_fs_write_atomic. */
int lk_lock_write(const struct lk_lock *lock, struct lk_buf *out, struct lk_error *err) LK_MUST_USE;

/* Fills requires_depends and requires_constrains from the packages: the specs on virtual packages
 * as they stand there, white space made single; strings owned by ARENA. */
void lk_lock_requires(struct lk_lock_platform *platform, struct lk_arena *arena);

/* NULL when it is not there. */
const struct lk_lock_platform *lk_lock_find_platform(const struct lk_lock *lock, lk_str subdir);
const struct lk_record *lk_lock_find_package(const struct lk_lock_platform *platform, lk_str name);

/* What a host lacks of what the platform requires. */
struct lk_lock_unmet {
	lk_str requirement;
	lk_str package;               /* the first that asks for it */
	const struct lk_virtual *has; /* what the host has under that name; NULL: nothing */
	lk_str name;                  /* of the virtual package */
};
typedef void lk_lock_unmet_fn(void *ctx, const struct lk_lock_unmet *unmet);

/* Calls FN for each requirement that HOST does not meet: a `depends` must be there and match, a
 * `constrains` must match if there; conditions (CEP 43) look at the host and the lock's packages.
 * In the order of the lock. LK_E_FORMAT for a requirement that is no spec. */
int lk_lock_each_unmet(const struct lk_lock_platform *platform, const struct lk_virtuals *host,
	lk_lock_unmet_fn *fn, void *ctx, struct lk_error *err) LK_MUST_USE;
/* Does any requirement have to do with the host's GPU driver (__cuda, __cuda_arch)? */
bool lk_lock_asks_for_driver(const struct lk_lock_platform *platform);
/* "__cuda >=12.9 (asked for by cuda-version; WHO has 12.6)" */
void lk_lock_put_unmet(const struct lk_lock_unmet *unmet, const char *who, struct lk_buf *out);
/* Sets the hint: what to do about HOST where NAME is unmet; first of all, how to lock for it. */
void lk_lock_hint_host(const struct lk_virtuals *host, lk_str name, struct lk_error *err);
/* 0, or LK_E_HOST naming each of these and what the host has instead; LK_E_FORMAT as above. */
int lk_lock_check_host(const struct lk_lock_platform *platform, const struct lk_virtuals *host,
	struct lk_error *err) LK_MUST_USE;

/* Where a platform does not hold together. */
enum lk_lock_fault_kind {
	LK_LOCK_FAULT_SPEC,       /* a spec is not answered */
	LK_LOCK_FAULT_PIN,        /* a pin is not kept */
	LK_LOCK_FAULT_MISSING,    /* nothing of a dependency's name is there */
	LK_LOCK_FAULT_UNMET,      /* something is, but it does not match */
	LK_LOCK_FAULT_CONSTRAINT, /* what a package allows only is not so */
};
struct lk_lock_fault {
	enum lk_lock_fault_kind kind;
	lk_str package;   /* whose dependency or constraint; empty for specs and pins */
	const char *text; /* what a sentence goes on with: "depends on 'x >=2', but …" */
};
typedef void lk_lock_fault_fn(void *ctx, const struct lk_lock_fault *fault);

/* Calls FN for each fault, in the order of the lock: is every dependency met by a package of the
 * platform or by a virtual one of solved_with, every constraint and pin kept, every spec answered?
 * Keys that a lock does not hold (build_number, flags, track_features, license_family) are not
 * judged. */
void lk_lock_each_fault(const struct lk_lock_platform *platform, lk_lock_fault_fn *fn, void *ctx);
/* 0, or LK_E_FINDING with each fault told to REPORT as a warning and the first in err. */
int lk_lock_check_consistent(const struct lk_lock_platform *platform,
	const struct lk_report *report, struct lk_error *err) LK_MUST_USE;

#endif
