/*
 * An environment as one squashfs image, to be mounted or unpacked at its prefix; made by
 * mksquashfs.
 *
 *     lk_image_begin("env.squashfs", &image, report, err);
 *     options.final_prefix = "/opt/env";
 *     lk_install(cache, image.tree, ..., &options, ...);
 *     lk_image_finish(&image, &image_options, report, err);
 *     lk_image_done(&image);
 *
 * All work is done in a folder beside the image (install/site.h). The image has its name when it is
 * whole and on the disk; what was there before stays until then. The same tree gives the same bytes
 * with the same version of mksquashfs, for whatever host, user, time and number of processors.
 */
#ifndef LK_INSTALL_IMAGE_H
#define LK_INSTALL_IMAGE_H

#include "install/site.h"

struct lk_image {
	struct lk_arena arena;
	struct lk_site site;
	const char *path; /* of the image, absolute */
	const char *tree; /* where the environment is to be installed; absolute */
};

struct lk_image_options {
	const char *mksquashfs;  /* path of the program */
	const char *compression; /* as -comp takes it; NULL: zstd */
	unsigned jobs;           /* 0: as many as processors */
};

/* PATH is absolute and normal. LK_E_USAGE when something else than a file is there, LK_E_FS when
 * the folder beside it cannot be made or is another process's. After a failure no call of done. */
int lk_image_begin(const char *path, struct lk_image *ret, const struct lk_report *report,
	struct lk_error *err) LK_MUST_USE;
/* Times of directories, symlinks and conda-meta/history are made the same for everybody; then
 * image.tree is packed. LK_E_FS, with what mksquashfs said; LK_E_USAGE when it cannot be run;
 * LK_E_INTERRUPTED. RET_SIZE: bytes. */
int lk_image_finish(struct lk_image *image, const struct lk_image_options *options,
	const struct lk_report *report, uint64_t *ret_size, struct lk_error *err) LK_MUST_USE;
/* Removes the folder. */
void lk_image_done(struct lk_image *image);

#endif
