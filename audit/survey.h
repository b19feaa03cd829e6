/*
 * All files of an environment, as an audit knows them: paths, where links lead, what the ELF files
 * say. Where they come from (a prefix on the disk, trees, archives) is the caller's matter.
 *
 *     lk_survey_init(&survey, LK_STR("/opt/env"));
 *     package = lk_survey_add_package(&survey, LK_STR("zlib"), LK_STR("zlib-1.3.1-0"));
 *     file = lk_survey_add(&survey, path, package);
 *     lk_survey_look(&bytes, &arena, &file->seen, err);
 *     lk_survey_settle(&survey);
 *     ... judge ...
 *     lk_survey_done(&survey);
 */
#ifndef LK_AUDIT_SURVEY_H
#define LK_AUDIT_SURVEY_H

#include "audit/device_code.h"
#include "audit/elf.h"
#include "base/map.h"

#define LK_SURVEY_NONE UINT32_MAX

enum lk_content {
	LK_CONTENT_OTHER,
	LK_CONTENT_ELF,
	LK_CONTENT_BROKEN, /* begins as ELF files do, but is no whole one */
	LK_CONTENT_UNREAD, /* it cannot be read */
	LK_CONTENT_PE,     /* Windows: .exe, .dll */
	LK_CONTENT_MACHO,  /* macOS */
};

/* What a look into a file told. */
struct lk_seen {
	enum lk_content content;
	const struct lk_elf *elf;            /* ELF */
	const struct lk_device_code *device; /* for GPUs; NULL: none */
	lk_str why;                          /* BROKEN, UNREAD: what is wrong with it */
};

enum lk_survey_type {
	LK_SURVEY_FILE,
	LK_SURVEY_LINK,
	LK_SURVEY_FOLDER, /* is known because something lies in it */
};

struct lk_survey_file {
	lk_str path; /* in the environment, without leading '/' */
	enum lk_survey_type type;
	lk_str target;      /* LINK: its text */
	lk_str placeholder; /* in its texts stands for the environment; empty: none */
	uint32_t package;   /* index, or LK_SURVEY_NONE */
	struct lk_seen seen;
};

struct lk_survey_package {
	lk_str name;
	lk_str dist; /* "bar-1.0-0" */
};

struct lk_survey {
	struct lk_arena arena;
	lk_str prefix; /* absolute; where the environment lies, or would */
	struct LK_VEC_OF(struct lk_survey_file) files; /* sorted by path once settled */
	struct LK_VEC_OF(struct lk_survey_package) packages;
	struct lk_map by_path; /* once settled */
};

/* PREFIX is copied. */
void lk_survey_init(struct lk_survey *ret, lk_str prefix);
void lk_survey_done(struct lk_survey *survey);

/* Texts are copied; the index. */
uint32_t lk_survey_add_package(struct lk_survey *survey, lk_str name, lk_str dist);
/* PATH is copied; valid until the next one is added. */
struct lk_survey_file *lk_survey_add(
	struct lk_survey *survey, lk_str path, enum lk_survey_type type, uint32_t package);
/* Sorts, adds the folders ("" is the environment's own), drops all but the last of equal paths. */
void lk_survey_settle(struct lk_survey *survey);

/* What BYTES is; texts are owned by ARENA. LK_E_FS when it cannot be read: a file that is no whole
 * one is a result. */
int lk_survey_look(struct lk_bytes *bytes, struct lk_arena *arena, struct lk_seen *ret,
	struct lk_error *err) LK_MUST_USE;

/* The file or folder that PATH, which need not be absolute, leads to: links in the environment are
 * followed, "." and ".." understood as the kernel does. LK_SURVEY_NONE when there is nothing, or it
 * leads outside. */
uint32_t lk_survey_resolve(const struct lk_survey *survey, lk_str path);

#endif
