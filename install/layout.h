/*
 * The new tree as a value: every path that the packages bring, where it comes from, and who wins
 * where two bring the same (install/clobber.h). Sorted so that a directory's content follows it:
 * '/' sorts before every other byte. Touches no disk.
 */
#ifndef LK_INSTALL_LAYOUT_H
#define LK_INSTALL_LAYOUT_H

#include "conda/package.h"
#include "conda/prefix_record.h"
#include "install/noarch.h"
#include "store/tree.h"

struct lk_layout_package {
	struct lk_record record; /* the locked one, completed from the archive's index.json */
	const struct lk_package *package;    /* of its tree; NULL for one that is kept */
	const struct lk_tree_file *files;    /* of its tree: what lies there; NULL: not known */
	const struct lk_prefix_record *kept; /* its files are taken from the old prefix; or NULL */
	const bool *mend; /* of `kept`: for each of its paths, whether it is made anew */
	uint32_t rank;    /* in link order: of two that bring one path the higher wins */
};

enum lk_entry_kind {
	LK_ENTRY_FILE,    /* as in the archive */
	LK_ENTRY_PATCHED, /* with the prefix written into it */
	LK_ENTRY_SOFTLINK,
	LK_ENTRY_DIRECTORY,
	LK_ENTRY_SCRIPT, /* an entry point's */
	LK_ENTRY_PYC,    /* to be compiled */
};

struct lk_entry {
	lk_str path; /* in the prefix */
	enum lk_entry_kind kind;
	uint32_t package;                         /* index */
	const struct lk_package_path *source;     /* NULL for SCRIPT; the .py file's for PYC */
	const struct lk_entry_point *entry_point; /* SCRIPT */
	lk_str compiled_from; /* PYC, a kept one too: where the package means its source to be */
	bool lost;            /* not in the new tree at all: another file is at this path */
	/* Not empty: another package's file is there, this one is parked at `path` instead. */
	lk_str original_path;
	const struct lk_prefix_path *kept; /* what the old prefix has of it; of a kept package */
	lk_str target; /* SOFTLINK: the link's text, where it is known; owned by the package */
	bool mend;     /* of `kept`: the file's mode is wrong, or the link is not there */
	/* Known once staged: */
	bool present;
	unsigned mode;           /* 0644 or 0755 */
	struct lk_sha256 sha256; /* as it lies in the prefix */
	uint64_t size;
};

struct lk_layout {
	struct lk_arena arena;
	const struct lk_layout_package *packages; /* borrowed */
	size_t n_packages;
	lk_str subdir, prefix;
	bool has_python;
	struct lk_python python;
	struct lk_entry *entries;
	size_t n_entries;
};

/* Bytewise, but '/' before every other byte. */
int lk_path_order(lk_str a, lk_str b);
/* How entries are sorted, for qsort and bsearch: by path, package and kind. */
int lk_entry_order(const void *a, const void *b);

/* COMPILE adds the pyc files of noarch python packages. PACKAGES sorted by name. LK_E_INTEGRITY for
 * a path that would leave the prefix, a softlink that wants a placeholder replaced, and a noarch
 * python package without a locked python. */
int lk_layout_make(const struct lk_layout_package *packages, size_t n_packages, lk_str prefix,
	lk_str subdir, bool compile, struct lk_layout *ret, struct lk_error *err) LK_MUST_USE;
void lk_layout_done(struct lk_layout *layout);

#endif
