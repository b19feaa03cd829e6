/*
 * The parts of `lockenv check`: the nodes that locks are held against, the environment file that a
 * lock should answer, and the telling.
 */
#ifndef LK_CLI_CHECKED_H
#define LK_CLI_CHECKED_H

#include "cli/app.h"
#include "cli/lock_arg.h"
#include "lock/check.h"

struct lk_check_options {
	const char *platform;
	const char *policy;
	struct lk_args hosts;
	struct lk_args files;
	bool strict;
};

/* A host that locks are held against. */
struct lk_node {
	const char *name; /* "this host", or the profile's file name without .json */
	const char *path; /* of the profile; NULL: this host */
	lk_str platform;  /* empty: its profile does not say */
	struct lk_virtuals virtuals;
};

struct lk_nodes {
	struct LK_VEC_OF(struct lk_node) list;
	bool implied; /* nobody asked for this host: it counts where the lock is for its platform */
	bool fleet;   /* told one by one, even those that fit */
};

/* check_nodes.c: what --host names. RET is safe to pass to done in any case. */
int lk_check_nodes_read(struct lk_app *app, const struct lk_check_options *options,
	struct lk_nodes *ret, struct lk_error *err) LK_MUST_USE;
void lk_check_nodes_done(struct lk_nodes *nodes);

enum lk_fit {
	LK_FIT_YES,
	LK_FIT_NO,
	LK_FIT_NOT_JUDGED, /* --platform asks for another than the node's */
};

/* One thing that a node lacks. */
struct lk_lack {
	lk_str requirement, package;
	lk_str has; /* empty: nothing */
};

struct lk_verdict {
	const struct lk_node *node;
	enum lk_fit fit;
	lk_str platform; /* of the lock, that was looked at */
	lk_str why;      /* where it does not fit or was not judged; a phrase */
	lk_str hint;
	struct LK_VEC_OF(struct lk_lack) lacks;
};

/* All that is known of one lock. */
struct lk_checked {
	struct lk_lock_arg arg;
	struct lk_findings findings;
	struct LK_VEC_OF(struct lk_verdict) verdicts;
	const char *file; /* the environment file it was held against, or NULL */
	size_t n_unfit;
};

/* check_nodes.c: fills the verdicts. */
int lk_check_nodes_judge(struct lk_app *app, const struct lk_check_options *options,
	const struct lk_nodes *nodes, struct lk_checked *checked, struct lk_error *err) LK_MUST_USE;

/* check_file.c: holds the lock against -f, else against the environment file beside it, if there is
 * one of its name. */
int lk_check_file(struct lk_app *app, const struct lk_check_options *options,
	struct lk_checked *checked, struct lk_error *err) LK_MUST_USE;

/* check_tell.c: lines on stdout and stderr; or an object of the JSON document. */
void lk_check_tell(struct lk_app *app, const struct lk_check_options *options,
	const struct lk_nodes *nodes, const struct lk_checked *checked);
void lk_check_put_json(
	const struct lk_check_options *options, const struct lk_checked *checked, struct lk_jw *w);
/* "linux-64: hello: depends on 'x', but …" */
void lk_check_put_finding(
	const struct lk_finding *finding, size_t max_packages, struct lk_buf *out);

#endif
