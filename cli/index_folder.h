/*
 * What lies in the folder that `index` makes a channel: subdirs, and packages outside of any.
 */
#ifndef LK_CLI_INDEX_FOLDER_H
#define LK_CLI_INDEX_FOLDER_H

#include "cli/app.h"

struct lk_index_folder {
	struct lk_strs subdirs; /* sorted, with noarch; owned by the app's arena */
	struct lk_strs loose;   /* packages at the top */
};

/* WANTED: the subdirs to take instead of those that are there (LK_E_USAGE for what is none).
 * LK_E_NOT_FOUND, LK_E_FS. RET is to be freed also after an error. */
int lk_index_folder_read(struct lk_app *app, const char *path, const struct lk_args *wanted,
	struct lk_index_folder *ret, struct lk_error *err) LK_MUST_USE;
void lk_index_folder_done(struct lk_index_folder *folder);
/* Moves the loose ones into the folders of their subdirs, of which it learns more; nothing is
 * replaced. With DRY_RUN it only tells. The first that cannot be moved ends it; with SKIP_BROKEN
 * one whose subdir cannot be read stays where it is, with a warning. */
int lk_index_folder_move(struct lk_app *app, const char *path, bool dry_run, bool skip_broken,
	struct lk_index_folder *folder, struct lk_error *err) LK_MUST_USE;

#endif
