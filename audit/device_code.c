/*
 * Device code in the sections of a file.
 */
#include "audit/device_code.h"

#include "audit/elf.h"
#include "audit/fatbin.h"

/* So many entries of each architecture are held against their payloads. */
#define LOOKS 4
/* There are some thirty. */
#define MAX_CODES 256

struct gather {
	struct lk_bytes *bytes;
	struct lk_arena *arena;
	struct lk_error *err;
	struct LK_VEC_OF(struct lk_elf_section) sections;
	bool is_nvidias;                  /* some section is for device code */
	struct lk_fatbin_section section; /* at hand */
	struct lk_gpu_codes codes;
	struct lk_u32s looks; /* beside codes, in the order in which those came */
	struct lk_gpu_codes looked;
	struct lk_device_code found;
};

static void gather_done(struct gather *g)
{
	lk_vec_done(&g->sections);
	lk_vec_done(&g->looks);
	lk_vec_done(&g->looked);
	lk_gpu_codes_done(&g->codes);
}

/* Sections that only device code has: of the fat binaries, of their descriptors, and of the
 * kernels that cuBLASLt and its like choose from. */
static bool is_nvidias(const char *name)
{
	return lk_fatbin_is_section(name) || strcmp(name, ".nvFatBinSegment") == 0 ||
		strcmp(name, ".cask_resource") == 0;
}

static bool on_section(void *ctx, const struct lk_elf_section *section)
{
	struct gather *g = ctx;
	g->is_nvidias = g->is_nvidias || is_nvidias(section->name);
	if (lk_fatbin_is_section(section->name) || (section->loaded && !section->code)) {
		lk_vec_push(&g->sections, *section);
	}
	return true;
}

/* Is it among the first of its architecture? */
static bool is_to_be_looked_at(struct gather *g, const struct lk_gpu_code *code)
{
	for (size_t i = 0; i < g->looked.len; i++) {
		const struct lk_gpu_code *other = &g->looked.items[i];
		if (other->form == code->form && other->sm == code->sm &&
			other->variant == code->variant) {
			return g->looks.items[i]++ < LOOKS;
		}
	}
	lk_vec_push(&g->looked, *code);
	lk_vec_push(&g->looks, 1u);
	return true;
}

static void tell_lie(struct gather *g, const struct lk_gpu_code *code, unsigned inside)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(256);
	lk_buf_puts(&text, "has device code that says it is ");
	lk_gpu_put_code(code, &text);
	if (inside == 0) {
		lk_buf_puts(&text, " and is not");
	} else {
		lk_buf_appendf(&text, " and is for %u.%u", inside / 10, inside % 10);
	}
	g->found.wrong = lk_str_dup(g->arena, lk_buf_view(&text));
}

static int on_entry(void *ctx, const struct lk_fatbin_entry *entry, struct lk_error *err)
{
	struct gather *g = ctx;
	struct lk_fatbin_inside inside;
	g->found.entries++;
	g->found.bytes += entry->grouped ? 0 : entry->stored;
	if (g->codes.len == MAX_CODES) {
		g->found.wrong = LK_STR("has code for more architectures than there are");
		return 0;
	}
	lk_gpu_codes_add(&g->codes, &entry->code);
	if (g->found.wrong.len > 0 || !is_to_be_looked_at(g, &entry->code)) {
		return 0;
	}
	int rc = lk_fatbin_look_inside(&g->section, entry, &inside, err);
	bool same = inside.sm == entry->code.sm &&
		(entry->code.form != LK_GPU_PTX || inside.variant == entry->code.variant);
	if (rc == 0 && inside.known && !same) {
		tell_lie(g, &entry->code, inside.sm);
	}
	return rc;
}

static int read_section(struct gather *g, uint64_t at, uint64_t size, const char *name, bool mixed)
{
	struct lk_fatbin_stats stats;
	g->section = (struct lk_fatbin_section){g->bytes, at, size, mixed};
	int rc = lk_fatbin_each(&g->section, on_entry, g, &stats, g->err);
	if (rc == 0 && stats.faults > 0 && g->found.wrong.len == 0) {
		g->found.wrong = lk_str_printf(g->arena,
			"has fat binaries that cannot be read whole: %s, at byte %llu of %s",
			stats.fault, (unsigned long long)stats.fault_at, name);
	}
	return rc;
}

static int read_sections(struct gather *g)
{
	int rc = 0;
	lk_elf_each_section(g->bytes, on_section, g);
	for (size_t i = 0; rc == 0 && g->is_nvidias && i < g->sections.len; i++) {
		const struct lk_elf_section *s = &g->sections.items[i];
		rc = read_section(g, s->at, s->size, s->name, !lk_fatbin_is_section(s->name));
	}
	return rc;
}

/* A file that is one cubin, as some packages carry them. */
static void read_cubin(struct gather *g)
{
	struct lk_gpu_code code = {.form = LK_GPU_SASS, .sm = lk_fatbin_sm_of_cubin(g->bytes)};
	if (code.sm != 0) {
		g->found.alone = true;
		lk_gpu_codes_add(&g->codes, &code);
		g->found.entries = 1;
		g->found.bytes = g->bytes->size;
	}
}

static int read_any(struct gather *g)
{
	if (lk_fatbin_is(g->bytes)) {
		g->found.alone = true;
		return read_section(g, 0, g->bytes->size, "the file", false);
	}
	if (!lk_elf_is(g->bytes)) {
		return 0;
	}
	read_cubin(g);
	return g->found.entries > 0 ? 0 : read_sections(g);
}

int lk_device_code_read(struct lk_bytes *bytes, struct lk_arena *arena,
	const struct lk_device_code **ret, struct lk_error *err)
{
	struct gather LK_CLEANUP(gather_done) g = {.bytes = bytes, .arena = arena, .err = err};
	int rc = read_any(&g);
	if (rc == 0 && bytes->failed) {
		rc = lk_fail_errno(err, LK_E_FS, bytes->failed, "cannot read it");
	}
	if (rc < 0) {
		return rc;
	}
	*ret = NULL;
	if (g.found.entries + g.found.wrong.len > 0) {
		struct lk_device_code *code = lk_arena_calloc(arena, 1, sizeof(*code));
		size_t size = g.codes.len * sizeof(*g.codes.items);
		*code = g.found;
		code->codes.items = lk_arena_calloc(arena, g.codes.len + 1, sizeof(*g.codes.items));
		code->codes.len = g.codes.len;
		if (size > 0) {
			memcpy(code->codes.items, g.codes.items, size);
		}
		*ret = code;
	}
	return 0;
}
