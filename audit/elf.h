/*
 * What an ELF file says of itself, as the dynamic loader reads it: for which machine it is, which
 * libraries and symbol versions it needs and where it looks for them.
 *
 *     if (lk_elf_is(&bytes)) rc = lk_elf_read(&bytes, &arena, &elf, err);
 *
 * Pure functions over a file's bytes, which may be anything: each offset is held against the
 * file's size, each count against a limit, and no chain is followed backwards. Sources: the ELF
 * gABI, its supplement for GNU (symbol versions: LSB core, "Symbol Versioning"; notes: "Linux
 * Extensions to gABI"), <elf.h>.
 */
#ifndef LK_AUDIT_ELF_H
#define LK_AUDIT_ELF_H

#include "audit/bytes.h"
#include "base/err.h"

#define LK_ELF_MAX_NEEDED 4096u    /* libraries that one file needs */
#define LK_ELF_MAX_VERSIONS 16384u /* symbol versions that one file needs, or defines */
#define LK_ELF_MAX_TEXT 65536u     /* bytes of a name or a search path */
#define LK_ELF_MAX_TEXTS 16777216u /* ... of all of one file */

enum lk_elf_type {
	LK_ELF_RELOCATABLE = 1,
	LK_ELF_EXECUTABLE = 2,
	LK_ELF_SHARED = 3, /* libraries, and programs that may lie anywhere */
	LK_ELF_CORE = 4,
};

/* Version VERSION of symbols of the library FILE is needed. */
struct lk_elf_need {
	lk_str file; /* as in `needed` */
	lk_str version;
	bool weak; /* it may be missing */
};

struct lk_elf {
	bool is_64;
	bool big_endian;
	uint16_t type;    /* enum lk_elf_type, or another */
	uint16_t machine; /* e_machine */
	uint32_t flags;   /* e_flags */
	lk_str interp;    /* PT_INTERP; empty: none */
	bool has_dynamic; /* what follows is from there */
	lk_str soname, rpath, runpath;
	bool has_rpath, has_runpath;
	const lk_str *needed; /* in order */
	size_t n_needed;
	const struct lk_elf_need *versions_needed;
	size_t n_versions_needed;
	const lk_str *versions_defined; /* sorted */
	size_t n_versions_defined;
	bool has_versions; /* else any version that is asked of it will do */
	bool is_pie;       /* DF_1_PIE */
	bool textrel;
	bool exec_stack;   /* PT_GNU_STACK asks for it */
	bool no_stack;     /* there is no PT_GNU_STACK */
	bool is_debug;     /* separate debugging information: no loader reads it */
	uint32_t x86_isa;  /* GNU_PROPERTY_X86_ISA_1_NEEDED: bit 0 baseline, then v2, v3, v4 */
	uint64_t sections; /* e_shoff; see lk_elf_each_section */
};

/* Does it begin as an ELF file does? */
bool lk_elf_is(struct lk_bytes *bytes);

/* Texts and lists are owned by ARENA. LK_E_FORMAT when it is no whole ELF file: the message says
 * why ("the program headers lie beyond its end"); LK_E_FS when it cannot be read. A file of another
 * machine is read as well. */
int lk_elf_read(struct lk_bytes *bytes, struct lk_arena *arena, struct lk_elf *ret,
	struct lk_error *err) LK_MUST_USE;

#define LK_ELF_SECTION_NAME 64

/* A section that has bytes in the file; all of them are inside it. */
struct lk_elf_section {
	char name[LK_ELF_SECTION_NAME]; /* cut to that */
	uint64_t at, size;              /* bytes */
	bool loaded;                    /* it is in memory when the file is loaded */
	bool code;                      /* of the host's processor */
};
/* False: no more of them are wanted. */
typedef bool lk_elf_section_fn(void *ctx, const struct lk_elf_section *section);

/* Calls FN for each of them, in the file's order; for none when the section headers are damaged (no
 * loader needs them). */
void lk_elf_each_section(struct lk_bytes *bytes, lk_elf_section_fn *fn, void *ctx);

/* "x86-64", "AArch64", …; "machine 4711" for one that is not known. Owned by ARENA or static. */
lk_str lk_elf_machine_name(const struct lk_elf *elf, struct lk_arena *arena);

#endif
