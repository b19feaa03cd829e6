/*
 * What would happen if each program and each module of an environment were loaded: which file each
 * needed library would be, found by ld.so's rules (glibc), inside the environment alone.
 *
 * Programs are started. Modules of python, and libraries that nothing else brings in, are opened by
 * the environment's python where there is one: its DT_RPATH holds for them, and what it has loaded
 * is there. LD_LIBRARY_PATH and the host's own folders are left out: what is found only there is
 * not in the environment.
 *
 *     lk_links_make(&survey, &machine, &links);
 *     link = lk_links_of(&links, file, i);         for the I-th of its `needed`
 *     lk_links_done(&links);
 */
#ifndef LK_AUDIT_LINKS_H
#define LK_AUDIT_LINKS_H

#include "audit/survey.h"

/* What the target's loader takes. */
struct lk_machine {
	bool is_64, big_endian;
	uint16_t machine;  /* e_machine */
	lk_str platform;   /* $PLATFORM */
	lk_str subdir;     /* "linux-64" */
	lk_str interp;     /* the C library's loader: "/lib64/ld-linux-x86-64.so.2" */
	const char *names; /* "x86-64" */
};

/* By a platform's name ("linux-aarch64"); NULL for one that has no ELF files or is not known. */
const struct lk_machine *lk_machine_of(lk_str subdir);
bool lk_machine_takes(const struct lk_machine *machine, const struct lk_elf *elf);

/* How a file comes to be loaded. */
enum lk_load {
	LK_LOAD_NONE,   /* it is not: object files, other machines' files, other roots' libraries */
	LK_LOAD_NEEDED, /* another file needs it */
	LK_LOAD_PROGRAM, /* it is started */
	LK_LOAD_MODULE,  /* python imports it */
	LK_LOAD_PLUGIN,  /* somebody may open it */
};

enum lk_link_state {
	LK_LINK_UNTRIED, /* of a file that is not loaded */
	LK_LINK_FOUND,
	LK_LINK_HOST,    /* it is the host's matter (audit/host_library.h) */
	LK_LINK_INVALID, /* what is found is no ELF library: loading ends there */
	LK_LINK_MISSING,
};

struct lk_link {
	enum lk_link_state state; /* the worst that was seen */
	uint32_t provider;        /* FOUND, INVALID: the file; else LK_SURVEY_NONE */
	uint32_t root;            /* INVALID, MISSING: what was started or opened */
	uint32_t skipped;         /* MISSING: a file of that name for another machine, or NONE */
	bool found_too;           /* MISSING: with another root it is found */
};

/* Of one link another file than its provider, with another root. */
struct lk_link_other {
	uint32_t file, index, provider;
};

struct lk_links {
	struct lk_arena arena;
	const struct lk_survey *survey;   /* borrowed */
	const struct lk_machine *machine; /* borrowed */
	uint32_t *first;                  /* of each file, into `links` */
	struct lk_link *links;
	enum lk_load *ways; /* of each file */
	struct LK_VEC_OF(struct lk_link_other) others;
	struct lk_map names; /* of libraries, needed or their own, to an index into */
	uint32_t *loaded_by; /* ... the first root that had it loaded, or LK_SURVEY_NONE */
	bool tangled;        /* there was too much of it: some were not tried */
	uint32_t python;     /* the environment's, or LK_SURVEY_NONE */
};

/* RET may be passed to done in any case. */
void lk_links_make(
	const struct lk_survey *survey, const struct lk_machine *machine, struct lk_links *ret);
void lk_links_done(struct lk_links *links);

/* The one for `needed[INDEX]` of an ELF file. */
const struct lk_link *lk_links_of(const struct lk_links *links, uint32_t file, size_t index);
/* The first root that had a library NAME of the environment loaded; LK_SURVEY_NONE. */
uint32_t lk_links_loaded_by(const struct lk_links *links, lk_str name);
/* Does FILE lie where only a cross compiler looks, as of another root? */
bool lk_links_is_sysroot(lk_str path);

#endif
