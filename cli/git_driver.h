/*
 * Making git use lockenv for locks: its configuration, and the attributes that name the files.
 */
#ifndef LK_CLI_GIT_DRIVER_H
#define LK_CLI_GIT_DRIVER_H

#include "cli/app.h"

enum lk_git_driver {
	LK_GIT_DRIVER_MERGE, /* merge.lockenv.driver */
	LK_GIT_DRIVER_DIFF,  /* diff.lockenv.command */
};

struct lk_git_driver_options {
	bool global;             /* for every repository of this user */
	struct lk_args patterns; /* of file names; none: env.lock, *.env.lock, *-env.lock */
};

/* Rows of the option table of a command whose context CONTEXT holds these options as MEMBER. */
#define LK_GIT_DRIVER_OPTIONS(context, member)                                                     \
	{"global", 0, LK_OPT_FLAG, offsetof(context, member.global), NULL,                         \
		"with --install-git-driver: in every repository of this user", NULL},              \
	{                                                                                          \
		"pattern", 0, LK_OPT_LIST, offsetof(context, member.patterns), "GLOB",             \
			"with --install-git-driver: these files (default: env.lock, "              \
			"*.env.lock, *-env.lock); repeatable",                                     \
			NULL                                                                       \
	}

/* Writes configuration and attributes, keeping what is there, and tells what it did. Doing it again
 * changes nothing. LK_E_USAGE outside a work tree (unless global). */
int lk_git_driver_install(struct lk_app *app, enum lk_git_driver which,
	const struct lk_git_driver_options *options, struct lk_error *err) LK_MUST_USE;

#endif
