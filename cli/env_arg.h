/*
 * What list, tree, why and info look at: one platform of a lock, or an environment as if it were
 * one.
 *
 * On the command line: a lock, REV:PATH of one in a git repository, an environment's folder, -p
 * PREFIX, -n NAME; without any of them env.lock in the current folder.
 */
#ifndef LK_CLI_ENV_ARG_H
#define LK_CLI_ENV_ARG_H

#include "cli/lock_arg.h"
#include "install/meta.h"

struct lk_env_options {
	const char *prefix, *name, *platform;
};

/* The rows of a command's table for FIELD of its context, a struct lk_env_options. */
#define LK_ENV_OPTION_ROWS(type, field)                                                            \
	{"prefix", 'p', LK_OPT_STRING, offsetof(type, field.prefix), "PREFIX",                     \
		"look into this environment", NULL},                                               \
		{"name", 'n', LK_OPT_STRING, offsetof(type, field.name), "NAME",                   \
			"look into this environment of the envs folder", NULL},                    \
	{                                                                                          \
		"platform", 0, LK_OPT_STRING, offsetof(type, field.platform), "P",                 \
			"this platform of the lock (default: this host's, or its only one)", NULL  \
	}

struct lk_env_arg {
	const char *path; /* of the lock or the prefix, as given */
	bool is_prefix;
	struct lk_lock_arg lock;           /* unless is_prefix */
	struct lk_prefix_records records;  /* of a prefix, by file name */
	struct lk_lock_platform installed; /* they as a platform; see lk_env_arg_read */
	const struct lk_lock_platform *platform;
};

/* Sorts ARGS, at most two words, into what is looked at and a name behind it, which *RET_NAME gets,
 * or NULL. A single word is the name when NAME_FIRST, when -p or -n is given, or when there is no
 * such file and it does not look like one (no ".lock" at its end, no colon or slash). *RET_WHAT is
 * a prefix where *RET_IS_PREFIX. LK_E_USAGE for words too many. */
int lk_env_args(struct lk_app *app, const struct lk_env_options *options,
	const struct lk_args *args, bool name_first, const char **ret_what, bool *ret_is_prefix,
	const char **ret_name, struct lk_error *err) LK_MUST_USE;

/* Reads the lock or, where IS_PREFIX, the environment WHAT and chooses the platform. Of an
 * environment `specs` are what its history, else its records, say was asked for, `pins` those of
 * conda-meta/pinned, `channel` the short name, `solved_with` the defaults for its platform;
 * packages are sorted by name. OPTIONS may be NULL: no platform of a lock is chosen then. RET is
 * safe to pass to done in any case. */
int lk_env_arg_read(struct lk_app *app, const struct lk_env_options *options, const char *what,
	bool is_prefix, struct lk_env_arg *ret, struct lk_error *err) LK_MUST_USE;
void lk_env_arg_done(struct lk_env_arg *arg);

/* Both of the above. */
int lk_env_arg_get(struct lk_app *app, const struct lk_env_options *options,
	const struct lk_args *args, bool name_first, struct lk_env_arg *ret, const char **ret_name,
	struct lk_error *err) LK_MUST_USE;

/* LK_E_FINDING: ARG has no package NAME; the hint has near names. */
int lk_env_arg_lacks(const struct lk_env_arg *arg, lk_str name, struct lk_error *err);
/* "lock" or "prefix", and "platform", into the object that W is in. */
void lk_env_arg_json(const struct lk_env_arg *arg, struct lk_jw *w);

#endif
