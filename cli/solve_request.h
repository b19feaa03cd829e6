/*
 * What is to be solved: command line, environment files, the existing lock, configuration and
 * defaults joined by the precedence of the contract (docs/lockfile.md).
 */
#ifndef LK_CLI_SOLVE_REQUEST_H
#define LK_CLI_SOLVE_REQUEST_H

#include "base/map.h"
#include "cli/app.h"
#include "conda/envspec.h"
#include "conda/reach.h"
#include "lock/lockfile.h"
#include "resolver/task.h"

struct lk_solve_options {
	struct lk_args files, channels, platforms, virtuals, update, pins, repodata_fns;
	const char *output;
	/* The existing lock where the caller has read it and only looks: borrowed, and what stands
	 * in the way of a solve alone is let pass. Else NULL. */
	const struct lk_lock *lock;
	const char *host;
	const char *cuda, *cuda_arch, *glibc, *archspec;
	const char *channel_priority;
	const char *exclude_newer;
	bool update_all, locked, offline, dry_run, override_channels, without_pip;
	bool channel_relations;
};

struct lk_solve_target {
	lk_str subdir;
	struct lk_strs specs; /* in the order given */
	struct lk_strs pins;
	struct lk_virtuals virtuals;
};

/* A package that specs name by its address. */
struct lk_solve_artifact {
	struct lk_artifact address;
	const struct lk_matchspec *spec; /* that named it first; its hashes must be the bytes' */
	unsigned channel;                /* index into all_channels */
	struct lk_record record;         /* filled by lk_solve_load_artifacts */
};

struct lk_solve_edit;

struct lk_solve_request {
	struct lk_arena arena;
	const struct lk_solve_edit *edit; /* of the file, or of the lock's specs; NULL: none */
	const char *output;               /* the lock's path, as given */
	const char *target; /* the file that it stands for: output with its symlinks followed */
	bool has_old;
	bool borrows_old;
	struct lk_lock old; /* the existing lock, when has_old */
	struct lk_buf old_text;
	lk_str alias;
	struct lk_channels channels;
	struct lk_channels all_channels; /* these, then those that only artifacts lie in */
	struct lk_solve_artifacts LK_VEC_OF(struct lk_solve_artifact) artifacts;
	struct lk_map artifact_index; /* URL to index */
	bool explicit_list;           /* an @EXPLICIT file: its packages alone, no channels */
	uint64_t relations_depth;     /* CEP 42: how far relations of channels are followed */
	struct lk_strs repodata_fns;  /* file names to be tried; the last is repodata.json */
	enum lk_channel_priority priority;
	uint64_t exclude_newer;       /* ms; 0: none */
	struct lk_strs update;        /* names whose locked record is not kept */
	struct lk_matchspecs demands; /* what some of these must match */
	bool update_all;
	struct lk_lock_variable *variables;
	size_t n_variables;
	struct lk_solve_target *targets; /* sorted by subdir */
	size_t n_targets;
	struct lk_envspec *files;
	size_t n_files;
	struct lk_strs pip; /* requirements of the files that were left to pip (--without-pip) */
};

/* RET must be zeroed, but for `edit`; pass it to lk_solve_request_done whatever comes back. */
int lk_solve_request_make(struct lk_app *app, const struct lk_solve_options *options,
	const struct lk_args *specs, struct lk_solve_request *ret,
	struct lk_error *err) LK_MUST_USE;
void lk_solve_request_done(struct lk_solve_request *request);

/* environment.yml in the folder of the lock OUTPUT; NUL-ended, owned by ARENA. */
const char *lk_solve_file_beside(const char *output, struct lk_arena *arena);
/* What PATH stands for, its symlinks followed; owned by ARENA, or PATH itself. */
const char *lk_solve_follow_links(const char *path, struct lk_arena *arena);
/* Does SPEC say a name and nothing more? */
bool lk_solve_is_bare(const struct lk_matchspec *spec);
/* Puts NAMES in bytewise order, each once. */
void lk_solve_sort_names(struct lk_strs *names);
const char *lk_priority_text(enum lk_channel_priority priority);

#endif
