/*
 * What an audit has to say: one flaw is one thing about one file of the environment.
 *
 * Flaws of one kind and package that are about the same thing (WHAT) are told once, with the number
 * of files (cli/audit_tell.c).
 */
#ifndef LK_AUDIT_FLAW_H
#define LK_AUDIT_FLAW_H

#include "base/str.h"

enum lk_flaw_level {
	LK_FLAW_NOTE,    /* good to know: told in a line for all */
	LK_FLAW_HINT,    /* may fail: no finding unless that is asked for */
	LK_FLAW_FINDING, /* fails where it is loaded */
};

enum lk_flaw_kind {
	/* In the order in which they are told. */
	LK_FLAW_BROKEN,      /* no whole ELF file */
	LK_FLAW_MACHINE,     /* for another machine */
	LK_FLAW_MISSING,     /* a library that is needed is not found */
	LK_FLAW_VERSION,     /* a symbol version that is needed is not defined */
	LK_FLAW_GLIBC,       /* a newer C library is needed than the target has */
	LK_FLAW_INTERPRETER, /* the program's loader is not on the target */
	LK_FLAW_GPU,         /* no code for a GPU of the target */
	LK_FLAW_CUDA,        /* the CUDA runtime is too new for the target's driver */
	LK_FLAW_ISA,         /* instructions that the target may not have */
	LK_FLAW_STACK,       /* asks for an executable stack */
	LK_FLAW_TEXTREL,     /* its code is changed when it is loaded */
	LK_FLAW_PATH,        /* a search path that leads outside */
	LK_FLAW_HOST,        /* a library that the host has to have */
	LK_FLAW_FOREIGN,     /* a program or library of another system */
	LK_FLAW_KINDS,
};

const char *lk_flaw_kind_name(enum lk_flaw_kind kind);    /* "missing", …; static */
const char *lk_flaw_level_name(enum lk_flaw_level level); /* "finding", …; static */

struct lk_flaw {
	enum lk_flaw_level level;
	enum lk_flaw_kind kind;
	uint32_t file; /* index into the survey's files */
	lk_str what;   /* the library, version or architecture that it is about; may be empty */
	lk_str text; /* a phrase on WHAT that goes without the file's name; owned by ARENA below */
	lk_str target; /* the node that it fails on; empty: any */
	bool ignored;  /* somebody has accepted it */
};

struct lk_flaws {
	struct lk_arena arena;
	struct LK_VEC_OF(struct lk_flaw) list;
};

/* WHAT and TARGET are borrowed; the text is made here. */
void lk_flaws_add(struct lk_flaws *flaws, const struct lk_flaw *flaw, const char *fmt, ...)
	LK_PRINTF(3, 4);
void lk_flaws_done(struct lk_flaws *flaws);

#endif
