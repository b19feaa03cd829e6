/*
 * A node's profile: what `info --json` says on it, for commands that run elsewhere.
 *
 *     {"platform": "linux-64",
 *      "virtual_packages": [{"name": "__glibc", "version": "2.28", "build": "0"}, …], …}
 *
 * Other members are not looked at. Nothing in it names the node: that is the file's name.
 */
#ifndef LK_CONDA_PROFILE_H
#define LK_CONDA_PROFILE_H

#include "conda/virtual.h"

#define LK_PROFILE_MAX_BYTES ((size_t)1 << 20)

struct lk_profile {
	lk_str platform; /* empty: it does not say */
	struct lk_virtuals virtuals;
};

/* NAME is the file's, for errors: LK_E_FORMAT with its line and column. Texts are owned by ARENA.
 * RET may be passed to done in any case. */
int lk_profile_parse(lk_str text, const char *name, struct lk_arena *arena, struct lk_profile *ret,
	struct lk_error *err) LK_MUST_USE;
/* LK_E_USAGE when there is no file PATH. */
int lk_profile_read(const char *path, struct lk_arena *arena, struct lk_profile *ret,
	struct lk_error *err) LK_MUST_USE;
void lk_profile_done(struct lk_profile *profile);

#endif
