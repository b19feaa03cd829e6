/*
 * The linker's tables: names as numbers, search paths as folders.
 */
#ifndef LK_AUDIT_LINKS_PRIV_H
#define LK_AUDIT_LINKS_PRIV_H

#include "audit/links.h"
#include "audit/search_path.h"

/* A file that the process has loaded. */
struct lk_object {
	uint32_t file;
	uint32_t origin; /* the folder that it was found in */
	uint32_t loader; /* the object because of which, or LK_SURVEY_NONE */
};

struct lk_search_list {
	uint32_t origin;
	bool known;
	struct lk_u32s folders;
};

struct lk_loading {
	const struct lk_survey *survey;
	struct lk_links *ret;
	uint32_t *needed_names;        /* beside ret->links */
	uint32_t *own_names;           /* of each file: its soname; LK_SURVEY_NONE */
	bool *is_needed;               /* of each name: by anybody */
	struct lk_search_list *search; /* of each file, for the origin it was last found in */
	/* The process: */
	struct LK_VEC_OF(struct lk_object) objects;
	uint32_t *object_of_file; /* plus one; 0: not loaded */
	uint32_t *file_of_name;   /* LK_SURVEY_NONE: not loaded */
	struct lk_u32s names_set;
	uint32_t program; /* an object, or LK_SURVEY_NONE */
	uint32_t root;    /* a file */
	uint64_t steps;
};

void lk_loading_init(struct lk_loading *l);
void lk_loading_done(struct lk_loading *l);

/* The folders of the search path of OBJECT. */
const struct lk_u32s *lk_loading_folders(struct lk_loading *l, uint32_t object);
/* The folder that FILE lies in. */
uint32_t lk_loading_home(const struct lk_loading *l, uint32_t file);
/* What is before the last '/'; "/" when that is the first. */
lk_str lk_loading_folder_of(lk_str path);

/* May FILE be started, or loaded as a library? */
bool lk_loading_is_program(const struct lk_loading *l, uint32_t file);
bool lk_loading_is_library(const struct lk_loading *l, uint32_t file);
/* Is PATH that of a python extension module? */
bool lk_loading_is_module(lk_str path);
/* The environment's python, a program that was found; LK_SURVEY_NONE. */
uint32_t lk_loading_python(const struct lk_loading *l);

#endif
