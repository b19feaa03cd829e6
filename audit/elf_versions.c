/*
 * Symbol versions: chains of records that point to each other by distance. Only forwards, so that
 * no chain has a loop, and no more links than are counted.
 */
#include "audit/elf_priv.h"

#include <elf.h>
#include <stdlib.h>

/* sizeof of Elf32_Verneed, …: the same for 64 bits. */
#define NEED_SIZE 16u
#define NEED_AUX_SIZE 16u
#define DEF_SIZE 20u
#define DEF_AUX_SIZE 8u

struct needs LK_VEC_OF(struct lk_elf_need);

static int too_many(struct lk_elf_reader *r)
{
	return lk_elf_bad(r, "it has more than %u symbol versions", LK_ELF_MAX_VERSIONS);
}

static int broken(struct lk_elf_reader *r)
{
	return lk_elf_bad(r, "its symbol versions lie beyond its end");
}

/* The N versions of the library FILE whose records begin at AT. */
static int read_need_aux(struct lk_elf_reader *r, const struct lk_elf_strings *s, lk_str file,
	uint64_t at, unsigned n, struct needs *ret)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned char raw[NEED_AUX_SIZE];
		struct lk_elf_need need = {.file = file};
		if (!lk_bytes_read(r->bytes, at, raw, sizeof(raw))) {
			return broken(r);
		}
		int rc = lk_elf_text(r, s, lk_elf_u32(r->elf, raw + 8), &need.version);
		if (rc < 0) {
			return rc;
		}
		need.weak = (lk_elf_u16(r->elf, raw + 4) & VER_FLG_WEAK) != 0;
		lk_vec_push(ret, need);
		if (ret->len > LK_ELF_MAX_VERSIONS) {
			return too_many(r);
		}
		uint32_t next = lk_elf_u32(r->elf, raw + 12);
		if (next == 0) {
			return 0;
		}
		at += next;
	}
	return 0;
}

static int read_needed(struct lk_elf_reader *r, struct lk_elf_chain chain,
	const struct lk_elf_strings *s, struct needs *ret)
{
	uint64_t at = chain.at;
	for (uint64_t i = 0; i < chain.n; i++) {
		unsigned char raw[NEED_SIZE];
		lk_str file;
		if (i >= LK_ELF_MAX_VERSIONS) {
			return too_many(r);
		}
		if (!lk_bytes_read(r->bytes, at, raw, sizeof(raw))) {
			return broken(r);
		}
		int rc = lk_elf_text(r, s, lk_elf_u32(r->elf, raw + 4), &file);
		if (rc == 0) {
			rc = read_need_aux(r, s, file, at + lk_elf_u32(r->elf, raw + 8),
				lk_elf_u16(r->elf, raw + 2), ret);
		}
		uint32_t next = lk_elf_u32(r->elf, raw + 12);
		if (rc < 0 || next == 0) {
			return rc;
		}
		at += next;
	}
	return 0;
}

/* The first name of each is its own; the base definition is the library's, and no version. */
static int read_defined(struct lk_elf_reader *r, struct lk_elf_chain chain,
	const struct lk_elf_strings *s, struct lk_strs *ret)
{
	uint64_t at = chain.at;
	for (uint64_t i = 0; i < chain.n; i++) {
		unsigned char raw[DEF_SIZE];
		unsigned char aux[DEF_AUX_SIZE];
		lk_str name;
		if (i >= LK_ELF_MAX_VERSIONS) {
			return too_many(r);
		}
		if (!lk_bytes_read(r->bytes, at, raw, sizeof(raw)) ||
			!lk_bytes_read(
				r->bytes, at + lk_elf_u32(r->elf, raw + 12), aux, sizeof(aux))) {
			return broken(r);
		}
		int rc = lk_elf_text(r, s, lk_elf_u32(r->elf, aux), &name);
		if (rc < 0) {
			return rc;
		}
		if ((lk_elf_u16(r->elf, raw + 2) & VER_FLG_BASE) == 0) {
			lk_vec_push(ret, name);
		}
		uint32_t next = lk_elf_u32(r->elf, raw + 16);
		if (next == 0) {
			return 0;
		}
		at += next;
	}
	return 0;
}

int lk_elf_read_versions(struct lk_elf_reader *r, struct lk_elf_chain defined,
	struct lk_elf_chain needed, const struct lk_elf_strings *strings)
{
	struct needs needs = {0};
	struct lk_strs names = {0};
	int rc = read_needed(r, needed, strings, &needs);
	if (rc == 0) {
		rc = read_defined(r, defined, strings, &names);
	}
	if (rc == 0) {
		struct lk_elf_need *all = lk_arena_calloc(r->arena, needs.len, sizeof(*all));
		lk_str *versions = lk_arena_calloc(r->arena, names.len, sizeof(*versions));
		for (size_t i = 0; i < needs.len; i++) {
			all[i] = needs.items[i];
		}
		for (size_t i = 0; i < names.len; i++) {
			versions[i] = names.items[i];
		}
		qsort(versions, names.len, sizeof(*versions), lk_str_cmp_qsort);
		r->elf->versions_needed = all;
		r->elf->n_versions_needed = needs.len;
		r->elf->versions_defined = versions;
		r->elf->n_versions_defined = names.len;
	}
	lk_vec_done(&names);
	lk_vec_done(&needs);
	return rc;
}
