/*
 * The parts of the ELF reader.
 */
#ifndef LK_AUDIT_ELF_PRIV_H
#define LK_AUDIT_ELF_PRIV_H

#include "audit/elf.h"

/* A stretch of the file and where it lies in memory. */
struct lk_elf_segment {
	uint64_t offset, address, size; /* bytes, that are in the file */
};
struct lk_elf_segments LK_VEC_OF(struct lk_elf_segment);

struct lk_elf_reader {
	struct lk_bytes *bytes;
	struct lk_arena *arena;
	struct lk_elf *elf;
	struct lk_error *err;
	struct lk_elf_segments loads; /* PT_LOAD, in order */
	uint64_t texts;               /* bytes of names that were read */
};

/* The file's strings: they lie between AT and END, which are inside it. */
struct lk_elf_strings {
	uint64_t at, end;
};

uint16_t lk_elf_u16(const struct lk_elf *elf, const unsigned char *at);
uint32_t lk_elf_u32(const struct lk_elf *elf, const unsigned char *at);
uint64_t lk_elf_u64(const struct lk_elf *elf, const unsigned char *at);
/* Four bytes of a 32-bit file, eight of a 64-bit one. */
uint64_t lk_elf_word(const struct lk_elf *elf, const unsigned char *at);

/* LK_E_FORMAT, or LK_E_FS when it was the reading that failed. */
int lk_elf_bad(struct lk_elf_reader *r, const char *fmt, ...) LK_PRINTF(2, 3);

/* The text INDEX bytes into STRINGS. */
int lk_elf_text(struct lk_elf_reader *r, const struct lk_elf_strings *strings, uint64_t index,
	lk_str *ret) LK_MUST_USE;

/* elf_dynamic.c: the SIZE bytes of the dynamic section at OFFSET. */
int lk_elf_read_dynamic(struct lk_elf_reader *r, uint64_t offset, uint64_t size) LK_MUST_USE;
/* elf_versions.c: DEFINED and NEEDED are offsets in the file of chains of N links. */
struct lk_elf_chain {
	uint64_t at, n;
};
int lk_elf_read_versions(struct lk_elf_reader *r, struct lk_elf_chain defined,
	struct lk_elf_chain needed, const struct lk_elf_strings *strings) LK_MUST_USE;

#endif
