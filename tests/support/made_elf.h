/*
 * ELF files made by hand, of either class and byte order: what a loader reads and nothing else.
 */
#ifndef LK_TEST_MADE_ELF_H
#define LK_TEST_MADE_ELF_H

#include <elf.h>
#include <string.h>

#include "base/str.h"

struct made_version {
	const char *file; /* of a needed one; NULL: it is defined here */
	const char *name;
	bool weak;
};

struct made_elf {
	bool is_64, big_endian;
	uint16_t type, machine;
	const char *interp, *soname, *rpath, *runpath; /* NULL: none */
	const char *needed[8];                         /* up to the first NULL */
	struct made_version versions[8];               /* up to the first without a name */
	uint32_t stack;                                /* flags of PT_GNU_STACK */
	uint32_t isa;                                  /* 0: no note */
};

static inline void made_put(struct lk_buf *out, const struct made_elf *e, uint64_t value, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t shift = 8 * (e->big_endian ? n - 1 - i : i);
		lk_buf_putc(out, (char)(value >> shift & 0xff));
	}
}

static inline void made_word(struct lk_buf *out, const struct made_elf *e, uint64_t value)
{
	made_put(out, e, value, e->is_64 ? 8 : 4);
}

static inline uint64_t made_text(struct lk_buf *strings, const char *text)
{
	uint64_t at = strings->len;
	lk_buf_append(strings, text, strlen(text) + 1);
	return at;
}

static inline void made_segment(struct lk_buf *out, const struct made_elf *e, uint32_t type,
	uint32_t flags, uint64_t at, uint64_t size)
{
	made_put(out, e, type, 4);
	if (e->is_64) {
		made_put(out, e, flags, 4);
	}
	made_word(out, e, at);
	made_word(out, e, at + (type == PT_GNU_STACK ? 0 : 0x10000)); /* in memory */
	made_word(out, e, 0);
	made_word(out, e, size);
	made_word(out, e, size);
	if (!e->is_64) {
		made_put(out, e, flags, 4);
	}
	made_word(out, e, e->is_64 ? 8 : 4);
}

/* The records of the versions that are needed, or defined; how many. */
static inline size_t made_versions(
	struct lk_buf *out, struct lk_buf *strings, const struct made_elf *e, bool needed)
{
	size_t total = 0;
	size_t n = 0;
	for (size_t i = 0; i < 8 && e->versions[i].name; i++) {
		total += (e->versions[i].file != NULL) == needed;
	}
	for (size_t i = 0; i < 8 && e->versions[i].name; i++) {
		const struct made_version *v = &e->versions[i];
		if ((v->file != NULL) != needed) {
			continue;
		}
		bool last = ++n == total;
		made_put(out, e, 1, 2);
		if (needed) {
			made_put(out, e, 1, 2);
			made_put(out, e, made_text(strings, v->file), 4);
			made_put(out, e, 16, 4);
			made_put(out, e, last ? 0 : 32, 4);
			made_put(out, e, 0, 4);
			made_put(out, e, v->weak ? VER_FLG_WEAK : 0, 2);
			made_put(out, e, 2, 2);
			made_put(out, e, made_text(strings, v->name), 4);
			made_put(out, e, 0, 4);
		} else {
			made_put(out, e, 0, 2);
			made_put(out, e, n + 1, 2);
			made_put(out, e, 1, 2);
			made_put(out, e, 0, 4);
			made_put(out, e, 20, 4);
			made_put(out, e, last ? 0 : 28, 4);
			made_put(out, e, made_text(strings, v->name), 4);
			made_put(out, e, 0, 4);
		}
	}
	return total;
}

static inline void made_entry(
	struct lk_buf *out, const struct made_elf *e, uint64_t tag, uint64_t value)
{
	made_word(out, e, tag);
	made_word(out, e, value);
}

static inline void made_header(struct lk_buf *out, const struct made_elf *e, unsigned segments)
{
	const unsigned char ident[EI_NIDENT] = {0x7f, 'E', 'L', 'F',
		e->is_64 ? ELFCLASS64 : ELFCLASS32, e->big_endian ? ELFDATA2MSB : ELFDATA2LSB,
		EV_CURRENT};
	lk_buf_append(out, ident, sizeof(ident));
	made_put(out, e, e->type, 2);
	made_put(out, e, e->machine, 2);
	made_put(out, e, 1, 4);
	made_word(out, e, 0);
	made_word(out, e, e->is_64 ? 64 : 52);
	made_word(out, e, 0);
	made_put(out, e, 0, 4);
	made_put(out, e, e->is_64 ? 64 : 52, 2);
	made_put(out, e, e->is_64 ? 56 : 32, 2);
	made_put(out, e, segments, 2);
	made_put(out, e, 0, 6);
}

static inline void made_dynamic(struct lk_buf *out, struct lk_buf *strings,
	const struct made_elf *e, uint64_t strings_at, uint64_t needed_at, size_t n_needed,
	uint64_t defined_at, size_t n_defined)
{
	const struct {
		const char *text;
		uint64_t tag;
	} texts[] = {
		{e->soname, DT_SONAME},
		{e->rpath, DT_RPATH},
		{e->runpath, DT_RUNPATH},
	};
	for (size_t i = 0; i < 8 && e->needed[i]; i++) {
		made_entry(out, e, DT_NEEDED, made_text(strings, e->needed[i]));
	}
	for (size_t i = 0; i < LK_COUNTOF(texts); i++) {
		if (texts[i].text) {
			made_entry(out, e, texts[i].tag, made_text(strings, texts[i].text));
		}
	}
	if (n_needed > 0) {
		made_entry(out, e, DT_VERNEED, needed_at + 0x10000);
		made_entry(out, e, DT_VERNEEDNUM, n_needed);
	}
	if (n_defined > 0) {
		made_entry(out, e, DT_VERDEF, defined_at + 0x10000);
		made_entry(out, e, DT_VERDEFNUM, n_defined);
	}
	made_entry(out, e, DT_STRTAB, strings_at + 0x10000);
	made_entry(out, e, DT_STRSZ, 4096);
	made_entry(out, e, DT_NULL, 0);
}

/* The whole file appended to OUT, which is empty. */
static inline void made_elf(const struct made_elf *e, struct lk_buf *out)
{
	struct lk_buf strings = LK_BUF_INIT(4096);
	struct lk_buf body = LK_BUF_INIT(16384);
	const uint64_t at = (e->is_64 ? 64 + 5 * 56 : 52 + 5 * 32);
	const uint64_t strings_at = at + 2048;
	made_text(&strings, "");
	size_t n_needed = made_versions(&body, &strings, e, true);
	uint64_t defined_at = at + body.len;
	size_t n_defined = made_versions(&body, &strings, e, false);
	uint64_t note_at = at + body.len;
	made_put(&body, e, 4, 4);
	made_put(&body, e, e->is_64 ? 16 : 12, 4);
	made_put(&body, e, NT_GNU_PROPERTY_TYPE_0, 4);
	lk_buf_append(&body, "GNU", 4);
	made_put(&body, e, GNU_PROPERTY_X86_ISA_1_NEEDED, 4);
	made_put(&body, e, 4, 4);
	made_put(&body, e, e->isa, 4);
	made_put(&body, e, 0, e->is_64 ? 4 : 0);
	uint64_t note_size = at + body.len - note_at;
	uint64_t dynamic_at = at + body.len;
	made_dynamic(&body, &strings, e, strings_at, at, n_needed, defined_at, n_defined);
	uint64_t dynamic_size = at + body.len - dynamic_at;
	uint64_t interp_at = made_text(&strings, e->interp ? e->interp : "") + strings_at;
	while (body.len < 2048) {
		lk_buf_putc(&body, '\0');
	}
	while (strings.len < 4096) {
		lk_buf_putc(&strings, '\0');
	}
	made_header(out, e, 5);
	made_segment(out, e, PT_LOAD, PF_R, 0, strings_at + 4096);
	made_segment(out, e, PT_DYNAMIC, PF_R, dynamic_at, dynamic_size);
	made_segment(out, e, PT_GNU_STACK, e->stack, 0, 0);
	made_segment(out, e, e->isa ? PT_NOTE : PT_NULL, PF_R, note_at, note_size);
	made_segment(out, e, e->interp ? PT_INTERP : PT_NULL, PF_R, interp_at, 128);
	lk_buf_put(out, lk_buf_view(&body));
	lk_buf_put(out, lk_buf_view(&strings));
	lk_buf_done(&strings);
	lk_buf_done(&body);
}

#endif
