/*
 * The ELF header, the program headers and the section headers.
 */
#include "audit/elf.h"

#include <elf.h>
#include <stdio.h>

#include "audit/elf_priv.h"

/* Linux loads no more, and e_phnum has no more bits without an escape. */
#define MAX_PROGRAM_HEADERS 65535u
#define MAX_SECTIONS 1048576u
#define MAX_NOTES 65536u /* bytes that are looked at */

uint16_t lk_elf_u16(const struct lk_elf *elf, const unsigned char *at)
{
	unsigned first = at[0];
	unsigned second = at[1];
	return (uint16_t)(elf->big_endian ? first << 8 | second : second << 8 | first);
}

uint32_t lk_elf_u32(const struct lk_elf *elf, const unsigned char *at)
{
	uint32_t first = lk_elf_u16(elf, at);
	uint32_t second = lk_elf_u16(elf, at + 2);
	return elf->big_endian ? first << 16 | second : second << 16 | first;
}

uint64_t lk_elf_u64(const struct lk_elf *elf, const unsigned char *at)
{
	uint64_t first = lk_elf_u32(elf, at);
	uint64_t second = lk_elf_u32(elf, at + 4);
	return elf->big_endian ? first << 32 | second : second << 32 | first;
}

uint64_t lk_elf_word(const struct lk_elf *elf, const unsigned char *at)
{
	return elf->is_64 ? lk_elf_u64(elf, at) : lk_elf_u32(elf, at);
}

int lk_elf_bad(struct lk_elf_reader *r, const char *fmt, ...)
{
	char text[256];
	va_list args;
	if (r->bytes->failed) {
		return lk_fail_errno(r->err, LK_E_FS, r->bytes->failed, "cannot read it");
	}
	va_start(args, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return lk_fail(r->err, LK_E_FORMAT, "%s", n < 0 ? "" : text);
}

int lk_elf_text(
	struct lk_elf_reader *r, const struct lk_elf_strings *strings, uint64_t index, lk_str *ret)
{
	if (index >= strings->end - strings->at ||
		!lk_bytes_text(r->bytes, strings->at + index, strings->end, LK_ELF_MAX_TEXT,
			r->arena, ret)) {
		return lk_elf_bad(r, "a name lies beyond its table of strings");
	}
	/* Names may share their bytes: a small file could fill the memory. */
	r->texts += ret->len + 1;
	return r->texts <= LK_ELF_MAX_TEXTS ? 0 : lk_elf_bad(r, "its names are too long");
}

bool lk_elf_is(struct lk_bytes *bytes)
{
	char magic[SELFMAG];
	return lk_bytes_read(bytes, 0, magic, sizeof(magic)) && memcmp(magic, ELFMAG, SELFMAG) == 0;
}

/* ---- headers ---- */

struct header {
	uint64_t phoff, shoff;
	uint32_t phnum, shnum, shstrndx;
	uint32_t phentsize, shentsize;
};

/* What a file with more than 65,279 headers says in its first section header instead. */
static void read_escapes(struct lk_bytes *bytes, const struct lk_elf *elf, struct header *h)
{
	unsigned char raw[64];
	size_t size = elf->is_64 ? 64 : 40;
	if (h->shoff == 0 || !lk_bytes_read(bytes, h->shoff, raw, size)) {
		return;
	}
	if (h->phnum == PN_XNUM) {
		h->phnum = lk_elf_u32(elf, raw + (elf->is_64 ? 44 : 28));
	}
	if (h->shnum == 0) {
		uint64_t n = lk_elf_word(elf, raw + (elf->is_64 ? 32 : 20));
		h->shnum = n <= UINT32_MAX ? (uint32_t)n : UINT32_MAX;
	}
	if (h->shstrndx == SHN_XINDEX) {
		h->shstrndx = lk_elf_u32(elf, raw + (elf->is_64 ? 40 : 24));
	}
}

/* Says what is wrong with it, or NULL. */
static const char *read_header(struct lk_bytes *bytes, struct lk_elf *elf, struct header *h)
{
	unsigned char raw[64];
	if (!lk_bytes_read(bytes, 0, raw, EI_NIDENT) || memcmp(raw, ELFMAG, SELFMAG) != 0) {
		return "it has no ELF header";
	}
	if ((raw[EI_CLASS] != ELFCLASS32 && raw[EI_CLASS] != ELFCLASS64) ||
		(raw[EI_DATA] != ELFDATA2LSB && raw[EI_DATA] != ELFDATA2MSB) ||
		raw[EI_VERSION] != EV_CURRENT) {
		return "its header says no class, byte order or version that there is";
	}
	elf->is_64 = raw[EI_CLASS] == ELFCLASS64;
	elf->big_endian = raw[EI_DATA] == ELFDATA2MSB;
	if (!lk_bytes_read(bytes, 0, raw, elf->is_64 ? 64 : 52)) {
		return "its header is cut off";
	}
	size_t wide = elf->is_64 ? 8 : 4;
	const unsigned char *after = raw + 24 + 3 * wide; /* entry, phoff, shoff */
	elf->type = lk_elf_u16(elf, raw + 16);
	elf->machine = lk_elf_u16(elf, raw + 18);
	elf->flags = lk_elf_u32(elf, after);
	*h = (struct header){
		.phoff = lk_elf_word(elf, raw + 24 + wide),
		.shoff = lk_elf_word(elf, raw + 24 + 2 * wide),
		.phentsize = lk_elf_u16(elf, after + 6),
		.phnum = lk_elf_u16(elf, after + 8),
		.shentsize = lk_elf_u16(elf, after + 10),
		.shnum = lk_elf_u16(elf, after + 12),
		.shstrndx = lk_elf_u16(elf, after + 14),
	};
	elf->sections = h->shoff;
	read_escapes(bytes, elf, h);
	return NULL;
}

/* ---- section headers ---- */

struct section {
	uint32_t name, type;
	uint64_t flags, offset, size;
};

static bool read_section(struct lk_bytes *bytes, const struct lk_elf *elf, const struct header *h,
	uint32_t index, struct section *ret)
{
	unsigned char raw[64];
	size_t size = elf->is_64 ? 64 : 40;
	uint64_t at = (uint64_t)index * size;
	if (h->shentsize != size || h->shoff > UINT64_MAX - at ||
		!lk_bytes_read(bytes, h->shoff + at, raw, size)) {
		return false;
	}
	size_t wide = elf->is_64 ? 8 : 4;
	ret->name = lk_elf_u32(elf, raw);
	ret->type = lk_elf_u32(elf, raw + 4);
	ret->flags = lk_elf_word(elf, raw + 8);
	ret->offset = lk_elf_word(elf, raw + 8 + 2 * wide);
	ret->size = lk_elf_word(elf, raw + 8 + 3 * wide);
	return true;
}

/* Of a file of debugging information alone the parts that would be loaded are not there. */
static bool is_debug(struct lk_bytes *bytes, const struct lk_elf *elf, const struct header *h)
{
	bool hollow = false;
	for (uint32_t i = 0; h->shoff != 0 && i < h->shnum && i < MAX_SECTIONS; i++) {
		struct section s;
		if (!read_section(bytes, elf, h, i, &s)) {
			return false;
		}
		if (s.flags & SHF_EXECINSTR) {
			if (s.type != SHT_NOBITS) {
				return false;
			}
			hollow = true;
		}
	}
	return hollow;
}

struct sections LK_VEC_OF(struct section);

/* All section headers, and in *RET_NAMES the section of their names; false when they are damaged.
 */
static bool read_sections(struct lk_bytes *bytes, struct sections *all, struct section *ret_names)
{
	struct lk_elf elf = {0};
	struct header h;
	if (read_header(bytes, &elf, &h) != NULL || h.shoff == 0 || h.shstrndx >= h.shnum ||
		!read_section(bytes, &elf, &h, h.shstrndx, ret_names)) {
		return false;
	}
	for (uint32_t i = 1; i < h.shnum && i < MAX_SECTIONS; i++) {
		struct section s;
		if (!read_section(bytes, &elf, &h, i, &s)) {
			return false;
		}
		lk_vec_push(all, s);
	}
	return true;
}

/* The name INDEX bytes into NAMES, cut to what OUT can hold; false when it lies elsewhere. */
static bool read_section_name(struct lk_bytes *bytes, const struct section *names, uint32_t index,
	char out[LK_ELF_SECTION_NAME])
{
	if (index >= names->size || names->offset > UINT64_MAX - index) {
		return false;
	}
	uint64_t left = names->size - index;
	size_t len = left < LK_ELF_SECTION_NAME - 1 ? (size_t)left : LK_ELF_SECTION_NAME - 1;
	out[len] = '\0';
	return lk_bytes_read(bytes, names->offset + index, out, len);
}

void lk_elf_each_section(struct lk_bytes *bytes, lk_elf_section_fn *fn, void *ctx)
{
	struct sections all = {0};
	struct section names;
	bool more = read_sections(bytes, &all, &names);
	for (size_t i = 0; more && i < all.len; i++) {
		const struct section *s = &all.items[i];
		struct lk_elf_section section = {
			.at = s->offset,
			.size = s->size,
			.loaded = s->flags & SHF_ALLOC,
			.code = s->flags & SHF_EXECINSTR,
		};
		if (s->type != SHT_NOBITS && s->size > 0 &&
			lk_bytes_has(bytes, s->offset, s->size) &&
			read_section_name(bytes, &names, s->name, section.name)) {
			more = fn(ctx, &section);
		}
	}
	lk_vec_done(&all);
}

/* ---- program headers ---- */

struct program_header {
	uint32_t type, flags;
	uint64_t offset, address, size, align;
};

static void read_program_header(
	const struct lk_elf *elf, const unsigned char *raw, struct program_header *ret)
{
	ret->type = lk_elf_u32(elf, raw);
	if (elf->is_64) {
		ret->flags = lk_elf_u32(elf, raw + 4);
		ret->offset = lk_elf_u64(elf, raw + 8);
		ret->address = lk_elf_u64(elf, raw + 16);
		ret->size = lk_elf_u64(elf, raw + 32);
		ret->align = lk_elf_u64(elf, raw + 48);
		return;
	}
	ret->offset = lk_elf_u32(elf, raw + 4);
	ret->address = lk_elf_u32(elf, raw + 8);
	ret->size = lk_elf_u32(elf, raw + 16);
	ret->flags = lk_elf_u32(elf, raw + 24);
	ret->align = lk_elf_u32(elf, raw + 28);
}

static int read_interp(struct lk_elf_reader *r, const struct program_header *p)
{
	if (!lk_bytes_text(r->bytes, p->offset, p->offset + p->size, LK_ELF_MAX_TEXT, r->arena,
		    &r->elf->interp)) {
		return lk_elf_bad(r, "the name of its interpreter has no end");
	}
	return 0;
}

/* The properties in the descriptor between AT and END. */
static void read_properties(struct lk_elf_reader *r, uint64_t at, uint64_t end)
{
	unsigned char raw[12];
	uint64_t align = r->elf->is_64 ? 8 : 4;
	while (at + 8 <= end && lk_bytes_read(r->bytes, at, raw, 8)) {
		uint64_t size = lk_elf_u32(r->elf, raw + 4);
		if (lk_elf_u32(r->elf, raw) == GNU_PROPERTY_X86_ISA_1_NEEDED && size >= 4 &&
			at + 12 <= end && lk_bytes_read(r->bytes, at, raw, 12)) {
			r->elf->x86_isa |= lk_elf_u32(r->elf, raw + 8);
		}
		at += 8 + (size + align - 1) / align * align;
	}
}

/* .note.gnu.property: of no interest unless the machine is an x86. */
static void read_notes(struct lk_elf_reader *r, const struct program_header *p)
{
	if (r->elf->machine != EM_X86_64 && r->elf->machine != EM_386) {
		return;
	}
	uint64_t at = p->offset;
	uint64_t size = p->size < MAX_NOTES ? p->size : MAX_NOTES;
	uint64_t end = at + size;
	uint64_t align = p->align == 8 ? 8 : 4;
	unsigned char raw[16];
	while (at + 16 <= end && lk_bytes_read(r->bytes, at, raw, sizeof(raw))) {
		uint64_t name = lk_elf_u32(r->elf, raw);
		uint64_t desc = lk_elf_u32(r->elf, raw + 4);
		uint64_t body = at + (12 + name + align - 1) / align * align;
		uint64_t next = body + (desc + align - 1) / align * align;
		if (lk_elf_u32(r->elf, raw + 8) == NT_GNU_PROPERTY_TYPE_0 && name == 4 &&
			memcmp(raw + 12, "GNU", 4) == 0 && body + desc <= end) {
			read_properties(r, body, body + desc);
		}
		at = next;
	}
}

/* What one of them says, the dynamic section apart. */
static int take_program_header(struct lk_elf_reader *r, const struct program_header *p)
{
	switch (p->type) {
	case PT_LOAD:
		lk_vec_push(&r->loads, (struct lk_elf_segment){p->offset, p->address, p->size});
		return 0;
	case PT_INTERP:
		return read_interp(r, p);
	case PT_NOTE:
		read_notes(r, p);
		return 0;
	case PT_GNU_STACK:
		r->elf->no_stack = false;
		r->elf->exec_stack = (p->flags & PF_X) != 0;
		return 0;
	default:
		return 0;
	}
}

static int read_program_headers(
	struct lk_elf_reader *r, const struct header *h, struct program_header *ret_dynamic)
{
	size_t size = r->elf->is_64 ? 56 : 32;
	int rc = 0;
	if (h->phnum > 0 &&
		(h->phentsize != size || h->phnum > MAX_PROGRAM_HEADERS ||
			!lk_bytes_has(r->bytes, h->phoff, (uint64_t)h->phnum * size))) {
		return lk_elf_bad(r, "its program headers lie beyond its end");
	}
	for (uint32_t i = 0; rc == 0 && i < h->phnum; i++) {
		unsigned char raw[56];
		struct program_header p;
		if (!lk_bytes_read(r->bytes, h->phoff + (uint64_t)i * size, raw, size)) {
			return lk_elf_bad(r, "its program headers cannot be read");
		}
		read_program_header(r->elf, raw, &p);
		bool is_read = p.type == PT_LOAD || p.type == PT_DYNAMIC || p.type == PT_INTERP ||
			p.type == PT_NOTE;
		if (is_read && !lk_bytes_has(r->bytes, p.offset, p.size)) {
			return lk_elf_bad(r,
				"it is cut off: %llu bytes of a segment lie beyond its end",
				(unsigned long long)(p.size -
					(p.offset < r->bytes->size ? r->bytes->size - p.offset
								   : 0)));
		}
		if (p.type == PT_DYNAMIC) {
			*ret_dynamic = p;
		}
		rc = take_program_header(r, &p);
	}
	return rc;
}

int lk_elf_read(
	struct lk_bytes *bytes, struct lk_arena *arena, struct lk_elf *ret, struct lk_error *err)
{
	struct header h;
	struct program_header dynamic = {0};
	struct lk_elf elf = {.no_stack = true};
	struct lk_elf_reader r = {.bytes = bytes, .arena = arena, .elf = &elf, .err = err};
	const char *wrong = read_header(bytes, &elf, &h);
	if (wrong) {
		return lk_elf_bad(&r, "%s", wrong);
	}
	elf.is_debug = is_debug(bytes, &elf, &h);
	int rc = 0;
	if (!elf.is_debug && elf.type != ET_REL && elf.type != ET_CORE) {
		rc = read_program_headers(&r, &h, &dynamic);
	}
	if (rc == 0 && dynamic.size > 0) {
		elf.has_dynamic = true;
		rc = lk_elf_read_dynamic(&r, dynamic.offset, dynamic.size);
	}
	lk_vec_done(&r.loads);
	if (rc == 0) {
		*ret = elf;
	}
	return rc;
}

/* ---- names ---- */

lk_str lk_elf_machine_name(const struct lk_elf *elf, struct lk_arena *arena)
{
	static const struct {
		uint16_t machine;
		lk_str name;
	} names[] = {
		{EM_386, LK_STR("x86 (32 bits)")},
		{EM_X86_64, LK_STR("x86-64")},
		{EM_ARM, LK_STR("ARM (32 bits)")},
		{EM_AARCH64, LK_STR("AArch64")},
		{EM_PPC, LK_STR("PowerPC (32 bits)")},
		{EM_PPC64, LK_STR("PowerPC64")},
		{EM_S390, LK_STR("S/390")},
		{EM_RISCV, LK_STR("RISC-V")},
		{EM_LOONGARCH, LK_STR("LoongArch")},
		{EM_MIPS, LK_STR("MIPS")},
		{EM_SPARCV9, LK_STR("SPARC V9")},
		{EM_BPF, LK_STR("BPF")},
		{EM_CUDA, LK_STR("CUDA")},
		{EM_AMDGPU, LK_STR("AMD GPU")},
	};
	for (size_t i = 0; i < LK_COUNTOF(names); i++) {
		if (names[i].machine == elf->machine) {
			bool odd = (elf->machine == EM_X86_64 && !elf->is_64) ||
				(elf->machine == EM_PPC64 && !elf->big_endian);
			return !odd                        ? names[i].name
				: elf->machine == EM_PPC64 ? LK_STR("PowerPC64 (little-endian)")
							   : LK_STR("x86-64 (x32)");
		}
	}
	return lk_str_printf(arena, "machine %u", (unsigned)elf->machine);
}
