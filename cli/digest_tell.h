/*
 * Telling the tree digest of an install that is not made; for digest and lockenv-install --digest.
 */
#ifndef LK_CLI_DIGEST_TELL_H
#define LK_CLI_DIGEST_TELL_H

#include "cli/lock_arg.h"
#include "cli/sources.h"

struct lk_digest_request {
	const struct lk_args *from;
	bool no_cache, verify, strict;
};

/* Puts the digest of PLATFORM at PREFIX, absolute, into app->out; ARG's bundle is taken. */
int lk_digest_tell(struct lk_app *app, const struct lk_digest_request *request,
	struct lk_lock_arg *arg, const struct lk_lock_platform *platform, const char *prefix,
	struct lk_error *err) LK_MUST_USE;

#endif
