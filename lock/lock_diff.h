/*
 * What changed between two locks, as a value; then as text for a reviewer or as JSON.
 *
 *     lk_lock_diff_make(&old, &new, &(struct lk_diff_options){...}, &diff);
 *     lk_lock_diff_text(&diff, &options, &out);
 *     lk_lock_diff_done(&diff);
 *
 * The value borrows from both locks: they must outlive it. Every change has a kind, every kind a
 * severity; a package may have several kinds, of which the most risky leads. All orders are fixed:
 * platforms by name, packages by risk and then name, edits as listed in enum lk_edit_field and then
 * as they stand in the locks. No file, no network, no environment.
 *
 * For people, changes that several platforms share are told once: see lock/lock_diff_group.h.
 */
#ifndef LK_LOCK_LOCK_DIFF_H
#define LK_LOCK_LOCK_DIFF_H

#include "base/json.h"
#include "lock/lockfile.h"

enum lk_severity {
	LK_SEVERITY_CRITICAL,
	LK_SEVERITY_HIGH,
	LK_SEVERITY_MEDIUM,
	LK_SEVERITY_LOW,
	LK_SEVERITY_INFO,
	LK_SEVERITY_COUNT,
};

/* The kinds of change, most risky first: the order of everything that is shown, and the words of a
 * policy (lk_change_name). */
enum lk_change {
	/* critical */
	LK_CHANGE_HASH, /* same version, build, channel and archive format, other sha256 */
	/* high */
	LK_CHANGE_CUDA,    /* a CUDA build where there was none, or the other way round */
	LK_CHANGE_CHANNEL, /* a package's channel; the lock's channels, their order, priority */
	LK_CHANGE_SCRIPTS, /* has link scripts that the old one has not, as far as known */
	LK_CHANGE_GPU,     /* by the facts: no code any more for a GPU that there was some for */
	LK_CHANGE_GLIBC,   /* by the facts: takes a newer C library */
	LK_CHANGE_REQUIREMENT, /* a host that was good enough may not be any more */
	/* medium */
	LK_CHANGE_DOWNGRADED, /* lower version */
	LK_CHANGE_REMOVED,
	LK_CHANGE_LICENSE,
	LK_CHANGE_REPACKED,         /* same build, other archive format (.tar.bz2, .conda) */
	LK_CHANGE_VARIABLES,        /* environment variables of the header */
	LK_CHANGE_PLATFORM_REMOVED, /* the whole platform */
	LK_CHANGE_MAJOR,            /* upgrade: the epoch or the first number of the version */
	/* low */
	LK_CHANGE_MINOR, /* upgrade: the second number */
	LK_CHANGE_PATCH, /* upgrade: anything after it */
	LK_CHANGE_ADDED,
	LK_CHANGE_PLATFORM_ADDED,
	LK_CHANGE_REBUILT, /* same version in order, other build (or other spelling) */
	/* info */
	LK_CHANGE_DEPENDS,  /* depends, constrains or extras of an otherwise equal package */
	LK_CHANGE_FACTS,    /* other facts, neither of the above */
	LK_CHANGE_ORIGIN,   /* the file's name, subdir, address, md5 or size */
	LK_CHANGE_SPECS,    /* specs and pins */
	LK_CHANGE_SETTINGS, /* solved-with, exclude-newer, a requirement that fell, a channel's name
			     */
	LK_CHANGE_COUNT,
};

/* A line of the locks outside the packages. */
enum lk_edit_field {
	LK_EDIT_REQUIRES_DEPENDS,
	LK_EDIT_REQUIRES_CONSTRAINS,
	LK_EDIT_SPECS,
	LK_EDIT_PINS,
	LK_EDIT_SOLVED_WITH,
	LK_EDIT_CHANNELS,
	LK_EDIT_CHANNEL_PRIORITY,
	LK_EDIT_EXCLUDE_NEWER,
	LK_EDIT_VARIABLES,
};
enum lk_edit_kind {
	LK_EDIT_ADDED,
	LK_EDIT_REMOVED,
	LK_EDIT_CHANGED,
	LK_EDIT_REORDERED, /* the same items in another order, where order means something */
	LK_EDIT_RENAMED,   /* a channel: KEY is its URL, FROM and TO are its names */
};

struct lk_lock_edit {
	enum lk_edit_field field;
	enum lk_edit_kind kind;
	enum lk_change change; /* what that is; LK_CHANGE_COUNT for both fields of requires, which
				  the requirements judge */
	/* The item, or the name of a value (of a CHANGED spec or pin: its package); empty for
	 * single values and REORDERED. */
	lk_str key;
	lk_str from, to; /* the value before and after, where there is one */
};

struct lk_lock_edits {
	const struct lk_lock_edit *items;
	size_t n;
};

/* What the lock asks of a virtual package, where that changed. */
struct lk_requirement_change {
	lk_str name; /* "__cuda" */
	bool rose;   /* some host that met it before may not meet it now; else it fell */
	bool had_to_be_there, must_be_there; /* else it is only about hosts that have it */
	lk_str from, to; /* the spec that asks for most, before and after; empty: none */
	/* A package that has this spec, of the new platform (of the old one when TO is empty), the
	 * changed ones first, and how many have it. */
	const struct lk_record *by;
	size_t n_by;
};

/* Why a package is there: the shortest way from it to a spec. */
struct lk_way {
	lk_str name;
	lk_str spec;                    /* of the platform; empty: none leads to it */
	const struct lk_way *needed_by; /* NULL: the spec asks for it itself */
};

enum lk_scripts {
	LK_SCRIPTS_UNKNOWN,
	LK_SCRIPTS_NONE,
	LK_SCRIPTS_SOME,
};

struct lk_package_change {
	lk_str name;
	enum lk_change kind;          /* the most risky one */
	unsigned kinds;               /* a bit (1u << enum lk_change) for each */
	const struct lk_record *from; /* NULL when added */
	const struct lk_record *to;   /* NULL when removed */
	bool has_growth;              /* sizes are known */
	int64_t growth;               /* bytes of the archive more than before */
	/* Of the new lock, of the old one when removed; NULL for a diff without reasons. */
	const struct lk_way *way;
	/* The change of a spec or pin that explains this one; NULL: none does by itself. */
	const struct lk_lock_edit *edit;
	/* The package whose change rules out the old state, or asks for the new one; NULL: none. */
	const struct lk_package_change *because;
	/* Of the archives before and after. NONE where there is none. UNKNOWN where nobody asked.
	 */
	enum lk_scripts scripts_from, scripts_to;
	bool to_cuda; /* LK_CHANGE_CUDA: the new one has CUDA */
};

struct lk_platform_diff {
	lk_str subdir;
	const struct lk_lock_platform *from, *to; /* NULL for a new or dropped platform */
	struct lk_lock_edits edits;
	const struct lk_requirement_change *requirements; /* by name */
	size_t n_requirements;
	/* Empty for a new or dropped platform, whose packages from and to have (but see
	 * whole_platforms). */
	const struct lk_package_change *changes;
	size_t n_changes;
	size_t counts[LK_CHANGE_COUNT]; /* packages by their leading kind */
	uint64_t size_from, size_to;    /* bytes of all archives, as far as sizes are known */
	uint64_t download;              /* bytes of the archives that the old lock does not have */
};

struct lk_lock_diff {
	struct lk_arena arena;
	struct lk_lock_edits edits;               /* of the header */
	const struct lk_platform_diff *platforms; /* changed ones and unchanged ones */
	size_t n_platforms;
	bool knows_scripts;       /* somebody was there to ask */
	size_t n_scripts_unknown; /* new archives of which that somebody did not know */
};

struct lk_diff_options {
	lk_str platform;      /* only this platform and the header; empty: all */
	bool no_reasons;      /* leaves out way, edit and because: quicker */
	bool whole_platforms; /* every package of a new platform is ADDED, of a dropped one REMOVED
			       */
	/* Whether the archive of a record has link scripts; asked for new contents and what they
	 * replace. NULL: not known. */
	enum lk_scripts (*scripts)(void *ctx, const struct lk_record *record);
	void *ctx;
};

/* OPTIONS may be NULL. */
void lk_lock_diff_make(const struct lk_lock *from, const struct lk_lock *to,
	const struct lk_diff_options *options, struct lk_lock_diff *ret);
void lk_lock_diff_done(struct lk_lock_diff *diff);
bool lk_lock_diff_is_empty(const struct lk_lock_diff *diff);
bool lk_platform_diff_is_empty(const struct lk_platform_diff *diff);

/* How often CHANGE occurs at all in the header or on the platform, not only as the leading kind:
 * what a policy asks. */
size_t lk_lock_edits_count(const struct lk_lock_edits *edits, enum lk_change change);
size_t lk_platform_diff_count(const struct lk_platform_diff *platform, enum lk_change change);

enum lk_severity lk_change_severity(enum lk_change change);
/* Words for JSON and policies: "hash-changed", "upgraded-major", "requires.depends", "critical". */
const char *lk_change_name(enum lk_change change);
/* For people: "same version, other hash". */
const char *lk_change_title(enum lk_change change);
const char *lk_edit_field_name(enum lk_edit_field field);
const char *lk_edit_kind_name(enum lk_edit_kind kind);
const char *lk_severity_name(enum lk_severity severity);
/* The kind of that name; LK_CHANGE_COUNT when there is none. */
enum lk_change lk_change_of(lk_str name);
static inline enum lk_change lk_requirement_kind(const struct lk_requirement_change *requirement)
{
	return requirement->rose ? LK_CHANGE_REQUIREMENT : LK_CHANGE_SETTINGS;
}
static inline bool lk_package_has(const struct lk_package_change *change, enum lk_change kind)
{
	return change->kinds >> kind & 1u;
}

struct lk_diff_text_options {
	bool colour;
	bool stat; /* counts and sizes only */
};

/* The text form appended to OUT, within 80 columns; foreign text is escaped. "no difference\n"
 * when there is none. */
void lk_lock_diff_text(const struct lk_lock_diff *diff, const struct lk_diff_text_options *options,
	struct lk_buf *out);
/* One JSON object; or its members, into one that is open. */
void lk_lock_diff_json(const struct lk_lock_diff *diff, struct lk_jw *w);
void lk_lock_diff_json_members(const struct lk_lock_diff *diff, struct lk_jw *w);

#endif
