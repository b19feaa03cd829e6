/*
 * Channels that a command is given, by the rules of conda: names of the configuration are expanded,
 * each URL counts once.
 */
#ifndef LK_CLI_CHANNELS_H
#define LK_CLI_CHANNELS_H

#include "cli/app.h"

/* LK_E_USAGE when .condarc forbids CHANNEL (allowlist_channels, denylist_channels). */
int lk_app_check_channel(
	struct lk_app *app, const struct lk_channel *channel, struct lk_error *err) LK_MUST_USE;
/* Puts what REFERENCE means behind CHANNELS, unless it is there or (LK_E_USAGE) forbidden; strings
 * owned by ARENA. */
int lk_app_add_channel(struct lk_app *app, lk_str reference, struct lk_arena *arena,
	struct lk_channels *channels, struct lk_error *err) LK_MUST_USE;

/* Appends those of the command line, GIVEN; and unless OVERRIDE, those of the configuration; and
 * when there is none at all, conda-forge. */
int lk_app_channels(struct lk_app *app, const struct lk_args *given, bool override,
	struct lk_arena *arena, struct lk_channels *channels, struct lk_error *err) LK_MUST_USE;
/* LK_E_USAGE: --override-channels leaves none. */
int lk_app_no_channel(struct lk_error *err);

#endif
