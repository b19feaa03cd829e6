/*
 * Installing: make PREFIX equal to one platform of a lock, from the cache alone. A cache that has
 * no folder to write into keeps nothing: what it has no tree of is extracted beside the prefix, and
 * moved from there into the new tree.
 *
 * The order of steps (each a file of its own): trees ready -> plan -> stage beside the prefix ->
 * swap. Nothing of the old prefix changes until the one rename that makes the new one current.
 */
#ifndef LK_INSTALL_INSTALL_H
#define LK_INSTALL_INSTALL_H

#include "base/report.h"
#include "conda/channel.h"
#include "conda/record.h"
#include "install/env_vars.h"
#include "install/plan.h"
#include "install/scripts.h"
#include "store/cache.h"
#include "store/tree.h"

enum lk_link_mode {
	LK_LINK_AUTO, /* hard link, reflink, copy: the first that works */
	LK_LINK_HARD,
	LK_LINK_REFLINK,
	LK_LINK_COPY,
	LK_LINK_SYMLINK,
	LK_LINK_MOVE, /* not to be asked for: of trees that are this run's alone */
};
#define LK_LINK_WAYS (LK_LINK_MOVE + 1)

struct lk_install_options {
	enum lk_link_mode link;
	bool compile; /* pyc of noarch python packages */
	bool run_link_scripts;
	struct lk_str_list
		link_scripts; /* with run_link_scripts: of these packages only; empty: all */
	const struct lk_env_var *variables; /* that the lock sets, for conda-meta/state; borrowed */
	size_t n_variables;
	const char *const *script_env; /* what they inherit, NULL-ended; NULL: nothing */
	bool strict, verify, safety_warn;
	bool dry_run;
	bool override_frozen;     /* change what conda-meta/frozen forbids to change (CEP 22) */
	bool in_place;            /* exchange what is in the prefix, not the prefix */
	bool keep_previous;       /* the previous tree stays beside the prefix, for a rollback */
	unsigned jobs;            /* 0: as many as processors */
	unsigned wait;            /* seconds, for another install into the prefix to end */
	lk_str subdir;            /* the lock's platform */
	struct lk_str_list specs; /* of the lock, for conda-meta/history; borrowed */
	/* Absolute; NULL: PREFIX. What is written into files in its place: the tree will be moved
	 * or mounted there. */
	const char *final_prefix;
	struct lk_arena
		*arena; /* for what is told of single packages and files; NULL: nothing is */
	/* Hex; when not empty, LK_E_INTEGRITY before anything is changed unless the new tree has
	 * this digest. */
	lk_str expect;
	bool mend;     /* records of the old prefix that cannot be read are as if not there */
	uint64_t when; /* time of the revision in conda-meta/history, seconds since 1970 */
	int64_t now;   /* seconds since 1970, for the cache to note what is used; 0: it does not */
};

/* What becomes, or would become, of one package. */
struct lk_install_step {
	enum lk_plan_action action;
	lk_str name;
	lk_str from_version, from_build; /* empty for ADD */
	lk_str to_version, to_build;     /* empty for REMOVE */
	lk_str fault; /* RELINK: a file of it that was changed or is missing; else empty */
	bool missing;
};

struct lk_install_result {
	bool unchanged; /* nothing was to do */
	/* Packages. Relinked: the archive is the installed one, but its files came from the cache
	 * again. */
	size_t added, removed, kept, relinked, replaced;
	size_t files; /* linked or written */
	/* How most files came, static (lk_link_name); NULL: none came. */
	const char *link_mode;
	size_t linked[LK_CACHE_MAX_LAYERS]
		     [LK_LINK_WAYS]; /* files, by layer and enum lk_link_mode */
	char tree_digest[LK_HEX_MAX];
	size_t skipped_scripts; /* link scripts that did not run */
	/* With options.arena, which owns them: each package, by name (none when unchanged); and the
	 * records whose archive or tree is needed. */
	const struct lk_install_step *steps;
	size_t n_steps;
	const struct lk_record *needed;
	size_t n_needed;
	const struct lk_script *scripts; /* that did not run, skipped_scripts of them */
	/* Of a dry run: paths of files that the user changed, which are kept aside. */
	struct lk_str_list kept_aside;
};

/* PREFIX is an absolute path. RECORDS are the lock's packages for the platform, sorted by name;
 * LOCK_DIGEST its sha256 for the stamp. Codes: OFFLINE, INTEGRITY, HOST, FS, INTERRUPTED, and USAGE
 * for a prefix that exists and is not an environment of ours. On any failure PREFIX is what it was;
 * should it be impossible to put it back, a warning tells where it is kept.
 */
int lk_install(struct lk_cache *cache, const char *prefix, const struct lk_record *records,
	size_t n_records, const struct lk_channel *channels, size_t n_channels,
	const struct lk_sha256 *lock_digest, const struct lk_install_options *options,
	const struct lk_report *report, struct lk_install_result *ret,
	struct lk_error *err) LK_MUST_USE;

/* The tree digest that lk_install would end with at PREFIX, which is not looked at; nothing is
 * written but trees: into the cache or, where that is only read, into SCRATCH. OPTIONS: strict,
 * verify, safety_warn, jobs, subdir, specs and now. *RET: tree_digest and files, compiled ones not
 * counted. Codes and warnings as of lk_install. */
int lk_install_predict(struct lk_cache *cache, const char *prefix, const struct lk_record *records,
	size_t n_records, const struct lk_channel *channels, size_t n_channels,
	const struct lk_install_options *options, const struct lk_tree_place *scratch,
	const struct lk_report *report, struct lk_install_result *ret,
	struct lk_error *err) LK_MUST_USE;

#endif
