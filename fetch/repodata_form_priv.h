/*
 * The forms in which a channel serves its records.
 */
#ifndef LK_FETCH_REPODATA_FORM_PRIV_H
#define LK_FETCH_REPODATA_FORM_PRIV_H

#include "base/str.h"

/* In the order they are tried. */
enum lk_form {
	LK_FORM_SHARDS,
	LK_FORM_ZST,
	LK_FORM_JSON,
	LK_N_FORMS,
};

/* The file's name in the folder of a subdir; FILE_NAME is repodata.json, or what stands for it. */
const char *lk_form_name(enum lk_form form, const char *file_name, struct lk_arena *arena);
/* Of the file that a URL or path names. */
enum lk_form lk_form_of(const char *file);
/* As many bytes of such a file are downloaded at most. */
size_t lk_form_max(enum lk_form form);

#endif
