/*
 * The parts of `lockenv audit`: what is looked into, the machines it is held against, the telling.
 */
#ifndef LK_CLI_AUDITED_H
#define LK_CLI_AUDITED_H

#include "audit/judge.h"
#include "cli/checked.h"
#include "cli/lock_arg.h"

struct lk_audit_options {
	const char *prefix, *name, *lock, *platform, *glibc, *archspec, *cuda;
	struct lk_args from, hosts, ignores, gpus;
	bool no_cache, strict, require_signature;
};

struct lk_targets LK_VEC_OF(struct lk_target);

/* One environment: a prefix, or one platform of a lock. */
struct lk_audited {
	const char *shown; /* what it is called: the path, with the lock's name in a bundle */
	bool is_prefix;
	lk_str subdir;
	struct lk_survey survey;
	struct lk_targets targets;
	struct lk_links links;
	struct lk_flaws flaws; /* sorted as they are told */
	struct lk_highests highest;
	size_t n_elf;                                   /* files of the target's machine */
	size_t n_findings, n_hints, n_notes, n_ignored; /* flaws, one each a file */
};

/* audit_target.c: the machines that PLATFORM (of a lock, or of a prefix) is to run on: --glibc and
 * --archspec over each node of --host; else what it requires; else, of a prefix, this host. */
int lk_audit_targets(struct lk_app *app, const struct lk_audit_options *options,
	const struct lk_nodes *nodes, const struct lk_lock_platform *platform, bool is_prefix,
	struct lk_targets *ret, struct lk_error *err) LK_MUST_USE;
/* LK_E_USAGE for values of --glibc and --archspec that cannot be. */
int lk_audit_check_target(const struct lk_audit_options *options, struct lk_error *err) LK_MUST_USE;

/* The oldest version of the virtual package NAME that SPEC lets a host have; empty. */
lk_str lk_audit_lower_bound(lk_str spec, const char *name, struct lk_arena *arena);

/* audit_gpu.c: LK_E_USAGE for values of --gpu and --cuda that cannot be. */
int lk_audit_check_gpu(const struct lk_audit_options *options, struct lk_error *err) LK_MUST_USE;
/* Adds what fails on the GPUs and drivers: --gpu and --cuda over each node; else a node's own; else
 * what PLATFORM of a lock requires. */
void lk_audit_judge_gpu(const struct lk_audit_options *options, const struct lk_nodes *nodes,
	const struct lk_lock_platform *platform, struct lk_audited *audited);
/* A line for each package with device code; or the member "device_code". */
void lk_audit_tell_gpu(struct lk_app *app, const struct lk_audited *audited);
void lk_audit_put_gpu(const struct lk_audited *audited, struct lk_jw *w);

/* audit_tell.c: lines on stdout and stderr; or an object of the JSON document. */
void lk_audit_tell(struct lk_app *app, const struct lk_audited *audited);
void lk_audit_put_json(const struct lk_audited *audited, struct lk_jw *w);

#endif
