/*
 * The containers of a section and their entries, through a window.
 */
#include "audit/fatbin.h"

#include <string.h>

#include "audit/le_priv.h"
#include "base/mem.h"

#define WINDOW ((size_t)256 << 10) /* at once where a container is looked for */
#define HOP ((size_t)4 << 10)      /* and where headers stand far apart */
#define CONTAINER_HEADER 16
#define ENTRY_HEADER 48 /* with all that is needed; 64 is what is written */
#define FULL_HEADER 64
#define HEADER_MAX ((uint32_t)64 << 10)
#define SM_MIN 10
#define SM_MAX 999

static const unsigned char magic[] = {0x50, 0xed, 0x55, 0xba};

enum {
	KIND_PTX = 1,
	KIND_ELF = 2,
	KIND_OLD_CUBIN = 4,
	KIND_IR = 8,
	KIND_OTHER_ELF = 16,
	KIND_GROUP = 256,
};

enum {
	FLAG_64BIT = 0x1,
	FLAG_DEBUG = 0x2,
	FLAG_LZ4 = 0x2000,
	FLAG_ZSTD = 0x8000,
	FLAG_OBFUSCATED = 0x10000,
	FLAG_ARCH = 0x100000,
	FLAG_FAMILY = 0x200000,
};

struct walk {
	const struct lk_fatbin_section *section;
	lk_fatbin_fn *fn;
	void *ctx;
	struct lk_fatbin_stats *stats;
	unsigned char *window;
	uint64_t start; /* of the window in the section */
	size_t len;
	struct lk_error *err;
};

/* *RET gets LEN bytes at OFFSET, which the section has; what must be read for it is read with as
 * much behind it as makes AHEAD. */
static int look(
	struct walk *w, uint64_t offset, size_t len, size_t ahead, const unsigned char **ret)
{
	if (offset < w->start || offset - w->start > w->len ||
		len > w->len - (size_t)(offset - w->start)) {
		uint64_t left = w->section->size - offset;
		size_t want = len > ahead ? len : ahead;
		w->len = 0;
		want = want > left ? (size_t)left : want;
		if (!lk_bytes_read(w->section->bytes, w->section->at + offset, w->window, want)) {
			lk_fail_errno(w->err, LK_E_FS, w->section->bytes->failed, "cannot read it");
			return LK_E_FS;
		}
		w->start = offset;
		w->len = want;
	}
	*ret = w->window + (offset - w->start);
	return 0;
}

static void fault(struct walk *w, uint64_t offset, const char *what)
{
	if (w->section->mixed) {
		return;
	}
	if (w->stats->faults++ == 0) {
		w->stats->fault = what;
		w->stats->fault_at = offset;
	}
}

static enum lk_gpu_form form_of(unsigned kind)
{
	switch (kind) {
	case KIND_PTX:
		return LK_GPU_PTX;
	case KIND_ELF:
	case KIND_OLD_CUBIN:
	case KIND_OTHER_ELF:
		return LK_GPU_SASS;
	case KIND_IR:
		return LK_GPU_LTO;
	default:
		return LK_GPU_OTHER;
	}
}

static enum lk_fatbin_packing packing_of(uint64_t flags)
{
	if (flags & FLAG_ZSTD) {
		return LK_FATBIN_ZSTD;
	}
	return flags & FLAG_LZ4 ? LK_FATBIN_LZ4 : LK_FATBIN_PLAIN;
}

static char variant_of(uint64_t flags)
{
	if (flags & FLAG_ARCH) {
		return 'a';
	}
	return flags & FLAG_FAMILY ? 'f' : 0;
}

/* The identifier, as far as it stands inside the header of SIZE bytes. */
static void read_name(const unsigned char *header, size_t size, char *out)
{
	uint32_t at = lk_le32(header + 32);
	uint32_t len = lk_le32(header + 36);
	if (at >= FULL_HEADER && at <= size && len <= size - at) {
		len = len > LK_FATBIN_NAME_MAX ? LK_FATBIN_NAME_MAX : len;
		memcpy(out, header + at, len);
		out[len] = '\0';
	}
}

/* What a header of SIZE bytes says; false when it names no architecture. */
static bool read_entry(const unsigned char *header, size_t size, struct lk_fatbin_entry *entry)
{
	uint64_t flags = lk_le64(header + 40);
	uint32_t sm = lk_le32(header + 28);
	*entry = (struct lk_fatbin_entry){
		.code = {.form = form_of(lk_le16(header)), .variant = variant_of(flags)},
		.packing = packing_of(flags),
		.bits64 = flags & FLAG_64BIT,
		.debug = flags & FLAG_DEBUG,
		.obfuscated = flags & FLAG_OBFUSCATED,
	};
	if (entry->code.form == LK_GPU_OTHER) {
		return true;
	}
	entry->code.sm = sm;
	if (entry->code.form == LK_GPU_PTX) {
		entry->code.isa = lk_le16(header + 26) * 10U + lk_le16(header + 24);
	}
	read_name(header, size, entry->name);
	return sm >= SM_MIN && sm <= SM_MAX;
}

static int give(struct walk *w, const struct lk_fatbin_entry *entry)
{
	w->stats->entries++;
	return w->fn(w->ctx, entry, w->err);
}

/* Bytes of the header at the start of SIZE bytes of a directory: with identifier and options, each
 * ended by NUL and padded to 8. 0 when they lead out of it. */
static size_t directory_header_size(const unsigned char *header, size_t size)
{
	uint64_t end = FULL_HEADER;
	uint64_t name_len = lk_le32(header + 36);
	uint64_t options = lk_le32(header + 20);
	if (name_len > 0) {
		end = lk_le32(header + 32) + name_len + 1;
	}
	if (options > 0) {
		if (options < FULL_HEADER || options > size || size - options < 8) {
			return 0;
		}
		end = (uint64_t)lk_le32(header + options) + lk_le32(header + options + 4) + 1;
	}
	end = (end + 7) & ~(uint64_t)7;
	return end >= FULL_HEADER && end <= size ? (size_t)end : 0;
}

/* The entries of a group whose header of SIZE bytes stands at OFFSET. */
static int read_group(struct walk *w, uint64_t offset, const unsigned char *header, size_t size,
	const struct lk_fatbin_entry *group)
{
	if (size < FULL_HEADER + 8 || lk_le32(header + FULL_HEADER + 4) > size - FULL_HEADER) {
		fault(w, offset, "a group of entries has no directory");
		return 0;
	}
	uint32_t count = lk_le32(header + FULL_HEADER);
	size_t end = FULL_HEADER + lk_le32(header + FULL_HEADER + 4);
	size_t at = FULL_HEADER + 8;
	int rc = 0;
	for (uint32_t i = 0; rc == 0 && i < count; i++) {
		struct lk_fatbin_entry entry;
		size_t own = at <= end && end - at >= FULL_HEADER
			? directory_header_size(header + at, end - at)
			: 0;
		if (own == 0 || !read_entry(header + at, own, &entry)) {
			fault(w, offset, "the directory of a group of entries is damaged");
			return 0;
		}
		entry.grouped = true;
		entry.packing = group->packing;
		entry.offset = group->offset;
		entry.stored = group->stored;
		entry.size = lk_le32(header + at + 8);
		rc = give(w, &entry);
		at += own;
	}
	return rc;
}

/* The entry at OFFSET, of SIZE bytes with its payload, of which the header has HEADER_SIZE. */
static int read_payload_entry(struct walk *w, uint64_t offset, size_t header_size, uint64_t payload)
{
	const unsigned char *header;
	struct lk_fatbin_entry entry;
	int rc = look(w, offset, header_size, HOP, &header);
	if (rc < 0) {
		return rc;
	}
	bool sound = read_entry(header, header_size, &entry);
	uint32_t compressed = lk_le32(header + 16);
	entry.offset = offset + header_size;
	entry.stored = payload;
	entry.size = payload;
	if (entry.packing != LK_FATBIN_PLAIN) {
		sound = sound && compressed <= payload;
		entry.stored = compressed;
		entry.size = header_size < FULL_HEADER ? 0 : lk_le64(header + 56);
	}
	if (!sound) {
		fault(w, offset, "an entry names no architecture, or a size beyond its own");
		return 0;
	}
	if (lk_le16(header) == KIND_GROUP) {
		return read_group(w, offset, header, header_size, &entry);
	}
	return give(w, &entry);
}

/* The entries from OFFSET to END. */
static int read_entries(struct walk *w, uint64_t offset, uint64_t end)
{
	while (end - offset >= ENTRY_HEADER) {
		const unsigned char *header;
		int rc = look(w, offset, ENTRY_HEADER, HOP, &header);
		if (rc < 0) {
			return rc;
		}
		uint32_t header_size = lk_le32(header + 4);
		uint64_t payload = lk_le64(header + 8);
		if (header_size < ENTRY_HEADER || header_size > HEADER_MAX ||
			header_size > end - offset || payload > end - offset - header_size) {
			fault(w, offset, "an entry ends outside its container");
			return 0;
		}
		rc = read_payload_entry(w, offset, header_size, payload);
		if (rc < 0) {
			return rc;
		}
		offset += header_size + payload;
	}
	if (offset != end) {
		fault(w, offset, "a container ends within an entry");
	}
	return 0;
}

/* The container at OFFSET, where the magic is; *RET_NEXT: where to go on. */
static int read_container(struct walk *w, uint64_t offset, uint64_t *ret_next)
{
	const unsigned char *header;
	uint64_t left = w->section->size - offset;
	*ret_next = offset + sizeof(magic);
	if (left < CONTAINER_HEADER) {
		fault(w, offset, "the section ends within a container");
		return 0;
	}
	int rc = look(w, offset, CONTAINER_HEADER, HOP, &header);
	if (rc < 0) {
		return rc;
	}
	unsigned header_size = lk_le16(header + 6);
	uint64_t size = lk_le64(header + 8);
	if (lk_le16(header + 4) != 1 || header_size < CONTAINER_HEADER) {
		fault(w, offset, "a container has an unknown version");
		return 0;
	}
	if (header_size > left || size > left - header_size) {
		fault(w, offset, "the section ends within a container");
		return 0;
	}
	w->stats->containers++;
	*ret_next = offset + header_size + size;
	return read_entries(w, offset + header_size, *ret_next);
}

static bool all_zero(const unsigned char *bytes, size_t len)
{
	return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

/* *AT moves to the next container, or to the section's end. Between containers of their own
 * section there is nothing but zeros. */
static int find_container(struct walk *w, uint64_t *at)
{
	uint64_t end = w->section->size;
	const unsigned char *bytes;
	bool odd = false;
	while (end - *at >= sizeof(magic)) {
		int rc = look(
			w, *at, sizeof(magic), odd || w->section->mixed ? WINDOW : HOP, &bytes);
		if (rc < 0) {
			return rc;
		}
		size_t len = w->len - (size_t)(*at - w->start);
		const unsigned char *found = memmem(bytes, len, magic, sizeof(magic));
		size_t skipped = found ? (size_t)(found - bytes) : len - sizeof(magic) + 1;
		if (!odd && !all_zero(bytes, skipped)) {
			odd = true;
			fault(w, *at, "bytes that belong to no container");
		}
		*at += skipped;
		if (found) {
			return 0;
		}
	}
	*at = end;
	return 0;
}

int lk_fatbin_each(const struct lk_fatbin_section *section, lk_fatbin_fn *fn, void *ctx,
	struct lk_fatbin_stats *ret, struct lk_error *err)
{
	size_t window_size = section->size < WINDOW ? (size_t)section->size : WINDOW;
	unsigned char *LK_AUTO_FREE window = lk_calloc(1, window_size);
	struct walk w = {.section = section,
		.fn = fn,
		.ctx = ctx,
		.stats = ret,
		.window = window,
		.err = err};
	uint64_t at = 0;
	*ret = (struct lk_fatbin_stats){0};
	for (;;) {
		int rc = find_container(&w, &at);
		if (rc < 0 || at == section->size) {
			return rc;
		}
		rc = read_container(&w, at, &at);
		if (rc < 0) {
			return rc;
		}
	}
}

bool lk_fatbin_is_section(const char *name)
{
	return strcmp(name, ".nv_fatbin") == 0 || strcmp(name, "__nv_relfatbin") == 0;
}

bool lk_fatbin_is(struct lk_bytes *bytes)
{
	unsigned char head[CONTAINER_HEADER];
	return lk_bytes_read(bytes, 0, head, sizeof(head)) &&
		memcmp(head, magic, sizeof(magic)) == 0 && lk_le16(head + 4) == 1;
}
