/*
 * The files of an environment that lies on the disk.
 */
#ifndef LK_AUDIT_PREFIX_WALK_H
#define LK_AUDIT_PREFIX_WALK_H

#include "audit/survey.h"

/* Adds what lies below the folder PREFIX to SURVEY, and looks into each file, in JOBS threads (0:
 * all processors). No link is followed. Left out: conda-meta, caches of packages (pkgs) and other
 * environments that lie inside. Of a file that cannot be read the content is UNREAD.
 * LK_E_NOT_FOUND when there is no such folder, LK_E_FS. */
int lk_survey_walk(struct lk_survey *survey, const char *prefix, unsigned jobs,
	struct lk_error *err) LK_MUST_USE;

/* Looks into the file PATH below the folder DIRFD; ARENA owns what RET says. */
int lk_survey_look_at(int dirfd, const char *path, struct lk_arena *arena, struct lk_seen *ret,
	struct lk_error *err) LK_MUST_USE;

#endif
