/*
 * Search paths of ELF files: the folders of an environment that DT_RPATH or DT_RUNPATH name.
 *
 * As ld.so(8) has it: folders separated by ':', in which $ORIGIN stands for the folder that the
 * file was found in (whatever its link leads to; of a program the one it really lies in), $LIB for
 * "lib64" or what a distribution has instead, $PLATFORM for the processor; all may be in braces.
 */
#ifndef LK_AUDIT_SEARCH_PATH_H
#define LK_AUDIT_SEARCH_PATH_H

#include "audit/survey.h"

/* What a part of a search path means. */
enum lk_part {
	LK_PART_INSIDE,   /* a folder of the environment, which may be missing */
	LK_PART_OUTSIDE,  /* an absolute one elsewhere */
	LK_PART_RELATIVE, /* below the current folder, whatever that is at that time */
};

/* PART of a search path of a file that was found in the folder ORIGIN and has PLACEHOLDER (or none)
 * for the environment's path. RET_PATH: expanded, owned by ARENA. */
enum lk_part lk_search_part(const struct lk_survey *survey, lk_str part, lk_str origin,
	lk_str placeholder, lk_str platform, struct lk_arena *arena, lk_str *ret_path);

/* Appends the folders of PATH that are there, as indices into the survey's files. */
void lk_search_folders(const struct lk_survey *survey, lk_str path, lk_str origin,
	lk_str placeholder, lk_str platform, struct lk_u32s *ret);

/* The file NAME in the folder FOLDER, links followed; LK_SURVEY_NONE. */
uint32_t lk_search_folder(const struct lk_survey *survey, uint32_t folder, lk_str name);

#endif
