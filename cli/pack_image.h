/*
 * lockenv pack --format squashfs: an environment as one image.
 */
#ifndef LK_CLI_PACK_IMAGE_H
#define LK_CLI_PACK_IMAGE_H

#include "cli/app.h"
#include "cli/lock_arg.h"

struct lk_pack_image {
	const char *lock, *output, *prefix;
	const char *platform;    /* NULL: this host's, or the only one */
	const char *compression; /* NULL: mksquashfs's zstd */
	struct lk_args from;     /* borrowed: folders of archives */
	bool fetch, dry_run, no_compile;
};

int lk_pack_image(
	struct lk_app *app, const struct lk_pack_image *request, struct lk_error *err) LK_MUST_USE;

#endif
