/*
 * lockenv pack --format squashfs: an environment as one image.
 */
#ifndef LK_CLI_PACK_IMAGE_H
#define LK_CLI_PACK_IMAGE_H

#include "cli/packing.h"

/* LOCKS is to be one; of the options those of bundles are refused. */
int lk_pack_image(struct lk_app *app, const struct lk_pack_options *options,
	const struct lk_args *locks, struct lk_error *err) LK_MUST_USE;

#endif
