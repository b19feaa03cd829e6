/*
 * What unpack tells of a bundle without unpacking it.
 */
#ifndef LK_CLI_BUNDLE_TELL_H
#define LK_CLI_BUNDLE_TELL_H

#include "cli/app.h"
#include "store/bundle.h"

/* Its members into app->out, as a table or as JSON. */
void lk_bundle_tell_members(struct lk_app *app, const struct lk_bundle *bundle);
/* Whether the bundle PATH is whole, and what to copy again: into app->out, and app->status. */
int lk_bundle_tell_check(struct lk_app *app, const char *path, struct lk_error *err) LK_MUST_USE;

#endif
