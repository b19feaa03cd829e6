/*
 * What an environment says of itself, for its smoke test: what it was installed from, what it asks
 * of the driver, and which package each library came with.
 */
#ifndef LK_CLI_SMOKE_ORIGIN_H
#define LK_CLI_SMOKE_ORIGIN_H

#include "cli/app.h"
#include "install/meta.h"
#include "smoke/smoke.h"

struct lk_smoke_origin {
	struct lk_prefix_records records; /* none for a folder without conda-meta */
	const char
		*needs_cuda; /* all that the packages ask of __cuda, ">=12,<13"; "" for nothing */
	lk_str platform, lock, tree_digest; /* of the installer's stamp; empty without one */
};

/* Reads it from PREFIX; nothing for NULL, and for a folder that is not there. A damaged record is
 * passed over with a warning. Strings are owned by the app's arena; RET is safe to pass to done in
 * any case. */
int lk_smoke_origin_read(struct lk_app *app, const char *prefix, struct lk_smoke_origin *ret,
	struct lk_error *err) LK_MUST_USE;
void lk_smoke_origin_done(struct lk_smoke_origin *origin);

/* Fills in what RESULT's receipt tells of it. Strings are the app's and the origin's. */
void lk_smoke_origin_tell(
	struct lk_app *app, const struct lk_smoke_origin *origin, struct lk_smoke_result *result);

#endif
