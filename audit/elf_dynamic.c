/*
 * The dynamic section: what a file needs, and where it is looked for.
 */
#include "audit/elf_priv.h"

#include <elf.h>

#define MAX_ENTRIES 65536u

/* The entries that matter; addresses in memory until they are looked up. */
struct dynamic {
	uint64_t strings, strings_size;
	uint64_t soname, rpath, runpath; /* offsets of texts */
	bool has_strings, has_soname;
	uint64_t verdef, verneed;
	uint64_t n_verdef, n_verneed;
	struct LK_VEC_OF(uint64_t) needed;
};

/* The offset in the file of the byte that is at ADDRESS in memory. */
static bool offset_of(const struct lk_elf_reader *r, uint64_t address, uint64_t *ret)
{
	for (size_t i = 0; i < r->loads.len; i++) {
		const struct lk_elf_segment *s = &r->loads.items[i];
		if (address >= s->address && address - s->address < s->size) {
			*ret = s->offset + (address - s->address);
			return true;
		}
	}
	return false;
}

static void take_entry(struct lk_elf *elf, struct dynamic *d, uint64_t tag, uint64_t value)
{
	switch (tag) {
	case DT_NEEDED:
		lk_vec_push(&d->needed, value);
		break;
	case DT_SONAME:
		d->soname = value;
		d->has_soname = true;
		break;
	case DT_RPATH:
		d->rpath = value;
		elf->has_rpath = true;
		break;
	case DT_RUNPATH:
		d->runpath = value;
		elf->has_runpath = true;
		break;
	case DT_STRTAB:
		d->strings = value;
		d->has_strings = true;
		break;
	case DT_STRSZ:
		d->strings_size = value;
		break;
	case DT_VERDEF:
		d->verdef = value;
		break;
	case DT_VERDEFNUM:
		d->n_verdef = value;
		break;
	case DT_VERNEED:
		d->verneed = value;
		break;
	case DT_VERNEEDNUM:
		d->n_verneed = value;
		break;
	case DT_TEXTREL:
		elf->textrel = true;
		break;
	case DT_FLAGS:
		elf->textrel = elf->textrel || (value & DF_TEXTREL) != 0;
		break;
	case DT_FLAGS_1:
		elf->is_pie = (value & DF_1_PIE) != 0;
		break;
	default:
		break;
	}
}

static int read_entries(struct lk_elf_reader *r, uint64_t offset, uint64_t size, struct dynamic *d)
{
	size_t step = r->elf->is_64 ? 16 : 8;
	uint64_t n = size / step;
	for (uint64_t i = 0; i < n; i++) {
		unsigned char raw[16];
		if (!lk_bytes_read(r->bytes, offset + i * step, raw, step)) {
			return lk_elf_bad(r, "its dynamic section lies beyond its end");
		}
		uint64_t tag = lk_elf_word(r->elf, raw);
		if (tag == DT_NULL) {
			return 0;
		}
		take_entry(r->elf, d, tag, lk_elf_word(r->elf, raw + step / 2));
		if (i >= MAX_ENTRIES || d->needed.len > LK_ELF_MAX_NEEDED) {
			return lk_elf_bad(r, "its dynamic section has too many entries");
		}
	}
	return lk_elf_bad(r, "its dynamic section has no end");
}

static int read_names(
	struct lk_elf_reader *r, const struct dynamic *d, const struct lk_elf_strings *strings)
{
	struct lk_elf *elf = r->elf;
	lk_str *needed = lk_arena_calloc(r->arena, d->needed.len, sizeof(*needed));
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < d->needed.len; i++) {
		rc = lk_elf_text(r, strings, d->needed.items[i], &needed[i]);
	}
	elf->needed = needed;
	elf->n_needed = d->needed.len;
	if (rc == 0 && d->has_soname) {
		rc = lk_elf_text(r, strings, d->soname, &elf->soname);
	}
	if (rc == 0 && elf->has_rpath) {
		rc = lk_elf_text(r, strings, d->rpath, &elf->rpath);
	}
	if (rc == 0 && elf->has_runpath) {
		rc = lk_elf_text(r, strings, d->runpath, &elf->runpath);
	}
	return rc;
}

static int look_up(struct lk_elf_reader *r, const struct dynamic *d)
{
	struct lk_elf_chain defined = {0, d->verdef != 0 ? d->n_verdef : 0};
	struct lk_elf_chain needed = {0, d->verneed != 0 ? d->n_verneed : 0};
	struct lk_elf_strings strings = {0, 0};
	bool names = d->needed.len > 0 || d->has_soname || r->elf->has_rpath ||
		r->elf->has_runpath || defined.n > 0 || needed.n > 0;
	if (!names) {
		return 0;
	}
	if (!d->has_strings || !offset_of(r, d->strings, &strings.at) ||
		!lk_bytes_has(r->bytes, strings.at, d->strings_size)) {
		return lk_elf_bad(r, "its table of strings is in no segment");
	}
	if ((defined.n > 0 && !offset_of(r, d->verdef, &defined.at)) ||
		(needed.n > 0 && !offset_of(r, d->verneed, &needed.at))) {
		return lk_elf_bad(r, "its symbol versions are in no segment");
	}
	strings.end = strings.at + d->strings_size;
	r->elf->has_versions = defined.n > 0;
	int rc = read_names(r, d, &strings);
	return rc < 0 ? rc : lk_elf_read_versions(r, defined, needed, &strings);
}

int lk_elf_read_dynamic(struct lk_elf_reader *r, uint64_t offset, uint64_t size)
{
	struct dynamic d = {0};
	int rc = read_entries(r, offset, size, &d);
	if (rc == 0) {
		rc = look_up(r, &d);
	}
	lk_vec_done(&d.needed);
	return rc;
}
