/*
 * What changed between two locks, as a value; then as text for a reviewer or as JSON.
 *
 *     lk_lock_diff_make(&old, &new, &diff);
 *     lk_lock_diff_text(&diff, &options, &out);
 *     lk_lock_diff_done(&diff);
 *
 * The value borrows from both locks: they must outlive it. All orders are fixed: platforms by name,
 * packages by risk and then name, edits as listed in enum lk_edit_field and then as they stand in
 * the locks. No file, no network, no environment.
 */
#ifndef LK_LOCK_LOCK_DIFF_H
#define LK_LOCK_LOCK_DIFF_H

#include "base/json.h"
#include "lock/lockfile.h"

/* What changed about a package, most risky first; a package may have several. */
enum lk_change {
	LK_CHANGE_HASH,       /* same version, build and channel, other sha256 */
	LK_CHANGE_CHANNEL,    /* comes from another channel now */
	LK_CHANGE_DOWNGRADED, /* lower version */
	LK_CHANGE_LICENSE,
	LK_CHANGE_ADDED,
	LK_CHANGE_REMOVED,
	LK_CHANGE_UPGRADED, /* higher version */
	LK_CHANGE_REBUILT,  /* same version in order, other build (or other spelling) */
	LK_CHANGE_DEPENDS,  /* depends, constrains or extras of an otherwise equal package */
	LK_CHANGE_ORIGIN,   /* same content under another file name, subdir or URL, md5 or size */
	LK_CHANGE_COUNT,
};

struct lk_package_change {
	lk_str name;
	enum lk_change kind;          /* the most risky one */
	unsigned kinds;               /* a bit (1u << enum lk_change) for each */
	const struct lk_record *from; /* NULL when added */
	const struct lk_record *to;   /* NULL when removed */
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
};

struct lk_lock_edit {
	enum lk_edit_field field;
	enum lk_edit_kind kind;
	lk_str key; /* the item, or the name of a value; empty for single values and REORDERED */
	lk_str from, to; /* the value before and after, where there is one */
};

struct lk_lock_edits {
	const struct lk_lock_edit *items;
	size_t n;
};

struct lk_platform_diff {
	lk_str subdir;
	const struct lk_lock_platform *from, *to; /* NULL for a new or dropped platform */
	struct lk_lock_edits edits;
	const struct lk_package_change *changes;
	size_t n_changes;
	size_t counts[LK_CHANGE_COUNT]; /* packages by kind */
	uint64_t size_from, size_to;    /* bytes of all archives, as far as sizes are known */
	uint64_t download;              /* bytes of the archives that the old lock does not have */
};

struct lk_lock_diff {
	struct lk_arena arena;
	struct lk_lock_edits edits;               /* of the header */
	const struct lk_platform_diff *platforms; /* changed ones and unchanged ones */
	size_t n_platforms;
};

void lk_lock_diff_make(
	const struct lk_lock *from, const struct lk_lock *to, struct lk_lock_diff *ret);
void lk_lock_diff_done(struct lk_lock_diff *diff);
/* PLATFORM empty: all; else that one and the header. */
bool lk_lock_diff_is_empty(const struct lk_lock_diff *diff, lk_str platform);
bool lk_platform_diff_is_empty(const struct lk_platform_diff *diff);

/* Words for people and JSON: "upgraded", "requires.depends" … */
const char *lk_change_name(enum lk_change change);
const char *lk_edit_field_name(enum lk_edit_field field);

struct lk_diff_text_options {
	bool colour;
	bool stat;       /* counts and sizes only */
	lk_str platform; /* empty: all */
};

/* The text form appended to OUT, made for 80 columns; foreign text is escaped. "no difference\n"
 * when there is none. */
void lk_lock_diff_text(const struct lk_lock_diff *diff, const struct lk_diff_text_options *options,
	struct lk_buf *out);
/* One JSON object. PLATFORM empty: all. */
void lk_lock_diff_json(const struct lk_lock_diff *diff, lk_str platform, struct lk_jw *w);

#endif
